//! Feedback, consents, telemetry and the introduction: what is taken, and what may follow on what (R70, R71).

use chrono::{DateTime, Duration, Utc};
use estafette_protocol::cv::status::{ConsentAction, FeedbackStatus};
use estafette_protocol::cv::voice::{ConsentPreferences, OnboardingState, SendFeedback, TelemetryItem};

/// Characters of a comment (R70).
pub const MAX_COMMENT: usize = 500;
/// Events of one push.
pub const MAX_EVENTS: usize = 100;
/// Bytes of one event's particulars, as JSON.
const MAX_METADATA: usize = 4 * 1024;
/// Bytes of an introduction's state, as JSON.
const MAX_ONBOARDING: usize = 16 * 1024;
/// Steps of an introduction.
const MAX_STEP: u32 = 1_000;
/// Feedback of one person in a day.
pub const FEEDBACK_PER_DAY: i64 = 20;

fn at_most(what: &str, text: Option<&str>, most: usize) -> Result<(), String> {
    match text {
        Some(text) if text.chars().count() > most => Err(format!("`{what}` has at most {most} characters")),
        _ => Ok(()),
    }
}

/// R70.
///
/// # Errors
/// A sentence.
pub fn check_feedback(given: &SendFeedback) -> Result<(), String> {
    if !(1..=5).contains(&given.rating) {
        return Err("`rating` is 1 to 5".to_owned());
    }
    at_most("comment", Some(&given.comment), MAX_COMMENT)?;
    at_most("current_cv_file", given.current_cv_file.as_deref(), 255)?;
    at_most("user_agent", given.user_agent.as_deref(), 512)?;
    at_most("page_url", given.page_url.as_deref(), 2_048)
}

/// The statuses from which feedback may become this one (section 2).
pub const fn feedback_from(to: FeedbackStatus) -> &'static [FeedbackStatus] {
    match to {
        FeedbackStatus::New => &[],
        FeedbackStatus::Reviewed => &[FeedbackStatus::New, FeedbackStatus::Resolved],
        FeedbackStatus::Resolved => &[FeedbackStatus::New, FeedbackStatus::Reviewed],
    }
}

/// What a choice is beside the one before it (D11).
pub const fn consent_action(first: bool, choice: &ConsentPreferences) -> ConsentAction {
    let something = choice.functional || choice.analytics || choice.marketing;
    match (first, something) {
        (true, true) => ConsentAction::Created,
        (true, false) => ConsentAction::Reject,
        (false, true) => ConsentAction::Updated,
        (false, false) => ConsentAction::Revoked,
    }
}

fn word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// Checks a pushed event.
///
/// # Errors
/// A sentence.
pub fn check_telemetry(event: &TelemetryItem) -> Result<(), String> {
    for (what, text) in [("type", &event.kind), ("category", &event.category)] {
        if !word(text) {
            return Err(format!("`{what}` is 1 to 64 letters, digits and _ . -"));
        }
    }
    if event.duration.is_some_and(|duration| duration < 0) {
        return Err("`duration` is not negative".to_owned());
    }
    at_most("error", event.error.as_deref(), 1_000)?;
    let size =
        event.metadata.as_ref().map_or(0, |map| serde_json::to_string(map).map_or(usize::MAX, |text| text.len()));
    if size > MAX_METADATA {
        return Err(format!("`metadata` has at most {MAX_METADATA} bytes"));
    }
    Ok(())
}

/// When it happened: a client's clock is believed within the last week and five minutes ahead.
pub fn telemetry_time(given: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    given.filter(|at| *at > now - Duration::days(7) && *at < now + Duration::minutes(5)).unwrap_or(now)
}

/// Why an introduction does not move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnboardingRefused {
    /// The state itself is wrong.
    Bad(String),
    /// It would go back.
    Back(String),
}

/// Section 2: any step to any later one; the end and the leaving out are final unless it begins again.
///
/// # Errors
/// [`OnboardingRefused`].
pub fn move_onboarding(
    before: Option<&OnboardingState>,
    after: &OnboardingState,
    restart: bool,
) -> Result<(), OnboardingRefused> {
    let size = serde_json::to_string(after).map_or(usize::MAX, |text| text.len());
    if size > MAX_ONBOARDING {
        return Err(OnboardingRefused::Bad(format!("`state` has at most {MAX_ONBOARDING} bytes")));
    }
    if after.current_step > MAX_STEP {
        return Err(OnboardingRefused::Bad(format!("`currentStep` is at most {MAX_STEP}")));
    }
    let Some(before) = before.filter(|_| !restart) else { return Ok(()) };
    if after.current_step < before.current_step {
        let step = before.current_step;
        return Err(OnboardingRefused::Back(format!(
            "the introduction is at step {step}; send `restart` to begin again"
        )));
    }
    if (before.has_completed && !after.has_completed) || (before.is_skipped && !after.is_skipped) {
        return Err(OnboardingRefused::Back("the introduction is over; send `restart` to begin again".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feedback_moves_only_as_section_2_says() {
        use FeedbackStatus::{New, Resolved, Reviewed};
        let allowed = [(New, Reviewed), (Reviewed, Resolved), (New, Resolved), (Resolved, Reviewed)];
        for from in FeedbackStatus::ALL {
            for to in FeedbackStatus::ALL {
                assert_eq!(feedback_from(*to).contains(from), allowed.contains(&(*from, *to)), "{from} → {to}");
            }
        }
    }

    #[test]
    fn r70_a_comment_has_500_characters_whatever_their_bytes() {
        let mut given = SendFeedback {
            rating: 5,
            comment: "é".repeat(500),
            is_bug_report: false,
            current_cv_file: None,
            user_agent: None,
            page_url: None,
        };
        assert!(check_feedback(&given).is_ok());
        given.comment.push('x');
        assert!(check_feedback(&given).is_err());
        for rating in [0, 6, -1] {
            assert!(check_feedback(&SendFeedback { rating, comment: String::new(), ..given.clone() }).is_err());
        }
    }

    #[test]
    fn d11_the_first_choice_is_created_or_reject_later_ones_updated_or_revoked() {
        let some = ConsentPreferences { analytics: true, ..ConsentPreferences::default() };
        let none = ConsentPreferences::default();
        assert_eq!(consent_action(true, &some), ConsentAction::Created);
        assert_eq!(consent_action(true, &none), ConsentAction::Reject);
        assert_eq!(consent_action(false, &some), ConsentAction::Updated);
        assert_eq!(consent_action(false, &none), ConsentAction::Revoked);
    }

    #[test]
    fn an_introduction_goes_forward_and_its_end_is_final_unless_it_begins_again() {
        let at = |current_step, has_completed| OnboardingState { current_step, has_completed, ..Default::default() };
        assert!(move_onboarding(None, &at(3, false), false).is_ok());
        assert!(move_onboarding(Some(&at(1, false)), &at(4, false), false).is_ok());
        assert!(matches!(move_onboarding(Some(&at(4, false)), &at(1, false), false), Err(OnboardingRefused::Back(_))));
        assert!(matches!(move_onboarding(Some(&at(4, true)), &at(5, false), false), Err(OnboardingRefused::Back(_))));
        assert!(move_onboarding(Some(&at(4, true)), &at(0, false), true).is_ok());
        assert!(matches!(move_onboarding(None, &at(1_001, false), false), Err(OnboardingRefused::Bad(_))));
    }

    #[test]
    fn a_clients_clock_is_believed_within_bounds() {
        let now = Utc::now();
        let hour = Duration::hours(1);
        assert_eq!(telemetry_time(Some(now - hour), now), now - hour);
        for wild in [now + hour, now - Duration::days(8)] {
            assert_eq!(telemetry_time(Some(wild), now), now);
        }
    }
}
