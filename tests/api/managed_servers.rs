//! Servers of other people: roles with fewer rights, sessions of others, time limits, missing databases.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::cluster::{Cluster, execute};
use decant_tests::database::{Database, fill};
use decant_tests::dumps::{completed, copies, events, failed};
use decant_tests::patience::wait_for;
use decant_tests::program::Settings;
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection};

const CLEAN: &[(&str, &str)] = &[("cleanFirst", "true")];
const MERGE: &[(&str, &str)] = &[("cleanFirst", "false")];

/// Bound for the end of an operation whose lock is lost.
const SOON: Duration = Duration::from_secs(5);

/// A database whose owner is no superuser, and a server with this role.
struct Owned {
    server: Server,
    database: Database,
    name: String,
    role: String,
}

impl Owned {
    async fn start(settings: Settings<'_>) -> Self {
        let database = Database::new().await;
        let name = database.text("select current_database()").await;
        let name = name.expect("it has a name");
        let role = format!("manages_{name}");
        database.give_to(&role).await;
        let dsn = database.dsn_of(&role);
        let server = Server::start(&[&[("DSN", dsn.as_str())], settings].concat()).await;
        Self {
            server,
            database,
            name,
            role,
        }
    }

    fn admin(&self) -> Actor {
        Actor::new(&self.server.address).with_token(ADMIN_TOKEN)
    }

    async fn connect_as(&self, role: &str) -> PgConnection {
        let connection = PgConnection::connect(&self.database.dsn_of(role)).await;
        connection.expect("PostgreSQL accepts a connection")
    }

    /// Waits until the server shows that an operation holds the lock.
    async fn wait_for_lock(&self) {
        let held = async || {
            let status: Value = self.admin().database_status().answer().await.json();
            (!status["lock"].is_null()).then_some(())
        };
        wait_for("the lock to be held", SOON, held).await;
    }
}

/// A folder of migrations with one file.
fn migration(sql: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("1.sql"), sql).expect("the folder is ours");
    folder
}

fn path(folder: &tempfile::TempDir) -> &str {
    folder.path().to_str().expect("its name is plain")
}

#[tokio::test]
async fn a_session_that_may_not_be_ended_leads_to_one_transaction() {
    let owned = Owned::start(&[]).await;
    let before = owned.database.contents().await;
    let dump = owned.admin().dump().answer().await.good().body;
    let monitor = owned.connect_as("postgres").await;
    let answer = owned.admin().import(&dump, CLEAN).answer().await;
    let told = events(&answer);
    assert!(
        told.iter().any(|(_, data)| {
            let message = data["message"].as_str().unwrap_or_default();
            message.contains("of the role postgres") && message.contains("one transaction")
        }),
        "{told:?}"
    );
    assert_eq!(completed(answer)["previous"], Value::Null);
    assert_eq!(owned.database.contents().await, before);
    monitor.close().await.expect("it is open");
    let restored = completed(owned.admin().import(&dump, CLEAN).answer().await);
    assert!(restored["previous"].is_string(), "{restored}");
    assert_eq!(owned.database.contents().await, before);
}

#[tokio::test]
async fn a_plain_session_does_not_choose_the_rights_of_the_dumps_code() {
    let owned = Owned::start(&[]).await;
    let (role, name) = (&owned.role, &owned.name);
    let plain = format!("plain_of_{name}");
    owned
        .database
        .execute(format!("alter role {role} createrole; create role {plain} login"))
        .await;
    let dump = owned.admin().dump().answer().await.good().body;
    let before = owned.database.contents().await;
    let session = owned.connect_as(&plain).await;
    let refused = failed(owned.admin().import(&dump, CLEAN).answer().await);
    assert!(
        refused.contains(&plain) && refused.contains("Grant it pg_signal_backend"),
        "{refused}"
    );
    assert_eq!(owned.database.contents().await, before);
    session.close().await.expect("it is open");
    let restored = completed(owned.admin().import(&dump, CLEAN).answer().await);
    assert!(restored["previous"].is_string(), "{restored}");
    // The right that the refusal names helps.
    owned
        .database
        .execute(format!("grant pg_signal_backend to {role}"))
        .await;
    let _session = owned.connect_as(&plain).await;
    let restored = completed(owned.admin().import(&dump, CLEAN).answer().await);
    assert!(restored["previous"].is_string(), "{restored}");
}

#[tokio::test]
async fn a_session_of_a_superuser_at_the_swap_does_not_discard_the_restore() {
    let slow = migration("select pg_sleep(0.5)");
    let owned = Owned::start(&[("DECANT_POST_RESTORE_MIGRATIONS", path(&slow))]).await;
    let dump = owned.admin().dump().answer().await.good().body;
    let staging = format!(
        "select 1 from pg_database where datname like '{}_restore_%'",
        owned.name
    );
    let sessions = async {
        let loading = async || owned.database.text(&staging).await;
        wait_for("the staging database", SOON, loading).await;
        // Decant ends the sessions before and after that of the superuser, in whatever order PostgreSQL lists them.
        let before = owned.connect_as(&owned.role).await;
        let superuser = owned.connect_as("postgres").await;
        let after = owned.connect_as(&owned.role).await;
        owned
            .server
            .wait_for_log("in the place of the live one", SOON)
            .await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        drop(superuser);
        (before, after)
    };
    let (answer, _open) = tokio::join!(owned.admin().import(&dump, CLEAN).answer(), sessions);
    let restored = completed(answer);
    assert!(restored["previous"].is_string(), "{restored}");
}

#[tokio::test]
async fn a_setting_of_another_role_is_a_warning() {
    let owned = Owned::start(&[]).await;
    let other = format!("other_of_{}", owned.name);
    let sql = format!(
        "create role {other}; alter role {other} in database {name} set work_mem = '7MB'; \
         alter database {name} set work_mem = '8MB'",
        name = owned.name
    );
    owned.database.execute(sql).await;
    let dump = owned.admin().dump().answer().await.good().body;
    let restored = completed(owned.admin().import(&dump, CLEAN).answer().await);
    let warnings = restored["warnings"].to_string();
    assert!(
        restored["previous"].is_string() && warnings.contains(&format!("work_mem of the role {other}")),
        "{restored}"
    );
    // The setting of the database itself was copied.
    let kept = "select 1 from pg_db_role_setting where '{work_mem=8MB}' = setconfig \
                and setdatabase = (select oid from pg_database where datname = current_database())";
    assert_eq!(owned.database.number(kept).await, 1);
}

#[tokio::test]
async fn a_database_of_a_stranger_is_never_put_in_the_place_of_the_live_one() {
    let app = App::start().await;
    let live = app.database.text("select current_database()").await.unwrap();
    let (stranger, planted) = (format!("stranger_to_{live}"), format!("planted_for_{live}"));
    app.database
        .execute(format!("create role {stranger} login createdb"))
        .await;
    let as_stranger = app.database.dsn_of(&stranger);
    execute(&as_stranger, format!("create database {planted}")).await;
    let comment = format!(
        "comment on database {planted} is '{{\"decant\":\"before\",\"of\":\"{live}\",\
         \"since\":\"2026-01-28T12:00:00Z\"}}'"
    );
    execute(&as_stranger, comment).await;
    let listed = copies(&app.admin()).await;
    let rolled_back = app.admin().roll_back(&planted).answer().await;
    let removed = app.admin().remove_copy(&planted).answer().await;
    Cluster::shared()
        .await
        .execute(format!("drop database {planted}"))
        .await;
    assert_eq!(listed, Vec::<Value>::new());
    rolled_back.problem(404, "unknown_copy");
    removed.problem(404, "unknown_copy");
}

#[tokio::test]
async fn a_database_whose_name_is_a_connection_string_is_restored() {
    const NAME: &str = "dbname=x user='y' \\";
    let cluster = Cluster::shared().await;
    cluster.execute(format!("create database \"{NAME}\"")).await;
    let encoded: String = NAME.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let dsn = cluster.dsn(&encoded);
    fill(&dsn, 50).await;
    let server = Server::start(&[("DSN", &dsn)]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let rows = admin.usage_count(&[]).await;
    let dump = admin.dump().answer().await.good().body;
    execute(&dsn, "truncate message_request".to_owned()).await;
    let restored = completed(admin.import(&dump, CLEAN).answer().await);
    assert_eq!(restored["warnings"], Value::Array(Vec::new()));
    assert_eq!(admin.usage_count(&[]).await, rows);
}

#[tokio::test]
async fn the_lock_outlives_the_time_limits_of_its_role() {
    let owned = Owned::start(&[]).await;
    let sql = format!(
        "alter role {role} set idle_session_timeout = '100ms'; \
         alter role {role} set idle_in_transaction_session_timeout = '100ms'",
        role = owned.role
    );
    owned.database.execute(sql).await;
    let mut blocker = owned.connect_as("postgres").await;
    blocker
        .execute("begin; lock table users")
        .await
        .expect("it is free");
    let dumping = async {
        owned.wait_for_lock().await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        let status: Value = owned.admin().database_status().answer().await.json();
        blocker.execute("commit").await.expect("the table was locked");
        status
    };
    let (dump, status) = tokio::join!(owned.admin().dump().answer(), dumping);
    assert!(!status["lock"].is_null(), "{status}");
    dump.good();
}

#[tokio::test]
async fn the_end_of_the_locks_session_is_noticed_at_once() {
    let owned = Owned::start(&[]).await;
    let mut blocker = owned.connect_as("postgres").await;
    blocker
        .execute("begin; lock table users")
        .await
        .expect("it is free");
    let end = "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' \
               and objid = (hashtext(current_database())::bigint & 4294967295)::oid";
    let ending = async {
        owned.wait_for_lock().await;
        owned.database.execute(end).await;
        owned.server.wait_for_log("backup_lock_lost", SOON).await;
    };
    let (dump, ()) = tokio::join!(owned.admin().dump().answer(), ending);
    assert!(
        dump.status == 500 || dump.broken,
        "{}: {}",
        dump.status,
        dump.text()
    );
}

#[tokio::test]
async fn a_lock_of_a_foreign_role_is_named_with_its_process() {
    let owned = Owned::start(&[]).await;
    let mallory = format!("mallory_of_{}", owned.name);
    owned
        .database
        .execute(format!("create role {mallory} login"))
        .await;
    let dsn = Cluster::shared().await.dsn("postgres");
    let dsn = dsn.replacen("user=postgres", &format!("user={mallory}"), 1);
    let mut session = PgConnection::connect(&dsn).await.expect("everybody may connect");
    let lock = format!(
        "select pg_advisory_lock(x'44636e74'::int, hashtext('{}'))",
        owned.name
    );
    session
        .execute(sqlx::AssertSqlSafe(lock))
        .await
        .expect("the lock is free");
    let pid: i32 = sqlx::query_scalar("select pg_backend_pid()")
        .fetch_one(&mut session)
        .await
        .expect("it is open");
    let problem = owned
        .admin()
        .dump()
        .answer()
        .await
        .problem(409, "backup_lock_conflict");
    assert!(
        problem.detail.contains(&mallory) && problem.detail.contains(&format!("pg_terminate_backend({pid})")),
        "{}",
        problem.detail
    );
}

#[tokio::test]
async fn roles_that_reach_different_databases_share_one_lock() {
    let owned = Owned::start(&[]).await;
    // A Decant whose role may connect to the live database only.
    let mut other = owned.connect_as(&owned.role).await;
    let lock = format!(
        "set application_name = 'decant import: Alice'; begin; \
         select pg_advisory_xact_lock(x'44636e74'::int, hashtext('{}'))",
        owned.name
    );
    other
        .execute(sqlx::AssertSqlSafe(lock))
        .await
        .expect("the lock is free");
    let problem = owned
        .admin()
        .dump()
        .answer()
        .await
        .problem(409, "backup_lock_conflict");
    assert!(
        problem.detail.contains("A restore by Alice"),
        "{}",
        problem.detail
    );
    let status: Value = owned.admin().database_status().answer().await.json();
    assert_eq!(status["lock"]["holder"], "Alice", "{status}");
    other.execute("rollback").await.expect("it is open");
    owned.admin().dump().answer().await.good();
}

/// The expected way of a clean restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// The previous database is kept.
    Swap,
    OneTransaction,
    /// Nothing is changed, and the message contains this.
    Refused(&'static str),
}

/// Roles as managed servers have them. `%` is the name of the role. Each owns the database and its tables.
const ROLES: &[(&str, &str, Expected)] = &[
    ("owner with CREATEDB", "alter role % createdb", Expected::Swap),
    ("owner", "alter role % nocreatedb", Expected::OneTransaction),
    (
        "no database postgres",
        "alter role % createdb; revoke connect on database postgres from public",
        Expected::Swap,
    ),
    (
        "no other database",
        "revoke connect on database template1 from public",
        Expected::OneTransaction,
    ),
    (
        "time limits",
        "grant connect on database template1 to public; alter role % set statement_timeout = '100ms'; \
         alter role % set lock_timeout = '100ms'; alter role % set idle_session_timeout = '100ms'; \
         alter role % set idle_in_transaction_session_timeout = '100ms'",
        Expected::Swap,
    ),
    (
        "time limits in one transaction",
        "alter role % nocreatedb",
        Expected::OneTransaction,
    ),
    (
        "row-level security",
        "alter table users enable row level security; alter table users force row level security; \
         create policy few on users using (id < 3)",
        Expected::Refused("row-level security policy for table \"users\""),
    ),
];

#[tokio::test]
async fn each_role_of_a_managed_server_restores_or_is_refused_by_name() {
    let cluster = Cluster::start().await;
    cluster.execute("create database hub".to_owned()).await;
    let dsn = cluster.dsn("hub");
    fill(&dsn, 100).await;
    // A check that takes longer than the time limits of some roles.
    execute(
        &dsn,
        "create role hub_owner login; alter database hub owner to hub_owner; \
         create table slow (id int primary key, check (pg_sleep(0.15) is not null)); insert into slow values (1), (2); \
         do $$ declare t regclass; begin \
         for t in select oid from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace loop \
         execute format('alter table %s owner to hub_owner', t); end loop; end $$"
            .to_owned(),
    )
    .await;
    let own = dsn.replacen("user=postgres", "user=hub_owner", 1);
    let slow = migration("select pg_sleep(0.15)");
    let server = Server::start(&[("DSN", &own), ("DECANT_POST_RESTORE_MIGRATIONS", path(&slow))]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;
    let rows = admin.usage_count(&[]).await;
    for (role, rights, expected) in ROLES {
        execute(&dsn, rights.replace('%', "hub_owner")).await;
        if let Expected::Refused(why) = expected {
            let refused = admin.dump().answer().await;
            assert!(
                refused.broken || refused.status == 500,
                "{role}: {}",
                refused.status
            );
            for mode in [CLEAN, MERGE] {
                let message = failed(admin.import(&dump, mode).answer().await);
                assert!(message.contains(why), "{role}: {message}");
            }
            continue;
        }
        execute(
            &dsn,
            "delete from slow where id = 2; delete from message_request where id % 2 = 0".to_owned(),
        )
        .await;
        if rights.contains("statement_timeout") {
            let merged = completed(admin.import(&dump, MERGE).answer().await);
            assert_eq!(merged["tables"]["public.slow"]["inserted"], 1, "{role}: {merged}");
            assert_eq!(admin.usage_count(&[]).await, rows, "{role}");
        }
        let restored = completed(admin.import(&dump, CLEAN).answer().await);
        assert_eq!(
            restored["previous"].is_string(),
            *expected == Expected::Swap,
            "{role}: {restored}"
        );
        assert_eq!(admin.usage_count(&[]).await, rows, "{role}");
        let kept = copies(&admin).await;
        if let Some(previous) = restored["previous"].as_str() {
            assert_eq!(kept[0]["name"], previous, "{role}");
            admin.remove_copy(previous).answer().await.good();
        }
    }
}
