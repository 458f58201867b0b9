//! The folder's pages on loopback, and some that misbehave.

use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Bytes of a request's head that are read.
const HEAD_BYTES: usize = 16 * 1024;
/// Bytes of the page that is too large.
const HUGE_BYTES: usize = 50 * 1024 * 1024;
/// A page that never ends takes this long to say so.
const NEVER: std::time::Duration = std::time::Duration::from_secs(300);

/// A server of pages, until it is dropped.
pub(super) struct Pages {
    port: u16,
    task: JoinHandle<()>,
}

impl Pages {
    /// Serves the files of `folder` on 127.0.0.1; port 0: any free one.
    pub(super) async fn serve(folder: PathBuf, port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let port = listener.local_addr()?.port();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let folder = folder.clone();
                tokio::spawn(async move {
                    let _ = answer(stream, &folder).await;
                });
            }
        });
        Ok(Self { port, task })
    }

    /// Its port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }
    /// The address of a page.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(mut stream: TcpStream, folder: &Path) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut piece = [0_u8; 1024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") && head.len() < HEAD_BYTES {
        match stream.read(&mut piece).await? {
            0 => return Ok(()),
            read => head.extend_from_slice(piece.get(..read).unwrap_or_default()),
        }
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split_whitespace().nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
    match path.as_str() {
        "misbehave/huge" => huge(&mut stream).await,
        "misbehave/redirect" => {
            whole(&mut stream, "302 Found", "text/html", "Location: http://127.0.0.1:1/\r\n", b"").await
        }
        "misbehave/loop" => whole(&mut stream, "302 Found", "text/html", "Location: /misbehave/loop\r\n", b"").await,
        "misbehave/stall" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>").await?;
            tokio::time::sleep(NEVER).await;
            Ok(())
        }
        "misbehave/binary" => whole(&mut stream, "200 OK", "application/octet-stream", "", &[0, 159, 146, 150]).await,
        "misbehave/empty" => whole(&mut stream, "200 OK", "text/html", "", b"").await,
        "misbehave/error" => whole(&mut stream, "500 Internal Server Error", "text/html", "", b"broken").await,
        _ => {
            // A name of the folder and nothing above it.
            let inside = Path::new(&path).components().all(|part| matches!(part, std::path::Component::Normal(_)));
            match tokio::fs::read(folder.join(&path)).await {
                Ok(bytes) if inside => whole(&mut stream, "200 OK", media_type(&path), "", &bytes).await,
                _ => whole(&mut stream, "404 Not Found", "text/html", "", b"<h1>Not found</h1>").await,
            }
        }
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("pdf") => "application/pdf",
        Some("md" | "txt") => "text/plain; charset=utf-8",
        _ => "text/html; charset=utf-8",
    }
}

async fn whole(stream: &mut TcpStream, status: &str, kind: &str, more: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n{more}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.shutdown().await
}

async fn huge(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n").await?;
    let piece = [b'x'; 64 * 1024];
    for _ in 0..HUGE_BYTES / piece.len() {
        stream.write_all(&piece).await?;
    }
    stream.shutdown().await
}
