import { afterEach, beforeEach, expect, test } from "vitest";
import type { TokenRequest } from "../src/index.js";
import { Notes, until, world, type World } from "./support.js";

let w: World;
let requests: TokenRequest[];
beforeEach(async () => {
  requests = [];
  w = await world({ token: (request) => `token-${String(requests.push(request))}` });
  w.client.start();
  await until(() => w.server.peers.length === 1);
});
afterEach(async () => {
  w.client.close();
  await w.server.stop();
});

test("an expiring token is replaced on the live connection, and the subscriptions stay", async () => {
  const notes = new Notes();
  w.client.subscribe("test:1", notes.handlers);
  await until(() => notes.snapshots.length === 1);
  w.server.peer.send({ t: "expiring", at: "2026-11-21T06:00:00.000Z" });
  await until(() => w.server.peer.token === "token-2");
  w.server.publish("test:1");
  await until(() => notes.seqs.length === 1);
  expect(requests.map((request) => request.reason)).toEqual(["connect", "expiring"]);
  expect(w.server.history).toHaveLength(1);
});

test("a refused fresh token is not used again after the close that follows", async () => {
  w.server.onAuth = (peer, auth) => {
    peer.send({ t: "err", id: auth.id, code: "unauthenticated", message: "revoked" });
    peer.close(4401, "revoked");
    return true;
  };
  w.server.peer.send({ t: "expiring", at: "2026-11-21T06:00:00.000Z" });
  await until(() => w.server.history.length === 2 && w.server.peers.length === 1);
  expect(requests.map((request) => request.reason)).toEqual(["connect", "expiring", "rejected"]);
  expect(w.server.peer.token).toBe("token-3");
});
