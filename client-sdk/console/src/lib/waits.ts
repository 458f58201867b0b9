/** Why nothing seems to happen, for the person who waits: the reasons apart from each other; pure. */
import type { Key, Translate, Values } from "../i18n";
import type { Requeued, StepView, TaskState, TaskWait, WaitReason } from "../model/types";

export interface Silence {
  /** What kind of silence: behind a limit, the model, the worker (quiet, or its work taken over), the database, or one of a later version. */
  readonly kind: "limit" | "model" | "worker" | "taken" | "storage" | "other";
  /** The step that waits; null for the whole task. */
  readonly step: string | null;
  readonly key: Key;
  readonly values: Values;
  /** A further sentence. */
  readonly more?: Pick<Silence, "key" | "values">;
}

const KINDS: Readonly<Record<WaitReason, Silence["kind"]>> = {
  own_limit: "limit",
  server_limit: "limit",
  model_slow: "model",
  model_busy: "model",
  model_down: "model",
  worker_lost: "worker",
  storage: "storage",
};

/** A model is slow by the second, but said so only when it matters. */
const SLOW_FROM_S = 5;
/** A lost worker is told of once a second; one that is not any more has come back, whether or not it has something to say. */
const LOST_FOR_MS = 5_000;

interface Watched {
  readonly state: Pick<TaskState, "task" | "steps" | "progress">;
  readonly requeued: Requeued | null;
  /** How long ago it was last told that the worker is lost, milliseconds. */
  readonly lostAgo?: number;
  /** Now, by the server's clock. */
  readonly serverNow: number;
  /** A step's name for people. */
  readonly nameOf: (step: string) => string;
}

/** What is waited for, the whole task's first. A lost worker has one entry a step on the wire, and is one silence here. */
export function silencesOf({ state, requeued, lostAgo = 0, serverNow, nameOf }: Watched): Silence[] {
  const { task, progress } = state;
  if (task.status !== "queued" && task.status !== "running") return [];
  const waits = progress?.waits ?? [];
  const lost = lostAgo > LOST_FOR_MS ? [] : waits.filter((wait) => wait.reason === "worker_lost");
  const others = waits.filter((wait) => wait.reason !== "worker_lost");
  const out: Silence[] = [];
  if (lost.length > 0) out.push(lostWorker(lost, serverNow, nameOf));
  else if (requeued !== null) out.push(taken(requeued, nameOf));
  out.push(...others.map((wait) => silenceOf(wait, progress?.queue_position ?? null, task.status, serverNow)));
  if (task.status === "queued" && out.length === 0) out.push({ kind: "limit", step: null, ...position(progress?.queue_position ?? null) });
  return out.sort((a, b) => Number(a.step !== null) - Number(b.step !== null));
}

function silenceOf(wait: TaskWait, queued: number | null, status: string, serverNow: number): Silence {
  const step = wait.step ?? null;
  const kind = (KINDS as Readonly<Partial<Record<string, Silence["kind"]>>>)[wait.reason] ?? "other";
  const base = { kind, step } as const;
  const since = secondsSince(wait.since, serverNow);
  const until = wait.until === undefined ? 0 : Math.ceil((Date.parse(wait.until) - serverNow) / 1000);
  switch (wait.reason) {
    case "own_limit":
      return { ...base, key: step !== null ? "wait.own.step" : status !== "queued" || queued === null ? "wait.own" : queued > 1 ? "wait.own.queued" : "wait.own.next", values: { n: wait.limit ?? 1, place: queued ?? 1 } };
    case "server_limit":
      if (step !== null) return { ...base, key: "wait.server.step", values: {} };
      return { ...base, key: status !== "queued" || queued === null ? "wait.server" : queued > 1 ? "wait.server.queued" : "wait.server.next", values: { place: queued ?? 1 } };
    case "model_slow":
      return { ...base, key: "wait.model_slow", values: { s: Math.max(SLOW_FROM_S, since) } };
    case "model_busy":
    case "model_down":
      return { ...base, key: until > 0 ? `wait.${wait.reason}.until` : `wait.${wait.reason}`, values: { s: Math.max(1, until) } };
    case "storage":
      return { ...base, key: "wait.storage", values: {} };
    case "worker_lost":
      return { ...base, key: "wait.worker_lost", values: { s: since, step: "" } };
    default:
      return { ...base, key: "wait.other", values: {} };
  }
}

/** The place in the queue, as far as it is known. */
function position(queued: number | null): Pick<Silence, "key" | "values"> {
  if (queued === null) return { key: "task.queued.text", values: {} };
  return queued > 1 ? { key: "task.queue", values: { n: queued } } : { key: "task.queue.next", values: {} };
}

function lostWorker(lost: readonly TaskWait[], serverNow: number, nameOf: (step: string) => string): Silence {
  const since = Math.max(...lost.map((wait) => secondsSince(wait.since, serverNow)));
  const steps = lost.flatMap((wait) => (wait.step === undefined ? [] : [nameOf(wait.step)]));
  return { kind: "worker", step: null, key: steps.length === 0 ? "wait.worker_lost.bare" : "wait.worker_lost", values: { s: since, step: listed(steps) } };
}

function taken({ cause, resumes_at, steps_done, steps_total }: Requeued, nameOf: (step: string) => string): Silence {
  const key = cause === "drain" ? "wait.requeued.drain" : "wait.requeued";
  const kept = steps_done === 0 ? {} : { more: { key: "wait.kept", values: { n: steps_done, b: steps_total } } as const };
  return { kind: "taken", step: null, key: resumes_at.length === 0 ? `${key}.bare` : key, values: { step: listed(resumes_at.map(nameOf)) }, ...kept };
}

/** The first names, and how many more. */
function listed(names: readonly string[], most = 2): string {
  const unique = [...new Set(names)];
  const rest = unique.length - most;
  return unique.slice(0, most).join(", ") + (rest > 0 ? ` +${rest}` : "");
}

function secondsSince(at: string, serverNow: number): number {
  const ms = serverNow - Date.parse(at);
  return Number.isFinite(ms) ? Math.max(0, Math.floor(ms / 1000)) : 0;
}

/**
 * What is said about the task as a whole: what all of it waits for; or what each step that runs waits for, when nothing
 * else goes on; or nothing, and it works.
 */
export function silencesOfAll(silences: readonly Silence[], steps: readonly Pick<StepView, "step" | "status">[]): readonly Silence[] {
  const whole = silences.filter((silence) => silence.step === null);
  if (whole.length > 0) return whole;
  const isStill = steps.every((step) => step.status !== "running" || silenceOfStep(silences, step) !== undefined);
  return isStill ? silences.slice(0, 1) : [];
}

/** The steps that run, for people. */
export function runningNames(steps: readonly Pick<StepView, "step" | "status">[], nameOf: (step: string) => string): string {
  return listed(steps.filter((step) => step.status === "running").map((step) => nameOf(step.step)), 3);
}

/** In words. */
export function textOf(t: Translate, { key, values, more }: Silence): string {
  return more === undefined ? t(key, values) : `${t(key, values)} ${t(more.key, more.values)}`;
}

/** What one step waits for, if the server says so. */
export function silenceOfStep(silences: readonly Silence[], step: Pick<StepView, "step">): Silence | undefined {
  return silences.find((silence) => silence.step === step.step);
}
