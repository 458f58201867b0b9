import type { ConnectionState } from "./api.js";
import type { Clock } from "./clock.js";
import type { Mode } from "./mode.js";

type Shown = ConnectionState extends infer State ? (State extends unknown ? Omit<State, "since"> : never) : never;

/**
 * What people are shown of a connection: times by the wall clock, where the machines inside use one that never jumps.
 * `since` is the time of the last change, so an equal state is returned as it was.
 */
export function publicState(mode: Mode, complete: boolean, clock: Clock, before?: ConnectionState): ConnectionState {
  const since = Date.now();
  const shown = show(mode, complete, (at) => since + Math.round(at - clock.now()));
  if (before !== undefined && isSame(before, shown)) return before;
  return { ...shown, since };
}

function show(mode: Mode, complete: boolean, wall: (at: number) => number): Shown {
  switch (mode.at) {
    case "idle":
      return { status: "connecting" };
    case "token":
    case "opening":
    case "greeting":
      return mode.probing ? { status: "stale", reason: "no sign of the server: a new line is being tried" } : { status: "connecting" };
    case "open": {
      const { user, session } = mode.welcome;
      if (mode.stale) return { status: "stale", reason: "no sign of the server for longer than its heartbeat" };
      return { status: complete ? "live" : "catching up", user, session };
    }
    case "waiting":
      return { status: "offline", reason: mode.reason, retryAt: wall(mode.retryAt) };
    case "closed":
      return mode.error === undefined
        ? { status: "closed", reason: mode.reason }
        : { status: "closed", reason: mode.reason, error: mode.error };
  }
}

function isSame(before: ConnectionState, shown: Shown): boolean {
  const old = before as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(shown).every(([field, value]) => old[field] === value);
}
