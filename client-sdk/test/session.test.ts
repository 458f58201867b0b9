import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  ConflictError,
  createSession,
  NetworkError,
  RateLimitedError,
  UnauthenticatedError,
  UnavailableError,
  type Clock,
  type Session,
} from "../src/index.js";

interface Seen {
  readonly route: string;
  readonly body: unknown;
  readonly authorization: string | undefined;
}
interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

let server: Server;
let seen: Seen[];
let answer: (seen: Seen) => Answer;
let baseUrl: string;
let now: number;
let stored: Map<string, string>;
let waits: number[];
/** Writes down how long is waited, and does not wait. */
const patient: Clock = {
  now: () => 0,
  setTimeout: (task, ms) => {
    waits.push(ms);
    return setTimeout(task, 0);
  },
  clearTimeout: (handle) => {
    clearTimeout(handle as ReturnType<typeof setTimeout>);
  },
};

beforeEach(async () => {
  seen = [];
  now = 1_000_000;
  stored = new Map();
  waits = [];
  let generation = 0;
  answer = ({ route }) => {
    if (!route.includes("/auth/")) return { status: 200, body: { items: [], next: null } };
    generation += 1;
    return { status: 200, body: tokens(generation) };
  };
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const entry: Seen = {
        route: `${String(request.method)} ${String(request.url)}`,
        body: text === "" ? undefined : (JSON.parse(text) as unknown),
        authorization: request.headers.authorization,
      };
      seen.push(entry);
      const { status, body, headers } = answer(entry);
      response.writeHead(status, headers);
      response.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function tokens(generation: number): Record<string, unknown> {
  const user = { id: "u1", name: "Ada", email: "ada@example.org", email_verified: null, language: null, image: null, role: "USER", created_at: "" };
  return { access_token: `a${String(generation)}`, refresh_token: `r${String(generation)}`, expires_in: 900, user };
}

function session(): Session {
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  };
  return createSession({ baseUrl, storage, now: () => now, device: "web.1", clock: patient });
}

test("sign-in keeps the tokens, also for the next visit; sign-out forgets them", async () => {
  const first = session();
  expect(first.user.get()).toBeUndefined();
  await expect(first.signIn({ email: "ada@example.org", password: "secret-secret" })).resolves.toMatchObject({ id: "u1" });
  expect(seen[0]).toMatchObject({ route: "POST /v1/cv/auth/sign-in", body: { email: "ada@example.org", device: "web.1" } });
  const second = session();
  expect(second.user.get()).toMatchObject({ id: "u1" });
  await expect(second.token()).resolves.toBe("a1");
  answer = () => ({ status: 204 });
  await second.signOut();
  expect(seen.at(-1)).toMatchObject({ route: "POST /v1/cv/auth/sign-out", body: { refresh_token: "r1" } });
  expect(second.user.get()).toBeUndefined();
  await expect(second.token()).rejects.toBeInstanceOf(UnauthenticatedError);
});

test("a token of a link signs in by its own route, with this device", async () => {
  const mine = session();
  expect((await mine.signInBy("auto-sign-in", { token: "once" })).name).toBe("Ada");
  expect(seen).toEqual([{ route: "POST /v1/cv/auth/auto-sign-in", body: { device: "web.1", token: "once" }, authorization: undefined }]);
  expect(await mine.token()).toBe("a1");
  answer = () => ({ status: 400, body: { code: "bad_request", detail: "this link is not valid" } });
  await expect(mine.signInBy("auto-sign-in", { token: "once" })).rejects.toThrow("this link is not valid");
  expect(mine.user.get()?.name, "who is signed in stays so").toBe("Ada");
});

test("what needs nobody signed in is asked without a token, once", async () => {
  const mine = session();
  await mine.signIn({ email: "ada@example.org", password: "x" });
  seen = [];
  await mine.open("POST", "/v1/cv/auth/forgot-password", { body: { email: "ada@example.org" } });
  expect(seen[0]?.authorization).toBeUndefined();
  answer = () => ({ status: 503, headers: { "retry-after": "1" } });
  await expect(mine.open("GET", "/v1/capabilities")).rejects.toBeInstanceOf(UnavailableError);
  expect(seen).toHaveLength(2);
});

test("a token is refreshed before it ends, once for all who ask", async () => {
  const mine = session();
  await mine.signUp({ email: "ada@example.org", password: "secret-secret" });
  now += 839_000;
  await expect(mine.token()).resolves.toBe("a1");
  now += 2_000;
  await expect(Promise.all([mine.token(), mine.token(), mine.token()])).resolves.toEqual(["a2", "a2", "a2"]);
  expect(seen.filter(({ route }) => route.endsWith("/refresh"))).toMatchObject([{ body: { refresh_token: "r1" } }]);
  await expect(mine.token({ reason: "rejected" })).resolves.toBe("a3");
});

test("tokens that another tab refreshed are used instead of spending the old ones", async () => {
  const one = session();
  await one.signIn({ email: "a", password: "b" });
  const other = session();
  now += 900_000;
  const [first] = await Promise.all([one.token()]);
  expect(first).toBe("a2");
  await expect(other.token()).resolves.toBe("a2");
  expect(seen.filter(({ route }) => route.endsWith("/refresh"))).toHaveLength(1);
});

test("a refused refresh signs out; a network failure does not", async () => {
  const mine = session();
  await mine.signIn({ email: "a", password: "b" });
  answer = () => ({ status: 503, body: { code: "unavailable", detail: "draining", retry_after_ms: 250 } });
  const error: unknown = await mine.token({ reason: "expiring" }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(UnavailableError);
  expect(error).toMatchObject({ message: "draining", retryAfterMs: 250 });
  expect(mine.user.get()).toBeDefined();
  answer = () => ({ status: 401, body: { code: "unauthenticated", detail: "used twice" } });
  await expect(mine.token({ reason: "expiring" })).rejects.toBeInstanceOf(UnauthenticatedError);
  expect(mine.user.get()).toBeUndefined();
});

test("requests are authorized, and repeated once with a fresh token after a 401", async () => {
  const mine = session();
  await mine.signIn({ email: "a", password: "b" });
  const list = await mine.get("/v1/cv/files", { query: { limit: 5, after: undefined } });
  expect(list).toEqual({ items: [], next: null });
  expect(seen.at(-1)).toMatchObject({ route: "GET /v1/cv/files?limit=5", authorization: "Bearer a1" });
  const usual = answer;
  answer = (entry) => (entry.authorization === "Bearer a1" ? { status: 401, body: { code: "unauthenticated" } } : usual(entry));
  await mine.request("GET", "/v1/cv/me");
  expect(seen.map(({ route }) => route.split(" ")[1]).slice(-3)).toEqual(["/v1/cv/me", "/v1/cv/auth/refresh", "/v1/cv/me"]);
});

test("refusals have the classes of calls, also where something before the server answered", async () => {
  const mine = session();
  await mine.signIn({ email: "a", password: "b" });
  answer = () => ({ status: 409, body: { code: "conflict", title: "Conflict", detail: "stale", details: { rev: 4 } } });
  const stale: unknown = await mine.request("POST", "/v1/x", { body: { a: 1 }, key: "k" }).catch((e: unknown) => e);
  expect(stale).toBeInstanceOf(ConflictError);
  expect(stale).toMatchObject({ message: "stale", details: { rev: 4 } });
  answer = () => ({ status: 429, body: "<html>slow down</html>", headers: { "retry-after": "3" } });
  await expect(mine.request("GET", "/v1/x")).rejects.toMatchObject({ code: "rate_limited", retryAfterMs: 3_000 });
  await expect(mine.request("GET", "/v1/x")).rejects.toBeInstanceOf(RateLimitedError);
  answer = () => ({ status: 502, body: "bad gateway" });
  await expect(mine.request("GET", "/v1/x")).rejects.toMatchObject({ code: "unavailable" });
  answer = () => ({ status: 200, body: "not json" });
  await expect(mine.request("GET", "/v1/x")).rejects.toBeInstanceOf(NetworkError);
  await expect(mine.request("GET", "/v1/x", { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  const gone = createSession({ baseUrl: "http://127.0.0.1:1" });
  await expect(gone.signIn({ email: "a", password: "b" })).rejects.toBeInstanceOf(NetworkError);
});

test("what is stored and unreadable counts as nobody", () => {
  for (const text of ["", "{", "{}", "[]", "null"]) {
    stored.set("estafette.cv.session", text);
    expect(session().user.get()).toBeUndefined();
  }
});

test("sign-out with an access token that has ended ends the session on the server all the same", async () => {
  const mine = session();
  await mine.signIn({ email: "a", password: "b" });
  const usual = answer;
  answer = (entry) => {
    if (!entry.route.endsWith("/sign-out")) return usual(entry);
    return entry.authorization === "Bearer a2" ? { status: 204 } : { status: 401, body: { code: "unauthenticated" } };
  };
  await mine.signOut();
  expect(seen.slice(1).map(({ route, body, authorization }) => [route.split("/").at(-1), body, authorization])).toEqual([
    ["sign-out", { refresh_token: "r1" }, "Bearer a1"],
    ["refresh", { refresh_token: "r1" }, undefined],
    ["sign-out", { refresh_token: "r2" }, "Bearer a2"],
  ]);
  expect(stored.size).toBe(0);
  expect(mine.user.get()).toBeUndefined();
});

test("who signs out while a refresh is under way stays signed out", async () => {
  const mine = session();
  await mine.signIn({ email: "a", password: "b" });
  const refreshing = mine.token({ reason: "expiring" });
  const out = mine.signOut();
  await expect(refreshing).rejects.toBeInstanceOf(UnauthenticatedError);
  await out;
  expect(stored.size).toBe(0);
  expect(mine.user.get()).toBeUndefined();
});

test("another tab's sign-out, and its sign-in as somebody else, are followed at once; its refresh is no news", async () => {
  const listeners = new Set<() => void>();
  vi.stubGlobal("window", {
    addEventListener: (_type: string, listener: () => void) => listeners.add(listener),
    removeEventListener: (_type: string, listener: () => void) => listeners.delete(listener),
  });
  const here = session();
  const there = session();
  vi.unstubAllGlobals();
  const tell = (): void => { for (const listener of listeners) listener(); };
  const users: (string | undefined)[] = [];
  here.user.subscribe(() => users.push(here.user.get()?.id));
  await there.signIn({ email: "a", password: "b" });
  tell();
  await there.token({ reason: "expiring" });
  tell();
  answer = () => ({ status: 204 });
  await there.signOut();
  tell();
  expect(users).toEqual(["u1", undefined]);
  here.close();
  there.close();
  expect(listeners.size).toBe(0);
});

test("a reading request is repeated as late as Retry-After wishes, a few times; a writing one is not", async () => {
  const mine = session();
  await mine.signIn({ email: "a", password: "b" });
  const usual = answer;
  let failures = 2;
  answer = (entry) => ((failures -= 1) >= 0 ? { status: 503, body: { code: "unavailable" }, headers: { "retry-after": "2" } } : usual(entry));
  await expect(mine.get("/v1/cv/files")).resolves.toMatchObject({ items: [] });
  expect(waits).toHaveLength(2);
  for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(2_000);
  failures = 100;
  const before = seen.length;
  await expect(mine.get("/v1/cv/files")).rejects.toBeInstanceOf(UnavailableError);
  expect(seen.length - before).toBe(4);
  await expect(mine.request("POST", "/v1/x", { body: {} })).rejects.toBeInstanceOf(UnavailableError);
  expect(seen.length - before).toBe(5);
  answer = () => ({ status: 503, body: { code: "unavailable" }, headers: { "retry-after": "120" } });
  await expect(mine.get("/v1/cv/files")).rejects.toMatchObject({ retryAfterMs: 120_000 });
  expect(seen.length - before).toBe(6);
});
