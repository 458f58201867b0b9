//! `estafette migrate`.

use super::failure::Failure;
use super::{open, say};
use crate::config::Settings;
use crate::{db, telemetry};

/// Brings the database up to date and says what was done.
///
/// # Errors
/// [`Failure`].
pub fn run(settings: &Settings) -> Result<(), Failure> {
    let _telemetry = telemetry::start(settings);
    actix_web::rt::System::new().block_on(async {
        let (address, embedded) = open::database(settings, open::Sharing::Together).await?;
        let outcome = match &embedded {
            Some(embedded) => embedded.migrate().await,
            None => db::migrate(&address).await,
        };
        if let Some(embedded) = embedded {
            embedded.stop().await?;
        }
        let applied = outcome?;
        for one in &applied {
            say(format!("applied {} in {} ms", one.name, one.took.as_millis()));
        }
        say(format!("the database is up to date; {} migration(s) applied", applied.len()));
        Ok(())
    })
}
