import { CLOSE_CODES, ERROR_CODES, type AfterClose, type ErrorCode } from "./generated/protocol.js";

/** What to do after a close with this code. Codes that the protocol does not name (1006, proxies' own) reconnect. */
export function afterClose(code: number): AfterClose {
  const table: Readonly<Partial<Record<number, { readonly after: AfterClose }>>> = CLOSE_CODES;
  return table[code]?.after ?? "reconnect";
}

/** After these closes the server wants some peace: the least that is waited, milliseconds. */
const LEAST_WAIT_MS: Readonly<Partial<Record<number, number>>> = { 1013: 1_000, 4429: 1_000 };

/** How long to stay away at least after a close with this code, milliseconds. */
export function leastWait(code: number): number {
  return LEAST_WAIT_MS[code] ?? 0;
}

/** Whether a text is one of the protocol's error codes. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERROR_CODES, code);
}
