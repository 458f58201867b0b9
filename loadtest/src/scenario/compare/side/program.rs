//! A peer's program: started with a pipe each way, over which it is told what to do, and ended with us.

use crate::scenario::Failure;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Loading packages and connecting to the stores.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Bytes of its errors that are shown.
const LOG_TAIL: usize = 2_000;

/// A peer's program.
pub struct Program {
    name: &'static str,
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    log: std::path::PathBuf,
    /// Where it listens; 0 where it does not.
    pub port: u16,
}

impl Program {
    /// Starts `node SCRIPT` in the folder of the peers and waits until it says that it is ready.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn start(
        name: &'static str,
        peers: &Path,
        logs: &Path,
        environment: &[(&str, String)],
    ) -> Result<Self, Failure> {
        let other = |what: &str, error: std::io::Error| Failure::Other(format!("{name}: {what}: {error}"));
        let log = logs.join(format!("{name}.log"));
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(&log);
        let errors = errors.map_err(|error| other("no log", error))?;
        let mut command = Command::new("node");
        command.arg(format!("{name}.js")).current_dir(peers).env("NODE_ENV", "production");
        command.envs(environment.iter().map(|(key, value)| (*key, value.as_str())));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| other("node does not run", error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::Other(format!("{name} has no pipes")));
        };
        let output = BufReader::new(output).lines();
        let mut program = Self { name, child, input, output, log, port: 0 };
        let ready = program.hear(READY_WITHIN).await?;
        let port = ready.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
        program.port = port.ok_or_else(|| Failure::Other(format!("{name} said {ready} instead of its port")))?;
        Ok(program)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Tells it to do something, and waits for the answer.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn tell(&mut self, command: &str, mut parameters: Value, within: Duration) -> Result<Value, Failure> {
        if let Some(parameters) = parameters.as_object_mut() {
            parameters.insert("command".to_owned(), json!(command));
        }
        let line = format!("{parameters}\n");
        let sent = self.input.write_all(line.as_bytes()).await;
        sent.map_err(|error| Failure::Other(format!("{}: {command}: {error}; {}", self.name, self.log_tail())))?;
        let answer = self.hear(within).await?;
        match answer.get("ok") {
            Some(result) => Ok(result.clone()),
            None => Err(Failure::Other(format!("{}: {command}: {answer}", self.name))),
        }
    }

    /// What it says next; lines of its libraries are no messages.
    async fn hear(&mut self, within: Duration) -> Result<Value, Failure> {
        let failed = |what: &str, tail: String| Failure::Other(format!("{} {what}; {tail}", self.name));
        let until = tokio::time::Instant::now() + within;
        loop {
            match tokio::time::timeout_at(until, self.output.next_line()).await {
                Ok(Ok(Some(line))) => match serde_json::from_str(&line) {
                    Ok(message @ Value::Object(_)) => return Ok(message),
                    _ => crate::out::note(format!("        {}: {line}", self.name)),
                },
                Ok(_) => return Err(failed("ended", self.log_tail())),
                Err(_) => return Err(failed(&format!("said nothing within {within:?}"), self.log_tail())),
            }
        }
    }

    fn log_tail(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let tail = log.get(log.len().saturating_sub(LOG_TAIL)..).unwrap_or_default();
        format!("the end of its log: {}", String::from_utf8_lossy(tail).trim())
    }

    /// SIGKILL, and waits for its end.
    pub async fn kill(&mut self) {
        let _ = self.child.kill().await;
    }
}
