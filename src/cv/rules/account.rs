//! E-mail addresses and passwords (R1, R2).

/// Bytes of an e-mail address (RFC 5321's path, without the angle brackets).
pub const MAX_EMAIL_BYTES: usize = 254;
/// Characters a password must have.
pub const MIN_PASSWORD_CHARS: usize = 8;
/// Bytes of a password: bcrypt ignores what comes after, so more is refused instead of silently cut.
pub const MAX_PASSWORD_BYTES: usize = 72;
/// Characters of a person's name.
pub const MAX_NAME_CHARS: usize = 120;
/// The least cost of a bcrypt hash (R2).
pub const BCRYPT_COST: u32 = 12;

/// An e-mail address in lower case: the form in which accounts are compared (R1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Checks and takes an address.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() > MAX_EMAIL_BYTES {
            return Err(format!("an e-mail address has at most {MAX_EMAIL_BYTES} bytes"));
        }
        let Some((local, domain)) = text.rsplit_once('@') else {
            return Err("an e-mail address has the form name@example.com".to_owned());
        };
        let bad_char = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '<' | '>' | '"' | ',' | ';');
        let domain_ok = domain.contains('.')
            && domain.split('.').all(|label| {
                !label.is_empty()
                    && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            });
        if local.is_empty() || local.len() > 64 || local.chars().any(bad_char) || !domain_ok {
            return Err("an e-mail address has the form name@example.com".to_owned());
        }
        // The database compares with lower(); stay with what it does for ASCII and beyond.
        Ok(Self(text.to_lowercase()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks a new password.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_password(password: &str) -> Result<(), String> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Err(format!("a password has at least {MIN_PASSWORD_CHARS} characters"));
    }
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(format!("a password has at most {MAX_PASSWORD_BYTES} bytes"));
    }
    if password.contains('\0') {
        return Err("a password cannot contain a zero character".to_owned());
    }
    Ok(())
}

/// Checks a person's name; blank is none.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_name(name: Option<&str>) -> Result<Option<String>, String> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else { return Ok(None) };
    if name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(format!("a name has at most {MAX_NAME_CHARS} printable characters"));
    }
    Ok(Some(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r1_addresses_are_compared_in_lower_case() {
        assert_eq!(Email::parse(" Ana.Gil@Example.COM ").unwrap().as_str(), "ana.gil@example.com");
        for bad in ["", "a", "a@b", "@b.c", "a@", "a b@c.d", "a@b..c", "a@-b.c", "<a@b.c>", "a@b@c.d", "a\u{0}@b.c"] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Email::parse(&format!("{}@example.com", "x".repeat(250))).is_err());
        assert!(Email::parse("jörg@müller.example").is_ok());
    }

    #[test]
    fn r2_passwords_are_bounded_because_bcrypt_cuts() {
        assert!(check_password("01234567").is_ok());
        assert!(check_password("0123456").is_err());
        assert!(check_password(&"x".repeat(72)).is_ok());
        assert!(check_password(&"x".repeat(73)).is_err());
        assert!(check_password("0123456789\0").is_err());
    }

    #[test]
    fn blank_names_are_none() {
        assert_eq!(check_name(Some("  ")).unwrap(), None);
        assert_eq!(check_name(Some(" Ana ")).unwrap().as_deref(), Some("Ana"));
        assert!(check_name(Some(&"x".repeat(121))).is_err());
    }
}
