//! The command line.

use crate::report::Outputs;
use crate::scenario::{
    Failure, chaos, compare, eval, failover, fanout, generations, live, outage, rolling, scale, slowlink, soak,
    sockets, storm,
};
use crate::server::Setting;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Load and fault scenarios for an Estafette server, each with its checks.
#[derive(Debug, Parser)]
#[command(name = "loadtest", version, about)]
pub struct Cli {
    #[command(subcommand)]
    scenario: Scenario,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    outputs: Outputs,
    /// Repeats a run: CVs, offers and repeated calls are the same for the same seed. Without: a random one.
    #[arg(long, global = true)]
    seed: Option<u64>,
}

/// Which server.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub struct ServerArgs {
    /// A server that runs already (`http://host:port`). Without: one of our own is started, and stopped at the end.
    #[arg(long, global = true)]
    pub url: Option<String>,
    /// With --url: the server's process, to look at its memory.
    #[arg(long, global = true)]
    pub pid: Option<u32>,
    /// The server's program. Without: `estafette` beside this program.
    #[arg(long, global = true, env = "ESTAFETTE_BIN")]
    pub bin: Option<PathBuf>,
    /// The processors that our own server may use, as `taskset` writes them (`0`, `0-3`). To measure fairly, give the
    /// others to this program: `taskset -c 1 loadtest … --server-cpus 0`.
    #[arg(long, global = true)]
    pub server_cpus: Option<String>,
    /// A setting of our own server, as its flag without dashes: `tasks-per-user=16`. May be given several times.
    #[arg(long = "set", global = true, value_name = "FLAG=VALUE", value_parser = setting)]
    pub settings: Vec<Setting>,
}

fn setting(text: &str) -> Result<Setting, String> {
    let (flag, value) = text.split_once('=').ok_or("a setting has the form flag=value")?;
    let flag = flag.trim_start_matches('-');
    if flag.is_empty() {
        return Err("a setting has the form flag=value".to_owned());
    }
    Ok((flag.to_owned(), value.to_owned()))
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// Many tasks, watched by two clients each; optionally the server is killed in the middle
    Generations(generations::Options),
    /// Idle connections: what they cost, and that they stay
    Sockets(sockets::Options),
    /// Many connections, each following a task of its own
    Own(live::own::Load),
    /// One topic, many readers: how late each event arrives; optionally readers that stall
    Fanout(fanout::Options),
    /// Several nodes and their stores while everything breaks by a schedule of the seed; and the proof at the end
    Chaos(chaos::Options),
    /// SIGKILL of the busier of two nodes while many tasks run: how long until each moves again
    Failover(failover::Options),
    /// Redis is gone for a while in the middle of generations on two nodes
    Outage(outage::Options),
    /// Every node is stopped in good order and started again, one after the other, under load
    Rolling(rolling::Options),
    /// Many connections on a node that is killed: when each comes back, and is complete again
    Storm(storm::Options),
    /// A part of a storm's connections, in a process of its own
    #[command(hide = true)]
    StormCrowd,
    /// A reader on a slow link beside fast ones on a busy topic
    Slowlink(slowlink::Options),
    /// The mix for as long as told: what grows meanwhile
    Soak(soak::Options),
    /// The same scenarios against this server and against what people use today, in turn
    Compare(compare::Options),
    /// What a task, an event and a connection cost while there are more of them, and what a second node costs
    Scale(scale::Options),
    /// Real job offers and CVs of a folder: what is found of their facts, what is refused, how they score
    Eval(eval::Options),
}

impl Cli {
    /// Runs the scenario. True: every check holds.
    ///
    /// # Errors
    /// [`Failure`] when it could not be run.
    pub async fn run(self) -> Result<bool, Failure> {
        // What was started is stopped on the way out, which a process that a signal ends does not do.
        tokio::select! {
            outcome = self.scenario() => outcome,
            _ = tokio::signal::ctrl_c() => Err(Failure::Other("interrupted".to_owned())),
        }
    }

    async fn scenario(self) -> Result<bool, Failure> {
        let seed = self.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
        crate::out::line(format!("seed {seed}"));
        let report = match self.scenario {
            Scenario::Generations(options) => generations::run(&options, &self.server, seed).await?,
            Scenario::Sockets(options) => sockets::run(&options, &self.server, seed).await?,
            Scenario::Own(load) => live::own::run(load, &self.server, seed).await?,
            Scenario::Fanout(options) => fanout::run(&options, &self.server, seed).await?,
            Scenario::Chaos(options) => match chaos::run(&options, &self.server, seed).await? {
                Some(report) => report,
                None => return Ok(true),
            },
            Scenario::Failover(options) => failover::run(&options, &self.server, seed).await?,
            Scenario::Outage(options) => outage::run(&options, &self.server, seed).await?,
            Scenario::Rolling(options) => rolling::run(&options, &self.server, seed).await?,
            Scenario::Storm(options) => storm::run(&options, &self.server, seed).await?,
            Scenario::StormCrowd => {
                storm::crowd::run().await?;
                return Ok(true);
            }
            Scenario::Slowlink(options) => slowlink::run(&options, &self.server, seed).await?,
            Scenario::Soak(options) => soak::run(&options, &self.server, seed).await?,
            Scenario::Compare(options) => {
                let comparison = compare::run(&options, &self.server, seed).await?;
                comparison.publish(&self.outputs).map_err(Failure::Other)?;
                return Ok(comparison.passed());
            }
            Scenario::Scale(options) => scale::run(&options, &self.server, seed).await?,
            Scenario::Eval(options) => eval::run(&options, &self.server, seed).await?,
        };
        report.publish(&self.outputs).map_err(Failure::Other)?;
        Ok(report.passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_have_a_flag_and_a_value() {
        assert_eq!(setting("--a-b=c=d"), Ok(("a-b".to_owned(), "c=d".to_owned())));
        assert!(setting("a").is_err() && setting("=b").is_err());
    }
}
