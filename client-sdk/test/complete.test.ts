/** Complete up to the server's head, or it is asked again: what marks prove, and what they do not. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClient, type Client, type Diagnostic } from "../src/index.js";
import type { Ev } from "../src/wire.js";
import { GRACE_MS } from "../src/debt.js";
import { FakeSocket, FakeSocketClass } from "./fake-socket.js";
import { ManualClock } from "./manual-clock.js";
import { Notes } from "./support.js";

let clock: ManualClock;
let client: Client;
let notes: Notes;
let statuses: string[];
let diagnostics: Diagnostic[];
const marks: number[] = [];

const ev = (seq: number, topic = "test:1"): Ev => ({ t: "ev", topic, seq, kind: "test.event", at: "", data: {} });
const socket = (): FakeSocket => FakeSocket.opened.at(-1)!;
const lastSub = (topic = "test:1") => socket().of("sub").filter((sub) => sub.topic === topic).at(-1)!;

beforeEach(async () => {
  FakeSocket.opened = [];
  clock = new ManualClock();
  notes = new Notes();
  statuses = [];
  diagnostics = [];
  marks.length = 0;
  client = createClient({
    url: "http://localhost/v1/live",
    token: () => "token",
    codec: "json",
    webSocket: FakeSocketClass,
    device: "test",
    clock,
    random: () => 1,
    onDiagnostics: (diagnostic) => {
      diagnostics.push(diagnostic);
      if (diagnostic.type === "state") statuses.push(diagnostic.state.status);
    },
  });
  client.start();
  await clock.advance(0);
  socket().open();
  socket().welcome(60_000);
  client.subscribe("test:1", { ...notes.handlers, onMark: (head) => marks.push(head) });
  await clock.advance(0);
  grant("test:1", 5);
  await clock.advance(0);
});
afterEach(() => {
  client.close();
  expect(clock.pending).toBe(0);
});

function grant(topic: string, seq: number): void {
  socket().say({ t: "ok", id: lastSub(topic).id }, { t: "snap", topic, epoch: 1, seq, state: {} });
}

test("a mark at the topic's own place: complete, nothing is asked, and the head is handed on", () => {
  socket().say({ t: "mark", heads: { "test:1": 5 } });
  expect(client.state.get().status).toBe("live");
  expect(marks).toEqual([5]);
  expect(socket().of("sub")).toHaveLength(1);
});

test("a mark that overtook the events beside it is no news: nobody sees a moment of catching up", () => {
  statuses.length = 0;
  socket().say({ t: "mark", heads: { "test:1": 7 } }, ev(6), ev(7));
  expect(notes.seqs).toEqual([6, 7]);
  expect(statuses).toEqual([]);
});

test("a mark that is ahead: catching up until what it counts has come", async () => {
  socket().say({ t: "mark", heads: { "test:1": 7 } });
  expect(client.state.get().status).toBe("catching up");
  expect(notes.status).toBe("catching up");
  socket().say(ev(6));
  expect(client.state.get().status).toBe("catching up");
  socket().say(ev(7));
  expect(client.state.get().status).toBe("live");
  await clock.advance(2 * GRACE_MS);
  expect(socket().of("sub")).toHaveLength(1);
});

test("what does not come within the grace is asked for again from where the topic stands", async () => {
  socket().say({ t: "mark", heads: { "test:1": 7 } });
  await clock.advance(GRACE_MS - 1);
  expect(socket().of("sub")).toHaveLength(1);
  await clock.advance(1);
  expect(lastSub()).toMatchObject({ since: { epoch: 1, seq: 5 } });
  expect(diagnostics).toContainEqual({ type: "gap", topic: "test:1", expected: 6, got: 7 });
  socket().say({ t: "ok", id: lastSub().id, result: { epoch: 1, seq: 7 } }, ev(6), ev(7));
  expect(notes.seqs).toEqual([6, 7]);
  expect(client.state.get().status).toBe("live");
});

test("as long as durable messages come, the grace goes on: a slow line is busy, not broken", async () => {
  client.subscribe("test:2", new Notes().handlers);
  await clock.advance(0);
  grant("test:2", 0);
  socket().say({ t: "mark", heads: { "test:1": 6, "test:2": 9 } });
  for (let seq = 1; seq <= 9; seq += 1) {
    await clock.advance(GRACE_MS - 10);
    socket().say(ev(seq, "test:2"));
  }
  expect(socket().of("sub")).toHaveLength(2);
  socket().say(ev(6));
  expect(client.state.get().status).toBe("live");
});

test("a topic that marks find unmoved again and again is asked for, however busy the others are", async () => {
  client.subscribe("test:2", new Notes().handlers);
  await clock.advance(0);
  grant("test:2", 0);
  for (let round = 1; round <= 4; round += 1) {
    expect(socket().of("sub")).toHaveLength(2);
    socket().say(ev(round, "test:2"));
    socket().say({ t: "mark", heads: { "test:1": 6, "test:2": round } });
    await clock.advance(10);
  }
  await clock.advance(0);
  expect(lastSub()).toMatchObject({ since: { epoch: 1, seq: 5 } });
});

test("a server that answers again and again without the events is asked less and less often", async () => {
  const asked: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    socket().say({ t: "mark", heads: { "test:1": 7 } });
    const before = socket().of("sub").length;
    for (let n = 0; socket().of("sub").length === before && n < 2_000; n += 1) {
      await clock.advance(100);
      socket().say({ t: "pong", id: 0 });
    }
    asked.push(clock.now());
    socket().say({ t: "ok", id: lastSub().id });
    await clock.advance(0);
  }
  const gaps = asked.map((at, index) => at - (asked[index - 1] ?? 0));
  expect(gaps[4]).toBeGreaterThan(gaps[1]! + 1_000);
});

test("a server that needs long to look is waited for longer each time: its answer is not thrown away for ever", async () => {
  const looks = 20_000;
  socket().say({ t: "mark", heads: { "test:1": 6 } });
  let asked = socket().of("sub").length;
  for (let passed = 0; notes.seqs.length === 0 && passed < 300_000; passed += 100) {
    await clock.advance(100);
    socket().say({ t: "pong", id: 0 });
    if (socket().of("sub").length === asked) continue;
    asked = socket().of("sub").length;
    const { id } = lastSub();
    socket().say({ t: "ok", id, result: { epoch: 1, seq: 6 } });
    // The page of the log comes only if it was not asked again meanwhile.
    clock.setTimeout(() => {
      if (lastSub().id === id) socket().say(ev(6));
    }, looks);
  }
  expect(notes.seqs).toEqual([6]);
  expect(client.state.get().status).toBe("live");
});

test("a subscription that is never answered is asked for again, while the line lives", async () => {
  client.subscribe("test:3", new Notes().handlers);
  for (let n = 0; n < 4; n += 1) {
    await clock.advance(10_000);
    socket().say({ t: "mark", heads: {} });
  }
  expect(socket().of("sub").filter((sub) => sub.topic === "test:3")).toHaveLength(2);
  grant("test:3", 2);
  await clock.advance(0);
  expect(client.state.get().status).toBe("live");
});

test("after a reconnect it is not complete before the server's head says so", async () => {
  socket().end(1012);
  await clock.advance(30_000);
  socket().open();
  socket().welcome(60_000);
  await clock.advance(0);
  expect(lastSub()).toMatchObject({ since: { epoch: 1, seq: 5 } });
  socket().say({ t: "ok", id: lastSub().id });
  expect(client.state.get().status).toBe("catching up");
  socket().say({ t: "mark", heads: { "test:1": 6 } }, ev(6));
  expect(client.state.get().status).toBe("live");
});
