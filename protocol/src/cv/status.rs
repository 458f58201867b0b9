//! The closed sets of words of the CV product. States move only as section 2 of the product's specification says; the
//! moves themselves live with the server's rules.

use crate::words::words;

words! {
    /// What a person may do.
    pub enum Role {
        /// Their own things.
        User = "USER",
        /// Everybody's, to read; and administration.
        Admin = "ADMIN",
    }

    /// A language in which the server writes to people.
    pub enum Lang {
        /// French.
        French = "fr",
        /// English.
        English = "en",
    }

    /// A provider of accounts that people may sign in with.
    pub enum OauthProvider {
        /// Google (OpenID Connect).
        Google = "google",
        /// GitHub (OAuth 2.0 and its API).
        Github = "github",
        /// Apple (OpenID Connect).
        Apple = "apple",
    }

    /// What became of an e-mail.
    pub enum EmailStatus {
        /// Handed over.
        Sent = "sent",
        /// It arrived, as the provider says.
        Delivered = "delivered",
        /// It came back, as the provider says.
        Bounced = "bounced",
        /// It could not be handed over.
        Failed = "failed",
    }

    /// The way of an e-mail.
    pub enum EmailProvider {
        /// A mail server.
        Smtp = "smtp",
        /// Resend's HTTP interface.
        Resend = "resend",
    }

    /// Where a change of address stands.
    pub enum EmailChangeState {
        /// The current address has to confirm.
        WaitingForCurrent = "waiting_for_current",
        /// The new address has to confirm.
        WaitingForNew = "waiting_for_new",
        /// Both did: the new address is in force.
        Changed = "changed",
    }

    /// Where the material of a CV came from.
    pub enum SourceType {
        /// Written by hand, or made from a template.
        Manual = "manual",
        /// A web page.
        Link = "link",
        /// A PDF.
        Pdf = "pdf",
        /// Only in rows taken over from elsewhere: a PDF import.
        Import = "import",
        /// Made from a job title.
        Generation = "generation",
    }

    /// How a CV was made; null = by hand.
    pub enum CreatedBy {
        /// Adapted to an offer.
        GenerateCv = "generate-cv",
        /// Read from a PDF.
        ImportPdf = "import-pdf",
        /// Translated.
        TranslateCv = "translate-cv",
        /// From a template.
        CreateTemplateCv = "create-template-cv",
        /// From a job title.
        GenerateCvFromJobTitle = "generate-cv-from-job-title",
    }

    /// Where an AI operation on a CV stands (`match_score_status`, `optimise_status`; cv D4, D5).
    pub enum AiStatus {
        /// Nothing runs; what is shown may be outdated.
        Idle = "idle",
        /// A task works on it.
        InProgress = "inprogress",
        /// Finished.
        Done = "done",
        /// Retries used up; what was there before is kept.
        Failed = "failed",
    }

    /// What made a version; null = the original or a state made by hand.
    pub enum ChangeType {
        /// Improved in place.
        Optimization = "optimization",
        /// Adapted from another CV.
        Adaptation = "adaptation",
        /// An older version brought back.
        Restore = "restore",
    }

    /// What a proposed change does to the value at its path.
    pub enum ChangeAction {
        /// There was none before.
        Add = "add",
        /// Another value.
        Modify = "modify",
        /// There is none after.
        Remove = "remove",
    }

    /// Where a proposed change stands (cv R28, R29).
    pub enum ChangeStatus {
        /// Waits for a decision.
        Pending = "pending",
        /// Kept.
        Accepted = "accepted",
        /// Put back.
        Rejected = "rejected",
        /// The value at its path was changed otherwise meanwhile, so that nothing is left to decide.
        Superseded = "superseded",
    }

    /// How a change was decided.
    pub enum Decision {
        /// Kept.
        Accepted = "accepted",
        /// Put back.
        Rejected = "rejected",
        /// Overtaken by another edit.
        Superseded = "superseded",
    }

    /// Where a job offer came from.
    pub enum OfferSourceType {
        /// A web page.
        Url = "url",
        /// A PDF.
        Pdf = "pdf",
        /// A text that was pasted.
        Text = "text",
    }

    /// What a generation does.
    pub enum GenerationMode {
        /// One new CV for each offer.
        Adapt = "adapt",
        /// Changes in place, at most one offer.
        Optimize = "optimize",
    }

    /// Where one offer of a generation stands.
    pub enum OfferStatus {
        /// Not begun.
        Pending = "pending",
        /// Its facts are being read.
        Extracting = "extracting",
        /// The CV is being written.
        Running = "running",
        /// Its CV exists.
        Completed = "completed",
        /// A required step failed for good; its unit was refunded.
        Failed = "failed",
        /// The task was cancelled first; its unit was refunded.
        Cancelled = "cancelled",
    }

    /// The kinds of task of this product.
    pub enum TaskType {
        /// Adapt a CV to offers: one new CV each.
        GenerateCv = "generate-cv",
        /// Improve a CV in place.
        ImproveCv = "improve-cv",
        /// Read a CV from a PDF.
        ImportPdf = "import-pdf",
        /// Translate a CV.
        TranslateCv = "translate-cv",
        /// Make a CV from a template.
        CreateTemplateCv = "create-template-cv",
        /// Make a CV from a job title.
        GenerateCvFromJobTitle = "generate-cv-from-job-title",
        /// Score a CV against its offer.
        CalculateMatchScore = "calculate-match-score",
        /// Steps that only wait: to see a task run without cost.
        Test = "test",
    }

    /// The kinds of step of the product's tasks.
    pub enum StepType {
        /// Read the offer's facts from its page, text or PDF.
        Extract = "extract",
        /// Decide what to do with each experience and project.
        Classify = "classify",
        /// Rewrite one experience.
        BatchExperience = "batch_experience",
        /// Rewrite one project.
        BatchProject = "batch_project",
        /// Education, languages, certificates, interests.
        BatchExtras = "batch_extras",
        /// Order the skills.
        BatchSkills = "batch_skills",
        /// Write summary and headline.
        BatchSummary = "batch_summary",
        /// Put the CV together and store it.
        Recompose = "recompose",
        /// Score it against the offer.
        MatchScore = "match_score",
        /// End the task.
        Settle = "settle",
        /// Read the text of a PDF.
        Text = "text",
        /// Find one section of a CV in its text.
        Structure = "structure",
        /// Put the sections together and check them.
        Validate = "validate",
        /// Read the CV that is worked on.
        Load = "load",
        /// Translate one section.
        Translate = "translate",
        /// Fill a template.
        Build = "build",
        /// Plan a CV for a job's title.
        Outline = "outline",
        /// Write one section of it.
        Section = "section",
        /// Store the CV.
        Save = "save",
    }

    /// What a row of the credit ledger stands for.
    pub enum TransactionType {
        /// Bought (or, negative, paid back).
        Purchase = "purchase",
        /// Spent.
        Usage = "usage",
        /// Given back.
        Refund = "refund",
        /// Given.
        Gift = "gift",
    }

    /// How much a suggestion matters.
    pub enum Priority {
        /// First.
        High = "high",
        /// Then.
        Medium = "medium",
        /// Last.
        Low = "low",
    }

    /// How loud a notice is.
    pub enum NoticeLevel {
        /// Good to know.
        Info = "info",
        /// Something to look at.
        Warning = "warning",
        /// Something went wrong.
        Error = "error",
    }

    /// A format that a CV is exported in.
    pub enum ExportFormat {
        /// JSON Resume.
        Json = "json",
        /// A document to print.
        Pdf = "pdf",
    }

    /// A design of an exported PDF.
    pub enum ExportDesign {
        /// One column, serif: for every reader and every machine.
        Classic = "classic",
        /// One column, coloured headings, dates at the right.
        Modern = "modern",
        /// Contacts and skills beside the career.
        Sidebar = "sidebar",
        /// Small type and little air: much on one page.
        Compact = "compact",
    }

    /// What an uploaded file is for.
    pub enum UploadKind {
        /// A CV to import.
        CvPdf = "cv_pdf",
        /// A job offer.
        OfferPdf = "offer_pdf",
    }

    /// What became of feedback.
    pub enum FeedbackStatus {
        /// Nobody looked at it.
        New = "new",
        /// Somebody looked at it.
        Reviewed = "reviewed",
        /// It is done.
        Resolved = "resolved",
    }

    /// What a choice about consent is beside the choices before it (cv D11). The last three are only in rows taken over
    /// from elsewhere, but for a first choice that refuses everything.
    pub enum ConsentAction {
        /// The first one.
        Created = "created",
        /// Another one.
        Updated = "updated",
        /// Everything that is optional was taken back.
        Revoked = "revoked",
        /// The word of old rows.
        Accept = "accept",
        /// The first one, and it refuses everything that is optional.
        Reject = "reject",
        /// The word of old rows.
        Update = "update",
    }

    /// How something went that telemetry tells of.
    pub enum TelemetryStatus {
        /// Well.
        Success = "success",
        /// Not.
        Error = "error",
        /// It was given up.
        Cancelled = "cancelled",
    }

    /// Groups of settings.
    pub enum SettingCategory {
        /// Models.
        Openai = "openai",
        /// Payment.
        Stripe = "stripe",
        /// The application.
        App = "app",
        /// Models by use.
        AiModels = "ai_models",
        /// Features and their bounds.
        Features = "features",
        /// Everything else.
        General = "general",
    }
}

impl OfferStatus {
    /// Whether nothing happens to the offer any more unless its task is retried.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl TaskType {
    /// The feature whose units it takes: the type with `-` as `_` (cv 1.9).
    pub fn feature_name(self) -> String {
        self.as_str().replace('-', "_")
    }
}
