//! Versions of a CV: kept, pruned, told (R25–R27).

use super::rules::versions;
use super::store::versions::{self as table, NewVersion};
use super::topics;
use estafette_actors::{DbResult, Tx};
use estafette_protocol::cv::event::cv::CvVersionKept;

/// Keeps a version, prunes what is too much (R27), and tells. `pending` is the version under review.
///
/// # Errors
/// [`estafette_actors::DbError`].
pub async fn keep(
    tx: &mut Tx<'_>,
    cv: &str,
    version: &NewVersion<'_>,
    max_versions: usize,
    pending: Option<i32>,
) -> DbResult<()> {
    table::insert(tx, cv, version).await?;
    let pruned = versions::prune(&table::numbers(tx, cv).await?, max_versions, pending);
    table::delete(tx, cv, &pruned).await?;
    let event = CvVersionKept {
        version: version.version,
        change_type: version.change_type,
        changelog: version.changelog.map(str::to_owned),
        source_file: version.source_file.map(str::to_owned),
        match_score: None,
        pruned,
    };
    tx.emit(&topics::cv(cv)?, "cv.version", &event)
}
