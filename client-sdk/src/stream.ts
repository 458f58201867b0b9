import type { EventOf, LiveOf, StreamItem, StreamOptions, SubscriptionStatus } from "./api.js";
import type { Reader } from "./reader.js";
import type { Topic } from "./subscription.js";

const DEFAULT_BUFFER = 256;
const MIN_BUFFER = 2;

type Item = StreamItem<string>;
interface Waiter { readonly resolve: (result: IteratorResult<Item>) => void; readonly reject: (error: unknown) => void }

/**
 * A topic as a loop. The loop's pace is the reader's pace: at the bound the reader wants no more, and goes on from its
 * place once half is consumed. Volatile items replace their predecessor of the same key, and are dropped at the bound.
 */
export function openStream(join: () => Topic, options: StreamOptions): AsyncIterableIterator<Item> {
  const bound = Math.max(MIN_BUFFER, options.buffer ?? DEFAULT_BUFFER);
  const { signal } = options;
  let items: Item[] = [];
  const waiters: Waiter[] = [];
  let topic: Topic | undefined;
  let end: { readonly error: Error | undefined } | undefined;

  const reader: Reader = {
    position: options.since,
    wants: true,
    status: { at: "waiting" },
    onSnapshot: (state, position) => {
      push({ type: "snapshot", state, position });
    },
    onEvent: (event, position) => {
      push({ type: "event", event: event as unknown as EventOf<string>, position });
    },
    onLive: (event) => {
      const live = event as unknown as LiveOf<string>;
      items = items.filter((item) => item.type !== "live" || item.event.key !== live.key);
      if (items.length < bound) push({ type: "live", event: live });
    },
    onStatus: (status) => {
      onStatus(status);
    },
    onMark: () => undefined,
  };

  function push(item: Item): void {
    const waiter = waiters.shift();
    if (waiter === undefined) items.push(item);
    else waiter.resolve({ done: false, value: item });
    if (items.length >= bound) reader.wants = false;
    if (!reader.wants) topic?.changed();
  }

  function onStatus(status: SubscriptionStatus): void {
    if (status.at === "refused") finish(status.error);
    else if (status.at === "revoked") finish(new Error(`the subscription was revoked: ${status.message}`));
    else if (status.at === "closed") finish(undefined);
  }

  function finish(error: Error | undefined): void {
    if (end !== undefined) return;
    end = { error };
    signal?.removeEventListener("abort", onAbort);
    topic?.remove(reader);
    for (const waiter of waiters.splice(0)) settle(waiter);
  }

  function onAbort(): void {
    items = [];
    finish(undefined);
  }

  /** An error is told once; after it the loop is over. */
  function settle(waiter: Waiter): void {
    const error = end?.error;
    end = { error: undefined };
    if (error === undefined) waiter.resolve({ done: true, value: undefined });
    else waiter.reject(error);
  }

  function begin(): void {
    if (topic !== undefined || end !== undefined) return;
    if (signal?.aborted === true) {
      end = { error: undefined };
      return;
    }
    signal?.addEventListener("abort", onAbort, { once: true });
    topic = join();
    topic.add(reader);
  }

  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => {
      begin();
      const item = items.shift();
      if (item !== undefined) {
        if (!reader.wants && end === undefined && items.length * 2 <= bound) {
          reader.wants = true;
          topic?.changed();
        }
        return Promise.resolve({ done: false, value: item });
      }
      return new Promise((resolve, reject) => {
        const waiter: Waiter = { resolve, reject };
        if (end === undefined) waiters.push(waiter);
        else settle(waiter);
      });
    },
    return: () => {
      items = [];
      finish(undefined);
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}
