import type { EventOf } from "../api.js";
import type { CreditBalance, CreditsChanged, CvCreated, CvSummary, PlanSummary, SubscriptionView, TaskType, TaskView, UserState, UserTaskQueued } from "../generated/protocol.js";

type UserEvent = EventOf<`user:${string}`>;

/** A person's feed after one more of its durable events. */
export function reduceUser(state: UserState, event: UserEvent): UserState {
  switch (event.kind) {
    case "task.queued":
      return { ...state, tasks: queue(state.tasks, event.data) };
    case "task.finished":
      return { ...state, tasks: state.tasks.filter((task) => task.id !== event.data.id) };
    case "credits.changed":
      return { ...state, credits: book(state.credits, event.data) };
    case "counter.changed": {
      const others = state.counters.filter((counter) => counter.feature_name !== event.data.feature_name);
      return { ...state, counters: [...others, event.data] };
    }
    case "cv.created":
      return { ...state, cvs: [newCv(event.data, event.at), ...state.cvs.filter((cv) => cv.id !== event.data.id)] };
    case "cv.deleted":
      return { ...state, cvs: state.cvs.filter((cv) => cv.id !== event.data.id) };
    case "cv.blocked":
    case "cv.unblocked":
      return changeCv(state, event.data.id, { ...event.data, blocked: event.kind === "cv.blocked" });
    case "cv.listed":
      return changeCv(state, event.data.id, event.data);
    case "account.changed":
      return { ...state, user: event.data };
    case "subscription.changed":
      return { ...state, subscription: event.data, plan: planOf(event.data) };
    case "notice":
      return { ...state, notices: [...state.notices, event.data] };
    case "notices.read":
      return { ...state, notices: [] };
    case "onboarding.changed":
      return { ...state, onboarding: event.data };
    case "consent.changed":
    case "job_offer.created":
    case "job_offer.deleted":
    case "signed_out":
    default:
      return state;
  }
}

/** The plan in force: without a subscription that lives it is the free one (cv R40). */
function planOf({ plan_id, plan_name, tier, status }: SubscriptionView): PlanSummary {
  return { id: plan_id, name: plan_name, tier, is_free: status === null || status === "canceled" };
}

/** One row of the ledger (cv R48). */
function book(credits: CreditBalance, row: CreditsChanged): CreditBalance {
  const next = { ...credits, balance: row.balance };
  switch (row.type) {
    case "purchase":
      next.total_purchased += row.amount;
      if (row.amount > 0) next.balance_after_last_purchase = row.balance;
      return next;
    case "usage":
      next.total_used -= row.amount;
      return next;
    case "refund":
      next.total_refunded += row.amount;
      return next;
    case "gift":
      next.total_gifted += row.amount;
      return next;
  }
}

function changeCv(state: UserState, id: string, change: Partial<CvSummary>): UserState {
  return { ...state, cvs: state.cvs.map((cv) => (cv.id === id ? { ...cv, ...change } : cv)) };
}

/** A task is queued again when its worker was lost: it stays where it is in the list, with all that is known of it. */
function queue(tasks: readonly TaskView[], queued: UserTaskQueued): TaskView[] {
  if (!tasks.some((task) => task.id === queued.id)) return [newTask(queued), ...tasks];
  return tasks.map((task) => (task.id === queued.id ? { ...task, status: "queued", attempt: queued.attempt, error: null } : task));
}

function newTask({ id, title, status, attempt, device_id, cv_file, credit_used, feature_name, total_offers, created_at, type }: UserTaskQueued): TaskView {
  return {
    id,
    title,
    status,
    attempt,
    device_id,
    cv_file,
    credit_used,
    feature_name,
    total_offers,
    created_at,
    type: type as TaskType,
    success_message: null,
    error: null,
    result: null,
    should_update_cv_list: false,
    source_cv_id: null,
    mode: null,
    completed_offers: 0,
    credits_debited: 0,
    credits_refunded: 0,
    started_at: null,
    completed_at: null,
    updated_at: created_at,
  };
}

/** What the event does not tell is as it is for a new CV; its next `cv.listed` or a snapshot tells more. */
function newCv(created: CvCreated, at: string): CvSummary {
  return {
    ...created,
    content_rev: 0,
    source_value: null,
    original_created_by: null,
    match_score: null,
    score_before: null,
    match_score_status: "idle",
    optimise_status: "idle",
    created_with_credit: false,
    blocked: false,
    blocked_at: null,
    blocked_reason: null,
    created_at: at,
    updated_at: at,
  };
}
