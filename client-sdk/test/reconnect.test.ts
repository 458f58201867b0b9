import { afterEach, beforeEach, expect, test } from "vitest";
import { CallError, ClosedError, type TokenRequest } from "../src/index.js";
import { FakeServer } from "./fake-server.js";
import { Notes, until, world, type World } from "./support.js";

let server: FakeServer;
let w: World | undefined;
beforeEach(async () => {
  server = await FakeServer.start();
});
afterEach(async () => {
  w?.client.close();
  await server.stop();
});

test("a restart (1012) reconnects, and every subscription is resumed", async () => {
  w = await world({}, server);
  const notes = [new Notes(), new Notes(), new Notes()];
  w.client.start();
  notes.forEach((each, index) => w?.client.subscribe(`test:${String(index)}`, each.handlers));
  await until(() => notes.every((each) => each.snapshots.length === 1));
  server.peer.close(1012, "restart");
  await until(() => server.history.length === 2 && server.peers.length === 1);
  await until(() => server.peer.subscribed.size === 3);
  expect(w.diagnostics).toContainEqual({ type: "close", code: 1012, reason: "restart" });
  expect(w.statuses).toContain("offline");
  // All of them in one batch behind the welcome, not one round trip each.
  expect(server.peer.received.map((message) => message.t)).toEqual(["hello", "sub", "sub", "sub"]);
});

test("every close code means what the table says", async () => {
  const cases = [
    { code: 1000, stops: false },
    { code: 1002, stops: true },
    { code: 1007, stops: true },
    { code: 1009, stops: true },
    { code: 1012, stops: false },
    { code: 1013, stops: false },
    { code: 4400, stops: true },
    { code: 4403, stops: true },
    { code: 4408, stops: false },
    { code: 4429, stops: false },
  ];
  for (const { code, stops } of cases) {
    const { client } = await world({}, server);
    const before = server.history.length;
    client.start();
    await until(() => server.history.length === before + 1 && client.state.get().status === "live");
    server.peer.close(code, "because");
    if (stops) await until(() => client.state.get().status === "closed", String(code));
    else await until(() => server.history.length === before + 2, String(code));
    if (stops) expect(client.state.get()).toMatchObject({ reason: `because (${String(code)})` });
    client.close();
  }
});

test("4401 asks for another token before it comes back", async () => {
  const requests: TokenRequest[] = [];
  w = await world({ token: (request) => `token-${String(requests.push(request))}` }, server);
  server.onHello = (peer, hello) => {
    if (hello.token === "token-2") return false;
    peer.close(4401, "expired");
    return true;
  };
  w.client.start();
  await until(() => server.peers.length === 1);
  expect(requests.map((request) => request.reason)).toEqual(["connect", "rejected"]);
  expect(w.statuses).not.toContain("offline");
});

test("a token source that has nothing better than the rejected token ends the client", async () => {
  w = await world({}, server);
  server.onHello = (peer) => {
    peer.close(4401, "expired");
    return true;
  };
  w.client.start();
  await until(() => w?.client.state.get().status === "closed");
  expect(server.history).toHaveLength(1);
  await expect(w.client.call("test.any", {})).rejects.toBeInstanceOf(ClosedError);
});

test("a second fresh token that is refused ends the client instead of a loop", async () => {
  let n = 0;
  w = await world({ token: () => `token-${String((n += 1))}` }, server);
  server.onHello = (peer) => {
    peer.close(4401, "no such user");
    return true;
  };
  w.client.start();
  await until(() => w?.client.state.get().status === "closed");
  expect(server.history).toHaveLength(2);
});

test("a token that cannot be had for now is asked for again; one that is refused for good ends the client", async () => {
  let n = 0;
  w = await world(
    {
      token: () => {
        n += 1;
        if (n === 1) throw new Error("network");
        if (n === 2) return Promise.reject(new Error("network"));
        return "token";
      },
    },
    server,
  );
  w.client.start();
  await until(() => server.peers.length === 1);
  w.client.close();

  const error = new CallError({ code: "unauthenticated", message: "signed out" });
  const other = await world({ token: () => Promise.reject(error) }, server);
  other.client.start();
  await until(() => other.client.state.get().status === "closed");
  expect(other.client.state.get()).toMatchObject({ reason: "unauthenticated", error });
});

test("a server that is not there is tried again until it is", async () => {
  await server.stop();
  w = await world({}, server);
  w.client.start();
  await until(() => (w?.statuses.filter((status) => status === "offline").length ?? 0) >= 3);
  const state = w.client.state.get();
  if (state.status === "offline") expect(state.retryAt - state.since).toBeLessThanOrEqual(21);
  server = await FakeServer.start(server.port);
  await until(() => w?.client.state.get().status === "live");
});

test("something that is not of this protocol ends the line, not the client", async () => {
  w = await world({}, server);
  w.client.start();
  const garbage: unknown[] = [42, ["x"], [{ t: "ev", topic: 1 }], [{ t: "mark", heads: { a: -1 } }], [{ no: "t" }]];
  for (const [index, nonsense] of garbage.entries()) {
    await until(() => server.history.length === index + 1 && server.peers.length === 1);
    server.peer.sendRaw(nonsense);
  }
  await until(() => server.history.length === garbage.length + 1 && server.peers.length === 1);
  expect(w.diagnostics.filter((diagnostic) => diagnostic.type === "protocol")).toHaveLength(garbage.length);
});

test("messages and fields of a later version are ignored", async () => {
  w = await world({}, server);
  w.client.start();
  await until(() => server.peers.length === 1);
  server.peer.sendRaw([{ t: "later", anything: 1 }, { t: "mark", heads: {}, more: true }]);
  await expect(w.client.call("test.any", {})).resolves.toMatchObject({ done: 1 });
  expect(server.history).toHaveLength(1);
});

test("both codecs say the same", async () => {
  for (const codec of ["json", "msgpack"] as const) {
    const { client } = await world({ codec }, server);
    const notes = new Notes();
    client.start();
    client.subscribe("test:codec", notes.handlers);
    await until(() => notes.snapshots.length === 1);
    expect(server.peer.socket.protocol).toBe(`estafette.v1.${codec}`);
    server.publish("test:codec", { text: "é🙂", number: 2 ** 40, nothing: null, list: [1.5, true] });
    await until(() => notes.events.length === 1);
    expect(notes.events[0]?.data).toEqual({ text: "é🙂", number: 2 ** 40, nothing: null, list: [1.5, true] });
    await expect(client.call("test.echo", { at: new Date(0), gone: undefined, big: 1e300 })).resolves.toMatchObject({
      params: { at: "1970-01-01T00:00:00.000Z", big: 1e300 },
    });
    client.close();
  }
});
