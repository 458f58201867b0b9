//! Prices: exact, in cents (D14, R55).

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive as _, ToPrimitive as _};

/// The highest price that can be set, in units of its currency.
pub const MAX_PRICE: u32 = 1_000_000;

/// Reads a price: not negative, at most [`MAX_PRICE`], at most two decimals.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn parse(name: &str, value: f64) -> Result<Decimal, String> {
    let wrong = || format!("`{name}` must be a price: 0 to {MAX_PRICE}, with at most two decimals");
    let price = Decimal::from_f64(value).ok_or_else(wrong)?;
    let cents = price.round_dp(2);
    // A number from JSON is the nearest that a double can be: 19.99 is meant where 19.989999999999998 stands.
    let close = (price - cents).abs() < Decimal::new(1, 7);
    if !close || cents.is_sign_negative() && !cents.is_zero() || cents > Decimal::from(MAX_PRICE) {
        return Err(wrong());
    }
    Ok(cents)
}

/// Reads a share of a hundred with at most two decimals.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn parse_percent(name: &str, value: f64) -> Result<Decimal, String> {
    parse(name, value)
        .ok()
        .filter(|percent| *percent <= Decimal::ONE_HUNDRED)
        .ok_or_else(|| format!("`{name}` must be 0 to 100, with at most two decimals"))
}

/// R55: what a year costs, rounded to cents (half a cent up).
pub fn yearly(monthly: Decimal, discount_percent: Decimal) -> Decimal {
    let share = Decimal::ONE - discount_percent / Decimal::ONE_HUNDRED;
    let year = monthly * Decimal::from(12) * share;
    year.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
}

/// In the smallest units of the currency, as Stripe counts.
pub fn cents(price: Decimal) -> i64 {
    (price * Decimal::ONE_HUNDRED).round().to_i64().unwrap_or(i64::MAX)
}

/// As a number on the wire.
pub fn shown(price: Decimal) -> f64 {
    price.to_f64().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r55_a_year_is_twelve_months_less_the_discount_rounded_to_cents() {
        let year = |monthly: f64, discount: f64| {
            shown(yearly(parse("m", monthly).unwrap(), parse_percent("d", discount).unwrap()))
        };
        assert!((year(19.99, 0.0) - 239.88).abs() < 1e-9);
        assert!((year(19.99, 17.0) - 199.10).abs() < 1e-9, "199.1004 is 199.10");
        assert!((year(0.01, 12.5) - 0.11).abs() < 1e-9, "0.105 is rounded up");
        assert!(year(9.0, 100.0).abs() < 1e-9);
    }

    #[test]
    fn d14_prices_are_exact_and_bounded() {
        assert_eq!(cents(parse("p", 19.99).unwrap()), 1999);
        assert_eq!(cents(parse("p", 0.07).unwrap() + parse("p", 0.01).unwrap()), 8);
        for bad in [-0.01, 0.001, 1_000_000.01, f64::NAN, f64::INFINITY] {
            assert!(parse("p", bad).is_err(), "{bad}");
        }
        assert!(parse_percent("d", 100.5).is_err());
    }
}
