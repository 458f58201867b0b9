//! The table of all settings: section, name, kind, default, flag, variable, range and unit, each in one place.

use super::value::{AiProvider, List, LogFormat, Number, RedisProtocol, Secret, Show};
use super::{ConfigError, Key};
use serde::Deserialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

macro_rules! settings {
    ($(
        $(#[$sdoc:meta])*
        $section:ident: $Section:ident, $Layer:ident {
            $(
                $(#[$doc:meta])*
                $name:ident: $kind:ty = $default:expr, $flag:literal, $env:literal $(, $low:literal..=$high:literal $unit:literal)?;
            )*
        }
    )*) => {
        $(
            $(#[$sdoc])*
            #[derive(Debug, Clone, PartialEq)]
            pub struct $Section { $($(#[$doc])* pub $name: $kind,)* }

            $(#[$sdoc])*
            ///
            /// As given by flags and variables, or by the file; what is not given is `None`.
            #[derive(Debug, Clone, Default, Deserialize, clap::Args)]
            #[serde(deny_unknown_fields, default)]
            pub struct $Layer {$(
                $(#[$doc])*
                #[arg(id = $flag, long = $flag, env = $env, hide_env_values = true, hide_short_help = true, help_heading = concat!("Settings: ", stringify!($section)))]
                pub $name: Option<$kind>,
            )*}
        )*

        /// All settings, checked.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Settings { $($(#[$sdoc])* pub $section: $Section,)* }

        /// One source of settings: flags and variables, or a file. Each is optional.
        #[derive(Debug, Clone, Default, Deserialize, clap::Args)]
        #[serde(deny_unknown_fields, default)]
        pub struct Layer {
            $(#[command(flatten)] $(#[$sdoc])* pub $section: $Layer,)*
        }

        impl Settings {
            /// Puts the sources together: `first` wins over `second`, and what neither has is the default.
            pub(super) fn merge(first: Layer, second: Layer) -> Self {
                Self { $($section: $Section {
                    $($name: first.$section.$name.or(second.$section.$name).unwrap_or_else(|| $default),)*
                },)* }
            }

            /// Checks each number against its range.
            pub(super) fn check_ranges(&self) -> Result<(), ConfigError> {
                $($($(
                    let value = Number::number(self.$section.$name);
                    if !($low..=$high).contains(&value) {
                        return Err(ConfigError::Range {
                            key: Box::new(Key { section: stringify!($section), name: stringify!($name), flag: $flag, env: $env, range: None }),
                            value, low: $low, high: $high, unit: $unit,
                        });
                    }
                )?)*)*
                Ok(())
            }

            /// The settings in the form of the file; secrets are not shown.
            pub fn show(&self) -> String {
                let mut text = String::new();
                $(
                    text.push_str(concat!("[", stringify!($section), "]\n"));
                    $(text.push_str(&format!("{} = {}\n", stringify!($name), Show::show(&self.$section.$name)));)*
                    text.push('\n');
                )*
                text
            }
        }

        /// All keys, in the order of the table.
        pub const KEYS: &[Key] = &[$($(Key {
            section: stringify!($section), name: stringify!($name), flag: $flag, env: $env,
            range: settings!(@range $($low, $high, $unit)?),
        },)*)*];

        impl Layer {
            /// The keys that this source does not have.
            #[cfg(test)]
            pub(super) fn missing(&self) -> Vec<&'static str> {
                let mut missing = Vec::new();
                $($(if self.$section.$name.is_none() {
                    missing.push(concat!(stringify!($section), ".", stringify!($name)));
                })*)*
                missing
            }
        }
    };
    (@range $low:literal, $high:literal, $unit:literal) => { Some(($low, $high, $unit)) };
    (@range) => { None };
}

settings! {
    /// Where and how the server listens.
    server: Server, ServerLayer {
        /// Address and port of the HTTP and WebSocket listener. Port 0: any free one.
        listen: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 7777)), "listen", "ESTAFETTE_LISTEN";
        /// Folder for what the server keeps itself: its token key and, without a database address, its private Postgres.
        data_dir: PathBuf = PathBuf::from(".estafette"), "data-dir", "ESTAFETTE_DATA_DIR";
        /// Folder of the built web console, served at `/`.
        console_dir: PathBuf = PathBuf::from("client-sdk/console/dist"), "console-dir", "ESTAFETTE_CONSOLE_DIR";
        /// Origins of other sites whose pages may use this server (`https://app.example.com`). Its own is always allowed.
        allowed_origins: List = List::default(), "allowed-origins", "ESTAFETTE_ALLOWED_ORIGINS";
        /// How long browsers insist on TLS (Strict-Transport-Security). For a server behind TLS; 0: not said.
        hsts_secs: u64 = 0, "hsts-secs", "ESTAFETTE_HSTS_SECS", 0..=63_072_000 "s";
        /// Worker threads, each with its own connections and hub. 0: one a processor core.
        workers: usize = 0, "workers", "ESTAFETTE_WORKERS", 0..=256 "threads";
        /// Connections that one worker accepts; more wait in the backlog.
        connections_per_worker: usize = 100_000, "connections-per-worker", "ESTAFETTE_CONNECTIONS_PER_WORKER", 1..=1_000_000 "connections";
        /// Where people reach this server, without a path: links in e-mails and the answers of other sign-in providers lead
        /// there. Empty: the address that it listens on.
        public_url: String = String::new(), "public-url", "ESTAFETTE_PUBLIC_URL";
        /// Largest body of a request, except uploads.
        max_body_kib: usize = 1_024, "max-body-kib", "ESTAFETTE_MAX_BODY_KIB", 16..=65_536 "KiB";
        /// How often a live connection hears from the server, and how fast a lost one is noticed (after two of them).
        heartbeat_ms: u64 = 15_000, "heartbeat-ms", "ESTAFETTE_HEARTBEAT_MS", 100..=120_000 "ms";
        /// At a stop, how long running work may take to be handed over before it is cut off.
        drain_ms: u64 = 10_000, "drain-ms", "ESTAFETTE_DRAIN_MS", 0..=300_000 "ms";
        /// At a stop, over how long clients are told to reconnect, evenly: longer for many of them. The stop takes this long.
        reconnect_spread_ms: u64 = 2_000, "reconnect-spread-ms", "ESTAFETTE_RECONNECT_SPREAD_MS", 0..=600_000 "ms";
        /// Addresses and networks of proxies whose `X-Forwarded-For` is believed.
        trusted_proxies: List = List(crate::http::limits::LOOPBACK.map(str::to_owned).to_vec()), "trusted-proxies", "ESTAFETTE_TRUSTED_PROXIES";
    }

    /// Postgres, which holds everything that lasts.
    database: Database, DatabaseLayer {
        /// Address, as `postgresql://user:password@host:5432/database`. With `?sslmode=require` the link is encrypted and the
        /// server's certificate and name are checked. Empty: a private Postgres in the data folder.
        url: Secret = Secret::default(), "database-url", "DATABASE_URL";
        /// File (PEM) with the authority of the database's certificate. Empty: the authorities of this machine.
        ca: PathBuf = PathBuf::new(), "database-ca", "ESTAFETTE_DATABASE_CA";
        /// Folder of `initdb` and `postgres` for the private Postgres. Empty: looked for on this machine.
        pg_bin: PathBuf = PathBuf::new(), "pg-bin", "ESTAFETTE_PG_BIN";
        /// Connections of this process.
        pool_size: u32 = 16, "pool-size", "ESTAFETTE_POOL_SIZE", 4..=500 "connections";
        /// How long a request waits for a free connection before it is answered `unavailable`.
        pool_wait_ms: u64 = 5_000, "pool-wait-ms", "ESTAFETTE_POOL_WAIT_MS", 50..=60_000 "ms";
        /// Bound of one statement.
        statement_timeout_ms: u64 = 15_000, "statement-timeout-ms", "ESTAFETTE_STATEMENT_TIMEOUT_MS", 100..=600_000 "ms";
        /// Bound of a transaction in which nothing happens. Less than the 10 s after which a silent node loses its tasks: what
        /// a node that is cut off had locked is free by then.
        idle_transaction_timeout_ms: u64 = 8_000, "idle-transaction-timeout-ms", "ESTAFETTE_IDLE_TRANSACTION_TIMEOUT_MS", 100..=600_000 "ms";
        /// How long the database may take to say that it is there. Without answer calls are refused at once until it answers.
        probe_limit_ms: u64 = 2_000, "database-probe-limit-ms", "ESTAFETTE_DATABASE_PROBE_LIMIT_MS", 100..=60_000 "ms";
        /// Whether `serve` brings the database up to date. When false it refuses to start on an older one.
        migrate: bool = true, "auto-migrate", "ESTAFETTE_AUTO_MIGRATE";
    }

    /// Redis, which carries events between nodes.
    redis: Redis, RedisLayer {
        /// Address, as `redis://user:password@host:6379/0` (`rediss://` with TLS, `unix:///path`). Empty: a single node.
        url: Secret = Secret::default(), "redis-url", "REDIS_URL";
        /// Stands before the names of all channels. Installations that share a Redis need different ones.
        prefix: String = "estafette".to_owned(), "redis-prefix", "ESTAFETTE_REDIS_PREFIX";
        /// `auto` or `resp2`. `auto` is RESP3 where the server speaks it; `resp2` is for proxies that do not let it through.
        protocol: RedisProtocol = RedisProtocol::Auto, "redis-protocol", "ESTAFETTE_REDIS_PROTOCOL";
    }

    /// Who may come in, and how much anybody may ask for. What is refused is told when to come back.
    limits: Limits, LimitsLayer {
        /// Live connections of this node.
        connections: usize = 50_000, "connections", "ESTAFETTE_CONNECTIONS", 1..=1_000_000 "connections";
        /// Live connections of one user on this node.
        connections_per_user: usize = 100, "connections-per-user", "ESTAFETTE_CONNECTIONS_PER_USER", 1..=1_000_000 "connections";
        /// New live connections a second: a storm becomes a queue.
        accepts_per_second: u32 = 1_000, "accepts-per-second", "ESTAFETTE_ACCEPTS_PER_SECOND", 1..=1_000_000 "connections";
        /// Subscriptions of one connection.
        subscriptions: u32 = 256, "subscriptions-per-connection", "ESTAFETTE_SUBSCRIPTIONS_PER_CONNECTION", 1..=256 "subscriptions";
        /// Unanswered calls of one connection.
        calls_in_flight: u32 = 32, "calls-in-flight", "ESTAFETTE_CALLS_IN_FLIGHT", 1..=32 "calls";
        /// Messages a second of one connection, averaged over ten seconds.
        messages_per_second: u32 = 100, "messages-per-second", "ESTAFETTE_MESSAGES_PER_SECOND", 1..=10_000 "messages";
        /// HTTP requests under way at the same time, health and metrics not counted.
        requests_in_flight: usize = 1_024, "requests-in-flight", "ESTAFETTE_REQUESTS_IN_FLIGHT", 1..=100_000 "requests";
        /// Sign-ups and sign-ins a minute from one address (IPv6: one /64). 0: no limit.
        sign_ins_per_address: u32 = 60, "sign-ins-per-address", "ESTAFETTE_SIGN_INS_PER_ADDRESS", 0..=1_000_000 "a minute";
        /// Refreshes of tokens a minute from one address. 0: no limit.
        refreshes_per_address: u32 = 600, "refreshes-per-address", "ESTAFETTE_REFRESHES_PER_ADDRESS", 0..=1_000_000 "a minute";
        /// Failed sign-ins a minute to one account. 0: no limit.
        sign_ins_per_account: u32 = 10, "sign-ins-per-account", "ESTAFETTE_SIGN_INS_PER_ACCOUNT", 0..=1_000_000 "a minute";
    }

    /// Passwords and tokens.
    auth: Auth, AuthLayer {
        /// Signs access tokens; all nodes share it. Empty: made once and kept in the data folder.
        token_key: Secret = Secret::default(), "token-key", "ESTAFETTE_TOKEN_KEY";
        /// Life of an access token.
        access_token_secs: u64 = 900, "access-token-secs", "ESTAFETTE_ACCESS_TOKEN_SECS", 5..=86_400 "s";
        /// Life of a session that is not used: each refresh begins it anew.
        refresh_token_days: u64 = 30, "refresh-token-days", "ESTAFETTE_REFRESH_TOKEN_DAYS", 1..=365 "days";
        /// Cost of a password's hash: each step doubles the time.
        bcrypt_cost: u32 = 12, "bcrypt-cost", "ESTAFETTE_BCRYPT_COST", 4..=16 "log2 rounds";
        /// Password hashes computed at the same time; further sign-ins wait.
        bcrypt_concurrency: usize = 2, "bcrypt-concurrency", "ESTAFETTE_BCRYPT_CONCURRENCY", 1..=64 "hashes";
    }

    /// E-mail. Without a mail server and without Resend every e-mail is logged as failed.
    mail: Mail, MailLayer {
        /// The mail server, as `smtp://user:password@host:587?tls=required` or `smtps://user:password@host`. Empty: none.
        smtp_url: Secret = Secret::default(), "smtp-url", "SMTP_URL";
        /// File (PEM) with the authority of the mail server's certificate. Empty: the authorities of this machine.
        smtp_ca: PathBuf = PathBuf::new(), "smtp-ca", "ESTAFETTE_SMTP_CA";
        /// Key of Resend, instead of a mail server. Empty: none.
        resend_api_key: Secret = Secret::default(), "resend-api-key", "RESEND_API_KEY";
        /// Base of Resend's HTTP interface.
        resend_base_url: String = "https://api.resend.com".to_owned(), "resend-base-url", "ESTAFETTE_RESEND_BASE_URL";
        /// Secret of Resend's webhook (`whsec_…`), which leads to `/v1/cv/email/webhook`. Empty: none is taken.
        resend_webhook_secret: Secret = Secret::default(), "resend-webhook-secret", "RESEND_WEBHOOK_SECRET";
        /// The sender.
        from: String = "Estafette <no-reply@estafette.example>".to_owned(), "mail-from", "ESTAFETTE_MAIL_FROM";
        /// What the e-mails call this service.
        app_name: String = "Estafette".to_owned(), "app-name", "ESTAFETTE_APP_NAME";
        /// Bound of one attempt to hand an e-mail over.
        timeout_ms: u64 = 30_000, "mail-timeout-ms", "ESTAFETTE_MAIL_TIMEOUT_MS", 100..=60_000 "ms";
        /// Whether the log shows the text of e-mails that nobody can send. For demos: the text has links that sign in.
        show_unsent: bool = false, "mail-show-unsent", "ESTAFETTE_MAIL_SHOW_UNSENT";
    }

    /// Signing in with accounts of other providers. One without a client id is not offered.
    oauth: Oauth, OauthLayer {
        /// Encrypts the tokens of these providers in the database; all nodes share it. Needed as soon as one is set up.
        key: Secret = Secret::default(), "oauth-key", "ESTAFETTE_OAUTH_KEY";
        /// Client id at Google.
        google_client_id: String = String::new(), "google-client-id", "GOOGLE_CLIENT_ID";
        /// Client secret at Google.
        google_client_secret: Secret = Secret::default(), "google-client-secret", "GOOGLE_CLIENT_SECRET";
        /// Google's issuer.
        google_issuer: String = "https://accounts.google.com".to_owned(), "google-issuer", "ESTAFETTE_GOOGLE_ISSUER";
        /// Client id at GitHub.
        github_client_id: String = String::new(), "github-client-id", "GITHUB_CLIENT_ID";
        /// Client secret at GitHub.
        github_client_secret: Secret = Secret::default(), "github-client-secret", "GITHUB_CLIENT_SECRET";
        /// GitHub's pages (or those of a GitHub Enterprise).
        github_url: String = "https://github.com".to_owned(), "github-url", "ESTAFETTE_GITHUB_URL";
        /// GitHub's API.
        github_api_url: String = "https://api.github.com".to_owned(), "github-api-url", "ESTAFETTE_GITHUB_API_URL";
        /// Client id (services id) at Apple.
        apple_client_id: String = String::new(), "apple-client-id", "APPLE_CLIENT_ID";
        /// Team id at Apple.
        apple_team_id: String = String::new(), "apple-team-id", "APPLE_TEAM_ID";
        /// Id of the key at Apple.
        apple_key_id: String = String::new(), "apple-key-id", "APPLE_KEY_ID";
        /// File with Apple's private key (`.p8`), which signs the client secret.
        apple_private_key: PathBuf = PathBuf::new(), "apple-private-key", "APPLE_PRIVATE_KEY_FILE";
        /// Apple's issuer.
        apple_issuer: String = "https://appleid.apple.com".to_owned(), "apple-issuer", "ESTAFETTE_APPLE_ISSUER";
    }

    /// Running tasks.
    tasks: Tasks, TasksLayer {
        /// Tasks that this node works on at the same time; further ones are queued.
        per_node: usize = 512, "tasks-per-node", "ESTAFETTE_TASKS_PER_NODE", 1..=100_000 "tasks";
        /// Tasks of one user that run at the same time, in all.
        per_user: usize = 8, "tasks-per-user", "ESTAFETTE_TASKS_PER_USER", 1..=10_000 "tasks";
        /// Steps that this node runs at the same time.
        steps_per_node: usize = 64, "steps-per-node", "ESTAFETTE_STEPS_PER_NODE", 1..=100_000 "steps";
        /// Steps of one user that run at the same time on a node.
        steps_per_user: usize = 4, "steps-per-user", "ESTAFETTE_STEPS_PER_USER", 1..=10_000 "steps";
        /// Volatile events a second that one `task.test` may ask for. 0: none. More is for load tests.
        test_live_per_second: u32 = 20, "test-live-per-second", "ESTAFETTE_TEST_LIVE_PER_SECOND", 0..=2_000 "a second";
        /// Threads on which tasks and their steps run.
        threads: usize = 1, "task-threads", "ESTAFETTE_TASK_THREADS", 1..=64 "threads";
    }

    /// The event log.
    events: Events, EventsLayer {
        /// How long events are kept; who comes back later gets a snapshot.
        retention_days: u64 = 30, "event-retention-days", "ESTAFETTE_EVENT_RETENTION_DAYS", 1..=3_650 "days";
        /// How long it is remembered, in outline, what each connection was sent: for administrators. 0: not at all.
        journal_hours: u64 = 24, "journal-hours", "ESTAFETTE_JOURNAL_HOURS", 0..=720 "hours";
    }

    /// The model.
    ai: Ai, AiLayer {
        /// `auto`, `openai` or `offline`. `auto` is `openai` when a key or another base URL is set, else `offline`.
        provider: AiProvider = AiProvider::Auto, "ai-provider", "ESTAFETTE_AI_PROVIDER";
        /// Base of an HTTP interface like OpenAI's.
        openai_base_url: String = super::OPENAI_BASE_URL.to_owned(), "openai-base-url", "OPENAI_BASE_URL";
        /// Its key.
        openai_api_key: Secret = Secret::default(), "openai-api-key", "OPENAI_API_KEY";
        /// The model for all work. Empty: the models that the database's settings name (`model_cv_generation`, …).
        openai_model: String = String::new(), "openai-model", "ESTAFETTE_OPENAI_MODEL";
        /// Bound of one model call.
        request_timeout_ms: u64 = 120_000, "ai-request-timeout-ms", "ESTAFETTE_AI_REQUEST_TIMEOUT_MS", 100..=600_000 "ms";
        /// Model calls in flight on this node; further ones wait.
        concurrency: usize = 32, "ai-concurrency", "ESTAFETTE_AI_CONCURRENCY", 1..=10_000 "calls";
        /// Tokens that this node may use in a minute. 0: no limit.
        tokens_per_minute: u32 = 0, "ai-tokens-per-minute", "ESTAFETTE_AI_TOKENS_PER_MINUTE", 0..=1_000_000_000 "tokens";
        /// Failures in a row after which the endpoint is left alone (circuit breaker; one for each base address).
        breaker_failures: u32 = 8, "ai-breaker-failures", "ESTAFETTE_AI_BREAKER_FAILURES", 1..=1_000 "failures";
        /// How long it is left alone before one call tries again.
        breaker_open_ms: u64 = 20_000, "ai-breaker-open-ms", "ESTAFETTE_AI_BREAKER_OPEN_MS", 100..=600_000 "ms";
        /// How long a step waits for an endpoint that is away or busy before that costs it its attempts. 0: at once.
        patience_secs: u64 = 600, "ai-patience-secs", "ESTAFETTE_AI_PATIENCE_SECS", 0..=86_400 "s";
        /// Silence of the model after which those who wait are told that it is slow.
        slow_after_ms: u64 = 5_000, "ai-slow-after-ms", "ESTAFETTE_AI_SLOW_AFTER_MS", 100..=600_000 "ms";
        /// How long each call of the offline provider takes, to see or to test what a slow model does.
        offline_latency_ms: u64 = 0, "offline-latency-ms", "ESTAFETTE_OFFLINE_LATENCY_MS", 0..=600_000 "ms";
    }

    /// Payments, by Stripe. Without a key nothing is sold.
    stripe: Stripe, StripeLayer {
        /// The secret key (`sk_…`). Empty: no payments.
        secret_key: Secret = Secret::default(), "stripe-secret-key", "STRIPE_SECRET_KEY";
        /// The secret of the webhook's endpoint (`whsec_…`), by which events from Stripe are known.
        webhook_secret: Secret = Secret::default(), "stripe-webhook-secret", "STRIPE_WEBHOOK_SECRET";
        /// Base of Stripe's HTTP interface.
        base_url: String = super::STRIPE_BASE_URL.to_owned(), "stripe-base-url", "STRIPE_BASE_URL";
        /// Bound of one request to Stripe.
        timeout_ms: u64 = 20_000, "stripe-timeout-ms", "ESTAFETTE_STRIPE_TIMEOUT_MS", 100..=120_000 "ms";
    }

    /// Fetching the pages that users name.
    fetch: Fetch, FetchLayer {
        /// Private addresses that may be fetched all the same, as `host:port` (tests, intranets).
        allow: List = List::default(), "fetch-allow", "ESTAFETTE_FETCH_ALLOW";
        /// Bound of one page, redirects included.
        timeout_ms: u64 = 20_000, "fetch-timeout-ms", "ESTAFETTE_FETCH_TIMEOUT_MS", 100..=120_000 "ms";
        /// Largest page, after decompression.
        max_kib: usize = 5_120, "fetch-max-kib", "ESTAFETTE_FETCH_MAX_KIB", 16..=102_400 "KiB";
        /// Redirects that are followed.
        max_redirects: u32 = 5, "fetch-max-redirects", "ESTAFETTE_FETCH_MAX_REDIRECTS", 0..=20 "redirects";
    }

    /// PDFs, which are read and made in processes of their own with bounded memory and time.
    documents: Documents, DocumentsLayer {
        /// The typesetter, `estafette-press`, which makes PDFs. Empty: beside the server's program.
        press: PathBuf = PathBuf::new(), "press", "ESTAFETTE_PRESS";
        /// Processes that read PDFs at the same time, and as many that make them. They are started when needed; one may take
        /// 512 MiB.
        processes: usize = 2, "document-processes", "ESTAFETTE_DOCUMENT_PROCESSES", 1..=64 "processes";
    }

    /// Logs.
    log: Log, LogLayer {
        /// `auto`, `text` or `json`. `auto` is `text` on a terminal, else `json`.
        format: LogFormat = LogFormat::Auto, "log-format", "ESTAFETTE_LOG_FORMAT";
        /// What is logged: a level, and levels of modules (`info,estafette=debug`).
        level: String = "info".to_owned(), "log-level", "ESTAFETTE_LOG_LEVEL";
    }

    /// Traces, from the request or call through task and step to commit and delivery.
    traces: Traces, TracesLayer {
        /// Collector that takes OTLP over HTTP (`http://localhost:4318`). Empty: no traces.
        endpoint: String = String::new(), "otlp-endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT";
        /// Share of the traces that begin here which are sent; a caller's `traceparent` decides about its own.
        sample_percent: u32 = 100, "trace-sample-percent", "ESTAFETTE_TRACE_SAMPLE_PERCENT", 0..=100 "%";
    }
}
