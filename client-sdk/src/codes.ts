import { CLOSE_CODES, ERROR_CODES, type AfterClose, type ErrorCode } from "./generated/protocol.js";

/** What to do after a close with this code. Codes that the protocol does not name (1006, proxies' own) reconnect. */
export function afterClose(code: number): AfterClose {
  const table: Readonly<Partial<Record<number, { readonly after: AfterClose }>>> = CLOSE_CODES;
  return table[code]?.after ?? "reconnect";
}

/** Whether a text is one of the protocol's error codes. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERROR_CODES, code);
}
