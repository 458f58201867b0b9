import type { EventOf, LiveOf } from "../api.js";
import type { CvStepCompleted, GenerationOffer, StepReport, StepStatus, StepView, TaskState } from "../generated/protocol.js";

type TaskEvent = EventOf<`task:${string}`>;
type TaskLive = LiveOf<`task:${string}`>;

/**
 * A task's state after one more of its durable events. Steps that the snapshot did not know (a step may add steps)
 * are taken from their events, with weight 0 until the next snapshot.
 */
export function reduceTask(state: TaskState, event: TaskEvent): TaskState {
  return touch(withoutWaits(apply(state, event), event), event.at);
}

/** What was waited for is over when the task or the step gets on; what still waits is said again by the next progress. */
function withoutWaits(state: TaskState, event: TaskEvent): TaskState {
  const { progress } = state;
  if (progress?.waits === undefined || progress.waits.length === 0) return state;
  const { step } = event.data as Partial<StepData>;
  const isTask = event.kind === "task.queued" || event.kind === "task.started";
  const waits = isTask ? [] : progress.waits.filter((wait) => wait.step === undefined || wait.step !== step);
  return { ...state, progress: { ...progress, waits } };
}

function apply(state: TaskState, event: TaskEvent): TaskState {
  switch (event.kind) {
    case "task.queued":
    case "task.started":
    case "task.completed":
    case "task.failed":
    case "task.cancelled":
      return reduceStatus(state, event);
    case "step.started":
      return startStep(state, event.data);
    case "step.completed":
      return changeStep(state, event.data, {
        status: "completed",
        attempt: event.data.attempt,
        error: null,
        duration_ms: event.data.duration_ms,
        report: reportOf(event.data),
      });
    case "step.failed": {
      const { attempt, error, retry_in_ms, cancelled } = event.data;
      const status = retry_in_ms === null ? "failed" : "pending";
      return endSteps(changeStep(state, event.data, { status, attempt, error }), (step) => cancelled.includes(step.step));
    }
    case "offer.extracted": {
      const { offer_index, job_offer_id, title, company } = event.data;
      return changeOffer(state, offer_index, { status: "running", job_offer_id, title, company });
    }
    case "offer.completed":
      return changeOffer(state, event.data.offer_index, { ...event.data, status: "completed", error: null });
    case "offer.failed":
    case "offer.cancelled": {
      const { offer_index, error, refunded, retry_count } = event.data;
      const status = event.kind === "offer.failed" ? "failed" : "cancelled";
      const ended = changeOffer(state, offer_index, { status, error, credits_refunded: refunded, retry_count });
      return endSteps(ended, (step) => step.offer_index === offer_index);
    }
    default:
      return state; // a kind of a later version
  }
}

/** A task's state with the newest progress. Texts (`step.delta`) are folded by {@link reduceTexts}. */
export function reduceTaskLive(state: TaskState, event: TaskLive): TaskState {
  if (event.kind !== "task.progress") return state;
  const { fraction, running, queue_position, waits = [] } = event.data;
  return { ...state, progress: { fraction, running, queue_position, waits } };
}

/** Step → the text that the model writes right now. */
export type Texts = Readonly<Record<string, string>>;

/** Takes a `step.delta` in: everything from `offset` on is replaced, so that a missed one is harmless. */
export function reduceTexts(texts: Texts, event: TaskLive): Texts {
  if (event.kind !== "step.delta") return texts;
  const { step, offset, text } = event.data;
  // Offsets count UTF-16 units like `length`; a hole (after a reconnect) is left out rather than filled.
  return { ...texts, [step]: (texts[step] ?? "").slice(0, offset) + text };
}

type StatusEvent = Extract<TaskEvent, { kind: `task.${string}` }>;

function reduceStatus(state: TaskState, { kind, at, data }: StatusEvent): TaskState {
  const before = state.task;
  const isOver = kind === "task.completed" || kind === "task.failed" || kind === "task.cancelled";
  const task = {
    ...before,
    status: data.status,
    error: data.error ?? null,
    result: data.result ?? null,
    attempt: data.attempt,
    credits_debited: data.credits_debited ?? before.credits_debited,
    credits_refunded: data.credits_refunded ?? before.credits_refunded,
    completed_offers: data.completed_offers ?? before.completed_offers,
    total_offers: data.total_offers ?? before.total_offers,
    started_at: kind === "task.started" ? (before.started_at ?? at) : before.started_at,
    completed_at: isOver ? at : null,
  };
  const next = { ...state, task, progress: isOver ? null : state.progress };
  if (kind === "task.queued" && data.attempt > before.attempt) return retry(next);
  if (kind === "task.queued") return interrupt(next);
  return isOver ? endSteps(next, () => true) : next;
}

/** Its worker was lost: what ran begins again, what is completed stays. */
function interrupt(state: TaskState): TaskState {
  return { ...state, steps: state.steps.map((step) => (step.status === "running" ? { ...step, status: "pending" } : step)) };
}

/** `task.retry`: what failed runs again, what is completed stays. */
function retry(state: TaskState): TaskState {
  const again = (status: StepStatus): boolean => status === "failed" || status === "cancelled";
  return {
    ...state,
    steps: state.steps.map((step) => (again(step.status) ? { ...step, status: "pending", error: null } : step)),
    offers: state.offers.map((offer) =>
      offer.status === "failed" || offer.status === "cancelled"
        ? { ...offer, status: "pending", error: null, retry_count: offer.retry_count + 1, credits_refunded: false }
        : offer,
    ),
  };
}

interface StepData {
  readonly step: string;
  readonly type: string;
  readonly offer_index?: number;
  readonly item_index?: number;
}

function changeStep(state: TaskState, data: StepData, change: Partial<StepView>): TaskState {
  const known = state.steps.some((step) => step.step === data.step);
  const steps = known ? state.steps : [...state.steps, newStep(data)];
  return { ...state, steps: steps.map((step) => (step.step === data.step ? { ...step, ...change } : step)) };
}

function newStep({ step, type, offer_index, item_index }: StepData): StepView {
  const place = { offer_index: offer_index ?? null, item_index: item_index ?? null };
  return { step, type, ...place, status: "pending", attempt: 0, weight: 0, error: null, duration_ms: null, report: null };
}

function startStep(state: TaskState, data: StepData & { readonly attempt: number }): TaskState {
  const started = changeStep(state, data, { status: "running", attempt: data.attempt, error: null });
  const offer = started.offers.find((each) => each.offer_index === data.offer_index);
  if (offer === undefined || (offer.status !== "pending" && offer.status !== "extracting")) return started;
  return changeOffer(started, offer.offer_index, { status: data.type === "extract" ? "extracting" : "running" });
}

function changeOffer(state: TaskState, index: number, change: Partial<GenerationOffer>): TaskState {
  return {
    ...state,
    offers: state.offers.map((offer) => (offer.offer_index === index ? { ...offer, ...change } : offer)),
  };
}

/** What did not end before its group did never will. */
function endSteps(state: TaskState, concerns: (step: StepView) => boolean): TaskState {
  const ends = (step: StepView): boolean => (step.status === "pending" || step.status === "running") && concerns(step);
  return { ...state, steps: state.steps.map((step) => (ends(step) ? { ...step, status: "cancelled" } : step)) };
}

const REPORT_FIELDS = [
  "model_used",
  "prompt_tokens",
  "cached_tokens",
  "completion_tokens",
  "estimated_cost",
  "modifications",
] as const satisfies readonly (keyof StepReport)[];

function reportOf(data: CvStepCompleted): StepReport {
  return Object.fromEntries(REPORT_FIELDS.flatMap((field) => (data[field] === undefined ? [] : [[field, data[field]]])));
}

function touch(state: TaskState, at: string): TaskState {
  return { ...state, task: { ...state.task, updated_at: at } };
}
