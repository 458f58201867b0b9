/** A topic's state, kept up to date: the snapshot with every event folded into it, as one observable value. */
import type { Client, EventOf, LiveOf, StateOf, Subscription, SubscriptionStatus } from "./api.js";
import { Store, type Observable } from "./observable.js";
import type { Position } from "./wire.js";

/** How a topic's state follows from its events. Both functions are pure. */
export interface Fold<T extends string, S> {
  /** The state of a snapshot. Default: the snapshot itself. */
  readonly begin?: (state: StateOf<T>) => S;
  /** The state after a durable event. A throw means that the state is wrong: a fresh snapshot is asked for. */
  readonly event: (state: S, event: EventOf<T>) => S;
  /** The state after a volatile event. Default: unchanged. */
  readonly live?: (state: S, event: LiveOf<T>) => S;
}

/** What is known of a topic. */
export interface TopicView<S> {
  /** `undefined` until the first snapshot. */
  readonly state: S | undefined;
  /** Up to where the state is folded; `undefined` until the first snapshot. */
  readonly position: Position | undefined;
  /** Where the subscription stands. */
  readonly status: SubscriptionStatus;
}

/** A topic's folded state, as an observable value. */
export interface TopicStore<S> extends Observable<TopicView<S>> {
  /** Ends its subscription. */
  readonly close: () => void;
}

/** Subscribes to a topic and folds it. Close it when it is no longer needed. */
export function createTopicStore<const T extends string, S = StateOf<T>>(
  client: Client,
  topic: T,
  fold: Fold<T, S>,
): TopicStore<S> {
  const store = new Store<TopicView<S>>({ state: undefined, position: undefined, status: { at: "waiting" } });
  let subscription: Subscription | undefined;
  let closed = false;
  const update = (change: Partial<TopicView<S>>): void => store.set({ ...store.get(), ...change });
  const begin = fold.begin ?? ((state: StateOf<T>) => state as unknown as S);

  const join = (): void => {
    subscription = client.subscribe<T>(topic, {
      onSnapshot: (state, position) => update({ state: begin(state), position }),
      onEvent: (event, position) => {
        const { state } = store.get();
        if (state === undefined) return;
        let next: S;
        try {
          next = fold.event(state, event);
        } catch {
          rejoin();
          return;
        }
        update({ state: next, position });
      },
      onLive: (event) => {
        const { state } = store.get();
        if (state !== undefined && fold.live !== undefined) update({ state: fold.live(state, event) });
      },
      onStatus: (status) => update({ status }),
    });
  };
  /** What is shown stays until the fresh snapshot replaces it. */
  const rejoin = (): void => {
    subscription?.unsubscribe();
    update({ status: { at: "catching up" } });
    if (!closed) join();
  };

  join();
  return {
    get: store.get,
    subscribe: store.subscribe,
    close: () => {
      closed = true;
      subscription?.unsubscribe();
    },
  };
}
