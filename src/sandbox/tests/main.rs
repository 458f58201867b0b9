//! Real processes that do what they may not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod job;

use estafette_sandbox::pool::JOBS_MAX;
use estafette_sandbox::{Program, Sandbox, SandboxError, Work as _};
use job::{Odd, OddJob};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn program(path: &str) -> Program {
    Program { path: path.into(), args: Vec::new(), env: vec![("ONLY".to_owned(), "this".to_owned())] }
}

fn odd(at_once: usize) -> Sandbox<Odd> {
    Sandbox::new(program(env!("CARGO_BIN_EXE_estafette-sandbox-odd-jobs")), at_once)
}

async fn pid(sandbox: &Sandbox<Odd>) -> u32 {
    sandbox.run(OddJob::Pid).await.unwrap().parse().unwrap()
}

/// Whether there is such a process, and it has not ended (a zombie waits for its parent only).
fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}

async fn gone(pid: u32) {
    let began = Instant::now();
    while lives(pid) {
        assert!(began.elapsed() < Duration::from_secs(10), "{pid} is still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn jobs_are_answered_by_a_process_that_is_kept_and_replaced_after_many() {
    let sandbox = odd(2);
    let first = pid(&sandbox).await;
    assert_eq!(sandbox.run(OddJob::Say("é".to_owned())).await.unwrap(), "é");
    for _ in 2..JOBS_MAX {
        assert_eq!(pid(&sandbox).await, first);
    }
    assert_ne!(pid(&sandbox).await, first);
    gone(first).await;
}

#[tokio::test]
async fn what_has_nothing_to_do_is_ended_and_what_is_dropped_too() {
    let path = program(env!("CARGO_BIN_EXE_estafette-sandbox-odd-jobs"));
    let sandbox = Sandbox::<Odd>::keeping(path, 1, Duration::from_millis(100));
    let first = pid(&sandbox).await;
    gone(first).await;
    let second = pid(&sandbox).await;
    assert_ne!(second, first);
    drop(sandbox);
    gone(second).await;
}

#[tokio::test]
async fn a_panic_is_told_and_the_process_goes_on() {
    let sandbox = odd(1);
    let before = pid(&sandbox).await;
    let told = sandbox.run(OddJob::Panic).await;
    assert_eq!(told, Err(SandboxError::Panicked("as I was asked".to_owned())));
    assert_eq!(pid(&sandbox).await, before);
}

#[tokio::test]
async fn more_memory_than_it_may_have_ends_the_process_and_nothing_else() {
    let sandbox = odd(1);
    assert_eq!(sandbox.run(OddJob::Eat(64)).await.unwrap(), "64");
    let told = sandbox.run(OddJob::Eat(1_000_000)).await;
    assert!(matches!(&told, Err(SandboxError::Died(how)) if how.contains("signal 6")), "{told:?}");
    assert_eq!(sandbox.run(OddJob::Eat(64)).await.unwrap(), "64");
}

#[tokio::test]
async fn what_takes_too_long_is_killed() {
    let sandbox = odd(1);
    let before = pid(&sandbox).await;
    assert_eq!(sandbox.run(OddJob::Hang).await, Err(SandboxError::TooLong(Odd::LIMITS.time)));
    gone(before).await;
    assert_ne!(pid(&sandbox).await, before);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_nothing_behind() {
    let sandbox = odd(1);
    let before = pid(&sandbox).await;
    let hangs = tokio::time::timeout(Duration::from_millis(100), sandbox.run(OddJob::Hang));
    assert!(hangs.await.is_err());
    gone(before).await;
    assert_ne!(pid(&sandbox).await, before);
}

#[tokio::test]
async fn who_finds_no_free_process_in_time_is_told() {
    let sandbox = odd(1);
    // One of them works for two seconds, the other waits for one.
    let (one, other) = tokio::join!(sandbox.run(OddJob::Hang), sandbox.run(OddJob::Hang));
    let told = [one.unwrap_err(), other.unwrap_err()];
    assert!(told.contains(&SandboxError::Busy) && told.contains(&SandboxError::TooLong(Odd::LIMITS.time)), "{told:?}");
}

#[tokio::test]
async fn a_process_that_was_killed_while_it_waited_is_not_the_next_jobs_fault() {
    let sandbox = odd(1);
    let before = pid(&sandbox).await;
    assert!(Command::new("kill").args(["-9", &before.to_string()]).status().unwrap().success());
    gone(before).await;
    assert_ne!(pid(&sandbox).await, before);
}

#[tokio::test]
async fn a_job_that_ends_a_used_process_is_tried_once_more_in_a_new_one() {
    let sandbox = odd(2);
    let mut used = (0, 0);
    while used.0 == used.1 {
        used = tokio::join!(pid(&sandbox), pid(&sandbox));
    }
    assert_eq!(sandbox.run(OddJob::Exit(3)).await, Err(SandboxError::Died("exit code 3".to_owned())));
    assert_eq!([used.0, used.1].into_iter().filter(|pid| lives(*pid)).count(), 1, "one and not all of them");
    assert_eq!(sandbox.run(OddJob::Say("on".to_owned())).await.unwrap(), "on");
}

#[tokio::test]
async fn jobs_and_answers_above_their_bounds_are_told_with_both() {
    let sandbox = odd(1);
    let job = sandbox.run(OddJob::Say("x".repeat(Odd::LIMITS.job_bytes))).await;
    assert!(matches!(job, Err(SandboxError::TooLarge { bytes, max: 100_000 }) if bytes > 100_000), "{job:?}");
    let made = sandbox.run(OddJob::Chatter(Odd::LIMITS.made_bytes)).await;
    assert!(matches!(made, Err(SandboxError::TooLarge { bytes, max: 200_000 }) if bytes > 200_000), "{made:?}");
    assert_eq!(sandbox.run(OddJob::Chatter(150_000)).await.unwrap().len(), 150_000);
}

#[tokio::test]
async fn it_sees_no_secrets_and_opens_neither_files_nor_connections() {
    assert_eq!(odd(1).run(OddJob::Look).await.unwrap(), "[\"ONLY\"] false false");
}

#[tokio::test]
async fn a_program_that_is_missing_or_another_one_is_told_as_such() {
    for (path, word) in [("/nowhere/press", "No such file"), ("true", "another program"), ("yes", "another program")] {
        match Sandbox::<Odd>::new(program(path), 1).run(OddJob::Pid).await {
            Err(SandboxError::NoProgram { reason, .. }) => assert!(reason.contains(word), "{path}: {reason}"),
            other => panic!("{path}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn it_ends_in_the_middle_of_a_job_when_the_server_is_gone() {
    let program = env!("CARGO_BIN_EXE_estafette-sandbox-odd-jobs");
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // `Hang`, as it is on the pipe.
    input.write_all(&[5, 0, 0, 0, 0xa4, b'H', b'a', b'n', b'g']).unwrap();
    assert!(child.try_wait().unwrap().is_none());
    drop(input);
    gone(child.id()).await;
    assert!(child.wait().unwrap().success());
}
