//! Subscriptions out of what Stripe said (section 2, R53): events come late, twice and in any order, and the state is the
//! same. Of each of Stripe's subscriptions the newest state is kept, each part with the mark of the event that it comes
//! from; a person's one subscription is made from all of theirs.

use crate::cv::model::status::SubscriptionState;
use crate::stripe::event::Subscription;
use chrono::{DateTime, Utc};
use estafette_protocol::cv::billing::BillingPeriod;

/// What is the newest: the second in which it happened, then what it is (Stripe's seconds hold several events, and the
/// end of something comes after its beginning), then its id, so that no two are equal.
pub type Mark = String;

/// The mark of an event.
pub fn mark(created: i64, kind: &str, event: &str) -> Mark {
    let rank = match kind {
        "customer.subscription.deleted" => 4,
        kind if kind.starts_with("customer.subscription.") && !kind.ends_with(".created") => 3,
        kind if kind.starts_with("invoice.") => 2,
        _ => 1,
    };
    format!("{created:012}.{rank}.{event}")
}

/// What is known of one of Stripe's subscriptions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Register {
    /// Its id.
    pub id: String,
    /// Stripe's word; none: only its invoices were heard of.
    pub status: Option<String>,
    /// Where the word comes from.
    pub status_mark: Mark,
    /// Where the rest comes from.
    pub state_mark: Mark,
    /// The rest; none: only its invoices were heard of.
    pub state: Option<RegisterState>,
}

/// What only an event about the subscription itself says.
#[derive(Debug, Clone, PartialEq)]
pub struct RegisterState {
    /// The customer.
    pub customer: String,
    /// The price.
    pub price: Option<String>,
    /// The plan that the price belongs to.
    pub plan: i32,
    /// How often it is paid.
    pub period: BillingPeriod,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// The period that is paid.
    pub period_start: DateTime<Utc>,
    /// Its end.
    pub period_end: DateTime<Utc>,
    /// Whether it ends then.
    pub cancel_at_period_end: bool,
    /// When it was cancelled.
    pub canceled_at: Option<DateTime<Utc>>,
}

/// Stripe's subscriptions never come back from these.
fn is_over(status: &str) -> bool {
    matches!(status, "canceled" | "incomplete_expired")
}

impl Register {
    /// Takes in an event about the subscription. What is older than what is known changes nothing.
    pub fn take(&mut self, mark: &Mark, event: &Subscription, plan: i32, period: BillingPeriod) {
        if *mark > self.state_mark {
            self.state_mark.clone_from(mark);
            self.state = Some(RegisterState {
                customer: event.customer.clone(),
                price: event.price.clone(),
                plan,
                period,
                started_at: event.started_at,
                period_start: event.period_start,
                period_end: event.period_end.max(event.period_start + chrono::Duration::seconds(1)),
                cancel_at_period_end: event.cancel_at_period_end,
                canceled_at: event.canceled_at,
            });
        }
        self.take_status(mark, &event.status);
    }

    /// Takes in an event about one of its invoices.
    pub fn take_invoice(&mut self, mark: &Mark, paid: bool) {
        self.take_status(mark, if paid { "active" } else { "past_due" });
    }

    fn take_status(&mut self, mark: &Mark, status: &str) {
        let over = self.status.as_deref().is_some_and(is_over);
        // Its end is final, whatever an invoice of its last days says: between two ends the newer counts.
        let newer = *mark > self.status_mark;
        if (newer && !over) || (is_over(status) && (!over || newer)) {
            self.status = Some(status.to_owned());
            self.status_mark.clone_from(mark);
        }
    }

    /// The state in our words; none: it never began.
    pub fn state(&self) -> Option<(SubscriptionState, &RegisterState)> {
        let status = SubscriptionState::of_stripe(self.status.as_deref()?)?;
        Some((status, self.state.as_ref()?))
    }
}

/// A person's one subscription: of those that live the best paid for, else the last. `None`: there never was one.
pub fn current(all: &[Register]) -> Option<(&str, SubscriptionState, &RegisterState)> {
    let rank = |status: SubscriptionState| match status {
        SubscriptionState::Active => 2,
        SubscriptionState::PastDue => 1,
        SubscriptionState::Canceled => 0,
    };
    all.iter()
        .filter_map(|register| register.state().map(|(status, state)| (register.id.as_str(), status, state)))
        .max_by(|(id, status, state), (other_id, other_status, other)| {
            (rank(*status), state.started_at, *id).cmp(&(rank(*other_status), other.started_at, *other_id))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One thing that Stripe may say about a subscription.
    #[derive(Debug, Clone)]
    #[allow(clippy::large_enum_variant)]
    enum Said {
        State(i64, &'static str, Subscription),
        Invoice(i64, bool),
    }

    fn instant(at: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(at, 0).unwrap()
    }

    fn subscription(id: u8, status: &str, at: i64, ends: bool) -> Subscription {
        Subscription {
            id: format!("sub_{id}"),
            customer: "cus_1".to_owned(),
            status: status.to_owned(),
            price: Some(format!("price_{}", at % 3)),
            interval: None,
            user: None,
            plan: None,
            started_at: instant(1_000 * i64::from(id)),
            period_start: instant(at),
            period_end: instant(at + 100),
            cancel_at_period_end: ends,
            canceled_at: None,
        }
    }

    fn said() -> impl Strategy<Value = (u8, Said)> {
        let status = prop::sample::select(vec!["incomplete", "active", "trialing", "past_due", "unpaid", "paused"]);
        // Few instants, so that many share theirs.
        let state = (0_i64..6, status, any::<bool>()).prop_map(|(at, status, ends)| (at, "updated", status, ends));
        let end = (0_i64..6).prop_map(|at| (at, "deleted", "canceled", false));
        let one = prop_oneof![
            4 => state.prop_map(|(at, kind, status, ends)| Said::State(at, kind, subscription(1, status, at, ends))),
            1 => end.prop_map(|(at, kind, status, ends)| Said::State(at, kind, subscription(1, status, at, ends))),
            2 => (0_i64..6, any::<bool>()).prop_map(|(at, paid)| Said::Invoice(at, paid)),
        ];
        (1_u8..4, one)
    }

    fn told(events: &[(usize, (u8, Said))]) -> Vec<Register> {
        let mut registers: Vec<Register> = Vec::new();
        for (name, (id, said)) in events {
            let key = format!("sub_{id}");
            if !registers.iter().any(|register| register.id == key) {
                registers.push(Register { id: key.clone(), ..Register::default() });
            }
            let register = registers.iter_mut().find(|register| register.id == key).unwrap();
            let event = format!("evt_{name}");
            match said {
                Said::State(at, kind, state) => {
                    let mark = mark(*at, &format!("customer.subscription.{kind}"), &event);
                    let state = Subscription { id: key, started_at: instant(1_000 * i64::from(*id)), ..state.clone() };
                    register.take(&mark, &state, i32::from(*id), BillingPeriod::Monthly);
                }
                Said::Invoice(at, paid) => register.take_invoice(&mark(*at, "invoice.x", &event), *paid),
            }
        }
        registers.sort_by(|a, b| a.id.cmp(&b.id));
        registers
    }

    proptest! {
        #[test]
        fn r53_whatever_the_order_and_the_repetitions_the_end_state_is_the_same(
            events in prop::collection::vec(said(), 1..12),
            seed in prop::collection::vec((any::<u32>(), 1_usize..3), 12),
        ) {
            let named: Vec<_> = events.into_iter().enumerate().collect();
            let mut shuffled: Vec<_> = named.iter().zip(&seed)
                .flat_map(|(event, (key, times))| (0..*times).map(move |n| (key.rotate_left(7 * n as u32), event.clone())))
                .collect();
            shuffled.sort_by_key(|(key, _)| *key);
            let shuffled: Vec<_> = shuffled.into_iter().map(|(_, event)| event).collect();
            let (one, other) = (told(&named), told(&shuffled));
            prop_assert_eq!(&one, &other);
            prop_assert_eq!(current(&one), current(&other));
        }
    }

    #[test]
    fn r53_an_older_event_changes_nothing() {
        let mut register = Register { id: "sub_1".to_owned(), ..Register::default() };
        let take = |register: &mut Register, at, kind: &str, status| {
            let mark = mark(at, kind, "evt");
            register.take(&mark, &subscription(1, status, at, false), 1, BillingPeriod::Monthly);
        };
        take(&mut register, 20, "customer.subscription.updated", "active");
        let known = register.clone();
        take(&mut register, 10, "customer.subscription.updated", "past_due");
        assert_eq!(register, known);
        register.take_invoice(&mark(15, "invoice.payment_failed", "evt"), false);
        assert_eq!(register, known);
        take(&mut register, 30, "customer.subscription.deleted", "canceled");
        assert_eq!(register.state().unwrap().0, SubscriptionState::Canceled);
        register.take_invoice(&mark(40, "invoice.paid", "evt"), true);
        assert_eq!(register.state().unwrap().0, SubscriptionState::Canceled, "its end is final");
    }

    #[test]
    fn an_invoice_that_comes_first_waits_for_its_subscription() {
        let mut register = Register { id: "sub_1".to_owned(), ..Register::default() };
        register.take_invoice(&mark(20, "invoice.payment_failed", "e1"), false);
        assert_eq!(current(std::slice::from_ref(&register)), None);
        let created = mark(10, "customer.subscription.created", "e0");
        register.take(&created, &subscription(1, "active", 10, false), 1, BillingPeriod::Monthly);
        assert_eq!(register.state().unwrap().0, SubscriptionState::PastDue, "the invoice is newer");
    }

    #[test]
    fn one_that_never_began_is_none_and_the_living_one_wins() {
        let register = |id: u8, status: &str| {
            let mut register = Register { id: format!("sub_{id}"), ..Register::default() };
            let mark = mark(10, "customer.subscription.updated", "e");
            register.take(&mark, &subscription(id, status, 10, false), i32::from(id), BillingPeriod::Monthly);
            register
        };
        assert_eq!(current(&[register(1, "incomplete")]), None);
        let all = [register(1, "active"), register(2, "canceled")];
        assert_eq!(current(&all).unwrap().0, "sub_1");
        let all = [register(1, "canceled"), register(2, "canceled")];
        assert_eq!(current(&all).unwrap().0, "sub_2");
    }
}
