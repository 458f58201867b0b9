/** What a client does after a close. */
export type AfterClose = "reconnect" | "reauthenticate" | "stop";

/** Why a request was refused; the same words on the socket and in HTTP answers (`application/problem+json`). */
export type ErrorCode = keyof typeof ERROR_CODES;

/** One row a code: its HTTP status, and whether the same request may succeed later without a change. */
export const ERROR_CODES = {
  bad_request: { status: 400, retryable: false },
  unauthenticated: { status: 401, retryable: false },
  forbidden: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  conflict: { status: 409, retryable: false },
  insufficient_credits: { status: 402, retryable: false },
  limit_exceeded: { status: 422, retryable: false },
  rate_limited: { status: 429, retryable: true },
  payload_too_large: { status: 413, retryable: false },
  unavailable: { status: 503, retryable: true },
  internal: { status: 500, retryable: true },
} as const;

/** One row a close code of the protocol: its name and what to do next. */
export const CLOSE_CODES: Readonly<Record<number, { readonly name: string; readonly after: AfterClose }>> = {
  1000: { name: "normal", after: "reconnect" },
  1002: { name: "protocol_error", after: "stop" },
  1007: { name: "invalid_utf8", after: "stop" },
  1009: { name: "too_big", after: "stop" },
  1012: { name: "restart", after: "reconnect" },
  1013: { name: "try_later", after: "reconnect" },
  4400: { name: "malformed", after: "stop" },
  4401: { name: "unauthenticated", after: "reauthenticate" },
  4403: { name: "forbidden", after: "stop" },
  4408: { name: "hello_timeout", after: "reconnect" },
  4429: { name: "too_many_messages", after: "reconnect" },
};

/** What to do after a close with this code. Codes that the protocol does not name (1006, proxies' own) reconnect. */
export function afterClose(code: number): AfterClose {
  return CLOSE_CODES[code]?.after ?? "reconnect";
}

/** Whether a text is one of the protocol's error codes. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERROR_CODES, code);
}
