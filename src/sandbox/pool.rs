//! The side of the server.

use super::frame::{self, HELLO_BYTES_MAX, Hello, REPLY_OVERHEAD, Reply};
use super::work::Work;
use parking_lot::Mutex;
use std::io::{self, ErrorKind};
use std::marker::PhantomData;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How long a program may take until it is ready.
const START_MAX: Duration = Duration::from_secs(10);
/// How long a process is kept that has nothing to do.
pub const IDLE_MAX: Duration = Duration::from_secs(30);
/// Jobs after which a process is replaced: what it may have lost of its memory is given back then.
pub const JOBS_MAX: u32 = 200;

/// Which program works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Where it is; a bare name is looked for in `PATH`.
    pub path: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its whole environment.
    pub env: Vec<(String, String)>,
}

/// Why nothing was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    /// The program is not there, or is another one.
    #[error("{} cannot be used: {reason}", .program.display())]
    NoProgram {
        /// The program.
        program: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// All processes work, and none became free, or ready, in time.
    #[error("all processes for it are busy")]
    Busy,
    /// It took more time than it may; its process was killed.
    #[error("it took longer than {} s", .0.as_secs())]
    TooLong(Duration),
    /// The process ended over it: more memory than it may have, or a crash.
    #[error("its process ended ({0})")]
    Died(String),
    /// The code panicked over it.
    #[error("a defect: {0}")]
    Panicked(String),
    /// The job, or what was made of it, is larger than its bound.
    #[error("it has {bytes} bytes, more than {max}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        max: usize,
    },
}

impl SandboxError {
    /// The word in metrics.
    const fn outcome(&self) -> &'static str {
        match self {
            Self::NoProgram { .. } => "no_program",
            Self::Busy => "busy",
            Self::TooLong(_) => "too_long",
            Self::Died(_) => "died",
            Self::Panicked(_) => "panicked",
            Self::TooLarge { .. } => "too_large",
        }
    }
}

/// Processes for one kind of work. Clones share them.
pub struct Sandbox<W> {
    shared: Arc<Shared>,
    work: PhantomData<fn() -> W>,
}

struct Shared {
    program: Program,
    slots: Arc<Semaphore>,
    idle: Mutex<Idle>,
    kept_for: Duration,
}

#[derive(Default)]
struct Idle {
    /// The one that worked last is taken first, so that the others grow old.
    processes: Vec<(Instant, Process)>,
    /// Somebody looks after those that grow old.
    watched: bool,
}

/// One process, between two jobs.
struct Process {
    life: Life,
    pipes: Pipes,
    jobs: u32,
}

struct Pipes {
    input: ChildStdin,
    output: ChildStdout,
}

/// Kills its process when it goes: a caller that was cancelled leaves nothing behind.
struct Life(Option<Child>);

impl Life {
    /// Whether it ended while nobody looked.
    fn ended(&mut self) -> bool {
        self.0.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// How it ended, or ends now.
    async fn end(mut self) -> String {
        let Some(mut child) = self.0.take() else { return String::new() };
        let waited = spawn_blocking(move || {
            // Its end of the pipe may be closed before it is gone; what is gone already keeps its own status.
            let _gone_already = child.kill();
            child.wait()
        });
        match waited.await {
            Ok(Ok(status)) => describe(status),
            _ => "nobody knows how".to_owned(),
        }
    }
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        // What Rust does when there is no memory.
        (_, Some(6)) => "signal 6: out of memory, or a crash".to_owned(),
        (_, signal) => format!("signal {}", signal.unwrap_or_default()),
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        let _gone_already = child.kill();
        let mut reap = move || drop(child.wait());
        // The kernel takes a moment to take a large process down.
        match tokio::runtime::Handle::try_current() {
            Ok(handle) => drop(handle.spawn_blocking(reap)),
            Err(_) => reap(),
        }
    }
}

/// What became of a job in a process.
enum Outcome<M> {
    Answered(Reply<M>, Pipes),
    /// The pipe broke or ended.
    Ended,
    /// Something that is no answer.
    Nonsense(String),
}

impl<W: Work> Sandbox<W> {
    /// Work by this program, in so many processes at once. None is started before there is a job, and one that had nothing
    /// to do for [`IDLE_MAX`] is ended.
    pub fn new(program: Program, at_once: usize) -> Self {
        Self::keeping(program, at_once, IDLE_MAX)
    }

    /// The same, with another time after which idle processes are ended.
    pub fn keeping(program: Program, at_once: usize, kept_for: Duration) -> Self {
        let slots = Arc::new(Semaphore::new(at_once.max(1)));
        let shared = Shared { program, slots, idle: Mutex::default(), kept_for };
        Self { shared: Arc::new(shared), work: PhantomData }
    }

    /// Has a job done.
    ///
    /// # Errors
    /// [`SandboxError`]. A process that was used before and dies over a job is given the benefit of the doubt: the job is
    /// done once more, in a new one.
    pub async fn run(&self, job: W::Job) -> Result<W::Made, SandboxError> {
        let began = Instant::now();
        let done = self.attempt(job).await;
        let outcome = done.as_ref().map_or_else(SandboxError::outcome, |_| "made");
        metrics::counter!("estafette_sandbox_jobs_total", "work" => W::NAME, "outcome" => outcome).increment(1);
        metrics::histogram!("estafette_sandbox_seconds", "work" => W::NAME).record(began.elapsed().as_secs_f64());
        done
    }

    async fn attempt(&self, job: W::Job) -> Result<W::Made, SandboxError> {
        let bound = W::LIMITS.job_bytes;
        let encoded = spawn_blocking(move || frame::encode(&job)).await;
        let job = encoded.map_err(|error| SandboxError::Panicked(error.to_string()))?;
        let job = Arc::new(job.map_err(|error| SandboxError::Panicked(error.to_string()))?);
        if job.len() > bound {
            return Err(SandboxError::TooLarge { bytes: job.len(), max: bound });
        }
        let free = timeout(W::LIMITS.wait, Arc::clone(&self.shared.slots).acquire_owned());
        let _slot = free.await.ok().and_then(Result::ok).ok_or(SandboxError::Busy)?;
        if let Some(used) = self.shared.take() {
            match self.ask(used, Arc::clone(&job)).await {
                Err(SandboxError::Died(_)) => {}
                done => return done,
            }
        }
        let new = self.start().await?;
        self.ask(new, job).await
    }

    async fn start(&self) -> Result<Process, SandboxError> {
        let Program { path, args, env } = self.shared.program.clone();
        let started = spawn_blocking(move || {
            let mut command = Command::new(path);
            // Ctrl-C at a terminal is the server's to hear; it ends these when it is through.
            command.args(args).env_clear().envs(env).process_group(0);
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
            match (child.stdin.take(), child.stdout.take()) {
                (Some(input), Some(output)) => {
                    Ok(Process { life: Life(Some(child)), pipes: Pipes { input, output }, jobs: 0 })
                }
                _ => Err(io::Error::other("it has no pipes")),
            }
        });
        let started = started.await.map_err(|error| self.unusable(error.to_string()))?;
        let Process { life, pipes, jobs } = started.map_err(|error| match error.kind() {
            // The machine's fault and not the program's.
            ErrorKind::WouldBlock | ErrorKind::OutOfMemory => {
                tracing::warn!(work = W::NAME, %error, "no process can be started");
                SandboxError::Busy
            }
            _ => self.unusable(error.to_string()),
        })?;
        let greeted = timeout(START_MAX, spawn_blocking(move || greet::<W>(pipes))).await.map_err(|_| {
            tracing::warn!(work = W::NAME, "a new process is not ready in time");
            SandboxError::Busy
        })?;
        let greeted = greeted.map_err(|error| self.unusable(error.to_string()))?;
        let pipes = greeted.map_err(|reason| self.unusable(reason))?;
        Ok(Process { life, pipes, jobs })
    }

    fn unusable(&self, reason: String) -> SandboxError {
        SandboxError::NoProgram { program: self.shared.program.path.clone(), reason }
    }

    async fn ask(&self, process: Process, job: Arc<Vec<u8>>) -> Result<W::Made, SandboxError> {
        let Process { life, pipes, jobs } = process;
        // A thread that waits on pipes; when the process is killed they break, and it is free.
        let asked = spawn_blocking(move || talk::<W>(pipes, &job));
        let outcome = match timeout(W::LIMITS.time, asked).await {
            Ok(outcome) => outcome.map_err(|error| SandboxError::Panicked(error.to_string()))?,
            Err(_) => {
                tracing::warn!(work = W::NAME, "a job took too long: its process is killed");
                return Err(SandboxError::TooLong(W::LIMITS.time));
            }
        };
        let (reply, pipes) = match outcome {
            Outcome::Answered(reply, pipes) => (reply, pipes),
            Outcome::Nonsense(reason) => return Err(self.unusable(reason)),
            Outcome::Ended => {
                let how = life.end().await;
                tracing::warn!(work = W::NAME, how, "a process ended over a job");
                return Err(SandboxError::Died(how));
            }
        };
        if jobs + 1 < JOBS_MAX {
            Shared::keep(&self.shared, Process { life, pipes, jobs: jobs + 1 });
        }
        match reply {
            Reply::Made(made) => Ok(made),
            Reply::TooLarge(bytes) => Err(SandboxError::TooLarge { bytes, max: W::LIMITS.made_bytes }),
            Reply::Panicked(said) => {
                tracing::error!(work = W::NAME, said, "the work panicked over a job");
                Err(SandboxError::Panicked(said))
            }
        }
    }
}

/// Hears from a new process what it does, from a thread that may wait.
fn greet<W: Work>(mut pipes: Pipes) -> Result<Pipes, String> {
    let hello = match frame::read(&mut pipes.output, HELLO_BYTES_MAX) {
        Ok(Some(hello)) => frame::decode::<Hello>(&hello),
        Ok(None) => Err(io::Error::other("it ended before it was ready")),
        Err(error) => Err(error),
    };
    match hello {
        Ok(hello) if (hello.work.as_str(), hello.version) == (W::NAME, W::VERSION) => Ok(pipes),
        Ok(Hello { work, version }) => {
            let (needed, of) = (W::NAME, W::VERSION);
            Err(format!("it is {work} {version}, and this server needs {needed} {of}: install both of one version"))
        }
        Err(error) => Err(format!("it is another program ({error})")),
    }
}

/// One job, from a thread that may wait.
fn talk<W: Work>(mut pipes: Pipes, job: &[u8]) -> Outcome<W::Made> {
    let broken = |error: io::Error| match error.kind() {
        ErrorKind::InvalidData => Outcome::Nonsense(error.to_string()),
        _ => Outcome::Ended,
    };
    if let Err(error) = frame::write(&mut pipes.input, job) {
        return broken(error);
    }
    match frame::read(&mut pipes.output, W::LIMITS.made_bytes + REPLY_OVERHEAD) {
        Ok(Some(reply)) => frame::decode(&reply).map_or_else(broken, |reply| Outcome::Answered(reply, pipes)),
        Ok(None) => Outcome::Ended,
        Err(error) => broken(error),
    }
}

impl Shared {
    /// One that waits and is alive.
    fn take(&self) -> Option<Process> {
        loop {
            let (_, mut process) = self.idle.lock().processes.pop()?;
            if !process.life.ended() {
                return Some(process);
            }
        }
    }

    fn keep(shared: &Arc<Self>, process: Process) {
        let mut idle = shared.idle.lock();
        idle.processes.push((Instant::now(), process));
        if !std::mem::replace(&mut idle.watched, true) {
            tokio::spawn(Self::watch(Arc::downgrade(shared), shared.kept_for));
        }
    }

    /// Ends those that had nothing to do for so long, until there is none.
    async fn watch(shared: Weak<Self>, kept_for: Duration) {
        loop {
            tokio::time::sleep(kept_for / 2).await;
            let Some(shared) = shared.upgrade() else { return };
            let mut idle = shared.idle.lock();
            let old: Vec<_> = idle.processes.extract_if(.., |(since, _)| since.elapsed() >= kept_for).collect();
            idle.watched = !idle.processes.is_empty();
            let done = !idle.watched;
            // Their end is not waited for under the lock.
            drop(idle);
            drop(old);
            if done {
                return;
            }
        }
    }
}

impl<W> Clone for Sandbox<W> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), work: PhantomData }
    }
}

impl<W> std::fmt::Debug for Sandbox<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("program", &self.shared.program).finish_non_exhaustive()
    }
}
