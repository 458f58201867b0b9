//! CVs in the form of JSON Resume.

use super::{CITIES, TRADES, Trade, chance, pick, some};
use rand::RngExt as _;
use serde_json::{Value, json};

const FIRST: &[&str] = &["Amina", "Bruno", "Chloé", "David", "Elif", "Farid", "Giulia", "Hugo", "Inès", "Jonas"];
const LAST: &[&str] = &["Bernard", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ivanova", "Keller"];
const COMPANIES: &[&str] =
    &["Northwind", "Atelier Lumen", "Helio Health", "Brightwave", "Caravel Logistics", "Opaline", "Quantum Foods"];
const SCHOOLS: &[&str] = &["University of Lyon", "TU Berlin", "McGill University", "INSA Toulouse", "ETH Zurich"];
const LANGUAGES: &[&str] = &["English", "French", "German", "Spanish", "Arabic"];

/// The CV of person `index`.
pub fn cv(seed: u64, index: u64) -> Value {
    let rng = &mut chance(seed, 1, index);
    let trade = &TRADES[rng.random_range(0..TRADES.len())];
    let other = &TRADES[rng.random_range(0..TRADES.len())];
    let (first, last) = (pick(rng, FIRST), pick(rng, LAST));
    let (city, country) = pick(rng, CITIES);
    let mut year = 2025;
    let jobs = rng.random_range(2..=5);
    let mut work = Vec::new();
    for job in 0..jobs {
        let from = year - rng.random_range(1..=3);
        let of = if job + 1 == jobs { other } else { trade };
        let highlights = some(rng, of.tasks, 2, 4);
        work.push(json!({
            "name": pick(rng, COMPANIES),
            "position": of.title,
            "startDate": format!("{from}-03-01"),
            "endDate": if job == 0 { Value::Null } else { json!(format!("{year}-02-01")) },
            "summary": format!("{} in a team of {}.", of.title, rng.random_range(3..15)),
            "highlights": highlights,
        }));
        year = from;
    }
    for job in &mut work {
        if let Value::Object(job) = job {
            job.retain(|_, value| !value.is_null());
        }
    }
    let projects: Vec<Value> = (0..rng.random_range(0..=2_u32))
        .map(|number| {
            let skills = some(rng, trade.skills, 2, 3);
            json!({
                "name": format!("Project {}", number + 1),
                "description": format!("A tool made with {}.", skills.join(" and ")),
                "keywords": skills,
            })
        })
        .collect();
    json!({
        "basics": {
            "name": format!("{first} {last}"),
            "label": trade.title,
            "email": format!("{}.{index}@example.com", last.to_lowercase()),
            "summary": format!("{} with {} years of experience.", trade.title, 2025 - year),
            "location": {"city": city, "countryCode": country_code(country)},
        },
        "work": work,
        "projects": projects,
        "education": [{"institution": pick(rng, SCHOOLS), "area": "Computer Science", "studyType": "Master",
            "startDate": format!("{}-09-01", year - 5), "endDate": format!("{year}-06-30")}],
        "skills": [
            {"name": "Main", "keywords": some(rng, trade.skills, 3, 6)},
            {"name": "Also", "keywords": some(rng, other.skills, 1, 3)},
        ],
        "languages": some(rng, LANGUAGES, 1, 3).into_iter()
            .map(|language| json!({"language": language, "fluency": "Fluent"})).collect::<Vec<_>>(),
    })
}

/// The CV of somebody who has always worked in one trade, with all its skills.
pub fn cv_of(trade: &Trade) -> Value {
    let (half, rest) = trade.tasks.split_at(trade.tasks.len() / 2);
    let job = |company: &str, from: u32, to: Option<u32>, highlights: &[&str]| {
        let mut job = json!({
            "name": company, "position": trade.title, "startDate": format!("{from}-01-01"),
            "summary": format!("{} with {}.", trade.title, trade.skills.join(", ")), "highlights": highlights,
        });
        if let (Some(to), Value::Object(job)) = (to, &mut job) {
            job.insert("endDate".to_owned(), json!(format!("{to}-12-31")));
        }
        job
    };
    json!({
        "basics": {"name": "Robin Example", "label": trade.title, "summary": format!("{} for nine years.", trade.title)},
        "work": [job("Opaline", 2020, None, half), job("Northwind", 2016, Some(2019), rest)],
        "education": [{"institution": "University of Lyon", "area": trade.title, "studyType": "Bachelor"}],
        "skills": [{"name": trade.title, "keywords": trade.skills}],
    })
}

fn country_code(country: &str) -> &'static str {
    match country {
        "France" => "FR",
        "Germany" => "DE",
        "Belgium" => "BE",
        "Canada" => "CA",
        "Switzerland" => "CH",
        _ => "GB",
    }
}
