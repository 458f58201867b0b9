//! Serves the example job pages on a port of the loopback interface: a small outside world for the demo.

use super::JOB_PAGES;
use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use std::net::{Ipv4Addr, SocketAddr};

/// The running pages.
pub struct Pages {
    address: SocketAddr,
    handle: ServerHandle,
}

impl Pages {
    /// Starts on `port`, or on any free one when it is taken.
    ///
    /// # Errors
    /// When the system gives no port.
    pub fn start(port: u16) -> std::io::Result<Self> {
        let server =
            || HttpServer::new(|| App::new().route("/{name}", web::get().to(page))).workers(1).disable_signals();
        let bound = server().bind((Ipv4Addr::LOCALHOST, port)).or_else(|_| server().bind((Ipv4Addr::LOCALHOST, 0)))?;
        let none = || std::io::Error::other("the job pages have no address");
        let address = bound.addrs().first().copied().ok_or_else(none)?;
        let running = bound.run();
        let handle = running.handle();
        actix_web::rt::spawn(running);
        Ok(Self { address, handle })
    }

    /// `127.0.0.1:port`, as the fetch allow list takes it.
    pub fn host_port(&self) -> String {
        self.address.to_string()
    }

    /// The addresses of the pages.
    pub fn urls(&self) -> Vec<String> {
        JOB_PAGES.iter().map(|page| format!("http://{}/{}", self.address, page.name)).collect()
    }

    /// Stops.
    pub async fn stop(&self) {
        self.handle.stop(false).await;
    }
}

async fn page(name: web::Path<String>) -> HttpResponse {
    match JOB_PAGES.iter().find(|page| page.name == *name) {
        Some(page) => HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page.content),
        None => {
            HttpResponse::NotFound().content_type("text/html; charset=utf-8").body("<h1>404</h1><p>No such page.</p>")
        }
    }
}
