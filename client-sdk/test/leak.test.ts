import { afterEach, expect, test, vi } from "vitest";
import { Notes, until, world } from "./support.js";
import { systemClock, type Clock } from "../src/clock.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** The platform's clock, with a list of what is set. */
class CountingClock implements Clock {
  readonly set = new Set<unknown>();
  now = (): number => systemClock.now();
  setTimeout = (task: () => void, ms: number): unknown => {
    const handle = systemClock.setTimeout(() => {
      this.set.delete(handle);
      task();
    }, ms);
    this.set.add(handle);
    return handle;
  };
  clearTimeout = (handle: unknown): void => {
    this.set.delete(handle);
    systemClock.clearTimeout(handle);
  };
}

class Page {
  readonly listeners = new Map<string, Set<() => void>>();
  visibilityState = "visible";
  addEventListener = (type: string, listener: () => void): void => {
    this.listeners.set(type, (this.listeners.get(type) ?? new Set()).add(listener));
  };
  removeEventListener = (type: string, listener: () => void): void => {
    this.listeners.get(type)?.delete(listener);
  };
  get count(): number {
    return [...this.listeners.values()].reduce((sum, listeners) => sum + listeners.size, 0);
  }
  fire(type: string): void {
    for (const listener of [...(this.listeners.get(type) ?? [])]) listener();
  }
}

test("after close no timer, no listener of the page and none of a signal is left", async () => {
  const page = new Page();
  vi.stubGlobal("window", page);
  vi.stubGlobal("document", page);
  const clock = new CountingClock();
  const { server, client } = await world({ clock });
  server.onCall = (peer, call) => {
    if (call.method === "test.later") peer.send({ t: "err", id: call.id, code: "unavailable", message: "", retry_after_ms: 10_000 });
    return true;
  };
  const controller = new AbortController();
  const removed = vi.spyOn(controller.signal, "removeEventListener");
  const added = vi.spyOn(controller.signal, "addEventListener");
  client.start();
  expect(page.count).toBe(3);
  const calls = ["test.never", "test.later"].map((method) =>
    client.call(method, {}, { signal: controller.signal }).catch(() => undefined),
  );
  const notes = new Notes();
  client.subscribe("test:1", notes.handlers);
  const loop = client.stream("test:1", { signal: controller.signal });
  await loop.next();
  await until(() => server.calls.length === 2);
  server.peer.send({ t: "drain", reconnect_after_ms: 60_000 });
  await until(() => clock.set.size >= 4);
  client.close();
  await Promise.all(calls);
  expect(clock.set.size).toBe(0);
  expect(page.count).toBe(0);
  expect(added.mock.calls.length).toBe(3);
  expect(removed.mock.calls.length).toBe(3);
  expect(notes.status).toBe("closed");
  await until(() => server.peers.length === 0);
  await server.stop();
});

test("coming online or into view does not wait for the delay", async () => {
  const page = new Page();
  vi.stubGlobal("window", page);
  vi.stubGlobal("document", page);
  const { server, client } = await world({ backoff: { baseMs: 60_000, maxMs: 60_000 }, random: () => 1 });
  client.start();
  for (const type of ["online", "visibilitychange", "pageshow"]) {
    await until(() => client.state.get().status === "live");
    server.peer.cut();
    await until(() => client.state.get().status === "offline");
    page.fire(type);
  }
  await until(() => client.state.get().status === "live");
  expect(server.history).toHaveLength(4);
  client.close();
  await server.stop();
});

test("starting and closing many clients leaves nothing behind", async () => {
  const clock = new CountingClock();
  const { server, client } = await world({ clock });
  client.close();
  for (let n = 0; n < 20; n += 1) {
    const each = (await world({ clock }, server)).client;
    each.start();
    each.start();
    if (n % 2 === 0) await until(() => each.state.get().status === "live");
    each.close();
    each.close();
  }
  expect(clock.set.size).toBe(0);
  await until(() => server.peers.length === 0);
  await server.stop();
});
