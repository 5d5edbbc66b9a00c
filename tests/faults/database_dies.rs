//! A database that dies in mid-export: the cause is told, and nothing that came looks whole.

use std::time::Duration;

use decant_tests::actors::{Actor, App};
use decant_tests::cluster::{Cluster, folder};
use decant_tests::database::{DEMO_ROWS, Database, ENDLESS, fill};
use decant_tests::patience::wait_for;
use decant_tests::raw_rows::RawRows;
use decant_tests::server::{ADMIN_TOKEN, Server};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Response;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

/// A server on a PostgreSQL that nobody else uses.
struct Doomed {
    server: Server,
    dsn: String,
    cluster: Cluster,
    _definitions: TempDir,
}

impl Doomed {
    async fn start() -> Self {
        let cluster = Cluster::start().await;
        let dsn = cluster.dsn(decant::embedded::DATABASE);
        fill(&dsn, DEMO_ROWS).await;
        let definitions = folder();
        std::fs::write(definitions.path().join("endless.toml"), ENDLESS).unwrap();
        let datasets = definitions.path().to_str().unwrap();
        let server = Server::start(&[("DSN", &dsn), ("DECANT_DATASETS_DIR", datasets)]).await;
        Self {
            server,
            dsn,
            cluster,
            _definitions: definitions,
        }
    }

    fn admin(&self) -> Actor {
        Actor::new(&self.server.address).with_token(ADMIN_TOKEN)
    }

    /// Kills PostgreSQL's first process and the one that runs the `COPY`, as the kernel does when memory runs out.
    async fn kill_database(&self) {
        let mut connection = PgConnection::connect(&self.dsn).await.unwrap();
        let sql = "select pid from pg_stat_activity where state = 'active' and query ilike 'copy%'";
        let backend: i32 = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
        kill(
            Pid::from_raw(self.cluster.postmaster().cast_signed()),
            Signal::SIGKILL,
        )
        .unwrap();
        kill(Pid::from_raw(backend), Signal::SIGKILL).unwrap();
    }
}

/// Reads on to the end; the second value tells whether the connection broke.
async fn rest(mut stream: Response, mut body: Vec<u8>) -> (Vec<u8>, bool) {
    let read = async {
        loop {
            match stream.chunk().await {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => return (body, false),
                Err(_) => return (body, true),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), read)
        .await
        .expect("the stream ends when the database is gone")
}

#[tokio::test]
async fn the_raw_rows_end_with_the_cause() {
    let doomed = Doomed::start().await;
    let mut stream = doomed.admin().rows("endless").open().await;
    let first = stream.chunk().await.unwrap().unwrap().to_vec();
    doomed.kill_database().await;
    let (body, broken) = rest(stream, first).await;
    assert!(!broken, "the stream itself ends well, with a failure record");
    let rows = RawRows::parse(&body);
    assert!(rows.count() > 0);
    assert!(rows.end.is_none(), "a broken export has no end record");
    let failure = rows.failure.expect("a broken export has a failure record");
    assert_eq!((failure.code.as_str(), failure.status), ("source_failed", 502));
    assert!(
        failure.detail.contains("database") || failure.detail.contains("PostgreSQL"),
        "{}",
        failure.detail
    );
    assert!(!failure.detail.contains("generate_series"), "{}", failure.detail);
}

#[tokio::test]
async fn the_connection_of_a_file_is_broken_never_ended() {
    let doomed = Doomed::start().await;
    let mut stream = doomed.admin().export("endless").open().await;
    let first = stream.chunk().await.unwrap().unwrap().to_vec();
    doomed.kill_database().await;
    let (_, broken) = rest(stream, first).await;
    assert!(broken, "a file that is not whole must not look whole");
}

#[tokio::test]
async fn the_server_says_that_it_cannot_work_and_lives_on() {
    let mut doomed = Doomed::start().await;
    doomed.admin().readyz().answer().await.good();
    kill(
        Pid::from_raw(doomed.cluster.postmaster().cast_signed()),
        Signal::SIGKILL,
    )
    .unwrap();
    let unready = async || (doomed.admin().readyz().answer().await.status >= 500).then_some(());
    wait_for("readyz to say no", Duration::from_secs(20), unready).await;
    doomed.admin().healthz().answer().await.good();
    let rows = doomed.admin().rows("usage-logs").answer().await;
    assert!(
        [502, 503].contains(&rows.status),
        "{}: {}",
        rows.status,
        rows.text()
    );
    assert!(
        !rows.text().contains("/tmp/"),
        "the database's address leaks: {}",
        rows.text()
    );
    doomed.server.crash().await;
}

#[tokio::test]
async fn an_export_that_an_operator_ends_tells_so_and_the_next_one_works() {
    let definitions = folder();
    std::fs::write(definitions.path().join("endless.toml"), ENDLESS).unwrap();
    let settings = [
        ("DECANT_DATASETS_DIR", definitions.path().to_str().unwrap()),
        ("DECANT_EXPORTS_MAX", "1"),
    ];
    let app = App::start_on(Database::new().await, &settings).await;
    let mut stream = app.admin().rows("endless").open().await;
    let first = stream.chunk().await.unwrap().unwrap().to_vec();
    let end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() \
               and state = 'active' and query ilike 'copy%'";
    app.database.execute(end).await;
    let (body, _) = rest(stream, first).await;
    let failure = RawRows::parse(&body).failure.unwrap();
    assert_eq!(failure.code, "source_failed");
    let rows = app.admin().rows("usage-logs").answer().await.raw_rows().whole();
    assert_eq!(rows.count(), app.database.usage_rows("true").await);
}
