/** Whatever a server and a network do, the application sees 1 to n once and in order (or a snapshot in their place). */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { StreamItem } from "../src/index.js";
import { FakeServer } from "./fake-server.js";
import { Notes, range, settled, until, world } from "./support.js";

type Act =
  | { readonly do: "publish" | "lose" | "repeat" | "cut" | "restart" | "mark" | "replay" | "join" | "leave" }
  | { readonly do: "swap"; readonly size: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Act>({ do: "publish" }) },
  ...(["lose", "repeat", "cut", "restart", "mark", "replay", "join", "leave"] as const).map((what) => ({
    weight: 1,
    arbitrary: fc.constant<Act>({ do: what }),
  })),
  { weight: 1, arbitrary: fc.integer({ min: 2, max: 5 }).map<Act>((size) => ({ do: "swap", size })) },
);

const TOPIC = "test:p";

function perform(server: FakeServer, what: Act): void {
  const log = server.log(TOPIC);
  const peers = server.peers.filter((peer) => peer.subscribed.has(TOPIC));
  switch (what.do) {
    case "publish":
      server.publish(TOPIC);
      return;
    case "lose":
      server.append(TOPIC);
      return;
    case "repeat": {
      const last = log.events.at(-1);
      if (last !== undefined) for (const peer of peers) peer.send(last, last);
      return;
    }
    case "replay":
      for (const peer of peers) if (log.events.length > 0) peer.send(...log.events.slice(-10));
      return;
    case "swap": {
      const events = Array.from({ length: what.size }, () => server.append(TOPIC));
      for (const peer of peers) peer.send(...events.toReversed());
      return;
    }
    case "mark":
      server.mark();
      return;
    case "cut":
      for (const peer of [...server.peers]) peer.cut();
      return;
    case "restart":
      for (const peer of server.peers) peer.close(1012, "restart");
      return;
    case "join":
    case "leave":
  }
}

test("1..n exactly once, for a first reader, for those who come and go, and for a slow loop", async () => {
  const server = await FakeServer.start();
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 60 }), fc.boolean(), async (acts, tellsHead) => {
      server.log(TOPIC).events.length = 0;
      server.tellsHead = tellsHead;
      const { client } = await world({ backoff: { baseMs: 1, maxMs: 3 } }, server);
      client.start();
      const notes = new Notes();
      client.subscribe(TOPIC, notes.handlers);
      const slow: StreamItem<string>[] = [];
      const loop = (async () => {
        for await (const item of client.stream(TOPIC, { buffer: 3 })) {
          slow.push(item);
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      await until(() => notes.snapshots.length === 1);
      const others: { notes: Notes; leave: () => void }[] = [];
      for (const [index, what] of acts.entries()) {
        perform(server, what);
        if (what.do === "join") {
          const other = new Notes();
          others.push({ notes: other, leave: client.subscribe(TOPIC, other.handlers).unsubscribe });
        }
        if (what.do === "leave") others[0]?.leave();
        if (index % 4 === 0) await settled(server);
      }
      // Quiet: from here on the server does everything right, and marks tell who is behind.
      const head = server.head(TOPIC);
      const seqs = (items: StreamItem<string>[]): number[] =>
        items.flatMap((item) => (item.type === "event" ? [item.event.seq] : []));
      await until(
        () => {
          server.mark();
          return (notes.seqs.at(-1) ?? 0) === head && (seqs(slow).at(-1) ?? firstSeq(slow)) === head;
        },
        `everything up to ${String(head)}`,
      );
      expect(notes.seqs).toEqual(range(1, head));
      expect(notes.snapshots).toHaveLength(1);
      expect(seqs(slow)).toEqual(range(firstSeq(slow) + 1, head));
      for (const other of others) {
        const from = other.notes.snapshots[0]?.position.seq ?? 0;
        expect(other.notes.seqs).toEqual(range(from + 1, from + other.notes.seqs.length));
        expect(other.notes.snapshots.length).toBeLessThanOrEqual(1);
      }
      client.close();
      await loop;
      await until(() => server.peers.length === 0);
    }),
    { numRuns: Number(process.env["ESTAFETTE_PROPERTY_RUNS"] ?? 40), interruptAfterTimeLimit: 40_000, markInterruptAsFailure: false },
  );
  await server.stop();
}, 90_000);

function firstSeq(items: StreamItem<string>[]): number {
  const first = items[0];
  return first?.type === "snapshot" ? first.position.seq : 0;
}
