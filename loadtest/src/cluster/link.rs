//! A TCP link that can be cut, frozen, slowed and half closed: between a node and its stores, and between clients and
//! a node.

use crate::server::ServerError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes that are carried at once.
const PIECE: usize = 16 * 1024;
/// Connecting to the other end.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How a link carries bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// As they come.
    #[default]
    Open,
    /// No connection is made, and those that were are reset.
    Cut,
    /// Connections stay and nothing moves on them.
    Frozen,
    /// Each piece waits for a time, and so many bytes a second pass.
    Slow {
        /// Wait of each piece.
        latency: Duration,
        /// Bytes a second, at least 1.
        bytes_per_second: u32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Orders {
    flow: Flow,
    /// Raised: connections that exist are reset.
    resets: u64,
    /// Raised: the direction to the caller ends on connections that exist, the other goes on.
    half_closes: u64,
}

/// A link: listens on a port of its own and carries to an address.
pub struct Link {
    name: String,
    address: SocketAddr,
    orders: watch::Sender<Orders>,
    open: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Link {
    /// Begins to carry to `target`.
    ///
    /// # Errors
    /// [`ServerError::System`] without a free port.
    pub async fn start(name: impl Into<String>, target: SocketAddr) -> Result<Self, ServerError> {
        Self::with_buffer(name, target, None).await
    }

    /// The same, with so many bytes of the kernel's receive buffer towards `target`: without a small one, the system
    /// takes in megabytes that a slow link has not carried yet, and the other side does not notice that it is slow.
    ///
    /// # Errors
    /// [`ServerError::System`] without a free port.
    pub async fn with_buffer(
        name: impl Into<String>,
        target: SocketAddr,
        buffer: Option<u32>,
    ) -> Result<Self, ServerError> {
        let system = |error| ServerError::System { what: "no port for a link", error };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(system)?;
        let address = listener.local_addr().map_err(system)?;
        let (orders, receiver) = watch::channel(Orders::default());
        let open = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(accept(listener, target, receiver, Arc::clone(&open), buffer));
        Ok(Self { name: name.into(), address, orders, open, task })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    /// Connections on it.
    pub fn connections(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Changes how it carries.
    pub fn set(&self, flow: Flow) {
        self.orders.send_modify(|orders| {
            orders.flow = flow;
            orders.resets += u64::from(flow == Flow::Cut);
        });
    }
    /// Resets the connections that exist.
    pub fn reset(&self) {
        self.orders.send_modify(|orders| orders.resets += 1);
    }
    /// Ends one direction (to the caller) of the connections that exist.
    pub fn half_close(&self) {
        self.orders.send_modify(|orders| orders.half_closes += 1);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    listener: TcpListener,
    target: SocketAddr,
    orders: watch::Receiver<Orders>,
    open: Arc<AtomicU64>,
    buffer: Option<u32>,
) {
    loop {
        let Ok((caller, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        if orders.borrow().flow == Flow::Cut {
            let _ = caller.set_zero_linger();
            continue;
        }
        let (orders, open) = (orders.clone(), Arc::clone(&open));
        tokio::spawn(async move {
            open.fetch_add(1, Ordering::Relaxed);
            carry(caller, target, orders, buffer).await;
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

async fn connect(target: SocketAddr, buffer: Option<u32>) -> std::io::Result<TcpStream> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(bytes) = buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.connect(target).await
}

/// One connection until both directions have ended, or it is reset.
async fn carry(caller: TcpStream, target: SocketAddr, mut orders: watch::Receiver<Orders>, buffer: Option<u32>) {
    let begin = *orders.borrow_and_update();
    let called = match tokio::time::timeout(CONNECT_WITHIN, connect(target, buffer)).await {
        Ok(Ok(called)) => called,
        _ => {
            let _ = caller.set_zero_linger();
            return;
        }
    };
    let _ = (caller.set_nodelay(true), called.set_nodelay(true));
    let (from_caller, to_caller) = caller.into_split();
    let (from_called, to_called) = called.into_split();
    let both = async {
        tokio::join!(
            direction(from_caller, to_called, orders.clone(), None),
            direction(from_called, to_caller, orders.clone(), Some(begin.half_closes)),
        );
    };
    let mut watched = orders.clone();
    let reset = watched.wait_for(|now| now.resets > begin.resets);
    // Dropping unread or unsent data resets a connection, which is what a cut looks like.
    tokio::select! { () = both => {}, _ = reset => {} }
}

/// Carries one way. `half`: it ends when more half closes are ordered than this.
async fn direction(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut orders: watch::Receiver<Orders>,
    half: Option<u64>,
) {
    let mut buffer = vec![0_u8; PIECE];
    loop {
        let now = *orders.borrow_and_update();
        if half.is_some_and(|half| now.half_closes > half) {
            break;
        }
        if now.flow == Flow::Frozen {
            if orders.changed().await.is_err() {
                break;
            }
            continue;
        }
        let piece = match now.flow {
            // A tenth of a second's worth, so that a slow link stays even.
            Flow::Slow { bytes_per_second, .. } => {
                usize::try_from(bytes_per_second / 10).unwrap_or(PIECE).clamp(1, PIECE)
            }
            _ => PIECE,
        };
        let read = tokio::select! {
            read = from.read(buffer.get_mut(..piece).unwrap_or_default()) => read,
            changed = orders.changed() => match changed { Ok(()) => continue, Err(_) => break },
        };
        let Ok(bytes @ 1..) = read else { break };
        if let Flow::Slow { latency, bytes_per_second } = now.flow {
            let share = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / f64::from(bytes_per_second.max(1));
            tokio::time::sleep(latency + Duration::from_secs_f64(share)).await;
        }
        // A freeze that began meanwhile holds this piece back as well.
        if orders.wait_for(|now| now.flow != Flow::Frozen).await.is_err() {
            break;
        }
        if to.write_all(buffer.get(..bytes).unwrap_or_default()).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    async fn pair(link: &Link, listener: &TcpListener) -> (TcpStream, TcpStream) {
        let caller = TcpStream::connect(link.address()).await.unwrap();
        let (called, _) = listener.accept().await.unwrap();
        (caller, called)
    }
    async fn link() -> (Link, TcpListener) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let link = Link::start("test", listener.local_addr().unwrap()).await.unwrap();
        (link, listener)
    }

    #[tokio::test]
    async fn bytes_pass_a_frozen_link_holds_them_and_they_pass_again() {
        let (link, listener) = link().await;
        let (mut caller, mut called) = pair(&link, &listener).await;
        caller.write_all(b"one").await.unwrap();
        let mut buffer = [0; 3];
        called.read_exact(&mut buffer).await.unwrap();
        link.set(Flow::Frozen);
        caller.write_all(b"two").await.unwrap();
        let held = tokio::time::timeout(Duration::from_millis(200), called.read_exact(&mut buffer)).await;
        assert!(held.is_err());
        link.set(Flow::Open);
        called.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"two");
    }

    #[tokio::test]
    async fn a_cut_ends_what_is_there_and_refuses_what_comes() {
        let (link, listener) = link().await;
        let (mut caller, _called) = pair(&link, &listener).await;
        link.set(Flow::Cut);
        let mut buffer = [0; 8];
        assert!(matches!(caller.read(&mut buffer).await, Ok(0) | Err(_)));
        let mut second = TcpStream::connect(link.address()).await.unwrap();
        assert!(matches!(second.read(&mut buffer).await, Ok(0) | Err(_)));
        link.set(Flow::Open);
        pair(&link, &listener).await;
    }

    #[tokio::test]
    async fn a_half_closed_link_still_carries_the_other_way() {
        let (link, listener) = link().await;
        let (mut caller, mut called) = pair(&link, &listener).await;
        link.half_close();
        let mut buffer = [0; 5];
        assert_eq!(caller.read(&mut buffer).await.unwrap(), 0);
        caller.write_all(b"still").await.unwrap();
        called.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"still");
    }

    #[tokio::test]
    async fn a_slow_link_takes_its_time() {
        let (link, listener) = link().await;
        let (mut caller, mut called) = pair(&link, &listener).await;
        link.set(Flow::Slow { latency: Duration::ZERO, bytes_per_second: 10_000 });
        let begin = Instant::now();
        caller.write_all(&[7; 5_000]).await.unwrap();
        let mut buffer = [0; 5_000];
        called.read_exact(&mut buffer).await.unwrap();
        assert!(begin.elapsed() >= Duration::from_millis(400), "{:?}", begin.elapsed());
    }
}
