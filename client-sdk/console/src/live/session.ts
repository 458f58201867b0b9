/** Who is signed in: tokens kept for the next visit, refreshed once however many ask. */
import type { AuthTokens, User } from "../model/types";
import { ApiError, problemOf } from "./errors";

const STORED = "estafette.session";
/** A token that ends sooner than this is not handed out any more. */
const MARGIN_MS = 60_000;

export interface Session {
  readonly access: string;
  readonly refresh: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
  readonly user: User;
}

type Listener = () => void;

export class Sessions {
  #current: Session | null;
  #refreshing: Promise<string> | null = null;
  readonly #listeners = new Set<Listener>();

  constructor(private readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem"> | null = usableStorage()) {
    this.#current = this.#load();
    if (typeof window !== "undefined")
      window.addEventListener("storage", (event) => {
        if (event.key !== STORED) return;
        this.#current = this.#load();
        this.#tell();
      });
  }

  readonly get = (): Session | null => this.#current;

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  async signIn(email: string, password: string): Promise<void> {
    this.#take(await post("sign-in", { email, password }));
  }

  async signUp(email: string, password: string, name: string): Promise<void> {
    this.#take(await post("sign-up", { email, password, ...(name === "" ? {} : { name }) }));
  }

  /** Forgets the session here at once, and tells the server as well as it can. */
  async signOut(): Promise<void> {
    const session = this.#current;
    this.#set(null);
    if (session === null) return;
    try {
      await fetch("/v1/cv/auth/sign-out", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${session.access}` },
        body: JSON.stringify({ refresh_token: session.refresh }),
      });
    } catch {
      // Offline: the refresh token ends by itself.
    }
  }

  /** A valid access token. With `fresh`, one newer than the present one. */
  async token(fresh = false): Promise<string> {
    const session = this.#current;
    if (session === null) throw new ApiError("unauthenticated", "not signed in", 401);
    if (!fresh && session.expires - MARGIN_MS > Date.now()) return session.access;
    this.#refreshing ??= this.#refresh(session).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** One tab refreshes at a time: a refresh token works once, and the others take what the first one got. */
  async #refresh(asked: Session): Promise<string> {
    const run = async (): Promise<string> => {
      const stored = this.#load();
      if (stored !== null && stored.access !== asked.access && stored.expires - MARGIN_MS > Date.now()) {
        this.#current = stored;
        return stored.access;
      }
      try {
        const tokens = await post("refresh", { refresh_token: stored?.refresh ?? asked.refresh });
        this.#take(tokens);
        return tokens.access_token;
      } catch (error) {
        if (error instanceof ApiError && (error.code === "unauthenticated" || error.code === "forbidden")) this.#set(null);
        throw error;
      }
    };
    // Only secure contexts have locks.
    return "locks" in navigator ? navigator.locks.request("estafette.refresh", run) : run();
  }

  #take(tokens: AuthTokens): void {
    this.#set({
      access: tokens.access_token,
      refresh: tokens.refresh_token,
      expires: Date.now() + tokens.expires_in * 1000,
      user: tokens.user,
    });
  }

  #set(session: Session | null): void {
    this.#current = session;
    try {
      if (session === null) this.storage?.removeItem(STORED);
      else this.storage?.setItem(STORED, JSON.stringify(session));
    } catch {
      // A full or refused storage: the session then lasts as long as the page.
    }
    this.#tell();
  }

  #load(): Session | null {
    try {
      const value = JSON.parse(this.storage?.getItem(STORED) ?? "null") as Partial<Session> | null;
      if (typeof value?.access !== "string" || typeof value.refresh !== "string" || value.user === undefined) return null;
      return { access: value.access, refresh: value.refresh, expires: value.expires ?? 0, user: value.user };
    } catch {
      return null;
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

async function post(name: string, body: unknown): Promise<AuthTokens> {
  let response: Response;
  try {
    response = await fetch(`/v1/cv/auth/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch (cause) {
    throw new ApiError("network", String(cause), 0);
  }
  if (!response.ok) throw await problemOf(response);
  return (await response.json()) as AuthTokens;
}

function usableStorage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
