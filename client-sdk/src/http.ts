/** Requests over HTTP, with the same errors as calls: `application/problem+json` becomes the code's error class. */
import { isErrorCode } from "./codes.js";
import { callError, NetworkError, type CallError } from "./errors.js";
import { ERROR_CODES, type ErrorCode } from "./generated/protocol.js";
import { retryAfter } from "./retry-after.js";

/** What a request carries. */
export interface RequestOptions {
  /** Sent as JSON; a `FormData` or `Blob` as it is. */
  readonly body?: unknown;
  /** Query parameters; `undefined` ones are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** `Idempotency-Key`: repeating the request with it takes effect once. */
  readonly key?: string;
  /** Stops the request, and the waiting between its attempts. */
  readonly signal?: AbortSignal;
}

/** The platform's `fetch`, as far as a session uses it. */
export type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/**
 * One request; the answer's JSON, or `undefined` where there is no body.
 * @throws CallError for a refusal, NetworkError when no answer came.
 */
export async function request(
  fetch: Fetch,
  url: string,
  method: string,
  options: RequestOptions,
  token: string | undefined,
): Promise<unknown> {
  const headers = new Headers({ accept: "application/json" });
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  if (options.key !== undefined) headers.set("idempotency-key", options.key);
  const init: RequestInit = { method, headers };
  if (options.signal !== undefined) init.signal = options.signal;
  if (options.body instanceof FormData || options.body instanceof Blob) init.body = options.body;
  else if (options.body !== undefined) {
    headers.set("content-type", "application/json");
    init.body = JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(url + queryOf(options.query), init);
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    throw new NetworkError(`${method} ${url}: no answer`, { cause: error });
  }
  if (!response.ok) throw await refusal(response);
  const text = await response.text();
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new NetworkError(`${method} ${url}: the answer is not JSON`, { cause: error });
  }
}

function queryOf(query: RequestOptions["query"] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return pairs.length === 0 ? "" : `?${String(new URLSearchParams(pairs))}`;
}

async function refusal(response: Response): Promise<CallError> {
  let problem: Readonly<Record<string, unknown>> = {};
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null) problem = body as Readonly<Record<string, unknown>>;
  } catch {
    // Not from the server but from something before it: the status is all there is.
  }
  const { code, detail, title, details, retry_after_ms } = problem;
  const told = retryAfter(response.headers.get("retry-after"), response.headers.get("date"));
  const retryAfterMs = typeof retry_after_ms === "number" ? retry_after_ms : told;
  const message = [detail, title, response.statusText].find((text) => typeof text === "string" && text !== "");
  return callError({
    code: isErrorCode(code) ? code : codeOf(response.status),
    message: typeof message === "string" ? message : `HTTP ${String(response.status)}`,
    details,
    retryAfterMs,
  });
}

function codeOf(status: number): ErrorCode {
  const exact = (Object.keys(ERROR_CODES) as ErrorCode[]).find((code) => ERROR_CODES[code].status === status);
  if (exact !== undefined) return exact;
  if (status === 502 || status === 504 || status === 408) return "unavailable";
  return status >= 500 ? "internal" : "bad_request";
}
