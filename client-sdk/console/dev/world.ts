/** The state of the fake server: one person, everything in memory. */
import { readFileSync } from "node:fs";
import type {
  Change,
  CreditTransaction,
  CvFile,
  CvVersion,
  GenerationOffer,
  JobOffer,
  JsonResume,
  StepView,
  TaskState,
  TaskView,
  User,
} from "../src/model/types";
import { amelie } from "./data/amelie";
import { offers } from "./data/offers";
import { Log } from "./log";

const jane = JSON.parse(readFileSync(new URL("./data/jane-developer.json", import.meta.url), "utf8")) as JsonResume;

export const user: User = {
  id: "u1",
  name: "Demo",
  email: "demo@estafette.example",
  email_verified: null, language: null,
  image: null,
  role: process.env.FAKE_ADMIN === undefined ? "USER" : "ADMIN",
  created_at: ago(86_400 * 40),
};

export interface StoredCv {
  file: CvFile;
  versions: CvVersion[];
}

let counter = 0;
export const newId = (prefix: string) => `${prefix}${(counter += 1).toString(36).padStart(4, "0")}k3xq7vd2m9`;
export const now = () => new Date().toISOString();
export function ago(seconds: number): string {
  return new Date(Date.now() - seconds * 1000).toISOString();
}

export const log = new Log();
export const cvs = new Map<string, StoredCv>();
export const jobOffers = new Map<string, JobOffer>();
export const tasks = new Map<string, TaskState>();
export const ledger: CreditTransaction[] = [];
export let balance = 0;

export function book(amount: number, type: CreditTransaction["type"], extra: Partial<CreditTransaction> = {}, at = now()) {
  balance += amount;
  const row: CreditTransaction = {
    id: newId("tx"),
    amount,
    type,
    feature_name: null,
    task_id: null,
    cv_file_id: null,
    refunded: false,
    related_transaction_id: null,
    created_at: at,
    ...extra,
  };
  ledger.unshift(row);
  log.event("user:u1", "credits.changed", {
    balance,
    amount,
    type,
    transaction_id: row.id,
    feature_name: row.feature_name,
    task_id: row.task_id,
    related_transaction_id: row.related_transaction_id,
  });
  return row;
}

export function titleOf(content: JsonResume): string | null {
  const parts = [content.basics?.name, content.basics?.label].filter((part) => typeof part === "string");
  return parts.length > 0 ? parts.join(" — ") : null;
}

export function addCv(content: JsonResume, fields: Partial<CvFile> = {}): StoredCv {
  const at = fields.created_at ?? now();
  const file: CvFile = {
    id: newId("cv"),
    filename: `${Date.now() + counter}.json`,
    title: titleOf(content),
    content: structuredClone(content),
    content_version: 1,
    content_rev: 0,
    source_type: "manual",
    source_value: null,
    job_offer_id: null,
    created_by: null,
    original_created_by: null,
    language: "en",
    is_translated: false,
    match_score: null,
    score_before: null,
    match_score_status: "idle",
    optimise_status: "idle",
    optimise_updated_at: null,
    pending_count: 0,
    created_with_credit: false,
    blocked: false,
    blocked_at: null,
    blocked_reason: null,
    created_at: at,
    updated_at: at,
    score: {
      score: null,
      before: null,
      status: "idle",
      breakdown: null,
      missing_skills: [],
      matching_skills: [],
      suggestions: [],
      updated_at: null,
    },
    pending_changes: [],
    pending_source_version: null,
    credit_used_at: null,
    credit_transaction_id: null,
    ...fields,
  };
  const stored: StoredCv = {
    file,
    versions: [version(file.content, 1, { created_at: at })],
  };
  cvs.set(file.id, stored);
  log.event("user:u1", "cv.created", {
    id: file.id,
    filename: file.filename,
    created_by: file.created_by,
    source_type: file.source_type,
    job_offer_id: file.job_offer_id,
    language: file.language,
    is_translated: false,
    content_version: file.content_version,
  });
  return stored;
}

export function version(content: JsonResume, number: number, fields: Partial<CvVersion> = {}): CvVersion {
  return {
    id: newId("ver"),
    version: number,
    content: structuredClone(content),
    changelog: null,
    change_type: null,
    source_file: null,
    match_score: null,
    created_at: now(),
    ...fields,
  };
}

export function addOffer(index: number, at = now()): JobOffer {
  const source = offers[index];
  if (source === undefined) throw new Error(`no offer ${index}`);
  const known = [...jobOffers.values()].find((offer) => offer.source_value === source.url);
  if (known !== undefined) return known;
  const offer: JobOffer = {
    id: newId("jo"),
    source_type: "url",
    source_value: source.url,
    content: source.content,
    extracted_at: at,
    extraction_model: "offline",
    tokens_used: 1840 + index * 212,
    created_at: at,
    updated_at: at,
  };
  jobOffers.set(offer.id, offer);
  return offer;
}

export function newTask(fields: Partial<TaskView>): TaskState {
  const at = now();
  const task: TaskView = {
    id: `task_${Date.now()}_${(counter += 1).toString(36).padStart(6, "a")}`,
    type: "generate-cv",
    title: "",
    status: "queued",
    attempt: 1,
    success_message: null,
    error: null,
    result: null,
    should_update_cv_list: false,
    cv_file: null,
    source_cv_id: null,
    device_id: null,
    credit_used: true,
    feature_name: "generate_cv",
    mode: "adapt",
    total_offers: 0,
    completed_offers: 0,
    credits_debited: 0,
    credits_refunded: 0,
    created_at: at,
    started_at: null,
    completed_at: null,
    updated_at: at,
    ...fields,
  };
  const state: TaskState = { task, offers: [] as GenerationOffer[], steps: [] as StepView[], progress: null };
  tasks.set(task.id, state);
  return state;
}

export function change(fields: Pick<Change, "path" | "before" | "after" | "reason">): Change {
  const parts = fields.path.split("/").slice(1);
  return {
    id: newId("ch"),
    section: parts[0] ?? "",
    field: parts.at(-1) ?? "",
    item_index: parts[1] !== undefined && /^\d+$/u.test(parts[1]) ? Number(parts[1]) : null,
    action: fields.before === undefined || fields.before === null ? "add" : "modify",
    status: "pending",
    decided_at: null,
    ...fields,
  };
}

book(25, "gift", {}, ago(86_400 * 40));
book(50, "purchase", {}, ago(86_400 * 21));
addCv(jane, { filename: "jane-developer.json", created_at: ago(86_400 * 38) });
addCv(amelie, { filename: "amelie-roussel.json", language: "fr", source_type: "import", created_by: "import-pdf", created_at: ago(86_400 * 12) });
addOffer(0, ago(86_400 * 6));
