//! A private Redis for one test: on a socket in a folder of its own, without anything kept on disk, gone with the test.

use crate::bus::redis::{Protocol, RedisAddress, RedisOptions};
use rand::RngExt as _;
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(20);

/// First ports of a cluster's nodes; their second ones are 10 000 higher.
const CLUSTER_PORTS: std::ops::Range<u16> = 12_000..22_000;
/// Times that a node of a cluster is started, each on other ports.
const CLUSTER_TRIES: u32 = 5;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A private Redis, or a server that speaks its protocol.
///
/// Panics where a test should fail: when there is no server on this machine, or it does not start.
#[derive(Debug)]
pub struct TestRedis {
    /// Its address, where it belongs to another process.
    elsewhere: Option<String>,
    binary: PathBuf,
    folder: PathBuf,
    /// 0: only the socket.
    port: u16,
    child: Option<Child>,
}

#[allow(clippy::panic, clippy::expect_used)]
impl TestRedis {
    /// The servers of this machine that tests run against: `redis-server`, `valkey-server`, and the paths that
    /// `ESTAFETTE_TEST_REDIS` names, separated by colons.
    pub fn servers() -> Vec<PathBuf> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let named = std::env::var_os("ESTAFETTE_TEST_REDIS").unwrap_or_default();
        let found = std::env::split_paths(&path)
            .flat_map(|folder| ["redis-server", "valkey-server"].map(|name| folder.join(name)))
            .chain(std::env::split_paths(&named));
        let mut servers: Vec<PathBuf> = Vec::new();
        for server in found.filter(|file| file.is_file()) {
            let same = |other: &PathBuf| other.canonicalize().ok() == server.canonicalize().ok();
            if !servers.iter().any(same) {
                servers.push(server);
            }
        }
        servers
    }

    /// Starts the first server of this machine.
    ///
    /// # Panics
    /// See the type.
    pub fn start() -> Self {
        let binary = Self::servers().into_iter().next();
        Self::start_this(&binary.expect("no redis-server on this machine: `make setup` installs it"))
    }

    /// Starts a given server.
    ///
    /// # Panics
    /// See the type.
    pub fn start_this(binary: &Path) -> Self {
        let mut redis = Self::new(binary, 0);
        redis.run();
        redis
    }

    /// Starts a cluster of one node that holds all slots.
    ///
    /// # Panics
    /// See the type.
    pub fn start_cluster(binary: &Path) -> Self {
        let [redis] = Self::start_shards(binary);
        redis
    }

    /// Starts a cluster whose slots are spread evenly over `N` nodes.
    ///
    /// # Panics
    /// See the type.
    pub fn start_shards<const N: usize>(binary: &Path) -> [Self; N] {
        let shards = std::array::from_fn::<Self, N, _>(|_| {
            // Whoever else looks for a port may have been faster.
            (0..CLUSTER_TRIES)
                .find_map(|_| {
                    let mut redis = Self::new(binary, Self::cluster_port());
                    redis.try_run().then_some(redis)
                })
                .expect("a node that starts")
        });
        for (index, redis) in shards.iter().enumerate() {
            let number = |slot: usize| slot * 16_384 / N;
            let slots: Vec<String> = (number(index)..number(index + 1)).map(|slot| slot.to_string()).collect();
            let add: Vec<&str> = ["CLUSTER", "ADDSLOTS"].into_iter().chain(slots.iter().map(String::as_str)).collect();
            redis.ask(&add);
            // Nodes that claim the same epoch would first have to agree on an order.
            redis.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
            if let Some(first) = shards.first().filter(|_| index > 0) {
                first.ask(&["CLUSTER", "MEET", "127.0.0.1", &redis.port.to_string()]);
            }
        }
        let deadline = Instant::now() + START;
        for redis in &shards {
            while !redis.knows_shards(N) {
                assert!(Instant::now() < deadline, "the cluster of {N} nodes did not become ready");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        shards
    }

    fn knows_shards(&self, count: usize) -> bool {
        let info = self.ask(&["CLUSTER", "INFO"]);
        ["cluster_state:ok".to_owned(), "cluster_slots_ok:16384".to_owned(), format!("cluster_size:{count}")]
            .iter()
            .all(|line| info.lines().any(|found| found.trim() == line))
    }

    /// A cluster's nodes have a second port, 10 000 higher. Both below those that systems give to whoever asks for any.
    fn cluster_port() -> u16 {
        let is_free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        std::iter::repeat_with(|| rand::rng().random_range(CLUSTER_PORTS))
            .take(100)
            .find(|port| is_free(*port) && is_free(*port + 10_000))
            .expect("a free port")
    }

    fn new(binary: &Path, port: u16) -> Self {
        let name = format!("estafette-redis-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        Self { elsewhere: None, binary: binary.to_owned(), folder, port, child: None }
    }

    /// A server that another process has started and ends.
    pub fn elsewhere(url: &str) -> Self {
        let (binary, folder) = (PathBuf::new(), PathBuf::new());
        Self { elsewhere: Some(url.to_owned()), binary, folder, port: 0, child: None }
    }

    fn socket(&self) -> PathBuf {
        self.folder.join("redis.sock")
    }

    fn run(&mut self) {
        assert!(self.try_run(), "{} did not start", self.binary.display());
    }

    /// Starts it; whether it stayed.
    fn try_run(&mut self) -> bool {
        let mut command = Command::new(&self.binary);
        command.args(["--save", "", "--appendonly", "no", "--daemonize", "no"]);
        command.arg("--dir").arg(&self.folder).arg("--port").arg(self.port.to_string());
        command.arg("--unixsocket").arg(self.socket());
        if self.port != 0 {
            command.args(["--bind", "127.0.0.1", "--cluster-enabled", "yes"]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let socket = self.socket();
        let _old = std::fs::remove_file(&socket);
        let child = self.child.insert(command.spawn().expect("start the server"));
        let deadline = Instant::now() + START;
        let has_ended = |child: &mut Child| child.try_wait().is_ok_and(|status| status.is_some());
        loop {
            if has_ended(child) || Instant::now() >= deadline {
                return false;
            }
            if Self::try_ask_at(&socket, &["PING"]).is_some() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The address, as `REDIS_URL` takes it.
    pub fn url(&self) -> String {
        if let Some(url) = &self.elsewhere {
            return url.clone();
        }
        match self.port {
            0 => format!("unix://{}", self.socket().display()),
            port => format!("redis://127.0.0.1:{port}"),
        }
    }

    /// The options of a bus over it.
    ///
    /// # Panics
    /// See the type.
    pub fn options(&self, protocol: Protocol) -> RedisOptions {
        let address = RedisAddress::parse(&self.url()).expect("an address");
        RedisOptions { address, prefix: "test".to_owned(), protocol }
    }

    /// Asks something; the answer in Redis's own notation.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn ask(&self, command: &[&str]) -> String {
        self.try_ask(command).expect("an answer of Redis")
    }

    fn try_ask(&self, command: &[&str]) -> Option<String> {
        Self::try_ask_at(&self.socket(), command)
    }

    fn try_ask_at(socket: &Path, command: &[&str]) -> Option<String> {
        let client = redis::Client::open(format!("unix://{}", socket.display())).ok()?;
        let mut connection = client.get_connection_with_timeout(Duration::from_secs(2)).ok()?;
        let (name, arguments) = command.split_first()?;
        let answer: redis::Value = redis::cmd(name).arg(arguments).query(&mut connection).ok()?;
        Some(match answer {
            redis::Value::BulkString(text) => String::from_utf8_lossy(&text).into_owned(),
            other => format!("{other:?}"),
        })
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.as_ref().map(Child::id).and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        kill_process(id.expect("a running server"), signal).expect("send a signal");
    }

    /// Kills it at once (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _gone = child.kill();
            let _status = child.wait();
        }
    }

    /// Starts it again after [`TestRedis::kill`], at the same address.
    ///
    /// # Panics
    /// See the type.
    pub fn restart(&mut self) {
        self.kill();
        self.run();
    }

    /// Freezes it (SIGSTOP): it takes connections and answers nothing.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.kill();
        if self.elsewhere.is_none() {
            let _gone = std::fs::remove_dir_all(&self.folder);
        }
    }
}
