/** Names of tasks and steps for people: in their language, by the CV's own words, never by a file or a number alone. */
import { isKey, type Translate } from "../i18n";
import type { CvSummary, JsonResume, StepView, TaskView } from "../model/types";
import { cvName, personOf } from "./cvs";
import { entries, text } from "./resume";

type Named = Pick<TaskView, "type" | "title" | "cv_file" | "total_offers"> & { readonly source_cv_id?: string | null; readonly mode?: TaskView["mode"] };

/** "Adapt Ada Lovelace’s CV to 3 offers"; the server's title for kinds that this console does not name. */
export function taskTitle(t: Translate, task: Named, cvs: readonly CvSummary[], titles: ReadonlyMap<string, CvSummary>): string {
  const cv = cvs.find((each) => each.id === task.source_cv_id) ?? cvs.find((each) => each.filename === task.cv_file);
  const name = cv === undefined ? "" : personOf(cvName(cv, titles.get(cv.id)));
  const some = name === "" ? ".some" : "";
  if (task.type === "generate-cv" && task.mode !== "optimize") return t(`task.title.adapt${some}`, { name, n: task.total_offers });
  if (task.type === "generate-cv" || task.type === "improve-cv") return t(`task.title.optimize${some}`, { name });
  if (task.type === "calculate-match-score") return t(`task.title.score${some}`, { name });
  // The server's title quotes what it is about.
  const about = /“(.+)”/u.exec(task.title)?.[1];
  if (about !== undefined && isMaking(task.type)) return t(`task.title.${task.type}`, { name: about });
  return task.title;
}

const MAKING = ["import-pdf", "translate-cv", "create-template-cv", "generate-cv-from-job-title"] as const;
const isMaking = (type: TaskView["type"]): type is (typeof MAKING)[number] => MAKING.some((each) => each === type);

/** Why a task that makes a CV failed, in the person's language where the reason has a code that is known here. */
export function taskError(t: Translate, task: Pick<TaskView, "error" | "result">): string | null {
  const { error_code: code } = (task.result ?? {}) as { readonly error_code?: unknown };
  if (typeof code !== "string") return task.error;
  const key = `task.error.${code}`;
  return isKey(key) ? t(key) : task.error;
}

const SECTIONS = { batch_experience: "work", batch_project: "projects" } as const;

/** "Tech Lead, Evaneos" where the source CV says what the step rewrites, else what kind of step it is. */
export function stepName(t: Translate, step: Pick<StepView, "type" | "item_index" | "step">, source?: JsonResume): string {
  const named = entryName(step, source);
  if (named !== null) return named;
  const key = `task.step.${step.type}`;
  return isKey(key) ? t(key, { n: (step.item_index ?? 0) + 1 }) : step.step;
}

function entryName({ type, item_index }: Pick<StepView, "type" | "item_index">, source: JsonResume | undefined): string | null {
  if (source === undefined || item_index === null || !(type in SECTIONS)) return null;
  const list: unknown = source[SECTIONS[type as keyof typeof SECTIONS]];
  const entry = entries(Array.isArray(list) ? [(list as unknown[])[item_index]] : [])[0];
  if (entry === undefined) return null;
  const parts = [text(entry.position), text(entry.name)].filter((part) => part !== "");
  return parts.length === 0 ? null : parts.join(", ");
}
