// Generated from the Rust types of the crate estafette-protocol. Do not edit.
// Made by: UPDATE=1 cargo test -p estafette-protocol --test typescript

/** State of `admin:costs`. */
export type AdminCosts = {
  /** Today so far. */
  today: CostTick,
  /** The month so far, US dollars. */
  month_cost: number,
  /** The budgets that are set. */
  budgets: Array<BudgetState>,
  /** The last 100 firings, the newest first. */
  alerts: Array<CostAlert>,
};

/** A pack with its ties to Stripe. */
export type AdminCreditPack = {
  /** Its id. */
  id: number,
  /** Its name. */
  name: string,
  /** For people. */
  description: string | null,
  /** Credits in it, unique. */
  credit_amount: number,
  /** Its price. */
  price: number,
  /** Currency of the price. */
  price_currency: Currency,
  /** Whether it is offered (cv R54). */
  is_active: boolean,
  /** Stripe's product. */
  stripe_product_id: string | null,
  /** Stripe's price. */
  stripe_price_id: string | null,
  /** When it was made. */
  created_at: string,
  /** When it was changed. */
  updated_at: string,
};

/** State of `admin:emails`. */
export type AdminEmails = {
  /** How many there are of each state. */
  counts: Partial<Record<EmailStatus, number>>,
  /** The last 100, the newest first. */
  logs: Array<EmailLog>,
};

/** State of `admin:feedback`. */
export type AdminFeedback = {
  /** Not looked at. */
  new: number,
  /** Looked at. */
  reviewed: number,
  /** Done. */
  resolved: number,
  /** The last 100, the newest first. */
  items: Array<Feedback>,
};

/** A plan with its ties to Stripe. */
export type AdminPlan = {
  /** Stripe's product. */
  stripe_product_id: string | null,
  /** Stripe's price of a month. */
  stripe_price_id_monthly: string | null,
  /** Stripe's price of a year. */
  stripe_price_id_yearly: string | null,
  /** Live subscriptions. */
  subscribers: number,
  /** When it was made. */
  created_at: string,
  /** When it was changed. */
  updated_at: string,
  /** Its id. */
  id: number,
  /** Its name, unique. */
  name: string,
  /** For people. */
  description: string | null,
  /** Whether it costs nothing. */
  is_free: boolean,
  /** 0 free, 1 basic, 2 pro, … */
  tier: number,
  /** Whether it is shown as the usual choice. */
  is_popular: boolean,
  /** Price of a month. */
  price_monthly: number,
  /** Price of a year (cv R55). */
  price_yearly: number,
  /** What a year costs less than twelve months, percent. */
  yearly_discount_percent: number,
  /** Currency of both prices. */
  price_currency: Currency,
  /** What it says about each feature. */
  limits: Array<PlanLimit>,
};

/** State of `admin:tasks`. */
export type AdminTasks = {
  /** The queues. */
  depth: QueueDepth,
  /** The last 100 tasks, the newest first. */
  items: Array<TaskView>,
};

/** A person, as administrators see them. */
export type AdminUser = {
  /** Their id. */
  id: string,
  /** Their address. */
  email: string | null,
  /** Their name. */
  name: string | null,
  /** What they may do. */
  role: Role,
  /** When the address was confirmed. */
  email_verified: string | null,
  /** Their plan's name; that of everybody without a subscription where they have none. */
  plan_name: string | null,
  /** Their credits. */
  balance: number,
  /** Their CVs. */
  cvs: number,
  /** What AI work cost for them this UTC month, US dollars. */
  month_cost: number,
  /** When they signed up. */
  created_at: string,
};

/** Query of `GET /v1/cv/admin/users`, beside `PageQuery`. */
export type AdminUserQuery = {
  /** Only whose address contains this. */
  email?: string,
  /** Only with this role. */
  role?: Role,
  /** Only on the plan of this name. */
  plan?: string,
};

/** State of `admin:webhooks`. */
export type AdminWebhooks = {
  /** Events that have not taken effect. */
  waiting: number,
  /** The last 100, the newest first. */
  last: Array<StripeWebhook>,
};

/** What a client does after a close. */
export type AfterClose = "reconnect" | "reauthenticate" | "stop";

/** One call to a model (a row of `openai_calls`). */
export type AiCall = {
  /** Its id. */
  id: string,
  /** On whose behalf. */
  user_id: string,
  /** Their address. */
  email: string | null,
  /** The AI feature. */
  feature_name: string,
  /** The model that answered. */
  model: string,
  /** Tokens read, cached ones included. */
  prompt_tokens: number,
  /** Those from the endpoint's cache. */
  cached_tokens: number,
  /** Tokens written. */
  completion_tokens: number,
  /** Read and written. */
  total_tokens: number,
  /** US dollars. */
  estimated_cost: number,
  /** Milliseconds. */
  duration: number | null,
  /** Task, step, attempt, tier, how it ended. */
  metadata: unknown,
  /** When it ended. */
  created_at: string,
};

/** Query of `GET /v1/cv/admin/ai/calls`, beside `PageQuery`. */
export type AiCallQuery = {
  /** Only this person's. */
  user_id?: string,
  /** Only this AI feature's. */
  feature_name?: string,
  /** Only this model's. */
  model?: string,
  /** Only this task's. */
  task_id?: string,
};

/** Where an AI operation on a CV stands (`match_score_status`, `optimise_status`; cv D4, D5). */
export type AiStatus = "idle" | "inprogress" | "done" | "failed";

/** State of `app`. */
export type AppState = {
  /** Everybody but administrators gets `unavailable` (cv R7). */
  maintenance_mode: boolean,
  /** Whether new people can sign up (cv R1). */
  registration_enabled: boolean,
};

/** Answer to sign-up, sign-in and refresh. */
export type AuthTokens = {
  /** For `Authorization: Bearer` and `hello`. */
  access_token: string,
  /** For the next refresh. */
  refresh_token: string,
  /** Life of the access token, seconds. */
  expires_in: number,
  /** Who signed in. */
  user: User,
};

/** Body of `POST /v1/cv/auth/auto-sign-in`. Answer: `AuthTokens`. */
export type AutoSignIn = {
  /** From `verify-email`, or from the address to which a sign-in at another provider leads back. */
  token: string,
  /** This browser or app installation. */
  device?: string,
};

/** How often a subscription is paid. */
export type BillingPeriod = "monthly" | "yearly";

/** Where a subscription stands. */
export type BillingStatus = "active" | "past_due" | "canceled";

/** Parameters of `admin.block_cv`. Result: `CvSummary`. */
export type BlockCv = {
  /** Whose CV. */
  id: string,
  /** The CV. */
  cv_id: string,
  /** Blocked from now on, or no longer. */
  blocked: boolean,
  /** Why, for its owner; needed to block. */
  reason?: string,
};

/** A budget with what is used of it. */
export type BudgetState = {
  /** The setting: `budget_global_daily`, … */
  setting_name: string,
  /** US dollars. */
  limit: number,
  /** Spent in its period so far; for budgets of single people that of who spent most. */
  spent: number,
};

/** A proposed change (cv R28). The CV's content already holds `after`; rejecting puts `before` back at `path`. */
export type Change = {
  /** Its id, unique within the CV. */
  id: string,
  /** The section (`work`, `basics`, `skills`, …). */
  section: string,
  /** The field within the section or item (`summary`). */
  field: string,
  /** Which item of the section, from 0; null for a section that is no list. */
  item_index: number | null,
  /** JSON pointer (RFC 6901) to the value in the content. */
  path: string,
  /** The value before; null where there was none. */
  before: unknown,
  /** The value now; null where it was removed. */
  after: unknown,
  /** Why, for people. */
  reason: string,
  /** What it does. */
  action: ChangeAction,
  /** Where it stands. */
  status: ChangeStatus,
  /** When it was decided. */
  decided_at: string | null,
};

/** What a proposed change does to the value at its path. */
export type ChangeAction = "add" | "modify" | "remove";

/** Durable `cv.change_decided`. A rejection also changes the content: a `cv.changed` with the same `rev` tells how. */
export type ChangeDecided = {
  /** The change. */
  change_id: string,
  /** Its field. */
  field: string,
  /** The value before it. */
  before: unknown,
  /** The value after it. */
  after: unknown,
  /** Why it was proposed. */
  reason: string,
  /** What it does. */
  action: ChangeAction,
  /** How it was decided. */
  decision: Decision,
  /** The content's revision after the decision. */
  rev: number,
  /** Changes that still wait. */
  remaining: number,
};

/** Body of `POST /v1/cv/me/email-change` (cv R5). */
export type ChangeEmail = {
  /** The new address. */
  new_email: string,
  /** The password, where the account has one. */
  password?: string,
};

/** Body of `POST /v1/cv/me/password`: all other sessions end. */
export type ChangePassword = {
  /** The current one; missing only where there is none yet. */
  current?: string,
  /** The new one, 8 to 72 bytes. */
  password: string,
};

/** Where a proposed change stands (cv R28, R29). */
export type ChangeStatus = "pending" | "accepted" | "rejected" | "superseded";

/** What made a version; null = the original or a state made by hand. */
export type ChangeType = "optimization" | "adaptation" | "restore";

/** Who changed a CV. */
export type ChangedBy = {
  /** The person; null = the server, on behalf of a task. */
  user: string | null,
  /** Their device, where known. */
  device: string | null,
};

/** Durable `cv.changes_proposed`: changes wait for review. */
export type ChangesProposed = {
  /** The version that they are shown against. */
  pending_source_version: number,
  /** The changes; the content already holds them. */
  changes: Array<Change>,
};

/** Parameters of `billing.checkout`: a plan with its period, or a pack of credits. */
export type Checkout = {
  /** The plan to subscribe to. */
  plan_id?: number,
  /** How often it is paid; monthly when missing. */
  billing_period?: BillingPeriod,
  /** The pack to buy. */
  credit_pack_id?: number,
  /** A code that makes it cheaper. */
  promo_code?: string,
};

/** Result of `billing.checkout`. */
export type CheckoutStarted = {
  /** Stripe's id of the checkout. */
  id: string,
  /** Where the person pays. */
  url: string,
};

/** What a client may say. */
export type ClientMessage = { "t": "hello",
  /** An access token of one product. */
  token: string,
  /** A stable id of this browser or app installation. */
  device: string,
  /** Name and version of the client, for the server's logs. */
  client?: string,
} | { "t": "auth",
  /** Request number. */
  id: number,
  /** The new token, of the same user. */
  token: string,
} | { "t": "sub",
  /** Request number. */
  id: number,
  /** The topic. */
  topic: string,
  /** Where the client's history of the topic ends. Without it the answer starts with a snapshot. */
  since?: Position,
} | { "t": "unsub",
  /** Request number. */
  id: number,
  /** The topic. */
  topic: string,
} | { "t": "call",
  /** Request number. */
  id: number,
  /** The method, such as `cv.generate`. */
  method: string,
  /** Its parameters: a map, or null. */
  params: unknown,
  /** Idempotency key: repeating it returns the first result and does nothing again. */
  key?: string,
  /**
   * Follow the task that the call starts: the connection is subscribed to its topic before its first event, as
   * `followed` says.
   */
  follow?: boolean,
} | { "t": "ping",
  /** Request number. */
  id: number,
};

/** A choice that was made; such rows are only ever added (cv R71). Durable `consent.changed` of `user:{id}`. */
export type Consent = {
  /** Its id. */
  id: string,
  /** What it is beside the choices before it. */
  action: ConsentAction,
  /** The choice; older ones may have other keys. */
  preferences: { [key in string]: boolean },
  /** When. */
  created_at: string,
};

/**
 * What a choice about consent is beside the choices before it (cv D11). The last three are only in rows taken over
 * from elsewhere, but for a first choice that refuses everything.
 */
export type ConsentAction = "created" | "updated" | "revoked" | "accept" | "reject" | "update";

/** What somebody agreed to, by purpose. `necessary` is always true. */
export type ConsentPreferences = {
  /** What the service cannot do without. */
  necessary: boolean,
  /** Comforts. */
  functional: boolean,
  /** Statistics. */
  analytics: boolean,
  /** Advertising. */
  marketing: boolean,
};

/** The kind of contract (cv R15). */
export type Contract = "CDI" | "CDD" | "Freelance" | "Stage" | "Alternance";

/** A firing: durable `cost.alert` of `admin:costs`. */
export type CostAlert = {
  /** The firing. */
  id: string,
  /** What the alert watches. */
  type: string,
  /** The alert's name. */
  name: string,
  /** Whose sum it is: a user id, a feature, a model, or `global`. */
  scope: string,
  /** `2026-11-21` or `2026-11`. */
  period: string,
  /** The sum, US dollars; for `unknown_model` the number of calls. */
  value: number,
  /** What it passed, US dollars. */
  threshold: number,
  /** When. */
  fired_at: string,
};

/** What an alert watches. An open list: a word that the server does not know never fires. */
export type CostAlertRule = {
  /** Its id; made by the server for a new one. */
  id?: string,
  /** `user_daily`, `user_monthly`, `global_daily`, `global_monthly`, `feature_daily`, `unknown_model`. */
  type: string,
  /** US dollars; it fires when the sum passes it (cv R67). */
  threshold: number,
  /** Whether it is watched. */
  enabled: boolean,
  /** For people. */
  name: string,
  /** For people. */
  description: string | null,
  /** Scope and period of its last firing; the server's own. */
  last_fired_key: string | null,
};

/** Volatile `cost.tick` of `admin:costs`. */
export type CostTick = {
  /** The UTC day. */
  date: string,
  /** Its cost so far, US dollars. */
  cost: number,
  /** Its calls so far. */
  calls: number,
};

/** Parameters of `cv.create`. Result: `CvFile`. */
export type CreateCv = {
  /** Its name, unique per person; made by the server when missing (cv R10). */
  filename?: string,
  /** The document. */
  content: JsonResume,
};

/** Parameters of `export_template.create`. Result: `ExportTemplate`. */
export type CreateExportTemplate = {
  /** Its name, 1 to 80 characters. */
  name: string,
  /** The design of a PDF; `classic` when missing. */
  design?: ExportDesign,
  /** As in `ExportTemplate`. */
  selections?: { [key in string]: SectionChoice }, };

/** Parameters of `cv.create_template`. Result: `TaskStarted`. */
export type CreateTemplateCv = {
  /** The language that it is written in: `en` or `fr`. */
  language: string,
  /** Which template: `blank`, `developer`, `manager` or `student`. */
  template: string,
};

/** How a CV was made; null = by hand. */
export type CreatedBy = "generate-cv" | "import-pdf" | "translate-cv" | "create-template-cv" | "generate-cv-from-job-title";

/** A person's credits (cv R48: balance = purchased + gifted + refunded - used). */
export type CreditBalance = {
  /** What can be spent. */
  balance: number,
  /** Bought in all. */
  total_purchased: number,
  /** Spent in all. */
  total_used: number,
  /** Given back in all. */
  total_refunded: number,
  /** Given in all. */
  total_gifted: number,
  /** The full mark of a gauge. */
  balance_after_last_purchase: number,
};

/** A pack of credits (cv R54: only packs that are offered are listed). */
export type CreditPack = {
  /** Its id. */
  id: number,
  /** Its name. */
  name: string,
  /** For people. */
  description: string | null,
  /** Credits in it. */
  credit_amount: number,
  /** Its price. */
  price: number,
  /** Currency of the price. */
  price_currency: Currency,
};

/**
 * Parameters of `admin.credit_pack_create` (`id` missing; name, credits and price required) and
 * `admin.credit_pack_update`.
 */
export type CreditPackChange = {
  /** The pack. */
  id?: number,
  /** Its name. */
  name?: string,
  /** For people. */
  description?: string | null,
  /** Credits in it. */
  credit_amount?: number,
  /** Its price. */
  price?: number,
  /** Currency of the price. */
  price_currency?: Currency,
  /** Whether it is offered. */
  is_active?: boolean,
  /** Stripe's product. */
  stripe_product_id?: string | null,
  /** Stripe's price. */
  stripe_price_id?: string | null,
};

/** Query of `GET /v1/cv/admin/credit-packs`, beside the page. */
export type CreditPackQuery = {
  /** Only those that are, or are not, offered. */
  is_active?: boolean,
};

/** A row of the ledger. */
export type CreditTransaction = {
  /** Its id. */
  id: string,
  /** Credits, negative where spent. */
  amount: number,
  /** What it stands for. */
  type: TransactionType,
  /** The feature. */
  feature_name: string | null,
  /** The task. */
  task_id: string | null,
  /** The CV. */
  cv_file_id: string | null,
  /** Whether a refund row gives this one back. */
  refunded: boolean,
  /** For a refund: the row that it gives back. */
  related_transaction_id: string | null,
  /** When. */
  created_at: string,
};

/** Durable `credits.changed`: one row of the ledger. */
export type CreditsChanged = {
  /** The balance after it. */
  balance: number,
  /** The row's amount, negative where spent. */
  amount: number,
  /** What it stands for. */
  type: TransactionType,
  /** The row. */
  transaction_id: string,
  /** The feature. */
  feature_name: string | null,
  /** The task. */
  task_id: string | null,
  /** For a refund: the row that it gives back. */
  related_transaction_id: string | null,
};

/** The currencies of prices. */
export type Currency = "EUR" | "USD" | "GBP";

/** Durable `cv.blocked` and `cv.unblocked` (cv R52). */
export type CvBlocked = {
  /** The CV. */
  id: string,
  /** Its name. */
  filename: string,
  /** Why; null when unblocked. */
  blocked_reason: string | null,
  /** Since when; null when unblocked. */
  blocked_at: string | null,
};

/**
 * Durable `cv.changed`: the content changed. Apply `patch` to the content of `rev - 1`; a reader that holds another
 * revision subscribes again without `since`.
 */
export type CvChanged = {
  /** The revision after it. */
  rev: number,
  /** Who. */
  by: ChangedBy,
  /** What (RFC 6902). */
  patch: Array<PatchOperation>,
  /** The current version. */
  content_version: number,
};

/** Durable `cv.created`. */
export type CvCreated = {
  /** The CV. */
  id: string,
  /** Its name. */
  filename: string,
  /** How it was made; null = by hand. */
  created_by: CreatedBy | null,
  /** Where the material came from. */
  source_type: SourceType | null,
  /** The offer that it is for. */
  job_offer_id: string | null,
  /** ISO 639-1. */
  language: string | null,
  /** Whether it is a translation. */
  is_translated: boolean,
  /** Its current version. */
  content_version: number,
  /** Name and headline of the person, read from the content, for lists. */
  title: string | null,
  /** Changes that wait for a decision. */
  pending_count: number,
};

/** Durable `cv.deleted`. */
export type CvDeleted = {
  /** The CV. */
  id: string,
  /** Its name. */
  filename: string,
};

/** A CV with its content, score and open changes: the snapshot of `cv:{id}` and what the calls on a CV return. */
export type CvFile = {
  /** The document. */
  content: JsonResume,
  /** The score and what explains it. */
  score: ScoreState,
  /** When the optimisation's state last changed. */
  optimise_updated_at: string | null,
  /** Proposed changes, decided ones included until the last is decided; empty when nothing is under review. */
  pending_changes: Array<Change>,
  /** The version that the changes are shown against. */
  pending_source_version: number | null,
  /** When a credit paid for it. */
  credit_used_at: string | null,
  /** The ledger row that paid for it. */
  credit_transaction_id: string | null,
  /** Its id. */
  id: string,
  /** Its name, unique per person. */
  filename: string,
  /** Name and headline of the person, read from the content, for lists. */
  title: string | null,
  /** The current version, from 1. */
  content_version: number,
  /** +1 on every change of the content: what `cv.update` must name. */
  content_rev: number,
  /** Where the material came from. */
  source_type: SourceType | null,
  /** URL, file name or job title. */
  source_value: string | null,
  /** The offer that it is scored against. */
  job_offer_id: string | null,
  /** How it was made; null = by hand. */
  created_by: CreatedBy | null,
  /** For a translation: how the original was made. */
  original_created_by: CreatedBy | null,
  /** ISO 639-1, lower case. */
  language: string | null,
  /** Whether it is a translation. */
  is_translated: boolean,
  /** 0 to 100. */
  match_score: number | null,
  /** The score before the last optimisation. */
  score_before: number | null,
  /** `idle` with a score: the score is outdated. */
  match_score_status: AiStatus,
  /** Where an optimisation stands; `done`: changes wait for review. */
  optimise_status: AiStatus,
  /** Changes that wait for a decision. */
  pending_count: number,
  /** Whether a credit paid for it. */
  created_with_credit: boolean,
  /** A blocked CV can only be listed, read and deleted (cv R19). */
  blocked: boolean,
  /** When it was blocked. */
  blocked_at: string | null,
  /** `plan_limit`, or an administrator's text. */
  blocked_reason: string | null,
  /** When it was made. */
  created_at: string,
  /** When it was last changed. */
  updated_at: string,
};

/** Durable `cv.listed`: a CV's row in the list changed. */
export type CvListed = {
  /** The CV. */
  id: string,
  /** Its name. */
  filename: string,
  /** Its score, 0 to 100. */
  match_score: number | null,
  /** Where its score stands. */
  match_score_status: AiStatus,
  /** Where its optimisation stands. */
  optimise_status: AiStatus,
  /** When it was last changed. */
  updated_at: string,
  /** Name and headline of the person, read from the content, for lists. */
  title: string | null,
  /** Changes that wait for a decision. */
  pending_count: number,
};

/** Durable `cv.optimise`: an optimisation's state changed. */
export type CvOptimise = {
  /** Where it stands. */
  status: AiStatus,
  /** Why it failed, for people. */
  error: string | null,
  /** When. */
  updated_at: string,
};

/** Volatile `cv.score_progress`, key `cv`. */
export type CvScoreProgress = {
  /** Share of the work that is done, 0 to 1. */
  fraction: number,
  /** The section that is being looked at. */
  section: string | null,
};

/** State of `cv:{id}`; also the answer of `GET /v1/cv/files/{id}`. */
export type CvState = {
  /** The CV. */
  file: CvFile,
  /** Its kept versions, the newest first. */
  versions: Array<CvVersionSummary>,
};

/** Durable `cv.state`: these fields of the CV, as they are now. */
export type CvStateChanged = {
  /** Whether it is blocked. */
  blocked: boolean,
  /** Why. */
  blocked_reason: string | null,
  /** ISO 639-1. */
  language: string | null,
  /** The offer that it is scored against. */
  job_offer_id: string | null,
  /** Its name. */
  filename: string,
};

/** Durable `step.completed`. */
export type CvStepCompleted = {
  /** The step's key, unique within the task. */
  step: string,
  /** What the step does. */
  type: string,
  /** The attempt that succeeded, from 1. */
  attempt: number,
  /** Time of that attempt, milliseconds. */
  duration_ms: number,
  /** The offer, from 0. */
  offer_index?: number,
  /** The experience or project, from 0. */
  item_index?: number,
  /** The model; `offline` for the built-in rules. */
  model_used?: string,
  /** Tokens sent. */
  prompt_tokens?: number,
  /** Tokens sent that the provider had in its cache. */
  cached_tokens?: number,
  /** Tokens received. */
  completion_tokens?: number,
  /** US dollars (cv R66). */
  estimated_cost?: number,
  /** What it changed. */
  modifications?: Array<Modification>,
};

/** Durable `step.failed`. */
export type CvStepFailed = {
  /** The step's key, unique within the task. */
  step: string,
  /** What the step does. */
  type: string,
  /** The attempt that failed, from 1. */
  attempt: number,
  /** What went wrong, for people. */
  error: string,
  /**
   * What went wrong, for programs: a word such as `timeout`, `not_found`, `model_refused`, `invalid_output`. Open:
   * expect others.
   */
  code: string,
  /** The next attempt comes after this time, milliseconds; null: this was the last. */
  retry_in_ms: number | null,
  /** Time of this attempt, milliseconds. */
  duration_ms: number,
  /** Steps that will not run because of it. */
  cancelled: Array<string>,
  /** The offer, from 0. */
  offer_index?: number,
  /** The experience or project, from 0. */
  item_index?: number,
  /** The model; `offline` for the built-in rules. */
  model_used?: string,
  /** Tokens sent. */
  prompt_tokens?: number,
  /** Tokens sent that the provider had in its cache. */
  cached_tokens?: number,
  /** Tokens received. */
  completion_tokens?: number,
  /** US dollars (cv R66). */
  estimated_cost?: number,
  /** What it changed. */
  modifications?: Array<Modification>,
};

/** Durable `step.started`. */
export type CvStepStarted = {
  /** The step's key, unique within the task (`batch_experience[0,3]`). */
  step: string,
  /** What the step does (`batch_experience`). */
  type: string,
  /** The attempt that begins, from 1. */
  attempt: number,
  /** The offer, from 0. */
  offer_index?: number,
  /** The experience or project, from 0. */
  item_index?: number,
};

/** A CV without its content: a row of a list. */
export type CvSummary = {
  /** Its id. */
  id: string,
  /** Its name, unique per person. */
  filename: string,
  /** Name and headline of the person, read from the content, for lists. */
  title: string | null,
  /** The current version, from 1. */
  content_version: number,
  /** +1 on every change of the content: what `cv.update` must name. */
  content_rev: number,
  /** Where the material came from. */
  source_type: SourceType | null,
  /** URL, file name or job title. */
  source_value: string | null,
  /** The offer that it is scored against. */
  job_offer_id: string | null,
  /** How it was made; null = by hand. */
  created_by: CreatedBy | null,
  /** For a translation: how the original was made. */
  original_created_by: CreatedBy | null,
  /** ISO 639-1, lower case. */
  language: string | null,
  /** Whether it is a translation. */
  is_translated: boolean,
  /** 0 to 100. */
  match_score: number | null,
  /** The score before the last optimisation. */
  score_before: number | null,
  /** `idle` with a score: the score is outdated. */
  match_score_status: AiStatus,
  /** Where an optimisation stands; `done`: changes wait for review. */
  optimise_status: AiStatus,
  /** Changes that wait for a decision. */
  pending_count: number,
  /** Whether a credit paid for it. */
  created_with_credit: boolean,
  /** A blocked CV can only be listed, read and deleted (cv R19). */
  blocked: boolean,
  /** When it was blocked. */
  blocked_at: string | null,
  /** `plan_limit`, or an administrator's text. */
  blocked_reason: string | null,
  /** When it was made. */
  created_at: string,
  /** When it was last changed. */
  updated_at: string,
};

/** Durable `task.queued`, `task.started`, `task.completed`, `task.failed`, `task.cancelled`. */
export type CvTaskEvent = {
  /** The task. */
  id: string,
  /** Its kind, such as `generate-cv`. */
  type: string,
  /** Its state after the event. */
  status: TaskStatus,
  /** Runs of the task, 1 at first, +1 with each `task.retry`. */
  attempt: number,
  /** Why it failed, for people. Missing or null otherwise. */
  error?: string | null,
  /**
   * Why it failed, for programs: `parked` when it lost its node again and again without getting on. Missing where
   * only `error` tells.
   */
  code?: string,
  /** What it returned. Only when it has ended, and missing where it returned nothing. */
  result?: unknown,
  /** Where it was started. Only in `task.queued`; null where unknown. */
  device_id?: string | null,
  /** The node that works on it. Only in `task.started`. */
  node?: string,
  /** How often it was taken over from a node that was lost. Only in `task.started`. */
  rescues?: number,
  /** Only in a `task.queued` of a task that had begun: why it was queued again, and where it resumes. */
  requeued?: Requeued,
  /** Credits taken so far. */
  credits_debited?: number,
  /** Credits given back so far. */
  credits_refunded?: number,
  /** Offers in state `completed`. */
  completed_offers?: number,
  /** Offers in all. */
  total_offers?: number,
};

/** Volatile `task.progress`, key `task`. */
export type CvTaskProgress = {
  /** Offers that have ended, however (cv D27). May be missing. */
  processed_offers?: number,
  /** Share of the work that is done, 0 to 1, by the weights of the steps. */
  fraction: number,
  /** The steps that run now. */
  running: Array<string>,
  /** Its place in the queue, 1 is next; null once it runs. */
  queue_position: number | null,
  /** What the task, or steps of it, wait for, as of now; missing or empty: nothing, it works. */
  waits?: Array<TaskWait>,
};

/** A kept version. */
export type CvVersion = {
  /** The document as it was. */
  content: JsonResume,
  /** Its id. */
  id: string,
  /** Its number, from 1. */
  version: number,
  /** What changed, for people. */
  changelog: string | null,
  /** What made it; null = the original, or made by hand. */
  change_type: ChangeType | null,
  /** For an adaptation: the source CV's file name. */
  source_file: string | null,
  /** The score at that moment, 0 to 100. */
  match_score: number | null,
  /** When it was kept. */
  created_at: string,
};

/** Durable `cv.version`: a version was kept. */
export type CvVersionKept = {
  /** Its number, from 1. */
  version: number,
  /** What made it; null = the original, or made by hand. */
  change_type: ChangeType | null,
  /** What changed, for people. */
  changelog: string | null,
  /** For an adaptation: the source CV's file name. */
  source_file: string | null,
  /** The score at that moment. */
  match_score: number | null,
  /** Versions that were dropped to make room (cv R27). */
  pruned: Array<number>,
};

/** A kept version without its content. */
export type CvVersionSummary = {
  /** Its id. */
  id: string,
  /** Its number, from 1. */
  version: number,
  /** What changed, for people. */
  changelog: string | null,
  /** What made it; null = the original, or made by hand. */
  change_type: ChangeType | null,
  /** For an adaptation: the source CV's file name. */
  source_file: string | null,
  /** The score at that moment, 0 to 100. */
  match_score: number | null,
  /** When it was kept. */
  created_at: string,
};

/** How a change was decided. */
export type Decision = "accepted" | "rejected" | "superseded";

/** Body of `DELETE /v1/cv/me`: so that nobody loses everything by accident. */
export type DeleteAccount = {
  /** The password, where the account has one. */
  password?: string,
  /** The account's own address, where it has no password. */
  email?: string,
};

/** Parameters of `cv.delete`. Result: `CvSummary` as it was. */
export type DeleteCv = {
  /** The CV. */
  id: string,
};

/** Body of `POST /v1/cv/auth/device`: the first tokens of a device without a person, or its next ones. */
export type DeviceSignIn = {
  /** The one of the last answer; without it the server makes a new device. */
  refresh_token?: string,
};

/** State of `device:{id}`. */
export type DeviceState = {
  /** Tasks without owner that this device started and that are not terminal. */
  tasks: Array<TaskView>,
};

/** Tokens of a device without a person (cv G8): for `task.test`, `cv.create_template`, its tasks and `device:{id}`. */
export type DeviceTokens = {
  /** For `Authorization: Bearer` and `hello`. */
  access_token: string,
  /** For the next tokens. */
  refresh_token: string,
  /** Life of the access token, seconds. */
  expires_in: number,
  /** The device, whose topic is `device:{id}`. */
  device: string,
};

/** A change of address that is under way, or has just happened. */
export type EmailChange = {
  /** Where it stands. Two confirmations are missing at first: the current address is named then. */
  state: EmailChangeState,
  /** The new address. */
  new_email: string,
};

/** Where a change of address stands. */
export type EmailChangeState = "waiting_for_current" | "waiting_for_new" | "changed";

/** One e-mail that was sent or could not be; also durable `email.logged` of `admin:emails`. */
export type EmailLog = {
  /** Its id. */
  id: string,
  /** The template; null: deleted meanwhile, or there was none. */
  template_id: string | null,
  /** The template's name at that time; the trigger's where there was none. */
  template_name: string,
  /** Where to; `erased` once the person's account is deleted (cv R8). */
  recipient_email: string,
  /** Whom to; null: nobody with an account. */
  recipient_user_id: string | null,
  /** The subject. */
  subject: string,
  /** What became of it. */
  status: EmailStatus,
  /** Why it failed. */
  error: string | null,
  /** By which way. */
  provider: EmailProvider,
  /** Its id there. */
  provider_id: string | null,
  /** Its id at Resend. */
  resend_id: string | null,
  /** Whether it was a test. */
  is_test_email: boolean,
  /** The task that sent it. */
  task_id: string | null,
  /** When. */
  created_at: string,
};

/** Query of `GET /v1/cv/admin/email-logs`, beside `PageQuery`. */
export type EmailLogQuery = {
  /** Only those in this state. */
  status?: EmailStatus,
  /** Only those to this address. */
  recipient?: string,
  /** Only those of the template of this name. */
  template?: string,
};

/**
 * Body of `POST /v1/cv/auth/resend-verification` and `POST /v1/cv/auth/forgot-password`. The answer is the same
 * whether or not there is such an account.
 */
export type EmailOnly = {
  /** The address. */
  email: string,
};

/** The way of an e-mail. */
export type EmailProvider = "smtp" | "resend";

/** What became of an e-mail. */
export type EmailStatus = "sent" | "delivered" | "bounced" | "failed";

/** What an e-mail says. */
export type EmailTemplate = {
  /** Its id. */
  id: string,
  /** Its name; unique. */
  name: string,
  /** The trigger that it is for; null: none. */
  trigger_id: string | null,
  /** The subject, with `{{variables}}`. */
  subject: string,
  /** The editor's document. */
  design_json: unknown,
  /** The body as HTML, with `{{variables}}`. */
  html_content: string,
  /** What the texts name. */
  variables: Array<string>,
  /** Whether it is used; one of a trigger at most (cv R62). */
  is_active: boolean,
  /** Used where a trigger has no active one; one at most (cv R60). */
  is_default: boolean,
  /** The language of `subject` and `html_content`. */
  language: Lang,
  /** The same in other languages. */
  translations: Partial<Record<Lang, EmailText>>,
  /** When it was made. */
  created_at: string,
  /** When it was last changed. */
  updated_at: string,
};

/** Body of `PATCH /v1/cv/admin/email-templates/{id}`: what is missing stays. `trigger_id` may be null: no trigger. */
export type EmailTemplatePatch = {
  /** Its name; unique. */
  name?: string,
  /** The trigger that it is for; the empty text: none. */
  trigger_id?: string,
  /** The subject. */
  subject?: string,
  /** The editor's document. */
  design_json?: unknown,
  /** The body as HTML. */
  html_content?: string,
  /** True: the other one of its trigger is not used any more (cv R62). */
  is_active?: boolean,
  /** True: the other default is none any more. */
  is_default?: boolean,
  /** The language of the texts. */
  language?: Lang,
  /** The same in other languages, all of them. */
  translations?: Partial<Record<Lang, EmailText>>,
};

/** The text of an e-mail in one language. */
export type EmailText = {
  /** The subject, with `{{variables}}`. */
  subject: string,
  /** The body as HTML, with `{{variables}}`, whose values are escaped. */
  html_content: string,
};

/** Body of `POST /v1/cv/auth/verify-email` and of `POST /v1/cv/me/email-change/confirm`: the token of the e-mail. */
export type EmailToken = {
  /** Works once. */
  token: string,
};

/** What causes an e-mail. */
export type EmailTrigger = {
  /** Its id. */
  id: string,
  /** The word that programs use; unique. */
  name: string,
  /** For people. */
  label: string,
  /** When it is pulled. */
  description: string | null,
  /** What a template of it may name, beside `app_name`, `app_url`, `user_name`, `user_email`, `trigger_label`. */
  variables: Array<string>,
  /** An open list: `general`, `auth`, `account`, … */
  category: string,
  /** A picture's name. */
  icon: string | null,
  /** Pulled by the server itself: it cannot be deleted or renamed (cv R61). */
  is_system: boolean,
  /** When it was made. */
  created_at: string,
  /** When it was last changed. */
  updated_at: string,
};

/** Body of `PATCH /v1/cv/admin/email-triggers/{id}`: what is missing stays. */
export type EmailTriggerPatch = {
  /** For people. */
  label?: string,
  /** When it is pulled. */
  description?: string,
  /** What its templates may name; a system trigger's stay. */
  variables?: Array<string>,
  /** An open list. */
  category?: string,
  /** A picture's name. */
  icon?: string,
};

/** Answer of `POST /v1/cv/auth/verify-email`. */
export type EmailVerified = {
  /** For `POST /v1/cv/auth/auto-sign-in`, once, within 10 minutes (cv R3). */
  auto_sign_in_token: string,
};

/** Why a request was refused. Closed: a new code is a new protocol version. */
export type ErrorCode = "bad_request" | "unauthenticated" | "forbidden" | "not_found" | "conflict" | "insufficient_credits" | "limit_exceeded" | "rate_limited" | "payload_too_large" | "unavailable" | "internal";

/** Parameters of `cv.export`. */
export type ExportCv = {
  /** The CV. */
  id: string,
  /** The format. */
  format: ExportFormat,
  /** One of the person's export templates: which sections, and the design of a PDF. */
  template_id?: string,
  /** The design of a PDF; wins over the template's. */
  design?: ExportDesign,
};

/** A design of an exported PDF. */
export type ExportDesign = "classic" | "modern" | "sidebar" | "compact";

/** A format that a CV is exported in. */
export type ExportFormat = "json" | "pdf";

/** A person's way to export their CVs (`export_templates`; cv R21: its name is unique per person). */
export type ExportTemplate = {
  /** Its id. */
  id: string,
  /** Its name. */
  name: string,
  /** The design of a PDF. */
  design: ExportDesign,
  /** Sections (`basics`, `work`, …) with what becomes of them; a section that is not named is in the document. */
  selections: { [key in string]: SectionChoice },
  /** When it was made. */
  created_at: string,
  /** When it was last changed. */
  updated_at: string,
};

/** Parameters of `export_template.get` and `export_template.delete`. Result: `ExportTemplate` (as it was). */
export type ExportTemplateRef = {
  /** Which. */
  id: string,
};

/**
 * Result of `cv.export` on the socket: one of `document` and `base64` is there. Over HTTP the document itself is the
 * body.
 */
export type Exported = {
  /** A file name for it. */
  filename: string,
  /** Its media type. */
  mime_type: string,
  /** The document, for format `json`. */
  document?: JsonResume,
  /** The document's bytes in base64 (RFC 4648, with padding), for format `pdf`. */
  base64?: string,
};

/** What somebody told us. Durable `feedback.created` and `feedback.changed` of `admin:feedback`. */
export type Feedback = {
  /** Its id. */
  id: string,
  /** Who. */
  user_id: string,
  /** Their address. */
  email: string | null,
  /** 1 to 5. */
  rating: number,
  /** The text. */
  comment: string,
  /** Whether something is broken. */
  is_bug_report: boolean,
  /** File name of the CV that was open. */
  current_cv_file: string | null,
  /** The browser. */
  user_agent: string | null,
  /** The page. */
  page_url: string | null,
  /** What became of it. */
  status: FeedbackStatus,
  /** When. */
  created_at: string,
};

/** Query of `GET /v1/cv/admin/feedback`, beside `PageQuery`. */
export type FeedbackQuery = {
  /** Only with this status. */
  status?: FeedbackStatus,
  /** `true`: only reports of defects; `false`: only others. */
  is_bug_report?: FlagText,
};

/** What became of feedback. */
export type FeedbackStatus = "new" | "reviewed" | "resolved";

/** A yes or no in a query. */
export type FlagText = "true" | "false";

/** Parameters of `cv.from_job_title`. Result: `TaskStarted`. */
export type FromJobTitle = {
  /** The job's title, 2 to 120 characters. */
  title: string,
  /** The language that it is written in, ISO 639-1 (`fr`). */
  language: string,
};

/** Parameters of `cv.generate`. Result: `TaskStarted`. */
export type Generate = {
  /** The CV to start from. */
  source_cv_id: string,
  /** A new CV for each offer, or changes in place. */
  mode: GenerationMode,
  /** 1 to `generation_max_offers` offers to adapt to; at most one to optimise for (none: the CV's own offer). */
  offers?: Array<OfferSource>,
};

/** What a generation does. */
export type GenerationMode = "adapt" | "optimize";

/** One offer of a generation. */
export type GenerationOffer = {
  /** Its id. */
  id: string,
  /** Its place in the call's list, from 0: the lane. */
  offer_index: number,
  /** Where it stands. */
  status: OfferStatus,
  /** The page that it was read from. */
  source_url: string | null,
  /** The stored offer, once extracted. */
  job_offer_id: string | null,
  /** The offer's title, once extracted. */
  title: string | null,
  /** The offer's company, once extracted. */
  company: string | null,
  /** The CV that was made (or, in mode `optimize`, changed). */
  generated_cv_file_id: string | null,
  /** Its file name. */
  generated_cv_file_name: string | null,
  /** Retries by `task.retry`. */
  retry_count: number,
  /** Why it failed, for people. */
  error: string | null,
  /** Whether its unit was given back. */
  credits_refunded: boolean,
};

/** Parameters of `admin.gift`. Result: `CreditBalance` of the person. */
export type Gift = {
  /** To whom. */
  id: string,
  /** How many, 1 to 100 000. */
  credits: number,
  /** Kept with the row of the ledger. */
  reason?: string,
};

/**
 * Parameters of `cv.import` on the socket: a file that was uploaded with `POST /v1/cv/uploads` before. Over HTTP the
 * file itself is the body (multipart).
 */
export type ImportCv = {
  /** The PDF. */
  upload_id: string,
};

/** The education that an offer asks for. */
export type JobEducation = {
  /** The degree. */
  level: string | null,
  /** The subject. */
  field: string | null,
};

/** The experience that an offer asks for. */
export type JobExperience = {
  /** Years at least. */
  min_years: number | null,
  /** Years at most. */
  max_years: number | null,
  /** In the offer's words or `junior`, `mid`, `senior`, `lead`. */
  level: string | null,
};

/** A language that an offer asks for. */
export type JobLanguage = {
  /** Its name. */
  language: string,
  /** How well. */
  level: string | null,
};

/** Where the work is. */
export type JobLocation = {
  /** City. */
  city: string | null,
  /** Country, by name or ISO 3166-1 alpha-2, as the offer says it. */
  country: string | null,
  /** How much of the work is done from elsewhere. */
  remote: Remote | null,
};

/** A job offer of a person, as lists and routes return it. */
export type JobOffer = {
  /** Its id. */
  id: string,
  /** Where it came from. */
  source_type: OfferSourceType,
  /** The URL, the PDF's file name, or `text:` and 16 hex digits. */
  source_value: string,
  /** Its facts. */
  content: JobOfferContent,
  /** When the facts were read. */
  extracted_at: string,
  /** What read them; `offline` for the built-in rules. */
  extraction_model: string,
  /** Tokens that reading took. */
  tokens_used: number,
  /** When it was stored. */
  created_at: string,
  /** When it was last changed. */
  updated_at: string,
};

/** The facts of a job offer (cv R15). What the offer does not say is null, or an empty list. */
export type JobOfferContent = {
  /** The job's title. */
  title: string | null,
  /** Who offers it. */
  company: string | null,
  /** The kind of contract. */
  contract: Contract | null,
  /** The experience that is asked for. */
  experience: JobExperience,
  /** Where. */
  location: JobLocation,
  /** The pay. */
  salary: JobSalary,
  /** The skills. */
  skills: JobSkills,
  /** The education that is asked for. */
  education: JobEducation,
  /** The languages that are asked for. */
  languages: Array<JobLanguage>,
  /** What the person will do. */
  responsibilities: Array<string>,
  /** What is given beside the pay. */
  benefits: Array<string>,
};

/** Durable `job_offer.created` and `job_offer.deleted`. */
export type JobOfferEvent = {
  /** The offer. */
  id: string,
  /** Where it came from. */
  source_type: OfferSourceType,
  /** The URL, the PDF's file name, or `text:` and 16 hex digits. */
  source_value: string,
  /** The job's title. */
  title: string | null,
  /** Who offers it. */
  company: string | null,
};

/** Parameters of `job_offer.delete`. Result: the offer as it was; its CVs lose the reference (cv R17). */
export type JobOfferRef = {
  /** The offer. */
  id: string,
};

/** The pay. */
export type JobSalary = {
  /** At least, in units of the currency. */
  min: number | null,
  /** At most, in units of the currency. */
  max: number | null,
  /** ISO 4217. */
  currency: string | null,
  /** What it is paid for. */
  period: SalaryPeriod | null,
};

/** The skills that an offer names. */
export type JobSkills = {
  /** Asked for. */
  required: Array<string>,
  /** Welcome. */
  nice_to_have: Array<string>,
};

/** A CV as JSON Resume. Every key is optional and further keys may stand anywhere. */
export type JsonResume = {
  /** Who. */
  basics?: ResumeBasics | null,
  /** Experiences, the newest first. */
  work?: Array<ResumeWork> | null,
  /** Voluntary work. */
  volunteer?: Array<ResumeVolunteer> | null,
  /** Schools and degrees. */
  education?: Array<ResumeEducation> | null,
  /** Awards. */
  awards?: Array<ResumeAward> | null,
  /** Certificates. */
  certificates?: Array<ResumeCertificate> | null,
  /** Publications. */
  publications?: Array<ResumePublication> | null,
  /** Groups of skills. */
  skills?: Array<ResumeSkill> | null,
  /** Languages. */
  languages?: Array<ResumeLanguage> | null,
  /** Interests. */
  interests?: Array<ResumeInterest> | null,
  /** References. */
  references?: Array<ResumeReference> | null,
  /** Projects. */
  projects?: Array<ResumeProject> | null,
  /** About the document. */
  meta?: { [key: string]: unknown } | null, [key: string]: unknown };

/** A language in which the server writes to people. */
export type Lang = "fr" | "en";

/** The bounds in force on a connection, told in `welcome`. */
export type Limits = {
  /** Bytes of one message a client may send. */
  message_bytes: number,
  /** Messages in one batch a client may send. */
  batch_len: number,
  /** Subscriptions of one connection. */
  subscriptions: number,
  /** Unanswered calls of one connection. */
  calls_in_flight: number,
  /** Messages a client may send a second, averaged over ten seconds. */
  messages_per_second: number,
};

/** An address that a person gave (cv R18). */
export type Link = {
  /** Its id. */
  id: string,
  /** The address. */
  url: string,
  /** When it was last used. */
  created_at: string,
};

/** Body of `POST /v1/cv/me/accounts`: links an account at a provider to this one. */
export type LinkAccount = {
  /** The provider. */
  provider: OauthProvider,
};

/** An account at another provider that can sign in. */
export type LinkedAccount = {
  /** Its id here. */
  id: string,
  /** The provider. */
  provider: OauthProvider,
  /** Its id there. */
  provider_account_id: string,
  /** Since when. */
  created_at: string,
};

/** Answer of `GET /v1/cv/me/accounts`. */
export type LinkedAccounts = {
  /** The linked ones. */
  items: Array<LinkedAccount>,
  /** Whether a password is set: the last way to sign in cannot be taken away. */
  has_password: boolean,
  /** The providers that this server is set up for. */
  providers: Array<OauthProvider>,
};

/** Prices of a model, US dollars per million tokens (a row of `openai_pricing`). */
export type ModelPricing = {
  /** The model, as the endpoint names it. */
  model_name: string,
  /** Tokens read. */
  input_price_per_m_token: number,
  /** Tokens written. */
  output_price_per_m_token: number,
  /** Tokens read from the endpoint's cache. */
  cache_price_per_m_token: number,
  /** Tokens read in the priority tier; null: the normal price. */
  input_price_per_m_token_priority: number | null,
  /** Tokens written in the priority tier; null: the normal price. */
  output_price_per_m_token_priority: number | null,
  /** Tokens from the cache in the priority tier; null: the normal price. */
  cache_price_per_m_token_priority: number | null,
  /** For people. */
  description: string | null,
  /** Whether the price is in force; a model without one counts as free and raises an alert (cv R66). */
  is_active: boolean,
};

/** What a step did to one field: a change that has no place in a stored CV yet (`step.completed`). */
export type Modification = {
  /** The field. */
  field: string,
  /** The value before. */
  before: unknown,
  /** The value after. */
  after: unknown,
  /** Why, for people. */
  reason: string,
  /** What it does. */
  action: ChangeAction,
};

/** Body of `POST /v1/cv/admin/email-templates`. */
export type NewEmailTemplate = {
  /** Its name; unique. */
  name: string,
  /** The trigger that it is for. */
  trigger_id?: string,
  /** The subject. */
  subject: string,
  /** The editor's document; an empty one when missing. */
  design_json?: unknown,
  /** The body as HTML. */
  html_content: string,
  /** Whether it is used; when missing it is not. */
  is_active?: boolean,
  /** Used where a trigger has no active one. */
  is_default?: boolean,
  /** The language of the texts; `fr` when missing. */
  language?: Lang,
  /** The same in other languages. */
  translations?: Partial<Record<Lang, EmailText>>,
};

/** Body of `POST /v1/cv/admin/email-triggers`. */
export type NewEmailTrigger = {
  /** 1 to 64 of a-z, 0-9 and _; unique. */
  name: string,
  /** For people. */
  label: string,
  /** When it is pulled. */
  description?: string,
  /** What its templates may name; none when missing. */
  variables?: Array<string>,
  /** `general` when missing. */
  category?: string,
  /** A picture's name. */
  icon?: string,
};

/** Parameters of `admin.promo_code_create`. */
export type NewPromoCode = {
  /** The code; kept in upper case. */
  code: string,
  /** What it gives. */
  type: PromoType,
  /** Credits, percent, or amount. */
  value: number,
  /** Needed for an amount. */
  currency?: Currency,
  /** For this plan only. */
  plan_id?: number,
  /** For this pack only. */
  credit_pack_id?: number,
  /** Uses in all. */
  max_uses?: number,
  /** Uses of one person; 1 when missing. */
  max_uses_per_user?: number,
  /** From when; now when missing. */
  valid_from?: string,
  /** Until when. */
  valid_until?: string,
};

/** No parameters. */
export type Nothing = Record<symbol, never>;

/** Durable `notice`: something that a person should read. */
export type Notice = {
  /** How loud. */
  level: NoticeLevel,
  /** The word that programs match on. */
  code: string,
  /** For people. */
  text: string,
  /** Particulars. */
  data: unknown,
};

/** How loud a notice is. */
export type NoticeLevel = "info" | "warning" | "error";

/** Durable `notices.read` of `user:{id}`: all notices up to here were read. */
export type NoticesRead = {
  /** Up to when. */
  at: string,
};

/** A provider of accounts that people may sign in with. */
export type OauthProvider = "google" | "github" | "apple";

/** Answer of `GET /v1/cv/auth/providers`. */
export type OauthProviders = {
  /** The providers that this server is set up for. */
  providers: Array<OauthProvider>,
};

/** Answer of `POST /v1/cv/me/accounts`: lead the browser there. */
export type OauthRedirect = {
  /** At the provider. */
  url: string,
};

/** Durable `offer.completed`: the offer's CV exists. */
export type OfferCompleted = {
  /** The offer's lane, from 0. */
  offer_index: number,
  /** The stored offer; null for an optimisation without one. */
  job_offer_id: string | null,
  /** The CV that was made or changed. */
  generated_cv_file_id: string,
  /** Its name. */
  generated_cv_file_name: string,
};

/** Durable `offer.failed` and `offer.cancelled`. */
export type OfferEnded = {
  /** The offer's lane, from 0. */
  offer_index: number,
  /** Why, for people; null when cancelled. */
  error: string | null,
  /** Whether its unit was given back. */
  refunded: boolean,
  /** Retries by `task.retry` so far. */
  retry_count: number,
};

/** Durable `offer.extracted`: the offer's facts are known. */
export type OfferExtracted = {
  /** The offer's lane, from 0. */
  offer_index: number,
  /** The stored offer. */
  job_offer_id: string,
  /** The job's title. */
  title: string | null,
  /** Who offers it. */
  company: string | null,
  /** Whether it had been read before (cv R16). */
  reused: boolean,
};

/** One offer of `cv.generate`: an object with exactly one of these keys. */
export type OfferSource = { "url": string } | { "text": string } | { "upload_id": string } | { "job_offer_id": string };

/** Where a job offer came from. */
export type OfferSourceType = "url" | "pdf" | "text";

/** Where one offer of a generation stands. */
export type OfferStatus = "pending" | "extracting" | "running" | "completed" | "failed" | "cancelled";

/** How far somebody's introduction is. Further keys are kept. Durable `onboarding.changed` of `user:{id}`. */
export type OnboardingState = {
  /** The step, from 0; it never goes back unless the introduction begins again. */
  currentStep: number,
  /** Seen to its end; final. */
  hasCompleted: boolean,
  /** Left out; final. */
  isSkipped: boolean, [key: string]: unknown };

/** Something that the node cannot reach. */
export type Outage = {
  /** What. */
  what: OutageOf,
  /** Since when. */
  since: string,
  /** What that means, for people. */
  message: string,
};

/** What a node can lose. Later versions may have more. */
export type OutageOf = "database";

/** A page of a list. `next` goes into `?after=` to get the following page; null = the list ends here. */
export type Page<T> = {
  /** The items. */
  items: Array<T>,
  /** Opaque. */
  next: string | null,
};

/** Query of every list. */
export type PageQuery = {
  /** `next` of the page before. */
  after?: string,
  /** Items of a page, 1 to 100; 20 when missing. */
  limit?: number,
};

/** One operation (RFC 6902). Paths are JSON pointers (RFC 6901) into the CV's content. */
export type PatchOperation = { "op": "add",
  /** Where. */
  path: string,
  /** What. */
  value: unknown,
} | { "op": "remove",
  /** Where. */
  path: string,
} | { "op": "replace",
  /** Where. */
  path: string,
  /** What. */
  value: unknown,
} | { "op": "move",
  /** From where. */
  from: string,
  /** To where. */
  path: string,
} | { "op": "copy",
  /** From where. */
  from: string,
  /** To where. */
  path: string,
} | { "op": "test",
  /** Where. */
  path: string,
  /** What is expected. */
  value: unknown,
};

/** A plan of the price list. */
export type Plan = {
  /** Its id. */
  id: number,
  /** Its name, unique. */
  name: string,
  /** For people. */
  description: string | null,
  /** Whether it costs nothing. */
  is_free: boolean,
  /** 0 free, 1 basic, 2 pro, … */
  tier: number,
  /** Whether it is shown as the usual choice. */
  is_popular: boolean,
  /** Price of a month. */
  price_monthly: number,
  /** Price of a year (cv R55). */
  price_yearly: number,
  /** What a year costs less than twelve months, percent. */
  yearly_discount_percent: number,
  /** Currency of both prices. */
  price_currency: Currency,
  /** What it says about each feature. */
  limits: Array<PlanLimit>,
};

/**
 * Parameters of `admin.plan_create` (`id` missing, `name` required) and `admin.plan_update`. What is missing stays as it
 * is.
 */
export type PlanChange = {
  /** The plan. */
  id?: number,
  /** Its name, unique. */
  name?: string,
  /** For people. */
  description?: string | null,
  /** 0 free, 1 basic, … */
  tier?: number,
  /** Shown as the usual choice. */
  is_popular?: boolean,
  /** Price of a month. */
  price_monthly?: number,
  /** Price of a year; null: computed again (cv R55). */
  price_yearly?: number | null,
  /** Percent, 0 to 100. */
  yearly_discount_percent?: number,
  /** Currency of the prices. */
  price_currency?: Currency,
  /** Stripe's product. */
  stripe_product_id?: string | null,
  /** Stripe's price of a month. */
  stripe_price_id_monthly?: string | null,
  /** Stripe's price of a year. */
  stripe_price_id_yearly?: string | null,
};

/** What a plan says about a feature. */
export type PlanLimit = {
  /** The feature (`generate_cv`); `max_cvs` is the number of CVs that are kept. */
  feature_name: string,
  /** Whether the plan has it at all. */
  is_enabled: boolean,
  /** Uses a month; -1 = unlimited. */
  usage_limit: number,
};

/** What a plan says about its features: answer of `admin.plan_limits`. */
export type PlanLimits = {
  /** By feature. */
  limits: Array<PlanLimit>,
};

/** The plan that a person is on. */
export type PlanSummary = {
  /** Its id. */
  id: number,
  /** Its name (`free`). */
  name: string,
  /** 0 free, 1 basic, 2 pro, … */
  tier: number,
  /** Whether it costs nothing. */
  is_free: boolean,
};

/** Result of `billing.portal`. */
export type PortalOpened = {
  /** Where the person changes plan, card and address. */
  url: string,
};

/**
 * A place in a topic's log. Two numbers, because a sequence alone cannot tell "caught up" from "the log was reborn":
 * after a restore from a backup the same `seq` may name another event, and then `epoch` differs.
 */
export type Position = {
  /** The life of the log. Opaque: equal or not. Below 2^53. */
  epoch: number,
  /** The number of the last event seen; 0 before the first. Below 2^53. */
  seq: number,
};

/** How much a suggestion matters. */
export type Priority = "high" | "medium" | "low";

/**
 * `application/problem+json` (RFC 9457). `code`, `message`-like `detail`, `details` and `retry_after_ms` say the same
 * as an `err` on the socket.
 */
export type Problem = {
  /** A URI that names the kind of problem; `about:blank` where `code` says it all. */
  type: string,
  /** The kind of problem for people; the same for every problem with this `code`. */
  title: string,
  /** The HTTP status. */
  status: number,
  /** Why the request was refused, with what to do. */
  detail: string,
  /** The word that programs match on. */
  code: ErrorCode,
  /** The request's id, as in the server's log. */
  instance?: string,
  /** Machine-readable particulars. */
  details?: unknown,
  /** When to try again, milliseconds; also in the header `Retry-After`, in seconds. */
  retry_after_ms?: number,
};

/** Body of `PATCH /v1/cv/me`: what is missing stays, an empty text takes it away. Answer: `User`. */
export type ProfilePatch = {
  /** The name. */
  name?: string,
  /** An https address of a picture. */
  image?: string,
  /** In which language the server writes to them. */
  language?: Lang,
};

/** A promo code (cv R57). */
export type PromoCode = {
  /** Its id. */
  id: string,
  /** The code, upper case. */
  code: string,
  /** What it gives. */
  type: PromoType,
  /** Credits, percent, or amount. */
  value: number,
  /** Of an amount. */
  currency: Currency | null,
  /** For this plan only; null = any. */
  plan_id: number | null,
  /** For this pack only; null = any. */
  credit_pack_id: number | null,
  /** Uses in all; null = unlimited. */
  max_uses: number | null,
  /** Uses of one person. */
  max_uses_per_user: number,
  /** Uses so far. */
  current_uses: number,
  /** From when. */
  valid_from: string,
  /** Until when; null = for ever. */
  valid_until: string | null,
  /** Whether it works at all. */
  is_active: boolean,
  /** Stripe's coupon, made at the first checkout with it. */
  stripe_coupon_id: string | null,
  /** When it was made. */
  created_at: string,
  /** When it was changed. */
  updated_at: string,
};

/** Parameters of `admin.promo_code_update`: what a code gives is not changed, only for whom and how long. */
export type PromoCodeChange = {
  /** The code's id. */
  id: string,
  /** Whether it works. */
  is_active?: boolean,
  /** Uses in all; null = unlimited. */
  max_uses?: number | null,
  /** Uses of one person. */
  max_uses_per_user?: number,
  /** Until when; null = for ever. */
  valid_until?: string | null,
};

/** Query of `GET /v1/cv/admin/promo-codes`, beside the page. */
export type PromoCodeQuery = {
  /** Only those that are, or are not, in use. */
  is_active?: boolean,
  /** A part of the code. */
  q?: string,
};

/** What a promo code gives. */
export type PromoType = "credits" | "percent_off" | "amount_off";

/** Parameters of `telemetry.push`. */
export type PushTelemetry = {
  /** 1 to 100. */
  events: Array<TelemetryItem>,
};

/** Volatile `queue.depth` of `admin:tasks`, one key per node. */
export type QueueDepth = {
  /** The node that looked. */
  node: string | null,
  /** Waiting, in the whole cluster. */
  queued: number,
  /** At work on this node; in the snapshot, on all nodes. */
  running: number,
  /** How long the oldest one has waited, seconds. */
  oldest_s: number,
  /** By kind, in the whole cluster. */
  kinds: Array<QueueOfKind>,
};

/** The tasks of one kind. */
export type QueueOfKind = {
  /** The kind. */
  type: string,
  /** Waiting for a node. */
  queued: number,
  /** At work, on all nodes. */
  running: number,
  /** How long the oldest one has waited, seconds. */
  oldest_s: number,
};

/** Parameters of `billing.redeem`. */
export type Redeem = {
  /** The code, in any case. */
  code: string,
};

/** Result of `billing.redeem`. */
export type Redeemed = {
  /** Credits that it gave. */
  credits: number,
  /** The balance after it. */
  balance: number,
  /** The row of the ledger. */
  transaction_id: string,
};

/** One person who came by a person's code. */
export type Referral = {
  /** Its id. */
  id: string,
  /** Where it stands. */
  status: ReferralStatus,
  /** Credits that it brought. */
  referrer_credits: number,
  /** When that person signed up. */
  created_at: string,
  /** When it was rewarded. */
  rewarded_at: string | null,
};

/** Where a referral stands. */
export type ReferralStatus = "pending" | "rewarded" | "cancelled";

/** A person's code and who came by it: answer of `GET /v1/cv/referrals`. */
export type Referrals = {
  /** The code: `referral_code` of a sign-up. */
  code: string,
  /** What each referral brings to who refers. */
  referrer_credits: number,
  /** What it brings to who is referred. */
  referred_credits: number,
  /** The newest first. */
  items: Array<Referral>,
  /** For `?after=`; null: the list ends here. */
  next: string | null,
};

/** Body of `POST /v1/cv/auth/refresh`. */
export type RefreshRequest = {
  /** The refresh token. It works once: the answer to a refresh has the next one. */
  refresh_token: string,
};

/** How much of the work is done from elsewhere. */
export type Remote = "onsite" | "hybrid" | "full";

/** Parameters of `cv.rename`. Result: `CvFile`. */
export type RenameCv = {
  /** The CV. */
  id: string,
  /** Its new name. */
  filename: string,
};

/** Why a task that had begun was queued again. */
export type RequeueCause = "worker_lost" | "worker_failed" | "drain";

/** A task that had begun was queued again and resumes where it was: completed steps never run again. */
export type Requeued = {
  /** Why. */
  cause: RequeueCause,
  /** The node that worked on it. */
  node: string | null,
  /** The steps that begin (again) next. */
  resumes_at: Array<string>,
  /** Steps that are completed and stay so. */
  steps_done: number,
  /** Steps in all, as far as known. */
  steps_total: number,
  /** How often it was taken over from a lost node without getting on, this time included. */
  rescues: number,
};

/** Body of `POST /v1/cv/auth/reset-password`. Answer: `AuthTokens`; all other sessions of the person end (cv R4). */
export type ResetPassword = {
  /** The token of the e-mail. Works once. */
  token: string,
  /** The new password, 8 to 72 bytes. */
  password: string,
  /** This browser or app installation. */
  device?: string,
};

/** Parameters of `cv.restore`. Result: `CvFile`. */
export type Restore = {
  /** The CV. */
  id: string,
  /** The version to bring back. */
  version: number,
};

/** An award. */
export type ResumeAward = {
  /** Its name. */
  title?: string | null,
  /** When. */
  date?: string | null,
  /** By whom. */
  awarder?: string | null,
  /** What for. */
  summary?: string | null, [key: string]: unknown };

/** Who the CV is of. */
export type ResumeBasics = {
  /** First and last name. */
  name?: string | null,
  /** The headline (`Web developer`). */
  label?: string | null,
  /** URL of a photo. */
  image?: string | null,
  /** E-mail address. */
  email?: string | null,
  /** Telephone number. */
  phone?: string | null,
  /** Own site. */
  url?: string | null,
  /** A short text about the person. */
  summary?: string | null,
  /** Where they live. */
  location?: ResumeLocation | null,
  /** Accounts elsewhere. */
  profiles?: Array<ResumeProfile> | null, [key: string]: unknown };

/** A certificate. */
export type ResumeCertificate = {
  /** Its name. */
  name?: string | null,
  /** When. */
  date?: string | null,
  /** By whom. */
  issuer?: string | null,
  /** Where it can be checked. */
  url?: string | null, [key: string]: unknown };

/** A school or degree. */
export type ResumeEducation = {
  /** The school. */
  institution?: string | null,
  /** Its site. */
  url?: string | null,
  /** The subject. */
  area?: string | null,
  /** The degree (`Bachelor`). */
  studyType?: string | null,
  /** From. */
  startDate?: string | null,
  /** To. */
  endDate?: string | null,
  /** The mark. */
  score?: string | null,
  /** Courses. */
  courses?: Array<string> | null, [key: string]: unknown };

/** An interest. */
export type ResumeInterest = {
  /** Its name. */
  name?: string | null,
  /** Particulars. */
  keywords?: Array<string> | null, [key: string]: unknown };

/** A language. */
export type ResumeLanguage = {
  /** Its name. */
  language?: string | null,
  /** How well. */
  fluency?: string | null, [key: string]: unknown };

/** An address. */
export type ResumeLocation = {
  /** Street and number. */
  address?: string | null,
  /** Postal code. */
  postalCode?: string | null,
  /** City. */
  city?: string | null,
  /** ISO 3166-1 alpha-2. */
  countryCode?: string | null,
  /** State or region. */
  region?: string | null, [key: string]: unknown };

/** An account elsewhere. */
export type ResumeProfile = {
  /** The network's name. */
  network?: string | null,
  /** The name there. */
  username?: string | null,
  /** The page there. */
  url?: string | null, [key: string]: unknown };

/** A project. */
export type ResumeProject = {
  /** Its name. */
  name?: string | null,
  /** What it is. */
  description?: string | null,
  /** Single achievements. */
  highlights?: Array<string> | null,
  /** What it is made with. */
  keywords?: Array<string> | null,
  /** From. */
  startDate?: string | null,
  /** To. */
  endDate?: string | null,
  /** Its page. */
  url?: string | null,
  /** The person's parts in it. */
  roles?: Array<string> | null,
  /** For whom. */
  entity?: string | null,
  /** What kind of project. */
  type?: string | null, [key: string]: unknown };

/** A publication. */
export type ResumePublication = {
  /** Its title. */
  name?: string | null,
  /** By whom. */
  publisher?: string | null,
  /** When. */
  releaseDate?: string | null,
  /** Where it can be read. */
  url?: string | null,
  /** What it says. */
  summary?: string | null, [key: string]: unknown };

/** What somebody says. */
export type ResumeReference = {
  /** Who. */
  name?: string | null,
  /** What. */
  reference?: string | null, [key: string]: unknown };

/** A group of skills. */
export type ResumeSkill = {
  /** The group (`Web development`). */
  name?: string | null,
  /** How well (`Master`). */
  level?: string | null,
  /** The single skills. */
  keywords?: Array<string> | null, [key: string]: unknown };

/** Voluntary work. */
export type ResumeVolunteer = {
  /** For whom. */
  organization?: string | null,
  /** As what. */
  position?: string | null,
  /** Their site. */
  url?: string | null,
  /** From. */
  startDate?: string | null,
  /** To. */
  endDate?: string | null,
  /** The work in a few sentences. */
  summary?: string | null,
  /** Single achievements. */
  highlights?: Array<string> | null, [key: string]: unknown };

/** One experience. */
export type ResumeWork = {
  /** The company. */
  name?: string | null,
  /** Where. */
  location?: string | null,
  /** What the company does. */
  description?: string | null,
  /** The job's title. */
  position?: string | null,
  /** The company's site. */
  url?: string | null,
  /** `YYYY`, `YYYY-MM` or `YYYY-MM-DD`. */
  startDate?: string | null,
  /** The same; missing while it lasts. */
  endDate?: string | null,
  /** The work in a few sentences. */
  summary?: string | null,
  /** Single achievements. */
  highlights?: Array<string> | null, [key: string]: unknown };

/** `details` of the `conflict` of `cv.update`: what to rebase on. */
export type RevConflict = {
  /** The newest revision. */
  rev: number,
  /**
   * The patches from the caller's revision to the newest, in order; null when the server no longer has them: read
   * the CV again.
   */
  patches: Array<RevPatch> | null,
};

/** A patch that somebody else made meanwhile. */
export type RevPatch = {
  /** The revision after it. */
  rev: number,
  /** What (RFC 6902). */
  patch: Array<PatchOperation>,
};

/** Parameters of `cv.review`. Result: `CvFile`. */
export type Review = {
  /** The CV. */
  id: string,
  /** What is decided, all or none. A change that was decided the same way before is left as it is. */
  decisions: Array<ReviewDecision>,
};

/** One decision of a review. */
export type ReviewDecision = {
  /** The change. */
  change_id: string,
  /** Keep it (true) or put the old value back (false). */
  accept: boolean,
};

/** What a person may do. */
export type Role = "USER" | "ADMIN";

/** Parameters of calls about one row. */
export type RowRef = {
  /** The row. */
  id: string,
};

/** What a salary is paid for. */
export type SalaryPeriod = "hour" | "day" | "week" | "month" | "year";

/** The parts of a score; their sum is the score (cv R35). */
export type ScoreBreakdown = {
  /** Technical skills. */
  technical_skills: number,
  /** Experience. */
  experience: number,
  /** Education. */
  education: number,
  /** Projects. */
  projects: number,
  /** Soft skills. */
  soft_skills: number,
};

/** Parameters of `cv.score`. Result: `TaskStarted`; while one runs, its id (cv R36). */
export type ScoreCv = {
  /** The CV. */
  id: string,
  /** The offer; becomes the CV's own. Missing: the CV's own. */
  job_offer_id?: string,
};

/** The score of a CV with all that explains it. Null parts: never scored. */
export type ScoreState = {
  /** 0 to 100. */
  score: number | null,
  /** The score before the last optimisation (cv R33). */
  before: number | null,
  /** `idle` with a score: the score is outdated. */
  status: AiStatus,
  /** Its parts. */
  breakdown: ScoreBreakdown | null,
  /** Skills of the offer that the CV lacks. */
  missing_skills: Array<string>,
  /** Skills of the offer that the CV has. */
  matching_skills: Array<string>,
  /** What would raise it. */
  suggestions: Array<Suggestion>,
  /** When it was last computed. */
  updated_at: string | null,
};

/** What becomes of one section of a CV when it is exported. */
export type SectionChoice = {
  /** Whether it is in the document. */
  enabled: boolean,
  /**
   * `max_items` (a number: only the first so many entries), `title` (a text: another heading), `hide` (a list of field
   * names that are left out of each entry).
   */
  options?: { max_items?: number, title?: string, hide?: Array<string> } | null, };

/** Parameters of `feedback.send`. Result: `Feedback`. */
export type SendFeedback = {
  /** 1 to 5 (cv R70). */
  rating: number,
  /** At most 500 characters (cv R70). */
  comment: string,
  /** Whether something is broken. */
  is_bug_report?: boolean,
  /** File name of the CV that was open; at most 255 characters. */
  current_cv_file?: string,
  /** The browser; at most 512 characters. */
  user_agent?: string,
  /** The page; at most 2048 characters. */
  page_url?: string,
};

/** What the server may say. Clients ignore a `t` that they do not know. */
export type ServerMessage = { "t": "welcome",
  /** The session's id. */
  session: string,
  /** Who the token speaks for. */
  user: string,
  /** The node that serves this connection. */
  node: string,
  /** A `mark` comes at least this often, milliseconds. Twice that in silence: the link is stale. */
  heartbeat_ms: number,
  /** When the token ends. */
  expires_at: string,
  /** The bounds of this connection. */
  limits: Limits,
} | { "t": "ok",
  /** The request's number. */
  id: number,
  /** What the method returns. */
  result?: unknown,
} | { "t": "err",
  /** The request's number. */
  id: number,
  /** Why. */
  code: ErrorCode,
  /** Why, for people, with what to do. */
  message: string,
  /** Machine-readable particulars. */
  details?: unknown,
  /** When to try again, milliseconds. */
  retry_after_ms?: number,
} | { "t": "followed",
  /** The call's number. */
  id: number,
  /** The task's topic. */
  topic: string,
  /** The life of its log. */
  epoch: number,
  /** The events after this one follow. */
  seq: number,
} | { "t": "snap",
  /** The topic. */
  topic: string,
  /** The life of its log. */
  epoch: number,
  /** The last event that the state contains. */
  seq: number,
  /** The state. */
  state: unknown,
} | { "t": "ev",
  /** The topic. */
  topic: string,
  /** Its number in the topic's log: 1, 2, 3, … */
  seq: number,
  /** What happened. */
  kind: string,
  /** When it was committed. */
  at: string,
  /** The particulars. */
  data: unknown,
} | { "t": "live",
  /** The topic. */
  topic: string,
  /** What it replaces. */
  key: string,
  /** What happened. */
  kind: string,
  /** When. */
  at: string,
  /** The particulars. */
  data: unknown,
} | { "t": "mark",
  /** Topic to head. */
  heads: Record<string, number>,
} | { "t": "pong",
  /** The request's number. */
  id: number,
} | { "t": "expiring",
  /** When it ends. */
  at: string,
} | { "t": "revoked",
  /** The topic. */
  topic: string,
  /** Why, for people. */
  message: string,
} | { "t": "health",
  /** What is out of order. */
  outages: Array<Outage>,
} | { "t": "drain",
  /** Reconnect after this time, milliseconds; spread by the server. */
  reconnect_after_ms: number,
};

/** A session: one person on one device. */
export type SessionInfo = {
  /** Its id. */
  id: string,
  /** On which device, where known. */
  device: string | null,
  /** Since when. */
  created_at: string,
  /** When it was last refreshed. */
  last_used_at: string,
  /** When it ends unless it is used. */
  expires_at: string,
  /** Whether it is the one that asks. */
  current: boolean,
};

/** Parameters of `consent.set`. Result: `Consent`. */
export type SetConsent = {
  /** The choice. */
  preferences: ConsentPreferences,
};

/** Parameters of `admin.feedback_set`. Result: `Feedback`. */
export type SetFeedback = {
  /** Which. */
  id: string,
  /** new → reviewed → resolved; new → resolved; resolved → reviewed. */
  status: FeedbackStatus,
};

/** Parameters of `cv.set_offer`. Result: `CvFile`. */
export type SetOffer = {
  /** The CV. */
  id: string,
  /** The offer that it is scored against; null = none. */
  job_offer_id: string | null,
};

/** Parameters of `onboarding.set`. Result: `OnboardingState`. */
export type SetOnboarding = {
  /** The whole new state, at most 16 KiB. */
  state: OnboardingState,
  /** Begin again: an earlier step is allowed, and nothing is final. */
  restart?: boolean,
};

/** Parameters of `admin.plan_limits_set`: features that are not named stay as they are. */
export type SetPlanLimits = {
  /** The plan. */
  id: number,
  /** The new ones. */
  limits: Array<PlanLimit>,
};

/** Parameters of `admin.settings_set`: all or none. Result: all settings. */
export type SetSettings = {
  /** Name to new value. */
  values: { [key in string]: string }, };

/** Parameters of `admin.user_set`: what is missing stays. Result: `AdminUser`. */
export type SetUser = {
  /** Who. */
  id: string,
  /** What they may do. */
  role?: Role,
  /** Their name. */
  name?: string,
  /** `true`: the address counts as confirmed from now on. */
  email_verified?: boolean,
};

/** A setting. */
export type Setting = {
  /** Its name. */
  setting_name: string,
  /** Its value, a text; empty: not set. */
  value: string,
  /** Its group. */
  category: SettingCategory,
  /** For people. */
  description: string | null,
  /** When it was last changed. */
  updated_at: string,
};

/** Groups of settings. */
export type SettingCategory = "openai" | "stripe" | "app" | "ai_models" | "features" | "general";

/** Body of `POST /v1/cv/auth/sign-in`. */
export type SignIn = {
  /** The address. */
  email: string,
  /** The password. */
  password: string,
  /** This browser or app installation. */
  device?: string,
};

/** Body of `POST /v1/cv/auth/sign-out`; may be missing while the access token is valid. */
export type SignOut = {
  /** Ends the session once the access token has expired. */
  refresh_token?: string,
};

/** Body of `POST /v1/cv/auth/sign-up`. */
export type SignUp = {
  /** The address; compared in lower case (cv R1). */
  email: string,
  /** 8 to 72 bytes. */
  password: string,
  /** The name. */
  name?: string,
  /** The code of the person who referred this one (cv R56). */
  referral_code?: string,
  /** This browser or app installation, so that it can be signed out alone. */
  device?: string,
  /** In which language the server writes to them; `Accept-Language` when missing. */
  language?: Lang,
};

/** Durable `signed_out`: a session of this person was ended. */
export type SignedOut = {
  /** On which device; null = on all. */
  device: string | null,
  /** Why. */
  reason: string,
};

/** Where the material of a CV came from. */
export type SourceType = "manual" | "link" | "pdf" | "import" | "generation";

/** Parameters of `task.test`: a task whose steps only wait, to see one run. Costs nothing. Result: `TaskStarted`. */
export type StartTest = {
  /** Its id; made by the server when missing. */
  id?: string,
  /** Steps, one after the other, 1 to 200; 1 when missing. */
  steps?: number,
  /** How long each waits, milliseconds, at most 60 000; 0 when missing. */
  latency_ms?: number,
  /** The step that fails for good, from 0. */
  fail_at?: number,
  /**
   * Whether a step may begin when those before it are done and not durable yet, as steps without any effect may; true
   * when missing. Each is committed in either case.
   */
  pure?: boolean,
  /**
   * While its steps wait, one volatile `test.live` on the task's topic in so many microseconds, 500 to 60 000 000;
   * none when missing. A server bounds how many a second it makes (`test-live-per-second`).
   */
  live_every_us?: number,
  /** Characters of text in each of them, at most 4096; none when missing. */
  live_bytes?: number,
  /** Keys that they take in turn, 1 to 4096; one when missing. Of a key only the newest is sure to arrive. */
  live_keys?: number,
};

/** Volatile `step.delta` of `task:{id}`, key = the step: the text as the model writes it. */
export type StepDelta = {
  /** The step. */
  step: string,
  /** Where `text` begins in the whole text of the attempt, in UTF-16 code units (the length of a JavaScript string). */
  offset: number,
  /**
   * All that follows `offset`: replace everything from there on. Sent whole each time, so that a dropped one is
   * harmless.
   */
  text: string,
};

/** What an attempt of a step reports. All fields may be missing: a step without a model reports none of them. */
export type StepReport = {
  /** The model; `offline` for the built-in rules. */
  model_used?: string,
  /** Tokens sent. */
  prompt_tokens?: number,
  /** Tokens sent that the provider had in its cache. */
  cached_tokens?: number,
  /** Tokens received. */
  completion_tokens?: number,
  /** US dollars (cv R66). */
  estimated_cost?: number,
  /** What it changed. */
  modifications?: Array<Modification>,
};

/** Where a step stands. */
export type StepStatus = "pending" | "running" | "completed" | "failed" | "cancelled";

/** The kinds of step of the product's tasks. */
export type StepType = "extract" | "classify" | "batch_experience" | "batch_project" | "batch_extras" | "batch_skills" | "batch_summary" | "recompose" | "match_score" | "settle" | "text" | "structure" | "validate" | "load" | "translate" | "build" | "outline" | "section" | "save";

/** One step of a task. */
export type StepView = {
  /** Its key, unique within the task (`batch_experience[0,3]`). */
  step: string,
  /** What it does: a word of `StepType` for generations; other kinds of task have others. */
  type: string,
  /** Where it stands. */
  status: StepStatus,
  /** The offer that it belongs to. */
  offer_index: number | null,
  /** The experience or project that it works on. */
  item_index: number | null,
  /** The last attempt, from 1; 0 before the first. */
  attempt: number,
  /** Share in the progress bar, relative to the other steps. */
  weight: number,
  /** Why its last attempt failed, for people. */
  error: string | null,
  /** Time of the last attempt that ended, milliseconds. */
  duration_ms: number | null,
  /** What its last attempt that ended came to; null before. */
  report: StepReport | null,
};

/** An event that Stripe sent: durable `webhook.logged`, and an item of `GET /v1/cv/admin/stripe-webhooks`. */
export type StripeWebhook = {
  /** Its id here. */
  id: string,
  /** Its id at Stripe. */
  event_id: string,
  /** Its type (`customer.subscription.updated`). */
  event_type: string,
  /** Whether it took effect. */
  processed: boolean,
  /** Why the last attempt failed. */
  error: string | null,
  /** When it came. */
  created_at: string,
};

/** The same with what it said. */
export type StripeWebhookDetail = {
  /** As it came. */
  payload: unknown,
  /** Its id here. */
  id: string,
  /** Its id at Stripe. */
  event_id: string,
  /** Its type (`customer.subscription.updated`). */
  event_type: string,
  /** Whether it took effect. */
  processed: boolean,
  /** Why the last attempt failed. */
  error: string | null,
  /** When it came. */
  created_at: string,
};

/**
 * A person's subscription and the plan in force: durable `subscription.changed`, and the answer of
 * `GET /v1/cv/subscription`.
 */
export type SubscriptionView = {
  /** The plan in force (cv R40). */
  plan_id: number,
  /** Its name. */
  plan_name: string,
  /** Its tier. */
  tier: number,
  /** Null: there never was a subscription. */
  status: BillingStatus | null,
  /** How often it is paid. */
  billing_period: BillingPeriod | null,
  /** When it is paid again, or ends. */
  current_period_end: string | null,
  /** Whether it ends then. */
  cancel_at_period_end: boolean,
};

/** What would raise the score. */
export type Suggestion = {
  /** How much it matters. */
  priority: Priority,
  /** What to do. */
  suggestion: string,
  /** The expected gain (`+8`). */
  impact: string,
};

/** Volatile `task.progress` of `task:{id}`, key `task`. */
export type TaskProgress = {
  /** Share of the work that is done, 0 to 1, by the weights of the steps. */
  fraction: number,
  /** The steps that run now. */
  running: Array<string>,
  /** Its place in the queue, 1 is next; null once it runs. */
  queue_position: number | null,
  /** What the task, or steps of it, wait for, as of now; missing or empty: nothing, it works. */
  waits?: Array<TaskWait>,
};

/** Query of `GET /v1/tasks`, beside `PageQuery`. */
export type TaskQuery = {
  /** Only tasks in this state. */
  status?: TaskStatus,
  /** Only tasks of this kind. */
  type?: TaskType,
  /** Only tasks of this device. */
  device?: string,
};

/** Parameters of `task.cancel` and `task.retry`. Result: `TaskView`. */
export type TaskRef = {
  /** The task. */
  id: string,
};

/** Result of every call that starts a task. */
export type TaskStarted = {
  /** The task: subscribe to `task:{id}`. */
  task_id: string,
};

/** State of `task:{id}`; also the answer of `GET /v1/tasks/{id}`. */
export type TaskState = {
  /** The task. */
  task: TaskView,
  /** Its offers by `offer_index`; empty for kinds without. */
  offers: Array<GenerationOffer>,
  /** Its steps, in the order in which they were planned. */
  steps: Array<StepView>,
  /** The newest progress that the server knows; null when it knows none. */
  progress: TaskProgress | null,
};

/** Where a task stands. */
export type TaskStatus = "queued" | "running" | "completed" | "failed" | "cancelled";

/** The kinds of task of this product. */
export type TaskType = "generate-cv" | "improve-cv" | "import-pdf" | "translate-cv" | "create-template-cv" | "generate-cv-from-job-title" | "calculate-match-score" | "test";

/** A task, as lists, calls and snapshots show it. */
export type TaskView = {
  /** Its id. */
  id: string,
  /** Its kind. */
  type: TaskType,
  /** For people. */
  title: string,
  /** Where it stands. */
  status: TaskStatus,
  /** Runs, 1 at first, +1 with each `task.retry`. */
  attempt: number,
  /** For people, once completed. */
  success_message: string | null,
  /** Why it failed, for people. */
  error: string | null,
  /** What it returned. */
  result: unknown,
  /** Whether its end changes the list of CVs. */
  should_update_cv_list: boolean,
  /** File name of the CV that it works on. */
  cv_file: string | null,
  /** Id of the CV that it works on. */
  source_cv_id: string | null,
  /** Where it was started. */
  device_id: string | null,
  /** Whether credits paid for some of it. */
  credit_used: boolean,
  /** The feature whose units it takes. */
  feature_name: string | null,
  /** What a generation does; null for other kinds. */
  mode: GenerationMode | null,
  /** Offers of a generation; 0 for other kinds. */
  total_offers: number,
  /** Offers in state `completed`. */
  completed_offers: number,
  /** Credits taken. */
  credits_debited: number,
  /** Credits given back. */
  credits_refunded: number,
  /** When it was accepted. */
  created_at: string,
  /** When a node first worked on it. */
  started_at: string | null,
  /** When it ended. */
  completed_at: string | null,
  /** When it last changed. */
  updated_at: string,
};

/** What a task or a step waits for. */
export type TaskWait = {
  /** For what. */
  reason: WaitReason,
  /** Since when: `model_slow`: the last sign of the model; `worker_lost`: the last sign of the node. */
  since: string,
  /** The step that waits, or that the task will resume at (`worker_lost`); missing: the whole task. */
  step?: string,
  /** It is tried again then, by itself. */
  until?: string,
  /** The limit that is reached (`own_limit`, `server_limit`): so many tasks or steps at the same time. */
  limit?: number,
  /** The node that was not heard of (`worker_lost`). */
  node?: string,
};

/** Something that happened in a client. */
export type TelemetryItem = {
  /** `CV_GENERATED`, `CV_EXPORTED`, …: 1 to 64 of `A-Z a-z 0-9 _ . -`. */
  type: string,
  /** `cv_management`, `auth`, …: the same form. */
  category: string,
  /** Particulars, at most 4 KiB. */
  metadata?: Record<string, unknown>,
  /** Milliseconds. */
  duration?: number,
  /** How it went. */
  status?: TelemetryStatus,
  /** Why it failed; at most 1000 characters. */
  error?: string,
  /** When, within the last week; now when missing. */
  timestamp?: string,
};

/** Query of `GET /v1/cv/admin/telemetry`, beside `PageQuery`. */
export type TelemetryQuery = {
  /** Only of this type. */
  type?: string,
  /** Only of this category. */
  category?: string,
  /** Only with this status. */
  status?: TelemetryStatus,
  /** Only this person's. */
  user_id?: string,
};

/** A stored event. */
export type TelemetryRow = {
  /** Its id. */
  id: string,
  /** Whose, where they agreed. */
  user_id: string | null,
  /** What. */
  type: string,
  /** Of which kind. */
  category: string,
  /** Particulars. */
  metadata: unknown,
  /** Where, where they agreed. */
  device_id: string | null,
  /** Milliseconds. */
  duration: number | null,
  /** How it went. */
  status: TelemetryStatus | null,
  /** Why it failed. */
  error: string | null,
  /** When. */
  timestamp: string,
};

/** How something went that telemetry tells of. */
export type TelemetryStatus = "success" | "error" | "cancelled";

/** Result of `telemetry.push`. */
export type TelemetryStored = {
  /** Events stored. */
  stored: number,
  /** Whether they say whose they are: only with consent to functional or analytics (cv R71). */
  with_user: boolean,
};

/** Body of `POST /v1/cv/admin/email-templates/{id}/test`. */
export type TestEmail = {
  /** Where to; your own address when missing. */
  to?: string,
  /** In which language; the template's when missing. */
  language?: Lang,
  /** The values of its variables: one that is missing is an error here (cv R61). */
  variables?: { [key in string]: string }, };

/** Answer of a test send: the e-mail is on its way; what becomes of it is in the log. */
export type TestEmailStarted = {
  /** The task that sends it; `task_id` of its row in the log. */
  task_id: string,
  /** The subject with its values. */
  subject: string,
  /** The body with its values, to look at. */
  html_content: string,
};

/** Volatile `test.live` of a task of `task.test`: one of the events that it was asked to make. */
export type TestLive = {
  /** Its number: 0, 1, 2, … of this task. */
  n: number,
  /** The time for which it was meant, Unix time in microseconds: a server that falls behind cannot hide it. */
  at_us: number,
  /** As much text as was asked for. */
  text: string,
};

/** What a row of the credit ledger stands for. */
export type TransactionType = "purchase" | "usage" | "refund" | "gift";

/** Parameters of `cv.translate` (cv R14). Result: `TaskStarted`. */
export type TranslateCv = {
  /** The CV. */
  id: string,
  /** The language to translate it to, ISO 639-1 (`fr`). */
  language: string,
};

/** Parameters of `cv.update`. */
export type UpdateCv = {
  /** The CV. */
  id: string,
  /** The revision that the patch was made for; another one is a `conflict` with `RevConflict` in `details`. */
  rev: number,
  /** The change (RFC 6902). */
  patch: Array<PatchOperation>,
};

/** Parameters of `export_template.update`: what is missing stays. Result: `ExportTemplate`. */
export type UpdateExportTemplate = {
  /** Which. */
  id: string,
  /** Its new name. */
  name?: string,
  /** Its new design. */
  design?: ExportDesign,
  /** All its selections anew. */
  selections?: { [key in string]: SectionChoice }, };

/** Result of `cv.update`. */
export type Updated = {
  /** The revision after it. */
  rev: number,
};

/**
 * An uploaded file: the answer of `POST /v1/cv/uploads` (multipart, field `file`; `?kind=cv_pdf` for a CV, else a job
 * offer).
 */
export type Upload = {
  /** Its id, for `cv.generate` and `cv.import`. */
  id: string,
  /** What it is for. */
  kind: UploadKind,
  /** Its name. */
  filename: string,
  /** Its media type. */
  mime_type: string,
  /** Its size. */
  size_bytes: number,
  /** Hex SHA-256 of its bytes. */
  sha256: string,
  /** When it is dropped unless a task uses it. */
  expires_at: string,
};

/** What an uploaded file is for. */
export type UploadKind = "cv_pdf" | "offer_pdf";

/** By what usage is put together. */
export type UsageBy = "row" | "day" | "user" | "feature" | "model";

/** A feature's use in the current month. */
export type UsageCounter = {
  /** The feature (`generate_cv`). */
  feature_name: string,
  /** Uses in this period. */
  count: number,
  /** Uses that the plan includes a period; -1 = unlimited. */
  usage_limit: number,
  /** Begin of the period. */
  period_start: string,
  /** End of the period: the counter starts again. */
  period_end: string,
};

/** Query of `GET /v1/cv/admin/ai/usage`, beside `PageQuery`. */
export type UsageQuery = {
  /** By what the rows are put together; `row` when missing. */
  by?: UsageBy,
  /** From this UTC day on (`2026-11-21`); 30 days ago when missing. */
  from?: string,
  /** To this UTC day, included; today when missing. */
  to?: string,
  /** Only this person's. */
  user_id?: string,
  /** Only this AI feature's. */
  feature_name?: string,
  /** Only this model's. */
  model?: string,
};

/** Usage of one group: the fields of the grouping are there, the others null. */
export type UsageSum = {
  /** The UTC day (`2026-11-21`). */
  date: string | null,
  /** The person. */
  user_id: string | null,
  /** Their address. */
  email: string | null,
  /** The AI feature. */
  feature_name: string | null,
  /** The model. */
  model: string | null,
  /** Tokens read, cached ones included. */
  prompt_tokens: number,
  /** Those from the endpoint's cache. */
  cached_tokens: number,
  /** Tokens written. */
  completion_tokens: number,
  /** Read and written. */
  total_tokens: number,
  /** US dollars. */
  estimated_cost: number,
  /** Calls, failed ones included (cv R65). */
  calls_count: number,
};

/** A person, as they see themselves. */
export type User = {
  /** Their id. */
  id: string,
  /** Their name. */
  name: string | null,
  /** Their address, lower case. */
  email: string | null,
  /** When the address was confirmed. */
  email_verified: string | null,
  /** URL of a picture. */
  image: string | null,
  /** What they may do. */
  role: Role,
  /** In which language the server writes to them; null: they did not say. */
  language: Lang | null,
  /** When they signed up. */
  created_at: string,
};

/** State of `user:{id}`. */
export type UserState = {
  /** The person. */
  user: User,
  /** Their credits. */
  credits: CreditBalance,
  /** Their plan; null where none is set up. */
  plan: PlanSummary | null,
  /** Their subscription; null where no plan is set up. */
  subscription: SubscriptionView | null,
  /** Their use of each feature this month. */
  counters: Array<UsageCounter>,
  /** Their tasks that are not terminal, the newest first. */
  tasks: Array<TaskView>,
  /** Their CVs without content, the newest first. */
  cvs: Array<CvSummary>,
  /** Notices that were not read. */
  notices: Array<Notice>,
  /** How far their introduction is; missing before its first step. */
  onboarding?: OnboardingState,
};

/** Durable `task.finished`. */
export type UserTaskFinished = {
  /** For people, once completed. */
  success_message: string | null,
  /** Whether its end changed the list of CVs. */
  should_update_cv_list: boolean,
  /** The task. */
  id: string,
  /** Its kind, such as `generate-cv`. */
  type: string,
  /** How it ended: completed, failed or cancelled. */
  status: TaskStatus,
  /** Runs of the task, 1 at first, +1 with each `task.retry`. */
  attempt: number,
  /** Why it failed, for people; null otherwise. */
  error: string | null,
  /** What the kind of task returns; null unless completed. */
  result: unknown,
};

/** Durable `task.queued`. */
export type UserTaskQueued = {
  /** For people. */
  title: string,
  /** File name of the CV that it works on. */
  cv_file: string | null,
  /** Whether credits paid for some of it. */
  credit_used: boolean,
  /** The feature whose units it takes. */
  feature_name: string | null,
  /** Offers of a generation; 0 for other kinds. */
  total_offers: number,
  /** When it was accepted. */
  created_at: string,
  /** The task. */
  id: string,
  /** Its kind, such as `generate-cv`. */
  type: string,
  /** `queued`. */
  status: TaskStatus,
  /** Runs of the task, 1 at first, +1 with each `task.retry`. */
  attempt: number,
  /** Where it was started; null where unknown. */
  device_id: string | null,
  /** Only for a task that had begun: why it was queued again, and where it resumes. */
  requeued?: Requeued,
};

/** What a task, or one of its steps, waits for. Later versions may have more: show others as "waits". */
export type WaitReason = "own_limit" | "server_limit" | "model_slow" | "model_busy" | "model_down" | "worker_lost" | "storage";

/** Query of `GET /v1/cv/admin/stripe-webhooks`, beside the page. */
export type WebhookQuery = {
  /** Only those that did, or did not, take effect. */
  processed?: boolean,
  /** Only this type. */
  event_type?: string,
};

/** Topic family to the state that a `snap` of it carries. */
export interface TopicState {
  user: UserState;
  device: DeviceState;
  task: TaskState;
  cv: CvState;
  app: AppState;
  "admin:tasks": AdminTasks;
  "admin:costs": AdminCosts;
  "admin:feedback": AdminFeedback;
  "admin:emails": AdminEmails;
  "admin:webhooks": AdminWebhooks;
}

/** Topic family to its durable events (`ev`): kind to data. */
export interface TopicEvents {
  user: {
    "task.queued": UserTaskQueued;
    "task.finished": UserTaskFinished;
    "credits.changed": CreditsChanged;
    "counter.changed": UsageCounter;
    "cv.created": CvCreated;
    "cv.deleted": CvDeleted;
    "cv.blocked": CvBlocked;
    "cv.unblocked": CvBlocked;
    "cv.listed": CvListed;
    "job_offer.created": JobOfferEvent;
    "job_offer.deleted": JobOfferEvent;
    "account.changed": User;
    "subscription.changed": SubscriptionView;
    "notice": Notice;
    "signed_out": SignedOut;
    "onboarding.changed": OnboardingState;
    "consent.changed": Consent;
    "notices.read": NoticesRead;
  };
  device: {
    "task.queued": UserTaskQueued;
    "task.finished": UserTaskFinished;
  };
  task: {
    "task.queued": CvTaskEvent;
    "task.started": CvTaskEvent;
    "task.completed": CvTaskEvent;
    "task.failed": CvTaskEvent;
    "task.cancelled": CvTaskEvent;
    "step.started": CvStepStarted;
    "step.completed": CvStepCompleted;
    "step.failed": CvStepFailed;
    "offer.extracted": OfferExtracted;
    "offer.completed": OfferCompleted;
    "offer.failed": OfferEnded;
    "offer.cancelled": OfferEnded;
  };
  cv: {
    "cv.changed": CvChanged;
    "cv.version": CvVersionKept;
    "cv.score": ScoreState;
    "cv.optimise": CvOptimise;
    "cv.changes_proposed": ChangesProposed;
    "cv.change_decided": ChangeDecided;
    "cv.state": CvStateChanged;
  };
  app: {
    "settings.changed": AppState;
  };
  "admin:tasks": Record<never, never>;
  "admin:costs": {
    "cost.alert": CostAlert;
  };
  "admin:feedback": {
    "feedback.created": Feedback;
    "feedback.changed": Feedback;
  };
  "admin:emails": {
    "email.logged": EmailLog;
  };
  "admin:webhooks": {
    "webhook.logged": StripeWebhook;
  };
}

/** Topic family to its volatile events (`live`): kind to data. */
export interface TopicLive {
  user: Record<never, never>;
  device: Record<never, never>;
  task: {
    "task.progress": CvTaskProgress;
    "step.delta": StepDelta;
    "test.live": TestLive;
  };
  cv: {
    "cv.score_progress": CvScoreProgress;
  };
  app: Record<never, never>;
  "admin:tasks": {
    "queue.depth": QueueDepth;
  };
  "admin:costs": {
    "cost.tick": CostTick;
  };
  "admin:feedback": Record<never, never>;
  "admin:emails": Record<never, never>;
  "admin:webhooks": Record<never, never>;
}

/** Method to what a call takes and returns. */
export interface Calls {
  "cv.create": { params: CreateCv; result: CvFile };
  "cv.update": { params: UpdateCv; result: Updated };
  "cv.rename": { params: RenameCv; result: CvFile };
  "cv.delete": { params: DeleteCv; result: CvSummary };
  "cv.set_offer": { params: SetOffer; result: CvFile };
  "cv.import": { params: ImportCv; result: TaskStarted };
  "cv.translate": { params: TranslateCv; result: TaskStarted };
  "cv.create_template": { params: CreateTemplateCv; result: TaskStarted };
  "cv.from_job_title": { params: FromJobTitle; result: TaskStarted };
  "cv.generate": { params: Generate; result: TaskStarted };
  "cv.score": { params: ScoreCv; result: TaskStarted };
  "cv.review": { params: Review; result: CvFile };
  "cv.restore": { params: Restore; result: CvFile };
  "cv.export": { params: ExportCv; result: Exported };
  "export_template.create": { params: CreateExportTemplate; result: ExportTemplate };
  "export_template.update": { params: UpdateExportTemplate; result: ExportTemplate };
  "export_template.delete": { params: ExportTemplateRef; result: ExportTemplate };
  "job_offer.create": { params: OfferSource; result: JobOffer };
  "job_offer.delete": { params: JobOfferRef; result: JobOffer };
  "task.cancel": { params: TaskRef; result: TaskView };
  "task.retry": { params: TaskRef; result: TaskView };
  "onboarding.set": { params: SetOnboarding; result: OnboardingState };
  "consent.set": { params: SetConsent; result: Consent };
  "feedback.send": { params: SendFeedback; result: Feedback };
  "telemetry.push": { params: PushTelemetry; result: TelemetryStored };
  "notice.read": { params: Nothing; result: NoticesRead };
  "admin.user_set": { params: SetUser; result: AdminUser };
  "admin.settings_set": { params: SetSettings; result: Array<Setting> };
  "admin.pricing_set": { params: ModelPricing; result: ModelPricing };
  "admin.alert_set": { params: CostAlertRule; result: CostAlertRule };
  "admin.feedback_set": { params: SetFeedback; result: Feedback };
  "billing.checkout": { params: Checkout; result: CheckoutStarted };
  "billing.portal": { params: Nothing; result: PortalOpened };
  "billing.cancel": { params: Nothing; result: SubscriptionView };
  "billing.resume": { params: Nothing; result: SubscriptionView };
  "billing.redeem": { params: Redeem; result: Redeemed };
  "admin.plan_create": { params: PlanChange; result: AdminPlan };
  "admin.plan_update": { params: PlanChange; result: AdminPlan };
  "admin.plan_limits_set": { params: SetPlanLimits; result: PlanLimits };
  "admin.credit_pack_create": { params: CreditPackChange; result: AdminCreditPack };
  "admin.credit_pack_update": { params: CreditPackChange; result: AdminCreditPack };
  "admin.promo_code_create": { params: NewPromoCode; result: PromoCode };
  "admin.promo_code_update": { params: PromoCodeChange; result: PromoCode };
  "admin.gift": { params: Gift; result: CreditBalance };
  "admin.block_cv": { params: BlockCv; result: CvSummary };
  "admin.stripe_webhook_replay": { params: RowRef; result: StripeWebhook };
}

/** HTTP route, where it is no call, to its JSON bodies. */
export interface Routes {
  "POST /v1/cv/auth/sign-up": { body: SignUp; answer: AuthTokens };
  "POST /v1/cv/auth/sign-in": { body: SignIn; answer: AuthTokens };
  "POST /v1/cv/auth/refresh": { body: RefreshRequest; answer: AuthTokens };
  "POST /v1/cv/auth/device": { body: DeviceSignIn; answer: DeviceTokens };
  "POST /v1/cv/auth/sign-out": { body: SignOut; answer: undefined };
  "POST /v1/cv/auth/verify-email": { body: EmailToken; answer: EmailVerified };
  "POST /v1/cv/auth/resend-verification": { body: EmailOnly; answer: undefined };
  "POST /v1/cv/auth/auto-sign-in": { body: AutoSignIn; answer: AuthTokens };
  "POST /v1/cv/auth/forgot-password": { body: EmailOnly; answer: undefined };
  "POST /v1/cv/auth/reset-password": { body: ResetPassword; answer: AuthTokens };
  "GET /v1/cv/auth/providers": { body: undefined; answer: OauthProviders };
  "GET /v1/cv/auth/oauth/{provider}": { body: undefined; answer: undefined };
  "GET /v1/cv/auth/oauth/{provider}/callback": { body: undefined; answer: undefined };
  "POST /v1/cv/auth/oauth/{provider}/callback": { body: undefined; answer: undefined };
  "GET /v1/cv/me": { body: undefined; answer: User };
  "PATCH /v1/cv/me": { body: ProfilePatch; answer: User };
  "DELETE /v1/cv/me": { body: DeleteAccount; answer: undefined };
  "GET /v1/cv/me/export": { body: undefined; answer: undefined };
  "POST /v1/cv/me/password": { body: ChangePassword; answer: undefined };
  "POST /v1/cv/me/email-change": { body: ChangeEmail; answer: EmailChange };
  "POST /v1/cv/me/email-change/confirm": { body: EmailToken; answer: EmailChange };
  "GET /v1/cv/me/sessions": { body: undefined; answer: Page<SessionInfo> };
  "DELETE /v1/cv/me/sessions": { body: undefined; answer: undefined };
  "DELETE /v1/cv/me/sessions/{id}": { body: undefined; answer: undefined };
  "GET /v1/cv/me/accounts": { body: undefined; answer: LinkedAccounts };
  "POST /v1/cv/me/accounts": { body: LinkAccount; answer: OauthRedirect };
  "DELETE /v1/cv/me/accounts/{id}": { body: undefined; answer: undefined };
  "POST /v1/cv/email/webhook": { body: undefined; answer: undefined };
  "GET /v1/cv/admin/email-triggers": { body: undefined; answer: Page<EmailTrigger> };
  "POST /v1/cv/admin/email-triggers": { body: NewEmailTrigger; answer: EmailTrigger };
  "PATCH /v1/cv/admin/email-triggers/{id}": { body: EmailTriggerPatch; answer: EmailTrigger };
  "DELETE /v1/cv/admin/email-triggers/{id}": { body: undefined; answer: undefined };
  "GET /v1/cv/admin/email-templates": { body: undefined; answer: Page<EmailTemplate> };
  "POST /v1/cv/admin/email-templates": { body: NewEmailTemplate; answer: EmailTemplate };
  "GET /v1/cv/admin/email-templates/{id}": { body: undefined; answer: EmailTemplate };
  "PATCH /v1/cv/admin/email-templates/{id}": { body: EmailTemplatePatch; answer: EmailTemplate };
  "DELETE /v1/cv/admin/email-templates/{id}": { body: undefined; answer: undefined };
  "POST /v1/cv/admin/email-templates/{id}/test": { body: TestEmail; answer: TestEmailStarted };
  "GET /v1/cv/admin/email-logs": { body: undefined; answer: Page<EmailLog> };
  "GET /v1/cv/files": { body: undefined; answer: Page<CvSummary> };
  "GET /v1/cv/files/by-name/{filename}": { body: undefined; answer: CvState };
  "GET /v1/cv/files/{id}": { body: undefined; answer: CvState };
  "GET /v1/cv/files/{id}/versions": { body: undefined; answer: Page<CvVersionSummary> };
  "GET /v1/cv/files/{id}/versions/{version}": { body: undefined; answer: CvVersion };
  "POST /v1/cv/uploads": { body: undefined; answer: Upload };
  "GET /v1/cv/export-templates": { body: undefined; answer: Page<ExportTemplate> };
  "GET /v1/cv/export-templates/{id}": { body: undefined; answer: ExportTemplate };
  "GET /v1/cv/job-offers": { body: undefined; answer: Page<JobOffer> };
  "GET /v1/cv/job-offers/{id}": { body: undefined; answer: JobOffer };
  "GET /v1/cv/generations": { body: undefined; answer: Page<TaskView> };
  "GET /v1/cv/generations/{id}": { body: undefined; answer: TaskState };
  "GET /v1/cv/credits": { body: undefined; answer: CreditBalance };
  "GET /v1/cv/credits/transactions": { body: undefined; answer: Page<CreditTransaction> };
  "GET /v1/cv/usage": { body: undefined; answer: Array<UsageCounter> };
  "GET /v1/cv/link-history": { body: undefined; answer: Page<Link> };
  "DELETE /v1/cv/link-history/{id}": { body: undefined; answer: undefined };
  "GET /v1/cv/plans": { body: undefined; answer: Array<Plan> };
  "GET /v1/cv/credit-packs": { body: undefined; answer: Array<CreditPack> };
  "GET /v1/cv/subscription": { body: undefined; answer: SubscriptionView };
  "GET /v1/cv/referrals": { body: undefined; answer: Referrals };
  "GET /v1/cv/admin/plans": { body: undefined; answer: Page<AdminPlan> };
  "GET /v1/cv/admin/plans/{id}/limits": { body: undefined; answer: PlanLimits };
  "GET /v1/cv/admin/credit-packs": { body: undefined; answer: Page<AdminCreditPack> };
  "GET /v1/cv/admin/promo-codes": { body: undefined; answer: Page<PromoCode> };
  "GET /v1/cv/admin/stripe-webhooks": { body: undefined; answer: Page<StripeWebhook> };
  "GET /v1/cv/admin/stripe-webhooks/{id}": { body: undefined; answer: StripeWebhookDetail };
  "POST /v1/cv/tasks/test": { body: StartTest; answer: TaskStarted };
  "GET /v1/tasks": { body: undefined; answer: Page<TaskView> };
  "GET /v1/tasks/{id}": { body: undefined; answer: TaskState };
  "GET /v1/cv/me/onboarding": { body: undefined; answer: OnboardingState };
  "GET /v1/cv/consents": { body: undefined; answer: Page<Consent> };
  "GET /v1/cv/admin/users": { body: undefined; answer: Page<AdminUser> };
  "GET /v1/cv/admin/users/{id}": { body: undefined; answer: AdminUser };
  "GET /v1/cv/admin/settings": { body: undefined; answer: Array<Setting> };
  "GET /v1/cv/admin/ai/usage": { body: undefined; answer: Page<UsageSum> };
  "GET /v1/cv/admin/ai/calls": { body: undefined; answer: Page<AiCall> };
  "GET /v1/cv/admin/ai/pricing": { body: undefined; answer: Page<ModelPricing> };
  "GET /v1/cv/admin/ai/alerts": { body: undefined; answer: Page<CostAlertRule> };
  "DELETE /v1/cv/admin/ai/alerts/{id}": { body: undefined; answer: undefined };
  "GET /v1/cv/admin/telemetry": { body: undefined; answer: Page<TelemetryRow> };
  "GET /v1/cv/admin/feedback": { body: undefined; answer: Page<Feedback> };
}

/** Error code to its HTTP status, whether the same request may succeed later, and its meaning. */
export const ERROR_CODES = {
  bad_request: { status: 400, retryable: false, meaning: "The request is malformed or breaks a rule of its method: change it." },
  unauthenticated: { status: 401, retryable: false, meaning: "No valid token: sign in or refresh." },
  forbidden: { status: 403, retryable: false, meaning: "Signed in, but not allowed." },
  not_found: { status: 404, retryable: false, meaning: "No such thing, or none that this user may see." },
  conflict: { status: 409, retryable: false, meaning: "The state does not allow it now (stale revision, finished task, running duplicate)." },
  insufficient_credits: { status: 402, retryable: false, meaning: "The balance does not cover it: nothing was created or charged." },
  limit_exceeded: { status: 422, retryable: false, meaning: "A plan's or a protocol's limit is reached (number of things, not rate)." },
  rate_limited: { status: 429, retryable: true, meaning: "Too many requests: wait `retry_after_ms`." },
  payload_too_large: { status: 413, retryable: false, meaning: "The content is larger than the limit named in the message." },
  unavailable: { status: 503, retryable: true, meaning: "A dependency is down or the node drains: wait `retry_after_ms`." },
  internal: { status: 500, retryable: true, meaning: "A defect of the server; it was logged with the request's id." },
} as const satisfies Record<ErrorCode, { status: number; retryable: boolean; meaning: string }>;

/** Number of a close frame to what the client does next, and its meaning. */
export const CLOSE_CODES = {
  1000: { after: "reconnect", meaning: "Normal end, by either side." },
  1002: { after: "stop", meaning: "RFC 6455 was broken (reserved bits, bad opcode, unmasked frame)." },
  1007: { after: "stop", meaning: "A text frame that is not UTF-8." },
  1009: { after: "stop", meaning: "A message above `limits.message_bytes`." },
  1012: { after: "reconnect", meaning: "The node restarts: reconnect." },
  1013: { after: "reconnect", meaning: "The node is full: reconnect later." },
  4400: { after: "stop", meaning: "A batch that cannot be decoded." },
  4401: { after: "reauthenticate", meaning: "Not authenticated, or the token expired." },
  4403: { after: "stop", meaning: "The origin or the user is not allowed." },
  4408: { after: "reconnect", meaning: "No `hello` in time." },
  4429: { after: "reconnect", meaning: "Too many messages." },
} as const satisfies Record<number, { after: AfterClose; meaning: string }>;

/** The WebSocket subprotocol of each codec. */
export const SUBPROTOCOLS = {
  json: "estafette.v1.json",
  msgpack: "estafette.v1.msgpack",
} as const;

/** The bounds of the wire. `welcome.limits` may lower some of them. */
export const LIMITS = {
  message_bytes: 262144,
  batch_len: 64,
  depth: 32,
  string_bytes: 131072,
  collection_len: 4096,
  values: 16384,
  server_message_bytes: 16777216,
  method_bytes: 64,
  client_bytes: 200,
  topic_bytes: 128,
  id_bytes: 120,
  key_bytes: 128,
  token_bytes: 4096,
  subscriptions: 256,
  calls_in_flight: 32,
  hello_timeout_ms: 10000,
  idempotency_hours: 24,
} as const;
