//! Bytes as text: by byte order mark, by the header, by what the page says of itself, or as what they look like.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// As many bytes are searched for a `<meta>` that names the charset, as browsers do.
const META_BYTES: usize = 2_048;

/// Decodes a body; never fails, what is not of the charset becomes the replacement character.
pub fn decode(body: &[u8], content_type: &str, is_html: bool) -> String {
    // A byte order mark wins over all that is said, and is not part of the text.
    if let Some((encoding, mark)) = Encoding::for_bom(body) {
        return encoding.decode_without_bom_handling(&body[mark..]).0.into_owned();
    }
    let declared =
        label_after(&content_type.to_ascii_lowercase(), "charset").or_else(|| is_html.then(|| meta(body))?);
    let encoding = match declared {
        Some(encoding) => encoding,
        None if std::str::from_utf8(body).is_ok() => UTF_8,
        None => WINDOWS_1252,
    };
    encoding.decode_without_bom_handling(body).0.into_owned()
}

/// `<meta charset="…">` or `<meta http-equiv … content="…; charset=…">`.
fn meta(body: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(&body[..body.len().min(META_BYTES)]).to_ascii_lowercase();
    start
        .split("<meta")
        .skip(1)
        .find_map(|meta| label_after(meta.split('>').next()?, "charset"))
        // A page that can be read up to this point as single bytes is not UTF-16, whatever it says.
        .map(|encoding| if encoding.is_ascii_compatible() { encoding } else { UTF_8 })
}

fn label_after(text: &str, word: &str) -> Option<&'static Encoding> {
    let after = text.split_once(word)?.1.trim_start().strip_prefix('=')?.trim_start();
    let label = after.trim_start_matches(['"', '\'']).split(['"', '\'', ';', ' ', '/']).next()?;
    Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_of_the_charset_is_honoured_in_its_order() {
        assert_eq!(decode(b"\xe9t\xe9", "text/html; charset=ISO-8859-1", true), "été");
        assert_eq!(decode(b"\xe9t\xe9", "text/html; Charset=\"windows-1252\"", true), "été");
        assert_eq!(decode(b"<meta charset='iso-8859-2'>\xb3", "text/html", true), "<meta charset='iso-8859-2'>ł");
        let old = b"<META http-equiv=Content-Type content='text/html; charset=windows-1251'>\xc0";
        assert!(decode(old, "text/html", true).ends_with('А'));
        assert_eq!(decode("\u{feff}été".as_bytes(), "text/html; charset=iso-8859-1", true), "été");
        assert_eq!(decode(b"\xff\xfea\0\xe9\0", "text/html", true), "aé");
        assert_eq!(decode("été".as_bytes(), "", false), "été");
        assert_eq!(decode(b"\xe9t\xe9", "", false), "été");
        assert_eq!(decode(b"<meta charset=utf-16>a", "", true), "<meta charset=utf-16>a");
    }
}
