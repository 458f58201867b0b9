//! Clients that mean harm on `/v1/live`: each gets the right close code, costs bounded memory, and leaves no socket and
//! no actor behind.

use crate::support::person::Person;
use crate::support::server::Server;
use crate::support::wire::{Client, Ended, Frame};
use crate::support::{PATIENCE, eventually};
use estafette_actors::testkit::TestDatabase;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const LIVE: &str = "/v1/live";
/// What a flood may leave behind in the process: the allocator's own reserves, not what was sent (tens of MiB).
const GROWTH_KIB: u64 = 24 * 1024;

struct World {
    server: Server,
    _database: TestDatabase,
    sockets: usize,
    memory: u64,
}

impl World {
    async fn new(settings: &[(&str, &str)]) -> Self {
        let database = estafette::testing::database().await;
        let server = Server::on(&database.url(), settings);
        // One of each first, so that what is made once is not taken for a leak.
        Person::sign_up(&server, "first").await;
        let mut client = Client::open(server.address(), LIVE).await;
        client.write(&Frame::close(1000, "").bytes(), None).await;
        client.end().await;
        drop(client);
        let quiet = Instant::now();
        let mut sockets = server.sockets();
        // Idle HTTP connections and the pool settle.
        while quiet.elapsed() < Duration::from_millis(300) {
            tokio::time::sleep(Duration::from_millis(50)).await;
            sockets = sockets.min(server.sockets());
        }
        let memory = server.memory_kib();
        Self { server, _database: database, sockets, memory }
    }

    fn address(&self) -> &str {
        self.server.address()
    }

    async fn open_connections(&self) -> f64 {
        let text = reqwest::get(self.server.url("/metrics")).await.unwrap().text().await.unwrap();
        let line = text.lines().find(|line| line.starts_with("estafette_sockets")).unwrap_or("estafette_sockets 0");
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Nothing is left: no connection's actor, no socket beyond those of the database and of keep-alive.
    async fn all_gone(&self) {
        eventually("the end of all connections", async || match self.open_connections().await {
            0.0 => Ok(()),
            left => Err(format!("{left} actors")),
        })
        .await;
        eventually("the end of all sockets", async || {
            // The database's pool may have grown meanwhile, and the question above has a connection of its own.
            let (held, bound) = (self.server.sockets(), self.sockets + 20);
            if held <= bound { Ok(()) } else { Err(format!("{held} sockets, {} before", self.sockets)) }
        })
        .await;
    }

    fn grew(&self) -> u64 {
        self.server.memory_kib().saturating_sub(self.memory)
    }
}

#[actix_web::test]
async fn a_declared_terabyte_is_refused_at_its_head_and_what_follows_is_not_kept() {
    let world = World::new(&[]).await;
    let mut client = Client::open(world.address(), LIVE).await;
    let head = [&[0x82, 0xff][..], &(1_u64 << 40).to_be_bytes(), &[1, 2, 3, 4]].concat();
    client.write(&head, None).await;
    let began = Instant::now();
    // It sends on as if nothing had been said.
    let piece = vec![0x55; 1 << 20];
    for _ in 0..64 {
        client.write(&piece, None).await;
    }
    assert!(matches!(client.end().await, Ended::Closed(Some(1009), _)));
    assert!(began.elapsed() < PATIENCE);
    assert!(world.grew() < GROWTH_KIB, "{} KiB for 64 MiB", world.grew());
    drop(client);
    world.all_gone().await;
}

#[actix_web::test]
async fn floods_of_pings_and_of_empty_fragments_are_closed_with_4429() {
    let world = World::new(&[]).await;
    let mut client = Client::open(world.address(), LIVE).await;
    let pings = Frame::ping([7; 125]).bytes().repeat(2_000);
    client.write(&pings, None).await;
    assert_eq!(client.end().await, Ended::Closed(Some(4429), true));
    let mut client = Client::open(world.address(), LIVE).await;
    let empty = Frame::new(0, "").more().bytes().repeat(2_000);
    client.write(&[Frame::text("").more().bytes(), empty].concat(), None).await;
    assert_eq!(client.end().await, Ended::Closed(Some(4429), true));
    world.all_gone().await;
}

#[actix_web::test]
async fn who_asks_and_never_reads_is_not_read_either() {
    let world = World::new(&[("ESTAFETTE_HEARTBEAT_MS", "100")]).await;
    let person = Person::sign_up(&world.server, "ask").await;
    let mut clients = Vec::new();
    let batch = |text: String| Frame::text(format!("[{text}]")).bytes();
    for _ in 0..8 {
        let mut client = Client::open(world.address(), LIVE).await;
        client.write(&batch(format!(r#"{{"t":"hello","token":"{}","device":"d"}}"#, person.token)), None).await;
        client.event().await;
        clients.push(client);
    }
    // Small requests whose answers repeat what was asked for: a refusal names the method.
    let ask = batch((0..40).map(|id| format!(r#"{{"t":"ping","id":{id}}}"#)).collect::<Vec<_>>().join(","));
    let ask = ask.repeat(20);
    let sent = std::rc::Rc::new(std::cell::Cell::new(0));
    let floods: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let (ask, sent) = (ask.clone(), std::rc::Rc::clone(&sent));
            actix_web::rt::spawn(async move {
                // Bounded; the server stops taking it long before.
                for _ in 0..10_000 {
                    client.write(&ask, None).await;
                    sent.set(sent.get() + ask.len());
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(sent.get() > 1 << 20, "{} bytes were taken by the network", sent.get());
    assert!(world.grew() < GROWTH_KIB, "{} KiB", world.grew());
    floods.into_iter().for_each(|flood| flood.abort());
    world.all_gone().await;
}

#[actix_web::test]
async fn half_closed_and_vanished_connections_leave_nothing() {
    let world = World::new(&[]).await;
    let mut streams = Vec::new();
    for n in 0..60 {
        let client = Client::open(world.address(), LIVE).await;
        let mut stream = client.into_stream();
        match n % 3 {
            // It says that it will not send any more.
            0 => {
                stream.shutdown().await.unwrap();
                let mut rest = Vec::new();
                let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
                assert!(ended.is_ok(), "the server ends its side as well");
                streams.push(stream);
            }
            // It goes with a reset.
            1 => {
                stream.set_zero_linger().unwrap();
                drop(stream);
            }
            // It goes in the middle of a frame.
            _ => {
                stream.write_all(&[0x81, 0xfe, 0x10, 0x00, 1, 2, 3, 4, b'x']).await.unwrap();
                drop(stream);
            }
        }
    }
    world.all_gone().await;
    drop(streams);
}

/// Three ways to hold a connection without a word: all end within seconds.
#[actix_web::test]
async fn silent_and_slow_connections_are_ended() {
    let world = World::new(&[]).await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(TcpStream::connect(world.address()).await.unwrap());
    }
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(world.address()).await.unwrap();
        stream.write_all(b"GET /v1/live HTTP/1.1\r\nHost: x\r\n").await.unwrap();
        slow.push(stream);
    }
    let mut wordless = Vec::new();
    for _ in 0..50 {
        wordless.push(Client::open(world.address(), LIVE).await);
    }
    assert!(world.server.sockets() >= world.sockets + 190, "they are all there");
    let drip = async {
        // A byte of a header every half second does not buy more time.
        for _ in 0..40 {
            for stream in &mut slow {
                let _ = stream.write_all(b"X-A: b\r\n").await;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let ends = async {
        for client in &mut wordless {
            assert_eq!(client.end().await, Ended::Closed(Some(4408), true), "no hello in time");
        }
        for stream in &mut silent {
            let mut rest = Vec::new();
            let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
            assert!(ended.is_ok(), "a connection that says nothing is ended");
        }
        world.all_gone().await;
    };
    tokio::select! {
        () = ends => {}
        () = async { drip.await; tokio::time::sleep(PATIENCE).await } => panic!("connections are held by dripping"),
    }
    assert!(world.grew() < GROWTH_KIB, "{} KiB", world.grew());
}
