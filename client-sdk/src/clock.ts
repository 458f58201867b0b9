/** Time, injectable so that tests own it. The SDK never touches timers in another way. */
export interface Clock {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** Runs `task` once after `ms` milliseconds; the result goes to {@link Clock.clearTimeout}. */
  setTimeout(task: () => void, ms: number): unknown;
  /** Forgets a task that has not run; unknown handles are ignored. */
  clearTimeout(handle: unknown): void;
}

/** The platform's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (task, ms) => setTimeout(task, ms),
  clearTimeout: (handle) => {
    clearTimeout(handle as ReturnType<typeof setTimeout>);
  },
};

/** One timer: setting it again replaces what was set. */
export class Alarm {
  #handle: unknown;

  constructor(private readonly clock: Clock) {}

  get isSet(): boolean {
    return this.#handle !== undefined;
  }

  set(ms: number, ring: () => void): void {
    this.stop();
    this.#handle = this.clock.setTimeout(() => {
      this.#handle = undefined;
      ring();
    }, ms);
  }

  stop(): void {
    if (this.#handle !== undefined) this.clock.clearTimeout(this.#handle);
    this.#handle = undefined;
  }
}

/** Waits; an abort ends it at once, with the signal's reason. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const alarm = new Alarm(clock);
    const onAbort = (): void => {
      alarm.stop();
      reject(reasonOf(signal));
    };
    if (signal?.aborted === true) {
      onAbort();
      return;
    }
    signal?.addEventListener("abort", onAbort, { once: true });
    alarm.set(ms, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
  });
}

/** Why a signal was aborted. */
export function reasonOf(signal: AbortSignal | undefined): unknown {
  return signal?.reason ?? new DOMException("The operation was aborted", "AbortError");
}
