/** The protocol's promises, asked of a real server. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { createClient, createSession, NotFoundError, type Client, type Session, type TaskStarted } from "../../src/index.js";
import { Notes, range, until } from "../support.js";
import { startServer, type RealServer } from "./server.js";

let server: RealServer;
let session: Session;
let client: Client;
beforeAll(async () => {
  server = await startServer();
  session = createSession({ baseUrl: server.baseUrl });
  await session.signUp({ email: `basics-${String(Date.now())}@example.org`, password: "correct horse battery" });
  client = createClient({ url: server.liveUrl, token: session.token, webSocket: WebSocket });
  client.start();
});
afterAll(async () => {
  client.close();
  await server.stop();
});

test("a person's own feed begins with a snapshot, and a new CV appears in it", async () => {
  const { id: user } = session.user.get() ?? { id: "" };
  const notes = new Notes();
  client.subscribe(`user:${user}`, notes.handlers);
  await until(() => notes.snapshots.length === 1);
  const key = `create-${String(Date.now())}`;
  const params = { filename: `${key}.json`, content: { basics: { name: "Ada" } } };
  const first = await client.call("cv.create", params, { key });
  const again = await client.call("cv.create", params, { key });
  expect(again.id).toBe(first.id);
  await until(() => notes.events.some((event) => event.kind === "cv.created"));
  expect(notes.events.filter((event) => event.kind === "cv.created")).toHaveLength(1);
});

test("a task is started and followed in one message, and a repetition is subscribed to", async () => {
  const key = `follow-${String(Date.now())}`;
  const params = { steps: 2, latency_ms: 0 };
  const notes = new Notes();
  const { result, subscription } = await client.follow("task.test", params, notes.handlers, { key });
  await until(() => notes.events.some((event) => event.kind === "task.completed"));
  await until(() => notes.status === "live");
  expect(notes.snapshots).toEqual([]);
  expect(notes.seqs).toEqual(range(1, notes.seqs.length));
  expect(notes.events[0]?.kind).toBe("task.queued");
  expect(subscription.topic).toBe(`task:${(result as TaskStarted).task_id}`);
  subscription.unsubscribe();
  const again = new Notes();
  const repeated = await client.follow("task.test", params, again.handlers, { key });
  expect(repeated.result).toEqual(result);
  await until(() => again.snapshots.length === 1);
  repeated.subscription.unsubscribe();
});

test("a topic that is not there, or is somebody else's, is refused with a typed error", async () => {
  const notes = new Notes();
  client.subscribe("cv:zzzzzzzzzzzzzzzzzzzzzzzz", notes.handlers);
  await until(() => notes.status === "refused");
  const status = notes.statuses.at(-1);
  expect(status?.at === "refused" && status.error).toBeInstanceOf(NotFoundError);
});

test("a fresh token is accepted on the live connection, and a wrong one ends the client", async () => {
  const wrong = createClient({ url: server.liveUrl, token: () => "nonsense", webSocket: WebSocket });
  wrong.start();
  await until(() => wrong.state.get().status === "closed");
  expect(client.state.get().status).not.toBe("closed");
});
