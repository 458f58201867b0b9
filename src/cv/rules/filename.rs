//! Names of CV files (R10).

/// Characters of a file name.
pub const MAX_FILENAME_CHARS: usize = 120;

/// Checks a file name that somebody gave. `.json` is added where it is missing.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check(name: &str) -> Result<String, String> {
    let name = name.trim();
    if name.is_empty() {
        return Err("a file name cannot be empty".to_owned());
    }
    if name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')) {
        return Err("a file name cannot contain / \\ : * ? \" < > | or control characters".to_owned());
    }
    if name.starts_with('.') {
        return Err("a file name cannot start with a dot".to_owned());
    }
    let lower = name.to_lowercase();
    let name = if lower.ends_with(".json") { name.to_owned() } else { format!("{name}.json") };
    if name.chars().count() > MAX_FILENAME_CHARS {
        return Err(format!("a file name has at most {MAX_FILENAME_CHARS} characters"));
    }
    Ok(name)
}

/// A generated name: `<ms>.json`; `collisions` milliseconds later for each name that was taken (R10).
pub fn generated(now_ms: i64, collisions: i64) -> String {
    format!("{}.json", now_ms.saturating_add(collisions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r10_generated_names_step_aside_by_a_millisecond() {
        assert_eq!(generated(1_234_567_890, 0), "1234567890.json");
        assert_eq!(generated(1_234_567_890, 2), "1234567892.json");
        assert_eq!(check(&generated(1, 0)).unwrap(), "1.json");
    }

    #[test]
    fn r10_given_names_are_checked() {
        assert_eq!(check(" Mon CV ").unwrap(), "Mon CV.json");
        assert_eq!(check("a.JSON").unwrap(), "a.JSON");
        for bad in ["", "  ", "../x", "a/b", "a\\b", ".hidden", "a\nb", "a:b", &"x".repeat(200)] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
