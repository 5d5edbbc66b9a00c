//! A state database that is away: no export begins, and audit records wait within a bound.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use decant::source::Limits;
use decant::state::{Options, RunningDatabase, State};
use decant_embedded::EmbeddedPostgres;
use decant_tests::app::App;
use decant_tests::cluster::{Cluster, folder};
use decant_tests::definitions::NUMBERS;
use decant_tests::metrics::Metrics;
use decant_tests::patience::wait_for;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

async fn number(dsn: &str, sql: &'static str) -> i64 {
    let Ok(mut connection) = PgConnection::connect(dsn).await else {
        return -1;
    };
    sqlx::query_scalar(sql)
        .fetch_one(&mut connection)
        .await
        .unwrap_or(-1)
}

fn dsn_of_private_postgres(data: &TempDir) -> String {
    let (database, folder) = (decant_embedded::DATABASE, data.path().display());
    format!("postgres:///{database}?host={folder}/postgres/socket&user=postgres")
}

async fn start_in(data: &TempDir) -> EmbeddedPostgres {
    EmbeddedPostgres::start_with(data.path(), &[("fsync", "off")])
        .await
        .expect("the private PostgreSQL starts")
}

#[tokio::test]
async fn no_export_begins_without_its_permissions_and_dropped_records_are_counted() {
    let data = folder();
    let dsn = dsn_of_private_postgres(&data);
    let settings = [
        ("STATE_DSN", dsn.as_str()),
        ("DECANT_AUDIT_WAITING_MAX", "10"),
        ("DECANT_WAIT_SECONDS", "2"),
    ];
    let app = App::start_with_datasets(&[NUMBERS], &settings).await;
    let end_sessions = async |times| {
        for _ in 0..times {
            let ended = app.admin().end_sessions(&json!({ "subject": "hub:1" }));
            assert_eq!(ended.answer().await.status, 204);
        }
    };
    let refused = async || {
        for request in [app.admin().rows("numbers"), app.admin().export("numbers")] {
            let problem = request.answer().await.problem(503, "state_database_unavailable");
            assert!(problem.detail.contains("state database"), "{problem:?}");
        }
        // To look at rows is no export.
        app.admin().page("numbers").answer().await.good();
    };
    app.server.wait_for_log("does not answer yet", SOON).await;
    refused().await;
    end_sessions(3).await;

    let complete = "select count(*) from decant.audit where action = 'sessions_ended'";
    let recorded = async |count| {
        let look = async || (number(&dsn, complete).await == count).then_some(());
        wait_for("the records", SOON, look).await;
    };
    let start = async || start_in(&data).await;
    let postgres = start().await;
    recorded(3).await;
    let exported = async || (app.admin().rows("numbers").answer().await.status == 200).then_some(());
    wait_for("an export", SOON, exported).await;

    postgres.stop().await.unwrap();
    refused().await;
    end_sessions(40).await;
    let postgres = start().await;
    let lost = "select coalesce(sum((details->>'count')::bigint), 0)::bigint from decant.audit \
                where action = 'audit_records_lost'";
    let written =
        "select count(*) from decant.audit where action like 'export%' or action = 'sessions_ended'";
    // The export has a record of its begin and one of its end.
    let all = async || {
        let (lost, written) = (number(&dsn, lost).await, number(&dsn, written).await);
        (lost > 0 && lost + written == 2 + 43).then_some(())
    };
    wait_for("all records, written or counted", SOON, all).await;
    drop(app);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn its_figures_are_absent_while_it_is_away_and_the_other_metrics_stay() {
    let data = folder();
    let dsn = dsn_of_private_postgres(&data);
    let app = App::start_with(&[("STATE_DSN", dsn.as_str())]).await;
    let anonymous = app.anonymous();
    let metrics = async || Metrics::of(&anonymous).await;
    let readiness = async || -> Value {
        let answer = anonymous.readyz().query("verbose", "").answer().await;
        answer.good().json()
    };
    let began = Instant::now();
    let away = metrics().await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(!away.names().contains(&"decant_exports_queued"), "{away:?}");
    assert!(away.names().contains(&"process_open_fds"), "{away:?}");
    let degraded = readiness().await;
    assert_eq!(
        (
            &degraded["status"],
            &degraded["checks"][1]["status"],
            &degraded["queue"]
        ),
        (&json!("degraded"), &json!("failed"), &Value::Null),
        "{degraded}"
    );
    let postgres = start_in(&data).await;
    wait_for("the figures", SOON, async || {
        metrics()
            .await
            .value("decant_exports_queued", &[])
            .filter(|queued| *queued == 0.0)
    })
    .await;
    wait_for("all parts", SOON, async || {
        (readiness().await["status"] == "ready").then_some(())
    })
    .await;
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn the_audit_log_can_be_read_as_soon_as_it_answers() {
    let data = folder();
    let dsn = dsn_of_private_postgres(&data);
    let app = App::start_with(&[("STATE_DSN", dsn.as_str()), ("DECANT_WAIT_SECONDS", "2")]).await;
    let refused = app.admin().rows("audit-log").answer().await;
    refused.problem(503, "dataset_unavailable");
    let postgres = start_in(&data).await;
    let is_read = async || {
        let answer = app.admin().rows("audit-log").answer().await;
        (answer.status == 200).then_some(())
    };
    wait_for("the audit log", SOON, is_read).await;
    // It may go away again while the dataset is in use.
    postgres.stop().await.unwrap();
    let away = app.admin().rows("audit-log").answer().await;
    away.problem(503, "state_database_unavailable");
    app.admin().page("usage-logs").answer().await.good();
    let postgres = start_in(&data).await;
    wait_for("the audit log again", SOON, is_read).await;
    drop(app);
    postgres.stop().await.unwrap();
}

/// A server that accepts connections and never answers.
struct Silent {
    address: String,
    /// The most connections that were open at once.
    most: Arc<AtomicUsize>,
}

impl Silent {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let silent = Self {
            address: address.to_string(),
            most: Arc::clone(&most),
        };
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let open = Arc::clone(&open);
                most.fetch_max(open.fetch_add(1, Relaxed) + 1, Relaxed);
                tokio::spawn(async move {
                    // Until the other side closes it.
                    let _ = tokio::io::copy(&mut connection, &mut tokio::io::sink()).await;
                    open.fetch_sub(1, Relaxed);
                });
            }
        });
        silent
    }
}

#[tokio::test]
async fn callers_who_go_away_while_it_is_silent_leave_one_connection() {
    let silent = Silent::start().await;
    let mut other = PgConnection::connect(&Cluster::shared().await.dsn("postgres"))
        .await
        .expect("PostgreSQL accepts a connection");
    let exported = RunningDatabase::read(&mut other).await.expect("it answers");
    let dsn = format!("postgres://decant@{}/decant", silent.address);
    let options: Options = dsn.parse().expect("it is an address");
    let limits = Limits {
        exports_max: 1,
        queries_max: 1,
        wait_max: Duration::from_secs(2),
        query_max: SOON,
    };
    let state = State::open(&options, None, exported, limits).await;
    let state = state.expect("it may answer later");
    for _ in 0..50 {
        let gone = timeout(Duration::from_millis(20), state.rows()).await;
        assert!(gone.is_err() || gone.is_ok_and(|rows| rows.is_err()));
    }
    // The next one may begin before the end of the last one is seen.
    let most = silent.most.load(Relaxed);
    assert!(most <= 2, "{most} connections");
}
