//! The TypeScript types of the SDK are those of this crate.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../client-sdk/src/generated/protocol.ts");

#[test]
fn the_generated_file_is_up_to_date() {
    let fresh = estafette_protocol::typescript::render();
    let path = Path::new(FILE);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &fresh).unwrap();
        return;
    }
    let on_disk = std::fs::read_to_string(path).unwrap_or_default();
    if on_disk == fresh {
        return;
    }
    let line = on_disk.lines().zip(fresh.lines()).position(|(old, new)| old != new);
    let line = line.unwrap_or_else(|| on_disk.lines().count().min(fresh.lines().count()));
    panic!(
        "client-sdk/src/generated/protocol.ts is stale from line {}:\n  on disk: {}\n  fresh:   {}\n\
         update it with: UPDATE=1 cargo test -p estafette-protocol --test typescript",
        line + 1,
        on_disk.lines().nth(line).unwrap_or("(end)"),
        fresh.lines().nth(line).unwrap_or("(end)"),
    );
}

#[test]
fn it_is_made_the_same_way_every_time_and_needs_no_import() {
    let file = estafette_protocol::typescript::render();
    assert_eq!(file, estafette_protocol::typescript::render());
    let mut names: Vec<&str> = file.lines().filter_map(|line| line.strip_prefix("export type ")).collect();
    names.iter_mut().for_each(|line| *line = line.split([' ', '<']).next().unwrap());
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "two types have one name");
    assert!(!file.contains("import "), "one file without imports");
    assert!(!file.contains("bigint"), "JSON and MessagePack clients read plain numbers");
}
