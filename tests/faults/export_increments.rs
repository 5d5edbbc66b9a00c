//! Runs of incremental schedules whose worker is killed or paused: no row is in two files, and none in no file.

use std::time::Duration;

use decant_tests::exports::wait_until;
use decant_tests::increments::{Events, run, run_of, schedule};
use decant_tests::patience::wait_for;
use decant_tests::server::Server;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

const SOON: Duration = Duration::from_secs(60);

/// A short lease, so that a lost worker is noticed soon.
const LEASE: (&str, &str) = ("DECANT_EXPORT_LEASE_SECONDS", "3");

const WITHOUT_WORKERS: (&str, &str) = ("DECANT_WORKERS", "0");

/// Rows that come 6 s after their query.
const SLOW: &str = "(select e.id, e.at, e.note from events e, pg_sleep(6)) e";

async fn worker(events: &Events) -> Server {
    let settings = [events.definitions.setting(), LEASE];
    events.exports.another_server(&settings).await
}

/// Returns the end of the rows of a run, once it has one.
async fn end_of_rows(events: &Events, run: &str) -> String {
    let sql = format!("select rows_before from decant.data_exports where id = '{run}'");
    let state = &events.exports.state;
    wait_for("a run that has begun", SOON, async || state.text(&sql).await).await
}

#[tokio::test]
async fn a_run_of_a_killed_worker_is_made_again_with_the_rows_that_have_come_meanwhile() {
    let events = Events::start_from(SLOW, &[LEASE, WITHOUT_WORKERS]).await;
    let admin = events.admin();
    let mut first = worker(&events).await;
    let id = schedule(&admin, json!({})).await;
    events.insert().await;
    events.settle().await;
    let mut late = events.begin().await;
    let killed = run_of(&admin, id).await;
    let before = end_of_rows(&events, &killed).await;
    first.crash().await;
    run(&mut late, "commit").await;
    events.insert().await;
    events.settle().await;
    assert_eq!(events.watermark(id).await, None);
    let _second = worker(&events).await;
    let completed = wait_until(&admin, &killed, "completed").await;
    assert_eq!(completed["attempts"], 2, "{completed}");
    assert_eq!(events.rows(&killed).await, [1, 2, 3, 4]);
    assert!(end_of_rows(&events, &killed).await > before);
    assert_eq!(events.run(id).await, [0; 0]);
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_moves_no_time_and_its_rows_are_in_one_file() {
    let events = Events::start_from(SLOW, &[LEASE, WITHOUT_WORKERS]).await;
    let admin = events.admin();
    let first = worker(&events).await;
    let signal = |signal| kill(Pid::from_raw(first.pid().cast_signed()), signal).expect("the server runs");
    let id = schedule(&admin, json!({})).await;
    events.insert().await;
    events.settle().await;
    let paused = run_of(&admin, id).await;
    end_of_rows(&events, &paused).await;
    signal(Signal::SIGSTOP);
    events.insert().await;
    events.settle().await;
    let _second = worker(&events).await;
    let completed = wait_until(&admin, &paused, "completed").await;
    assert_eq!(completed["attempts"], 2, "{completed}");
    let watermark = events.watermark(id).await;
    assert_eq!(watermark, Some(end_of_rows(&events, &paused).await));
    signal(Signal::SIGCONT);
    first.wait_for_log("export_lease_lost", SOON).await;
    let removed = async || (events.exports.files() == 1).then_some(());
    wait_for("the removal of the other file", SOON, removed).await;
    assert_eq!(events.watermark(id).await, watermark);
    // The session of the paused worker was open when the third one came, so that is left to the next run.
    let rows = [events.rows(&paused).await, events.run(id).await].concat();
    assert_eq!(rows, [1, 2, 3]);
}
