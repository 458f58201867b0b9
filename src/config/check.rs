//! What a number's range cannot say: addresses, origins, and settings that contradict each other.

use super::{AiProvider, ConfigError, OPENAI_BASE_URL, Settings};
use estafette_actors::bus::redis::RedisAddress;
use url::Url;

/// Shortest key that signs tokens, characters: 256 bits in hexadecimal are 64.
const MIN_TOKEN_KEY: usize = 32;

/// Longest prefix of the Redis channels.
const MAX_PREFIX: usize = 64;

fn refuse<T>(sentence: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError::Unusable(sentence.into()))
}

pub(super) fn check(settings: &Settings) -> Result<(), ConfigError> {
    addresses(settings)?;
    auth(settings)?;
    mail(settings)?;
    oauth(settings)?;
    tasks(settings)?;
    ai(settings)?;
    stripe(settings)?;
    if let Err(error) = tracing_subscriber::EnvFilter::try_new(&settings.log.level) {
        return refuse(format!(
            "the log level {:?} is not one ({error}): use error, warn, info, debug, trace or a list such as info,estafette=debug",
            settings.log.level
        ));
    }
    let collector = &settings.traces.endpoint;
    if !collector.is_empty() && !Url::parse(collector).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        return refuse(format!(
            "the collector {collector:?} of traces is not an HTTP address: it looks like http://localhost:4318, or leave it empty"
        ));
    }
    Ok(())
}

fn addresses(settings: &Settings) -> Result<(), ConfigError> {
    if !settings.database.url.is_empty()
        && let Err(error) = crate::db::address::Address::parse(settings.database.url.expose(), &settings.database.ca)
    {
        return refuse(error.to_string());
    }
    if !settings.redis.url.is_empty()
        && let Err(error) = RedisAddress::parse(settings.redis.url.expose())
    {
        return refuse(format!("{error}; or leave REDIS_URL empty"));
    }
    let prefix = &settings.redis.prefix;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if prefix.is_empty() || prefix.len() > MAX_PREFIX || !prefix.chars().all(plain) {
        return refuse(format!(
            "the prefix of the Redis channels {prefix:?} is not one: 1 to {MAX_PREFIX} letters, digits or -_.:"
        ));
    }
    for origin in &settings.server.allowed_origins.0 {
        let is_origin = Url::parse(origin).is_ok_and(|url| url.origin().ascii_serialization() == *origin);
        if !is_origin {
            return refuse(format!(
                "the allowed origin {origin:?} is not one: write scheme and host, and the port if it is not the usual one, without a path or a slash at the end (https://app.example.com)"
            ));
        }
    }
    for entry in &settings.server.trusted_proxies.0 {
        if let Err(sentence) = entry.parse::<crate::http::limits::Network>() {
            return refuse(format!("the trusted proxies: {sentence}"));
        }
    }
    for entry in &settings.fetch.allow.0 {
        let is_host_port = entry
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok());
        if !is_host_port {
            return refuse(format!("{entry:?} in the fetch allow list is not host:port (127.0.0.1:8080)"));
        }
    }
    Ok(())
}

fn auth(settings: &Settings) -> Result<(), ConfigError> {
    let key = settings.auth.token_key.expose();
    if !key.is_empty() && key.len() < MIN_TOKEN_KEY {
        return refuse(format!(
            "the token key has {} characters and needs at least {MIN_TOKEN_KEY}: use a random one (openssl rand -hex 32), or leave it empty and one is made",
            key.len()
        ));
    }
    Ok(())
}

fn mail(settings: &Settings) -> Result<(), ConfigError> {
    let public = &settings.server.public_url;
    let is_place = |text: &str| {
        Url::parse(text)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none())
    };
    if !public.is_empty() && !is_place(public) {
        return refuse(format!("the public address {public:?} is not one: it looks like https://cv.example.com"));
    }
    if !is_place(&settings.mail.resend_base_url) {
        let base = &settings.mail.resend_base_url;
        return refuse(format!("the base of Resend {base:?} is not one: it looks like https://api.resend.com"));
    }
    // What a way for e-mail is made of is checked by making it; nothing is connected yet.
    crate::cv::mail::transport::Transport::from_settings(settings).map_err(ConfigError::Unusable)?;
    if let Err(sentence) = crate::cv::mail::smtp::mailbox(&settings.mail.from) {
        return refuse(sentence);
    }
    Ok(())
}

/// G14: who keeps tokens of others keeps them encrypted.
fn oauth(settings: &Settings) -> Result<(), ConfigError> {
    let oauth = &settings.oauth;
    let ids = [&oauth.google_client_id, &oauth.github_client_id, &oauth.apple_client_id];
    let key = oauth.key.expose();
    if ids.iter().any(|id| !id.is_empty()) && key.is_empty() {
        return refuse(
            "a provider of sign-ins is set up but there is no key that encrypts its tokens: set ESTAFETTE_OAUTH_KEY (openssl rand -hex 32), the same on all nodes",
        );
    }
    if !key.is_empty() && key.len() < MIN_TOKEN_KEY {
        return refuse(format!(
            "the key of the sign-in providers has {} characters and needs at least {MIN_TOKEN_KEY}: use a random one (openssl rand -hex 32)",
            key.len()
        ));
    }
    for (name, id, secret) in [
        ("Google", &oauth.google_client_id, &oauth.google_client_secret),
        ("GitHub", &oauth.github_client_id, &oauth.github_client_secret),
    ] {
        if !id.is_empty() && secret.is_empty() {
            return refuse(format!("there is a client id at {name} but no client secret: set both, or none"));
        }
    }
    let apple = [&oauth.apple_team_id, &oauth.apple_key_id];
    let no_file = oauth.apple_private_key.as_os_str().is_empty();
    if !oauth.apple_client_id.is_empty() && (apple.iter().any(|text| text.is_empty()) || no_file) {
        return refuse("there is a client id at Apple: set its team id, key id and the file of its private key, too");
    }
    for url in [&oauth.google_issuer, &oauth.apple_issuer, &oauth.github_url, &oauth.github_api_url] {
        if !Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return refuse(format!(
                "{url:?} is no address of a sign-in provider: it looks like https://accounts.google.com"
            ));
        }
    }
    Ok(())
}

fn tasks(settings: &Settings) -> Result<(), ConfigError> {
    let tasks = &settings.tasks;
    if tasks.per_user > tasks.per_node {
        return refuse(format!(
            "one user may run {} tasks but the node only {}: lower --tasks-per-user or raise --tasks-per-node",
            tasks.per_user, tasks.per_node
        ));
    }
    if tasks.steps_per_user > tasks.steps_per_node {
        return refuse(format!(
            "one user may run {} steps but the node only {}: lower --steps-per-user or raise --steps-per-node",
            tasks.steps_per_user, tasks.steps_per_node
        ));
    }
    Ok(())
}

fn ai(settings: &Settings) -> Result<(), ConfigError> {
    let ai = &settings.ai;
    if !Url::parse(&ai.openai_base_url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
        return refuse(format!(
            "the base URL {:?} is not an http(s) address: it looks like {OPENAI_BASE_URL}",
            ai.openai_base_url
        ));
    }
    if ai.provider == AiProvider::Openai && ai.openai_api_key.is_empty() && ai.openai_base_url == OPENAI_BASE_URL {
        return refuse(
            "the provider is openai but there is no key: set OPENAI_API_KEY, another OPENAI_BASE_URL, or the provider offline",
        );
    }
    Ok(())
}

fn stripe(settings: &Settings) -> Result<(), ConfigError> {
    let stripe = &settings.stripe;
    let base = &stripe.base_url;
    if !Url::parse(base).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
        return refuse(format!(
            "the base URL of Stripe {base:?} is not an http(s) address: it looks like https://api.stripe.com"
        ));
    }
    if stripe.secret_key.is_empty() != stripe.webhook_secret.is_empty() {
        return refuse(
            "payments need both STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET: without the second nobody would get what they paid for",
        );
    }
    Ok(())
}
