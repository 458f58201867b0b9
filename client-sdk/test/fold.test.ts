import { expect, test } from "vitest";
import { cvFold, FoldError, reduceCv, reduceTask, reduceTaskLive, reduceTexts, reduceUser, taskFold } from "../src/index.js";
import type { CvState, EventOf, Requeued, TaskState, UserState } from "../src/index.js";
import { AT, change, cvState, LATER, taskState, userState } from "./fold-samples.js";

type Kinds<T extends string> = { [E in EventOf<T> as E["kind"]]: E["data"] };

function cv<K extends keyof Kinds<"cv:1">>(state: CvState, kind: K, data: Kinds<"cv:1">[K]): CvState {
  return reduceCv(state, { topic: "cv:1", seq: 1, at: LATER, kind, data } as EventOf<"cv:1">);
}
function task<K extends keyof Kinds<"task:1">>(state: TaskState, kind: K, data: Kinds<"task:1">[K]): TaskState {
  return reduceTask(state, { topic: "task:1", seq: 1, at: LATER, kind, data } as EventOf<"task:1">);
}
function user<K extends keyof Kinds<"user:1">>(state: UserState, kind: K, data: Kinds<"user:1">[K]): UserState {
  return reduceUser(state, { topic: "user:1", seq: 1, at: LATER, kind, data } as EventOf<"user:1">);
}

test("cv.changed applies its patch, and shares what it does not touch", () => {
  const before = cvState();
  const patch = [{ op: "replace", path: "/basics/label", value: "Lead" } as const];
  const after = cv(before, "cv.changed", { rev: 4, by: { user: null, device: null }, patch, content_version: 1 });
  expect(after.file.content).toEqual({ basics: { name: "Ada", label: "Lead" }, work: [{ name: "A" }, { name: "B" }] });
  expect(after.file.content.work).toBe(before.file.content.work);
  expect(after.file).toMatchObject({ content_rev: 4, updated_at: LATER });
  expect(before.file.content.basics?.label).toBe("Engineer");
});

test("a patch that does not fit is an error, not a guess", () => {
  const patch = [{ op: "remove", path: "/work/7" } as const];
  expect(() => cv(cvState(), "cv.changed", { rev: 4, by: { user: null, device: null }, patch, content_version: 1 })).toThrow(FoldError);
});

test("a review: proposed, one accepted, one rejected with its patch, and then it is over", () => {
  const changes = [change("c1", "/basics/label", "Engineer", "Lead"), change("c2", "/basics/name", "Ada", "Ada L.")];
  let state = cv(cvState(), "cv.changes_proposed", { pending_source_version: 1, changes });
  expect(state.file).toMatchObject({ pending_count: 2, pending_source_version: 1 });
  const decided = { field: "label", before: "Engineer", after: "Lead", reason: "", action: "modify" } as const;
  state = cv(state, "cv.change_decided", { ...decided, change_id: "c1", decision: "accepted", rev: 4, remaining: 1 });
  expect(state.file.pending_changes.map((each) => [each.status, each.decided_at])).toEqual([["accepted", LATER], ["pending", null]]);
  expect(state.file).toMatchObject({ pending_count: 1, content_rev: 4 });
  state = cv(state, "cv.change_decided", { ...decided, change_id: "c2", decision: "rejected", rev: 5, remaining: 0 });
  expect(state.file).toMatchObject({ pending_changes: [], pending_count: 0, pending_source_version: null, content_rev: 5, optimise_status: "idle" });
});

test("score, optimisation, block and versions", () => {
  const breakdown = { technical_skills: 30, experience: 20, education: 10, projects: 5, soft_skills: 5 };
  const lists = { missing_skills: ["Go"], matching_skills: ["Rust"], suggestions: [] };
  let state = cv(cvState(), "cv.score", { score: 70, before: 52, status: "done", breakdown, ...lists, updated_at: LATER });
  expect(state.file).toMatchObject({ match_score: 70, score_before: 52, match_score_status: "done", score: { score: 70, breakdown } });
  state = cv(state, "cv.optimise", { status: "done", error: null, updated_at: LATER });
  expect(state.file).toMatchObject({ optimise_status: "done", optimise_updated_at: LATER });
  state = cv(state, "cv.state", { blocked: true, blocked_reason: "plan_limit", language: "fr", job_offer_id: "j1", filename: "b.json" });
  expect(state.file).toMatchObject({ blocked: true, blocked_at: LATER, blocked_reason: "plan_limit", language: "fr", filename: "b.json" });
  const kept = { change_type: "optimization", changelog: "x", source_file: null, match_score: 70 } as const;
  for (const version of [1, 2, 3]) state = cv(state, "cv.version", { ...kept, version, pruned: version === 3 ? [1] : [] });
  expect(state.versions.map((each) => each.version)).toEqual([3, 2]);
});

test("a task from queued to completed", () => {
  let state = task(taskState(), "task.started", { id: "t1", type: "generate-cv", status: "running", error: null, attempt: 1 });
  expect(state.task).toMatchObject({ status: "running", started_at: LATER });
  state = task(state, "step.started", { step: "extract[0]", type: "extract", attempt: 1, offer_index: 0 });
  expect(state.steps[0]).toMatchObject({ status: "running", attempt: 1, weight: 10 });
  expect(state.offers.map((offer) => offer.status)).toEqual(["extracting", "pending"]);
  state = task(state, "step.failed", { step: "extract[0]", type: "extract", attempt: 1, offer_index: 0, error: "503", code: "unavailable", duration_ms: 5, cancelled: [], retry_in_ms: 1_000 });
  expect(state.steps[0]).toMatchObject({ status: "pending", error: "503" });
  state = task(state, "step.started", { step: "extract[0]", type: "extract", attempt: 2, offer_index: 0 });
  state = task(state, "step.completed", { step: "extract[0]", type: "extract", attempt: 2, offer_index: 0, duration_ms: 40, model_used: "offline", prompt_tokens: 9 });
  expect(state.steps[0]).toEqual({ ...taskState().steps[0], status: "completed", attempt: 2, duration_ms: 40, report: { model_used: "offline", prompt_tokens: 9 } });
  state = task(state, "offer.extracted", { offer_index: 0, job_offer_id: "j1", title: "Dev", company: "Acme", reused: false });
  state = task(state, "step.started", { step: "batch_experience[0,2]", type: "batch_experience", attempt: 1, offer_index: 0, item_index: 2 });
  expect(state.steps[2]).toMatchObject({ step: "batch_experience[0,2]", status: "running", offer_index: 0, item_index: 2, weight: 0 });
  state = task(state, "offer.completed", { offer_index: 0, job_offer_id: "j1", generated_cv_file_id: "cv2", generated_cv_file_name: "n.json" });
  expect(state.offers[0]).toMatchObject({ status: "completed", title: "Dev", generated_cv_file_id: "cv2" });
  state = task(state, "offer.failed", { offer_index: 1, error: "404", refunded: true, retry_count: 0 });
  expect(state.offers[1]).toMatchObject({ status: "failed", error: "404", credits_refunded: true });
  expect(state.steps[1]?.status).toBe("cancelled");
  state = task(state, "task.failed", { id: "t1", type: "generate-cv", status: "failed", error: "1 of 2 offers failed", result: { offers: 1 }, attempt: 1, credits_refunded: 1 });
  expect(state.task).toMatchObject({ status: "failed", completed_at: LATER, result: { offers: 1 }, credits_refunded: 1, credits_debited: 2 });
  expect(state.steps.map((step) => step.status)).toEqual(["completed", "cancelled", "cancelled"]);
  state = task(state, "task.queued", { id: "t1", type: "generate-cv", status: "queued", error: null, attempt: 2, credits_debited: 3 });
  expect(state.task).toMatchObject({ status: "queued", attempt: 2, result: null, completed_at: null, started_at: LATER });
  expect(state.steps.map((step) => step.status)).toEqual(["completed", "pending", "pending"]);
  expect(state.offers[1]).toMatchObject({ status: "pending", retry_count: 1, credits_refunded: false });
});

test("progress and texts are volatile: the newest wins, and a text goes when its step ends", () => {
  const live = { topic: "task:1", key: "task", at: AT } as const;
  const progress = { fraction: 0.5, running: ["extract[0]"], queue_position: null, waits: [] };
  expect(reduceTaskLive(taskState(), { ...live, kind: "task.progress", data: progress }).progress).toEqual(progress);
  const delta = (offset: number, text: string) => ({ ...live, kind: "step.delta", data: { step: "s", offset, text } }) as const;
  let texts = reduceTexts({}, delta(0, "Experi"));
  texts = reduceTexts(texts, delta(6, "enced"));
  texts = reduceTexts(texts, delta(6, "enced engineer"));
  expect(texts).toEqual({ s: "Experienced engineer" });

  const begun = { ...taskState(), texts: { "extract[0]": "half a", other: "x" }, requeued: null };
  const data = { step: "extract[0]", type: "extract", attempt: 1, duration_ms: 1 };
  const ended = taskFold.event(begun, { topic: "task:1", seq: 1, at: LATER, kind: "step.completed", data });
  expect(ended.texts).toEqual({ other: "x" });
});

test("a rescued task: what ran begins again, what is done stays, and it is said why until it runs", () => {
  const status = { id: "t1", type: "generate-cv", error: null, attempt: 1 } as const;
  const step = { step: "extract[0]", type: "extract", attempt: 1, offer_index: 0 };
  let state = task(taskState(), "task.started", { ...status, status: "running" });
  state = task(state, "step.started", step);
  state = task(state, "step.completed", { ...step, duration_ms: 5 });
  state = task(state, "step.started", { ...step, step: "classify[0]", type: "classify" });
  const requeued = { cause: "worker_lost" as const, node: "n1", resumes_at: ["classify[0]"], steps_done: 1, steps_total: 2, rescues: 1 } satisfies Requeued;
  const event: EventOf<"task:1"> = { topic: "task:1", seq: 9, at: LATER, kind: "task.queued", data: { ...status, status: "queued", requeued } };
  let shown = taskFold.event({ ...state, texts: {}, requeued: null }, event);
  expect(shown.task).toMatchObject({ status: "queued", attempt: 1, started_at: LATER, completed_at: null });
  expect(shown.steps.map((each) => [each.step, each.status])).toEqual([["extract[0]", "completed"], ["extract[1]", "pending"], ["classify[0]", "pending"]]);
  expect(shown.requeued).toEqual(requeued);
  shown = taskFold.event(shown, { topic: "task:1", seq: 10, at: LATER, kind: "task.started", data: { ...status, status: "running" } });
  expect(shown.requeued).toBeNull();
});

test("what is waited for is as the newest progress says, and over when the task or the step gets on", () => {
  const at = { topic: "task:1", key: "task", at: AT } as const;
  const waits = [{ reason: "own_limit", since: AT, limit: 2 }, { reason: "model_slow", since: AT, step: "extract[0]" }] as const;
  const waiting = reduceTaskLive(taskState(), { ...at, kind: "task.progress", data: { fraction: 0, running: [], queue_position: 1, waits: [...waits] } });
  expect(waiting.progress?.waits).toEqual(waits);
  const step = { step: "extract[0]", type: "extract", attempt: 1, offer_index: 0 };
  expect(task(waiting, "step.completed", { ...step, duration_ms: 1 }).progress?.waits).toEqual([waits[0]]);
  expect(task(waiting, "task.started", { id: "t1", type: "generate-cv", status: "running", error: null, attempt: 1 }).progress?.waits).toEqual([]);
  const over = reduceTaskLive(waiting, { ...at, kind: "task.progress", data: { fraction: 0.1, running: [], queue_position: null } });
  expect(over.progress?.waits).toEqual([]);
});

test("a task that is queued again keeps its place and what is known of it in a person's feed", () => {
  const queued = { title: "Adapt", cv_file: null, credit_used: true, feature_name: "generate_cv", total_offers: 1, type: "generate-cv", status: "queued", attempt: 1, device_id: null, created_at: AT } as const;
  let state = user(userState(), "task.queued", { ...queued, id: "t1" });
  state = user(state, "task.queued", { ...queued, id: "t2" });
  state = { ...state, tasks: state.tasks.map((each) => ({ ...each, status: "running", source_cv_id: "cv1" })) };
  const requeued = { cause: "drain", node: "n1", resumes_at: [], steps_done: 0, steps_total: 1, rescues: 0 } as const;
  state = user(state, "task.queued", { ...queued, id: "t1", requeued: { ...requeued, resumes_at: [] } });
  expect(state.tasks.map((each) => [each.id, each.status, each.source_cv_id])).toEqual([["t2", "running", "cv1"], ["t1", "queued", "cv1"]]);
  state = user(userState(), "task.queued", { ...queued, id: "t3", attempt: 2 });
  expect(state.tasks[0]).toMatchObject({ id: "t3", attempt: 2 });
});

test("a person's feed: tasks, credits, counters, CVs, notices", () => {
  const queued = { title: "Adapt", cv_file: null, credit_used: true, feature_name: "generate_cv", total_offers: 1, type: "generate-cv", status: "queued", attempt: 1, device_id: null, created_at: AT } as const;
  let state = user(userState(), "task.queued", { ...queued, id: "t1" });
  state = user(state, "task.queued", { ...queued, id: "t2" });
  expect(state.tasks.map((each) => each.id)).toEqual(["t2", "t1"]);
  state = user(state, "task.finished", { id: "t1", type: "generate-cv", status: "completed", attempt: 1, error: null, result: null, success_message: null, should_update_cv_list: true });
  expect(state.tasks.map((each) => each.id)).toEqual(["t2"]);
  const row = { transaction_id: "x", feature_name: null, task_id: null, related_transaction_id: null };
  state = user(state, "credits.changed", { ...row, balance: 7, amount: -3, type: "usage" });
  state = user(state, "credits.changed", { ...row, balance: 8, amount: 1, type: "refund" });
  state = user(state, "credits.changed", { ...row, balance: 28, amount: 20, type: "purchase" });
  state = user(state, "credits.changed", { ...row, balance: 30, amount: 2, type: "gift" });
  const { balance, total_used, total_refunded, total_purchased, total_gifted } = state.credits;
  expect(state.credits).toMatchObject({ balance: 30, total_used: 3, balance_after_last_purchase: 28 });
  expect(balance).toBe(total_purchased + total_gifted + total_refunded - total_used); // cv R48
  state = user(state, "counter.changed", { feature_name: "f", count: 1, usage_limit: 5, period_start: AT, period_end: LATER });
  state = user(state, "counter.changed", { feature_name: "f", count: 2, usage_limit: 5, period_start: AT, period_end: LATER });
  expect(state.counters).toMatchObject([{ count: 2 }]);
  const subscription = { plan_id: 3, plan_name: "pro", tier: 2, status: "active" as const, billing_period: "monthly" as const, current_period_end: LATER, cancel_at_period_end: false };
  state = user(state, "subscription.changed", subscription);
  expect(state.subscription).toEqual(subscription);
  expect(state.plan).toEqual({ id: 3, name: "pro", tier: 2, is_free: false });
  state = user(state, "subscription.changed", { ...subscription, plan_id: 1, plan_name: "free", tier: 0, status: "canceled" });
  expect(state.plan).toEqual({ id: 1, name: "free", tier: 0, is_free: true });
  const made = { filename: "a.json", title: "A. Gil, developer", pending_count: 2, created_by: null, source_type: null, job_offer_id: null, language: null, is_translated: false, content_version: 1 };
  state = user(state, "cv.created", { ...made, id: "cv1" });
  expect(state.cvs).toMatchObject([{ id: "cv1", title: "A. Gil, developer", pending_count: 2 }]);
  state = user(state, "cv.listed", { id: "cv1", filename: "b.json", title: "A. Gil, engineer", pending_count: 1, match_score: 60, match_score_status: "done", optimise_status: "idle", updated_at: LATER });
  state = user(state, "cv.blocked", { id: "cv1", filename: "b.json", blocked_reason: "plan_limit", blocked_at: LATER });
  expect(state.cvs).toMatchObject([{ id: "cv1", filename: "b.json", title: "A. Gil, engineer", pending_count: 1, match_score: 60, blocked: true }]);
  state = user(state, "cv.unblocked", { id: "cv1", filename: "b.json", blocked_reason: null, blocked_at: null });
  state = user(state, "notice", { level: "info", code: "hi", text: "Hello", data: null });
  expect(state).toMatchObject({ cvs: [{ blocked: false }], notices: [{ code: "hi" }] });
  expect(user(state, "cv.deleted", { id: "cv1", filename: "b.json" }).cvs).toEqual([]);
});

test("kinds of a later version change nothing", () => {
  const event = { topic: "cv:1", seq: 1, at: AT, kind: "cv.later", data: {} };
  const state = cvState();
  expect(cvFold.event(state, event as never)).toBe(state);
});
