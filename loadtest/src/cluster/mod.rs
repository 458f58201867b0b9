//! A whole system of our own: several nodes, a Postgres, a Redis and a model, each reached over a link that can break.
//!
//! | module | holds |
//! |---|---|
//! | [`process`] | a process of ours: started, signalled, ended |
//! | [`link`] | a TCP link that can be cut, frozen, slowed, half closed |
//! | [`postgres`], [`redis`] | the stores |
//! | [`node`] | one node of the server |
//! | [`model`] | a model endpoint that misbehaves as told |

pub mod link;
pub mod model;
pub mod node;
pub mod postgres;
pub mod process;
pub mod redis;

pub use link::{Flow, Link};
pub use model::{Model, Mood};
pub use node::Node;
pub use postgres::Postgres;
pub use redis::Redis;

use crate::server::{ServerError, Setting};
use node::NodeSetup;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// An end in good order at the close of a run.
const STOP_WITHIN: Duration = Duration::from_secs(40);
/// Everybody's key of tokens: one for all nodes.
const TOKEN_KEY: &str = "loadtest-key-of-tokens-0123456789abcdef0123456789abcdef";

/// What a system is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server's program.
    pub bin: PathBuf,
    /// Nodes.
    pub nodes: usize,
    /// With a Redis between them.
    pub redis: bool,
    /// Every second node uses the model endpoint, the others the offline model.
    pub model: bool,
    /// Flags of every node.
    pub settings: Vec<Setting>,
}

/// A whole system of our own.
pub struct Cluster {
    bin: PathBuf,
    /// Its nodes.
    pub nodes: Vec<Arc<Node>>,
    /// Its Postgres.
    pub postgres: Postgres,
    /// Its Redis.
    pub redis: Option<Redis>,
    /// Its model.
    pub model: Option<Model>,
    keepers: Vec<JoinHandle<()>>,
    /// It was ended in good order.
    stopped: bool,
    /// Last, so that it goes when everything that writes to it has gone.
    folder: TempDir,
}

impl Cluster {
    /// Starts everything, one node after the other.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn start(plan: Plan) -> Result<Self, ServerError> {
        if !plan.bin.is_file() {
            return Err(ServerError::NoProgram(plan.bin));
        }
        let system = |what| move |error| ServerError::System { what, error };
        let folder = tempfile::Builder::new().prefix("estafette-loadtest-").tempdir();
        let folder = folder.map_err(system("no temporary folder"))?;
        // Postgres runs as another account where we are root: it must be able to get to its folder.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))
            .map_err(system("no temporary folder"))?;
        let logs = folder.path().join("logs");
        std::fs::create_dir(&logs).map_err(system("no folder for logs"))?;
        let postgres = Postgres::start(folder.path(), &logs).await?;
        let redis = if plan.redis { Some(Redis::start(folder.path(), &logs).await?) } else { None };
        let model = if plan.model { Some(Model::start().await?) } else { None };
        let mut cluster = Self {
            folder,
            bin: plan.bin.clone(),
            nodes: Vec::new(),
            postgres,
            redis,
            model,
            keepers: Vec::new(),
            stopped: false,
        };
        for index in 0..plan.nodes {
            let node = cluster.node(&plan, index, &logs).await?;
            node.start()?;
            node.ready().await?;
            let kept = Arc::clone(&node);
            cluster.keepers.push(tokio::spawn(async move { kept.keep().await }));
            cluster.nodes.push(node);
        }
        Ok(cluster)
    }

    async fn node(&self, plan: &Plan, index: usize, logs: &Path) -> Result<Arc<Node>, ServerError> {
        let folder = self.folder.path().join(format!("node-{index}"));
        std::fs::create_dir(&folder).map_err(|error| ServerError::System { what: "no folder for a node", error })?;
        let own = match self.model.as_ref().filter(|_| index % 2 == 1) {
            Some(model) => vec![("ai-provider", "openai".to_owned()), ("openai-base-url", model.base_url())],
            None => vec![("ai-provider", "offline".to_owned())],
        };
        let base = [("bcrypt-cost", "4"), ("log-format", "json"), ("token-key", TOKEN_KEY), ("workers", "1")];
        let base = base.iter().map(|(flag, value)| (*flag, (*value).to_owned())).chain(own);
        let mut settings: Vec<Setting> = base.map(|(flag, value)| (flag.to_owned(), value)).collect();
        for (flag, value) in &plan.settings {
            settings.retain(|(known, _)| known != flag);
            settings.push((flag.clone(), value.clone()));
        }
        let log = logs.join(format!("node-{index}.log"));
        let setup = NodeSetup { index, bin: plan.bin.clone(), folder, log, settings };
        let local = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        Node::new(setup, local(self.postgres.port()), self.redis.as_ref().map(|redis| local(redis.port()))).await
    }

    /// Where clients reach its nodes, over links.
    pub fn bases(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.base()).collect()
    }

    /// The node with an id.
    pub fn node_of(&self, id: &str) -> Option<&Arc<Node>> {
        self.nodes.iter().find(|node| node.id().as_deref() == Some(id))
    }

    /// Gives credits to a person, with `estafette user credits`.
    ///
    /// # Errors
    /// [`ServerError`].
    pub async fn give_credits(&self, email: &str, credits: u32) -> Result<(), ServerError> {
        let url = Postgres::url(self.postgres.port());
        let arguments = ["user", "credits", email, &credits.to_string(), "--database-url", &url].map(ToOwned::to_owned);
        crate::server::command(&self.bin, &arguments).await
    }

    fn keep_logs(&self, to: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(self.folder.path().join("logs"))?.flatten() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
        Ok(())
    }

    /// Lines of the nodes' logs that tell of a panic.
    pub fn panics(&self) -> Vec<String> {
        let mut found = Vec::new();
        for node in &self.nodes {
            let log = std::fs::read_to_string(node.log()).unwrap_or_default();
            let lines = log.lines().filter(|line| line.contains("panicked at") || line.contains("\"panic\""));
            found.extend(lines.map(|line| format!("{}: {line}", node.name())));
        }
        found
    }

    /// Ends everything in good order, and copies the logs. What did not end so.
    pub async fn stop_and_keep(mut self, logs: &Path) -> (Vec<String>, std::io::Result<()>) {
        let mut bad = Vec::new();
        self.keepers.iter().for_each(JoinHandle::abort);
        for node in &self.nodes {
            node.freeze(false);
            if !node.process().runs() {
                continue;
            }
            match node.stop(STOP_WITHIN).await {
                Some(status) if status.success() => {}
                Some(status) => bad.push(format!("{} ended with {status} after SIGTERM", node.name())),
                None => bad.push(format!("{} did not end within {STOP_WITHIN:?} after SIGTERM", node.name())),
            }
        }
        self.postgres.freeze(false);
        self.postgres.stop(true).await;
        self.stopped = true;
        let copied = self.keep_logs(logs);
        (bad, copied)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.keepers.iter().for_each(JoinHandle::abort);
        if !self.stopped {
            // A run that broke off: its folder goes, and what explains it must not.
            let kept = std::env::temp_dir().join(format!("estafette-broken-off-{}", std::process::id()));
            if self.keep_logs(&kept).is_ok() {
                crate::out::note(format!("the logs: {}", kept.display()));
            }
        }
    }
}
