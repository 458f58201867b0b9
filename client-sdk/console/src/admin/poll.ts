/** Reads again and again while somebody looks. */
import { NetworkError } from "@estafette/client";
import { useCallback, useEffect, useRef, useState } from "react";
import { useNow } from "../lib/hooks";
import { useLive } from "../live/live";
import type { Api } from "../live/api";

/** From one answer to the next question, milliseconds. */
export const POLL_MS = 2_000;
/** The longest from a failure to the next question, milliseconds. */
export const PATIENCE_MS = 30_000;
/** How long an answer may take, milliseconds. */
export const ANSWER_MS = 10_000;
/** Data that is older was not refreshed as it should, milliseconds. */
export const OLD_MS = 3 * POLL_MS;

interface Visibility {
  readonly hidden: () => boolean;
  /** Calls back when it changes; what it answers ends that. */
  readonly watch: (changed: () => void) => () => void;
}

const page: Visibility = {
  hidden: () => document.hidden,
  watch: (changed) => {
    document.addEventListener("visibilitychange", changed);
    return () => document.removeEventListener("visibilitychange", changed);
  },
};

/** How long until the next question after `failures` in a row. */
export function pauseAfter(failures: number): number {
  return Math.min(POLL_MS * 2 ** failures, PATIENCE_MS);
}

/**
 * Calls `read` at once and {@link POLL_MS} after each answer, later after failures; not while the page is hidden, and at
 * once when it is seen again. Answers how to stop.
 */
export function poll<T>(read: (signal: AbortSignal) => Promise<T>, onData: (data: T) => void, onError: (error: unknown) => void, seen: Visibility = page): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: AbortController | null = null;
  let failures = 0;
  const ask = async () => {
    const own = new AbortController();
    asking = own;
    const late = setTimeout(() => own.abort(), ANSWER_MS);
    try {
      const data = await read(own.signal);
      if (asking !== own) return;
      failures = 0;
      onData(data);
    } catch (error) {
      if (asking !== own) return;
      failures += 1;
      onError(own.signal.aborted ? new NetworkError(`no answer within ${ANSWER_MS} ms`) : error);
    } finally {
      clearTimeout(late);
    }
    asking = null;
    timer = setTimeout(() => void ask(), pauseAfter(failures));
  };
  const rest = () => {
    clearTimeout(timer);
    const open = asking;
    asking = null;
    open?.abort();
  };
  const turn = () => {
    rest();
    if (!seen.hidden()) void ask();
  };
  turn();
  const unwatch = seen.watch(turn);
  return () => {
    unwatch();
    rest();
  };
}

export interface Polled<T> {
  /** The last answer, also when newer questions failed. */
  readonly data: T | undefined;
  /** When it came; milliseconds since 1970. */
  readonly at: number | undefined;
  /** Why the last question failed; `undefined` when it did not. */
  readonly error: unknown;
  readonly reload: () => void;
}

interface State<T> {
  readonly key: string;
  readonly data?: T;
  readonly at?: number;
  readonly error?: unknown;
}

/** What `read` answers, polled; `key` says which question it is, `null` asks none. */
export function usePolled<T>(key: string | null, read: (api: Api, signal: AbortSignal) => Promise<T>): Polled<T> {
  const { api } = useLive();
  const [state, setState] = useState<State<T>>({ key: "" });
  const [round, setRound] = useState(0);
  const reading = useRef(read);
  useEffect(() => {
    reading.current = read;
  });
  useEffect(() => {
    if (key === null) return undefined;
    return poll(
      (signal) => reading.current(api, signal),
      (data) => setState({ key, data, at: Date.now() }),
      (error) => setState((old) => (old.key === key ? { ...old, error } : { key, error })),
    );
  }, [api, key, round]);
  const reload = useCallback(() => setRound((value) => value + 1), []);
  const isCurrent = state.key === key;
  return { data: isCurrent ? state.data : undefined, at: isCurrent ? state.at : undefined, error: isCurrent ? state.error : undefined, reload };
}

/** The age of data that should be younger, milliseconds; `null` for data that is new, or not there yet. */
export function useOldness(at: number | undefined): number | null {
  const now = useNow(at !== undefined, 1000);
  if (at === undefined) return null;
  return now - at > OLD_MS ? now - at : null;
}
