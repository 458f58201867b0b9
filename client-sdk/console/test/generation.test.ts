import type { EventOf } from "@estafette/client";
import { describe, expect, it } from "vitest";
import { orderSteps } from "../src/generation/order";
import { beginGeneration, foldEvent, foldLive, fractionOf, spentBy, type Generation } from "../src/live/generation";
import type { StepView, TaskState, TaskView } from "../src/model/types";

type Event = EventOf<`task:${string}`>;
const T0 = Date.parse("2026-11-21T10:00:00.000Z");

function step(fields: Partial<StepView>): StepView {
  return { step: "extract[0]", type: "extract", status: "pending", offer_index: 0, item_index: null, attempt: 0, weight: 10, error: null, duration_ms: null, report: null, ...fields };
}
function state(steps: StepView[]): TaskState {
  const task = { id: "t1", status: "running", attempt: 1 } as TaskView;
  return { task, offers: [], steps, progress: null };
}
let seq = 0;
function event(kind: string, data: unknown, at = T0): Event {
  return { topic: "task:t1", seq: (seq += 1), kind, at: new Date(at).toISOString(), data } as unknown as Event;
}
const delta = (text: string) => ({ topic: "task:t1", key: "extract[0]", kind: "step.delta", at: "", data: { step: "extract[0]", offset: 0, text } }) as never;

describe("a generation that is watched", () => {
  const started = (generation: Generation, attempt: number, at = T0) => foldEvent(generation, event("step.started", { step: "extract[0]", type: "extract", offer_index: 0, attempt }, at), T0 + 50);

  it("counts an attempt's time from its own event", () => {
    expect(started(beginGeneration(state([step({})]), T0), 1).begun).toEqual({ "extract[0]": T0 });
  });

  it("is not confused by a server whose clock is ahead", () => {
    expect(started(beginGeneration(state([step({})]), T0), 1, T0 + 9000).begun).toEqual({ "extract[0]": T0 + 50 });
  });

  it("says when a failed step is tried again, and forgets it when it is", () => {
    const failed = foldEvent(beginGeneration(state([step({ status: "running" })]), T0), event("step.failed", { step: "extract[0]", type: "extract", offer_index: 0, attempt: 1, error: "429", retry_in_ms: 4000, cancelled: [] }), T0);
    expect(failed.again).toEqual({ "extract[0]": T0 + 4000 });
    expect(failed.state.steps[0]).toMatchObject({ status: "pending", error: "429" });
    expect(started(failed, 2).again).toEqual({});
  });

  it("keeps the text of an offer's last writer, and begins anew with an attempt", () => {
    const written = foldLive(foldLive(beginGeneration(state([step({})]), T0), delta("Hel")), delta("Hello"));
    expect(written.texts).toEqual({ "extract[0]": "Hello" });
    expect(written.writing).toEqual({ 0: "extract[0]" });
    expect(started(written, 2).texts).toEqual({});
  });
});

describe("a worker that is taken for lost", () => {
  const progress = (...reasons: string[]) =>
    ({ topic: "task:t1", key: "task", kind: "task.progress", at: "", data: { fraction: 0, running: [], queue_position: null, waits: reasons.map((reason) => ({ reason, since: "" })) } }) as never;

  it("is lost as of the last word of it, until it is heard of", () => {
    const lost = foldLive(beginGeneration(state([step({})]), T0), progress("worker_lost"), T0 + 10);
    expect(lost.lostAt).toBe(T0 + 10);
    expect(foldLive(lost, progress("worker_lost"), T0 + 1010).lostAt).toBe(T0 + 1010);
    expect(foldLive(lost, delta("Hel"), T0 + 20).lostAt).toBeNull();
    expect(foldLive(lost, progress("model_slow"), T0 + 20).lostAt).toBeNull();
    expect(beginGeneration(lost.state, T0 + 30).lostAt).toBe(T0 + 30);
    expect(beginGeneration(state([]), T0).lostAt).toBeNull();
  });
});

describe("sums", () => {
  it("takes the server's progress, else the weights", () => {
    const half = state([step({ status: "completed" }), step({ step: "classify[0]" })]);
    expect(fractionOf(half)).toBe(0.5);
    expect(fractionOf({ ...half, progress: { fraction: 0.7, running: [], queue_position: null } })).toBe(0.7);
    expect(fractionOf(state([]))).toBe(0);
  });

  it("adds tokens and cost of steps that have a report", () => {
    const spent = spentBy([step({ report: { prompt_tokens: 100, completion_tokens: 20, estimated_cost: 0.5 } }), step({})]);
    expect(spent).toEqual({ tokens: 120, usd: 0.5 });
  });
});

describe("orderSteps", () => {
  it("follows the dependencies, unknown ones last", () => {
    const keys = ["match_score[0]", "batch_experience[0,10]", "batch_experience[0,2]", "extract[0]", "custom"];
    const steps = keys.map((key) => step({ step: key, type: key.split("[")[0] ?? key, item_index: /,(\d+)/u.test(key) ? Number(/,(\d+)/u.exec(key)?.[1]) : null }));
    expect(orderSteps(steps).map((view) => view.step)).toEqual(["extract[0]", "batch_experience[0,2]", "batch_experience[0,10]", "match_score[0]", "custom"]);
  });
});
