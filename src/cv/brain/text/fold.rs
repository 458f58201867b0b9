//! Folding: lower case, no accents, plain quotes and dashes, so that one spelling finds all.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A folded text that knows where each of its bytes came from.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    /// The folded text.
    pub text: String,
    /// For each byte of `text`, the byte of the source where its character begins; one more entry for the end.
    origin: Vec<u32>,
}

impl Folded {
    /// Folds a text. Longer ones than [`super::MAX_CHARS`] are cut.
    pub fn new(source: &str) -> Self {
        let source = super::clip(source, super::MAX_CHARS);
        let mut folded =
            Self { text: String::with_capacity(source.len()), origin: Vec::with_capacity(source.len() + 1) };
        for (at, c) in source.char_indices() {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            each_folded(c, |out| {
                folded.text.push(out);
                folded.origin.resize(folded.text.len(), at);
            });
        }
        folded.origin.push(u32::try_from(source.len()).unwrap_or(u32::MAX));
        folded
    }

    /// The bytes of the source that became `from..to` of the folded text.
    pub fn source(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        let at = |index: usize| self.origin.get(index).or(self.origin.last()).map_or(0, |at| *at as usize);
        at(from)..at(to).max(at(from))
    }
}

/// The folded text.
pub fn fold(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    for c in super::clip(source, super::MAX_CHARS).chars() {
        each_folded(c, |c| out.push(c));
    }
    out
}

fn each_folded(c: char, mut out: impl FnMut(char)) {
    if c.is_ascii() {
        return out(c.to_ascii_lowercase());
    }
    match c {
        '’' | '‘' | '‛' | 'ʼ' | '´' | '`' => out('\''),
        '“' | '”' | '«' | '»' | '„' => out('"'),
        '–' | '—' | '−' | '‑' | '‐' | '‒' | '―' => out('-'),
        '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{3000}' => out(' '),
        '\u{ad}' | '\u{200b}' | '\u{feff}' | '\u{200d}' => {}
        'œ' | 'Œ' => ['o', 'e'].into_iter().for_each(out),
        'æ' | 'Æ' => ['a', 'e'].into_iter().for_each(out),
        'ß' => ['s', 's'].into_iter().for_each(out),
        'ø' | 'Ø' => out('o'),
        'ł' | 'Ł' => out('l'),
        'đ' | 'Đ' => out('d'),
        '·' | '∙' | '•' | '▪' | '●' | '◦' | '‣' | '○' | '■' => out('·'),
        // Kana lose meaning with their marks: only letters of alphabets are taken apart.
        c if ('\u{3040}'..='\u{30ff}').contains(&c) => out(c),
        c => c.nfkd().filter(|part| !is_combining_mark(*part)).flat_map(char::to_lowercase).for_each(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_removes_case_accents_and_typography() {
        assert_eq!(fold("Développeur·se « Œuvre » — L’Été ﬁn"), "developpeur·se \" oeuvre \" - l'ete fin");
        assert_eq!(fold("Plzeň Łódź STRASSE ß"), "plzen lodz strasse ss");
        assert_eq!(fold("バーチャル"), "バーチャル");
    }

    #[test]
    fn folded_text_knows_its_source() {
        let source = "Été: Œuvre C++";
        let folded = Folded::new(source);
        let at = folded.text.find("c++").unwrap();
        assert_eq!(source.get(folded.source(at, at + 3)), Some("C++"));
        let at = folded.text.find("oeuvre").unwrap();
        assert_eq!(source.get(folded.source(at, at + 6)), Some("Œuvre"));
    }
}
