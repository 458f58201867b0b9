//! From the settings to a provider.

use super::Provider;
use super::offline::Offline;
use super::openai::{ApiKey, OpenAi, OpenAiConfig, OpenAiConfigError};
use crate::config::{AiProvider, OPENAI_BASE_URL, Settings};
use std::sync::Arc;

/// The provider that the settings name. `offline` comes with the rules that the products registered; it is dropped
/// when another provider is chosen. `auto` is `openai` when a key or another base URL is set, else `offline`.
///
/// # Errors
/// The settings of the endpoint cannot be used.
pub fn provider(settings: &Settings, offline: Offline) -> Result<Arc<dyn Provider>, OpenAiConfigError> {
    let settings = &settings.ai;
    let has_endpoint = !settings.openai_api_key.is_empty() || settings.openai_base_url != OPENAI_BASE_URL;
    match settings.provider {
        AiProvider::Offline => Ok(Arc::new(offline)),
        AiProvider::Auto if !has_endpoint => Ok(Arc::new(offline)),
        AiProvider::Auto | AiProvider::Openai => {
            let base = &settings.openai_base_url;
            let url = base.parse().map_err(|_| OpenAiConfigError::BaseUrl(base.clone()))?;
            let mut config = OpenAiConfig::new(url, ApiKey::new(settings.openai_api_key.expose()));
            config.concurrency = settings.concurrency;
            config.breaker_failures = settings.breaker_failures;
            config.breaker_open_for = std::time::Duration::from_millis(settings.breaker_open_ms);
            config.tokens_per_minute = (settings.tokens_per_minute > 0).then_some(settings.tokens_per_minute);
            Ok(Arc::new(OpenAi::new(config)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn auto_is_openai_once_there_is_an_endpoint_to_ask() {
        let chosen = |settings: &Settings| provider(settings, Offline::default()).unwrap().name();
        let mut settings = Settings::default();
        assert_eq!(chosen(&settings), "offline");
        settings.ai.openai_api_key = Secret::new("sk-x");
        assert_eq!(chosen(&settings), "openai");
        settings = Settings::default();
        settings.ai.openai_base_url = "http://localhost:11434/v1".into();
        assert_eq!(chosen(&settings), "openai");
        settings.ai.provider = AiProvider::Offline;
        assert_eq!(chosen(&settings), "offline");
    }
}
