//! Against real PostgreSQL programs and real processes. As root they run PostgreSQL as another user.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

use super::*;

/// Returns a folder that PostgreSQL's user may enter.
fn folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("decant-test-").tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

/// Starts it without waiting for the disk, which tests do not need.
async fn start(data_dir: &Path) -> Result<EmbeddedPostgres, EmbeddedError> {
    EmbeddedPostgres::start_with(data_dir, &[("fsync", "off")]).await
}

async fn connect(postgres: &EmbeddedPostgres) -> PgConnection {
    PgConnection::connect_with(&postgres.connect_options())
        .await
        .unwrap()
}

async fn run(postgres: &EmbeddedPostgres, sql: &str) {
    connect(postgres)
        .await
        .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
        .await
        .unwrap();
}

async fn text(postgres: &EmbeddedPostgres, sql: &str) -> String {
    sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_one(&mut connect(postgres).await)
        .await
        .unwrap()
}

async fn wait_until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..6000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not happen within a minute");
}

fn is_alive(process_id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process_id}/stat")).unwrap_or_default();
    !status.is_empty() && !status.contains(") Z ")
}

#[tokio::test]
async fn it_starts_stops_and_starts_again_with_its_rows() {
    let folder = folder();
    let postgres = start(folder.path()).await.unwrap();
    run(
        &postgres,
        "create table kept (n int); insert into kept select generate_series(1, 1000)",
    )
    .await;
    let process_id = postgres.process_id();
    postgres.stop().await.unwrap();
    assert!(!is_alive(process_id));

    let postgres = start(folder.path()).await.unwrap();
    assert_eq!(text(&postgres, "select count(*)::text from kept").await, "1000");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn it_is_utf8_in_utc_with_checksums_and_without_tcp() {
    let folder = folder();
    let postgres = start(folder.path()).await.unwrap();
    let setting = async |name| text(&postgres, &format!("select current_setting('{name}')")).await;
    assert_eq!(setting("server_encoding").await, "UTF8");
    assert_eq!(setting("TimeZone").await, "UTC");
    assert_eq!(setting("data_checksums").await, "on");
    assert_eq!(setting("listen_addresses").await, "");
    assert_eq!(setting("fsync").await, "off");
    assert_eq!(
        text(
            &postgres,
            "select datcollate from pg_database where datname = 'decant'"
        )
        .await,
        "C.UTF-8"
    );
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn other_programs_connect_by_its_address() {
    let folder = folder();
    // A path may hold characters that an address, a list of folders or `libpq` misreads.
    let postgres = start(&folder.path().join("a, \"b\" %é")).await.unwrap();
    let psql = Command::new(postgres.binaries().program("psql"))
        .args([
            "-X",
            "-A",
            "-t",
            "-c",
            "select current_database()",
            &postgres.url(),
        ])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&psql.stdout),
        "decant\n",
        "{}",
        String::from_utf8_lossy(&psql.stderr)
    );
    let mut by_sqlx = PgConnection::connect(&postgres.url()).await.unwrap();
    by_sqlx.ping().await.unwrap();
    by_sqlx.close().await.unwrap();
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn rows_survive_a_killed_postgresql() {
    let folder = folder();
    // With `fsync`, because this tests the state of the disk.
    let postgres = EmbeddedPostgres::start(folder.path()).await.unwrap();
    run(
        &postgres,
        "create table kept (n int); insert into kept select generate_series(1, 1000)",
    )
    .await;
    kill(
        Pid::from_raw(postgres.process_id().cast_signed()),
        Signal::SIGKILL,
    )
    .unwrap();
    assert_eq!(postgres.ended().await, "signal: 9 (SIGKILL)");
    drop(postgres);

    let postgres = EmbeddedPostgres::start(folder.path()).await.unwrap();
    assert_eq!(text(&postgres, "select count(*)::text from kept").await, "1000");
    postgres.stop().await.unwrap();
}

/// This is no test. It is the program that [`postgresql_ends_with_a_killed_program`] kills.
#[tokio::test]
#[ignore = "started by another test"]
async fn a_program_to_be_killed() {
    let Some(folder) = std::env::var_os("DECANT_TEST_FOLDER").map(PathBuf::from) else {
        return;
    };
    let postgres = start(&folder).await.unwrap();
    run(
        &postgres,
        "create table kept (n int); insert into kept select generate_series(1, 1000)",
    )
    .await;
    fs::write(folder.join("process_id"), postgres.process_id().to_string()).unwrap();
    // The connection is busy when the program is killed.
    run(&postgres, "select pg_sleep(60)").await;
}

#[tokio::test]
async fn postgresql_ends_with_a_killed_program() {
    let folder = folder();
    let mut program = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "a_program_to_be_killed"])
        .env("DECANT_TEST_FOLDER", folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let told = folder.path().join("process_id");
    wait_until("the program's start", || {
        fs::read_to_string(&told).is_ok_and(|id| !id.is_empty())
    })
    .await;
    let process_id = fs::read_to_string(&told).unwrap().parse().unwrap();
    assert!(is_alive(process_id));
    program.kill().unwrap();
    program.wait().unwrap();

    // Immediately, while the other process may still be ending.
    let postgres = start(folder.path()).await.unwrap();
    assert!(!is_alive(process_id));
    assert_eq!(text(&postgres, "select count(*)::text from kept").await, "1000");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn an_orphaned_postgresql_is_ended_first() {
    let folder = folder();
    start(folder.path()).await.unwrap().stop().await.unwrap();
    let prepared = Folder::prepare(folder.path(), false).unwrap();
    let mut orphan = prepared.server_command(&[]).unwrap().spawn().unwrap();
    wait_until("the orphan's start", || {
        fs::read_to_string(prepared.status_file()).is_ok_and(|status| status.contains("ready"))
    })
    .await;
    drop(prepared);

    let reaper = std::thread::spawn(move || orphan.wait().unwrap());
    let postgres = start(folder.path()).await.unwrap();
    assert!(reaper.join().unwrap().success());
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_stale_pid_file_with_the_id_of_another_process_does_not_prevent_a_start() {
    let folder = folder();
    start(folder.path()).await.unwrap().stop().await.unwrap();
    // A process of the same user, for which PostgreSQL itself would refuse to start.
    let data = folder.path().join("postgres/data");
    let account = account::Account::choose(&data).unwrap();
    let mut stranger = account.command(Path::new("sleep")).arg("60").spawn().unwrap();
    fs::write(
        data.join("postmaster.pid"),
        format!("{}\n{}\n1\n5432\n\n\n\nready\n", stranger.id(), data.display()),
    )
    .unwrap();
    account.own(&data.join("postmaster.pid")).unwrap();

    let postgres = start(folder.path()).await.unwrap();
    assert!(is_alive(stranger.id()));
    postgres.stop().await.unwrap();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn an_incomplete_cluster_is_made_again() {
    let folder = folder();
    let half_made = folder.path().join("postgres/data.new-00");
    fs::create_dir_all(half_made.join("base/1")).unwrap();
    fs::write(half_made.join("PG_VERSION"), "15\n").unwrap();
    let postgres = start(folder.path()).await.unwrap();
    assert!(!half_made.exists());
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_decant_on_the_same_folder_is_refused_with_its_process() {
    let folder = folder();
    let postgres = start(folder.path()).await.unwrap();
    let refusal = start(folder.path()).await.unwrap_err();
    assert!(matches!(refusal, EmbeddedError::InUse { .. }), "{refusal:?}");
    assert!(
        refusal
            .to_string()
            .contains(&format!("(process {})", std::process::id())),
        "{refusal}"
    );
    // The first still works.
    assert_eq!(text(&postgres, "select 'well'").await, "well");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn foreign_files_are_not_touched() {
    let folder = folder();
    let data = folder.path().join("postgres/data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("thesis.txt"), "years of work").unwrap();
    let refusal = start(folder.path()).await.unwrap_err();
    assert!(matches!(refusal, EmbeddedError::NotACluster(_)), "{refusal:?}");
    assert_eq!(
        fs::read_to_string(data.join("thesis.txt")).unwrap(),
        "years of work"
    );
}

#[tokio::test]
async fn data_of_another_version_is_refused_with_both_versions() {
    let folder = folder();
    let data = folder.path().join("postgres/data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let refusal = start(folder.path()).await.unwrap_err().to_string();
    assert!(refusal.contains("PostgreSQL 9,"), "{refusal}");
    assert!(refusal.contains(&binaries().unwrap().version), "{refusal}");
}

#[tokio::test]
async fn a_start_that_fails_quotes_the_log_and_leaves_nothing_running() {
    let folder = folder();
    let wrong = [("fsync", "off"), ("shared_buffers", "a lot")];
    let failure = EmbeddedPostgres::start_with(folder.path(), &wrong)
        .await
        .unwrap_err();
    assert!(
        matches!(failure, EmbeddedError::DidNotStart { .. }),
        "{failure:?}"
    );
    assert!(failure.to_string().contains("shared_buffers"), "{failure}");
    start(folder.path()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_gets_a_short_one_that_is_removed() {
    let folder = folder();
    let deep = folder.path().join("long".repeat(30));
    let postgres = start(&deep).await.unwrap();
    let short = postgres.folder.socket().to_owned();
    assert!(short.starts_with("/tmp") && fs::metadata(&short).unwrap().permissions().mode() & 0o777 == 0o700);
    assert_eq!(fs::read_link(deep.join("postgres/socket")).unwrap(), short);
    assert_eq!(text(&postgres, "select 'well'").await, "well");
    postgres.stop().await.unwrap();
    assert!(!short.exists());
}

#[tokio::test]
async fn a_short_socket_folder_left_by_a_crash_is_removed() {
    let folder = folder();
    let left = tempfile::Builder::new()
        .prefix("decant-")
        .tempdir_in("/tmp")
        .unwrap()
        .keep();
    fs::create_dir_all(folder.path().join("postgres")).unwrap();
    symlink(&left, folder.path().join("postgres/socket")).unwrap();
    start(folder.path()).await.unwrap().stop().await.unwrap();
    assert!(!left.exists());
}

#[tokio::test]
async fn a_folder_that_the_account_may_not_enter_is_named() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let folder = folder();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    let refusal = start(&folder.path().join("inner")).await.unwrap_err();
    let EmbeddedError::Unreachable { blocked_by, .. } = &refusal else {
        panic!("{refusal:?}")
    };
    assert_eq!(blocked_by, &folder.path().canonicalize().unwrap());
}

#[tokio::test]
async fn dropping_it_ends_postgresql() {
    let folder = folder();
    let postgres = start(folder.path()).await.unwrap();
    let process_id = postgres.process_id();
    drop(postgres);
    wait_until("the end of PostgreSQL", || !is_alive(process_id)).await;
}

#[test]
fn the_programs_of_this_machine_are_found() {
    let found = binaries().unwrap();
    assert!(found.major().parse::<u32>().unwrap() >= 14, "{found:?}");
    assert!(
        ["initdb", "postgres", "psql"]
            .iter()
            .all(|name| found.program(name).is_file()),
        "{found:?}"
    );
}

#[tokio::test]
async fn the_data_of_an_older_version_get_an_owner_without_superuser_rights() {
    let folder = folder();
    let postgres = start(folder.path()).await.unwrap();
    let mut superuser = PgConnection::connect(&postgres.url()).await.unwrap();
    superuser
        .execute(
            "alter database decant owner to postgres; drop owned by decant; drop role decant; drop role decant_load; \
             create table kept (id int generated always as identity); create table parts (a int) partition by range (a); \
             create table part partition of parts for values from (0) to (9); create view of_kept as select * from kept; \
             create function one() returns int language sql as 'select 1'; create type mood as enum ('good')",
        )
        .await
        .unwrap();
    superuser.close().await.unwrap();
    postgres.stop().await.unwrap();

    let postgres = start(folder.path()).await.unwrap();
    let owners = "select string_agg(distinct owner::regrole::text, ' ') from ( \
         select relowner from pg_class where relnamespace = 'public'::regnamespace \
         union all select proowner from pg_proc where pronamespace = 'public'::regnamespace \
         union all select typowner from pg_type where typnamespace = 'public'::regnamespace \
         union all select datdba from pg_database where datname = 'decant') x (owner)";
    assert_eq!(text(&postgres, owners).await, "decant");
    let rights = "select current_user || ' ' || rolsuper from pg_roles where rolname = current_user";
    assert_eq!(text(&postgres, rights).await, "decant false");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn databases_that_a_crash_has_left_to_the_superuser_get_their_owner() {
    let folder = folder();
    let postgres = start(folder.path()).await.unwrap();
    let superuser = postgres.url();
    let mut connection = PgConnection::connect(&superuser).await.unwrap();
    for database in ["decant_state owner decant", "decant_before_260101000000000"] {
        let create = format!("create database {database}");
        connection.execute(AssertSqlSafe(create)).await.unwrap();
    }
    connection.close().await.unwrap();
    let previous = superuser.replacen("/decant?", "/decant_before_260101000000000?", 1);
    let mut connection = PgConnection::connect(&previous).await.unwrap();
    connection.execute("create table kept (id int)").await.unwrap();
    connection.close().await.unwrap();
    let state = superuser.replacen("/decant?", "/decant_state?", 1);
    let mut connection = PgConnection::connect(&state).await.unwrap();
    connection
        .execute(
            "create table decant_audit (id int); create role stranger; grant create on schema public to stranger; \
             create table strange (id int); alter table strange owner to stranger",
        )
        .await
        .unwrap();
    connection.close().await.unwrap();
    postgres.stop().await.unwrap();

    let postgres = start(folder.path()).await.unwrap();
    let mut connection = PgConnection::connect(&state).await.unwrap();
    let owners: String = sqlx::query_scalar(
        "select string_agg(relname || ' ' || relowner::regrole, ', ' order by relname) from pg_class \
         where relname in ('decant_audit', 'strange')",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(owners, "decant_audit decant, strange stranger");
    connection.close().await.unwrap();
    let mut connection = PgConnection::connect(&previous).await.unwrap();
    let owners: String = sqlx::query_scalar(
        "select relowner::regrole || ' ' || datdba::regrole from pg_class, pg_database \
         where relname = 'kept' and datname = current_database()",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert_eq!(owners, "decant decant");
    connection.close().await.unwrap();
    postgres.stop().await.unwrap();
}
