/** Silence of the line, told truly: only the clock and the socket's other end decide, and both are the test's. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createClient, type Client } from "../src/index.js";
import { FakeSocket, FakeSocketClass } from "./fake-socket.js";
import { ManualClock } from "./manual-clock.js";

const HEARTBEAT = 10_000;
let clock: ManualClock;
let client: Client;
let wake: () => void;
const status = (): string => client.state.get().status;

beforeEach(async () => {
  FakeSocket.opened = [];
  clock = new ManualClock();
  const page = { addEventListener: (type: string, listener: () => void) => { if (type === "online") wake = listener; }, removeEventListener: () => undefined };
  vi.stubGlobal("window", page);
  client = createClient({ url: "http://localhost/v1/live", token: () => "token", codec: "json", webSocket: FakeSocketClass, device: "test", clock, random: () => 1, backoff: { baseMs: 1_000, maxMs: 8_000 } });
  client.start();
  await clock.advance(0);
  socket().open();
  socket().welcome(HEARTBEAT);
  await clock.advance(0);
});
afterEach(() => {
  client.close();
  expect(clock.pending).toBe(0);
  vi.unstubAllGlobals();
});

function socket(): FakeSocket {
  const last = FakeSocket.opened.at(-1);
  if (last === undefined) throw new Error("no line");
  return last;
}

test("stale is said when the heartbeat is overdue, not before, and the server is asked for a sign", async () => {
  await clock.advance(1.5 * HEARTBEAT - 1);
  expect(status()).toBe("live");
  expect(socket().of("ping")).toHaveLength(0);
  await clock.advance(1);
  expect(status()).toBe("stale");
  expect(socket().of("ping")).toHaveLength(1);
  socket().say({ t: "pong", id: 0 });
  expect(status()).toBe("live");
  expect(FakeSocket.opened).toHaveLength(1);
  // And again, from this sign on.
  await clock.advance(1.5 * HEARTBEAT - 1);
  expect(status()).toBe("live");
  await clock.advance(1);
  expect(status()).toBe("stale");
});

test("a line that stays silent is given up after two heartbeats, and stale stays until another one is there", async () => {
  await clock.advance(2 * HEARTBEAT);
  expect(FakeSocket.opened).toHaveLength(2);
  expect(FakeSocket.opened[0]?.closedWith).toBeDefined();
  expect(status()).toBe("stale");
  socket().open();
  socket().welcome(HEARTBEAT);
  expect(status()).toBe("live");
});

test("anything that comes in keeps a line alive: nothing is set for each message, and no mark is needed", async () => {
  for (let n = 0; n < 50; n += 1) {
    await clock.advance(HEARTBEAT);
    socket().say({ t: "live", topic: "x", key: "k", kind: "any", at: "", data: n });
    expect(status()).toBe("live");
  }
  expect(FakeSocket.opened).toHaveLength(1);
  expect(clock.pending).toBe(1);
});

test("a wall clock that jumps by days, either way, changes nothing", async () => {
  const wall = vi.spyOn(Date, "now");
  for (const jump of [-3 * 86_400_000, 3 * 86_400_000, 0]) {
    wall.mockReturnValue(1_800_000_000_000 + jump);
    await clock.advance(HEARTBEAT);
    socket().say({ t: "mark", heads: {} });
    wake();
    await clock.advance(1);
    expect(status()).toBe("live");
  }
  expect(FakeSocket.opened).toHaveLength(1);
  wall.mockRestore();
});

test("a page that wakes asks a line that it has not heard for a while, and gives up one that does not answer", async () => {
  wake();
  expect(socket().of("ping")).toHaveLength(0); // heard just now
  await clock.advance(2_000);
  wake();
  wake();
  await clock.advance(0);
  expect(socket().of("ping")).toHaveLength(1);
  socket().say({ t: "pong", id: 0 });
  await clock.advance(5_000);
  expect(FakeSocket.opened).toHaveLength(1);
  wake();
  await clock.advance(5_000);
  expect(FakeSocket.opened).toHaveLength(2);
});

test("what the server cannot reach is told, and forgotten with the line", async () => {
  const outage = { what: "database", since: "2026-11-21T05:00:00.000Z", message: "the database is away" } as const;
  socket().say({ t: "health", outages: [{ ...outage }] });
  expect(client.outages.get()).toEqual([outage]);
  expect(status()).toBe("live");
  socket().say({ t: "health", outages: [] });
  expect(client.outages.get()).toEqual([]);
  socket().say({ t: "health", outages: [{ ...outage }] });
  socket().end(1006);
  expect(client.outages.get()).toEqual([]);
  await clock.advance(0);
});
