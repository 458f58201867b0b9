import { beforeEach, expect, test } from "vitest";
import { createClient, type Client } from "../src/index.js";
import { FakeSocket, FakeSocketClass } from "./fake-socket.js";
import { ManualClock } from "./manual-clock.js";

let clock: ManualClock;
let client: Client;
beforeEach(() => {
  FakeSocket.opened = [];
  clock = new ManualClock();
  client = make(() => "token");
});

function make(token: () => string | Promise<string>): Client {
  const common = { url: "http://localhost/v1/live", codec: "json", webSocket: FakeSocketClass, device: "test" } as const;
  return createClient({ ...common, token, clock, random: () => 1, backoff: { baseMs: 1_000, maxMs: 8_000 } });
}

test("a token that never comes, a line that never opens, a welcome that is never said: each ends after ten seconds", async () => {
  const hanging = make(() => new Promise(() => undefined));
  hanging.start();
  await clock.advance(9_999);
  expect(hanging.state.get().status).toBe("connecting");
  await clock.advance(1);
  expect(hanging.state.get()).toMatchObject({ status: "offline", reason: "no token in time" });
  hanging.close();

  client.start();
  await clock.advance(10_000);
  expect(client.state.get()).toMatchObject({ status: "offline", reason: "the server does not answer" });
  expect(FakeSocket.opened[0]?.closedWith).toBeDefined();
  await clock.advance(1_000);
  FakeSocket.opened[1]?.open();
  expect(FakeSocket.opened[1]?.sent).toEqual([
    { t: "hello", token: "token", device: "test", client: expect.stringMatching(/^estafette-js\//) as string },
  ]);
  await clock.advance(10_000);
  expect(client.state.get()).toMatchObject({ status: "offline", reason: "no welcome in time" });
  client.close();
  expect(clock.pending).toBe(0);
});

test("delays grow while connections fail at once, and start again after one that lived", async () => {
  client.start();
  await clock.advance(0);
  const delays: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    FakeSocket.opened.at(-1)?.end(1006);
    const state = client.state.get();
    if (state.status === "offline") {
      delays.push(state.retryAt - state.since);
      await clock.advance(state.retryAt - state.since);
    }
  }
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 8_000]);
  const accept = async (lived: number): Promise<number> => {
    FakeSocket.opened.at(-1)?.open();
    FakeSocket.opened.at(-1)?.welcome();
    await clock.advance(lived);
    FakeSocket.opened.at(-1)?.end(1012);
    const state = client.state.get();
    if (state.status !== "offline") throw new Error(state.status);
    await clock.advance(state.retryAt - state.since);
    return state.retryAt - state.since;
  };
  // Accepted and thrown out at once is no success.
  expect(await accept(10)).toBe(8_000);
  expect(await accept(5_000)).toBe(1_000);
  client.close();
});

test("silence is measured from the last frame, whatever it was", async () => {
  client.start();
  await clock.advance(0);
  const socket = FakeSocket.opened[0]!;
  socket.open();
  socket.welcome(15_000);
  await clock.advance(29_000);
  socket.say({ t: "mark", heads: {} });
  await clock.advance(22_499);
  expect(client.state.get().status).toBe("live");
  await clock.advance(1);
  expect(client.state.get().status).toBe("stale");
  expect(socket.closedWith).toBeUndefined();
  await clock.advance(7_500);
  expect(client.state.get().status).toBe("stale");
  expect(socket.closedWith).toBeDefined();
  FakeSocket.opened[1]?.end(1006);
  expect(client.state.get().status).toBe("offline");
  client.close();
});

test("a server behind a proxy that drops the subprotocol is not spoken to", async () => {
  client.start();
  await clock.advance(0);
  FakeSocket.opened[0]?.open("");
  expect(client.state.get()).toMatchObject({ status: "closed" });
  expect(FakeSocket.opened[0]?.sent).toEqual([]);
});

test("an address is checked when it is used, and says what is wrong", async () => {
  const bad = createClient({
    url: "nonsense",
    token: () => "token",
    clock,
    webSocket: class extends FakeSocket {
      constructor(url: string, offers?: string | string[]) {
        super(new URL(url).href, offers);
      }
    },
  });
  bad.start();
  await clock.advance(0);
  expect(bad.state.get()).toMatchObject({ status: "closed", reason: "the address cannot be opened" });
});
