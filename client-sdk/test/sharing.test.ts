import { afterEach, beforeEach, expect, test } from "vitest";
import { ForbiddenError } from "../src/index.js";
import { Notes, range, settled, until, world, type World } from "./support.js";

let w: World;
beforeEach(async () => {
  w = await world();
  w.client.start();
  await until(() => w.server.peers.length === 1);
});
afterEach(async () => {
  w.client.close();
  await w.server.stop();
});

test("several readers of a topic share one subscription", async () => {
  const notes = [new Notes(), new Notes(), new Notes()];
  const subscriptions = notes.map((each) => w.client.subscribe("test:1", each.handlers));
  await until(() => notes.every((each) => each.snapshots.length === 1));
  w.server.publish("test:1");
  await until(() => notes.every((each) => each.seqs.length === 1));
  expect(w.server.peer.received.filter((message) => message.t === "sub")).toHaveLength(1);
  subscriptions[0]?.unsubscribe();
  subscriptions[1]?.unsubscribe();
  w.server.publish("test:1");
  await until(() => notes[2]?.seqs.length === 2);
  expect(notes[0]?.seqs).toEqual([1]);
  expect(w.server.peer.subscribed.size).toBe(1);
  subscriptions[2]?.unsubscribe();
  await until(() => w.server.peer.subscribed.size === 0);
});

test("a late reader gets a current snapshot, and the others no second one", async () => {
  const early = new Notes();
  w.client.subscribe("test:1", early.handlers);
  await until(() => early.snapshots.length === 1);
  w.server.publish("test:1");
  await until(() => early.seqs.length === 1);
  const late = new Notes();
  w.client.subscribe("test:1", late.handlers);
  await until(() => late.snapshots.length === 1);
  w.server.publish("test:1");
  await until(() => late.seqs.length === 1 && early.seqs.length === 2);
  expect(late.snapshots[0]?.position.seq).toBe(1);
  expect(late.seqs).toEqual([2]);
  expect(early.snapshots).toHaveLength(1);
  expect(early.seqs).toEqual([1, 2]);
});

test("events between a late reader's snapshot and the others' place are given to the others one by one", async () => {
  const early = new Notes();
  w.client.subscribe("test:1", early.handlers);
  await until(() => early.snapshots.length === 1);
  const late = new Notes();
  w.server.onSub = (peer, sub) => {
    if (sub.since === undefined) for (let n = 0; n < 3; n += 1) w.server.append("test:1"); // committed meanwhile
    w.server.grant(peer, sub);
    return true;
  };
  w.client.subscribe("test:1", late.handlers);
  await until(() => late.snapshots.length === 1 && early.seqs.length === 3);
  w.server.publish("test:1");
  await until(() => early.seqs.length === 4 && late.seqs.length === 1);
  expect(early.seqs).toEqual(range(1, 4));
  expect(early.snapshots).toHaveLength(1);
  expect(late.snapshots).toEqual([{ state: { seq: 3 }, position: { epoch: 7, seq: 3 } }]);
  expect(late.seqs).toEqual([4]);
});

test("readers at different places of one topic each get their own rest", async () => {
  for (let n = 0; n < 6; n += 1) w.server.append("test:1");
  const a = new Notes();
  const b = new Notes();
  w.client.subscribe("test:1", a.handlers, { since: { epoch: 7, seq: 1 } });
  w.client.subscribe("test:1", b.handlers, { since: { epoch: 7, seq: 4 } });
  await until(() => a.seqs.length === 5 && b.seqs.length === 2);
  expect(a.seqs).toEqual(range(2, 6));
  expect(b.seqs).toEqual([5, 6]);
});

test("leaving and joining in one turn says nothing on the wire", async () => {
  const before = w.server.peer.received.length;
  w.client.subscribe("test:1", {}).unsubscribe();
  await settled(w.server);
  expect(w.server.peer.received.length).toBe(before);
});

test("leaving and joining again gets a snapshot again", async () => {
  for (let round = 0; round < 10; round += 1) {
    const notes = new Notes();
    const subscription = w.client.subscribe("test:1", notes.handlers);
    await until(() => notes.snapshots.length === 1);
    w.server.publish("test:1");
    await until(() => notes.seqs.length === 1);
    subscription.unsubscribe();
    await Promise.resolve();
  }
});

test("a refusal ends the subscription and says why; a passing one is tried again", async () => {
  let n = 0;
  w.server.onSub = (peer, sub) => {
    n += 1;
    if (sub.topic === "test:secret") peer.send({ t: "err", id: sub.id, code: "forbidden", message: "not yours" });
    else if (n < 4) peer.send({ t: "err", id: sub.id, code: "unavailable", message: "soon", retry_after_ms: 5 });
    else return false;
    return true;
  };
  const secret = new Notes();
  w.client.subscribe("test:secret", secret.handlers);
  await until(() => secret.status === "refused");
  const status = secret.statuses.at(-1);
  expect(status?.at === "refused" && status.error).toBeInstanceOf(ForbiddenError);
  const passing = new Notes();
  w.client.subscribe("test:1", passing.handlers);
  await until(() => passing.status === "live");
  expect(w.client.state.get().status).toBe("live");
});

test("a revoked subscription ends, and is not resumed", async () => {
  const notes = new Notes();
  w.client.subscribe("test:1", notes.handlers);
  await until(() => notes.status === "live");
  w.server.peer.send({ t: "revoked", topic: "test:1", message: "you left the project" });
  await until(() => notes.status === "revoked");
  w.server.peer.cut();
  await until(() => w.server.history.length === 2 && w.server.peers.length === 1);
  await w.client.call("test.any", {});
  expect(w.server.peer.received.map((message) => message.t)).toEqual(["hello", "call"]);
});

test("who leaves and comes back while the server still looks into the first request is not refused", async () => {
  const held: (() => void)[] = [];
  w.server.onSub = (peer, sub) => {
    held.push(() => w.server.grant(peer, sub));
    return true;
  };
  const first = w.client.subscribe("test:1", {});
  await until(() => held.length === 1);
  first.unsubscribe();
  await settled(w.server);
  const notes = new Notes();
  w.client.subscribe("test:1", notes.handlers);
  await settled(w.server);
  expect(w.server.peer.received.map((message) => message.t)).toEqual(["hello", "sub"]);
  w.server.onSub = () => false;
  held[0]?.();
  await until(() => notes.snapshots.length === 1);
  w.server.publish("test:1");
  await until(() => notes.seqs.length === 1);
});

test("who leaves while the server still looks into the request is unsubscribed after the answer", async () => {
  const held: (() => void)[] = [];
  w.server.onSub = (peer, sub) => {
    held.push(() => w.server.grant(peer, sub));
    return true;
  };
  const first = w.client.subscribe("test:1", {});
  await until(() => held.length === 1);
  first.unsubscribe();
  held[0]?.();
  await until(() => w.server.peer.received.at(-1)?.t === "unsub");
  expect(w.server.peer.subscribed.size).toBe(0);
});
