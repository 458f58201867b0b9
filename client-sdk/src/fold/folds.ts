/** The folds of the known topics, for `createTopicStore` and the hooks. */
import type { CvState, Requeued, StepDelta, TaskState, UserState } from "../generated/protocol.js";
import type { EventOf } from "../api.js";
import type { Fold } from "../store.js";
import { reduceCv } from "./cv.js";
import { reduceTask, reduceTaskLive, reduceTexts, type Texts } from "./task.js";
import { reduceUser } from "./user.js";

/** A task, and what only its events tell. */
export interface TaskLiveState extends TaskState {
  /** The text that each running step writes. */
  readonly texts: Texts;
  /** Why the task was queued again after it had begun, and where it resumes; `null` once it runs. */
  readonly requeued: Requeued | null;
}

/** Of a task's events: why it was queued again. `before` for those that do not concern it. */
export function reduceRequeued(before: Requeued | null, event: EventOf<`task:${string}`>): Requeued | null {
  if (event.kind === "task.queued") return event.data.requeued ?? null;
  return event.kind.startsWith("task.") ? null : before;
}

/** For `createTopicStore` and `useTopic`: a task. */
export const taskFold: Fold<`task:${string}`, TaskLiveState> = {
  begin: (state) => ({ ...state, texts: {}, requeued: null }),
  event: (state, event) => {
    const requeued = reduceRequeued(state.requeued, event);
    const next = { ...reduceTask(state, event), texts: state.texts, requeued };
    // A step's text belongs to an attempt: it goes when the attempt ends, and a new one begins from nothing.
    const { step } = event.data as Partial<StepDelta>;
    return step === undefined || !(step in state.texts) ? next : { ...next, texts: without(state.texts, step) };
  },
  live: (state, event) => ({ ...reduceTaskLive(state, event), texts: reduceTexts(state.texts, event), requeued: state.requeued }),
};

/** For `createTopicStore` and `useTopic`: a CV. */
export const cvFold: Fold<`cv:${string}`, CvState> = { event: reduceCv };

/** For `createTopicStore` and `useTopic`: a person's feed. */
export const userFold: Fold<`user:${string}`, UserState> = { event: reduceUser };

function without(texts: Texts, step: string): Texts {
  return Object.fromEntries(Object.entries(texts).filter(([each]) => each !== step));
}
