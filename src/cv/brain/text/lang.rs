//! Which language a text is written in: counted by its smallest words.

use super::{Memo, clip, fold, words};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The languages that can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    En,
    /// French.
    Fr,
    /// German.
    De,
    /// Spanish.
    Es,
    /// Italian.
    It,
    /// Portuguese.
    Pt,
    /// Dutch.
    Nl,
    /// Czech.
    Cs,
    /// Slovak.
    Sk,
    /// Polish.
    Pl,
    /// Japanese.
    Ja,
}

/// Texts whose language is remembered.
const MAX_REMEMBERED: usize = 2_048;
/// Characters that are read to decide.
const SAMPLE: usize = 20_000;

const SMALL: &[(Lang, &str)] = &[
    (Lang::En, "the and of to in for with you our we is are on your will be as this that an or at from have by who it"),
    (
        Lang::Fr,
        "le la les des et de du en un une pour vous nous dans sur avec est au aux que qui par votre vos nos ou ses sont plus d l j chez",
    ),
    (
        Lang::De,
        "der die das und mit fur du wir ist im von zu ein eine den dem auf dich deine oder sie ihre bei des als nicht sind",
    ),
    (Lang::Es, "el los las y con para del una por en que se su como al de tu es sus nuestro nuestra nuestros mas"),
    (Lang::It, "il lo gli di e con per della delle nel una che sono del dei alla siamo nostro anche al"),
    (Lang::Pt, "o os as e com para do da dos das em uma que no na um por sua nosso voce mais"),
    (Lang::Nl, "het een en van de je met voor op wij zijn bij ons jouw aan naar ook niet om te"),
    (Lang::Cs, "a v na se je s pro si nebo jsme ktere z do o po co mas te ve znalost jako tve nas k praci"),
    (Lang::Sk, "a v na sa je s pre si alebo sme ktore z do o po co mas vo znalost ako nas k pracu"),
    (Lang::Pl, "i w z na do oraz przy sie jest o od lub dla po ze znajomosc doswiadczenie pracy w"),
];

/// For each small word, the places in [`SMALL`] of the languages that have it.
static KNOWN_IN: LazyLock<HashMap<&str, Vec<usize>>> = LazyLock::new(|| {
    let mut known: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, (_, small)) in SMALL.iter().enumerate() {
        for word in small.split(' ') {
            let places = known.entry(word).or_default();
            if places.last() != Some(&at) {
                places.push(at);
            }
        }
    }
    known
});

impl Lang {
    /// The two letters of ISO 639-1.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
            Self::De => "de",
            Self::Es => "es",
            Self::It => "it",
            Self::Pt => "pt",
            Self::Nl => "nl",
            Self::Cs => "cs",
            Self::Sk => "sk",
            Self::Pl => "pl",
            Self::Ja => "ja",
        }
    }

    /// From `fr`, `fr-CA`, `FR_fr`; `None` for one that is not known here.
    pub fn parse(code: &str) -> Option<Self> {
        let code = code.trim().get(..2)?.to_ascii_lowercase();
        [Self::En, Self::Fr, Self::De, Self::Es, Self::It, Self::Pt, Self::Nl, Self::Cs, Self::Sk, Self::Pl, Self::Ja]
            .into_iter()
            .find(|lang| lang.code() == code)
    }

    /// The language of a text; `None` when it says too little.
    pub fn of(text: &str) -> Option<Self> {
        static TOLD: LazyLock<Memo<Option<Lang>>> = LazyLock::new(|| Memo::new(MAX_REMEMBERED, usize::MAX));
        TOLD.of(text, Self::of_now)
    }

    fn of_now(text: &str) -> Option<Self> {
        let sample = clip(text, SAMPLE);
        let kana = sample.chars().filter(|c| ('\u{3040}'..='\u{30ff}').contains(c)).count();
        if kana * 12 > sample.chars().filter(|c| c.is_alphabetic()).count() {
            return Some(Self::Ja);
        }
        let folded = fold(sample);
        let mut counts = [0usize; SMALL.len()];
        let mut total = 0;
        for word in words(&folded) {
            total += 1;
            for at in KNOWN_IN.get(word).map(Vec::as_slice).unwrap_or_default() {
                if let Some(count) = counts.get_mut(*at) {
                    *count += 1;
                }
            }
        }
        let (best, lang) =
            counts.iter().zip(SMALL).map(|(count, (lang, _))| (*count, *lang)).rev().max_by_key(|(count, _)| *count)?;
        // Czech and Slovak share most small words; some letters are only in one of them.
        let lang = match lang {
            Self::Cs | Self::Sk => {
                let czech = sample.chars().filter(|c| "ěřů".contains(*c)).count();
                let slovak = sample.chars().filter(|c| "ľĺŕäô".contains(*c)).count();
                if slovak > czech { Self::Sk } else { Self::Cs }
            }
            lang => lang,
        };
        (best >= 2 && best * 25 >= total).then_some(lang)
    }

    /// Whether rules here can write in it.
    pub const fn is_written(self) -> bool {
        matches!(self, Self::En | Self::Fr)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_apart() {
        for (text, lang) in [
            ("We are looking for an engineer to join our team in London.", Lang::En),
            ("Nous recherchons un développeur pour rejoindre notre équipe à Paris.", Lang::Fr),
            ("Wir suchen einen Entwickler für unser Team in Berlin und bieten dir die Freiheit", Lang::De),
            ("Buscamos un desarrollador para el equipo de la empresa en Lima con experiencia", Lang::Es),
            ("Hledáme nového kolegu do týmu, který se nebojí práce na síťových prvcích a v terénu", Lang::Cs),
            ("znajomość technologii oraz doświadczenie w pracy przy tworzeniu aplikacji i do", Lang::Pl),
            ("非常に制約の厳しい職場環境で、様々な業務改善を提案しました。", Lang::Ja),
        ] {
            assert_eq!(Lang::of(text), Some(lang), "{text}");
        }
        assert_eq!(Lang::of("PHP Symfony"), None);
        assert_eq!(Lang::of(""), None);
    }

    #[test]
    fn codes_are_parsed_with_their_region() {
        assert_eq!(Lang::parse("fr-CA"), Some(Lang::Fr));
        assert_eq!(Lang::parse("EN_us"), Some(Lang::En));
        assert_eq!(Lang::parse("é"), None);
        assert_eq!(Lang::parse("xx"), None);
    }
}
