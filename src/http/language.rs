//! In which language a browser wants to be spoken to.

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};
use estafette_protocol::cv::status::Lang;

/// Longest header that is looked at, bytes.
const MAX_HEADER: usize = 512;

/// The language that the sender of a request wants most among those that there are.
pub fn wanted(headers: &HeaderMap) -> Option<Lang> {
    accepted(headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?)
}

/// The same, from the header's value (`Accept-Language`, RFC 9110).
fn accepted(header: &str) -> Option<Lang> {
    if header.len() > MAX_HEADER {
        return None;
    }
    let mut wanted: Vec<(u32, Lang)> = Vec::new();
    for part in header.split(',') {
        let mut fields = part.split(';');
        let tag = fields.next().unwrap_or_default().trim().to_lowercase();
        let quality = fields.find_map(|field| field.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
        let language = tag.split('-').next().and_then(|word| word.parse::<Lang>().ok());
        if let (Some(language), true) = (language, quality > 0.0) {
            // Thousandths are all that the header has.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            wanted.push(((quality.clamp(0.0, 1.0) * 1000.0) as u32, language));
        }
    }
    // Of the same quality the first one counts.
    wanted.into_iter().rev().max_by_key(|(quality, _)| *quality).map(|(_, language)| language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wanted_language_that_there_is() {
        assert_eq!(accepted("fr-CA,fr;q=0.9,en;q=0.8"), Some(Lang::French));
        assert_eq!(accepted("de,en-GB;q=0.7,fr;q=0.3"), Some(Lang::English));
        assert_eq!(accepted("en,fr"), Some(Lang::English));
        assert_eq!(accepted("fr;q=0,en;q=0.1"), Some(Lang::English));
        assert_eq!(accepted("de, *"), None);
        assert_eq!(accepted(""), None);
    }
}
