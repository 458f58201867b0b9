/** Bounds of the reconnect delay. */
export interface BackoffOptions {
  /** Upper end of the first delay, milliseconds. Default 500. */
  readonly baseMs?: number;
  /** Upper end of every delay, milliseconds. Default 30 000. */
  readonly maxMs?: number;
}

const DEFAULT_BASE_MS = 500;
const DEFAULT_MAX_MS = 30_000;
/** The longest wish of a server that is obeyed, milliseconds: a mistaken one must not silence a client for good. */
export const MAX_WISH_MS = 300_000;

/**
 * Full-jitter backoff: the nth delay is drawn evenly from 0 to `min(max, base · 2ⁿ)`, so that clients which lost the
 * same server do not come back in step.
 */
export class Backoff {
  #attempt = 0;
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;

  constructor(options: BackoffOptions = {}, random: () => number = Math.random) {
    this.#baseMs = Math.max(1, options.baseMs ?? DEFAULT_BASE_MS);
    this.#maxMs = Math.max(this.#baseMs, options.maxMs ?? DEFAULT_MAX_MS);
    this.#random = random;
  }

  /** Delays drawn since the last reset. */
  get attempt(): number {
    return this.#attempt;
  }

  /**
   * Draws the next delay. With a server's wish (`atLeastMs`) it is never shorter, and the jitter comes on top: as wide as
   * the wish, so that all who were told the same do not come back together, and wider with each attempt.
   */
  next(atLeastMs = 0): number {
    // 2^30 · base is beyond any maximum: the exponent is bounded so that the product stays a finite number.
    const ceiling = Math.min(this.#maxMs, this.#baseMs * 2 ** Math.min(this.#attempt, 30));
    this.#attempt += 1;
    if (!(atLeastMs > 0)) return Math.round(this.#random() * ceiling);
    const wish = Math.min(atLeastMs, MAX_WISH_MS);
    return Math.round(wish + this.#random() * Math.min(this.#maxMs, Math.max(ceiling, wish)));
  }

  reset(): void {
    this.#attempt = 0;
  }
}
