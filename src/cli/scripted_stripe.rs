//! `estafette scripted-stripe`: an endpoint like Stripe's, to try payments and to test them in a browser.

use super::failure::Failure;
use super::say;
use crate::stripe::scripted::{Options, ScriptedStripe};
use std::net::SocketAddr;

/// Its arguments.
#[derive(clap::Args)]
pub struct Scripted {
    /// Where it listens; port 0: any free one.
    #[arg(long, default_value = "127.0.0.1:7779")]
    listen: SocketAddr,
    /// The secret key that it expects: the server's STRIPE_SECRET_KEY.
    #[arg(long, default_value = "sk_test_scripted")]
    key: String,
    /// Signs the webhooks: the server's STRIPE_WEBHOOK_SECRET.
    #[arg(long, default_value = "whsec_scripted")]
    webhook_secret: String,
    /// Where the webhooks go: `/v1/cv/stripe/webhook` of the server.
    #[arg(long)]
    webhook_url: Option<String>,
    /// Sends webhooks in the wrong order and each twice.
    #[arg(long)]
    unruly: bool,
}

/// Runs until the process ends.
///
/// # Errors
/// [`Failure`] when the port is taken.
pub fn run(command: Scripted) -> Result<(), Failure> {
    let endpoint = ScriptedStripe::start(Options {
        listen: command.listen,
        key: command.key,
        webhook_secret: command.webhook_secret,
        webhook_url: command.webhook_url,
        unruly: command.unruly,
    })?;
    say(format!("Stripe (scripted): {}", endpoint.base_url()));
    endpoint.join();
    Ok(())
}
