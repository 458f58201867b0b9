//! CVs and job offers of our own: varied, realistic, and the same for the same seed.

mod cv;
mod offer;

pub use cv::{cv, cv_of};
pub use offer::{offer, offer_of};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// A source of chance of its own for each thing, so that the order of making does not matter.
fn chance(seed: u64, what: u64, index: u64) -> StdRng {
    StdRng::seed_from_u64(seed ^ what.rotate_left(32) ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// One of them.
fn pick<T: Copy>(rng: &mut StdRng, of: &[T]) -> T {
    of[rng.random_range(0..of.len())]
}

/// Some of them, in their order.
fn some<T: Copy>(rng: &mut StdRng, of: &[T], least: usize, most: usize) -> Vec<T> {
    let count = rng.random_range(least..=most).min(of.len());
    let mut left = count;
    let mut chosen = Vec::with_capacity(count);
    for (index, item) in of.iter().enumerate() {
        let rest = of.len() - index;
        if left > 0 && rng.random_range(0..rest) < left {
            chosen.push(*item);
            left -= 1;
        }
    }
    chosen
}

/// A trade: what its people do and know.
pub struct Trade {
    /// The title of the job.
    pub title: &'static str,
    /// The title in French.
    pub title_fr: &'static str,
    /// What is asked for.
    pub skills: &'static [&'static str],
    /// What is done.
    pub tasks: &'static [&'static str],
}

/// The trades.
pub const TRADES: &[Trade] = &[
    Trade {
        title: "Backend Developer",
        title_fr: "Développeur backend",
        skills: &["Rust", "Python", "PostgreSQL", "Redis", "Docker", "Kafka", "REST APIs", "Linux", "gRPC"],
        tasks: &[
            "Designed and ran REST APIs for 40 partners on PostgreSQL",
            "Cut the response time of the order service from 800 ms to 120 ms",
            "Moved a monolith to event-driven services with Kafka",
            "Wrote integration tests that run in Docker on each commit",
            "Was on call for the payment platform and wrote its runbooks",
        ],
    },
    Trade {
        title: "Frontend Developer",
        title_fr: "Développeuse frontend",
        skills: &["TypeScript", "React", "CSS", "Accessibility", "Vite", "Playwright", "GraphQL", "Figma"],
        tasks: &[
            "Rebuilt the checkout in React and TypeScript; conversion rose by 9 %",
            "Brought the design system to WCAG 2.2 AA",
            "Introduced browser tests with Playwright",
            "Halved the size of the bundle with lazy routes",
            "Mentored three junior developers",
        ],
    },
    Trade {
        title: "Data Engineer",
        title_fr: "Ingénieure données",
        skills: &["Python", "SQL", "Airflow", "Spark", "dbt", "BigQuery", "Kafka", "Terraform"],
        tasks: &[
            "Built daily pipelines for 2 TB with Airflow and Spark",
            "Modelled the finance marts in dbt with tests on every column",
            "Replaced nightly batches by streaming with Kafka",
            "Reduced warehouse costs by 35 %",
        ],
    },
    Trade {
        title: "Site Reliability Engineer",
        title_fr: "Ingénieur SRE",
        skills: &["Kubernetes", "Terraform", "AWS", "Prometheus", "Go", "Linux", "CI/CD", "Incident response"],
        tasks: &[
            "Ran 30 Kubernetes clusters on AWS with Terraform",
            "Defined service level objectives and alerts in Prometheus",
            "Led incident reviews; repeated incidents fell by half",
            "Automated certificate rotation in Go",
        ],
    },
    Trade {
        title: "Product Manager",
        title_fr: "Cheffe de produit",
        skills: &["Roadmaps", "User research", "Analytics", "Stakeholder management", "SQL", "Agile", "Pricing"],
        tasks: &[
            "Owned the roadmap of a product with 200,000 users",
            "Ran 60 interviews and turned them into a new onboarding",
            "Introduced pricing experiments that raised revenue by 12 %",
            "Worked with legal, sales and two engineering teams",
        ],
    },
    Trade {
        title: "Nurse",
        title_fr: "Infirmier",
        skills: &["Patient care", "Triage", "Medication", "Wound care", "Documentation", "Team work", "First aid"],
        tasks: &[
            "Cared for up to 12 patients a shift on a surgical ward",
            "Triaged patients in an emergency department",
            "Trained new colleagues in wound care",
            "Kept electronic patient records without gaps",
        ],
    },
];

/// Cities with their country.
const CITIES: &[(&str, &str)] = &[
    ("Lyon", "France"),
    ("Paris", "France"),
    ("Berlin", "Germany"),
    ("Brussels", "Belgium"),
    ("Montreal", "Canada"),
    ("London", "United Kingdom"),
    ("Zurich", "Switzerland"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_and_another_index_makes_another() {
        assert_eq!(cv(7, 3), cv(7, 3));
        assert_ne!(cv(7, 3), cv(7, 4));
        assert_eq!(offer(7, 3), offer(7, 3));
        assert_ne!(offer(7, 3), offer(7, 4));
    }

    #[test]
    fn a_cv_has_what_json_resume_asks_for() {
        for index in 0..50 {
            let cv = cv(1, index);
            assert!(cv["basics"]["name"].is_string());
            assert!(cv["work"].as_array().is_some_and(|work| (2..=5).contains(&work.len())));
            assert!(serde_json::to_vec(&cv).is_ok_and(|bytes| bytes.len() < 32 * 1024));
        }
    }
}
