//! A database that dies during an export: the client gets the cause, and no file looks whole.

use std::time::{Duration, Instant};

use decant_tests::actors::{Actor, rest_of};
use decant_tests::app::App;
use decant_tests::cluster::{Cluster, execute, folder};
use decant_tests::database::{DEMO_ROWS, fill};
use decant_tests::definitions::{Definitions, ENDLESS};
use decant_tests::dumps::failed;
use decant_tests::patience::wait_for;
use decant_tests::raw_rows::RawRows;
use decant_tests::server::{ADMIN_TOKEN, Server};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::{Connection as _, PgConnection};

/// A server on a PostgreSQL of its own, which the test may kill.
struct Doomed {
    server: Server,
    dsn: String,
    cluster: Cluster,
}

impl Doomed {
    async fn start() -> Self {
        let cluster = Cluster::start().await;
        let dsn = cluster.dsn(decant_embedded::DATABASE);
        fill(&dsn, DEMO_ROWS).await;
        let definitions = Definitions::of(&[ENDLESS]);
        let server = Server::start(&[("DSN", &dsn), definitions.setting()]).await;
        Self { server, dsn, cluster }
    }

    fn admin(&self) -> Actor {
        Actor::new(&self.server.address).with_token(ADMIN_TOKEN)
    }

    /// Kills the postmaster and the backend that runs the `COPY`, as the kernel does when memory runs out.
    async fn kill_database(&self) {
        let mut connection = PgConnection::connect(&self.dsn)
            .await
            .expect("PostgreSQL still runs");
        let sql = "select pid from pg_stat_activity where state = 'active' and query ilike 'copy%'";
        let backend = sqlx::query_scalar(sql)
            .fetch_one(&mut connection)
            .await
            .expect("the export runs");
        self.kill_postmaster();
        // It may have ended already, because a backend ends when it notices that the postmaster is gone.
        let killed = kill(Pid::from_raw(backend), Signal::SIGKILL);
        assert!(matches!(killed, Ok(()) | Err(Errno::ESRCH)), "{killed:?}");
    }

    fn kill_postmaster(&self) {
        let postmaster = Pid::from_raw(self.cluster.postmaster().cast_signed());
        kill(postmaster, Signal::SIGKILL).expect("PostgreSQL still runs");
    }
}

#[tokio::test]
async fn raw_rows_end_with_a_failure_record_when_the_database_dies() {
    let doomed = Doomed::start().await;
    let mut stream = doomed.admin().rows("endless").open().await;
    let first = stream.chunk().await.unwrap().unwrap().to_vec();
    doomed.kill_database().await;
    let (rest, broken) = rest_of(stream).await;
    assert!(!broken, "the stream itself ends well, with a failure record");
    let rows = RawRows::parse(&[first, rest].concat());
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
async fn the_connection_of_a_file_breaks_when_the_database_dies() {
    let doomed = Doomed::start().await;
    let mut stream = doomed.admin().export("endless").open().await;
    stream.chunk().await.unwrap().unwrap();
    doomed.kill_database().await;
    let (_, broken) = rest_of(stream).await;
    assert!(broken, "a file that is not whole must not look whole");
}

#[tokio::test]
async fn the_server_is_not_ready_but_alive_without_its_database() {
    let mut doomed = Doomed::start().await;
    doomed.admin().readyz().answer().await.good();
    doomed.kill_postmaster();
    let unready = async || (doomed.admin().readyz().answer().await.status >= 500).then_some(());
    wait_for("readyz to say no", Duration::from_secs(20), unready).await;
    doomed.admin().healthz().answer().await.good();
    let verbose = doomed.admin().readyz().query("verbose", "").answer().await;
    let readiness: serde_json::Value = verbose.json();
    assert_eq!(
        (
            verbose.status,
            &readiness["status"],
            &readiness["checks"][0]["status"]
        ),
        (503, &"down".into(), &"failed".into()),
        "{readiness}"
    );
    let asked = Instant::now();
    let rows = doomed.admin().rows("usage-logs").answer().await;
    rows.problem(503, "database_unavailable");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert!(
        !rows.text().contains("/tmp/"),
        "the database's address leaks: {}",
        rows.text()
    );
    doomed.server.crash().await;
}

#[tokio::test]
async fn an_export_terminated_in_postgresql_fails_and_the_next_one_works() {
    let app = App::start_with_datasets(&[ENDLESS], &[("DECANT_EXPORTS_MAX", "1")]).await;
    let mut stream = app.admin().rows("endless").open().await;
    let first = stream.chunk().await.unwrap().unwrap().to_vec();
    let end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() \
               and state = 'active' and query ilike 'copy%'";
    app.database.execute(end).await;
    let (rest, _) = rest_of(stream).await;
    let failure = RawRows::parse(&[first, rest].concat()).failure.unwrap();
    assert_eq!(failure.code, "source_failed");
    let rows = app.admin().usage_rows(&[]).await;
    assert_eq!(rows.count(), app.database.usage_rows("true").await);
}

#[tokio::test]
async fn a_commit_without_an_answer_is_not_called_undone() {
    let cluster = Cluster::start().await;
    for sql in ["create role owner login", "create database owned owner owner"] {
        cluster.execute(sql.to_owned()).await;
    }
    let dsn = cluster.dsn("owned").replacen("user=postgres", "user=owner", 1);
    execute(&dsn, "create table rows (id int)".to_owned()).await;
    // The commit runs this trigger.
    let migrations = folder();
    let slow = "create function slow() returns trigger language plpgsql as \
                $$ begin perform pg_sleep(60); return null; end $$; \
                create constraint trigger slow after insert on rows deferrable initially deferred \
                for each row execute function slow(); insert into rows values (1)";
    std::fs::write(migrations.path().join("1.sql"), slow).expect("the folder is ours");
    let migrations = migrations.path().to_str().expect("its name is plain").to_owned();
    let settings = [
        ("DSN", dsn.as_str()),
        ("DECANT_POST_RESTORE_MIGRATIONS", &migrations),
    ];
    let server = Server::start(&settings).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;
    let import = tokio::spawn(admin.import(&dump, &[("cleanFirst", "true")]).answer());
    let committing = async || {
        let mut connection = PgConnection::connect(&dsn).await.expect("PostgreSQL runs");
        let sql = "select count(*) from pg_stat_activity where query = 'commit' and state = 'active'";
        let count: i64 = sqlx::query_scalar(sql)
            .fetch_one(&mut connection)
            .await
            .expect("it answers");
        (count == 1).then_some(())
    };
    wait_for("the commit", Duration::from_secs(30), committing).await;
    let postmaster = Pid::from_raw(cluster.postmaster().cast_signed());
    kill(postmaster, Signal::SIGQUIT).expect("PostgreSQL still runs");
    let why = failed(import.await.expect("it ends"));
    assert!(
        why.contains("may have changed") && why.contains("before-restore"),
        "{why}"
    );
}
