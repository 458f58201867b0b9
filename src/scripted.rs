//! What the scripted endpoints of others' interfaces share: a small HTTP server in a thread of its own.

use actix_web::dev::ServerHandle;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

/// A running endpoint; it stops when it is dropped.
pub(crate) struct Endpoint {
    addr: SocketAddr,
    server: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Endpoint {
    /// Starts one that listens at `listen` (port 0: any free one), in a thread of this name.
    ///
    /// # Errors
    /// No port, or no thread.
    pub(crate) fn start(
        name: &str,
        listen: SocketAddr,
        configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let (tell, told) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let run = async move {
                let bound = HttpServer::new(move || App::new().configure(&configure))
                    .workers(1)
                    .disable_signals()
                    .shutdown_timeout(0)
                    .bind(listen);
                match bound {
                    Err(error) => {
                        let _ = tell.send(Err(error));
                    }
                    Ok(server) => {
                        let addr = server.addrs().first().copied();
                        let server = server.run();
                        let _ = tell.send(Ok((addr, server.handle())));
                        let _ = server.await;
                    }
                }
            };
            actix_web::rt::System::new().block_on(run);
        })?;
        let gone = || io::Error::other("the endpoint's thread ended");
        let (addr, server) = told.recv().map_err(|_| gone())??;
        Ok(Self { addr: addr.ok_or_else(gone)?, server, thread: Some(thread) })
    }

    /// Where it listens.
    pub(crate) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Waits for its end, which nobody brings about but the end of the process.
    pub(crate) fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // The command is sent at once; the future only waits for its end.
        drop(self.server.stop(false));
    }
}
