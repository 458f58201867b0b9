/** Stores that components share: one a client, topic and fold, alive while anybody listens. */
import type { Client } from "../api.js";
import { createTopicStore, type Fold, type TopicStore, type TopicView } from "../store.js";
import type { Observable } from "../observable.js";

const WAITING: TopicView<never> = { state: undefined, position: undefined, status: { at: "waiting" } };

type AnyFold = Fold<string, unknown>;
const shared = new WeakMap<Client, WeakMap<AnyFold, Map<string, SharedStore>>>();

/**
 * A topic store that exists from the first listener to the last. It is left a turn of the event loop after its last
 * listener went, because React takes effects away and brings them back (strict mode, moving between pages).
 */
class SharedStore implements Observable<TopicView<unknown>> {
  #store: TopicStore<unknown> | undefined;
  #listeners = 0;

  constructor(
    private readonly client: Client,
    private readonly topic: string,
    private readonly fold: AnyFold,
  ) {}

  readonly get = (): TopicView<unknown> => this.#store?.get() ?? WAITING;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#store ??= createTopicStore(this.client, this.topic, this.fold);
    this.#listeners += 1;
    const leave = this.#store.subscribe(listener);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      leave();
      this.#listeners -= 1;
      if (this.#listeners === 0) setTimeout(() => this.#release(), 0);
    };
  };

  #release(): void {
    if (this.#listeners > 0) return;
    this.#store?.close();
    this.#store = undefined;
    const topics = shared.get(this.client)?.get(this.fold);
    if (topics?.get(this.topic) === this) topics.delete(this.topic);
  }
}

/** The shared store of a topic. */
export function sharedStore<T extends string, S>(client: Client, topic: T, fold: Fold<T, S>): Observable<TopicView<S>> {
  const key = fold as unknown as AnyFold;
  let folds = shared.get(client);
  if (folds === undefined) shared.set(client, (folds = new WeakMap()));
  let topics = folds.get(key);
  if (topics === undefined) folds.set(key, (topics = new Map<string, SharedStore>()));
  let store = topics.get(topic);
  if (store === undefined) topics.set(topic, (store = new SharedStore(client, topic, key)));
  return store as Observable<TopicView<S>>;
}

/** What a hook without a topic shows. */
export const nothing: Observable<TopicView<never>> = { get: () => WAITING, subscribe: () => () => undefined };
