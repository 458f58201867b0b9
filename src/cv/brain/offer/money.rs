//! Salaries in text: "45–55 k€", "£50,000 - £60,000 per annum", "TJM 500 €".

use super::posting::PostedSalary;
use crate::cv::brain::text::pattern::patterns;
use crate::cv::brain::types::{JobSalary, SalaryPeriod};

patterns! {
    RANGE = concat!(
        r"(?P<c1>€|\$|£|\beur(?:os?)?|\busd|\bgbp|\bchf|\bcad|us\$|ca\$|c\$)?\s*(?P<a>\d{1,3}(?:[ .,']\d{3})+|\d+(?:[.,]\d+)?)\s*(?P<ka>k)?\s*(?P<c2>€|\$|£|euros?\b|eur\b|usd\b|gbp\b|chf\b|cad\b|pln\b|zl\b|kc\b|czk\b)?",
        r"\s*(?:-|a|to|et|and|bis|do|/)\s*",
        r"(?P<c3>€|\$|£|\beur(?:os?)?|\busd|\bgbp|\bchf|\bcad|us\$|ca\$|c\$)?\s*(?P<b>\d{1,3}(?:[ .,']\d{3})+|\d+(?:[.,]\d+)?)\s*(?P<kb>k)?\s*(?P<c4>€|\$|£|euros?\b|eur\b|usd\b|gbp\b|chf\b|cad\b|pln\b|zl\b|kc\b|czk\b)?(?P<after>.{0,40})"
    );
    SINGLE = r"(?P<c1>€|\$|£|\beur(?:os?)?|\busd|\bgbp|\bchf|\bcad|us\$|ca\$|c\$)?\s*(?P<a>\d{1,3}(?:[ .,']\d{3})+|\d+(?:[.,]\d+)?)\s*(?P<ka>k)?\s*(?P<c2>€|\$|£|euros?\b|eur\b|usd\b|gbp\b|chf\b|cad\b|pln\b|zl\b|kc\b|czk\b)?(?P<after>.{0,40})";
    CUE = concat!(
        r"salair|salar|remunerat|compensation|\bpay\b|\bpackage\b|\btjm\b|gehalt|mzda|wynagrodz|sueldo|\bfixe\b|\bbrut|\bwage|\bgross\b|",
        r"daily rate|day rate|per annum|par an\b|annuel|ote\b|vergutung|retribu"
    );
    MONEY_OF_OTHERS = r"raised|funding|levee|leve \d|revenue|chiffre d'affaires|turnover|million|billion|milliard|\bmd\b|series [abc]|valuation|budget|cagnotte|cheque|prime de|cooptation|bonus of|referral|stipend|tickets?";
    DAY = r"\btjm\b|/ ?j(our)?\b|par jour|per day|daily|/ ?day|a day|pro tag|jour\b|day rate";
    HOUR = r"/ ?h(eure|our)?\b|per hour|hourly|de l'heure|par heure|an hour|pro stunde|/ ?hr\b|horaire";
    MONTH = r"/ ?m(ois|onth)\b|par mois|per month|monthly|mensuel|a month|pro monat|monatlich|mesic|miesi|al mes|/ ?mo\b";
    YEAR = r"/ ?(an|year|yr|annum)\b|par an\b|per (annum|year)|annual|annuel|yearly|a year|\bp\.? ?a\b|pro jahr|jahrlich|jahresgehalt|al ano|rocne|rocznie";
    UP_TO = r"(up to|jusqu'a|max(imum)?\.?|bis zu|hasta)\W*$";
}

/// The pay that a posting names.
pub(super) fn posted(posted: &PostedSalary) -> JobSalary {
    let unit = posted.unit.as_deref().unwrap_or("").to_uppercase();
    let period = match unit.as_str() {
        "YEAR" | "ANN" | "ANNUAL" | "YEARLY" => Some(SalaryPeriod::Year),
        "MONTH" | "MON" | "MONTHLY" => Some(SalaryPeriod::Month),
        "WEEK" | "WEE" => Some(SalaryPeriod::Week),
        "DAY" | "DAILY" => Some(SalaryPeriod::Day),
        "HOUR" | "HUR" | "HOURLY" => Some(SalaryPeriod::Hour),
        _ => posted.max.or(posted.min).and_then(guess_period),
    };
    JobSalary { min: posted.min, max: posted.max, currency: posted.currency.as_ref().map(|c| c.to_uppercase()), period }
}

/// The first pay that the lines name; the offer's own, not a funding round.
pub(super) fn from_lines<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> JobSalary {
    lines.clone().find_map(range).or_else(|| lines.clone().find_map(single)).unwrap_or_default()
}

fn range(line: &str) -> Option<JobSalary> {
    let cue = CUE.is_in(line);
    RANGE.all(line).into_iter().find_map(|found| {
        let group = |name| found.name(name).map(|group| group.as_str());
        let currency = ["c1", "c2", "c3", "c4"].into_iter().find_map(group).and_then(currency);
        let kilo = group("kb").is_some() || group("ka").is_some();
        if currency.is_none() && !(cue && kilo) && !(cue && is_written_big(group("b"))) {
            return None;
        }
        let after = group("after").unwrap_or("");
        if is_millions(after) || !cue && MONEY_OF_OTHERS.is_in(line) {
            return None;
        }
        let factor = if kilo { 1000.0 } else { 1.0 };
        let (mut min, mut max) = (amount(group("a")?)? * factor, amount(group("b")?)? * factor);
        // "45 000 - 55k": only one of them is in thousands.
        if kilo && min >= 1_000_000.0 {
            min /= 1000.0;
        }
        if kilo && max >= 1_000_000.0 {
            max /= 1000.0;
        }
        finish(Some(min), Some(max), currency, line, after)
    })
}

fn single(line: &str) -> Option<JobSalary> {
    if !CUE.is_in(line) || MONEY_OF_OTHERS.is_in(line) {
        return None;
    }
    SINGLE.all(line).into_iter().find_map(|found| {
        let group = |name| found.name(name).map(|group| group.as_str());
        let currency = ["c1", "c2"].into_iter().find_map(group).and_then(currency);
        let kilo = group("ka").is_some();
        if currency.is_none() && !kilo {
            return None;
        }
        let after = group("after").unwrap_or("");
        if is_millions(after) {
            return None;
        }
        let value = amount(group("a")?)? * if kilo { 1000.0 } else { 1.0 };
        let before = found.get(0).and_then(|all| line.get(..all.start())).unwrap_or("");
        let (min, max) = if UP_TO.is_in(before) { (None, Some(value)) } else { (Some(value), None) };
        finish(min, max, currency, line, after)
    })
}

fn finish(
    min: Option<f64>,
    max: Option<f64>,
    currency: Option<&'static str>,
    line: &str,
    after: &str,
) -> Option<JobSalary> {
    let most = max.or(min)?;
    if min.zip(max).is_some_and(|(min, max)| min > max) || !(5.0..=5_000_000.0).contains(&most) {
        return None;
    }
    let say = |text: &str| {
        [
            (&YEAR, SalaryPeriod::Year),
            (&MONTH, SalaryPeriod::Month),
            (&DAY, SalaryPeriod::Day),
            (&HOUR, SalaryPeriod::Hour),
        ]
        .into_iter()
        .find(|(pattern, _)| pattern.is_in(text))
        .map(|(_, period)| period)
    };
    let period = say(after).or_else(|| say(line).filter(|period| fits(*period, most))).or_else(|| guess_period(most));
    Some(JobSalary { min, max, currency: currency.map(str::to_owned), period })
}

fn fits(period: SalaryPeriod, amount: f64) -> bool {
    match period {
        SalaryPeriod::Year => amount >= 5_000.0,
        SalaryPeriod::Month => (300.0..100_000.0).contains(&amount),
        SalaryPeriod::Week => true,
        SalaryPeriod::Day => (50.0..5_000.0).contains(&amount),
        SalaryPeriod::Hour => amount < 500.0,
    }
}

/// What an amount is paid for when nothing says it: a year from 12 000, a month from 1 000.
fn guess_period(amount: f64) -> Option<SalaryPeriod> {
    if amount >= 12_000.0 {
        Some(SalaryPeriod::Year)
    } else if amount >= 1_000.0 {
        Some(SalaryPeriod::Month)
    } else {
        None
    }
}

fn is_written_big(text: Option<&str>) -> bool {
    text.and_then(amount).is_some_and(|amount| amount >= 10_000.0)
}

fn is_millions(after: &str) -> bool {
    let after = after.trim_start_matches(['+', ' ']);
    after.starts_with("m ")
        || after.starts_with("m+")
        || after.starts_with("mill")
        || after.starts_with("bill")
        || after.starts_with('%')
        || after == "m"
        || after.starts_with("m€")
        || after.starts_with("md")
}

fn currency(symbol: &str) -> Option<&'static str> {
    Some(match symbol.trim() {
        "€" | "eur" | "euro" | "euros" => "EUR",
        "$" | "usd" | "us$" => "USD",
        "£" | "gbp" => "GBP",
        "chf" => "CHF",
        "cad" | "ca$" | "c$" => "CAD",
        "pln" | "zl" => "PLN",
        "kc" | "czk" => "CZK",
        _ => return None,
    })
}

/// `45 000`, `45,000`, `45.000`, `2 500,50`, `37.5`.
fn amount(text: &str) -> Option<f64> {
    let text: String = text.chars().filter(|c| !matches!(c, ' ' | '\'')).collect();
    let (whole, rest) = match text.rfind(['.', ',']) {
        Some(at) if text.len() - at - 1 != 3 => text.split_at(at),
        _ => (text.as_str(), ""),
    };
    let mut plain: String = whole.chars().filter(char::is_ascii_digit).collect();
    if let Some(cents) = rest.get(1..).filter(|cents| !cents.is_empty()) {
        plain.push('.');
        plain.push_str(cents);
    }
    plain.parse().ok().filter(|amount: &f64| amount.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cv::brain::text::fold;

    #[test]
    fn r15_salaries_as_people_write_them() {
        use SalaryPeriod::{Day, Hour, Month, Year};
        for (text, min, max, currency, period) in [
            ("Salaire : 45–55 k€", Some(45000.0), Some(55000.0), Some("EUR"), Some(Year)),
            ("£50,000 - £60,000 per annum", Some(50000.0), Some(60000.0), Some("GBP"), Some(Year)),
            ("Compensation: £85k - 110k", Some(85000.0), Some(110000.0), Some("GBP"), Some(Year)),
            ("Salaire : 42K à 60K €", Some(42000.0), Some(60000.0), Some("EUR"), Some(Year)),
            ("Rémunération : 45 000 € à 55 000 € brut annuel", Some(45000.0), Some(55000.0), Some("EUR"), Some(Year)),
            ("TJM : 450-550 €", Some(450.0), Some(550.0), Some("EUR"), Some(Day)),
            ("TJM 500€", Some(500.0), None, Some("EUR"), Some(Day)),
            ("$175,000-$215,000", Some(175000.0), Some(215000.0), Some("USD"), Some(Year)),
            ("Salary up to $185,500 + equity", None, Some(185500.0), Some("USD"), Some(Year)),
            ("Salaire : 2 300 € brut / mois", Some(2300.0), None, Some("EUR"), Some(Month)),
            ("Pay: $25.50 - $30 per hour", Some(25.5), Some(30.0), Some("USD"), Some(Hour)),
            ("rémunération 38 à 45 k selon profil", Some(38000.0), Some(45000.0), None, Some(Year)),
            ("Gehalt: 55.000 - 65.000 EUR", Some(55000.0), Some(65000.0), Some("EUR"), Some(Year)),
        ] {
            let folded = fold(text);
            let found = from_lines([folded.as_str()].into_iter());
            assert_eq!(
                (found.min, found.max, found.currency.as_deref(), found.period),
                (min, max, currency, period),
                "{text}"
            );
        }
    }

    #[test]
    fn r15_other_numbers_are_no_salary() {
        for text in [
            "Entre 50 et 250 salariés",
            "We raised $140M - $150M in series B",
            "backed by a $140M+ growth equity",
            "10 jours de RTT qui s'ajoutent aux 5 semaines",
            "Competitive salary package.",
            "Prime de cooptation de 1000 € à 2000 €",
        ] {
            let folded = fold(text);
            assert_eq!(from_lines([folded.as_str()].into_iter()), JobSalary::default(), "{text}");
        }
    }
}
