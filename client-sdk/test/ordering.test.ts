import { afterEach, beforeEach, expect, test } from "vitest";
import { Notes, range, settled, until, world, type World } from "./support.js";

let w: World;
let notes: Notes;
beforeEach(async () => {
  w = await world();
  notes = new Notes();
  w.client.start();
  w.client.subscribe("test:1", notes.handlers);
  await until(() => notes.snapshots.length === 1);
});
afterEach(async () => {
  w.client.close();
  await w.server.stop();
});

test("a duplicate is dropped", async () => {
  const event = w.server.publish("test:1");
  w.server.peer.send(event, event);
  w.server.publish("test:1");
  await until(() => notes.seqs.length >= 2);
  await settled(w.server);
  expect(notes.seqs).toEqual([1, 2]);
  expect(w.diagnostics).toContainEqual({ type: "duplicate", topic: "test:1", seq: 1 });
});

test("a gap is not handed over: the topic is asked for again from where the reader stands", async () => {
  w.server.publish("test:1");
  w.server.append("test:1"); // lost on the way
  w.server.publish("test:1");
  await until(() => notes.seqs.length === 3);
  expect(notes.seqs).toEqual([1, 2, 3]);
  expect(notes.snapshots).toHaveLength(1);
  expect(w.diagnostics).toContainEqual({ type: "gap", topic: "test:1", expected: 2, got: 3 });
  expect(w.server.peer.received.slice(-2)).toMatchObject([
    { t: "unsub", topic: "test:1" },
    { t: "sub", topic: "test:1", since: { epoch: 7, seq: 1 } },
  ]);
});

test("events in the wrong order come out in the right one", async () => {
  const events = [1, 2, 3, 4].map(() => w.server.append("test:1"));
  w.server.peer.send(...events.reverse());
  await until(() => notes.seqs.length === 4);
  await settled(w.server);
  expect(notes.seqs).toEqual([1, 2, 3, 4]);
});

test("a lost event at the end is noticed by the mark", async () => {
  w.server.publish("test:1");
  w.server.append("test:1"); // lost, and nothing follows that would show the hole
  await until(() => notes.seqs.length === 1);
  w.server.mark();
  await until(() => notes.status === "catching up");
  w.server.mark();
  await until(() => notes.seqs.length === 2);
  w.server.mark();
  await until(() => notes.status === "live");
  expect(notes.seqs).toEqual([1, 2]);
});

test("a server that keeps skipping events is asked less and less often, not in a loop", async () => {
  let subs = 0;
  w.server.onSub = (peer, sub) => {
    subs += 1;
    if (subs > 20) return false; // mends itself at last
    peer.subscribed.add(sub.topic);
    peer.send({ t: "ok", id: sub.id }, { ...w.server.append("test:1"), seq: 500 + subs });
    return true;
  };
  w.server.append("test:1");
  w.server.publish("test:1");
  await until(() => notes.seqs.length >= 20);
  const head = w.server.head("test:1");
  await until(() => notes.seqs.length === head);
  expect(notes.seqs).toEqual(range(1, head));
});

test("volatile events come as they are, and none before the snapshot", async () => {
  w.server.peer.send({ t: "live", topic: "test:1", key: "k", kind: "test.live", at: "", data: 1 });
  await until(() => notes.lives.length === 1);
  expect(notes.lives).toEqual([1]);
});

test("a handler that throws is reported, and the next events still come", async () => {
  let calls = 0;
  w.client.subscribe("test:1", {
    onEvent: () => {
      calls += 1;
      throw new Error("application defect");
    },
  });
  await until(() => w.server.peer.received.filter((message) => message.t === "sub").length === 2);
  await settled(w.server);
  w.server.publish("test:1");
  w.server.publish("test:1");
  await until(() => calls === 2 && notes.seqs.length === 2);
  expect(w.diagnostics.filter((diagnostic) => diagnostic.type === "listener")).toHaveLength(2);
});
