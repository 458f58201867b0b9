/** The live half: one client for the page, and hooks that read topics. */
import {
  createClient,
  createSession,
  createTopicStore,
  cvFold,
  deviceId,
  userFold,
  type Client,
  type ConnectionState,
  type Fold,
  type Outage,
  type Session,
  type SubscriptionStatus,
  type TopicStore,
  type TopicView,
} from "@estafette/client";
import { createContext, use, useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import type { CvState, CvSummary, JobOffer, Page, User, UserState } from "../model/types";
import { Api } from "./api";
import { generationFold, type Generation } from "./generation";

interface Live {
  readonly session: Session;
  /** Who is signed in. */
  readonly me: User;
  readonly api: Api;
  readonly client: Client;
  readonly user: TopicView<UserState>;
  /** Offers by id, read as they are needed. */
  readonly offers: ReadonlyMap<string, JobOffer>;
  readonly reloadOffers: () => void;
  /** Names of CVs by id: the feed's events do not carry them. */
  readonly titles: ReadonlyMap<string, CvSummary>;
}

const Context = createContext<Live | null>(null);
/** One installation of the console: its tokens and its device. */
export const session = createSession({ baseUrl: location.origin, device: deviceId(), fetch: inTheirLanguage });

/** The server's sentences come in the language that the person reads the page in. */
function inTheirLanguage(input: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("accept-language", document.documentElement.lang);
  return fetch(input, { ...init, headers });
}

/** Who is signed in; `undefined` for nobody. */
export function useMe(): User | undefined {
  return useSyncExternalStore(session.user.subscribe, session.user.get);
}

/** Opens the connection of `me` for everything inside. */
export function LiveProvider({ me, children }: { readonly me: User; readonly children: ReactNode }) {
  const userId = me.id;
  const api = useMemo(() => new Api(session), []);
  const client = useClientOf(userId);
  const user = useTopicView(client, `user:${userId}`, userFold);
  const { offers, reloadOffers } = useOffers(api, user);
  const titles = useTitles(api, user.state);
  const value = useMemo<Live | null>(
    () => (client === null ? null : { session, me, api, client, user, offers, reloadOffers, titles }),
    [me, api, client, user, offers, reloadOffers, titles],
  );
  if (value === null) return null;
  return <Context value={value}>{children}</Context>;
}

function useClientOf(userId: string): Client | null {
  const [client, setClient] = useState<Client | null>(null);
  useEffect(() => {
    const made = createClient({
      url: new URL("/v1/live", location.href).href,
      token: session.token,
      device: deviceId(),
    });
    made.start();
    setClient(made);
    return () => {
      made.close();
      setClient(null);
    };
  }, [userId]);
  return client;
}

export function useLive(): Live {
  const value = use(Context);
  if (value === null) throw new Error("useLive outside LiveProvider");
  return value;
}

export function useConnection(): ConnectionState {
  const { client } = useLive();
  return useSyncExternalStore(client.state.subscribe, client.state.get);
}

const waiting: TopicView<never> = { state: undefined, position: undefined, status: { at: "waiting" } };
const never = () => () => undefined;

/** The folded state of a topic while the component lives. `fold` must be stable. */
export function useTopicView<T extends string, S>(client: Client | null, topic: T, fold: Fold<T, S>): TopicView<S> {
  const [store, setStore] = useState<TopicStore<S> | null>(null);
  useEffect(() => {
    if (client === null) return undefined;
    const made = createTopicStore<T, S>(client, topic, fold);
    setStore(made);
    return () => {
      made.close();
      setStore(null);
    };
  }, [client, topic, fold]);
  const get = useCallback((): TopicView<S> => store?.get() ?? waiting, [store]);
  return useSyncExternalStore(store?.subscribe ?? never, get);
}

/** A CV; `undefined` follows none. */
export function useCvTopic(id: string | undefined): TopicView<CvState> {
  const { client } = useLive();
  return useTopicView(id === undefined ? null : client, `cv:${id ?? ""}`, cvFold);
}

/** A link that is silent or lost, from its first moment until it is there again; tries in between do not count. */
export interface Trouble {
  readonly kind: "stale" | "offline" | "closed";
  readonly since: number;
}

export function useTrouble(): Trouble | null {
  const state = useConnection();
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const next = troubleAfter(trouble, state);
  if (next !== trouble) setTrouble(next);
  return next;
}

export function troubleAfter(before: Trouble | null, state: ConnectionState): Trouble | null {
  if (state.status === "live" || state.status === "catching up") return null;
  if (state.status === "connecting" || state.status === before?.kind) return before;
  return { kind: state.status, since: before?.since ?? state.since };
}

/** What the server itself cannot reach right now. */
export function useOutages(): readonly Outage[] {
  const { client } = useLive();
  return useSyncExternalStore(client.outages.subscribe, client.outages.get);
}

export function useTaskTopic(id: string): TopicView<Generation> {
  return useTopicView(useLive().client, `task:${id}`, generationFold);
}

/** Why a topic cannot be shown, if so. */
export function refusalOf(status: SubscriptionStatus): Error | null {
  if (status.at === "refused") return status.error;
  if (status.at === "revoked") return new Error(status.message);
  return null;
}

/** A list or document over HTTP. `reload` reads it again and keeps what is shown meanwhile. */
export function useFetched<T>(path: string | null): {
  readonly data: T | undefined;
  readonly error: unknown;
  readonly reload: () => void;
} {
  const { api } = useLive();
  const [state, setState] = useState<{ path: string | null; data?: T; error?: unknown }>({ path: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (path === null) return undefined;
    const stop = new AbortController();
    api.get<T>(path, stop.signal).then(
      (data) => setState({ path, data }),
      (error: unknown) => {
        if (!stop.signal.aborted) setState((old) => (old.path === path ? { ...old, error } : { path, error }));
      },
    );
    return () => stop.abort();
  }, [api, path, round]);
  const reload = useCallback(() => setRound((value) => value + 1), []);
  const isCurrent = state.path === path;
  return { data: isCurrent ? state.data : undefined, error: isCurrent ? state.error : undefined, reload };
}

/** All pages of a list, up to a bound. */
async function readAll<T>(api: Api, path: string, signal?: AbortSignal, pages = 10): Promise<T[]> {
  const items: T[] = [];
  let after: string | null = null;
  for (let page = 0; page < pages; page += 1) {
    const glue = path.includes("?") ? "&" : "?";
    const at = `${path}${glue}limit=100${after === null ? "" : `&after=${encodeURIComponent(after)}`}`;
    const got: Page<T> = await api.get<Page<T>>(at, signal);
    items.push(...got.items);
    after = got.next;
    if (after === null) break;
  }
  return items;
}

function useOffers(api: Api, user: TopicView<UserState>) {
  const [offers, setOffers] = useState<ReadonlyMap<string, JobOffer>>(new Map());
  const [round, setRound] = useState(0);
  const wanted = (user.state?.cvs ?? []).map((cv) => cv.job_offer_id).filter((id) => id !== null);
  const unknown = wanted.filter((id) => !offers.has(id)).sort().join(" ");
  const ready = user.state !== undefined;
  useEffect(() => {
    if (!ready) return undefined;
    const stop = new AbortController();
    readAll<JobOffer>(api, "/v1/cv/job-offers", stop.signal).then(
      (items) => setOffers(new Map(items.map((offer) => [offer.id, offer]))),
      () => undefined, // The list then shows CVs without the offer's name; the offers page says what is wrong.
    );
    return () => stop.abort();
  }, [api, ready, unknown, round]);
  const reloadOffers = useCallback(() => setRound((value) => value + 1), []);
  return { offers, reloadOffers };
}

/** The feed names a new CV without its title: those few are read once. */
function useTitles(api: Api, state: UserState | undefined): ReadonlyMap<string, CvSummary> {
  const [titles, setTitles] = useState<ReadonlyMap<string, CvSummary>>(new Map());
  const asked = useRef(new Set<string>());
  const unnamed = (state?.cvs ?? []).filter((cv) => cv.title === null && !titles.has(cv.id)).map((cv) => cv.id).sort().join(" ");
  useEffect(() => {
    const fresh = unnamed.split(" ").filter((id) => id !== "" && !asked.current.has(id));
    if (fresh.length === 0) return;
    for (const id of fresh) asked.current.add(id);
    readAll<CvSummary>(api, "/v1/cv/files").then(
      (items) => setTitles(new Map(items.map((cv) => [cv.id, cv]))),
      () => {
        for (const id of fresh) asked.current.delete(id);
      },
    );
  }, [api, unnamed]);
  return titles;
}
