//! What is done. Every scenario makes people and clients by [`Run`], measures and checks with what it holds, and ends
//! with a report.

pub mod chaos;
pub mod compare;
pub mod eval;
pub mod failover;
pub mod fanout;
pub mod generations;
pub mod live;
pub mod outage;
pub mod rolling;
pub mod scale;
pub mod slowlink;
pub mod soak;
pub mod sockets;
pub mod stage;
pub mod storm;

use crate::account::Account;
use crate::api::{Api, ApiError};
use crate::check::{Check, Findings};
use crate::cli::ServerArgs;
use crate::client::{CallFailure, Client, ClientConfig, Observer};
use crate::measure::{Latencies, MemorySampler, Throughput};
use crate::report::{Gathered, Report};
use crate::server::{ServerError, Setting, Target};
use estafette_protocol::cv::credits::CreditBalance;
use estafette_protocol::{Codec, DeviceId};
use futures_util::{StreamExt as _, TryStreamExt as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// People who are signed up at the same time: each costs the server a password's hash.
const SIGN_UPS: usize = 4;
/// A connection's first getting ready.
pub const READY_WITHIN: Duration = Duration::from_secs(60);
/// Between two looks at whether everything has arrived.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why a scenario could not be run.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No server.
    #[error("{0}")]
    Server(#[from] ServerError),
    /// A request of the preparation was refused.
    #[error("the preparation failed: {0}")]
    Api(#[from] ApiError),
    /// A call of the preparation was refused.
    #[error("the preparation failed: {0}")]
    Call(#[from] CallFailure),
    /// Anything else, for people.
    #[error("{0}")]
    Other(String),
}

/// What every scenario works with.
pub struct Run {
    /// What repeats it.
    pub seed: u64,
    /// Makes names of this run unlike those of others on the same server.
    pub tag: String,
    /// The server.
    pub target: Target,
    /// Its HTTP interface.
    pub api: Api,
    /// What the checks find.
    pub findings: Arc<Findings>,
    /// What is measured.
    pub latencies: Arc<Latencies>,
    /// What is counted.
    pub throughput: Arc<Throughput>,
    /// The server's memory.
    pub memory: MemorySampler,
    begin: Instant,
}

impl Run {
    /// Finds or starts the server; `settings` are those of the scenario, which the command line's come after.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn start(server: &ServerArgs, seed: u64, settings: &[(&str, String)]) -> Result<Self, Failure> {
        let target = match &server.url {
            Some(url) => Target::running(url, server.pid, server.bin.clone()),
            None => {
                let bin = server.bin.clone().map_or_else(beside, Ok)?;
                let settings = own_settings(settings, &server.settings);
                Target::start(bin, settings, server.server_cpus.clone()).await?
            }
        };
        let api = Api::new(target.base())?;
        if !api.is_ready().await {
            return Err(Failure::Other(format!("{} does not say that it is ready (/health/ready)", target.base())));
        }
        let memory = MemorySampler::start(target.pid());
        Ok(Self {
            seed,
            tag: estafette_protocol::ids::new_cuid2().chars().take(8).collect(),
            target,
            api,
            findings: Arc::default(),
            latencies: Arc::default(),
            throughput: Arc::default(),
            memory,
            begin: Instant::now(),
        })
    }

    /// Signs people up, each with at least so many credits.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn people(&self, count: usize, credits: u32) -> Result<Vec<Arc<Account>>, Failure> {
        self.named("user", count, credits).await
    }

    /// Signs further people up, with what sign-up gives.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn others(&self, count: usize) -> Result<Vec<Arc<Account>>, Failure> {
        self.named("other", count, 0).await
    }

    async fn named(&self, name: &str, count: usize, credits: u32) -> Result<Vec<Arc<Account>>, Failure> {
        let bar = crate::out::bar("people", u64::try_from(count).unwrap_or(0));
        let made = futures_util::stream::iter(0..count).map(|index| {
            let bar = &bar;
            async move {
                let email = format!("loadtest-{}-{name}-{index}@example.com", self.tag);
                let account = Account::sign_up(&self.api, &email).await?;
                let balance: CreditBalance = self.api.get("/v1/cv/credits", &account.token().await?).await?;
                let missing = i64::from(credits) - i64::from(balance.balance);
                if let Ok(missing @ 1..) = u32::try_from(missing) {
                    self.target.give_credits(&email, missing).await?;
                }
                bar.inc(1);
                Ok::<_, Failure>(Arc::new(account))
            }
        });
        let people = made.buffered(SIGN_UPS).try_collect().await;
        bar.finish_and_clear();
        people
    }

    /// How a client of this run connects.
    ///
    /// # Errors
    /// [`Failure`] for a device name with characters that none may have.
    pub fn config(&self, account: &Arc<Account>, codec: Codec, device: &str) -> Result<ClientConfig, Failure> {
        let device = DeviceId::parse(format!("{}-{device}", self.tag));
        Ok(ClientConfig {
            urls: self.api.live_urls(),
            codec,
            device: device.map_err(|error| Failure::Other(error.to_string()))?,
            account: Arc::clone(account),
            findings: Arc::clone(&self.findings),
            observer: None,
            receive_buffer: None,
            faults: false,
        })
    }

    /// A client of this run.
    ///
    /// # Errors
    /// [`Failure`] as [`Run::config`].
    pub fn client(
        &self,
        account: &Arc<Account>,
        codec: Codec,
        device: &str,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Client, Failure> {
        Ok(Client::start(ClientConfig { observer, ..self.config(account, codec, device)? }))
    }

    /// Waits until marks say that each client has everything; what is open then is a finding.
    pub async fn settle(&self, clients: impl Iterator<Item = &Client> + Clone, within: Duration) {
        let until = Instant::now() + within;
        while Instant::now() < until && clients.clone().any(|client| !client.incomplete().is_empty()) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        for client in clients {
            let open = client.incomplete();
            self.findings.hold(Check::Complete, u64::try_from(client.topics() - open.len()).unwrap_or(0));
            open.into_iter().for_each(|topic| self.findings.broken(Check::Complete, topic));
        }
    }

    /// Stops the server and makes the report.
    pub async fn finish(self, scenario: &'static str, expected: &[Check]) -> Report {
        let failed = self.findings.results(expected).iter().any(|check| !check.passed);
        if let Some(log) = self.target.log().filter(|_| failed) {
            // The folder goes away with the server: keep what explains a failure.
            let kept = std::env::temp_dir().join(format!("estafette-loadtest-{}.log", self.tag));
            if std::fs::copy(log, &kept).is_ok() {
                crate::out::note(format!("the server's log: {}", kept.display()));
            }
        }
        let memory = self.memory.series();
        let gathered = Gathered {
            scenario,
            seed: self.seed,
            begin: self.begin,
            findings: &self.findings,
            expected,
            latencies: &self.latencies,
            throughput: &self.throughput,
            memory,
        };
        let report = gathered.report();
        if let Err(error) = self.target.stop().await {
            crate::out::note(format!("{error}"));
        }
        report
    }
}

/// Settings of our own server: quick password hashes, long tokens; then the scenario's; then the command line's.
fn own_settings(scenario: &[(&str, String)], given: &[Setting]) -> Vec<Setting> {
    // Everybody comes from one address here.
    let base = [
        ("bcrypt-cost", "4"),
        ("access-token-secs", "86400"),
        ("ai-provider", "offline"),
        ("log-format", "json"),
        ("sign-ins-per-address", "0"),
        ("refreshes-per-address", "0"),
    ];
    let mut settings: Vec<Setting> =
        base.iter().map(|(flag, value)| ((*flag).to_owned(), (*value).to_owned())).collect();
    let scenario = scenario.iter().map(|(flag, value)| ((*flag).to_owned(), value.clone()));
    for (flag, value) in scenario.chain(given.iter().cloned()) {
        settings.retain(|(known, _)| *known != flag);
        settings.push((flag, value));
    }
    settings
}

fn beside() -> Result<PathBuf, Failure> {
    let here = std::env::current_exe().map_err(|error| Failure::Other(error.to_string()))?;
    Ok(here.with_file_name("estafette"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_lines_settings_win() {
        let given = [("bcrypt-cost".to_owned(), "6".to_owned())];
        let settings = own_settings(&[("heartbeat-ms", "1000".to_owned())], &given);
        let of = |flag: &str| {
            settings.iter().filter(|(known, _)| known == flag).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
        };
        assert_eq!((of("bcrypt-cost"), of("heartbeat-ms")), (vec!["6"], vec!["1000"]));
    }
}
