//! One caller cannot keep the others out: by exports that they do not read, by queries that wait, or by requests that do
//! not end.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::definitions::ENDLESS;
use decant_tests::patience::wait_for;
use sqlx::{Connection, Executor, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bound for what should take a second or two.
const SOON: Duration = Duration::from_secs(20);

const WAIT: (&str, &str) = ("DECANT_WAIT_SECONDS", "1");

#[tokio::test]
async fn exports_that_nobody_reads_take_only_their_callers_share() {
    let app = App::start_with(&[
        ("DECANT_EXPORTS_MAX", "2"),
        ("DECANT_EXPORTS_PER_CALLER", "1"),
        WAIT,
    ])
    .await;
    let (user, _) = app.user().await;
    let lock = locked(&app).await;
    let waiting = tokio::spawn(user.rows("usage-logs").open());
    let runs = async || waits(&app).await.then_some(());
    wait_for("the first export to wait for the table", SOON, runs).await;
    let refused = user.rows("usage-logs").answer().await.problem(429, "share_used");
    assert!(
        refused.detail.contains("1 of your requests"),
        "{}",
        refused.detail
    );
    // The administrator has a share of their own.
    let others = tokio::spawn(app.admin().rows("usage-logs").open());
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(lock);
    waiting.await.unwrap();
    others.await.unwrap();
}

#[tokio::test]
async fn queries_that_wait_keep_nobody_from_signing_in() {
    let app = App::start_with(&[
        ("DECANT_CONNECTIONS_MAX", "2"),
        ("DECANT_QUERIES_PER_CALLER", "2"),
        WAIT,
    ])
    .await;
    let (user, _) = app.user().await;
    user.me().answer().await.good();
    let _lock = locked(&app).await;
    let counts: Vec<_> = (0..4)
        .map(|_| tokio::spawn(user.count("usage-logs").open()))
        .collect();
    let both = async || waits(&app).await.then_some(());
    wait_for("a count to wait for the table", SOON, both).await;
    app.anonymous().readyz().answer().await.good();
    user.me().answer().await.good();
    for count in counts {
        count.abort();
    }
}

#[tokio::test]
async fn an_export_that_nobody_reads_ends() {
    let app = App::start_with_datasets(&[ENDLESS], &[("DECANT_STALL_SECONDS", "1")]).await;
    let stream = app.admin().rows("endless").open().await;
    let running = async || (app.database.running_copies().await == 1).then_some(());
    wait_for("the export to run", SOON, running).await;
    let ended = async || (app.database.running_copies().await == 0).then_some(());
    wait_for("the export to end, because its client reads nothing", SOON, ended).await;
    drop(stream);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_refused() {
    let app = App::start_with(&[("DECANT_STALL_SECONDS", "1")]).await;
    let address = app.server.address.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = "POST /api/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{";
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(SOON, connection.read_to_string(&mut answer))
        .await
        .expect("the connection is closed")
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("request_stalled"), "{answer}");
}

/// Locks the log, so that every query of it waits until the connection is dropped.
async fn locked(app: &App) -> PgConnection {
    let mut lock = PgConnection::connect(&app.database.dsn)
        .await
        .expect("the cluster runs");
    lock.execute("begin").await.expect("a transaction begins");
    lock.execute("lock table message_request in access exclusive mode")
        .await
        .expect("the table is there");
    lock
}

async fn waits(app: &App) -> bool {
    let waiting = "select count(*)::text from pg_stat_activity where wait_event_type = 'Lock' \
         and datname = current_database()";
    app.database.text(waiting).await.as_deref() != Some("0")
}
