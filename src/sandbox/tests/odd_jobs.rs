//! A program that does all that a work may not do.

mod job;

use job::{Odd, OddJob};

fn main() -> std::io::Result<()> {
    estafette_sandbox::serve::<Odd>(work)
}

#[allow(clippy::panic, reason = "it is asked to")]
fn work(job: OddJob) -> String {
    match job {
        OddJob::Say(text) => text,
        OddJob::Chatter(letters) => "x".repeat(letters),
        OddJob::Pid => std::process::id().to_string(),
        OddJob::Panic => panic!("as I was asked"),
        OddJob::Eat(mib) => {
            let mut eaten = Vec::new();
            for _ in 0..mib {
                eaten.push(vec![1_u8; 1024 * 1024]);
            }
            eaten.len().to_string()
        }
        OddJob::Hang => loop {
            std::thread::park();
        },
        OddJob::Exit(code) => std::process::exit(code),
        OddJob::Look => {
            let env: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
            let file = std::fs::File::open("/etc/passwd").is_ok();
            let socket = std::net::UdpSocket::bind("127.0.0.1:0").is_ok();
            format!("{env:?} {file} {socket}")
        }
    }
}
