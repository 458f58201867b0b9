/** Why a task may seem to stand still, one reason after the other: to be looked at (`FAKE_SILENCES=1`). */
import type { Requeued, TaskState, TaskWait } from "../src/model/types";

export interface Act {
  readonly ms: number;
  readonly status: "queued" | "running";
  readonly queue: number | null;
  readonly waits: TaskWait[];
  readonly requeued?: Requeued;
}

const EACH_MS = 4_000;

export function silences(state: TaskState): Act[] {
  const now = Date.now();
  const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();
  const [first = "extract[0]", second = first] = state.steps.map((step) => step.step);
  const running = { ms: EACH_MS, status: "running", queue: null } as const;
  const queued = { ms: EACH_MS, status: "queued" } as const;
  const requeued: Requeued = { cause: "worker_lost", node: "fake-2", resumes_at: [first, second], steps_done: 7, steps_total: 22, rescues: 1 };
  return [
    { ...queued, queue: 3, waits: [{ reason: "own_limit", since: at(-12), limit: 2 }] },
    { ...queued, queue: 41, waits: [{ reason: "server_limit", since: at(-30), limit: 64 }] },
    { ...running, waits: [{ reason: "model_slow", since: at(-9), step: first }, { reason: "model_busy", since: at(0), until: at(25), step: second }] },
    { ...running, waits: [{ reason: "worker_lost", since: at(-4), node: "fake-2", step: first }, { reason: "worker_lost", since: at(-4), node: "fake-2", step: second }] },
    { ...queued, queue: 1, waits: [], requeued },
    { ...running, waits: [{ reason: "storage", since: at(0), step: first }] },
  ];
}
