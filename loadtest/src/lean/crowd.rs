//! Connections that stay.

use super::tally::{Heard, Measured, Progress, Tally};
use super::{Dialect, wire};
use crate::measure::process::{Meter, Part};
use parking_lot::Mutex;
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpSocket, TcpStream};

/// What a thread reads at once; all its connections share it.
const SCRATCH: usize = 256 * 1024;
/// Handshakes under way at the same time, of one thread.
const OPENING: usize = 64;
/// Connections from one address: below the ports that a system gives out.
const FROM_ONE_ADDRESS: usize = 20_000;
/// Largest message.
const MESSAGE: usize = 64 * 1024 * 1024;
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How a crowd reads.
#[derive(Debug, Clone, Copy)]
pub struct CrowdOptions {
    /// Connections.
    pub connections: usize,
    /// Of them: stop reading while [`Crowd::stall`] says so; their events are not counted.
    pub stalled: usize,
    /// Threads that read.
    pub threads: usize,
}

struct Shared {
    address: SocketAddr,
    options: CrowdOptions,
    dialect: Arc<dyn Dialect>,
    open: AtomicUsize,
    ready: AtomicUsize,
    gone: AtomicUsize,
    stalling: AtomicBool,
    over: AtomicBool,
    tallies: Vec<Mutex<Tally>>,
}

/// Connections that stay.
pub struct Crowd(Arc<Shared>);

impl Crowd {
    /// Begins to connect.
    ///
    /// # Errors
    /// A thread that cannot be started.
    pub fn start(dialect: Arc<dyn Dialect>, address: SocketAddr, options: CrowdOptions) -> Result<Self, String> {
        let text = |error: std::io::Error| error.to_string();
        let threads = options.threads.max(1);
        let tallies = (0..threads).map(|_| Tally::new().map(Mutex::new)).collect::<Result<_, _>>()?;
        let shared = Arc::new(Shared {
            address,
            options,
            dialect,
            open: AtomicUsize::new(0),
            ready: AtomicUsize::new(0),
            gone: AtomicUsize::new(0),
            stalling: AtomicBool::new(false),
            over: AtomicBool::new(false),
            tallies,
        });
        for thread in 0..threads {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)?;
            let shared = Arc::clone(&shared);
            let work = move || tokio::task::LocalSet::new().block_on(&runtime, read_all(shared, thread));
            std::thread::Builder::new().name(format!("readers-{thread}")).spawn(work).map_err(text)?;
        }
        Ok(Self(shared))
    }

    /// Waits until all are ready.
    ///
    /// # Errors
    /// How many are, when that takes longer than `within`, and the first fault.
    pub async fn ready(&self, within: Duration) -> Result<(), String> {
        let until = Instant::now() + within;
        let all = self.0.options.connections;
        loop {
            let (ready, gone) = (self.0.ready.load(Ordering::Relaxed), self.0.gone.load(Ordering::Relaxed));
            if ready >= all && gone == 0 {
                return Ok(());
            }
            if Instant::now() > until || gone > 0 {
                let fault = self.0.tallies.iter().find_map(|tally| tally.lock().faults.first().cloned());
                return Err(format!(
                    "{ready} of {all} connections are ready, {gone} gone: {}",
                    fault.unwrap_or_default()
                ));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Measures for so long, beginning now; `parts` are the processes that serve.
    ///
    /// # Errors
    /// A histogram that cannot be made.
    pub async fn measure(&self, time: Duration, parts: Vec<Part>) -> Result<Measured, String> {
        let shared = &self.0;
        let (meter, begin) = (Meter::start(parts), Instant::now());
        shared.tallies.iter().for_each(|tally| tally.lock().measure());
        tokio::time::sleep(time).await;
        shared.tallies.iter().for_each(|tally| tally.lock().measuring = false);
        let (used, seconds) = (meter.read(), begin.elapsed().as_secs_f64());
        let tallies: Vec<_> = shared.tallies.iter().map(Mutex::lock).collect();
        let each = tallies.iter().map(|tally| &**tally);
        let mut measured = Measured::of(shared.options.connections, seconds, each, used)?;
        let gone = shared.gone.load(Ordering::Relaxed);
        if gone > 0 {
            measured.faults.push(format!("{gone} connections ended"));
        }
        Ok(measured)
    }

    /// The stalled readers stop reading, or read again.
    pub fn stall(&self, stalled: bool) {
        self.0.stalling.store(stalled, Ordering::Relaxed);
    }

    /// Ends all connections and waits for that.
    pub async fn close(self) {
        self.0.over.store(true, Ordering::Relaxed);
        let until = Instant::now() + Duration::from_secs(10);
        while self.0.open.load(Ordering::Relaxed) > 0 && Instant::now() < until {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

/// All connections of one thread.
async fn read_all(shared: Arc<Shared>, thread: usize) {
    let threads = shared.tallies.len();
    let scratch = Rc::new(RefCell::new(vec![0; SCRATCH]));
    let opening = Rc::new(tokio::sync::Semaphore::new(OPENING));
    for index in (thread..shared.options.connections).step_by(threads) {
        let (shared, scratch, opening) = (Arc::clone(&shared), Rc::clone(&scratch), Rc::clone(&opening));
        tokio::task::spawn_local(async move {
            shared.open.fetch_add(1, Ordering::Relaxed);
            let over = async {
                while !shared.over.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
            };
            let outcome = tokio::select! {
                outcome = read_one(&shared, thread, index, &scratch, &opening) => outcome,
                () = over => Ok(()),
            };
            if let Err(why) = outcome {
                shared.gone.fetch_add(1, Ordering::Relaxed);
                if let Some(tally) = shared.tallies.get(thread) {
                    tally.lock().fault(format!("connection {index}: {why}"));
                }
            }
            shared.open.fetch_sub(1, Ordering::Relaxed);
        });
    }
    while !shared.over.load(Ordering::Relaxed) || shared.open.load(Ordering::Relaxed) > 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A connection to the server from an address of this machine that has ports left.
pub(super) async fn connect(
    address: SocketAddr,
    index: usize,
    receive_buffer: Option<u32>,
) -> std::io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(bytes) = receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    let place = u8::try_from(index / FROM_ONE_ADDRESS % 250).unwrap_or(0);
    if address.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) && place > 0 {
        socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, 1 + place), 0)))?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn read_one(
    shared: &Shared,
    thread: usize,
    index: usize,
    scratch: &RefCell<Vec<u8>>,
    opening: &tokio::sync::Semaphore,
) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let mut permit = opening.acquire().await.ok();
    let stalls = index >= shared.options.connections - shared.options.stalled;
    let mut stream = connect(shared.address, index, stalls.then_some(32 * 1024)).await.map_err(text)?;
    stream.write_all(&shared.dialect.request(index)).await.map_err(text)?;
    let tally = shared.tallies.get(thread).ok_or("no such thread")?;
    let mut connection = Connection::default();
    let mut replies = Vec::new();
    loop {
        while stalls && shared.stalling.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        stream.readable().await.map_err(text)?;
        {
            let mut scratch = scratch.borrow_mut();
            let count = match stream.try_read(&mut scratch) {
                Ok(0) => return Err("the server ended it".to_owned()),
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.to_string()),
            };
            let mut tally = tally.lock();
            let measuring = tally.measuring;
            tally.measuring = measuring && !stalls;
            tally.read(count);
            let bytes = scratch.get(..count).unwrap_or_default();
            connection.take(shared, index, bytes, &mut tally, &mut replies)?;
            tally.measuring = measuring;
        }
        if !replies.is_empty() {
            stream.write_all(&replies).await.map_err(text)?;
            replies = Vec::new();
        }
        if connection.progress.ready && permit.take().is_some() {
            shared.ready.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[derive(Default)]
pub(super) struct Connection {
    pub(super) progress: Progress,
    upgraded: bool,
    /// What came of a message that is not whole yet.
    rest: Vec<u8>,
}

impl Connection {
    fn take(
        &mut self,
        shared: &Shared,
        index: usize,
        bytes: &[u8],
        tally: &mut Tally,
        replies: &mut Vec<u8>,
    ) -> Result<(), String> {
        self.look(&*shared.dialect, index, bytes, tally, replies)
    }

    /// Looks at what was read; what is not whole yet is kept.
    pub(super) fn look(
        &mut self,
        dialect: &dyn Dialect,
        index: usize,
        bytes: &[u8],
        tally: &mut Tally,
        replies: &mut Vec<u8>,
    ) -> Result<(), String> {
        let mut kept = std::mem::take(&mut self.rest);
        let mut bytes = if kept.is_empty() {
            bytes
        } else {
            kept.extend_from_slice(bytes);
            &kept[..]
        };
        if !self.upgraded {
            let Some(end) = wire::upgraded(bytes)? else {
                self.rest = bytes.to_vec();
                return Ok(());
            };
            self.upgraded = true;
            bytes = bytes.get(end..).unwrap_or_default();
            replies.extend_from_slice(&dialect.begin(index));
            self.progress.ready |= dialect.ready_at_once();
        }
        let mut heard = Heard::new(&mut self.progress, tally, replies);
        while let Some(frame) = wire::frame(bytes)? {
            heard.frame();
            match frame.opcode {
                wire::TEXT | wire::BINARY if frame.last => {
                    dialect.message(index, frame.opcode == wire::BINARY, frame.payload, &mut heard);
                }
                wire::PING => heard.reply(&wire::client_frame(wire::PONG, frame.payload)),
                wire::PONG => {}
                wire::CLOSE => {
                    let reason = frame.payload.get(2..).unwrap_or_default();
                    return Err(format!("closed: {}", String::from_utf8_lossy(reason)));
                }
                other => return Err(format!("a frame with opcode {other}, last {}", frame.last)),
            }
            bytes = bytes.get(frame.len..).unwrap_or_default();
        }
        if bytes.len() > MESSAGE {
            return Err("a message that is too large".to_owned());
        }
        self.rest = bytes.to_vec();
        Ok(())
    }
}
