/** A server that wants to be left alone for a while is: drain, 1012, 1013, 4429, and Retry-After over HTTP. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { createClient, UnavailableError, type Client, type ClientOptions } from "../src/index.js";
import { MAX_WISH_MS } from "../src/backoff.js";
import { retryAfter } from "../src/retry-after.js";
import { FakeSocket, FakeSocketClass } from "./fake-socket.js";
import { ManualClock } from "./manual-clock.js";
import { until } from "./support.js";

let clock: ManualClock;
let client: Client | undefined;
let wake: (() => void) | undefined;

beforeEach(() => {
  FakeSocket.opened = [];
  clock = new ManualClock();
  vi.stubGlobal("window", { addEventListener: (type: string, listener: () => void) => { if (type === "online") wake = listener; }, removeEventListener: () => undefined });
});
afterEach(() => {
  client?.close();
  expect(clock.pending).toBe(0);
  vi.unstubAllGlobals();
});

async function live(random: number, options: Partial<ClientOptions> = {}): Promise<Client> {
  client = createClient({ url: "http://localhost/v1/live", token: () => "token", codec: "json", webSocket: FakeSocketClass, device: "test", clock, random: () => random, backoff: { baseMs: 500, maxMs: 30_000 }, ...options });
  client.start();
  await welcome();
  return client;
}
async function welcome(): Promise<void> {
  await clock.advance(0);
  FakeSocket.opened.at(-1)?.open();
  FakeSocket.opened.at(-1)?.welcome();
  await clock.advance(0);
}
/** How long until the next line is opened. */
async function waited(limit = 400_000): Promise<number> {
  const before = FakeSocket.opened.length;
  const begin = clock.now();
  const state = client?.state.get();
  if (state?.status === "offline") await clock.advance(Math.min(limit, state.retryAt - state.since));
  expect(FakeSocket.opened.length).toBe(before + 1);
  return clock.now() - begin;
}

test("1012: back at a time between now and the first ceiling", async () => {
  for (const [random, delay] of [[0, 0], [0.5, 250], [1, 500]] as const) {
    FakeSocket.opened = [];
    await live(random);
    FakeSocket.opened.at(-1)?.end(1012, "restart");
    expect(await waited()).toBe(delay);
    client?.close();
  }
});

test("1013 and 4429: not before a second, spread over another, and later each time", async () => {
  for (const code of [1013, 4429]) {
    FakeSocket.opened = [];
    await live(0);
    FakeSocket.opened.at(-1)?.end(code);
    expect(await waited()).toBe(1_000);
    client?.close();
    await live(1);
    const delays: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      FakeSocket.opened.at(-1)?.end(code);
      delays.push(await waited());
      await welcome();
    }
    expect(delays).toEqual([2_000, 2_000, 3_000, 5_000, 9_000, 17_000, 31_000, 31_000]);
    client?.close();
  }
});

test("coming online does not shorten what the server asked for; it does shorten a wait of our own", async () => {
  await live(1);
  FakeSocket.opened.at(-1)?.end(1013);
  wake?.();
  await clock.advance(999);
  expect(FakeSocket.opened).toHaveLength(1);
  await clock.advance(1_001);
  expect(FakeSocket.opened).toHaveLength(2);
  await welcome();
  FakeSocket.opened.at(-1)?.end(1006);
  wake?.();
  await clock.advance(0);
  expect(FakeSocket.opened).toHaveLength(3);
});

test("drain: served until the time that the server gave, then over to the next node, without a word of offline", async () => {
  const { state } = await live(1);
  const statuses: string[] = [];
  state.subscribe(() => statuses.push(state.get().status));
  FakeSocket.opened.at(-1)?.say({ t: "drain", reconnect_after_ms: 7_000 });
  wake?.();
  await clock.advance(6_999);
  expect(FakeSocket.opened).toHaveLength(1);
  expect(state.get().status).toBe("live");
  await clock.advance(1);
  expect(FakeSocket.opened).toHaveLength(2);
  await welcome();
  expect(statuses).toEqual(["connecting", "live"]);
});

test("drain, then closed before its time with 1012 or 1013: the time stands", async () => {
  for (const code of [1012, 1013]) {
    FakeSocket.opened = [];
    await live(1);
    FakeSocket.opened.at(-1)?.say({ t: "drain", reconnect_after_ms: 7_000 });
    await clock.advance(1_000);
    FakeSocket.opened.at(-1)?.end(code);
    wake?.();
    expect(await waited()).toBe(6_000);
    client?.close();
  }
});

test("a drain of weeks is a mistake, and followed within the bound", async () => {
  await live(1);
  FakeSocket.opened.at(-1)?.say({ t: "drain", reconnect_after_ms: 4_000_000_000 });
  for (let passed = 0; passed < MAX_WISH_MS; passed += 10_000) {
    FakeSocket.opened[0]?.say({ t: "mark", heads: {} });
    await clock.advance(10_000);
  }
  expect(FakeSocket.opened).toHaveLength(2);
});

test("a token that is refused for now with Retry-After is asked for again no sooner", async () => {
  let asked = 0;
  client = createClient({
    url: "http://localhost/v1/live",
    webSocket: FakeSocketClass,
    device: "test",
    clock,
    random: () => 0,
    token: () => {
      asked += 1;
      if (asked > 1) return "token";
      throw new UnavailableError({ code: "unavailable", message: "draining", retryAfterMs: 4_000 });
    },
  });
  client.start();
  await clock.advance(3_999);
  expect(asked).toBe(1);
  await clock.advance(1);
  expect(asked).toBe(2);
});

test("an upgrade that is refused with 503 and Retry-After: Node is told, and comes back as told", async () => {
  let upgrades = 0;
  const server: Server = createServer((_request, response) => {
    upgrades += 1;
    response.writeHead(503, { "retry-after": "3" });
    response.end();
  });
  server.on("upgrade", (_request, socket) => {
    upgrades += 1;
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const made = createClient({ url: `ws://127.0.0.1:${String(port)}/v1/live`, token: () => "token", webSocket: WebSocket, clock, random: () => 0 });
  client = made;
  made.start();
  await until(() => made.state.get().status === "offline");
  const state = made.state.get();
  expect(state).toMatchObject({ reason: expect.stringContaining("HTTP 503") as string });
  if (state.status === "offline") expect(state.retryAt - state.since).toBe(3_000);
  await clock.advance(2_999);
  expect(upgrades).toBe(1);
  await clock.advance(1);
  await until(() => upgrades === 2);
  made.close();
  await new Promise((resolve) => server.close(resolve));
});

test("Retry-After is read as seconds, or as a date by the server's own clock", () => {
  const date = "Sat, 21 Nov 2026 10:00:00 GMT";
  expect(retryAfter("2", date)).toBe(2_000);
  expect(retryAfter("0.5", null)).toBe(500);
  expect(retryAfter("Sat, 21 Nov 2026 10:00:30 GMT", date)).toBe(30_000);
  expect(retryAfter("Sat, 21 Nov 2026 09:00:00 GMT", date)).toBe(0);
  for (const nothing of [undefined, null, "", "soon"]) expect(retryAfter(nothing, date)).toBeUndefined();
  expect(retryAfter("Sat, 21 Nov 2026 10:00:30 GMT", undefined)).toBeUndefined();
});
