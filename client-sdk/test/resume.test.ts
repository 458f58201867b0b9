import { afterEach, beforeEach, expect, test } from "vitest";
import { Notes, range, settled, until, world, type World } from "./support.js";

let w: World;
beforeEach(async () => {
  w = await world();
});
afterEach(async () => {
  w.client.close();
  await w.server.stop();
});

test("a first subscription gets the snapshot, then each event", async () => {
  w.server.append("test:1");
  const notes = new Notes();
  w.client.start();
  const subscription = w.client.subscribe("test:1", notes.handlers);
  await until(() => notes.snapshots.length === 1);
  w.server.publish("test:1");
  w.server.publish("test:1");
  await until(() => notes.seqs.length === 2);
  expect(notes.snapshots).toEqual([{ state: { seq: 1 }, position: { epoch: 7, seq: 1 } }]);
  expect(notes.seqs).toEqual([2, 3]);
  expect(subscription.position).toEqual({ epoch: 7, seq: 3 });
  expect(w.client.state.get().status).toBe("live");
});

test("after a cut every event that was missed comes once, and no second snapshot", async () => {
  const notes = new Notes();
  w.client.start();
  w.client.subscribe("test:1", notes.handlers);
  await until(() => notes.snapshots.length === 1);
  for (let round = 0; round < 5; round += 1) {
    w.server.publish("test:1");
    const gone = w.server.peer;
    gone.cut();
    await until(() => !w.server.peers.includes(gone));
    w.server.append("test:1");
    await until(() => w.server.peers.length === 1);
    w.server.publish("test:1");
    await until(() => notes.seqs.length >= 3 * (round + 1));
  }
  await settled(w.server);
  expect(notes.seqs).toEqual(range(1, 15));
  expect(notes.snapshots).toHaveLength(1);
  const subs = w.server.peer.received.filter((message) => message.t === "sub");
  expect(subs).toMatchObject([{ topic: "test:1", since: { epoch: 7 } }]);
});

test("an application continues from the position that it kept", async () => {
  for (let n = 0; n < 5; n += 1) w.server.append("test:1");
  const notes = new Notes();
  w.client.start();
  w.client.subscribe("test:1", notes.handlers, { since: { epoch: 7, seq: 2 } });
  await until(() => notes.seqs.length === 3);
  expect(notes.seqs).toEqual([3, 4, 5]);
  expect(notes.snapshots).toEqual([]);
});

test("where the log no longer has the events, a snapshot replaces what was known", async () => {
  const notes = new Notes();
  w.client.start();
  w.client.subscribe("test:1", notes.handlers);
  await until(() => notes.snapshots.length === 1);
  w.server.publish("test:1");
  await until(() => notes.seqs.length === 1);
  const gone = w.server.peer;
  gone.cut();
  for (let n = 0; n < 10; n += 1) w.server.append("test:1");
  w.server.truncate("test:1", 8);
  await until(() => notes.snapshots.length === 2);
  w.server.publish("test:1");
  await until(() => notes.seqs.length === 2);
  expect(notes.snapshots[1]).toEqual({ state: { seq: 11 }, position: { epoch: 7, seq: 11 } });
  expect(notes.seqs).toEqual([1, 12]);
  expect(w.diagnostics).toContainEqual({ type: "reset", topic: "test:1", position: { epoch: 7, seq: 11 } });
});

test("a log that was reborn (another epoch) resets, even at the same seq", async () => {
  const notes = new Notes();
  w.client.start();
  w.server.append("test:1");
  w.client.subscribe("test:1", notes.handlers);
  await until(() => notes.snapshots.length === 1);
  w.server.log("test:1").epoch = 8;
  w.server.peer.cut();
  await until(() => notes.snapshots.length === 2);
  w.server.publish("test:1");
  await until(() => notes.seqs.length === 1);
  expect(notes.snapshots[1]?.position).toEqual({ epoch: 8, seq: 1 });
  expect(notes.seqs).toEqual([2]);
});

test("catching up is shown until the mark says that all is there", async () => {
  const notes = new Notes();
  w.client.start();
  w.client.subscribe("test:1", notes.handlers);
  await until(() => notes.status === "live");
  const gone = w.server.peer;
  gone.cut();
  w.server.append("test:1");
  await until(() => w.server.peers.length === 1 && notes.seqs.length === 1);
  expect(notes.status).toBe("catching up");
  expect(w.client.state.get().status).toBe("catching up");
  w.server.mark();
  await until(() => notes.status === "live");
  expect(w.client.state.get().status).toBe("live");
});

test("a server that tells the head with its ok is caught up without waiting for a mark", async () => {
  w.server.tellsHead = true;
  const notes = new Notes();
  w.client.start();
  w.client.subscribe("test:1", notes.handlers);
  await until(() => notes.status === "live");
  w.server.peer.cut();
  w.server.append("test:1");
  w.server.append("test:1");
  await until(() => notes.seqs.length === 2);
  expect(notes.status).toBe("live");
});

test("a position beyond the end of the log (a restored database) is reset to what the server has", async () => {
  for (let n = 0; n < 5; n += 1) w.server.append("test:1");
  const notes = new Notes();
  w.client.start();
  w.client.subscribe("test:1", notes.handlers, { since: { epoch: 7, seq: 9 } });
  await until(() => notes.snapshots.length === 1);
  w.server.publish("test:1");
  await until(() => notes.seqs.length === 1);
  expect(notes.snapshots[0]?.position).toEqual({ epoch: 7, seq: 5 });
  expect(notes.seqs).toEqual([6]);
});

test("a snapshot in the middle of a subscription replaces the state", async () => {
  const notes = new Notes();
  w.client.start();
  w.client.subscribe("test:1", notes.handlers);
  await until(() => notes.snapshots.length === 1);
  for (let n = 0; n < 3; n += 1) w.server.append("test:1");
  w.server.peer.send({ t: "snap", topic: "test:1", epoch: 7, seq: 3, state: { seq: 3 } });
  w.server.publish("test:1");
  await until(() => notes.seqs.length === 1);
  expect(notes.snapshots[1]?.position.seq).toBe(3);
  expect(notes.seqs).toEqual([4]);
});
