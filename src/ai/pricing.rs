//! What a call costs: cv R66, exact to the last decimal that the table keeps.

use super::request::Usage;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::HashMap;

/// Decimals of `numeric(14,6)`. Rounding happens here, once, so that the sum over calls equals the usage row (R65).
const COST_SCALE: u32 = 6;
const TOKENS_PER_PRICE: u64 = 1_000_000;

/// Prices of one model, USD per million tokens: a row of `openai_pricing`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelPrice {
    /// Tokens read.
    pub input: Decimal,
    /// Tokens written.
    pub output: Decimal,
    /// Tokens read from the endpoint's cache.
    pub cache: Decimal,
    /// The same for the priority tier; the normal price holds where none is set.
    pub input_priority: Option<Decimal>,
    /// See `input_priority`.
    pub output_priority: Option<Decimal>,
    /// See `input_priority`.
    pub cache_priority: Option<Decimal>,
}

/// The cost of a call in USD with six decimals:
/// `((prompt − cached) × input + cached × cache + completion × output) / 1 000 000` (cv R66). Priority prices hold when
/// the call used the priority tier and they are set. Half a millionth rounds up, as Postgres does.
pub fn cost(price: &ModelPrice, usage: &Usage, priority: bool) -> Decimal {
    let tier = |normal: Decimal, dear: Option<Decimal>| if priority { dear.unwrap_or(normal) } else { normal };
    let input = tier(price.input, price.input_priority);
    let output = tier(price.output, price.output_priority);
    let cache = tier(price.cache, price.cache_priority);
    let cached = usage.cached_tokens.min(usage.prompt_tokens);
    let fresh = usage.prompt_tokens - cached;
    let total =
        Decimal::from(fresh) * input + Decimal::from(cached) * cache + Decimal::from(usage.completion_tokens) * output;
    (total / Decimal::from(TOKENS_PER_PRICE)).round_dp_with_strategy(COST_SCALE, RoundingStrategy::MidpointAwayFromZero)
}

/// The active prices by model name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceBook {
    prices: HashMap<String, ModelPrice>,
}

impl PriceBook {
    /// Prices by model name.
    pub fn new(prices: impl IntoIterator<Item = (String, ModelPrice)>) -> Self {
        Self { prices: prices.into_iter().collect() }
    }

    /// The price of the model that answered, or of the one that was asked: endpoints resolve aliases.
    pub fn find(&self, model_used: &str, model_asked: &str) -> Option<&ModelPrice> {
        self.prices.get(model_used).or_else(|| self.prices.get(model_asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn usd(text: &str) -> Decimal {
        Decimal::from_str(text).unwrap()
    }

    fn price() -> ModelPrice {
        ModelPrice {
            input: usd("2.50"),
            output: usd("10"),
            cache: usd("1.25"),
            input_priority: Some(usd("4.25")),
            output_priority: Some(usd("17")),
            cache_priority: None,
        }
    }

    fn usage(prompt: u32, cached: u32, completion: u32) -> Usage {
        Usage { prompt_tokens: prompt, cached_tokens: cached, completion_tokens: completion, ..Usage::default() }
    }

    #[test]
    fn r66_cached_tokens_are_charged_at_the_cache_price_only() {
        // (1000 − 400) × 2.50 + 400 × 1.25 + 200 × 10 = 4000 → 0.004
        assert_eq!(cost(&price(), &usage(1000, 400, 200), false), usd("0.004"));
    }

    #[test]
    fn r66_priority_prices_hold_where_they_are_set() {
        // 600 × 4.25 + 400 × 1.25 (none set) + 200 × 17 = 6450
        assert_eq!(cost(&price(), &usage(1000, 400, 200), true), usd("0.00645"));
    }

    #[test]
    fn r66_half_a_millionth_rounds_up_as_in_the_database() {
        // 1 token at 2.50 a million = 0.0000025
        assert_eq!(cost(&price(), &usage(1, 0, 0), false), usd("0.000003"));
        assert_eq!(cost(&price(), &usage(0, 0, 0), false), Decimal::ZERO);
    }

    #[test]
    fn r66_the_largest_counts_do_not_overflow() {
        let dear =
            ModelPrice { input: usd("99999999.999999"), output: usd("99999999.999999"), ..ModelPrice::default() };
        assert!(cost(&dear, &usage(u32::MAX, 0, u32::MAX), false) > Decimal::ZERO);
    }

    #[test]
    fn r66_more_cached_than_read_is_not_negative() {
        assert_eq!(cost(&price(), &usage(10, 20, 0), false), usd("0.000013"));
    }

    #[test]
    fn an_alias_is_priced_by_the_name_that_was_asked() {
        let book = PriceBook::new([("gpt-4.1".to_owned(), price())]);
        assert!(book.find("gpt-4.1-2025-04-14", "gpt-4.1").is_some());
        assert!(book.find("other", "other").is_none());
    }
}
