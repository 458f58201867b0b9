import { afterEach, beforeEach, expect, test } from "vitest";
import {
  CallError,
  ClosedError,
  ConflictError,
  DeadlineError,
  InsufficientCreditsError,
  PayloadTooLargeError,
  QueueFullError,
  UnavailableError,
  ERROR_CODES,
  type ErrorCode,
} from "../src/index.js";
import { LIMITS } from "./fake-server.js";
import { settled, until, world, type World } from "./support.js";

let w: World;
beforeEach(async () => {
  w = await world({ maxPendingCalls: 40 });
  w.client.start();
  await until(() => w.server.peers.length === 1);
});
afterEach(async () => {
  w.client.close();
  await w.server.stop();
});

test("a call whose answer was lost is sent again with its key, and takes effect once", async () => {
  w.server.onCall = (peer, call) => {
    if (w.server.calls.length > 1) return false;
    w.server.answer({ send: () => undefined } as never, call); // done, but the line breaks before the answer
    peer.cut();
    return true;
  };
  await expect(w.client.call("test.do", { x: 1 })).resolves.toEqual({ done: 1, params: { x: 1 } });
  expect(w.server.calls).toHaveLength(2);
  expect(new Set(w.server.calls.map((call) => call.key)).size).toBe(1);
  expect(w.server.effects).toBe(1);
});

test("a call before the connection waits for it", async () => {
  const { client } = await world({}, w.server);
  const result = client.call("test.do", {});
  client.start();
  await expect(result).resolves.toMatchObject({ done: 1 });
  client.close();
});

test("unavailable and rate_limited are repeated when the server says, with the same key", async () => {
  const answers = [
    { code: "unavailable", message: "soon", retry_after_ms: 20 },
    { code: "rate_limited", message: "slower", retry_after_ms: 10 },
  ] as const;
  const times: number[] = [];
  w.server.onCall = (peer, call) => {
    times.push(performance.now());
    const answer = answers[w.server.calls.length - 1];
    if (answer === undefined) return false;
    peer.send({ t: "err", id: call.id, ...answer });
    return true;
  };
  await w.client.call("test.do", {}, { key: "mine" });
  expect(w.server.calls.map((call) => call.key)).toEqual(["mine", "mine", "mine"]);
  expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(19);
  expect(w.diagnostics.filter((diagnostic) => diagnostic.type === "retry")).toHaveLength(2);
});

test("a retry that would come after the deadline is not waited for: the server's own error is told at once", async () => {
  w.server.onCall = (peer, call) => {
    peer.send({ t: "err", id: call.id, code: "unavailable", message: "for long", retry_after_ms: 60_000 });
    return true;
  };
  const error = await w.client.call("test.do", {}, { timeoutMs: 1_000 }).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(UnavailableError);
  expect(error).toMatchObject({ code: "unavailable", retryAfterMs: 60_000, retryable: true, message: "for long" });
});

test("an internal error is tried three times", async () => {
  w.server.onCall = (peer, call) => {
    peer.send({ t: "err", id: call.id, code: "internal", message: "logged" });
    return true;
  };
  await expect(w.client.call("test.do", {})).rejects.toMatchObject({ code: "internal" });
  expect(w.server.calls).toHaveLength(3);
});

test("every refusal is an error of its own class", async () => {
  w.server.onCall = (peer, call) => {
    const { code } = call.params as { code: ErrorCode };
    peer.send({ t: "err", id: call.id, code, message: `it is ${code}`, details: { why: 1 } });
    return true;
  };
  const names = new Set<string>();
  for (const [code, { retryable }] of Object.entries(ERROR_CODES)) {
    const error = (await w.client.call("test.do", { code }, { timeoutMs: 60 }).catch((e: unknown) => e)) as CallError;
    if (error instanceof DeadlineError) continue; // repeated until then: its class is told by the tests above
    expect(error).toBeInstanceOf(CallError);
    expect(error).toMatchObject({ code, retryable, message: `it is ${code}`, details: { why: 1 } });
    names.add(error.name);
  }
  expect(names).toContain(InsufficientCreditsError.name);
  expect(names).toContain(ConflictError.name);
  expect(names.size).toBeGreaterThanOrEqual(9);
});

test("a deadline ends the wait and names the key", async () => {
  w.server.onCall = () => true;
  const error = await w.client.call("test.do", {}, { key: "k1", timeoutMs: 30 }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(DeadlineError);
  expect(error).toMatchObject({ method: "test.do", key: "k1", timeoutMs: 30 });
});

test("an abort ends the wait with the signal's reason, before and after sending", async () => {
  w.server.onCall = () => true;
  const controller = new AbortController();
  const call = w.client.call("test.do", {}, { signal: controller.signal });
  await until(() => w.server.calls.length === 1);
  controller.abort(new Error("not interested"));
  await expect(call).rejects.toThrow("not interested");
  await expect(w.client.call("test.do", {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  await settled(w.server);
  expect(w.server.calls).toHaveLength(1);
});

test("an aborted call frees its place only when the server has answered", async () => {
  w.server.limits = { ...LIMITS, calls_in_flight: 1 };
  w.server.peer.cut();
  await until(() => w.server.history.length === 2 && w.server.peers.length === 1);
  const held: (() => void)[] = [];
  w.server.onCall = (peer, call) => {
    held.push(() => {
      w.server.answer(peer, call);
    });
    return true;
  };
  const controller = new AbortController();
  const first = w.client.call("test.first", {}, { signal: controller.signal });
  await until(() => held.length === 1);
  controller.abort();
  await expect(first).rejects.toMatchObject({ name: "AbortError" });
  const second = w.client.call("test.second", {});
  await settled(w.server);
  expect(held).toHaveLength(1);
  held[0]?.();
  await until(() => held.length === 2);
  held[1]?.();
  await expect(second).resolves.toMatchObject({ done: 2 });
});

test("no more calls are in flight than the server allows, and they keep their order", async () => {
  w.server.limits = { ...LIMITS, calls_in_flight: 3 };
  w.server.peer.cut();
  await until(() => w.server.history.length === 2 && w.server.peers.length === 1);
  let inFlight = 0;
  let most = 0;
  w.server.onCall = (peer, call) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    setImmediate(() => {
      inFlight -= 1;
      w.server.answer(peer, call);
    });
    return true;
  };
  await Promise.all(Array.from({ length: 30 }, (_, n) => w.client.call("test.do", { n })));
  expect(most).toBe(3);
  expect(w.server.calls.map((call) => (call.params as { n: number }).n)).toEqual(Array.from({ length: 30 }, (_, n) => n));
});

test("more calls than the client may hold are refused", async () => {
  w.server.onCall = () => true;
  const calls = Array.from({ length: 40 }, () => w.client.call("test.do", {}).catch(() => undefined));
  await expect(w.client.call("test.do", {})).rejects.toBeInstanceOf(QueueFullError);
  w.client.close();
  await Promise.all(calls);
});

test("what would close the connection is refused before it is sent", async () => {
  let deep: unknown = 1;
  for (let n = 0; n < 40; n += 1) deep = { deep };
  const tooMuch: unknown[] = [{ deep }, { text: "x".repeat(128 * 1024 + 1) }, { list: Array(5_000).fill(0) }];
  tooMuch.push({ texts: Array(20).fill("y".repeat(20_000)) });
  for (const params of tooMuch) await expect(w.client.call("test.do", params)).rejects.toBeInstanceOf(PayloadTooLargeError);
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  await expect(w.client.call("test.do", circular)).rejects.toMatchObject({ code: "bad_request" });
  await expect(w.client.call("test.do", [1])).rejects.toMatchObject({ code: "bad_request" });
  await expect(w.client.call("test.do", { half: "\ud800" })).resolves.toMatchObject({ params: { half: "\ufffd" } });
  expect(w.server.history).toHaveLength(1);
});

test("many small calls stay below the server's message rate", async () => {
  w.server.limits = { ...LIMITS, messages_per_second: 50 };
  w.server.peer.cut();
  await until(() => w.server.history.length === 2 && w.server.peers.length === 1);
  const begin = performance.now();
  for (let n = 0; n < 130; n += 10) await Promise.all(Array.from({ length: 10 }, () => w.client.call("test.do", {})));
  // A burst of 100, and 40 a second after it.
  expect(performance.now() - begin).toBeGreaterThan(600);
});

test("close ends what waits", async () => {
  w.server.onCall = () => true;
  const call = w.client.call("test.do", {});
  await until(() => w.server.calls.length === 1);
  w.client.close();
  await expect(call).rejects.toBeInstanceOf(ClosedError);
  await expect(w.client.call("test.do", {})).rejects.toBeInstanceOf(ClosedError);
});
