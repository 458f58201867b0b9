import { afterEach, beforeEach, expect, test } from "vitest";
import { NotFoundError, type StreamItem } from "../src/index.js";
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

const seqOf = (item: StreamItem<string>): number => (item.type === "event" ? item.event.seq : -1);

test("a loop gets the snapshot and every event, and breaking out of it leaves the topic", async () => {
  w.server.append("test:1");
  const seen: string[] = [];
  for await (const item of w.client.stream("test:1")) {
    seen.push(item.type);
    if (item.type === "snapshot") w.server.publish("test:1");
    if (seen.length === 3) break;
    if (item.type === "event") w.server.publish("test:1");
  }
  expect(seen).toEqual(["snapshot", "event", "event"]);
  await until(() => w.server.peer.subscribed.size === 0);
});

test("a slow loop holds a bounded number of items, leaves the topic meanwhile, and misses nothing", async () => {
  const stream = w.client.stream("test:1", { buffer: 8 });
  const first = await stream.next();
  expect(first.value).toMatchObject({ type: "snapshot" });
  const fast = new Notes();
  w.client.subscribe("test:1", fast.handlers);
  await until(() => fast.snapshots.length === 1);
  for (let n = 0; n < 100; n += 1) w.server.publish("test:1");
  await until(() => fast.seqs.length === 100);
  const seqs: number[] = [];
  while (seqs.length < 100) {
    const { value } = (await stream.next()) as { value: StreamItem<string> };
    seqs.push(seqOf(value));
    if (seqs.length % 10 === 0) await settled(w.server);
  }
  expect(seqs).toEqual(range(1, 100));
  expect(fast.seqs).toEqual(range(1, 100));
  await stream.return?.();
});

test("alone on its topic, a full loop is unsubscribed until it reads again", async () => {
  const stream = w.client.stream("test:1", { buffer: 4 });
  await stream.next();
  for (let n = 0; n < 10; n += 1) w.server.publish("test:1");
  await until(() => w.server.peer.subscribed.size === 0);
  expect(w.client.state.get().status).toBe("live");
  const seqs: number[] = [];
  while (seqs.length < 10) seqs.push(seqOf(((await stream.next()) as { value: StreamItem<string> }).value));
  expect(seqs).toEqual(range(1, 10));
  expect(w.server.peer.subscribed.size).toBe(1);
});

test("waiting volatile items are replaced by the newest of their key, and never fill the buffer", async () => {
  const stream = w.client.stream("test:1", { buffer: 4 });
  await stream.next();
  for (let n = 0; n < 50; n += 1)
    w.server.peer.send({ t: "live", topic: "test:1", key: `k${String(n % 2)}`, kind: "test.live", at: "", data: n });
  w.server.publish("test:1");
  await settled(w.server);
  const kinds: unknown[] = [];
  for (let n = 0; n < 3; n += 1) {
    const { value } = (await stream.next()) as { value: StreamItem<string> };
    kinds.push(value.type === "live" ? value.event.data : value.type);
  }
  expect(kinds).toEqual([48, 49, "event"]);
});

test("an abort ends the loop quietly and frees the topic", async () => {
  const controller = new AbortController();
  const seen: unknown[] = [];
  const loop = (async () => {
    for await (const item of w.client.stream("test:1", { signal: controller.signal })) seen.push(item);
  })();
  await until(() => seen.length === 1);
  controller.abort();
  await loop;
  await until(() => w.server.peer.subscribed.size === 0);
});

test("a refusal is thrown into the loop, once", async () => {
  w.server.onSub = (peer, sub) => {
    peer.send({ t: "err", id: sub.id, code: "not_found", message: "no such thing" });
    return true;
  };
  const stream = w.client.stream("test:1");
  await expect(stream.next()).rejects.toBeInstanceOf(NotFoundError);
  await expect(stream.next()).resolves.toMatchObject({ done: true });
});

test("closing the client ends the loop, also one that begins later", async () => {
  const stream = w.client.stream("test:1");
  await stream.next();
  const next = stream.next();
  w.client.close();
  await expect(next).resolves.toMatchObject({ done: true });
  await expect(w.client.stream("test:2").next()).resolves.toMatchObject({ done: true });
});
