//! Credits of one person: the ledger, the balance, and what they must be.

use estafette_protocol::cv::credits::{CreditBalance, CreditTransaction};
use estafette_protocol::cv::status::TransactionType;
use std::collections::{HashMap, HashSet};

/// What a person's credits must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Credits that were given, sign-up included.
    pub given: i64,
    /// Units that accepted work took.
    pub used: i64,
    /// Units of it that were given back: failed and cancelled offers.
    pub refunded: i64,
}

/// Compares ledger, balance and expectation (cv R46, R48). Returns what does not agree.
pub fn audit(balance: &CreditBalance, ledger: &[CreditTransaction], expected: Expected) -> Vec<String> {
    let mut faults = Vec::new();
    let of = |kind: TransactionType| -> i64 {
        ledger.iter().filter(|row| row.kind == kind).map(|row| i64::from(row.amount)).sum()
    };
    let sum: i64 = ledger.iter().map(|row| i64::from(row.amount)).sum();
    let mut agree = |what: &str, found: i64, wanted: i64| {
        if found != wanted {
            faults.push(format!("{what} is {found}, and must be {wanted}"));
        }
    };
    agree("the balance", i64::from(balance.balance), sum);
    let parts =
        i64::from(balance.total_purchased) + i64::from(balance.total_gifted) + i64::from(balance.total_refunded)
            - i64::from(balance.total_used);
    agree("purchased + gifted + refunded - used", parts, i64::from(balance.balance));
    agree("total_used", i64::from(balance.total_used), -of(TransactionType::Usage));
    agree("total_refunded", i64::from(balance.total_refunded), of(TransactionType::Refund));
    agree("what was given", of(TransactionType::Gift) + of(TransactionType::Purchase), expected.given);
    agree("what was used", -of(TransactionType::Usage), expected.used);
    agree("what was refunded", of(TransactionType::Refund), expected.refunded);
    faults.extend(refunds(ledger));
    faults
}

/// Each refund gives one usage back, exactly once, and says so on both rows (cv R46).
fn refunds(ledger: &[CreditTransaction]) -> Vec<String> {
    let mut faults = Vec::new();
    let rows: HashMap<&str, &CreditTransaction> = ledger.iter().map(|row| (row.id.as_str(), row)).collect();
    let mut given_back = HashSet::new();
    for refund in ledger.iter().filter(|row| row.kind == TransactionType::Refund) {
        let related = refund.related_transaction_id.as_ref().and_then(|id| rows.get(id.as_str()));
        match related {
            None => faults.push(format!("refund {} names no usage of this ledger", refund.id)),
            Some(usage) if usage.amount != -refund.amount => {
                faults.push(format!("refund {} of {} gives back {}", refund.id, refund.amount, usage.amount));
            }
            Some(usage) if !given_back.insert(usage.id.as_str()) => {
                faults.push(format!("usage {} was given back twice", usage.id));
            }
            Some(_) => {}
        }
    }
    for usage in ledger.iter().filter(|row| row.kind == TransactionType::Usage) {
        if usage.refunded != given_back.contains(usage.id.as_str()) {
            faults.push(format!("usage {} says refunded = {}, its refund says otherwise", usage.id, usage.refunded));
        }
    }
    faults
}

/// The balance as the events of `user:{id}` tell it.
#[derive(Debug, Clone, Default)]
pub struct LiveBalance(Option<i64>);

impl LiveBalance {
    /// A snapshot told the balance.
    ///
    /// # Errors
    /// When events had told another one: a snapshot never comes before what was seen.
    pub fn snapshot(&mut self, balance: i64) {
        self.0 = Some(balance);
    }

    /// An event told a row and the balance after it.
    ///
    /// # Errors
    /// When the balance is not the one before plus the amount.
    pub fn changed(&mut self, amount: i64, balance: i64) -> Result<(), String> {
        match self.0.replace(balance) {
            Some(before) if before + amount != balance => Err(format!("{before} and a row of {amount} made {balance}")),
            _ => Ok(()),
        }
    }

    /// What is known.
    pub fn now(&self) -> Option<i64> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(id: &str, kind: &str, amount: i32, refunded: bool, related: Option<&str>) -> CreditTransaction {
        serde_json::from_value(json!({
            "id": id, "amount": amount, "type": kind, "feature_name": null, "task_id": null, "cv_file_id": null,
            "refunded": refunded, "related_transaction_id": related, "created_at": "2026-11-21T00:00:00.000Z",
        }))
        .unwrap()
    }
    fn balance(balance: i32, used: i32, refunded: i32, gifted: i32) -> CreditBalance {
        CreditBalance {
            balance,
            total_used: used,
            total_refunded: refunded,
            total_gifted: gifted,
            ..CreditBalance::default()
        }
    }
    fn ledger() -> Vec<CreditTransaction> {
        vec![
            row("g", "gift", 5, false, None),
            row("u1", "usage", -1, true, None),
            row("u2", "usage", -1, false, None),
            row("r", "refund", 1, false, Some("u1")),
        ]
    }
    const RIGHT: Expected = Expected { given: 5, used: 2, refunded: 1 };

    #[test]
    fn a_right_ledger_holds() {
        assert_eq!(audit(&balance(4, 2, 1, 5), &ledger(), RIGHT), Vec::<String>::new());
    }

    #[test]
    fn a_balance_that_is_not_the_ledger_is_found() {
        let faults = audit(&balance(5, 1, 1, 5), &ledger(), RIGHT);
        assert!(faults.iter().any(|fault| fault.starts_with("the balance is 5")), "{faults:?}");
    }

    #[test]
    fn use_beyond_what_was_accepted_is_found() {
        let faults = audit(&balance(4, 2, 1, 5), &ledger(), Expected { used: 1, ..RIGHT });
        assert_eq!(faults, vec!["what was used is 2, and must be 1"]);
    }

    #[test]
    fn a_refund_that_is_missing_or_double_is_found() {
        let faults = audit(&balance(4, 2, 1, 5), &ledger(), Expected { refunded: 2, ..RIGHT });
        assert_eq!(faults, vec!["what was refunded is 1, and must be 2"]);
        let mut twice = ledger();
        twice.push(row("r2", "refund", 1, false, Some("u1")));
        let faults = audit(&balance(5, 2, 2, 5), &twice, Expected { refunded: 2, ..RIGHT });
        assert_eq!(faults, vec!["usage u1 was given back twice"]);
    }

    #[test]
    fn a_live_balance_that_jumps_is_found() {
        let mut live = LiveBalance::default();
        live.snapshot(5);
        live.changed(-1, 4).unwrap();
        assert!(live.changed(-1, 2).is_err());
        assert_eq!(live.now(), Some(2));
    }
}
