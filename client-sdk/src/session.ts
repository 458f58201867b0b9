/**
 * Who is signed in: sign-up, sign-in, sign-out over HTTP, and an access token that is always fresh. A refresh token
 * works once, so refreshing is single-flight: within this page by a shared promise, between tabs by a lock.
 */
import type { TokenRequest } from "./api.js";
import { Backoff } from "./backoff.js";
import { pause, systemClock, type Clock } from "./clock.js";
import { watchStorage } from "./environment.js";
import { NetworkError, RateLimitedError, UnauthenticatedError, UnavailableError } from "./errors.js";
import type { AuthTokens, Routes, SignIn, SignUp, User } from "./generated/protocol.js";
import { request, type Fetch, type RequestOptions } from "./http.js";
import { Store, type Observable } from "./observable.js";

/** A token is refreshed when less than this is left of it, milliseconds. */
const MARGIN_MS = 60_000;
/** How often a reading request is sent, at most, while the server is away or asks for patience. */
const MAX_ATTEMPTS = 4;
/** The longest that a reading request waits for its next attempt, milliseconds. */
const MAX_PATIENCE_MS = 15_000;

/** Where tokens are kept between visits: `localStorage`, `sessionStorage`, or your own. */
export interface TokenStorage {
  /** What is kept under `key`; `null` for nothing. */
  getItem(key: string): string | null;
  /** Keeps `value` under `key`. */
  setItem(key: string, value: string): void;
  /** Keeps nothing under `key` any more. */
  removeItem(key: string): void;
}

/** What a session is made of. Only `baseUrl` is needed. */
export interface SessionOptions {
  /** The server: `https://example.org`. */
  readonly baseUrl: string;
  /** The product whose users sign in. Default `cv`. */
  readonly product?: string;
  /** Default: `localStorage` where there is one, else memory. */
  readonly storage?: TokenStorage;
  /** Default: the platform's. */
  readonly fetch?: Fetch;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Waits between attempts, for tests. */
  readonly clock?: Clock;
  /** This installation's id, so that it can be signed out alone. */
  readonly device?: string;
}

interface Kept {
  readonly access: string;
  readonly refresh: string;
  readonly expiresAt: number;
  readonly user: User;
}

/** A path of a known route, or any other. */
type PathOf<Method extends string> = keyof Routes extends infer Route
  ? Route extends `${Method} ${infer Path}`
    ? Path
    : never
  : never;
type AnswerOf<Method extends string, Path extends string> = `${Method} ${Path}` extends keyof Routes
  ? Routes[`${Method} ${Path}`]["answer"]
  : unknown;

/** Who is signed in on this installation. Made by {@link createSession}. */
export interface Session {
  /** Who is signed in; `undefined` for nobody. */
  readonly user: Observable<User | undefined>;
  /** Makes an account and signs it in. @throws ConflictError for an address that has one, BadRequestError for a weak password. */
  signUp(body: SignUp): Promise<User>;
  /** Signs in. @throws UnauthenticatedError for a wrong address or password, RateLimitedError after too many tries. */
  signIn(body: SignIn): Promise<User>;
  /**
   * Signs in by another route of the product that answers tokens (`auto-sign-in` after an address was confirmed, the end
   * of a sign-in with another provider). @throws UnauthenticatedError or BadRequestError for a token that does not count.
   */
  signInBy(route: string, body: Readonly<Record<string, unknown>>): Promise<User>;
  /** A request that needs nobody to be signed in: a forgotten password, the price list. It is not repeated. */
  open(method: string, path: string, options?: RequestOptions): Promise<unknown>;
  /** Ends the session here, in every other tab of this browser, and on the server; without a network not on the server. */
  signOut(): Promise<void>;
  /** What `createClient({ token })` wants. */
  readonly token: (request?: TokenRequest) => Promise<string>;
  /** An authorized request; a path of the generated routes has a typed answer. Repeated as {@link Session.request} says. */
  get<P extends PathOf<"GET"> | (string & Record<never, never>)>(path: P, options?: RequestOptions): Promise<AnswerOf<"GET", P>>;
  /**
   * An authorized request. One that may be repeated (`GET`, or any with a `key`) is repeated a few times while there is no
   * answer, or the server answers `unavailable` or `rate_limited`: as late as its `Retry-After` wishes.
   */
  request(method: string, path: string, options?: RequestOptions): Promise<unknown>;
  /** Stops following other tabs. Who is signed in stays so. */
  close(): void;
}

/** A person's session with a server, kept between visits and shared by the tabs of a browser. */
export function createSession(options: SessionOptions): Session {
  return new HttpSession(options);
}

class HttpSession implements Session {
  readonly user: Store<User | undefined>;
  readonly #base: string;
  readonly #auth: string;
  readonly #key: string;
  readonly #storage: TokenStorage;
  readonly #fetch: Fetch;
  readonly #now: () => number;
  readonly #device: string | undefined;
  readonly #clock: Clock;
  readonly #unwatch: () => void;
  #refreshing: Promise<Kept> | undefined;

  constructor(options: SessionOptions) {
    const product = options.product ?? "cv";
    this.#base = options.baseUrl.replace(/\/+$/, "");
    this.#auth = `/v1/${product}/auth`;
    this.#key = `estafette.${product}.session`;
    this.#storage = options.storage ?? defaultStorage();
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#now = options.now ?? Date.now;
    this.#device = options.device;
    this.#clock = options.clock ?? systemClock;
    this.user = new Store(this.#read()?.user);
    this.#unwatch = watchStorage(() => {
      this.#follow();
    });
  }

  async signUp(body: SignUp): Promise<User> {
    return this.#enter("sign-up", body);
  }

  async signIn(body: SignIn): Promise<User> {
    return this.#enter("sign-in", body);
  }

  async signOut(): Promise<void> {
    const kept = this.#read();
    this.#write(undefined);
    if (kept === undefined) return;
    const end = (tokens: Pick<Kept, "refresh" | "access">): Promise<unknown> =>
      this.#post("sign-out", { refresh_token: tokens.refresh }, tokens.access);
    try {
      await this.#alone(async () => {
        try {
          await end(kept);
        } catch (error) {
          if (!(error instanceof UnauthenticatedError)) throw error;
          // The access token has ended first: another one, to end the session with.
          const fresh = (await this.#post("refresh", { refresh_token: kept.refresh })) as AuthTokens;
          await end({ refresh: fresh.refresh_token, access: fresh.access_token });
        }
      });
    } catch {
      // Here it is over either way; the server's side ends with the refresh token's life.
    }
  }

  close(): void {
    this.#unwatch();
  }

  readonly token = async (why: TokenRequest = { reason: "connect" }): Promise<string> => {
    const kept = this.#read();
    if (kept === undefined) throw new UnauthenticatedError({ code: "unauthenticated", message: "nobody is signed in" });
    if (why.reason === "connect" && kept.expiresAt - MARGIN_MS > this.#now()) return kept.access;
    return (await this.#refresh(kept)).access;
  };

  async signInBy(route: string, body: Readonly<Record<string, unknown>>): Promise<User> {
    return this.#enter(route, body);
  }

  open(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    return request(this.#fetch, this.#base + path, method, options, undefined);
  }

  async get<P extends string>(path: P, options: RequestOptions = {}): Promise<AnswerOf<"GET", P>> {
    return (await this.request("GET", path, options));
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    const backoff = new Backoff();
    const mayRepeat = method === "GET" || options.key !== undefined;
    for (;;) {
      try {
        return await this.#authorized(method, path, options);
      } catch (error) {
        const passes = error instanceof NetworkError || error instanceof UnavailableError || error instanceof RateLimitedError;
        if (!passes || !mayRepeat || backoff.attempt + 1 >= MAX_ATTEMPTS) throw error;
        const delay = backoff.next(error instanceof NetworkError ? 0 : error.retryAfterMs);
        if (delay > MAX_PATIENCE_MS) throw error;
        await pause(this.#clock, delay, options.signal);
      }
    }
  }

  async #authorized(method: string, path: string, options: RequestOptions): Promise<unknown> {
    const url = this.#base + path;
    const token = await this.token();
    try {
      return await request(this.#fetch, url, method, options, token);
    } catch (error) {
      if (!(error instanceof UnauthenticatedError)) throw error;
      return request(this.#fetch, url, method, options, await this.token({ reason: "rejected" }));
    }
  }

  async #enter(route: string, body: SignUp | SignIn | Readonly<Record<string, unknown>>): Promise<User> {
    const device = this.#device === undefined ? {} : { device: this.#device };
    return this.#keep((await this.#post(route, { ...device, ...body })) as AuthTokens).user;
  }

  #refresh(old: Kept): Promise<Kept> {
    this.#refreshing ??= this.#alone(async () => {
      // Another tab may have been faster: its tokens are newer than ours, and ours are spent.
      const current = this.#read();
      if (current === undefined) throw signedOut();
      if (current.refresh !== old.refresh) return current;
      try {
        const fresh = (await this.#post("refresh", { refresh_token: current.refresh })) as AuthTokens;
        // Signed out, or in as somebody else, meanwhile: that stands.
        if (this.#read()?.refresh !== current.refresh) throw signedOut();
        return this.#keep(fresh);
      } catch (error) {
        if (error instanceof UnauthenticatedError && this.#read()?.refresh === current.refresh) this.#write(undefined);
        throw error;
      }
    }).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Alone among all tabs, where the platform has locks. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const { locks } = (globalThis as { navigator?: { locks?: LockManager } }).navigator ?? {};
    if (locks === undefined) return work();
    return locks.request(this.#key, work) as Promise<T>;
  }

  #post(route: string, body: unknown, token?: string): Promise<unknown> {
    return request(this.#fetch, `${this.#base}${this.#auth}/${route}`, "POST", { body }, token);
  }

  #keep(tokens: AuthTokens): Kept {
    const kept: Kept = {
      access: tokens.access_token,
      refresh: tokens.refresh_token,
      expiresAt: this.#now() + tokens.expires_in * 1000,
      user: tokens.user,
    };
    this.#write(kept);
    return kept;
  }

  #read(): Kept | undefined {
    try {
      const text = this.#storage.getItem(this.#key);
      if (text === null) return undefined;
      const kept = JSON.parse(text) as Partial<Kept>;
      return typeof kept.access === "string" && typeof kept.refresh === "string" ? (kept as Kept) : undefined;
    } catch {
      return undefined; // unreadable: as if nobody were signed in
    }
  }

  #write(kept: Kept | undefined): void {
    if (kept === undefined) this.#storage.removeItem(this.#key);
    else this.#storage.setItem(this.#key, JSON.stringify(kept));
    this.user.set(kept?.user);
  }

  /** Another tab signed in, out, or refreshed: a person who stayed is not told anything. */
  #follow(): void {
    const user = this.#read()?.user;
    if (user?.id !== this.user.get()?.id) this.user.set(user);
  }
}

function signedOut(): UnauthenticatedError {
  return new UnauthenticatedError({ code: "unauthenticated", message: "signed out" });
}

function defaultStorage(): TokenStorage {
  try {
    const storage = (globalThis as { localStorage?: Storage }).localStorage;
    if (storage !== undefined) return storage;
  } catch {
    // Forbidden here: tokens live as long as the page.
  }
  const memory = new Map<string, string>();
  return {
    getItem: (key) => memory.get(key) ?? null,
    setItem: (key, value) => void memory.set(key, value),
    removeItem: (key) => void memory.delete(key),
  };
}
