/** The main job, done by a client from outside over each codec: see `client.ts`. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer, type RealServer } from "../e2e/server.js";
import { OutsideClient, OutsideHttp, Refused, type Codec, type Fields, type TopicLog } from "./client.js";
import { jobText, servePages, type Pages } from "./pages.js";

const ENDS = new Set(["task.completed", "task.failed", "task.cancelled"]);

let pages: Pages;
let server: RealServer;
beforeAll(async () => {
  pages = await servePages();
  server = await startServer({ ESTAFETTE_FETCH_ALLOW: pages.hostPort, ESTAFETTE_OFFLINE_LATENCY_MS: "40" });
});
afterAll(async () => {
  await server.stop();
  await pages.stop();
});

const resume = JSON.parse(
  readFileSync(new URL("../../../src/demo/cvs/en-jane-developer-complete.json", import.meta.url), "utf8"),
) as Fields;

interface Person {
  readonly id: string;
  readonly token: string;
  readonly http: OutsideHttp;
}

async function signUp(name: string): Promise<Person> {
  const email = `${name}-${String(Date.now())}@example.org`;
  const answer = await new OutsideHttp(server.baseUrl).post("/v1/cv/auth/sign-up", { email, password: "correct horse battery", name });
  const token = answer["access_token"] as string;
  expect(answer["expires_in"]).toBeGreaterThan(0);
  return { id: (answer["user"] as Fields)["id"] as string, token, http: new OutsideHttp(server.baseUrl, token) };
}

function pointer(document: unknown, path: string): unknown {
  return path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>((value, part) => (value as Fields | undefined)?.[part], document);
}

/** The ledger's rows add up to the balance, and so do its sums (cv R48). */
async function balanceOf(http: OutsideHttp): Promise<number> {
  const balance = await http.get("/v1/cv/credits");
  let sum = 0;
  let after: string | null = "";
  while (after !== null) {
    const page: Fields = await http.get(`/v1/cv/credits/transactions?limit=2${after === "" ? "" : `&after=${after}`}`);
    for (const row of page["items"] as Fields[]) sum += row["amount"] as number;
    after = page["next"] as string | null;
  }
  expect(balance["balance"]).toBe(sum);
  const part = (name: string): number => balance[name] as number;
  expect(part("total_purchased") + part("total_gifted") + part("total_refunded") - part("total_used")).toBe(sum);
  return sum;
}

/** P39: from the snapshot on, a step starts before it ends, and does not start again once it is completed. */
function checkSteps(log: TopicLog): Map<string, string> {
  const planned = log.state["steps"] as Fields[];
  const steps = new Map(planned.map((step) => [step["step"] as string, step["status"] as string]));
  for (const { kind, data } of log.events) {
    const step = data["step"] as string;
    if (kind === "step.started") {
      expect(steps.get(step), `${step} starts`).not.toBe("completed");
      steps.set(step, "running");
    }
    if (kind === "step.completed" || kind === "step.failed") {
      expect(steps.get(step), `${step} ends`).toBe("running");
      steps.set(step, kind === "step.completed" ? "completed" : "failed");
    }
  }
  return steps;
}

describe.each<Codec>(["msgpack", "json"])("over %s", (codec) => {
  test("a CV is adapted to three offers, watched, reviewed and restored", async () => {
    const person = await signUp(`outside-${codec}`);
    const first = new OutsideClient(server.liveUrl, codec, person.token, "tab.1");
    const second = new OutsideClient(server.liveUrl, codec, person.token, "tab.2");
    await Promise.all([first.connect(), second.connect()]);
    expect(first.welcome["user"]).toBe(person.id);
    const user = await first.subscribe(`user:${person.id}`);
    expect((user.state["credits"] as Fields)["balance"]).toBe(5);
    expect(await balanceOf(person.http)).toBe(5);

    // A CV; the same call with the same key gives the same CV.
    const create = { filename: "jane.json", content: resume };
    const cv = await first.call("cv.create", create, "create-1");
    expect((await first.call("cv.create", create, "create-1"))["id"]).toBe(cv["id"]);
    const files = await person.http.get("/v1/cv/files");
    expect(files["items"]).toHaveLength(1);

    // Three pages: with JSON-LD, without, in French. The key makes the repetition harmless, on either side.
    const offers = [
      { url: pages.url("backend-engineer.html") },
      { url: pages.url("platform-engineer.html") },
      { url: pages.url("developpeur-backend.html") },
    ];
    const generate = { source_cv_id: cv["id"], mode: "adapt", offers };
    const started = await first.call("cv.generate", generate, "generate-1");
    const again = await first.call("cv.generate", generate, "generate-1");
    expect(again["task_id"]).toBe(started["task_id"]);
    const overHttp = await person.http.post("/v1/cv/generations", generate, "generate-1");
    expect(overHttp["task_id"]).toBe(started["task_id"]);
    await expect(first.call("cv.generate", { ...generate, offers: offers.slice(1) }, "generate-1")).rejects.toMatchObject({ code: "conflict" });

    // Watched by two, one of which loses its connection in the middle.
    const topic = `task:${String(started["task_id"])}`;
    const [task, other] = await Promise.all([first.subscribe(topic), second.subscribe(topic)]);
    await second.until("a completed step", () => other.of("step.completed").length >= 2);
    await second.cut();
    await second.connect();
    const ended = (log: TopicLog) => (): boolean => log.events.some((event) => ENDS.has(event.kind));
    await Promise.all([first.until("the end", ended(task)), second.until("the end", ended(other))]);
    expect(other.snapshots).toBe(1);
    expect(task.events.at(-1)?.kind, JSON.stringify(task.events.at(-1))).toBe("task.completed");
    expect(task.events.at(-1)?.data).toMatchObject({ completed_offers: 3, total_offers: 3, credits_debited: 3, credits_refunded: 0 });
    // Both saw the same, from where each began.
    const from = Math.max(task.events[0]!.seq, other.events[0]!.seq);
    const tail = (log: TopicLog): unknown[] => log.events.filter((event) => event.seq >= from);
    expect(tail(other)).toEqual(tail(task));
    const steps = checkSteps(task);
    for (const offer of [0, 1, 2]) {
      for (const type of ["extract", "classify", "batch_summary", "recompose", "match_score"]) {
        expect(steps.get(`${type}[${String(offer)}]`), `${type}[${String(offer)}]`).toBe("completed");
      }
    }
    expect(task.of("offer.extracted").map((event) => event.data["title"])).not.toContain(null);
    expect(task.volatile.map((live) => live.kind)).toContain("task.progress");
    expect(task.volatile.map((live) => live.kind)).toContain("step.delta");

    // P17: what the events say is what HTTP reads.
    const state = await person.http.get(`/v1/tasks/${String(started["task_id"])}`);
    expect((state["task"] as Fields)["status"]).toBe("completed");
    expect((state["steps"] as Fields[]).every((step) => step["status"] === "completed")).toBe(true);
    const completed = task.of("offer.completed").map((event) => event.data);
    expect(completed).toHaveLength(3);
    expect(await balanceOf(person.http)).toBe(2);
    await first.until("the end in the person's feed", () => user.of("task.finished").length === 1);
    expect(user.of("credits.changed").map((event) => event.data["amount"])).toEqual([-1, -1, -1]);
    expect(user.of("cv.created")).toHaveLength(4);

    // Each generated CV: the changes wait, and the content holds what they propose.
    const generated: Fields[] = [];
    for (const offer of completed) {
      const cvState = await person.http.get(`/v1/cv/files/${String(offer["generated_cv_file_id"])}`);
      const file = cvState["file"] as Fields;
      generated.push(file);
      expect(file["filename"]).toBe(offer["generated_cv_file_name"]);
      expect(file["content_version"]).toBe(2);
      expect(file["match_score"]).toBeGreaterThan(0);
      expect((cvState["versions"] as Fields[]).map((version) => version["version"])).toEqual([2, 1]);
      for (const change of file["pending_changes"] as Fields[]) {
        if (change["action"] !== "remove") expect(pointer(file["content"], change["path"] as string)).toEqual(change["after"]);
      }
    }

    // Two accepted, one rejected; the other connection sees each decision.
    const reviewed = generated.find((file) => (file["pending_changes"] as Fields[]).length >= 3)!;
    expect(reviewed, "a CV with three changes").toBeDefined();
    const id = reviewed["id"] as string;
    const feed = await second.subscribe(`cv:${id}`);
    const changes = reviewed["pending_changes"] as Fields[];
    const rejected = changes.find((change) => change["action"] === "modify")!;
    const accepted = changes.filter((change) => change !== rejected).slice(0, 2);
    const decisions = [
      ...accepted.map((change) => ({ change_id: change["id"], accept: true })),
      { change_id: rejected["id"], accept: false },
    ];
    const after = await first.call("cv.review", { id, decisions }, "review-1");
    await second.until("the decisions", () => feed.of("cv.change_decided").length === 3);
    const told = new Map(feed.of("cv.change_decided").map((event) => [event.data["change_id"], event.data]));
    for (const change of accepted) expect(told.get(change["id"])?.["decision"]).toBe("accepted");
    expect(told.get(rejected["id"])?.["decision"]).toBe("rejected");
    expect(pointer(after["content"], rejected["path"] as string) ?? null).toEqual(rejected["before"]);
    expect(feed.of("cv.changed").map((event) => event.data["rev"])).toContain(told.get(rejected["id"])?.["rev"]);
    expect(after["content_rev"]).toBe((reviewed["content_rev"] as number) + 3);
    expect(after["pending_count"]).toBe(changes.length - 3);
    const repeated = await first.call("cv.review", { id, decisions }, "review-1");
    expect(repeated["content_rev"]).toBe(after["content_rev"]);

    // Back to the source's content.
    const restored = await first.call("cv.restore", { id, version: 1 }, "restore-1");
    await second.until("the restored version", () => feed.of("cv.version").some((event) => event.data["change_type"] === "restore"));
    const original = await person.http.get(`/v1/cv/files/${id}/versions/1`);
    expect(restored["content"]).toEqual(original["content"]);
    expect(restored["pending_changes"]).toEqual([]);
    expect(restored["content_version"]).toBe(3);
    await expect(first.call("cv.restore", { id, version: 3 })).rejects.toMatchObject({ code: "conflict" });

    // Neither reviewing nor repeating cost anything.
    expect(await balanceOf(person.http)).toBe(2);

    // An offer by its text, stored once, and the source scored against it.
    const text = { text: jobText("fr-cds-platform-sre.md") };
    const offer = await first.call("job_offer.create", text, "offer-1");
    expect((await person.http.post("/v1/cv/job-offers", text))["id"]).toBe(offer["id"]);
    expect((offer["content"] as Fields)["title"]).toMatch(/SRE|plateforme/i);
    const source = await second.subscribe(`cv:${String(cv["id"])}`);
    await first.call("cv.score", { id: cv["id"], job_offer_id: offer["id"] }, "score-1");
    await second.until("the score", () => source.of("cv.score").some((event) => event.data["status"] === "done"));
    const score = source.of("cv.score").at(-1)!.data;
    const parts = Object.values(score["breakdown"] as Record<string, number>);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(score["score"]);
    expect(await balanceOf(person.http)).toBe(1);
    const dear = { source_cv_id: cv["id"], mode: "adapt", offers };
    await expect(first.call("cv.generate", dear)).rejects.toMatchObject({ code: "insufficient_credits" });
    expect(await balanceOf(person.http)).toBe(1);

    // Nobody else sees any of it.
    const stranger = await signUp(`stranger-${codec}`);
    const spy = new OutsideClient(server.liveUrl, codec, stranger.token, "spy");
    await spy.connect();
    for (const theirs of [`cv:${id}`, topic, `user:${person.id}`]) {
      await expect(spy.subscribe(theirs)).rejects.toBeInstanceOf(Refused);
    }
    await Promise.all([first.cut(), second.cut(), spy.cut()]);
  });
});
