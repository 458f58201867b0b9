/**
 * Two SDK clients (one a codec) and a client without the SDK read one CV while it is edited, reviewed and restored, and
 * while their lines are cut: in the end all three hold what the server holds. The seed is printed; ESTAFETTE_SEED repeats a run.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import {
  CallError,
  createClient,
  createSession,
  createTopicStore,
  cvFold,
  type Client,
  type CvState,
  type Session,
  type TaskState,
  type TopicStore,
} from "../../src/index.js";
import { until } from "../support.js";
import { RawClient } from "./raw-client.js";
import { startServer, type RealServer } from "./server.js";

const ROUNDS = Number(process.env["ESTAFETTE_ROUNDS"] ?? 200);
const SEED = Number(process.env["ESTAFETTE_SEED"] ?? Date.now() % 1_000_000);

let server: RealServer;
let session: Session;
beforeAll(async () => {
  server = await startServer();
  session = createSession({ baseUrl: server.baseUrl });
  await session.signUp({ email: `e2e-${String(Date.now())}@example.org`, password: "correct horse battery", name: "E2E" });
});
afterAll(() => server.stop());

/** A small generator with a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Reader {
  readonly client: Client;
  readonly store: TopicStore<CvState>;
  readonly seqs: number[];
  /** Cuts its line as a broken cable would. */
  cut(): void;
}

function reader(id: string, codec: "msgpack" | "json"): Reader {
  const lines: WebSocket[] = [];
  const client = createClient({
    url: server.liveUrl,
    token: session.token,
    device: `e2e-${codec}`,
    codec,
    backoff: { baseMs: 20, maxMs: 200 },
    webSocket: class extends WebSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols);
        lines.push(this);
      }
    },
  });
  client.start();
  const seqs: number[] = [];
  client.subscribe(`cv:${id}`, { onEvent: (event) => seqs.push(event.seq) });
  return { client, store: createTopicStore(client, `cv:${id}`, cvFold), seqs, cut: () => lines.at(-1)?.terminate() };
}

const CV = {
  basics: { name: "Ada Lovelace", label: "Engineer", summary: "Writes programs for engines." },
  work: [
    { name: "Analytical Engines", position: "Programmer", summary: "Notes on the engine." },
    { name: "Poetical Science", position: "Researcher", summary: "Imagination." },
  ],
  skills: [{ name: "Mathematics", keywords: ["Bernoulli numbers"] }],
};

const OFFER = `Rust developer, Acme, Lyon. We build engines. You know Rust, PostgreSQL and mathematics, write programs that
last, and explain them to others. 3 years of experience, permanent contract, hybrid.`;

/** A CV that was adapted to an offer, so that it has versions, and changes to decide on. */
async function adapted(client: Client): Promise<string> {
  const source = await client.call("cv.create", { filename: `e2e-${String(SEED)}.json`, content: CV });
  const { task_id } = await client.call("cv.generate", { source_cv_id: source.id, mode: "adapt", offers: [{ text: OFFER }] });
  for await (const item of client.stream(`task:${task_id}`)) {
    const done = item.type === "snapshot" ? item.state.task.status : item.type === "event" ? item.event.kind : "";
    if (done === "failed" || done === "task.failed") throw new Error(`the generation failed: ${JSON.stringify(item)}`);
    if (done === "completed" || done === "task.completed") break;
  }
  const { offers } = (await session.request("GET", `/v1/tasks/${task_id}`)) as TaskState;
  const id = offers[0]?.generated_cv_file_id;
  if (typeof id !== "string") throw new Error("the generation made no CV");
  return id;
}

test(`${String(ROUNDS)} random edits, decisions and reconnects leave every reader identical (seed ${String(SEED)})`, async () => {
  const chance = random(SEED);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(chance() * items.length)] as T;
  const writer = createClient({ url: server.liveUrl, token: session.token, device: "e2e-writer", webSocket: WebSocket });
  writer.start();
  const id = await adapted(writer);
  const readers = [reader(id, "msgpack"), reader(id, "json")];
  const raw = new RawClient(server.liveUrl, () => session.token(), `cv:${id}`);
  await raw.connect();
  await until(() => raw.snapshot !== undefined && readers.every((each) => each.store.get().state !== undefined));

  const current = async (): Promise<CvState> => session.get(`/v1/cv/files/${id}`) as Promise<CvState>;
  const edit = async (): Promise<void> => {
    const { file } = await current();
    const path = pick(["/basics/label", "/basics/summary", "/work/0/summary", "/work/1/position"]);
    const value = `value ${String(Math.floor(chance() * 1e6))}`;
    await writer.call("cv.update", { id, rev: file.content_rev, patch: [{ op: "replace", path, value }] });
  };
  const decide = async (): Promise<void> => {
    const open = (await current()).file.pending_changes.filter((change) => change.status === "pending");
    if (open.length === 0) return edit();
    await writer.call("cv.review", { id, decisions: [{ change_id: pick(open).id, accept: chance() < 0.5 }] });
  };
  const restore = async (): Promise<void> => {
    const { versions, file } = await current();
    const others = versions.filter((version) => version.version !== file.content_version);
    if (others.length === 0) return edit();
    await writer.call("cv.restore", { id, version: pick(others).version });
  };
  const cut = async (): Promise<void> => {
    if (chance() < 0.7) {
      pick(readers).cut();
      return;
    }
    raw.cut();
    await raw.connect();
  };
  const acts = [edit, edit, edit, edit, decide, decide, restore, cut, cut];
  for (let round = 0; round < ROUNDS; round += 1) {
    try {
      await pick(acts)();
    } catch (error) {
      // A decision on something that was decided or a version that is current: a refusal is an outcome too.
      if (!(error instanceof CallError && !error.retryable)) throw error;
    }
  }

  const truth = await current();
  const fingerprint = ({ file }: CvState): unknown => ({
    content: file.content,
    rev: file.content_rev,
    version: file.content_version,
    pending: file.pending_changes.map(({ id: change, status }) => [change, status]),
    score: file.score,
  });
  for (const each of readers) {
    await until(() => each.store.get().state?.file.content_rev === truth.file.content_rev, "the newest revision", 30_000);
    await until(() => each.seqs.at(-1) === undefined || each.seqs.at(-1) === each.store.get().position?.seq);
    const { state } = each.store.get();
    expect(state && fingerprint(state)).toEqual(fingerprint(truth));
    expect(state?.versions.map((version) => version.version)).toEqual(truth.versions.map((version) => version.version));
    expect(each.seqs).toEqual(each.seqs.map((_, index) => (each.seqs[0] ?? 0) + index));
  }
  await until(() => raw.seq === readers[0]?.store.get().position?.seq, "the raw client's newest event", 30_000);
  // Folded from the raw client's own snapshot and events, the state is the same again.
  const folded = raw.events.reduce(
    (state, { seq, kind, data }) => cvFold.event(state, { topic: `cv:${id}`, seq, kind, data, at: "" } as never),
    raw.snapshot?.state as CvState,
  );
  expect(fingerprint(folded)).toEqual(fingerprint(truth));
  for (const each of readers) {
    each.store.close();
    each.client.close();
  }
  raw.cut();
  writer.close();
}, 300_000);
