//! Versions of a CV: kept, pruned, told (R25–R27).

use super::rules::versions;
use super::store::versions::{self as table, NewVersion};
use super::topics;
use estafette_actors::{DbResult, Tx};
use estafette_protocol::cv::event::cv::CvVersionKept;

/// Saves the state of now under a number (R25), and tells: a reader that lists the versions must not learn of the original
/// only from its next snapshot.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn save_current(tx: &mut Tx<'_>, cv: &str, version: i32) -> DbResult<()> {
    table::save_current(tx, cv, version).await?;
    let Some(saved) = table::one(tx, cv, version).await? else { return Ok(()) };
    let event = CvVersionKept {
        version,
        change_type: saved.summary.change_type,
        changelog: saved.summary.changelog,
        source_file: saved.summary.source_file,
        match_score: saved.summary.match_score,
        pruned: Vec::new(),
    };
    tx.emit(&topics::cv(cv)?, "cv.version", &event)
}

/// Keeps versions, prunes what is too much (R27), and tells: of what was pruned with the last. `pending` is the version
/// under review.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn keep(
    tx: &mut Tx<'_>,
    cv: &str,
    kept: &[NewVersion<'_>],
    max_versions: usize,
    pending: Option<i32>,
) -> DbResult<()> {
    for version in kept {
        table::insert(tx, cv, version);
    }
    let mut pruned = versions::prune(&table::numbers(tx, cv).await?, max_versions, pending);
    table::delete(tx, cv, &pruned).await?;
    for (place, version) in kept.iter().enumerate() {
        let event = CvVersionKept {
            version: version.version,
            change_type: version.change_type,
            changelog: version.changelog.map(str::to_owned),
            source_file: version.source_file.map(str::to_owned),
            match_score: None,
            pruned: if place + 1 == kept.len() { std::mem::take(&mut pruned) } else { Vec::new() },
        };
        tx.emit(&topics::cv(cv)?, "cv.version", &event)?;
    }
    Ok(())
}
