import type { Change, CvState, TaskState, UserState } from "../src/index.js";

export const AT = "2026-11-21T05:16:15.123Z";
export const LATER = "2026-11-21T05:16:20.000Z";

export function change(id: string, path: string, before: unknown, after: unknown): Change {
  const place = { section: "basics", field: path.split("/").at(-1) ?? "", item_index: null, path };
  return { id, ...place, before, after, reason: "fits the offer", action: "modify", status: "pending", decided_at: null };
}

export function cvState(): CvState {
  const score = { score: null, before: null, status: "idle", breakdown: null, updated_at: null } as const;
  return {
    file: {
      id: "cv1",
      filename: "ada.json",
      title: "Ada",
      content_version: 1,
      content_rev: 3,
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
      pending_count: 0,
      created_with_credit: false,
      blocked: false,
      blocked_at: null,
      blocked_reason: null,
      created_at: AT,
      updated_at: AT,
      content: { basics: { name: "Ada", label: "Engineer" }, work: [{ name: "A" }, { name: "B" }] },
      score: { ...score, missing_skills: [], matching_skills: [], suggestions: [] },
      optimise_updated_at: null,
      pending_changes: [],
      pending_source_version: null,
      credit_used_at: null,
      credit_transaction_id: null,
    },
    versions: [],
  };
}

export function taskState(): TaskState {
  return {
    task: {
      id: "t1",
      type: "generate-cv",
      title: "Adapt",
      status: "queued",
      attempt: 1,
      success_message: null,
      error: null,
      result: null,
      should_update_cv_list: false,
      cv_file: "ada.json",
      source_cv_id: "cv1",
      device_id: null,
      credit_used: true,
      feature_name: "generate_cv",
      mode: "adapt",
      total_offers: 2,
      completed_offers: 0,
      credits_debited: 2,
      credits_refunded: 0,
      created_at: AT,
      started_at: null,
      completed_at: null,
      updated_at: AT,
    },
    offers: [0, 1].map((offer_index) => ({
      id: `o${String(offer_index)}`,
      offer_index,
      status: "pending",
      source_url: "https://jobs.example/1",
      job_offer_id: null,
      title: null,
      company: null,
      generated_cv_file_id: null,
      generated_cv_file_name: null,
      retry_count: 0,
      error: null,
      credits_refunded: false,
    })),
    steps: [0, 1].map((offer_index) => ({
      step: `extract[${String(offer_index)}]`,
      type: "extract",
      status: "pending",
      offer_index,
      item_index: null,
      attempt: 0,
      weight: 10,
      error: null,
      duration_ms: null,
      report: null,
    })),
    progress: null,
  };
}

export function userState(): UserState {
  const totals = { total_purchased: 0, total_used: 0, total_refunded: 0, total_gifted: 10, balance_after_last_purchase: 10 };
  return {
    user: { id: "u1", name: "Ada", email: "ada@example.org", email_verified: null, language: null, image: null, role: "USER", created_at: AT },
    credits: { balance: 10, ...totals },
    plan: null,
    subscription: null,
    counters: [],
    tasks: [],
    cvs: [],
    notices: [],
  };
}
