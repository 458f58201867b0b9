//! For tests: a real database each, from one shared private cluster, and a real Redis each. Behind the feature `testkit`.

pub mod cluster;
pub mod database;
pub mod folder;
pub mod halt;
pub mod redis;

pub use database::TestDatabase;
pub use folder::ClusterFolder;
pub use halt::Halted;
pub use redis::TestRedis;

/// Fails when a `.sql` file of a schema's folder is not in the list that is embedded, or stands at the wrong place.
///
/// # Panics
/// That is the failure.
#[allow(clippy::panic, clippy::expect_used)]
pub fn assert_migrations_complete(root: &str, list: &[crate::migration::Migration], schema: &str) {
    let folder = std::path::Path::new(root).join(schema);
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder of the migrations")
        .flatten()
        .filter_map(|entry| entry.file_name().to_string_lossy().strip_suffix(".sql").map(str::to_owned))
        .collect();
    files.sort();
    let listed: Vec<&str> = list.iter().filter(|file| file.schema == schema).map(|file| &*file.name).collect();
    assert_eq!(listed, files, "the list of {schema}'s migrations differs from the files in {}", folder.display());
}
