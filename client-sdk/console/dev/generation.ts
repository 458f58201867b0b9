/** A scripted generation: the steps of a real one, with their times, a retry and a failure. */
import { read, segments } from "../src/lib/pointer";
import { readable } from "../src/lib/resume";
import type { GenerationOffer, JobOffer, OfferSource, StepView, TaskState } from "../src/model/types";
import { anyOffer, offers as known, type DevOffer } from "./data/offers";
import { silences, type Act } from "./silences";
import * as world from "./world";

/** Time runs this much faster than a hosted model would. */
const speed = Number(process.env.FAKE_SPEED ?? "1");
const wait = (ms: number) => new Promise((done) => setTimeout(done, ms / speed));

interface Run {
  readonly state: TaskState;
  readonly topic: string;
  readonly sources: readonly OfferSource[];
  cancelled: boolean;
}
const runs = new Map<string, Run>();

export function start(sourceId: string, mode: "adapt" | "optimize", sources: readonly OfferSource[]): TaskState {
  const source = world.cvs.get(sourceId);
  if (source === undefined) throw new Error("no such CV");
  const total = Math.max(1, sources.length);
  const state = world.newTask({
    title: `Adapt ${source.file.filename} to ${total === 1 ? "1 job offer" : `${total} job offers`}`,
    type: mode === "adapt" ? "generate-cv" : "improve-cv",
    mode,
    cv_file: source.file.filename,
    source_cv_id: sourceId,
    total_offers: total,
    credits_debited: total,
  });
  for (let index = 0; index < total; index += 1) {
    const from = sources[index];
    const offer: GenerationOffer = {
      id: world.newId("go"),
      offer_index: index,
      status: "pending",
      source_url: from !== undefined && "url" in from ? from.url : null,
      job_offer_id: from !== undefined && "job_offer_id" in from ? from.job_offer_id : null,
      title: null,
      company: null,
      generated_cv_file_id: null,
      generated_cv_file_name: null,
      retry_count: 0,
      error: null,
      credits_refunded: false,
    };
    const job = offer.job_offer_id === null ? undefined : world.jobOffers.get(offer.job_offer_id);
    offer.title = job?.content.title ?? null;
    offer.company = job?.content.company ?? null;
    state.offers.push(offer);
    world.book(-1, "usage", { feature_name: "generate_cv", task_id: state.task.id });
    if (job === undefined) addStep(state, "extract", index, null, 10);
    addStep(state, "classify", index, null, 10);
    for (const kind of ["batch_summary", "recompose", "match_score"]) addStep(state, kind, index, null, 10);
  }
  const run: Run = { state, topic: `task:${state.task.id}`, sources, cancelled: false };
  runs.set(state.task.id, run);
  world.log.event("user:u1", "task.queued", {
    id: state.task.id,
    type: state.task.type,
    title: state.task.title,
    device_id: null,
    created_at: state.task.created_at,
    cv_file: state.task.cv_file,
    credit_used: true,
    feature_name: "generate_cv",
    total_offers: total,
  });
  taskEvent(run, "task.queued");
  void drive(run);
  return state;
}

export function cancel(id: string): TaskState | undefined {
  const run = runs.get(id);
  if (run === undefined) return undefined;
  run.cancelled = true;
  for (const offer of run.state.offers)
    if (!["completed", "failed"].includes(offer.status)) {
      offer.status = "cancelled";
      refund(run, offer);
      world.log.event(run.topic, "offer.cancelled", { offer_index: offer.offer_index, error: null, refunded: true, retry_count: 0 });
    }
  for (const step of run.state.steps) if (step.status !== "completed" && step.status !== "failed") step.status = "cancelled";
  finish(run, "cancelled");
  return run.state;
}

export function retry(id: string): TaskState | undefined {
  const run = runs.get(id);
  if (run === undefined) return undefined;
  run.cancelled = false;
  run.state.task.attempt += 1;
  run.state.task.status = "queued";
  run.state.task.completed_at = null;
  for (const offer of run.state.offers)
    if (offer.status === "failed" || offer.status === "cancelled") {
      offer.status = "pending";
      offer.retry_count += 1;
      offer.error = null;
      offer.credits_refunded = false;
      world.book(-1, "usage", { feature_name: "generate_cv", task_id: id });
      for (const step of run.state.steps)
        if (step.offer_index === offer.offer_index && step.status !== "completed")
          Object.assign(step, { status: "pending", error: null, attempt: 0, duration_ms: null });
    }
  taskEvent(run, "task.queued");
  void drive(run);
  return run.state;
}

function addStep(state: TaskState, kind: string, offer: number, item: number | null, weight: number): StepView {
  const key = item === null ? `${kind}[${offer}]` : `${kind}[${offer},${item}]`;
  const old = state.steps.find((step) => step.step === key);
  if (old !== undefined) return old;
  const step: StepView = {
    step: key,
    type: kind,
    status: "pending",
    offer_index: offer,
    item_index: item,
    attempt: 0,
    weight,
    error: null,
    duration_ms: null,
    report: null,
  };
  state.steps.push(step);
  return step;
}

/** Asked anew each time: it changes while a step waits. */
function isCancelled(run: Run): boolean {
  return run.cancelled;
}

function taskEvent(run: Run, kind: string, more: object = {}): void {
  const { task } = run.state;
  world.log.event(run.topic, kind, {
    id: task.id,
    status: task.status,
    error: task.error,
    attempt: task.attempt,
    credits_debited: task.credits_debited,
    credits_refunded: task.credits_refunded,
    completed_offers: task.completed_offers,
    total_offers: task.total_offers,
    ...more,
  });
}

/** The silences of `FAKE_SILENCES`, one after the other, before the task goes on as usual. */
async function act(run: Run): Promise<void> {
  for (const { ms, waits, queue, requeued, status } of silences(run.state)) {
    if (isCancelled(run)) return;
    if (status !== run.state.task.status) {
      run.state.task.status = status;
      if (status === "running") run.state.task.started_at ??= world.now();
      taskEvent(run, status === "queued" ? "task.queued" : "task.started", requeued === undefined ? {} : { requeued });
    }
    progress(run, queue, waits);
    await wait(ms);
  }
}

function progress(run: Run, queue: number | null = null, waits: Act["waits"] = []): void {
  const done = run.state.steps.filter((step) => step.status === "completed").reduce((sum, step) => sum + step.weight, 0);
  const total = run.state.offers.length * 100;
  const view = {
    fraction: Math.min(1, run.state.task.status === "completed" ? 1 : done / total),
    running: run.state.steps.filter((step) => step.status === "running").map((step) => step.step),
    queue_position: queue,
    processed_offers: run.state.task.completed_offers,
    waits,
  };
  run.state.progress = view;
  world.log.live(run.topic, "task", "task.progress", view);
}

function refund(run: Run, offer: GenerationOffer): void {
  offer.credits_refunded = true;
  run.state.task.credits_refunded += 1;
  world.book(1, "refund", { feature_name: "generate_cv", task_id: run.state.task.id });
}

async function drive(run: Run): Promise<void> {
  for (let place = 2; place > 0; place -= 1) {
    progress(run, place);
    await wait(900);
    if (run.cancelled) return;
  }
  if (process.env.FAKE_SILENCES !== undefined) await act(run);
  run.state.task.status = "running";
  run.state.task.started_at ??= world.now();
  taskEvent(run, "task.started");
  progress(run);
  await Promise.all(run.state.offers.filter((offer) => offer.status === "pending").map((offer) => lane(run, offer)));
  if (run.cancelled) return;
  finish(run, run.state.offers.some((offer) => offer.status === "completed") ? "completed" : "failed");
}

function finish(run: Run, status: "completed" | "failed" | "cancelled"): void {
  const { task } = run.state;
  task.status = status;
  task.completed_at = world.now();
  if (status === "failed") task.error = "No offer could be completed.";
  taskEvent(run, `task.${status}`);
  progress(run);
  world.log.event("user:u1", "task.finished", {
    id: task.id,
    type: task.type,
    status,
    error: task.error,
    result: null,
    success_message: status === "completed" ? `${task.completed_offers} CV ready` : null,
    should_update_cv_list: true,
  });
}

async function lane(run: Run, offer: GenerationOffer): Promise<void> {
  const index = offer.offer_index;
  await wait(index * 500);
  const from = run.sources[index];
  let dev: DevOffer | undefined = known.find((item) => from !== undefined && "url" in from && item.url === from.url);
  let job: JobOffer | undefined = offer.job_offer_id === null ? undefined : world.jobOffers.get(offer.job_offer_id);
  if (job !== undefined) dev = known.find((item) => item.url === job?.source_value);
  dev ??= anyOffer(from !== undefined && "text" in from ? from.text : "Job offer");
  if (job === undefined) {
    offer.status = "extracting";
    const gone = offer.source_url?.includes("404") === true && offer.retry_count === 0;
    const ok = await step(run, offer, "extract", null, 10, 1900, null, gone ? "The page answered 404: the offer is no longer there." : null);
    if (!ok) return;
    const place = known.findIndex((item) => item === dev);
    job = world.addOffer(Math.max(0, place));
    offer.job_offer_id = job.id;
    offer.title = dev.content.title;
    offer.company = dev.content.company;
    world.log.event(run.topic, "offer.extracted", { offer_index: index, job_offer_id: job.id, title: offer.title, company: offer.company, reused: false });
  }
  offer.status = "running";
  if (!(await step(run, offer, "classify", null, 10, 1500, null))) return;
  const source = run.state.task.source_cv_id === null ? undefined : world.cvs.get(run.state.task.source_cv_id);
  if (source === undefined) return;
  const text = (prefix: string): string | undefined => {
    const after = dev.edits.find((edit) => edit.path.startsWith(prefix))?.after;
    return after === undefined ? undefined : readable(after);
  };
  const work = source.file.content.work ?? [];
  const batches = [
    ...work.map((item, i) => ["batch_experience", i, 2600 + i * 900, text(`/work/${i}/`) ?? item.summary ?? ""] as const),
    ...(source.file.content.projects ?? []).map((item, i) => ["batch_project", i, 2200, item.description ?? ""] as const),
    ["batch_extras", null, 1500, "Education, languages and certificates are kept in the order that serves this offer."] as const,
    ["batch_skills", null, 1800, text("/skills/") ?? "Skills ordered by the offer's requirements."] as const,
  ];
  for (const [kind, item] of batches) addStep(run.state, kind, index, item, 50 / batches.length);
  const results = await Promise.all(
    batches.map(async ([kind, item, ms, out], place) => {
      await wait(Math.floor(place / 3) * 1600);
      return step(run, offer, kind, item, 50 / batches.length, ms, out, null, index === 1 && place === 1);
    }),
  );
  if (!results.every(Boolean)) return;
  if (!(await step(run, offer, "batch_summary", null, 10, 2600, text("/basics/summary") ?? ""))) return;
  if (!(await step(run, offer, "recompose", null, 10, 500, null))) return;
  const content = structuredClone(source.file.content);
  const changes = dev.edits.flatMap((edit) => {
    const before = read(content, edit.path);
    if (before === undefined) return [];
    write(content, edit.path, edit.after);
    return [world.change({ path: edit.path, before, after: edit.after, reason: edit.reason })];
  });
  const stored = world.addCv(content, {
    filename: `${Date.now()}-${index}.json`,
    source_type: "generation",
    source_value: dev.content.title,
    job_offer_id: job.id,
    created_by: "generate-cv",
    language: source.file.language,
    content_version: 2,
    optimise_status: "done",
    pending_changes: changes,
    pending_count: changes.length,
    pending_source_version: 1,
    created_with_credit: true,
    credit_used_at: world.now(),
    match_score_status: "inprogress",
  });
  stored.versions = [
    world.version(source.file.content, 1, { change_type: "adaptation", source_file: source.file.filename, changelog: "Original" }),
    world.version(content, 2, { change_type: "adaptation", source_file: source.file.filename, changelog: `Adaptation: ${dev.content.title ?? ""}` }),
  ];
  offer.status = "completed";
  offer.generated_cv_file_id = stored.file.id;
  offer.generated_cv_file_name = stored.file.filename;
  run.state.task.completed_offers += 1;
  world.log.event(run.topic, "offer.completed", {
    offer_index: index,
    job_offer_id: job.id,
    generated_cv_file_id: stored.file.id,
    generated_cv_file_name: stored.file.filename,
  });
  await step(run, offer, "match_score", null, 10, 2000, null);
  score(stored, dev);
}

export function score(stored: world.StoredCv, dev: DevOffer): void {
  const [before, after] = dev.score;
  const have = new Set((stored.file.content.skills ?? []).flatMap((skill) => skill.keywords ?? []));
  const wanted = [...dev.content.skills.required, ...dev.content.skills.nice_to_have];
  stored.file.score = {
    score: after,
    before,
    status: "done",
    breakdown: { technical_skills: Math.round(after * 0.38), experience: Math.round(after * 0.3), education: Math.round(after * 0.12), projects: Math.round(after * 0.12), soft_skills: after - Math.round(after * 0.38) - Math.round(after * 0.3) - 2 * Math.round(after * 0.12) },
    missing_skills: wanted.filter((skill) => !have.has(skill)),
    matching_skills: wanted.filter((skill) => have.has(skill)),
    suggestions: [
      { priority: "high", suggestion: "Name the monitoring tools used at TechCorp: the offer asks for observability and the CV does not mention it.", impact: "+6" },
      { priority: "medium", suggestion: "Say how many clusters and environments the platform runs on.", impact: "+4" },
      { priority: "low", suggestion: "Move the certificates above the awards.", impact: "+1" },
    ],
    updated_at: world.now(),
  };
  Object.assign(stored.file, { match_score: after, score_before: before, match_score_status: "done", updated_at: world.now() });
  const last = stored.versions.at(-1);
  if (last !== undefined) last.match_score = after;
  const first = stored.versions[0];
  if (first !== undefined && first !== last) first.match_score = before;
  world.log.event(`cv:${stored.file.id}`, "cv.score", stored.file.score);
  world.log.event("user:u1", "cv.listed", {
    id: stored.file.id,
    filename: stored.file.filename,
    match_score: after,
    match_score_status: "done",
    optimise_status: stored.file.optimise_status,
    updated_at: stored.file.updated_at,
  });
}

async function step(
  run: Run,
  offer: GenerationOffer,
  kind: string,
  item: number | null,
  weight: number,
  ms: number,
  text: string | null,
  failure: string | null = null,
  hiccup = false,
): Promise<boolean> {
  const view = addStep(run.state, kind, offer.offer_index, item, weight);
  if (view.status === "completed") return true;
  const labels = { step: view.step, type: kind, offer_index: offer.offer_index, ...(item === null ? {} : { item_index: item }) };
  for (;;) {
    if (run.cancelled) return false;
    view.attempt += 1;
    view.status = "running";
    world.log.event(run.topic, "step.started", { ...labels, attempt: view.attempt });
    progress(run);
    const begun = Date.now();
    const failsNow = failure !== null || (hiccup && view.attempt === 1);
    const shown = text ?? "";
    const ticks = Math.max(4, Math.round(ms / 120));
    for (let tick = 1; tick <= (failsNow ? ticks / 2 : ticks); tick += 1) {
      await wait(ms / ticks);
      if (isCancelled(run)) return false;
      if (shown !== "")
        world.log.live(run.topic, view.step, "step.delta", { step: view.step, offset: 0, text: shown.slice(0, Math.ceil((shown.length * tick) / ticks)) });
    }
    view.duration_ms = Date.now() - begun;
    if (!failsNow) break;
    const error = failure ?? "The model answered 429: too many requests.";
    view.error = error;
    const again = failure === null ? 1400 : null;
    view.status = again === null ? "failed" : "pending";
    world.log.event(run.topic, "step.failed", { ...labels, attempt: view.attempt, error, retry_in_ms: again, cancelled: [] });
    if (again === null) {
      offer.status = "failed";
      offer.error = error;
      for (const other of run.state.steps)
        if (other.offer_index === offer.offer_index && other.status === "pending") other.status = "cancelled";
      refund(run, offer);
      world.log.event(run.topic, "offer.failed", { offer_index: offer.offer_index, error, refunded: true, retry_count: offer.retry_count });
      return false;
    }
    await wait(again);
  }
  view.status = "completed";
  view.error = null;
  const report =
    kind === "recompose"
      ? {}
      : {
          model_used: "offline",
          prompt_tokens: 640 + shownTokens(text) * 4,
          cached_tokens: 512,
          completion_tokens: 90 + shownTokens(text),
          estimated_cost: 0.0004 + shownTokens(text) * 0.000012,
        };
  view.report = report;
  world.log.event(run.topic, "step.completed", { ...labels, attempt: view.attempt, duration_ms: view.duration_ms, ...report });
  progress(run);
  return true;
}

const shownTokens = (text: string | null) => Math.round((text ?? "").length / 4);

export function write(document: unknown, pointer: string, value: unknown): void {
  const parts = segments(pointer);
  const last = parts.pop();
  let target = document as Record<string, unknown>;
  for (const part of parts) target = target[part] as Record<string, unknown>;
  if (last !== undefined) target[last] = value;
}
