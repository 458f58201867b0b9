//! `estafette user`: people of a product, from the command line.

use super::failure::Failure;
use super::{Sources, open, say};
use crate::catalog::{Account, Accounts, NewAccount};
use crate::telemetry;
use clap::{Args, Subcommand};
use estafette_actors::{Db, Runtime};
use std::io::BufRead as _;

/// How many users `list` shows at most.
const LIST_MAX: u32 = 1000;

/// The arguments of `estafette user`.
#[derive(Args)]
pub struct User {
    #[command(subcommand)]
    action: Action,
    /// The product whose users are meant.
    #[arg(long, default_value = "cv", global = true)]
    product: String,
}

#[derive(Subcommand)]
enum Action {
    #[command(about = "Sign a person up; the password is read from standard input unless it is given")]
    Add {
        /// Address.
        email: String,
        /// Password. Others can see it in the list of processes: better leave it out and type it.
        #[arg(long)]
        password: Option<String>,
        /// Name.
        #[arg(long)]
        name: Option<String>,
        /// Credits on top of what every new user gets.
        #[arg(long, default_value_t = 0)]
        credits: u32,
        #[command(flatten)]
        sources: Box<Sources>,
    },
    #[command(about = "List the newest users")]
    List {
        /// How many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(LIST_MAX)))]
        limit: u32,
        #[command(flatten)]
        sources: Box<Sources>,
    },
    #[command(about = "Give a user a role; it is in the access tokens that are made from now on")]
    Role {
        /// Address.
        email: String,
        /// A role of the product (cv: USER, ADMIN).
        role: String,
        #[command(flatten)]
        sources: Box<Sources>,
    },
    #[command(about = "Give credits to a user")]
    Credits {
        /// Address.
        email: String,
        /// How many.
        #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        amount: u32,
        #[command(flatten)]
        sources: Box<Sources>,
    },
}

/// Runs it.
///
/// # Errors
/// [`Failure`]; the product's own sentence where it refuses.
pub fn run(user: User) -> Result<(), Failure> {
    let product = user.product;
    match user.action {
        Action::Add { email, password, name, credits, sources } => {
            let password = password.map_or_else(read_password, Ok)?;
            let new = NewAccount { email, password, name, credits };
            with_accounts(*sources, &product, async |accounts, runtime, _| {
                say(line(&accounts.add(runtime, new.clone()).await?));
                Ok(())
            })
        }
        Action::List { limit, sources } => with_accounts(*sources, &product, async |accounts, _, db| {
            let users = accounts.list(db, limit).await?;
            users.iter().for_each(|account| say(line(account)));
            Ok(())
        }),
        Action::Role { email, role, sources } => with_accounts(*sources, &product, async |accounts, runtime, _| {
            say(line(&accounts.set_role(runtime, &email, &role).await?));
            Ok(())
        }),
        Action::Credits { email, amount, sources } => {
            with_accounts(*sources, &product, async |accounts, runtime, _| {
                say(line(&accounts.give_credits(runtime, &email, amount).await?));
                Ok(())
            })
        }
    }
}

fn read_password() -> Result<String, Failure> {
    say("Password:");
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    if password.is_empty() { Err(Failure::settings("no password was given")) } else { Ok(password) }
}

fn line(account: &Account) -> String {
    let name = account.name.as_deref().unwrap_or("-");
    format!("{}  {}  {name}  {}  {} credits", account.id, account.email, account.role, account.credits)
}

/// Opens the database, does the work, closes it again.
fn with_accounts(
    sources: Sources,
    product: &str,
    work: impl AsyncFnOnce(&dyn Accounts, &Runtime, &Db) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let settings = sources.load()?;
    let _telemetry = telemetry::start(&settings);
    actix_web::rt::System::new().block_on(async {
        let opened = open::open(&settings, open::Sharing::Together).await?;
        let outcome = async {
            let accounts = opened.catalog.accounts(product).map_err(Failure::settings)?;
            let runtime = open::idle_runtime(&opened).await?;
            let outcome = work(&*accounts, &runtime, &opened.db).await;
            runtime.drain(std::time::Duration::ZERO).await;
            outcome
        }
        .await;
        opened.db.pool().close();
        if let Some(embedded) = opened.embedded {
            embedded.stop().await?;
        }
        outcome
    })
}
