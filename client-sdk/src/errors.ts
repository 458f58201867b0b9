import { ERROR_CODES, type ErrorCode } from "./generated/protocol.js";

/** Everything that the SDK throws, except an aborted signal's own reason. */
export abstract class EstafetteError extends Error {
  /** Whether the same request may succeed later without a change by the caller. */
  abstract readonly retryable: boolean;
}

/** Particulars of a refusal. */
export interface Refusal {
  /** The protocol's word for it. */
  readonly code: ErrorCode;
  /** What was wrong, for people. */
  readonly message: string;
  /** Machine-readable particulars. */
  readonly details?: unknown;
  /** When to try again, milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
}

/** The server refused. One subclass a code, so that `instanceof` and `switch (error.code)` both work. */
export class CallError extends EstafetteError {
  override readonly name: string = "CallError";
  /** The protocol's word for it: what programs match on. */
  readonly code: ErrorCode;
  /** Machine-readable particulars, as the method documents them. */
  readonly details: unknown;
  /** When to try again, milliseconds from now. */
  readonly retryAfterMs: number | undefined;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.code = refusal.code;
    this.details = refusal.details;
    this.retryAfterMs = refusal.retryAfterMs;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}

/** The request is malformed or breaks a rule of its method: change it. */
export class BadRequestError extends CallError {
  override readonly name = "BadRequestError";
}
/** No valid token: sign in or refresh. */
export class UnauthenticatedError extends CallError {
  override readonly name = "UnauthenticatedError";
}
/** Signed in, but not allowed. */
export class ForbiddenError extends CallError {
  override readonly name = "ForbiddenError";
}
/** No such thing, or none that this user may see. */
export class NotFoundError extends CallError {
  override readonly name = "NotFoundError";
}
/** The state does not allow it now (stale revision, finished task, running duplicate). */
export class ConflictError extends CallError {
  override readonly name = "ConflictError";
}
/** The balance does not cover it: nothing was created or charged. */
export class InsufficientCreditsError extends CallError {
  override readonly name = "InsufficientCreditsError";
}
/** A plan's or a protocol's limit is reached (number of things, not rate). */
export class LimitExceededError extends CallError {
  override readonly name = "LimitExceededError";
}
/** Too many requests: wait `retryAfterMs`. */
export class RateLimitedError extends CallError {
  override readonly name = "RateLimitedError";
}
/** The content is larger than the limit named in the message. */
export class PayloadTooLargeError extends CallError {
  override readonly name = "PayloadTooLargeError";
}
/** A dependency is down or the node drains: wait `retryAfterMs`. */
export class UnavailableError extends CallError {
  override readonly name = "UnavailableError";
}
/** A defect of the server; it was logged there. */
export class InternalError extends CallError {
  override readonly name = "InternalError";
}

const CLASSES: Record<ErrorCode, new (refusal: Refusal) => CallError> = {
  bad_request: BadRequestError,
  unauthenticated: UnauthenticatedError,
  forbidden: ForbiddenError,
  not_found: NotFoundError,
  conflict: ConflictError,
  insufficient_credits: InsufficientCreditsError,
  limit_exceeded: LimitExceededError,
  rate_limited: RateLimitedError,
  payload_too_large: PayloadTooLargeError,
  unavailable: UnavailableError,
  internal: InternalError,
};

/** The refusal as an instance of its code's class. */
export function callError(refusal: Refusal): CallError {
  return new CLASSES[refusal.code](refusal);
}

/**
 * A call's time was up before an answer came. Its effect is unknown: repeat it with the same `key` to learn the
 * result without doing it twice.
 */
export class DeadlineError extends EstafetteError {
  override readonly name = "DeadlineError";
  readonly retryable = true;
  constructor(
    /** What was called. */
    readonly method: string,
    /** The idempotency key that was used. */
    readonly key: string,
    /** How long was waited, milliseconds. */
    readonly timeoutMs: number,
  ) {
    super(`no answer to ${method} within ${String(timeoutMs)} ms; repeat it with the same key to learn its result`);
  }
}

/** The client is closed: by the application, or because the server said that trying again is pointless. */
export class ClosedError extends EstafetteError {
  override readonly name = "ClosedError";
  readonly retryable = false;
}

/** A bound of this client is reached (calls that wait): await some results first. */
export class QueueFullError extends EstafetteError {
  override readonly name = "QueueFullError";
  readonly retryable = true;
}

/** The network failed under an HTTP request. */
export class NetworkError extends EstafetteError {
  override readonly name = "NetworkError";
  readonly retryable = true;
}
