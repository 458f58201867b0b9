//! Which payload belongs to which topic, event and call: the tables that the generated TypeScript and the tests read.

use super::{
    account, admin, billing, billing_admin, call, costs, credits, event, file, http, mail, offer, snapshot, task, voice,
};
use crate::typescript::{Described, TypeRef};

/// A topic family and the state that its `snap` carries.
#[derive(Debug, Clone, Copy)]
pub struct TopicRow {
    /// The part of the topic before the colon; the whole topic for those of administrators (`admin:emails`).
    pub family: &'static str,
    /// The state.
    pub state: TypeRef,
}

/// A kind of event.
#[derive(Debug, Clone, Copy)]
pub struct EventRow {
    /// The part of the topic before the colon.
    pub family: &'static str,
    /// The event's kind.
    pub kind: &'static str,
    /// Durable (`ev`) or volatile (`live`).
    pub durable: bool,
    /// The payload.
    pub data: TypeRef,
}

/// A call.
#[derive(Debug, Clone, Copy)]
pub struct CallRow {
    /// The method.
    pub method: &'static str,
    /// Its parameters.
    pub params: TypeRef,
    /// Its result.
    pub result: TypeRef,
}

/// An HTTP route that is no call.
#[derive(Debug, Clone, Copy)]
pub struct RouteRow {
    /// Method and path.
    pub route: &'static str,
    /// The JSON body of the request, if it has one.
    pub body: Option<TypeRef>,
    /// The JSON body of the answer, if it has one.
    pub answer: Option<TypeRef>,
}

const fn topic<S: Described>(family: &'static str) -> TopicRow {
    TopicRow { family, state: TypeRef::of::<S>() }
}
const fn durable<D: Described>(family: &'static str, kind: &'static str) -> EventRow {
    EventRow { family, kind, durable: true, data: TypeRef::of::<D>() }
}
const fn volatile<D: Described>(family: &'static str, kind: &'static str) -> EventRow {
    EventRow { family, kind, durable: false, data: TypeRef::of::<D>() }
}
const fn method<P: Described, R: Described>(method: &'static str) -> CallRow {
    CallRow { method, params: TypeRef::of::<P>(), result: TypeRef::of::<R>() }
}
const fn get<A: Described>(route: &'static str) -> RouteRow {
    RouteRow { route, body: None, answer: Some(TypeRef::of::<A>()) }
}
const fn post<B: Described, A: Described>(route: &'static str) -> RouteRow {
    RouteRow { route, body: Some(TypeRef::of::<B>()), answer: Some(TypeRef::of::<A>()) }
}

/// The topics, each with its state.
pub const TOPICS: &[TopicRow] = &[
    topic::<snapshot::UserState>("user"),
    topic::<snapshot::DeviceState>("device"),
    topic::<snapshot::TaskState>("task"),
    topic::<snapshot::CvState>("cv"),
    topic::<snapshot::AppState>("app"),
    topic::<admin::AdminTasks>("admin:tasks"),
    topic::<costs::AdminCosts>("admin:costs"),
    topic::<voice::AdminFeedback>("admin:feedback"),
    topic::<mail::AdminEmails>("admin:emails"),
    topic::<billing_admin::AdminWebhooks>("admin:webhooks"),
];

/// The kinds of event, topic by topic.
pub const EVENTS: &[EventRow] = &[
    durable::<event::user::TaskQueued>("user", "task.queued"),
    durable::<event::user::TaskFinished>("user", "task.finished"),
    durable::<event::user::CreditsChanged>("user", "credits.changed"),
    durable::<credits::UsageCounter>("user", "counter.changed"),
    durable::<event::user::CvCreated>("user", "cv.created"),
    durable::<event::user::CvDeleted>("user", "cv.deleted"),
    durable::<event::user::CvBlocked>("user", "cv.blocked"),
    durable::<event::user::CvBlocked>("user", "cv.unblocked"),
    durable::<event::user::CvListed>("user", "cv.listed"),
    durable::<event::user::JobOfferEvent>("user", "job_offer.created"),
    durable::<event::user::JobOfferEvent>("user", "job_offer.deleted"),
    durable::<account::User>("user", "account.changed"),
    durable::<billing::SubscriptionView>("user", "subscription.changed"),
    durable::<event::user::Notice>("user", "notice"),
    durable::<event::user::SignedOut>("user", "signed_out"),
    durable::<voice::OnboardingState>("user", "onboarding.changed"),
    durable::<voice::Consent>("user", "consent.changed"),
    durable::<voice::NoticesRead>("user", "notices.read"),
    durable::<event::user::TaskQueued>("device", "task.queued"),
    durable::<event::user::TaskFinished>("device", "task.finished"),
    durable::<event::task::TaskEvent>("task", "task.queued"),
    durable::<event::task::TaskEvent>("task", "task.started"),
    durable::<event::task::TaskEvent>("task", "task.completed"),
    durable::<event::task::TaskEvent>("task", "task.failed"),
    durable::<event::task::TaskEvent>("task", "task.cancelled"),
    durable::<event::task::StepStarted>("task", "step.started"),
    durable::<event::task::StepCompleted>("task", "step.completed"),
    durable::<event::task::StepFailed>("task", "step.failed"),
    durable::<event::task::OfferExtracted>("task", "offer.extracted"),
    durable::<event::task::OfferCompleted>("task", "offer.completed"),
    durable::<event::task::OfferEnded>("task", "offer.failed"),
    durable::<event::task::OfferEnded>("task", "offer.cancelled"),
    volatile::<event::task::TaskProgress>("task", "task.progress"),
    volatile::<crate::task::StepDelta>("task", "step.delta"),
    volatile::<event::task::TestLive>("task", "test.live"),
    durable::<event::cv::CvChanged>("cv", "cv.changed"),
    durable::<event::cv::CvVersionKept>("cv", "cv.version"),
    durable::<super::score::ScoreState>("cv", "cv.score"),
    durable::<event::cv::CvOptimise>("cv", "cv.optimise"),
    durable::<event::cv::ChangesProposed>("cv", "cv.changes_proposed"),
    durable::<event::cv::ChangeDecided>("cv", "cv.change_decided"),
    durable::<event::cv::CvStateChanged>("cv", "cv.state"),
    volatile::<event::cv::CvScoreProgress>("cv", "cv.score_progress"),
    durable::<snapshot::AppState>("app", "settings.changed"),
    volatile::<admin::QueueDepth>("admin:tasks", "queue.depth"),
    volatile::<costs::CostTick>("admin:costs", "cost.tick"),
    durable::<costs::CostAlert>("admin:costs", "cost.alert"),
    durable::<voice::Feedback>("admin:feedback", "feedback.created"),
    durable::<voice::Feedback>("admin:feedback", "feedback.changed"),
    durable::<mail::EmailLog>("admin:emails", "email.logged"),
    durable::<billing_admin::StripeWebhook>("admin:webhooks", "webhook.logged"),
];

/// The calls.
pub const CALLS: &[CallRow] = &[
    method::<call::CreateCv, file::CvFile>("cv.create"),
    method::<call::UpdateCv, call::Updated>("cv.update"),
    method::<call::RenameCv, file::CvFile>("cv.rename"),
    method::<call::DeleteCv, file::CvSummary>("cv.delete"),
    method::<call::SetOffer, file::CvFile>("cv.set_offer"),
    method::<call::ImportCv, call::TaskStarted>("cv.import"),
    method::<call::TranslateCv, call::TaskStarted>("cv.translate"),
    method::<call::CreateTemplateCv, call::TaskStarted>("cv.create_template"),
    method::<call::FromJobTitle, call::TaskStarted>("cv.from_job_title"),
    method::<call::Generate, call::TaskStarted>("cv.generate"),
    method::<call::ScoreCv, call::TaskStarted>("cv.score"),
    method::<call::Review, file::CvFile>("cv.review"),
    method::<call::Restore, file::CvFile>("cv.restore"),
    method::<call::ExportCv, call::Exported>("cv.export"),
    method::<call::CreateExportTemplate, call::ExportTemplate>("export_template.create"),
    method::<call::UpdateExportTemplate, call::ExportTemplate>("export_template.update"),
    method::<call::ExportTemplateRef, call::ExportTemplate>("export_template.delete"),
    method::<call::OfferSource, offer::JobOffer>("job_offer.create"),
    method::<call::JobOfferRef, offer::JobOffer>("job_offer.delete"),
    method::<call::TaskRef, task::TaskView>("task.cancel"),
    method::<call::TaskRef, task::TaskView>("task.retry"),
    method::<voice::SetOnboarding, voice::OnboardingState>("onboarding.set"),
    method::<voice::SetConsent, voice::Consent>("consent.set"),
    method::<voice::SendFeedback, voice::Feedback>("feedback.send"),
    method::<voice::PushTelemetry, voice::TelemetryStored>("telemetry.push"),
    method::<admin::Nothing, voice::NoticesRead>("notice.read"),
    method::<admin::SetUser, admin::AdminUser>("admin.user_set"),
    method::<admin::SetSettings, Vec<admin::Setting>>("admin.settings_set"),
    method::<costs::ModelPricing, costs::ModelPricing>("admin.pricing_set"),
    method::<costs::CostAlertRule, costs::CostAlertRule>("admin.alert_set"),
    method::<voice::SetFeedback, voice::Feedback>("admin.feedback_set"),
    method::<billing::Checkout, billing::CheckoutStarted>("billing.checkout"),
    method::<admin::Nothing, billing::PortalOpened>("billing.portal"),
    method::<admin::Nothing, billing::SubscriptionView>("billing.cancel"),
    method::<admin::Nothing, billing::SubscriptionView>("billing.resume"),
    method::<billing::Redeem, billing::Redeemed>("billing.redeem"),
    method::<billing_admin::PlanChange, billing_admin::AdminPlan>("admin.plan_create"),
    method::<billing_admin::PlanChange, billing_admin::AdminPlan>("admin.plan_update"),
    method::<billing_admin::SetPlanLimits, billing_admin::PlanLimits>("admin.plan_limits_set"),
    method::<billing_admin::CreditPackChange, billing_admin::AdminCreditPack>("admin.credit_pack_create"),
    method::<billing_admin::CreditPackChange, billing_admin::AdminCreditPack>("admin.credit_pack_update"),
    method::<billing_admin::NewPromoCode, billing_admin::PromoCode>("admin.promo_code_create"),
    method::<billing_admin::PromoCodeChange, billing_admin::PromoCode>("admin.promo_code_update"),
    method::<billing_admin::Gift, credits::CreditBalance>("admin.gift"),
    method::<billing_admin::BlockCv, file::CvSummary>("admin.block_cv"),
    method::<billing_admin::RowRef, billing_admin::StripeWebhook>("admin.stripe_webhook_replay"),
];

/// The routes that are no calls. A call's route takes the call's parameters, without those that its path names.
pub const ROUTES: &[RouteRow] = &[
    post::<account::SignUp, account::AuthTokens>("POST /v1/cv/auth/sign-up"),
    post::<account::SignIn, account::AuthTokens>("POST /v1/cv/auth/sign-in"),
    post::<account::RefreshRequest, account::AuthTokens>("POST /v1/cv/auth/refresh"),
    post::<account::DeviceSignIn, account::DeviceTokens>("POST /v1/cv/auth/device"),
    RouteRow { route: "POST /v1/cv/auth/sign-out", body: Some(TypeRef::of::<account::SignOut>()), answer: None },
    post::<account::EmailToken, account::EmailVerified>("POST /v1/cv/auth/verify-email"),
    RouteRow {
        route: "POST /v1/cv/auth/resend-verification",
        body: Some(TypeRef::of::<account::EmailOnly>()),
        answer: None,
    },
    post::<account::AutoSignIn, account::AuthTokens>("POST /v1/cv/auth/auto-sign-in"),
    RouteRow {
        route: "POST /v1/cv/auth/forgot-password",
        body: Some(TypeRef::of::<account::EmailOnly>()),
        answer: None,
    },
    post::<account::ResetPassword, account::AuthTokens>("POST /v1/cv/auth/reset-password"),
    get::<account::OauthProviders>("GET /v1/cv/auth/providers"),
    RouteRow { route: "GET /v1/cv/auth/oauth/{provider}", body: None, answer: None },
    RouteRow { route: "GET /v1/cv/auth/oauth/{provider}/callback", body: None, answer: None },
    RouteRow { route: "POST /v1/cv/auth/oauth/{provider}/callback", body: None, answer: None },
    get::<account::User>("GET /v1/cv/me"),
    post::<account::ProfilePatch, account::User>("PATCH /v1/cv/me"),
    RouteRow { route: "DELETE /v1/cv/me", body: Some(TypeRef::of::<account::DeleteAccount>()), answer: None },
    RouteRow { route: "GET /v1/cv/me/export", body: None, answer: None },
    RouteRow { route: "POST /v1/cv/me/password", body: Some(TypeRef::of::<account::ChangePassword>()), answer: None },
    post::<account::ChangeEmail, account::EmailChange>("POST /v1/cv/me/email-change"),
    post::<account::EmailToken, account::EmailChange>("POST /v1/cv/me/email-change/confirm"),
    get::<http::Page<account::SessionInfo>>("GET /v1/cv/me/sessions"),
    RouteRow { route: "DELETE /v1/cv/me/sessions", body: None, answer: None },
    RouteRow { route: "DELETE /v1/cv/me/sessions/{id}", body: None, answer: None },
    get::<account::LinkedAccounts>("GET /v1/cv/me/accounts"),
    post::<account::LinkAccount, account::OauthRedirect>("POST /v1/cv/me/accounts"),
    RouteRow { route: "DELETE /v1/cv/me/accounts/{id}", body: None, answer: None },
    RouteRow { route: "POST /v1/cv/email/webhook", body: None, answer: None },
    get::<http::Page<mail::EmailTrigger>>("GET /v1/cv/admin/email-triggers"),
    post::<mail::NewEmailTrigger, mail::EmailTrigger>("POST /v1/cv/admin/email-triggers"),
    post::<mail::EmailTriggerPatch, mail::EmailTrigger>("PATCH /v1/cv/admin/email-triggers/{id}"),
    RouteRow { route: "DELETE /v1/cv/admin/email-triggers/{id}", body: None, answer: None },
    get::<http::Page<mail::EmailTemplate>>("GET /v1/cv/admin/email-templates"),
    post::<mail::NewEmailTemplate, mail::EmailTemplate>("POST /v1/cv/admin/email-templates"),
    get::<mail::EmailTemplate>("GET /v1/cv/admin/email-templates/{id}"),
    post::<mail::EmailTemplatePatch, mail::EmailTemplate>("PATCH /v1/cv/admin/email-templates/{id}"),
    RouteRow { route: "DELETE /v1/cv/admin/email-templates/{id}", body: None, answer: None },
    post::<mail::TestEmail, mail::TestEmailStarted>("POST /v1/cv/admin/email-templates/{id}/test"),
    get::<http::Page<mail::EmailLog>>("GET /v1/cv/admin/email-logs"),
    get::<http::Page<file::CvSummary>>("GET /v1/cv/files"),
    get::<snapshot::CvState>("GET /v1/cv/files/by-name/{filename}"),
    get::<snapshot::CvState>("GET /v1/cv/files/{id}"),
    get::<http::Page<file::CvVersionSummary>>("GET /v1/cv/files/{id}/versions"),
    get::<file::CvVersion>("GET /v1/cv/files/{id}/versions/{version}"),
    get::<http::Upload>("POST /v1/cv/uploads"),
    get::<http::Page<call::ExportTemplate>>("GET /v1/cv/export-templates"),
    get::<call::ExportTemplate>("GET /v1/cv/export-templates/{id}"),
    get::<http::Page<offer::JobOffer>>("GET /v1/cv/job-offers"),
    get::<offer::JobOffer>("GET /v1/cv/job-offers/{id}"),
    get::<http::Page<task::TaskView>>("GET /v1/cv/generations"),
    get::<snapshot::TaskState>("GET /v1/cv/generations/{id}"),
    get::<credits::CreditBalance>("GET /v1/cv/credits"),
    get::<http::Page<credits::CreditTransaction>>("GET /v1/cv/credits/transactions"),
    get::<Vec<credits::UsageCounter>>("GET /v1/cv/usage"),
    get::<http::Page<http::Link>>("GET /v1/cv/link-history"),
    RouteRow { route: "DELETE /v1/cv/link-history/{id}", body: None, answer: None },
    get::<Vec<billing::Plan>>("GET /v1/cv/plans"),
    get::<Vec<billing::CreditPack>>("GET /v1/cv/credit-packs"),
    get::<billing::SubscriptionView>("GET /v1/cv/subscription"),
    get::<billing::Referrals>("GET /v1/cv/referrals"),
    get::<http::Page<billing_admin::AdminPlan>>("GET /v1/cv/admin/plans"),
    get::<billing_admin::PlanLimits>("GET /v1/cv/admin/plans/{id}/limits"),
    get::<http::Page<billing_admin::AdminCreditPack>>("GET /v1/cv/admin/credit-packs"),
    get::<http::Page<billing_admin::PromoCode>>("GET /v1/cv/admin/promo-codes"),
    get::<http::Page<billing_admin::StripeWebhook>>("GET /v1/cv/admin/stripe-webhooks"),
    get::<billing_admin::StripeWebhookDetail>("GET /v1/cv/admin/stripe-webhooks/{id}"),
    post::<call::StartTest, call::TaskStarted>("POST /v1/cv/tasks/test"),
    get::<http::Page<task::TaskView>>("GET /v1/tasks"),
    get::<snapshot::TaskState>("GET /v1/tasks/{id}"),
    get::<voice::OnboardingState>("GET /v1/cv/me/onboarding"),
    get::<http::Page<voice::Consent>>("GET /v1/cv/consents"),
    get::<http::Page<admin::AdminUser>>("GET /v1/cv/admin/users"),
    get::<admin::AdminUser>("GET /v1/cv/admin/users/{id}"),
    get::<Vec<admin::Setting>>("GET /v1/cv/admin/settings"),
    get::<http::Page<costs::UsageSum>>("GET /v1/cv/admin/ai/usage"),
    get::<http::Page<costs::AiCall>>("GET /v1/cv/admin/ai/calls"),
    get::<http::Page<costs::ModelPricing>>("GET /v1/cv/admin/ai/pricing"),
    get::<http::Page<costs::CostAlertRule>>("GET /v1/cv/admin/ai/alerts"),
    RouteRow { route: "DELETE /v1/cv/admin/ai/alerts/{id}", body: None, answer: None },
    get::<http::Page<voice::TelemetryRow>>("GET /v1/cv/admin/telemetry"),
    get::<http::Page<voice::Feedback>>("GET /v1/cv/admin/feedback"),
];

/// The queries of lists, beside [`http::PageQuery`].
pub const QUERIES: &[(&str, TypeRef)] = &[
    ("GET /v1/tasks", TypeRef::of::<http::TaskQuery>()),
    ("GET /v1/cv/generations", TypeRef::of::<http::TaskQuery>()),
    ("GET /v1/cv/admin/users", TypeRef::of::<admin::AdminUserQuery>()),
    ("GET /v1/cv/admin/ai/usage", TypeRef::of::<costs::UsageQuery>()),
    ("GET /v1/cv/admin/ai/calls", TypeRef::of::<costs::AiCallQuery>()),
    ("GET /v1/cv/admin/telemetry", TypeRef::of::<voice::TelemetryQuery>()),
    ("GET /v1/cv/admin/feedback", TypeRef::of::<voice::FeedbackQuery>()),
    ("GET /v1/cv/admin/email-logs", TypeRef::of::<mail::EmailLogQuery>()),
    ("GET /v1/cv/admin/stripe-webhooks", TypeRef::of::<billing_admin::WebhookQuery>()),
    ("GET /v1/cv/admin/credit-packs", TypeRef::of::<billing_admin::CreditPackQuery>()),
    ("GET /v1/cv/admin/promo-codes", TypeRef::of::<billing_admin::PromoCodeQuery>()),
];

/// Types that no table names: queries, and values inside open ones.
pub const OTHERS: &[TypeRef] = &[
    TypeRef::of::<super::resume::JsonResume>(),
    TypeRef::of::<super::patch::PatchOperation>(),
    TypeRef::of::<call::RevConflict>(),
    TypeRef::of::<http::PageQuery>(),
    TypeRef::of::<http::TaskQuery>(),
    TypeRef::of::<mail::EmailLogQuery>(),
    TypeRef::of::<mail::EmailText>(),
    TypeRef::of::<super::status::Lang>(),
    TypeRef::of::<super::status::EmailStatus>(),
    TypeRef::of::<super::status::StepType>(),
    TypeRef::of::<billing_admin::WebhookQuery>(),
    TypeRef::of::<billing_admin::CreditPackQuery>(),
    TypeRef::of::<billing_admin::PromoCodeQuery>(),
];
