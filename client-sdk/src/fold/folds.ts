/** The folds of the known topics, for `createTopicStore` and the hooks. */
import type { CvState, StepDelta, TaskState, UserState } from "../generated/protocol.js";
import type { Fold } from "../store.js";
import { reduceCv } from "./cv.js";
import { reduceTask, reduceTaskLive, reduceTexts, type Texts } from "./task.js";
import { reduceUser } from "./user.js";

/** A task, and the text that each running step writes. */
export interface TaskLiveState extends TaskState {
  readonly texts: Texts;
}

export const taskFold: Fold<`task:${string}`, TaskLiveState> = {
  begin: (state) => ({ ...state, texts: {} }),
  event: (state, event) => {
    const next = { ...reduceTask(state, event), texts: state.texts };
    // A step's text belongs to an attempt: it goes when the attempt ends, and a new one begins from nothing.
    const { step } = event.data as Partial<StepDelta>;
    return step === undefined || !(step in state.texts) ? next : { ...next, texts: without(state.texts, step) };
  },
  live: (state, event) => ({ ...reduceTaskLive(state, event), texts: reduceTexts(state.texts, event) }),
};

export const cvFold: Fold<`cv:${string}`, CvState> = { event: reduceCv };

export const userFold: Fold<`user:${string}`, UserState> = { event: reduceUser };

function without(texts: Texts, step: string): Texts {
  return Object.fromEntries(Object.entries(texts).filter(([each]) => each !== step));
}
