/** What an administrator sees of the server in memory (`FAKE_ADMIN`): three nodes, one of them silent, and a slow reader. */
import type { Explanation, Nodes, Note, NoteWord, Queue, Remembered } from "../src/model/admin";
import { ago } from "./world";

const SESSION = "s7k3xq7vd2m9c0ffee4u1";
const TOPIC = "cv:cv0003k3xq7vd2m9";
const reader = { user: "u1", session: SESSION, bytes: 918_211, behind: 2, coalesced: 1_204, dropped: 31 };

const nodes = (): Nodes => ({
  asked: "n-aeqa4wrk1kw6y46avrjwiae2",
  nodes: [
    { id: "n-aeqa4wrk1kw6y46avrjwiae2", started_at: ago(260_000), heartbeat_age: 0.4, tasks: 14, stats: { sockets: 6_204, subscriptions: 18_530, behind: 2, outbox_bytes: 1_204_551, running_tasks: 14, slow_readers: [reader, { ...reader, user: "u7f2kd93", session: "s2", bytes: 2_048, behind: 0, dropped: 0 }] } },
    { id: "n-k3xq7vd2m9c0ffee4u1zzzab", started_at: ago(7_300), heartbeat_age: 4.2, tasks: 3, stats: { sockets: 811, subscriptions: 2_010, behind: 0, outbox_bytes: 0, running_tasks: 3, slow_readers: [] } },
    { id: "n-b0xq7vd2m9c0ffee4u1zzzcd", started_at: ago(48), heartbeat_age: 11.8, tasks: 6, stats: null },
  ],
});

const queues = (): Queue[] => [
  { kind: "generate-cv", queued: 12, oldest_seconds: 94, running: 23, rescued: 2, completed: 412, failed: 3, cancelled: 9, last_error: "the model answered 503 to every attempt of step classify" },
  { kind: "calculate-match-score", queued: 0, oldest_seconds: 0, running: 1, rescued: 0, completed: 1_190, failed: 0, cancelled: 0, last_error: null },
];

const sessions = (): Remembered[] => [
  { session: SESSION, from: ago(5_400), to: ago(4), connections: 2 },
  { session: "s1older7vd2m9c0ffee4u1", from: ago(90_000), to: ago(86_000), connections: 1 },
];

function notes(): Note[] {
  const note = (seconds: number, connection: string, what: NoteWord, topic: string | null, seq: number | null, detail = {}): Note => ({ at: ago(seconds), connection, node: "n-aeqa4wrk1kw6y46avrjwiae2", what, topic, seq, detail });
  const [a, b] = ["c1hi4rkztmd2q66dvu0pfbzros", "c2x93rkztmd2q66dvu0pfbzros"];
  return [
    note(5_400, a, "opened", null, null, { codec: "estafette.v1.msgpack", client: "console" }),
    note(5_399.9, a, "subscribed", "user:u1", null),
    note(5_399.8, a, "snapshot", "user:u1", 31, { epoch: 1 }),
    note(5_380, a, "subscribed", TOPIC, null),
    note(5_379.9, a, "snapshot", TOPIC, 388, { epoch: 1 }),
    ...[391, 395, 396, 399, 402, 408].map((seq, index) => note(5_300 - index * 10, a, "position", TOPIC, seq, { live: true })),
    note(5_100, a, "behind", TOPIC, 409, { known: 471, waiting_bytes: 918_211 }),
    note(5_000, a, "closed", null, null, { code: null, reason: "the client or the network ended it", waiting_bytes: 918_211 }),
    note(90, b, "opened", null, null, { codec: "estafette.v1.msgpack", client: "console" }),
    note(89.9, b, "subscribed", "user:u1", 31),
    note(89.8, b, "live", "user:u1", 33, { known: 33, waiting_bytes: 0 }),
    note(60, b, "ended", "user:u1", null, { why: "the client ended it" }),
  ];
}

function why(topic: string, seq: number): Explanation {
  if (seq > 471) return { fate: "no_such_event", sentence: `${topic} has no event ${seq}: its newest is 471`, notes: notes() };
  if (seq <= 388) return { fate: "in_snapshot", sentence: "it is a part of the state as of 388, which was sent before", notes: notes() };
  if (seq <= 409) return { fate: "sent", sentence: "it was handed to connection c1hi4rkztmd2q66dvu0pfbzros", notes: notes() };
  return { fate: "connection_ended", sentence: "the connection ended (the client or the network ended it); it had come to 409 of 471, and the rest comes with the next subscription", notes: notes() };
}

/** The answer to a path under `/v1/admin`; `undefined` for others. */
export function admin(parts: readonly string[], query: URLSearchParams): unknown {
  const [what, , more] = parts;
  if (what === "nodes") return nodes();
  if (what === "queues") return { queues: queues() };
  if (what !== "sessions") return undefined;
  if (more !== "timeline") return { sessions: query.get("user") === "u1" ? sessions() : [] };
  const [topic, seq] = [query.get("topic"), query.get("seq")];
  return topic === null || seq === null ? { notes: notes() } : why(topic, Number(seq));
}
