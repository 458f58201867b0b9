//! The signature of a webhook, scheme `v1`: HMAC-SHA256 of the time, a dot and the body, by the endpoint's secret
//! (`Stripe-Signature: t=1492774577,v1=5257a8…,v1=…`).

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The header that carries it.
pub const HEADER: &str = "stripe-signature";
/// How old, or how far ahead of our clock, an event may be, seconds: a recorded one cannot be played again later.
pub const TOLERANCE_SECS: u64 = 300;
/// Longest header that is looked at, bytes: several secrets while one is replaced, several schemes.
const HEADER_MAX: usize = 2_048;

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not of the form.
    #[error("the header Stripe-Signature is missing or not of the form t=…,v1=…")]
    Malformed,
    /// None of its signatures is ours.
    #[error("the signature does not fit: check the endpoint's secret (STRIPE_WEBHOOK_SECRET)")]
    Wrong,
    /// It is too old, or our clock is wrong.
    #[error("the event was signed more than {TOLERANCE_SECS} s from now: send it again, and check the clocks")]
    Stale,
}

fn mac(secret: &str, at: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(at.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

/// Checks the header of a webhook that came at `now` (Unix seconds).
///
/// # Errors
/// [`SignatureError`].
pub fn verify(secret: &str, header: &str, body: &[u8], now: i64) -> Result<(), SignatureError> {
    if header.len() > HEADER_MAX {
        return Err(SignatureError::Malformed);
    }
    let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
    let at = parts().find(|(name, _)| *name == "t").and_then(|(_, value)| value.parse::<i64>().ok());
    let at = at.ok_or(SignatureError::Malformed)?;
    let mut given =
        parts().filter(|(name, _)| *name == "v1").filter_map(|(_, value)| hex::decode(value).ok()).peekable();
    if given.peek().is_none() {
        return Err(SignatureError::Malformed);
    }
    // Compared in constant time; the time is looked at last, so that only who knows the secret learns of our clock.
    let fits = given.any(|given| mac(secret, at, body).is_some_and(|mac| mac.verify_slice(&given).is_ok()));
    if secret.is_empty() || !fits {
        return Err(SignatureError::Wrong);
    }
    if now.abs_diff(at) > TOLERANCE_SECS {
        return Err(SignatureError::Stale);
    }
    Ok(())
}

/// The header for a body, as Stripe makes it.
pub fn sign(secret: &str, body: &[u8], at: i64) -> String {
    let signature = mac(secret, at, body).map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default();
    format!("t={at},v1={signature}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_test";
    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    #[test]
    fn r53_only_what_the_secret_signed_lately_is_believed() {
        let now = 1_800_000_000;
        let header = sign(SECRET, BODY, now);
        assert_eq!(verify(SECRET, &header, BODY, now), Ok(()));
        assert_eq!(verify(SECRET, &header, BODY, now + 300), Ok(()));
        assert_eq!(verify(SECRET, &header, BODY, now + 301), Err(SignatureError::Stale));
        assert_eq!(verify(SECRET, &header, BODY, now - 301), Err(SignatureError::Stale));
        assert_eq!(verify("whsec_other", &header, BODY, now), Err(SignatureError::Wrong));
        assert_eq!(verify(SECRET, &header, b"{}", now), Err(SignatureError::Wrong));
        // The time is signed as well.
        let later = header.replace("t=1800000000", "t=1800000001");
        assert_eq!(verify(SECRET, &later, BODY, now), Err(SignatureError::Wrong));
    }

    #[test]
    fn one_of_several_signatures_is_enough_and_other_schemes_do_not_count() {
        let now = 1_800_000_000;
        let good = sign(SECRET, BODY, now);
        let (time, v1) = good.split_once(',').unwrap();
        assert_eq!(verify(SECRET, &format!("{time},v1={},{v1}", "00".repeat(32)), BODY, now), Ok(()));
        let v0 = v1.replace("v1=", "v0=");
        for bad in ["", "t=1", "v1=00", "t=x,v1=00", &format!("{time},{v0}"), &"t=1,".repeat(1_000)] {
            assert_eq!(verify(SECRET, bad, BODY, now), Err(SignatureError::Malformed), "{bad}");
        }
    }

    #[test]
    fn a_known_signature() {
        // Computed apart from this code: openssl dgst -sha256 -hmac whsec_test over "1492774577.{}".
        let header = sign(SECRET, b"{}", 1_492_774_577);
        assert_eq!(header, format!("t=1492774577,v1={}", KNOWN));
    }

    const KNOWN: &str = "0d0602f6611bd2252dd4b74b58a4528355a7380639a15e6cc21e3059d56d5b8b";
}
