//! What the tests stand on.

pub mod census;
pub mod collector;
pub mod pdf;
pub mod person;
pub mod server;
pub mod site;
pub mod socket;
pub mod wire;

use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Longest wait for a condition.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two looks at a condition.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Waits for a condition; the last thing seen is in the failure.
pub async fn eventually<T>(what: &str, look: impl AsyncFn() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match look().await {
            Ok(value) => return value,
            Err(seen) if began.elapsed() > PATIENCE => panic!("{what} did not happen: {seen}"),
            Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

/// A CV with two experiences and a project.
pub fn resume() -> Value {
    json!({
        "basics": {"name": "Ana Gil", "label": "Developer", "summary": "I write backend software in Rust."},
        "work": [
            {"name": "X", "position": "Backend developer", "startDate": "2020-01",
             "summary": "Wrote services in Rust on PostgreSQL.", "highlights": ["Halved the latency of the billing API"]},
            {"name": "Y", "position": "Junior developer", "startDate": "2018-01", "endDate": "2019-12",
             "summary": "Maintained a shop in PHP.", "highlights": ["Moved the build to Docker"]},
        ],
        "projects": [{"name": "Queue", "description": "A job queue on PostgreSQL.", "keywords": ["Rust", "SQL"]}],
        "education": [{"institution": "U", "area": "Computer science", "studyType": "Master"}],
        "skills": [{"name": "Languages", "keywords": ["Rust", "SQL", "PHP", "Docker"]}],
    })
}

/// The text of a job offer; `n` makes it another one.
pub fn offer_text(n: usize) -> String {
    format!(
        "Senior Backend Engineer {n}\nCompany: Halyard {n}\nLocation: Rotterdam, Netherlands\n\n\
         We are looking for a backend engineer who builds reliable services.\n\n\
         Responsibilities\n- Design and operate services in Rust\n- Keep PostgreSQL fast\n\n\
         Requirements\n- 5 years of experience in backend development\n- Rust, PostgreSQL, Docker, Kubernetes\n"
    )
}
