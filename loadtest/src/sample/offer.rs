//! Job offers as text, in English and French.

use super::{CITIES, TRADES, Trade, chance, pick, some};
use rand::RngExt as _;

const COMPANIES: &[&str] =
    &["Meridian Labs", "Société Alizé", "Kestrel Bank", "Polaris Cloud", "Verdant", "Maison Corail"];

/// The text of offer `index`; the reference makes it another offer than all others.
pub fn offer(seed: u64, index: u64) -> String {
    let rng = &mut chance(seed, 2, index);
    let trade = &TRADES[rng.random_range(0..TRADES.len())];
    let (company, (city, country)) = (pick(rng, COMPANIES), pick(rng, CITIES));
    let required = some(rng, trade.skills, 3, 5);
    let welcome: Vec<&str> = trade.skills.iter().copied().filter(|skill| !required.contains(skill)).take(2).collect();
    let tasks = some(rng, trade.tasks, 2, 3);
    let (years, low) = (rng.random_range(1..=8), rng.random_range(35..=70));
    let list = |items: &[&str]| items.iter().map(|item| format!("- {item}\n")).collect::<String>();
    if rng.random_bool(0.3) {
        return format!(
            "# {} (F/H)\n\n{company} — {city}, {country}\nRéférence : LT-{seed:x}-{index}\nContrat : CDI\n\
             Salaire : {low} 000 € à {} 000 € par an\n\n## Missions\n{}\n## Profil recherché\n\
             Vous avez au moins {years} ans d'expérience.\n\nCompétences requises :\n{}\nAtouts :\n{}\n\
             Télétravail partiel. Nous sommes une équipe de douze personnes et nous cherchons quelqu'un qui aime apprendre.\n",
            trade.title_fr,
            low + 12,
            list(&tasks),
            list(&required),
            list(&welcome),
        );
    }
    format!(
        "# {}\n\n{company} — {city}, {country}\nReference: LT-{seed:x}-{index}\nContract: permanent, full time\n\
         Salary: {low},000 EUR to {},000 EUR a year\n\n## What you will do\n{}\n## What we ask for\n\
         At least {years} years of experience.\n\nRequired skills:\n{}\nNice to have:\n{}\n\
         Hybrid work. We are a team of twelve and look for somebody who likes to learn.\n",
        trade.title,
        low + 12,
        list(&tasks),
        list(&required),
        list(&welcome),
    )
}

/// An offer that asks for what a trade knows.
pub fn offer_of(trade: &Trade) -> String {
    let list = |items: &[&str]| items.iter().map(|item| format!("- {item}\n")).collect::<String>();
    format!(
        "# {0}\n\nMeridian Labs — Lyon, France\nContract: permanent, full time\nSalary: 45,000 EUR to 60,000 EUR a year\n\n\
         ## What you will do\n{1}\n## What we ask for\nAt least 4 years of experience as a {0}.\n\n\
         Required skills:\n{2}\nHybrid work. We look for somebody who likes to learn.\n",
        trade.title,
        list(trade.tasks),
        list(trade.skills),
    )
}
