//! A web site on the loopback interface, with the pages that go wrong.

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use bytes::Bytes;
use futures_util::stream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of the page that is too large.
const HUGE: usize = 50 * 1024 * 1024;
/// A piece of it.
const PIECE: usize = 64 * 1024;

/// The site, and behind it a second one that nobody may reach.
pub struct Site {
    pub host_port: String,
    inner: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
    handles: Vec<ServerHandle>,
}

impl Site {
    pub fn start() -> Self {
        let (inner, sent) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let visits = Arc::clone(&inner);
        let secret = HttpServer::new(move || {
            let visits = Arc::clone(&visits);
            App::new().default_service(web::to(move || {
                visits.fetch_add(1, Ordering::SeqCst);
                async { HttpResponse::Ok().content_type("text/html").body("<h1>internal</h1>") }
            }))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let behind = secret.addrs()[0].to_string();
        let counter = Arc::clone(&sent);
        let open = HttpServer::new(move || {
            let (behind, counter) = (behind.clone(), Arc::clone(&counter));
            let redirect = move || {
                let to = format!("http://{behind}/admin");
                async move { HttpResponse::Found().insert_header(("location", to)).finish() }
            };
            App::new()
                .route("/job", web::get().to(job))
                .route("/french", web::get().to(french))
                .route("/huge", web::get().to(move || huge(Arc::clone(&counter))))
                .route("/redirect", web::get().to(redirect))
                .route("/recipe", web::get().to(recipe))
                .route("/image", web::get().to(image))
                .route("/loop", web::get().to(around))
                .route("/broken.pdf", web::get().to(broken))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let host_port = open.addrs()[0].to_string();
        let mut handles = Vec::new();
        for server in [secret.run(), open.run()] {
            handles.push(server.handle());
            actix_web::rt::spawn(server);
        }
        Self { host_port, inner, sent, handles }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host_port)
    }

    /// How often the site behind was reached.
    pub fn visits_behind(&self) -> usize {
        self.inner.load(Ordering::SeqCst)
    }

    /// Bytes of the large page that were taken by the network.
    pub fn huge_sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    pub async fn stop(self) {
        for handle in &self.handles {
            handle.stop(false).await;
        }
    }
}

fn html(body: impl Into<String>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(body.into())
}

async fn job() -> HttpResponse {
    html(include_str!("../../demo/jobs/platform-engineer.html"))
}

async fn french() -> HttpResponse {
    html(include_str!("../../demo/jobs/developpeur-backend.html"))
}

async fn recipe() -> HttpResponse {
    html(
        "<html lang=en><title>Pancakes</title><body><h1>Pancakes</h1><p>Whisk two eggs with a cup of milk and a cup of flour, \
          rest the batter for half an hour, then fry thin pancakes in butter. Serve with sugar and lemon.</p></body></html>",
    )
}

async fn image() -> HttpResponse {
    HttpResponse::Ok().content_type("image/png").body(vec![0x89_u8, 0x50, 0x4e, 0x47])
}

async fn around() -> HttpResponse {
    HttpResponse::Found().insert_header(("location", "/loop")).finish()
}

async fn broken() -> HttpResponse {
    HttpResponse::Ok().content_type("application/pdf").body(super::pdf::cut_off())
}

/// 50 MB of a page, sent as fast as it is taken.
async fn huge(counter: Arc<AtomicUsize>) -> HttpResponse {
    let piece = Bytes::from(vec![b'x'; PIECE]);
    let pieces = stream::iter((0..HUGE / PIECE).map(move |_| {
        counter.fetch_add(PIECE, Ordering::SeqCst);
        Ok::<_, std::convert::Infallible>(piece.clone())
    }));
    HttpResponse::Ok().content_type("text/html").streaming(pieces)
}
