import { afterEach, beforeEach, expect, test } from "vitest";
import { Notes, range, settled, until, world, type World } from "./support.js";

const TOPIC = "task:t1";
const RESULT = { task_id: "t1" };

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

/** As the server does it: subscribed, the first events, and only then the answer. */
function begin(answers = true): void {
  w.server.onCall = (peer, call) => {
    expect(call.follow).toBe(true);
    const { epoch } = w.server.log(TOPIC);
    peer.subscribed.add(TOPIC);
    peer.send({ t: "followed", id: call.id, topic: TOPIC, epoch, seq: 0 }, w.server.append(TOPIC), w.server.append(TOPIC));
    if (answers) peer.send({ t: "ok", id: call.id, result: RESULT });
    return true;
  };
}

test("a task that is followed is heard from its first event on, and asked for by nobody", async () => {
  begin();
  const notes = new Notes();
  const { result, subscription } = await w.client.follow("cv.generate", {} as never, notes.handlers);
  expect(result).toEqual(RESULT);
  w.server.publish(TOPIC);
  w.server.mark();
  await until(() => notes.status === "live");
  expect(notes.seqs).toEqual([1, 2, 3]);
  expect(notes.snapshots).toEqual([]);
  expect(subscription.topic).toBe(TOPIC);
  expect(subscription.position).toEqual({ epoch: 7, seq: 3 });
  await settled(w.server);
  expect(w.server.peer.received.map((message) => message.t)).toEqual(["hello", "call"]);
  subscription.unsubscribe();
  await until(() => !w.server.peer.subscribed.has(TOPIC));
});

test("after a reconnect it goes on from its place, and another reader shares it", async () => {
  begin();
  const notes = new Notes();
  await w.client.follow("cv.generate", {} as never, notes.handlers);
  await until(() => notes.seqs.length === 2);
  w.server.peer.cut();
  await until(() => w.server.peers.length === 0);
  for (let more = 0; more < 3; more += 1) w.server.append(TOPIC);
  await until(() => notes.seqs.length === 5);
  const other = new Notes();
  w.client.subscribe(TOPIC, other.handlers);
  await until(() => other.snapshots.length === 1);
  w.server.publish(TOPIC);
  await until(() => notes.seqs.length === 6 && other.seqs.length === 1);
  expect(notes.seqs).toEqual(range(1, 6));
  expect(notes.snapshots).toEqual([]);
});

test("a call that starts nothing new is subscribed to by its answer, with a snapshot", async () => {
  w.server.append(TOPIC);
  w.server.onCall = (peer, call) => {
    peer.send({ t: "ok", id: call.id, result: RESULT });
    return true;
  };
  const notes = new Notes();
  await w.client.follow("cv.generate", {} as never, notes.handlers);
  await until(() => notes.status === "live");
  expect(notes.snapshots.map(({ position }) => position.seq)).toEqual([1]);
});

test("a line that breaks between the task and the answer loses nothing: the call is repeated, the task resumed", async () => {
  begin(false);
  const notes = new Notes();
  const followed = w.client.follow("cv.generate", {} as never, notes.handlers);
  await until(() => notes.seqs.length === 2);
  w.server.onCall = (peer, call) => {
    peer.send({ t: "ok", id: call.id, result: RESULT });
    return true;
  };
  w.server.append(TOPIC);
  w.server.peer.cut();
  await expect(followed).resolves.toMatchObject({ result: RESULT });
  await until(() => notes.seqs.length === 3);
  expect(notes.seqs).toEqual([1, 2, 3]);
  expect(notes.snapshots).toEqual([]);
});

test("whoever does not wait for the answer any more follows nothing, and a call that failed neither", async () => {
  begin(false);
  const notes = new Notes();
  const abort = new AbortController();
  const followed = w.client.follow("cv.generate", {} as never, notes.handlers, { signal: abort.signal });
  await until(() => notes.seqs.length === 2);
  abort.abort(new Error("changed my mind"));
  await expect(followed).rejects.toThrow("changed my mind");
  await until(() => !w.server.peer.subscribed.has(TOPIC));

  // Told of after it was given up.
  const { peer } = w.server;
  peer.subscribed.add("task:t2");
  peer.send({ t: "followed", id: 77, topic: "task:t2", epoch: 7, seq: 0 });
  await until(() => !peer.subscribed.has("task:t2"));

  w.server.onCall = (to, call) => {
    to.send({ t: "err", id: call.id, code: "insufficient_credits", message: "buy some" });
    return true;
  };
  await expect(w.client.follow("cv.generate", {} as never, notes.handlers)).rejects.toThrow("buy some");
  w.server.onCall = (to, call) => {
    to.send({ t: "ok", id: call.id, result: { done: true } });
    return true;
  };
  await expect(w.client.follow("test.do", {}, notes.handlers)).rejects.toThrow("test.do starts no task");
  expect(notes.seqs).toEqual([1, 2]);
});
