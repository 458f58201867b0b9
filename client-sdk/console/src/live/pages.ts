/** Lists that come page by page, and are read again when something happened. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Page } from "../model/types";
import { useLive } from "./live";

/** Rows of a page. */
export const PAGE_ROWS = 50;
/** Events in a burst lead to one reading, this long after the first, milliseconds. */
const GATHER_MS = 400;
/** Pages that are read again at most; what is beyond them is left until asked for. */
const KEPT_PAGES = 6;

export interface Paged<T> {
  readonly rows: readonly T[] | undefined;
  readonly error: unknown;
  /** Whether there is more than is shown. */
  readonly hasMore: boolean;
  readonly more: () => void;
  readonly busy: boolean;
  readonly reload: () => void;
}

interface State<T> {
  readonly key: string;
  readonly rows?: readonly T[];
  readonly next?: string | null;
  readonly pages: number;
  readonly error?: unknown;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export function addressOf(path: string, query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, String(value)]]));
  return pairs.length === 0 ? path : `${path}${path.includes("?") ? "&" : "?"}${String(new URLSearchParams(pairs))}`;
}

/** A question that names its own limit keeps it. */
function limitOf(address: string): number | undefined {
  return /[?&]limit=/u.test(address) ? undefined : PAGE_ROWS;
}

/** A list by cursor. What is shown stays while it is read again; `path === null` reads nothing. */
export function usePages<T>(path: string | null, query: Query = {}): Paged<T> {
  const { api } = useLive();
  const key = path === null ? "" : addressOf(path, query);
  const [state, setState] = useState<State<T>>({ key: "", pages: 1 });
  const [round, setRound] = useState(0);
  const [busy, setBusy] = useState(false);
  const pages = useRef(1);
  useEffect(() => {
    pages.current = state.key === key ? Math.min(state.pages, KEPT_PAGES) : 1;
  });
  useEffect(() => {
    if (key === "") return undefined;
    const stop = new AbortController();
    const read = async () => {
      const rows: T[] = [];
      let next: string | null = null;
      const wanted = pages.current;
      let count = 0;
      do {
        const page: Page<T> = await api.get<Page<T>>(addressOf(key, { limit: limitOf(key), after: next ?? undefined }), stop.signal);
        rows.push(...page.items);
        next = page.next;
        count += 1;
      } while (next !== null && count < wanted);
      return { key, rows, next, pages: count };
    };
    read().then(setState, (error: unknown) => {
      if (!stop.signal.aborted) setState((old) => (old.key === key ? { ...old, error } : { key, pages: 1, error }));
    });
    return () => stop.abort();
  }, [api, key, round]);
  const isCurrent = state.key === key;
  const next = isCurrent ? state.next : undefined;
  const more = useCallback(() => {
    if (next === null || next === undefined) return;
    setBusy(true);
    api
      .get<Page<T>>(addressOf(key, { limit: limitOf(key), after: next }))
      .then(
        (page) => setState((old) => (old.key === key ? { ...old, rows: [...(old.rows ?? []), ...page.items], next: page.next, pages: old.pages + 1 } : old)),
        (error: unknown) => setState((old) => (old.key === key ? { ...old, error } : old)),
      )
      .finally(() => setBusy(false));
  }, [api, key, next]);
  const reload = useCallback(() => setRound((value) => value + 1), []);
  return {
    rows: isCurrent ? state.rows : undefined,
    error: isCurrent ? state.error : undefined,
    hasMore: next !== null && next !== undefined,
    more,
    busy,
    reload,
  };
}

/** Calls `again` soon after each thing that happens on `topic`; once for what happens together. A topic that is not there does nothing. */
export function useHappenings(topic: string | null, again: () => void): void {
  const { client } = useLive();
  const latest = useRef(again);
  useEffect(() => {
    latest.current = again;
  });
  useEffect(() => {
    if (topic === null) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        latest.current();
      }, GATHER_MS);
    };
    const subscription = client.subscribe(topic, { onEvent: soon, onLive: soon });
    return () => {
      clearTimeout(timer);
      subscription.unsubscribe();
    };
  }, [client, topic]);
}

/** Calls `again` every `ms` while the page is seen: for lists of which no topic tells. */
export function useRepeated(ms: number | null, again: () => void): void {
  const latest = useRef(again);
  useEffect(() => {
    latest.current = again;
  });
  useEffect(() => {
    if (ms === null) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) latest.current();
    }, ms);
    return () => clearInterval(timer);
  }, [ms]);
}
