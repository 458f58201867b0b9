import { describe, expect, it } from "vitest";
import { translate } from "../src/i18n";
import { runningNames, silenceOfStep, silencesOf, silencesOfAll, textOf, type Silence } from "../src/lib/waits";
import { stepName, taskTitle } from "../src/lib/tasks";
import { troubleAfter } from "../src/live/live";
import type { CvSummary, Requeued, StepView, TaskStatus, TaskView, TaskWait } from "../src/model/types";

const NOW = Date.parse("2026-11-21T10:00:30.000Z");
const SINCE = "2026-11-21T10:00:00.000Z";

function silences(status: TaskStatus, waits: TaskWait[], queue_position: number | null = null, requeued: Requeued | null = null, lostAgo = 0): Silence[] {
  const state = { task: { id: "t1", status } as TaskView, steps: [], progress: { fraction: 0, running: [], queue_position, waits } };
  return silencesOf({ state, requeued, lostAgo, serverNow: NOW, nameOf: (step) => `<${step}>` });
}
const said = (list: readonly Silence[]) => list.map((silence) => textOf((key, values) => translate("en", key, values), silence));
const taken: Requeued = { cause: "worker_lost", node: "n1", resumes_at: ["score[0]"], steps_done: 7, steps_total: 9, rescues: 1 };

describe("the four silences", () => {
  it("queued behind one's own limit: which limit, and the place", () => {
    expect(said(silences("queued", [{ reason: "own_limit", since: SINCE, limit: 2 }], 4))).toEqual(["One of your own tasks must end first: 2 run at a time. Number 4 in the queue."]);
    expect(said(silences("queued", [{ reason: "own_limit", since: SINCE, limit: 1 }], 1))).toEqual(["One of your own tasks must end first: 1 runs at a time. Next in the queue."]);
  });

  it("queued behind the server's limit: the place, however it is told", () => {
    expect(said(silences("queued", [{ reason: "server_limit", since: SINCE }], 12))).toEqual(["The server is busy with other tasks. Number 12 in the queue."]);
    expect(said(silences("queued", [{ reason: "server_limit", since: SINCE }], 1))).toEqual(["The server is busy with other tasks. Next in the queue."]);
    expect(said(silences("queued", [{ reason: "server_limit", since: SINCE }]))).toEqual(["The server is busy with other tasks; this goes on as soon as there is room."]);
    expect(said(silences("queued", [], 1))).toEqual(["Next in the queue."]);
    expect(said(silences("queued", []))).toEqual(["Waits for a free place."]);
  });

  it("the model: slow, busy or gone, at the step that waits for it", () => {
    const until = "2026-11-21T10:00:37.500Z";
    const list = silences("running", [
      { reason: "model_slow", since: SINCE, step: "a" },
      { reason: "model_busy", since: SINCE, step: "b", until },
      { reason: "model_down", since: SINCE, step: "c", until: SINCE },
    ]);
    expect(list.map(({ kind, step }) => [kind, step])).toEqual([["model", "a"], ["model", "b"], ["model", "c"]]);
    expect(said(list)).toEqual([
      "The model has written nothing for 30 s; still waiting for it.",
      "The model is busy; asked again in 8 s.",
      "The model cannot be reached; tried again in a moment.",
    ]);
    expect(silenceOfStep(list, { step: "b" })?.key).toBe("wait.model_busy.until");
    expect(silenceOfStep(list, { step: "z" })).toBeUndefined();
  });

  it("the worker is lost: since when, and at which steps it goes on; one silence for all of them", () => {
    const lost = (step?: string): TaskWait => ({ reason: "worker_lost", since: SINCE, node: "n1", ...(step === undefined ? {} : { step }) });
    expect(said(silences("running", [lost("a"), lost("b"), lost("c")]))).toEqual(["The machine working on this has been quiet for 30 s. If it does not come back, another one goes on at “<a>, <b> +1”."]);
    expect(said(silences("running", [lost()]))).toEqual(["The machine working on this has been quiet for 30 s. If it does not come back, another one goes on."]);
  });

  it("a worker that nobody calls lost any more has come back, even if it has nothing to say", () => {
    const lost: TaskWait = { reason: "worker_lost", since: SINCE, node: "n1" };
    expect(silences("running", [lost], null, null, 4_000)).toHaveLength(1);
    expect(silences("running", [lost], null, null, 5_100)).toEqual([]);
  });

  it("the whole task is still only when nothing goes on", () => {
    const run = (...keys: string[]) => keys.map((step) => ({ step, status: "running" }) as const);
    const list = silences("running", [{ reason: "model_slow", since: SINCE, step: "a" }, { reason: "model_down", since: SINCE, step: "b" }]);
    expect(silencesOfAll(list, run("a", "b"))).toEqual(list.slice(0, 1));
    expect(silencesOfAll(list, run("a", "b", "c"))).toEqual([]);
    expect(silencesOfAll([], run("a"))).toEqual([]);
    expect(runningNames([...run("a", "b"), { step: "c", status: "pending" }], (step) => `<${step}>`)).toBe("<a>, <b>");
    const whole = silences("running", [{ reason: "worker_lost", since: SINCE, node: "n1" }, { reason: "model_slow", since: SINCE, step: "a" }]);
    expect(silencesOfAll(whole, run("a")).map(({ kind }) => kind)).toEqual(["worker"]);
  });

  it("taken over: what is done stays done, and where it goes on, also while it is queued again", () => {
    expect(said(silences("queued", [], 3, taken))).toEqual(["The machine working on this was lost. Another one goes on at “<score[0]>”. 7 of 9 steps are done and stay done."]);
    expect(said(silences("queued", [], 3, { ...taken, steps_done: 1 }))).toEqual(["The machine working on this was lost. Another one goes on at “<score[0]>”. 1 of 9 steps is done and stays done."]);
    expect(said(silences("queued", [], 3, { ...taken, steps_done: 0 }))).toEqual(["The machine working on this was lost. Another one goes on at “<score[0]>”."]);
    expect(said(silences("queued", [{ reason: "server_limit", since: SINCE }], 2, taken)).at(-1)).toBe("The server is busy with other tasks. Number 2 in the queue.");
    expect(said(silences("queued", [], 3, { ...taken, cause: "drain", resumes_at: [] }))).toEqual(["The server is being updated. Another machine goes on. 7 of 9 steps are done and stay done."]);
  });

  it("a reason of a later version is a wait, and a task that has ended waits for nothing", () => {
    expect(said(silences("running", [{ reason: "moon_phase" as TaskWait["reason"], since: SINCE }]))).toEqual(["Waits."]);
    expect(silences("completed", [{ reason: "storage", since: SINCE }])).toEqual([]);
  });

  it("the own link: lost from its first moment until it is there again, whatever is tried in between", () => {
    const stale = { status: "stale", since: 10, reason: "" } as const;
    const offline = { status: "offline", since: 20, reason: "", retryAt: 0 } as const;
    let trouble = troubleAfter(null, stale);
    expect(trouble).toEqual({ kind: "stale", since: 10 });
    trouble = troubleAfter(trouble, offline);
    expect(trouble).toEqual({ kind: "offline", since: 10 });
    const before = trouble;
    trouble = troubleAfter(trouble, { status: "connecting", since: 30 });
    trouble = troubleAfter(trouble, { ...offline, since: 40 });
    expect(trouble).toBe(before);
    expect(troubleAfter(trouble, { status: "catching up", since: 50, user: "u", session: "s" })).toBeNull();
    expect(troubleAfter(null, { status: "connecting", since: 1 })).toBeNull();
  });
});

describe("names for people", () => {
  const t = (key: Parameters<typeof translate>[1], values = {}) => translate("en", key, values);
  const cv = { id: "c1", filename: "ada.json", title: "Ada Lovelace — Engineer" } as CvSummary;
  const task = { type: "generate-cv", mode: "adapt", title: "Adapt ada.json to 3 job offers", cv_file: "ada.json", total_offers: 3, source_cv_id: null } as unknown as TaskView;

  it("a task is named by the person and not by a file", () => {
    expect(taskTitle(t, task, [cv], new Map())).toBe("Adapt Ada Lovelace’s CV to 3 offers");
    expect(taskTitle(t, { ...task, total_offers: 1 }, [], new Map())).toBe("Adapt a CV to an offer");
    expect(taskTitle(t, { ...task, mode: "optimize" }, [cv], new Map())).toBe("Optimise Ada Lovelace’s CV");
    expect(taskTitle(t, { ...task, type: "import-pdf", title: "Import cv.pdf" }, [cv], new Map())).toBe("Import cv.pdf");
  });

  it("a step is named by the entry of the CV that it rewrites", () => {
    const step = { step: "batch_experience[0][1]", type: "batch_experience", item_index: 1 } as StepView;
    expect(stepName(t, step, { work: [{ name: "A" }, { name: "Evaneos", position: "Tech Lead" }] })).toBe("Tech Lead, Evaneos");
    expect(stepName(t, step)).toBe("Experience 2");
    expect(stepName(t, step, { work: [] })).toBe("Experience 2");
    expect(stepName(t, { ...step, type: "later_step" })).toBe("batch_experience[0][1]");
  });
});

describe("French", () => {
  it("does not begin a line with a colon", () => {
    expect(translate("fr", "wait.stale")).toBe("Aucun signe du serveur\u00a0: l’affichage peut dater. Le travail y continue.");
  });
});
