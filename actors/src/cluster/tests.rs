//! On the real binaries.

use super::postmaster::{self, Postmaster};
use super::*;
use crate::testkit::ClusterFolder;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio_postgres::NoTls;

fn options(folder: impl Into<PathBuf>) -> ClusterOptions {
    ClusterOptions {
        folder: folder.into(),
        binaries: None,
        max_connections: 20,
        durability: Durability::None,
        settings: Vec::new(),
    }
}

async fn ask(cluster: &Cluster, sql: &str) -> Result<String, tokio_postgres::Error> {
    let (client, connection) = cluster.config("app").connect(NoTls).await?;
    tokio::spawn(connection);
    client.query_one(sql, &[]).await?.try_get(0)
}

fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < until, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn kill(pid: i32) {
    postmaster::signal(pid, rustix::process::Signal::KILL);
}

#[tokio::test]
async fn data_survives_a_stop_and_the_server_listens_on_no_port() {
    let folder = ClusterFolder::new();
    let cluster = Cluster::start(options(folder.path().join("data"))).unwrap();
    cluster.ensure_database("app").await.unwrap();
    cluster.ensure_database("app").await.unwrap();
    assert_eq!(ask(&cluster, "SHOW listen_addresses").await.unwrap(), "");
    assert_eq!(ask(&cluster, "SHOW server_encoding").await.unwrap(), "UTF8");
    let (client, connection) = cluster.config("app").connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("CREATE TABLE mark (t text); INSERT INTO mark VALUES ('é')").await.unwrap();
    cluster.stop().unwrap();

    let began = Instant::now();
    let again = Cluster::start(options(folder.path().join("data"))).unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "the second start took {:?}", began.elapsed());
    assert_eq!(ask(&again, "SELECT t FROM mark").await.unwrap(), "é");
}

#[tokio::test]
async fn a_server_that_a_killed_process_left_running_is_adopted_and_stopped() {
    let folder = ClusterFolder::new();
    let mut first = Cluster::start(options(folder.path())).unwrap();
    first.ensure_database("app").await.unwrap();
    let pid = first.pid();
    first.leave_running();
    drop(first);
    let mut second = Cluster::start(options(folder.path())).unwrap();
    assert_eq!(second.pid(), pid);
    assert!(second.is_running());
    second.stop().unwrap();
    wait_for("the stop", || !postmaster::is_alive(pid) || Postmaster::read(&folder.path().join("postgres")).is_none());
}

#[tokio::test]
async fn a_running_server_with_other_settings_is_restarted_with_ours() {
    let folder = ClusterFolder::new();
    let mut first = Cluster::start(options(folder.path())).unwrap();
    first.ensure_database("app").await.unwrap();
    first.leave_running();
    drop(first);
    let more = ClusterOptions { max_connections: 33, ..options(folder.path()) };
    let second = Cluster::start(more).unwrap();
    assert_eq!(ask(&second, "SHOW max_connections").await.unwrap(), "81");
}

#[tokio::test]
async fn a_killed_server_starts_again_and_a_stale_pid_file_does_not_stop_it() {
    let folder = ClusterFolder::new();
    let mut cluster = Cluster::start(options(folder.path())).unwrap();
    cluster.ensure_database("app").await.unwrap();
    let pid = cluster.pid();
    kill(pid);
    wait_for("the end", || !cluster.is_running());
    // The number in the pid file now belongs to a program that lives: this one.
    let pid_file = cluster.folder().join("postgres/postmaster.pid");
    let stale =
        std::fs::read_to_string(&pid_file).unwrap().replacen(&pid.to_string(), &std::process::id().to_string(), 1);
    std::fs::write(&pid_file, stale).unwrap();
    cluster.restart().unwrap();
    assert_ne!(cluster.pid(), pid);
    assert_eq!(ask(&cluster, "SELECT 'up'").await.unwrap(), "up");
}

#[test]
fn one_folder_serves_one_process_and_two_folders_two_servers() {
    let (one, two) = (ClusterFolder::new(), ClusterFolder::new());
    let mut first = Cluster::start(options(one.path())).unwrap();
    let error = Cluster::start(options(one.path())).unwrap_err();
    assert!(matches!(error, ClusterError::Locked(_)), "{error}");
    assert!(error.to_string().contains("in use by another estafette process"));
    let theirs = Cluster::of_another_process(one.path(), "app").unwrap();
    assert_eq!(theirs.get_hosts(), first.config("app").get_hosts());
    assert!(Cluster::of_another_process(&one.path().join("other"), "app").is_none());
    let mut second = Cluster::start(options(two.path())).unwrap();
    assert!(first.is_running() && second.is_running());
}

#[test]
fn a_path_too_long_for_a_socket_gets_a_short_private_folder() {
    let folder = ClusterFolder::new();
    let deep = folder.path().join("x".repeat(100));
    let mut cluster = Cluster::start(options(&deep)).unwrap();
    assert!(cluster.is_running());
    assert!(cluster.socket().starts_with("/tmp"));
    let socket = cluster.socket().to_path_buf();
    cluster.stop().unwrap();
    std::fs::remove_dir_all(socket).unwrap();
}

/// Only root can lend another user's id, and only root meets folders that this user cannot enter.
#[test]
fn as_root_an_unreachable_folder_is_replaced_by_one_that_postgres_can_enter() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = ClusterFolder::new();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let mut cluster = Cluster::start(options(folder.path().join("data"))).unwrap();
    assert!(cluster.is_running());
    let moved = cluster.folder().to_path_buf();
    assert!(moved.starts_with("/var/lib"), "{}", moved.display());
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(moved.join("postgres")).unwrap());
    assert_ne!(owner, 0);
    cluster.stop().unwrap();
    std::fs::remove_dir_all(moved).unwrap();
}

#[test]
fn a_failed_start_says_what_postgres_said() {
    let folder = ClusterFolder::new();
    Cluster::start(options(folder.path())).unwrap().stop().unwrap();
    std::fs::write(folder.path().join("postgres/postgresql.conf"), "nonsense = 1\n").unwrap();
    let error = Cluster::start(options(folder.path())).unwrap_err();
    assert!(error.to_string().contains("nonsense"), "{error}");
    std::fs::write(folder.path().join("postgres/PG_VERSION"), "9\n").unwrap();
    let error = Cluster::start(options(folder.path())).unwrap_err();
    assert!(error.to_string().contains("was made by Postgres 9"), "{error}");
}

#[test]
fn a_half_made_cluster_is_made_again() {
    let folder = ClusterFolder::new();
    std::fs::create_dir(folder.path().join("postgres.init")).unwrap();
    std::fs::write(folder.path().join("postgres.init/PG_VERSION"), "15\n").unwrap();
    assert!(Cluster::start(options(folder.path())).unwrap().is_running());
    assert!(Path::new(&folder.path().join("postgres/PG_VERSION")).exists());
}
