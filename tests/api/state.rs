//! The state database: where it is, which databases are refused, and what it shares between servers.

use std::net::IpAddr;
use std::time::Duration;

use decant::source::Limits;
use decant::state::{Attempts, Options, RunningDatabase, SessionIdentity, SignOuts, State, Unanswered};
use decant_tests::app::App;
use decant_tests::cluster::{Cluster, folder};
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, NUMBERS};
use decant_tests::patience::wait_for;
use decant_tests::program::{self, Settings};
use decant_tests::server::{Server, data_dir};
use jiff::Timestamp;
use sqlx::{Connection as _, PgConnection};

const SOON: Duration = Duration::from_secs(10);

/// More wrong credentials than the tests send.
const MAX: u32 = 1_000;

/// The setting that means what an unset one does.
const UNSET: (&str, &str) = ("STATE_DSN", "");

async fn start_on(state: &Database) -> App {
    App::start_with(&[("STATE_DSN", &state.dsn)]).await
}

/// Starts a server on this state database, and asserts that it refuses. Returns its reason.
async fn refusal(dsn: &str, settings: Settings<'_>) -> String {
    let (database, data) = (Database::empty().await, folder());
    let ours = [
        ("DSN", database.dsn.as_str()),
        ("STATE_DSN", dsn),
        ("DECANT_LISTEN", "127.0.0.1:0"),
        data_dir(&data),
    ];
    program::run(&["serve"], &[&ours, settings].concat())
        .await
        .refusal()
}

async fn count_of(dsn: &str, sql: &'static str) -> i64 {
    let mut connection = PgConnection::connect(dsn)
        .await
        .expect("PostgreSQL accepts a connection");
    sqlx::query_scalar(sql)
        .fetch_one(&mut connection)
        .await
        .unwrap_or(0)
}

async fn stop(mut server: Server) {
    server.ask_to_stop();
    assert_eq!(server.ended().await, Some(0), "{}", server.log());
}

#[tokio::test]
async fn without_state_dsn_the_private_postgresql_has_it_although_dsn_names_another_database() {
    let mut app = App::start_with_datasets(&[NUMBERS], &[UNSET]).await;
    let data = app.server.data_dir().to_str().unwrap().to_owned();
    let state = format!("postgres:///decant_state?host={data}/postgres/socket&user=decant");
    app.admin().rows("numbers").answer().await.good();
    let complete = "select count(*) from decant.audit where action = 'export_complete'";
    let recorded = async |count| {
        let look = async || (count_of(&state, complete).await == count).then_some(());
        wait_for("the record of an export", SOON, look).await;
    };
    recorded(1).await;

    // Another command joins it.
    let definitions = Definitions::of(&[NUMBERS]);
    let dsn = app.database.dsn.clone();
    let settings = [
        ("DSN", dsn.as_str()),
        ("DECANT_DATA_DIR", &data),
        definitions.setting(),
    ];
    let export = ["export", "numbers", "--output", "-"];
    program::run(&export, &settings).await.good();
    recorded(2).await;
    let doctor = program::run(&["doctor"], &settings).await.text();
    let of_state = doctor
        .lines()
        .find(|line| line.contains("state database: version "));
    let is_current = of_state.is_some_and(|line| line.ends_with(" of Decant's tables, up to date"));
    assert!(is_current, "{doctor}");

    app.server.ask_to_stop();
    assert_eq!(app.server.ended().await, Some(0), "{}", app.server.log());
    // No other command than `serve` starts it.
    program::run(&export, &settings).await.good();
    assert!(PgConnection::connect(&state).await.is_err());
}

#[tokio::test]
async fn none_turns_it_off() {
    let app = App::start_with_datasets(&[NUMBERS], &[("STATE_DSN", "none")]).await;
    app.admin().rows("numbers").answer().await.good();
    let schemas = "select count(*) from pg_namespace where nspname = 'decant'";
    assert_eq!(app.database.number(schemas).await, 0);
    assert!(!app.server.data_dir().join("postgres").exists());
}

#[tokio::test]
async fn a_machine_without_postgresql_exports_and_reports_what_is_off() {
    let settings = [UNSET, ("PG_BIN_DIR", "/nonexistent")];
    let app = App::start_with_datasets(&[NUMBERS], &settings).await;
    app.server.wait_for_log("the state database is off", SOON).await;
    app.admin().rows("numbers").answer().await.good();
    let data = folder();
    let settings = [("DSN", app.database.dsn.as_str()), settings[1], data_dir(&data)];
    let off = program::run(&["doctor"], &settings).await;
    assert!(off.text().contains("state database: off"), "{}", off.text());
}

#[tokio::test]
async fn an_older_schema_is_migrated_and_a_newer_one_is_refused() {
    let state = Database::empty().await;
    stop(start_on(&state).await.server).await;
    state
        .execute(
            "drop table decant.wrong_attempts; delete from decant.schema_migrations where version = 3; \
             insert into decant.audit (at, action, level, details) values (now(), 'kept', 'INFO', '{}')",
        )
        .await;
    stop(start_on(&state).await.server).await;
    assert_eq!(
        state.number("select count(*) from decant.wrong_attempts").await,
        0
    );
    let kept = "select count(*) from decant.audit where action = 'kept'";
    assert_eq!(state.number(kept).await, 1);

    state
        .execute("insert into decant.schema_migrations values (99, 'of next year', now(), true, '', 0)")
        .await;
    let said = refusal(&state.dsn, &[]).await;
    assert!(said.contains("version 99") && said.contains("newer"), "{said}");
    let data = folder();
    let settings = [("STATE_DSN", state.dsn.as_str()), data_dir(&data)];
    let doctor = program::run(&["doctor"], &settings).await.text();
    assert!(doctor.contains("version 99"), "{doctor}");
}

#[tokio::test]
async fn the_table_of_an_older_version_becomes_the_audit_with_all_of_its_rows() {
    let state = Database::empty().await;
    state
        .execute(
            "create table decant_audit (id bigint generated always as identity primary key, at timestamptz not null, \
             action text not null, level text not null, caller text, request text, details jsonb not null); \
             create index decant_audit_at on decant_audit (at); \
             insert into decant_audit (at, action, level, details) \
             select now(), 'older', 'INFO', '{}' from generate_series(1, 3)",
        )
        .await;
    let app = start_on(&state).await;
    app.anonymous()
        .dump()
        .answer()
        .await
        .problem(401, "unauthenticated");
    stop(app.server).await;
    let ids = "select string_agg(id || ' ' || action, ', ' order by id) from decant.audit";
    let expected = "1 older, 2 older, 3 older, 4 database_export_unauthorized";
    assert_eq!(state.text(ids).await.as_deref(), Some(expected));
    let older = "select count(*) from pg_class where relname in ('decant_audit')";
    assert_eq!(state.number(older).await, 0);
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_name_is_refused() {
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let state = Database::in_encoding(encoding).await;
        let said = refusal(&state.dsn, &[]).await;
        assert!(said.contains(encoding) && said.contains("UTF8"), "{said}");
    }
}

#[tokio::test]
async fn objects_and_triggers_of_another_role_are_refused_by_name_and_nothing_of_theirs_runs() {
    // A superuser's server would run it with all rights.
    let taken = "create table public.taken (by text); grant all on public.taken to public; \
                 create function public.take() returns trigger language plpgsql as \
                 $$ begin insert into public.taken values (current_user); return new; end $$;";
    let columns = "id bigint generated always as identity, at timestamptz, action text, level text, caller text, \
                   request text, details jsonb";
    let trigger = "create trigger taking before insert on";
    for (number, (made, named)) in [
        (
            format!(
                "create table public.decant_audit ({columns}); \
                 {trigger} public.decant_audit for each row execute function public.take()"
            ),
            "decant_audit belongs to the role",
        ),
        (
            "create schema decant".to_owned(),
            "schema decant belongs to the role",
        ),
        (
            "create function public.version() returns bigint language plpgsql as \
             $$ begin insert into public.taken values (current_user); return 1; end $$; \
             create schema decant; create view decant.schema_migrations as select public.version() as version"
                .to_owned(),
            "schema decant belongs to the role",
        ),
        (
            format!(
                "reset role; create schema decant; grant usage, create on schema decant to {{role}}; set role {{role}}; \
                 create table decant.audit ({columns}); \
                 {trigger} decant.audit for each row execute function public.take()"
            ),
            "decant.audit belongs to the role",
        ),
        (
            format!(
                "reset role; create schema decant; create table decant.audit ({columns}); \
                 grant usage on schema decant to {{role}}; grant trigger on decant.audit to {{role}}; set role {{role}}; \
                 {trigger} decant.audit for each row execute function public.take()"
            ),
            "decant.audit has the trigger taking",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let state = Database::empty().await;
        let name = state.text("select current_database()").await.unwrap();
        let role = format!("premade_{number}_{name}");
        state
            .execute(format!(
                "create role {role}; grant create on database {name} to {role}; grant create on schema public to {role}; \
                 set role {role}; {taken} {}",
                made.replace("{role}", &role)
            ))
            .await;
        let said = refusal(&state.dsn, &[]).await;
        assert!(said.contains(named), "{named}: {said}");
        assert_eq!(state.number("select count(*) from public.taken").await, 0);
    }
}

#[tokio::test]
async fn a_role_without_the_right_to_create_a_schema_is_told_the_grant() {
    let state = Database::empty().await;
    let name = state.text("select current_database()").await.unwrap();
    let role = format!("no_schema_{name}");
    state.execute(format!("create role {role} login")).await;
    let said = refusal(&state.dsn_of(&role), &[]).await;
    assert!(said.contains("grant create on database"), "{said}");
    state
        .execute(format!("create schema decant authorization {role}"))
        .await;
    stop(
        App::start_with(&[("STATE_DSN", &state.dsn_of(&role))])
            .await
            .server,
    )
    .await;
}

#[tokio::test]
async fn another_way_to_write_the_exported_database_is_refused_too() {
    let database = Database::empty().await;
    // `/folder/.` is the same folder.
    let same = database.dsn.replacen("/postgres/socket", "/postgres/./socket", 1);
    assert_ne!(same, database.dsn);
    let said = refusal(&same, &[("DSN", &database.dsn)]).await;
    assert!(said.contains("names the database of DSN"), "{said}");
    let schemas = "select count(*) from pg_namespace where nspname = 'decant'";
    assert_eq!(database.number(schemas).await, 0);
}

/// Returns the state of another server on this database.
async fn open(database: &Database) -> State {
    let mut connection = PgConnection::connect(&Cluster::shared().await.dsn("postgres"))
        .await
        .expect("the cluster runs");
    let exported = RunningDatabase::read(&mut connection)
        .await
        .expect("every database has an identity");
    let options: Options = database.dsn.parse().expect("it is an address");
    let limits = Limits {
        exports_max: 1,
        queries_max: 1,
        wait_max: SOON,
        query_max: SOON,
    };
    State::open(&options, None, exported, limits)
        .await
        .expect("the state database can be used")
}

#[tokio::test]
async fn a_sign_out_on_one_server_counts_on_all() {
    let database = Database::empty().await;
    let (here, there) = (
        SignOuts::new(open(&database).await, 1_000),
        SignOuts::new(open(&database).await, 1_000),
    );
    let began = Timestamp::now();
    let until = began + jiff::SignedDuration::from_hours(12);
    let session = |id, subject| SessionIdentity { id, subject, began };
    let (one, other) = (session("one", "hub:1"), session("other", "hub:1"));
    let stranger = session("stranger", "hub:2");

    here.revoke(one, until).await;
    for server in [&here, &there] {
        assert_eq!(server.is_revoked(one).await, Ok(true));
        assert_eq!(server.is_revoked(other).await, Ok(false));
    }
    let later = began + jiff::SignedDuration::from_secs(1);
    there.revoke_all(Some("hub:1"), later).await;
    let again = SessionIdentity {
        id: "again",
        subject: "hub:1",
        began: later,
    };
    for server in [&here, &there] {
        assert_eq!(server.is_revoked(other).await, Ok(true));
        let answer = server.is_revoked(again).await;
        assert_eq!(answer, Ok(false), "it began afterwards");
        assert_eq!(server.is_revoked(stranger).await, Ok(false));
    }
    here.revoke_all(None, later).await;
    for server in [&here, &there] {
        assert_eq!(server.is_revoked(stranger).await, Ok(true));
    }
    // Without the database, a server has its own memory, and does not know what others ended.
    database.execute("drop schema decant cascade").await;
    assert_eq!(here.is_revoked(one).await, Ok(true));
    assert_eq!(there.is_revoked(one).await, Ok(true), "all of hub:1 ended there");
    assert_eq!(here.is_revoked(again).await, Err(Unanswered));
    assert_eq!(there.is_revoked(stranger).await, Err(Unanswered));
}

#[tokio::test]
async fn wrong_credentials_are_counted_over_all_servers() {
    let database = Database::empty().await;
    let (here, there) = (
        Attempts::new(open(&database).await),
        Attempts::new(open(&database).await),
    );
    let address = IpAddr::from([192, 0, 2, 1]);
    let six: IpAddr = "2001:db8::1".parse().unwrap();
    for (server, count) in [(&here, 1), (&there, 2), (&here, 3)] {
        assert_eq!(server.record(address, MAX).await.count, count);
    }
    assert_eq!(here.record(six, MAX).await.count, 1);
    // An attempt counts until its credential was right.
    let attempt = there.begin(address, MAX).await;
    assert_eq!(attempt.failures().count, 4);
    there.forgive(attempt).await;
    let attempt = here.begin(address, MAX).await;
    let counted = here.fail(attempt).await;
    assert_eq!(counted.count, 4);
    assert!(!counted.window_left.is_zero());
    // A minute later it begins anew.
    database
        .execute("update decant.wrong_attempts set since = since - interval '61 seconds'")
        .await;
    assert_eq!(there.record(six, MAX).await.count, 1);
    // Many at once are counted one by one, on both servers together.
    let many = (0..50).map(|number| {
        let server = [&here, &there][number % 2];
        server.record("192.0.2.9".parse().unwrap(), MAX)
    });
    let counts = futures_util::future::join_all(many).await;
    let largest = counts.iter().map(|failures| failures.count).max();
    assert_eq!(largest, Some(50));
}

#[tokio::test]
async fn a_right_key_costs_no_write_where_no_wrong_one_is_known() {
    let state = Database::empty().await;
    let app = start_on(&state).await;
    let counted = "select coalesce(sum(failures) + count(*), 0) from decant.wrong_attempts";
    for name in ["Ada", "Bob"] {
        let user = app.database.new_user(name).await;
        app.anonymous().login(&user.key).answer().await.good();
        app.anonymous().with_token(&user.key).me().answer().await.good();
        assert_eq!(state.number(counted).await, 0, "{name}");
    }
    app.anonymous()
        .login("wrong")
        .answer()
        .await
        .problem(401, "invalid_credentials");
    assert_eq!(state.number(counted).await, 2);
    // The next right one of the address counts as wrong until it was found.
    let eve = app.database.new_user("Eve").await;
    app.anonymous().login(&eve.key).answer().await.good();
    assert_eq!(state.number(counted).await, 2);
}
