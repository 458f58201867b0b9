/** A generation as the live view shows it: the task's state, and what only a watcher knows (texts, begin of steps). */
import { reduceRequeued, reduceTask, reduceTaskLive, reduceTexts, type EventOf, type Fold, type LiveOf, type Texts } from "@estafette/client";
import type { Requeued, TaskState } from "../model/types";

export interface Generation {
  readonly state: TaskState;
  /** Step → the text so far. */
  readonly texts: Texts;
  /** Step → when its running attempt began, milliseconds since 1970. */
  readonly begun: Readonly<Record<string, number>>;
  /** Step → when it is tried again, milliseconds since 1970. */
  readonly again: Readonly<Record<string, number>>;
  /** Offer → the step that wrote last. */
  readonly writing: Readonly<Record<number, string>>;
  /** Why it was queued again after it had begun; null once it runs. */
  readonly requeued: Requeued | null;
  /** When it was last told that the worker is lost, milliseconds since 1970; null when the worker was heard of after it. */
  readonly lostAt: number | null;
  /** The server's clock less this one's, milliseconds: as the volatile events tell, which are never old. */
  readonly skew: number;
}

type Topic = `task:${string}`;

export function beginGeneration(state: TaskState, now = Date.now()): Generation {
  const running = state.steps.filter((step) => step.status === "running").map((step) => [step.step, now] as const);
  return { state, texts: {}, begun: Object.fromEntries(running), again: {}, writing: {}, requeued: null, lostAt: lostAt(state.progress, now), skew: 0 };
}

export function foldEvent(generation: Generation, event: EventOf<Topic>, now = Date.now()): Generation {
  const next = { ...generation, state: reduceTask(generation.state, event), requeued: reduceRequeued(generation.requeued, event) };
  // An event that is replayed says when it really happened; a server whose clock is ahead must not make it future.
  const at = Math.min(now, Date.parse(event.at) - generation.skew);
  if (event.kind === "step.started") {
    const { step } = event.data;
    return { ...next, begun: { ...next.begun, [step]: at }, again: without(next.again, step), texts: without(next.texts, step) };
  }
  if (event.kind === "step.failed" && event.data.retry_in_ms !== null)
    return { ...next, again: { ...next.again, [event.data.step]: at + event.data.retry_in_ms } };
  return next;
}

/** A difference of clocks below this is the way that the event took, milliseconds. */
const SKEW_MS = 1_000;

export function foldLive(generation: Generation, event: LiveOf<Topic>, now = Date.now()): Generation {
  const told = Date.parse(event.at) - now;
  const skew = Number.isFinite(told) ? (Math.abs(told) < SKEW_MS ? 0 : told) : generation.skew;
  const next = { ...generation, state: reduceTaskLive(generation.state, event), texts: reduceTexts(generation.texts, event), skew, lostAt: event.kind === "task.progress" ? lostAt(event.data, now) : null };
  if (event.kind !== "step.delta") return next;
  const { step } = event.data;
  const offer = next.state.steps.find((view) => view.step === step)?.offer_index ?? null;
  return offer === null || next.writing[offer] === step ? next : { ...next, writing: { ...next.writing, [offer]: step } };
}

/** The other nodes say it; every other progress, and every text, comes from the worker itself. */
function lostAt(progress: TaskState["progress"], now: number): number | null {
  return progress?.waits?.some((wait) => wait.reason === "worker_lost") === true ? now : null;
}

export const generationFold: Fold<Topic, Generation> = {
  begin: (state) => beginGeneration(state),
  event: (generation, event) => foldEvent(generation, event),
  live: (generation, event) => foldLive(generation, event),
};

function without<V>(map: Readonly<Record<string, V>>, key: string): Readonly<Record<string, V>> {
  return key in map ? Object.fromEntries(Object.entries(map).filter(([name]) => name !== key)) : map;
}

/** How far a task is, 0 to 1: what the server says, else by the weights of its steps. */
export function fractionOf(state: TaskState): number {
  if (state.task.status === "completed") return 1;
  // Of a queued task the server tells its place, not how much of it was done before.
  if (state.progress !== null && state.task.status !== "queued") return Math.min(1, Math.max(0, state.progress.fraction));
  const total = state.steps.reduce((sum, step) => sum + step.weight, 0);
  if (total === 0) return 0;
  return state.steps.filter((step) => step.status === "completed").reduce((sum, step) => sum + step.weight, 0) / total;
}

export interface Spent {
  readonly tokens: number;
  readonly usd: number;
}

export function spentBy(steps: TaskState["steps"]): Spent {
  let tokens = 0;
  let usd = 0;
  for (const { report } of steps) {
    tokens += (report?.prompt_tokens ?? 0) + (report?.completion_tokens ?? 0);
    usd += report?.estimated_cost ?? 0;
  }
  return { tokens, usd };
}
