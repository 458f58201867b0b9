//! Sentences for people, in French and English. A notice carries both: who reads it chooses.

use crate::cv::topics;
use estafette_actors::{DbResult, Tx};
use estafette_protocol::UserId;
use estafette_protocol::cv::event::user::Notice;
use estafette_protocol::cv::status::NoticeLevel;
use serde_json::{Value, json};

/// What a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The plan has no room for so many CVs; these were blocked.
    Blocked(usize),
    /// So many CVs are open again.
    Unblocked(usize),
    /// A referral brought so many credits.
    Rewarded(i32),
    /// An administrator gave so many credits.
    Gifted(i32),
    /// Credits were bought.
    Bought(u32),
    /// A payment of the subscription failed.
    PaymentFailed,
}

const fn plural(n: usize) -> &'static str {
    if n > 1 { "s" } else { "" }
}

impl Told {
    /// The word that programs match on.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Blocked(_) => "cvs_blocked",
            Self::Unblocked(_) => "cvs_unblocked",
            Self::Rewarded(_) => "referral_rewarded",
            Self::Gifted(_) => "credits_gifted",
            Self::Bought(_) => "credits_bought",
            Self::PaymentFailed => "payment_failed",
        }
    }

    const fn level(self) -> NoticeLevel {
        match self {
            Self::Blocked(_) | Self::PaymentFailed => NoticeLevel::Warning,
            _ => NoticeLevel::Info,
        }
    }

    const fn count(self) -> i64 {
        match self {
            Self::Blocked(n) | Self::Unblocked(n) => n as i64,
            Self::Rewarded(n) | Self::Gifted(n) => n as i64,
            Self::Bought(n) => n as i64,
            Self::PaymentFailed => 0,
        }
    }

    /// In English.
    pub fn english(self) -> String {
        let n = usize::try_from(self.count()).unwrap_or(0);
        let s = plural(n);
        match self {
            Self::Blocked(_) => {
                format!("Your plan keeps fewer CVs: {n} CV{s} blocked until you change it or delete others.")
            }
            Self::Unblocked(_) => format!("{n} CV{s} open again."),
            Self::Rewarded(_) => format!("A referral brought you {n} credit{s}."),
            Self::Gifted(_) => format!("You were given {n} credit{s}."),
            Self::Bought(_) => format!("{n} credit{s} bought. Thank you!"),
            Self::PaymentFailed => "The payment of your subscription failed: check your card.".to_owned(),
        }
    }

    /// In French.
    pub fn french(self) -> String {
        let n = usize::try_from(self.count()).unwrap_or(0);
        let s = plural(n);
        match self {
            Self::Blocked(_) => format!(
                "Votre offre garde moins de CV : {n} CV bloqué{s} jusqu’à ce que vous en changiez ou en supprimiez d’autres."
            ),
            Self::Unblocked(_) => format!("{n} CV de nouveau accessible{s}."),
            Self::Rewarded(_) => format!("Un parrainage vous a rapporté {n} crédit{s}."),
            Self::Gifted(_) => format!("Vous avez reçu {n} crédit{s}."),
            Self::Bought(_) => format!("{n} crédit{s} acheté{s}. Merci !"),
            Self::PaymentFailed => "Le paiement de votre abonnement a échoué : vérifiez votre carte.".to_owned(),
        }
    }

    /// Tells a person.
    ///
    /// # Errors
    /// [`estafette_actors::DbError`].
    pub fn tell(self, tx: &mut Tx<'_>, user: &UserId, more: Value) -> DbResult<()> {
        let (english, french) = (self.english(), self.french());
        let mut data = json!({"count": self.count(), "texts": {"en": english, "fr": french}});
        if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
            data.extend(more);
        }
        let notice = Notice { level: self.level(), code: self.code().to_owned(), text: english, data };
        tx.emit(&topics::user(user), "notice", &notice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_count() {
        assert_eq!(Told::Bought(1).french(), "1 crédit acheté. Merci !");
        assert_eq!(Told::Bought(20).english(), "20 credits bought. Thank you!");
        for told in [Told::Blocked(3), Told::Unblocked(1), Told::Rewarded(5), Told::Gifted(2), Told::PaymentFailed] {
            assert_ne!(told.english(), told.french());
        }
    }
}
