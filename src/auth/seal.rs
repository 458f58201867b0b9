//! What is kept encrypted: AES-256-GCM with a key of the server, so that a copy of the database opens nothing.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::sync::Arc;

/// Encrypts and decrypts small texts. Cheap to clone.
#[derive(Clone)]
pub struct Sealer(Arc<RandomizedNonceKey>);

/// Why a sealed text cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The system gave no random numbers, or the text is far too long.
    #[error("the text cannot be encrypted")]
    NotSealed,
    /// It was sealed with another key or for another place, or changed since.
    #[error("the text cannot be decrypted: was the server's key changed?")]
    NotOpened,
}

impl Sealer {
    /// With a key derived from a secret for one purpose: texts that are sealed for one cannot be opened for another.
    ///
    /// # Errors
    /// [`SealError::NotSealed`]: never, the derived key has the right length.
    pub fn derived(secret: &[u8], purpose: &str) -> Result<Self, SealError> {
        let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), purpose.as_bytes());
        let key = RandomizedNonceKey::new(&AES_256_GCM, key.as_ref()).map_err(|_| SealError::NotSealed)?;
        Ok(Self(Arc::new(key)))
    }

    /// Encrypts. `place` says where the text is kept (a row's id): elsewhere it cannot be opened.
    ///
    /// # Errors
    /// [`SealError::NotSealed`].
    pub fn seal(&self, place: &str, text: &str) -> Result<String, SealError> {
        let mut sealed = text.as_bytes().to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut sealed);
        let nonce = nonce.map_err(|_| SealError::NotSealed)?;
        Ok(STANDARD_NO_PAD.encode([nonce.as_ref().as_slice(), &sealed].concat()))
    }

    /// Decrypts.
    ///
    /// # Errors
    /// [`SealError::NotOpened`].
    pub fn open(&self, place: &str, sealed: &str) -> Result<String, SealError> {
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| SealError::NotOpened)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN).ok_or(SealError::NotOpened)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::NotOpened)?;
        let mut sealed = sealed.to_vec();
        let text = self.0.open_in_place(nonce, Aad::from(place.as_bytes()), &mut sealed);
        let text = text.map_err(|_| SealError::NotOpened)?.to_vec();
        String::from_utf8(text).map_err(|_| SealError::NotOpened)
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(not shown)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g14_what_is_sealed_opens_with_its_key_in_its_place_and_unchanged_only() {
        let sealer = Sealer::derived(b"a secret", "x").unwrap();
        let sealed = sealer.seal("row 1", "geheim – ça").unwrap();
        assert!(!sealed.contains("geheim"));
        assert_ne!(sealed, sealer.seal("row 1", "geheim – ça").unwrap(), "each time with another nonce");
        assert_eq!(sealer.open("row 1", &sealed).unwrap(), "geheim – ça");
        assert_eq!(sealer.open("row 2", &sealed), Err(SealError::NotOpened));
        assert!(Sealer::derived(b"a secret", "y").unwrap().open("row 1", &sealed).is_err());
        assert!(Sealer::derived(b"another", "x").unwrap().open("row 1", &sealed).is_err());
        let other = if sealed.ends_with('A') { 'B' } else { 'A' };
        for broken in ["", "AAAA", "ü", &format!("{}{other}", &sealed[..sealed.len() - 1])] {
            assert!(sealer.open("row 1", broken).is_err(), "{broken}");
        }
    }
}
