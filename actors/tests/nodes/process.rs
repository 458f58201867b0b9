//! A node in a process of its own.

use crate::support::{Client, listen, node};
use estafette_actors::testkit::{TestDatabase, TestRedis};
use estafette_actors::{Db, RuntimeConfig};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const DATABASE: &str = "ESTAFETTE_NODE_DATABASE";
const REDIS: &str = "ESTAFETTE_NODE_REDIS";
const READY: &str = "the node listens on ";

/// What a node process is. Without its variables (when all ignored tests are run) there is nothing to do.
#[test]
#[ignore = "a process that other tests start"]
fn the_node() {
    let (Ok(database), Ok(redis)) = (std::env::var(DATABASE), std::env::var(REDIS)) else { return };
    actix::System::new().block_on(async {
        let config: tokio_postgres::Config = database.parse().unwrap();
        let manager = deadpool_postgres::Manager::new(config, tokio_postgres::NoTls);
        let db = Db::new(
            deadpool_postgres::Pool::builder(manager)
                .max_size(12)
                .runtime(deadpool_postgres::Runtime::Tokio1)
                .build()
                .unwrap(),
        );
        let config = RuntimeConfig {
            tasks_per_owner: 500,
            tasks_per_node: 500,
            steps_per_node: 500,
            steps_per_owner: 500,
            heartbeat: Duration::from_millis(500),
            ..RuntimeConfig::default()
        };
        let runtime = node(db, &TestRedis::elsewhere(&redis), config).await;
        println!("{READY}{}", listen(&runtime));
        std::future::pending::<()>().await;
    });
}

/// A running node process; killed at the end of the test.
pub struct NodeProcess {
    child: Child,
    pub address: SocketAddr,
}

impl NodeProcess {
    /// Starts a node. `None` when it died before it listened (a task killed it).
    pub fn try_start(database: &TestDatabase, redis: &TestRedis) -> Option<Self> {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process::the_node", "--ignored", "--nocapture", "--test-threads", "1"])
            .env(DATABASE, database.url())
            .env(REDIS, redis.url())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            let line = line.ok()?;
            let at = line.find(READY)?;
            line.get(at + READY.len()..)?.trim().parse().ok()
        });
        // The rest of its output goes nowhere, and must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        match address {
            Some(address) => Some(Self { child, address }),
            None => {
                let _gone = child.kill();
                let _status = child.wait();
                None
            }
        }
    }

    pub fn start(database: &TestDatabase, redis: &TestRedis) -> Self {
        Self::try_start(database, redis).expect("a node that listens")
    }

    pub async fn client(&self, user: &str) -> Client {
        Client::hello(self.address, user).await
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }

    /// SIGSTOP.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// SIGCONT.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) {
        for _ in 0..2_000 {
            if self.child.try_wait().unwrap().is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the node did not end");
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
