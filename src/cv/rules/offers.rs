//! Identity of a job offer's source: what makes two uses the same offer (R16, D23).

use sha2::{Digest as _, Sha256};

/// Bytes of the text of a job offer that somebody pastes.
pub const MAX_OFFER_TEXT_BYTES: usize = 64 * 1024;
/// Characters below which a text cannot be a job offer.
pub const MIN_OFFER_TEXT_CHARS: usize = 40;
/// Bytes of an address.
pub const MAX_URL_BYTES: usize = 2048;
/// Bytes of an uploaded PDF (G12, section 4.3).
pub const MAX_PDF_BYTES: usize = 10 * 1024 * 1024;
/// Names tried for another file of the same name (D23) before giving up.
pub const MAX_NAME_TRIES: u32 = 50;

/// SHA-256 in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// `source_value` of a text: `text:` and 16 hex digits of its hash.
pub fn text_source_value(hash: &str) -> String {
    format!("text:{}", hash.get(..16).unwrap_or(hash))
}

/// The text as it is hashed and stored: line ends and outer blanks do not make another offer.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_text(text: &str) -> Result<String, String> {
    if text.len() > MAX_OFFER_TEXT_BYTES {
        return Err(format!("the text of a job offer has at most {} KiB", MAX_OFFER_TEXT_BYTES / 1024));
    }
    // Postgres cannot store NUL in a text.
    let text = text.replace("\r\n", "\n").replace('\0', " ");
    let text = text.trim();
    if text.chars().filter(|c| !c.is_whitespace()).count() < MIN_OFFER_TEXT_CHARS {
        return Err("this text is too short to be a job offer".to_owned());
    }
    Ok(text.to_owned())
}

/// Checks an address and gives it the form by which it is recognised again: without fragment, host in lower case.
/// Whether it may be fetched is the fetcher's decision, after DNS.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_url(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.len() > MAX_URL_BYTES {
        return Err(format!("an address has at most {MAX_URL_BYTES} bytes"));
    }
    let mut url = url::Url::parse(text).map_err(|error| format!("`{}` is not an address: {error}", short(text)))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("the address of a job offer starts with http:// or https://".to_owned());
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("the address has no host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("an address with a user name or password is not accepted".to_owned());
    }
    url.set_fragment(None);
    Ok(url.into())
}

/// The `n`th name for a file: `ad.pdf`, `ad (2).pdf`, … (D23).
pub fn numbered_name(name: &str, n: u32) -> String {
    if n <= 1 {
        return name.to_owned();
    }
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => format!("{stem} ({n}).{extension}"),
        _ => format!("{name} ({n})"),
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r16_the_same_source_is_recognised() {
        assert_eq!(check_url("https://Example.com/Job?id=1#apply").unwrap(), "https://example.com/Job?id=1");
        assert_eq!(check_url("https://example.com").unwrap(), check_url(" https://EXAMPLE.com/ ").unwrap());
        let a = check_text("We look for a developer who knows Rust and Postgres well.\r\nApply now.").unwrap();
        let b = check_text("\nWe look for a developer who knows Rust and Postgres well.\nApply now.  ").unwrap();
        assert_eq!(sha256_hex(a.as_bytes()), sha256_hex(b.as_bytes()));
        assert_eq!(text_source_value(&sha256_hex(a.as_bytes())).len(), "text:".len() + 16);
    }

    #[test]
    fn bad_sources_are_refused() {
        for bad in [
            "",
            "example.com",
            "ftp://example.com/x",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://u:p@example.com/",
        ] {
            assert!(check_url(bad).is_err(), "{bad:?}");
        }
        assert!(check_url(&format!("https://example.com/{}", "x".repeat(MAX_URL_BYTES))).is_err());
        assert!(check_text("short").is_err());
        assert!(check_text(&"x".repeat(MAX_OFFER_TEXT_BYTES + 1)).is_err());
    }

    #[test]
    fn d23_another_file_of_the_same_name_is_numbered() {
        assert_eq!(numbered_name("ad.pdf", 1), "ad.pdf");
        assert_eq!(numbered_name("ad.pdf", 2), "ad (2).pdf");
        assert_eq!(numbered_name("ad", 3), "ad (3)");
    }
}
