/**
 * Who is signed in: sign-up, sign-in, sign-out over HTTP, and an access token that is always fresh. A refresh token
 * works once, so refreshing is single-flight: within this page by a shared promise, between tabs by a lock.
 */
import type { TokenRequest } from "./api.js";
import { UnauthenticatedError } from "./errors.js";
import type { AuthTokens, Routes, SignIn, SignUp, User } from "./generated/protocol.js";
import { request, type Fetch, type RequestOptions } from "./http.js";
import { Store, type Observable } from "./observable.js";

/** A token is refreshed when less than this is left of it, milliseconds. */
const MARGIN_MS = 60_000;

/** Where tokens are kept between visits: `localStorage`, `sessionStorage`, or your own. */
export interface TokenStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface SessionOptions {
  /** The server: `https://example.org`. */
  readonly baseUrl: string;
  /** The product whose users sign in. Default `cv`. */
  readonly product?: string;
  /** Default: `localStorage` where there is one, else memory. */
  readonly storage?: TokenStorage;
  readonly fetch?: Fetch;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
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

export interface Session {
  /** Who is signed in; `undefined` for nobody. */
  readonly user: Observable<User | undefined>;
  signUp(body: SignUp): Promise<User>;
  signIn(body: SignIn): Promise<User>;
  /** Ends the session here and on the server; without a network only here. */
  signOut(): Promise<void>;
  /** What `createClient({ token })` wants. */
  readonly token: (request?: TokenRequest) => Promise<string>;
  /** An authorized request; a path of the generated routes has a typed answer. */
  get<P extends PathOf<"GET"> | (string & Record<never, never>)>(path: P, options?: RequestOptions): Promise<AnswerOf<"GET", P>>;
  request(method: string, path: string, options?: RequestOptions): Promise<unknown>;
}

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
    this.user = new Store(this.#read()?.user);
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
    try {
      await this.#post("sign-out", { refresh_token: kept.refresh }, kept.access);
    } catch {
      // Here it is over either way; the server's side ends with the refresh token's life.
    }
  }

  readonly token = async (why: TokenRequest = { reason: "connect" }): Promise<string> => {
    const kept = this.#read();
    if (kept === undefined) throw new UnauthenticatedError({ code: "unauthenticated", message: "nobody is signed in" });
    if (why.reason === "connect" && kept.expiresAt - MARGIN_MS > this.#now()) return kept.access;
    return (await this.#refresh(kept)).access;
  };

  async get<P extends string>(path: P, options: RequestOptions = {}): Promise<AnswerOf<"GET", P>> {
    return (await this.request("GET", path, options));
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    const url = this.#base + path;
    const token = await this.token();
    try {
      return await request(this.#fetch, url, method, options, token);
    } catch (error) {
      if (!(error instanceof UnauthenticatedError)) throw error;
      return request(this.#fetch, url, method, options, await this.token({ reason: "rejected" }));
    }
  }

  async #enter(route: "sign-up" | "sign-in", body: SignUp | SignIn): Promise<User> {
    const device = this.#device === undefined ? {} : { device: this.#device };
    return this.#keep((await this.#post(route, { ...device, ...body })) as AuthTokens).user;
  }

  #refresh(old: Kept): Promise<Kept> {
    this.#refreshing ??= this.#alone(async () => {
      // Another tab may have been faster: its tokens are newer than ours, and ours are spent.
      const current = this.#read();
      if (current === undefined) throw new UnauthenticatedError({ code: "unauthenticated", message: "signed out" });
      if (current.refresh !== old.refresh) return current;
      try {
        return this.#keep((await this.#post("refresh", { refresh_token: current.refresh })) as AuthTokens);
      } catch (error) {
        if (error instanceof UnauthenticatedError) this.#write(undefined);
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
