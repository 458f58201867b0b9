import { afterEach, expect, test } from "vitest";
import { FakeServer } from "./fake-server.js";
import { Notes, until, world, type World } from "./support.js";

let w: World;
afterEach(async () => {
  w.client.close();
  await w.server.stop();
});

test("two heartbeats of silence: stale, then a new line is tried at once", async () => {
  const server = await FakeServer.start();
  server.heartbeatMs = 200;
  w = await world({}, server);
  const notes = new Notes();
  w.client.start();
  w.client.subscribe("test:1", notes.handlers);
  await until(() => notes.status === "live");
  server.peer.silent = true; // only the first connection is a silent one
  server.heartbeatMs = 60_000;
  server.append("test:1");
  await until(() => server.history.length === 2 && server.peers.length >= 1);
  await until(() => notes.seqs.length === 1);
  expect(w.statuses).toContain("stale");
  expect(w.statuses).not.toContain("offline");
});

test("marks keep a quiet line alive", async () => {
  const server = await FakeServer.start();
  server.heartbeatMs = 300;
  w = await world({}, server);
  w.client.start();
  await until(() => server.peers.length === 1);
  for (let n = 0; n < 10; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    server.mark();
  }
  expect(server.history).toHaveLength(1);
  expect(w.statuses).not.toContain("stale");
});

test("a drain is followed when the server says, and nothing is lost on the way", async () => {
  w = await world();
  const notes = new Notes();
  w.client.start();
  w.client.subscribe("test:1", notes.handlers);
  await until(() => notes.status === "live");
  w.server.peer.send({ t: "drain", reconnect_after_ms: 40 });
  const begin = performance.now();
  w.server.publish("test:1");
  await until(() => w.server.history.length === 2);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(38);
  w.server.append("test:1");
  await until(() => notes.seqs.length === 2);
  expect(notes.seqs).toEqual([1, 2]);
});

test("a node that closes before its drain time is up is not asked again before it", async () => {
  w = await world();
  w.client.start();
  await until(() => w.server.peers.length === 1);
  const begin = performance.now();
  w.server.peer.send({ t: "drain", reconnect_after_ms: 60 });
  w.server.peer.close(1012, "restart");
  await until(() => w.client.state.get().status === "offline");
  await until(() => w.server.history.length === 2);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(58);
});
