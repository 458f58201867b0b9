import type { Handlers, Subscription, SubscriptionStatus } from "./api.js";
import type { Reader } from "./reader.js";
import type { Topic } from "./subscription.js";
import type { Position } from "./wire.js";

/** Joins handlers to a topic. A handler that throws is reported, and harms neither the order nor other readers. */
export function attach(
  topic: Topic,
  handlers: Handlers<string>,
  since: Position | undefined,
  onError: (error: unknown) => void,
): Subscription {
  let ended = false;
  const guard = (act: () => void): void => {
    if (ended) return;
    try {
      act();
    } catch (error) {
      onError(error);
    }
  };
  const reader: Reader = {
    position: since,
    wants: true,
    status: { at: "waiting" },
    onSnapshot: (state, position) => {
      guard(() => handlers.onSnapshot?.(state, position));
    },
    onEvent: (event, position) => {
      guard(() => handlers.onEvent?.(event, position));
    },
    onLive: (event) => {
      guard(() => handlers.onLive?.(event));
    },
    onStatus: (status) => {
      guard(() => handlers.onStatus?.(status));
    },
    onMark: (head) => {
      guard(() => handlers.onMark?.(head));
    },
  };
  topic.add(reader);
  return {
    topic: topic.name,
    get position(): Position | undefined {
      return reader.position;
    },
    get status(): SubscriptionStatus {
      return ended ? { at: "closed" } : reader.status;
    },
    unsubscribe: () => {
      ended = true;
      topic.remove(reader);
    },
  };
}
