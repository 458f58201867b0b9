//! Contract, remote work and experience.

use super::parts::{Part, Said};
use super::posting::Posting;
use crate::cv::brain::text::fold;
use crate::cv::brain::text::pattern::patterns;
use crate::cv::brain::types::{Contract, JobExperience, Remote};

patterns! {
    CDI = r"\bcdi\b|contract:?\s+permanent|permanent,? (full|part)[- ]time|permanent (contract|position|role|job|employment|full)|contrat permanent|contract duration:? permanent|^permanent$|unbefristet|duree indeterminee|na dobu neurcitou|smlouvu na dobu neurc|umowa o prace|contrato indefinido|indeterminate|poste permanent|tiempo indefinido";
    CDD = r"\bcdd\b|fixed[- ]term|temporary (contract|position|role)|duree determinee|befristet(er|e|es)?\b|na dobu urcitou|contrato temporal|term position|poste temporaire|maternity cover";
    FREELANCE = r"\bfreelance|\btjm\b|independant\(?e?\)?s?\b|contractor|self-employed|\bb2b contract|autonomo\b|portage salarial|day rate|freiberuf";
    STAGE = r"\bstage\b|\bstagiaire|\binternship|\bintern\b|praktikum|\bpracticas\b|becario|\bstaz\b|pasant|trainee\b";
    ALTERNANCE = r"alternance|alternant|apprenti|contrat de pro(fessionnalisation)?\b|apprenticeship|ausbildungsplatz|work-study";
    LATE_STAGE = r"late[- ]stage|early[- ]stage|stage (start|of|company)|any stage|each stage|every stage|different stages|seed|growth";
    FULL = concat!(
        r"100 ?% ?(a distance|remote|home|teletravail|en teletravail)|full(y)?[- ]?remote|teletravail (total|complet|100)|full teletravail|remote[- ](only|first)|",
        r"(all|this)( our| roles?| position)? (are|is) (a )?(100% |fully )?remote|work from anywhere|anywhere in the world|entierement a distance|",
        r"\(?100% remote|remote (anywhere|within|in the)|location:? ?remote|location options:? ?remote|^remote$|telecommute|largely work distributed|travaillons en grande partie de maniere distribuee|full-remote|completely remote"
    );
    HYBRID = concat!(
        r"hybrid|teletravail (partiel|frequent|occasionnel|possible|ponctuel|\d)|(\d|un|deux|trois|one|two|three) (jours?|days?)[^.]{0,30}(teletravail|remote|from home|a distance|au bureau|in the office)|",
        r"partially remote|partial remote|limited remote|remote (working )?(is )?(an option|possible|friendly|days|work option)|homeoffice|home[- ]office|home office|work(ing)? from home|prace z domova|praca zdalna|teletrabajo|travail a distance|teletravail|remote"
    );
    ONSITE = r"on[- ]?site only|no remote|not remote|pas de teletravail|teletravail non|sur site uniquement|100 ?% sur site|in[- ]office only|presentiel|\bonsite\b|on-site position";
    NOT_REMOTE_WORK = r"remote (desktop|access|teams?\b|control|sensing|sites?|jobs?\b|companies|hiring|work(ing)? (tools|resources|trends))|access remote";
    YEARS_RANGE = r"(\d{1,2})\s*(?:-|a|to|et|bis|do)\s*(\d{1,2})\s*\+?\s*(?:ans?\b|annees?|years?|yrs?|jahren?|let\b|lat\b|roky|anos)";
    YEARS_MIN = concat!(
        r"(?:min(?:imum|imal|\.)?|at least|au moins|mindestens|plus de|more than|over|alespon|>=?|superieure? a|a partir de|al menos)\s*(?:of\s*|de\s*|d'\s*)?",
        r"(\d{1,2}|one|two|three|four|five|six|seven|eight|ten|un|deux|trois|quatre|cinq|sept|huit|dix)[- ]?\s*(?:\+\s*)?(?:ans?\b|annees?|years?|yrs?|jahren?|jahre|let\b|lat\b|letni\w*|roky|anos)"
    );
    YEARS_PLAIN = concat!(
        r"(\d{1,2}|one|two|three|four|five|six|seven|eight|ten|deux|trois|quatre|cinq|sept|huit|dix)\s*(?:\(\d{1,2}\)\s*)?(\+|ans et plus|ou plus)?\s*",
        r"(?:ans?\b|annees?|years?'?|yrs?|jahren?|jahre|let\b|lat\b|roky|anos)\s*(\+|et plus|or more|minimum|ou plus)?"
    );
    EXPERIENCE = r"experien|exp\.|doswiadczen|erfahrung|zkusenost|praxe|praxis|anciennete|background|track record|worked|working as";
    OF_COMPANY = r"(depuis|since|founded|fondee?|cree|for over|history|histoire|tradic|existence|anniversa|ans d'existence|we have been|years ago|il y a|last|past|next|prochaines|per year|par an|ans de croissance|years in business|old\b|our .{0,20}years)";
    JUNIOR = r"\bjunior\b|\bdebutant|\bgraduate\b|entry[- ]level|absolvent|jeune diplome|berufseinsteiger|early career|\bjr\b";
    SENIOR = r"\bsenior\b|\bconfirme\b|\bexperimente\b|\bsr\b|seniorni|mid-senior";
    LEAD = r"\blead\b|\bprincipal\b|principale?\b|\bstaff\b|\bhead of\b|\bdirecteur\b|\bdirectrice\b|\bdirector\b|\bexpert\b|tech lead|chief";
    MID = r"\bmid[- ]level|\bintermediate\b|\bmedior\b|\bassociate\b";
}

pub(super) fn contract(title: &str, posting: &Posting, said: &[Said], chips: &[String]) -> Option<Contract> {
    let in_text = |text: &str| {
        // "stage" is an everyday word in English: an internship only where it is the kind of job.
        if ALTERNANCE.is_in(text) {
            return Some(Contract::Alternance);
        }
        if STAGE.is_in(text) && !LATE_STAGE.is_in(text) {
            return Some(Contract::Stage);
        }
        None
    };
    if let Some(found) = in_text(&fold(title)) {
        return Some(found);
    }
    for kind in &posting.employment {
        match kind.to_uppercase().as_str() {
            "INTERN" | "INTERNSHIP" => return Some(Contract::Stage),
            "CONTRACTOR" | "CONTRACT" => return Some(Contract::Freelance),
            "TEMPORARY" => return Some(Contract::Cdd),
            "APPRENTICESHIP" => return Some(Contract::Alternance),
            _ => {}
        }
    }
    let exact = |text: &str| {
        if CDI.is_in(text) {
            Some(Contract::Cdi)
        } else if CDD.is_in(text) {
            Some(Contract::Cdd)
        } else if FREELANCE.is_in(text) {
            Some(Contract::Freelance)
        } else {
            None
        }
    };
    let short = |text: &str| text.split(' ').count() <= 6;
    chips.iter().find_map(|chip| exact(chip).or_else(|| in_text(chip).filter(|_| short(chip)))).or_else(|| {
        let lines = || {
            said.iter()
                .filter(|said| !matches!(said.part, Part::Company | Part::Process))
                .map(|said| said.line.folded.as_str())
        };
        lines().find_map(exact).or_else(|| {
            lines()
                .filter(|line| {
                    short(line) && (line.contains("contrat") || line.contains("stage") || line.contains("intern"))
                })
                .find_map(in_text)
        })
    })
}

pub(super) fn remote(title: &str, posting: &Posting, said: &[Said], chips: &[String]) -> Option<Remote> {
    let title = fold(title);
    let lines: Vec<&str> = chips
        .iter()
        .map(String::as_str)
        .chain(said.iter().filter(|said| said.part != Part::Process).map(|said| said.line.folded.as_str()))
        .filter(|line| !NOT_REMOTE_WORK.is_in(line))
        .collect();
    if lines.iter().any(|line| ONSITE.is_in(line)) {
        return Some(Remote::Onsite);
    }
    if posting.telecommute
        || lines.iter().any(|line| FULL.is_in(line))
        || title.contains("remote")
        || title.contains("teletravail")
    {
        return Some(Remote::Full);
    }
    lines.iter().any(|line| HYBRID.is_in(line)).then_some(Remote::Hybrid)
}

pub(super) fn experience(title: &str, posting: &Posting, said: &[Said], chips: &[String]) -> JobExperience {
    let mut found = JobExperience::default();
    if let Some(months) = posting.months.filter(|months| *months > 0.0 && *months < 600.0) {
        found.min_years = Some((months / 12.0 * 10.0).round() / 10.0);
    }
    let lines = |wanted: fn(Part) -> bool| {
        said.iter().filter(move |said| wanted(said.part)).map(|said| said.line.folded.as_str())
    };
    if found.min_years.is_none() {
        let in_title = fold(title);
        let years = chips
            .iter()
            .filter(|chip| chip.split(' ').count() <= 5)
            .find_map(|chip| years(chip, true))
            .or_else(|| years(&in_title, true))
            .or_else(|| {
                lines(|part| matches!(part, Part::Required | Part::Technologies)).find_map(|line| years(line, false))
            })
            .or_else(|| {
                lines(|part| !matches!(part, Part::Company | Part::Benefits | Part::Process))
                    .find_map(|line| years(line, false))
            })
            .or_else(|| posting.experience.as_deref().and_then(|text| years(&fold(text), true)));
        if let Some((min, max)) = years {
            found.min_years = Some(min);
            found.max_years = max;
        }
    }
    found.level = level(title, posting, said, chips);
    found
}

/// Years in a line that speaks of experience (`sure`: the line speaks of nothing else).
fn years(line: &str, sure: bool) -> Option<(f64, Option<f64>)> {
    if !sure && !EXPERIENCE.is_in(line) {
        return None;
    }
    if let Some(found) = YEARS_RANGE.groups(line) {
        let (min, max) = (number(found.get(1)?.as_str())?, number(found.get(2)?.as_str())?);
        if min < max && max <= 30.0 {
            return Some((min, Some(max)));
        }
    }
    if OF_COMPANY.is_in(line) && !line.contains("vous") && !line.contains("you have") && !sure {
        return None;
    }
    let plausible = |years: f64| (1.0..=25.0).contains(&years).then_some((years, None));
    if let Some(found) = YEARS_MIN.groups(line) {
        return number(found.get(1)?.as_str()).and_then(plausible);
    }
    let found = YEARS_PLAIN.groups(line)?;
    number(found.get(1)?.as_str()).and_then(plausible)
}

fn number(text: &str) -> Option<f64> {
    Some(match text {
        "un" | "one" => 1.0,
        "two" | "deux" => 2.0,
        "three" | "trois" => 3.0,
        "four" | "quatre" => 4.0,
        "five" | "cinq" => 5.0,
        "six" => 6.0,
        "seven" | "sept" => 7.0,
        "eight" | "huit" => 8.0,
        "ten" | "dix" => 10.0,
        digits => digits.parse().ok()?,
    })
}

fn level(title: &str, posting: &Posting, said: &[Said], chips: &[String]) -> Option<String> {
    let word = |text: &str| {
        let both = JUNIOR.is_in(text) && SENIOR.is_in(text);
        match () {
            () if both => None,
            () if JUNIOR.is_in(text) => Some("junior"),
            () if SENIOR.is_in(text) => Some("senior"),
            () if LEAD.is_in(text) => Some("lead"),
            () if MID.is_in(text) => Some("mid"),
            () => None,
        }
    };
    let title = fold(title);
    word(&title)
        .or_else(|| posting.experience.as_deref().and_then(|text| word(&fold(text)).filter(|_| text.len() < 60)))
        .or_else(|| chips.iter().filter(|chip| chip.split(' ').count() <= 4).find_map(|chip| word(chip)))
        .or_else(|| {
            // "Experience level: Senior", "Seniority level / Entry level".
            let lines: Vec<&str> = said.iter().map(|said| said.line.folded.as_str()).collect();
            lines.iter().enumerate().find_map(|(at, line)| {
                let label = line.starts_with("experience level")
                    || line.starts_with("seniority level")
                    || line.starts_with("niveau d'experience");
                if !label || line.len() > 60 {
                    return None;
                }
                word(line.trim_start_matches("seniority level"))
                    .or_else(|| lines.get(at + 1).filter(|next| next.len() < 30).and_then(|next| word(next)))
            })
        })
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r15_years_of_experience() {
        for (text, expected) in [
            ("3+ years embedded firmware development experience with c", Some((3.0, None))),
            ("3 a 5 ans d'experience", Some((3.0, Some(5.0)))),
            ("experience: 2-4 years", Some((2.0, Some(4.0)))),
            ("minimum 4 ans d'experience", Some((4.0, None))),
            ("at least five years of experience", Some((5.0, None))),
            ("min. 3-letnie doswiadczenie komercyjne", Some((3.0, None))),
            ("mindestens 3 jahre berufserfahrung", Some((3.0, None))),
            ("our experience: founded 20 years ago", None),
            ("we are 30 years old", None),
        ] {
            assert_eq!(years(text, false), expected, "{text}");
        }
        assert_eq!(years("> 4 ans", true), Some((4.0, None)));
    }

    #[test]
    fn r15_contracts_are_told_from_everyday_words() {
        let chips = |text: &str| vec![text.to_owned()];
        let none = Posting::default();
        assert_eq!(contract("Dev", &none, &[], &chips("cdi")), Some(Contract::Cdi));
        assert_eq!(contract("Stage - Développeur", &none, &[], &[]), Some(Contract::Stage));
        assert_eq!(contract("Alternance RH", &none, &[], &[]), Some(Contract::Alternance));
        assert_eq!(contract("Internal auditor", &none, &[], &[]), None);
        assert_eq!(contract("Early stage engineer", &none, &[], &[]), None);
    }
}
