/**
 * Parameters as both codecs and the server's bounds want them. A message beyond the bounds would close the connection
 * (4400, 1009) and with it everything else on it, so it is refused here, where only its caller notices.
 */
import { BadRequestError, PayloadTooLargeError } from "./errors.js";
import { LIMITS } from "./generated/protocol.js";

/** The batch and the message take two levels of a frame's nesting, and some of its values. */
const MAX_DEPTH = LIMITS.depth - 2;
const MAX_VALUES = LIMITS.values - 16;
const MAX_STRING_BYTES = LIMITS.string_bytes;
const MAX_COLLECTION_LEN = LIMITS.collection_len;

const utf8 = new TextEncoder();

function checkText(text: string): void {
  // Three bytes a UTF-16 unit at most: only long texts are measured exactly.
  if (text.length * 3 > MAX_STRING_BYTES && utf8.encode(text).length > MAX_STRING_BYTES)
    throw tooLarge(`a text of more than ${String(MAX_STRING_BYTES)} bytes: send documents over HTTP`);
}

interface Budget {
  values: number;
}

function check(value: unknown, depth: number, budget: Budget): void {
  budget.values -= 1;
  if (budget.values < 0) throw tooLarge(`more than ${String(MAX_VALUES)} values in all`);
  if (typeof value === "string") checkText(value);
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) throw tooLarge(`parameters nested deeper than ${String(MAX_DEPTH)}`);
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  let count = 0;
  for (const [key, inside] of entries) {
    count += 1;
    if (count > MAX_COLLECTION_LEN) throw tooLarge(`more than ${String(MAX_COLLECTION_LEN)} entries in one collection`);
    if (typeof key === "string") checkText(key);
    check(inside, depth + 1, budget);
  }
}

function tooLarge(message: string): PayloadTooLargeError {
  return new PayloadTooLargeError({ code: "payload_too_large", message });
}

/** Half a surrogate pair has no form in UTF-8: it becomes U+FFFD, as everywhere on the web. */
function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === "string" ? value.replace(/\p{Surrogate}/gu, "\uFFFD") : value;
}

/**
 * The parameters as plain JSON: dates become texts, `undefined` goes away.
 * @throws BadRequestError, PayloadTooLargeError
 */
export function toParams(params: unknown): Record<string, unknown> {
  let plain: unknown;
  try {
    // Within an array, so that what has no form in JSON becomes null instead of nothing.
    [plain] = JSON.parse(JSON.stringify([params ?? {}], wellFormed)) as unknown[];
  } catch (error) {
    throw new BadRequestError({ code: "bad_request", message: `parameters must be JSON: ${String(error)}` });
  }
  if (typeof plain !== "object" || plain === null || Array.isArray(plain))
    throw new BadRequestError({ code: "bad_request", message: "parameters must be a map" });
  check(plain, 1, { values: MAX_VALUES });
  return plain as Record<string, unknown>;
}
