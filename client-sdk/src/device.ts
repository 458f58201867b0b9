import { randomHex } from "./random.js";

const STORAGE_KEY = "estafette.device";

/** A stable id of this browser; a random one where nothing can be kept. */
export function deviceId(): string {
  const fresh = `js-${randomHex(12)}`;
  try {
    const storage = (globalThis as { localStorage?: Storage }).localStorage;
    const kept = storage?.getItem(STORAGE_KEY);
    if (kept !== null && kept !== undefined && /^[\w.:,[\]-]{1,120}$/.test(kept)) return kept;
    storage?.setItem(STORAGE_KEY, fresh);
  } catch {
    // Storage is forbidden here (private mode, sandboxed frame): the id lives as long as this client.
  }
  return fresh;
}
