//! Packs that were paid, and money that went back (R49, R50).

/// What is known of a payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Payment {
    /// The credits that were sold; none: only the refund was heard of.
    pub credits: Option<u32>,
    /// What was paid, smallest units.
    pub amount: i64,
    /// What of it went back, smallest units.
    pub refunded: i64,
    /// Whether the credits are in the ledger.
    pub credited: bool,
    /// Credits whose money went back, as far as the ledger knows.
    pub taken: u32,
}

/// What is to be written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Due {
    /// Credits to be added, once (R50).
    pub credit: Option<u32>,
    /// Credits whose money went back by now, and was not noted; of these at most the balance is taken (R49).
    pub take: u32,
}

/// Decides what a payment still has to write. Whole packs go back as a whole; of a part, whole credits, rounded down.
pub fn due(payment: Payment) -> Due {
    let Some(credits) = payment.credits else { return Due::default() };
    let gone = if payment.amount <= 0 || payment.refunded >= payment.amount {
        // Nothing was paid: nothing can go back.
        if payment.amount > 0 { credits } else { 0 }
    } else {
        let share = i128::from(credits) * i128::from(payment.refunded.max(0)) / i128::from(payment.amount);
        u32::try_from(share).unwrap_or(credits)
    };
    Due { credit: (!payment.credited).then_some(credits), take: gone.saturating_sub(payment.taken) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAID: Payment = Payment { credits: Some(10), amount: 999, refunded: 0, credited: true, taken: 0 };

    #[test]
    fn r50_a_purchase_is_credited_once() {
        assert_eq!(due(Payment { credited: false, ..PAID }), Due { credit: Some(10), take: 0 });
        assert_eq!(due(PAID), Due::default());
    }

    #[test]
    fn r49_a_refund_takes_the_pack_back_once_and_waits_for_its_purchase() {
        assert_eq!(due(Payment { refunded: 999, ..PAID }), Due { credit: None, take: 10 });
        assert_eq!(due(Payment { refunded: 999, taken: 10, ..PAID }), Due::default());
        assert_eq!(due(Payment { refunded: 500, ..PAID }).take, 5);
        assert_eq!(due(Payment { refunded: 99, ..PAID }).take, 0, "not a whole credit");
        assert_eq!(due(Payment { credits: None, refunded: 999, ..PAID }), Due::default());
        assert_eq!(due(Payment { amount: 0, refunded: 0, ..PAID }), Due::default());
    }

    proptest! {
        #[test]
        fn r49_never_more_goes_back_than_was_sold(
            credits in 1_u32..1_000, amount in 0_i64..100_000, steps in prop::collection::vec(0_i64..100_000, 0..6),
        ) {
            let mut payment = Payment { credits: Some(credits), amount, credited: true, ..Payment::default() };
            for refunded in steps {
                payment.refunded = payment.refunded.max(refunded.min(amount));
                payment.taken += due(payment).take;
                prop_assert!(payment.taken <= credits);
            }
        }
    }
}
