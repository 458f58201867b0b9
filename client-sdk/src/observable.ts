/** A value that can be watched. Fits React's `useSyncExternalStore` as it is. */
export interface Observable<T> {
  /** The value now. The same object until it changes. */
  readonly get: () => T;
  /** Calls `listener` after each change, until the returned function is called. */
  readonly subscribe: (listener: () => void) => () => void;
}

/** An {@link Observable} with its setter; listeners that throw do not keep others from being called. */
export class Store<T> implements Observable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();
  readonly #onError: (error: unknown) => void;

  constructor(value: T, onError: (error: unknown) => void = reportListenerError) {
    this.#value = value;
    this.#onError = onError;
  }

  readonly get = (): T => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    // A wrapper, so that one function subscribed twice is two subscriptions.
    const entry = (): void => {
      listener();
    };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  };

  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  /** How many listen: for leak checks. */
  get listenerCount(): number {
    return this.#listeners.size;
  }
}

/** What becomes of an exception in application code that the SDK called: it is printed, and never swallowed. */
export function reportListenerError(error: unknown): void {
  // eslint-disable-next-line no-console -- the last resort: there is nobody else to tell
  console.error("estafette: a listener threw", error);
}
