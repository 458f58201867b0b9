import { WebSocket } from "ws";
import { createClient, type Client, type ClientOptions, type Diagnostic } from "../src/index.js";
import type { AnyEvent, Position, SubscriptionStatus } from "../src/index.js";
import { FakeServer } from "./fake-server.js";

/** Waits for a condition instead of for a time. */
export async function until(condition: () => boolean, what = condition.toString(), ms = 5_000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${String(ms)} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Lets what is under way on the loopback arrive: a ping-pong of frames in both directions. */
export async function settled(server: FakeServer): Promise<void> {
  for (const peer of [...server.peers]) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        peer.socket.off("pong", done).off("close", done);
        resolve();
      };
      peer.socket.on("pong", done).on("close", done);
      if (peer.socket.readyState !== WebSocket.OPEN) done();
      peer.socket.ping(() => undefined);
    });
  }
  await new Promise((resolve) => setTimeout(resolve, 0));
}

export interface World {
  readonly server: FakeServer;
  readonly client: Client;
  readonly diagnostics: Diagnostic[];
  readonly statuses: string[];
}

/** A server, and a client that reconnects fast; both end with the test. */
export async function world(options: Partial<ClientOptions> = {}, server?: FakeServer): Promise<World> {
  const theServer = server ?? (await FakeServer.start());
  const diagnostics: Diagnostic[] = [];
  const statuses: string[] = [];
  const client = createClient({
    url: theServer.url,
    token: () => "token-1",
    webSocket: WebSocket,
    backoff: { baseMs: 5, maxMs: 20 },
    onDiagnostics: (diagnostic) => {
      diagnostics.push(diagnostic);
      if (diagnostic.type === "state") statuses.push(diagnostic.state.status);
    },
    ...options,
  });
  return { server: theServer, client, diagnostics, statuses };
}

/** A reader that writes down what it is told. */
export class Notes {
  readonly seqs: number[] = [];
  readonly events: AnyEvent[] = [];
  readonly snapshots: { state: unknown; position: Position }[] = [];
  readonly lives: unknown[] = [];
  readonly statuses: SubscriptionStatus[] = [];
  readonly handlers = {
    onSnapshot: (state: unknown, position: Position): void => {
      this.snapshots.push({ state, position });
    },
    onEvent: (event: AnyEvent): void => {
      this.seqs.push(event.seq);
      this.events.push(event);
    },
    onLive: (event: { readonly data: unknown }): void => {
      this.lives.push(event.data);
    },
    onStatus: (status: SubscriptionStatus): void => {
      this.statuses.push(status);
    },
  };
  get status(): string | undefined {
    return this.statuses.at(-1)?.at;
  }
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
