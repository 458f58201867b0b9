//! For tests of the server: a fresh database with every migration, on the run's shared private cluster.
//!
//! ```ignore
//! let database = testing::database().await;
//! let db = database.db(); // a pool; the database is dropped with `database`
//! ```

pub use estafette_actors::testkit::TestDatabase;

use estafette_actors::{Db, DbResult};
use tokio_postgres::types::ToSql;

/// A fresh database with the schemas of the runtime and of all products.
///
/// # Panics
/// When there is no Postgres on this machine, or a migration does not apply.
pub async fn database() -> TestDatabase {
    TestDatabase::fresh(&crate::db::migrations()).await
}

/// What reads and makes documents: the programs as they were built beside the tests.
///
/// # Panics
/// When they were not built.
#[allow(clippy::expect_used)]
pub fn documents() -> crate::documents::Documents {
    let tests = std::env::current_exe().expect("a test knows its file");
    let built = tests.ancestors().nth(2).expect("tests are in `deps`, beside what is built");
    let of = |name: &str| {
        let program = built.join(name);
        assert!(program.is_file(), "{} is not built: run `cargo build`", program.display());
        program
    };
    crate::documents::Documents::new(of("estafette"), of(crate::documents::PRESS), 2)
}

/// How Postgres does a statement where it may not look at whole tables, which it prefers while they are small.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn plan(db: &Db, sql: &str, params: &[&(dyn ToSql + Sync)]) -> DbResult<String> {
    let mut client = db.connection().await?;
    // The connection goes back to its pool as it was.
    let tx = client.transaction().await?;
    tx.batch_execute("SET LOCAL enable_seqscan = off").await?;
    let rows = tx.query(&format!("EXPLAIN {sql}"), params).await?;
    let lines = rows.iter().map(|row| row.try_get::<_, String>(0)).collect::<Result<Vec<_>, _>>()?;
    Ok(lines.join("\n"))
}

/// A server of somebody else's (`loadtest/outside`), for as long as this lives.
pub struct Outside {
    child: std::process::Child,
    port: u16,
    lines: std::sync::Arc<parking_lot::Mutex<Vec<String>>>,
}

/// How long such a server may take to listen, and an e-mail to arrive.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

impl Outside {
    /// Starts one (`smtp`) and waits until it listens.
    ///
    /// # Panics
    /// When it does not: its packages are installed by `.ci/setup.sh`.
    #[allow(clippy::expect_used, clippy::panic)]
    pub fn start(name: &str, settings: &[(&str, &str)]) -> Self {
        use std::io::BufRead as _;
        use std::process::{Command, Stdio};
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/loadtest/outside");
        let mut child = Command::new("node")
            .arg(format!("{name}.js"))
            .current_dir(folder)
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node is installed");
        let out = std::io::BufReader::new(child.stdout.take().expect("its output is ours"));
        let lines = std::sync::Arc::new(parking_lot::Mutex::new(Vec::new()));
        let (listens, port) = std::sync::mpsc::channel();
        let kept = std::sync::Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                match line.strip_prefix("listening ").and_then(|port| port.parse::<u16>().ok()) {
                    Some(port) => drop(listens.send(port)),
                    None => kept.lock().push(line),
                }
            }
        });
        let port = port.recv_timeout(PATIENCE);
        let port = port.unwrap_or_else(|_| panic!("{folder}/{name}.js does not listen: run .ci/setup.sh"));
        Self { child, port, lines }
    }

    /// Where it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What it told, line by line.
    pub fn told(&self) -> Vec<serde_json::Value> {
        self.lines.lock().iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Waits for an e-mail to an address whose subject has a text in it.
    ///
    /// # Panics
    /// When none comes.
    #[allow(clippy::panic)]
    pub async fn mail(&self, to: &str, subject: &str) -> serde_json::Value {
        let began = std::time::Instant::now();
        loop {
            let fits = |mail: &serde_json::Value| {
                mail["to"][0] == to && mail["subject"].as_str().is_some_and(|text| text.contains(subject))
            };
            if let Some(mail) = self.told().into_iter().rev().find(fits) {
                return mail;
            }
            assert!(began.elapsed() < PATIENCE, "no e-mail {subject:?} to {to}: {:#?}", self.told());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}
