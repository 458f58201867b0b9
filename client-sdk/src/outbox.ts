import type { Clock } from "./clock.js";
import type { Codec, Item } from "./codec.js";
import { LIMITS } from "./generated/protocol.js";
import type { ClientMessage, Limits } from "./wire.js";

/** Seconds' worth of messages that may go out in a burst; the rest of the ten-second budget is the refill. */
const BURST_SECONDS = 2;
const REFILL_SHARE = 0.8;
/** What stands around the items of a batch, at most. */
const HEAD_BYTES = 3;
/**
 * Bytes of a batch of several messages. The server bounds the values of a whole frame; no value takes less than a byte,
 * so a batch of this size is always within that bound. A larger message travels alone.
 */
const SHARED_BYTES = LIMITS.values;

/**
 * What this connection has to say, in order: gathered for a microtask, cut into batches within the server's limits, and
 * paced so that the server's message rate (an average over ten seconds) is never exceeded. Its length is bounded by
 * its callers: a message or two for each subscription, and `calls_in_flight` calls.
 */
export class Outbox {
  readonly #items: Item[] = [];
  #scheduled = false;
  #timer: unknown;
  #allowance: number;
  #refilledAt: number;
  #closed = false;

  constructor(
    private readonly codec: Codec,
    private readonly limits: Limits,
    private readonly clock: Clock,
    private readonly write: (frame: Item) => void,
  ) {
    this.#allowance = this.#burst;
    this.#refilledAt = clock.now();
  }

  get #burst(): number {
    return Math.max(1, this.limits.messages_per_second * BURST_SECONDS);
  }

  /** Why a message is too large for a batch of its own, if it is. */
  static misfit(codec: Codec, limits: Limits, message: ClientMessage): string | undefined {
    const bytes = codec.size(codec.encode(message)) + HEAD_BYTES;
    if (bytes <= limits.message_bytes) return undefined;
    return `a message may have at most ${String(limits.message_bytes)} bytes, this one has ${String(bytes)}`;
  }

  push(message: ClientMessage): void {
    if (this.#closed) return;
    this.#items.push(this.codec.encode(message));
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#flush();
    });
  }

  /** Forgets what waits; nothing is written any more. */
  close(): void {
    this.#closed = true;
    this.#items.length = 0;
    if (this.#timer !== undefined) this.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #flush(): void {
    this.#timer = undefined;
    this.#refill();
    while (!this.#closed && this.#items.length > 0 && this.#allowance >= 1) this.write(this.#takeBatch());
    this.#scheduled = this.#items.length > 0;
    if (this.#closed || !this.#scheduled) return;
    const rate = Math.max(1, this.limits.messages_per_second * REFILL_SHARE);
    this.#timer = this.clock.setTimeout(
      () => {
        this.#flush();
      },
      Math.ceil(1000 / rate),
    );
  }

  #takeBatch(): Item {
    let bytes = HEAD_BYTES;
    let taken = 0;
    const room = Math.min(this.limits.message_bytes, SHARED_BYTES);
    const most = Math.min(this.limits.batch_len, Math.floor(this.#allowance), this.#items.length);
    for (const item of this.#items) {
      const size = this.codec.size(item) + 1;
      if (taken > 0 && (taken >= most || bytes + size > room)) break;
      bytes += size;
      taken += 1;
    }
    this.#allowance -= taken;
    return this.codec.join(this.#items.splice(0, taken));
  }

  #refill(): void {
    const now = this.clock.now();
    const gained = ((now - this.#refilledAt) / 1000) * this.limits.messages_per_second * REFILL_SHARE;
    this.#allowance = Math.min(this.#burst, this.#allowance + gained);
    this.#refilledAt = now;
  }
}
