//! A connection pooler, PgBouncer, between Decant and PostgreSQL.

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, copies, failed, restored};
use decant_tests::pgbouncer::Pgbouncer;
use decant_tests::program;
use decant_tests::server::{ADMIN_TOKEN, Server, data_dir};

#[tokio::test]
async fn a_pool_of_sessions_serves_dumps_and_restores() {
    let database = Database::new().await;
    let name = database.text("select current_database()").await;
    let role = format!("pooled_of_{}", name.expect("it has a name"));
    database.give_to(&role).await;
    database.execute(format!("alter role {role} createrole")).await;
    let pool = Pgbouncer::before(&database.dsn, "session", &role).await;
    let server = Server::start(&[("DSN", &pool.dsn(&database.dsn))]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let before = database.contents().await;

    let dump = admin.dump().answer().await.good().body;
    assert_eq!(restored(&dump).await.contents().await, before);
    database
        .execute("delete from message_request where id % 3 = 0")
        .await;
    let restored = completed(admin.import(&dump, &[("cleanFirst", "true")]).answer().await);
    assert!(restored["previous"].is_string(), "{restored}");
    // The pooler does not know the role that loads a dump.
    let warnings = restored["warnings"].to_string();
    assert!(
        warnings.contains("Decant's own role has loaded the dump"),
        "{warnings}"
    );
    assert_eq!(database.contents().await, before);
    admin.usage_rows(&[]).await;
    // The pooler keeps the sessions, but not their locks.
    admin.dump().answer().await.good();
    let previous = restored["previous"].as_str().expect("it has a name");
    admin.remove_copy(previous).answer().await.good();
}

#[tokio::test]
async fn the_state_database_is_reached_through_a_pool_of_sessions_and_not_of_transactions() {
    let (database, state) = (Database::empty().await, Database::empty().await);
    let data = folder();
    let pool = Pgbouncer::before(&state.dsn, "transaction", "postgres").await;
    let dsn = pool.dsn(&state.dsn);
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("STATE_DSN", &dsn),
        data_dir(&data),
        ("DECANT_LISTEN", "127.0.0.1:0"),
    ];
    let refusal = program::run(&["serve"], &settings).await.refusal();
    assert!(
        refusal.contains("STATE_DSN") && refusal.contains("pool_mode = session"),
        "{refusal}"
    );
    let doctor = program::run(&["doctor"], &settings).await.text();
    assert!(doctor.contains("STATE_DSN names a connection pooler"), "{doctor}");
    let schemas = "select count(*) from pg_namespace where nspname = 'decant'";
    assert_eq!(state.number(schemas).await, 0);

    let pool = Pgbouncer::before(&state.dsn, "session", "postgres").await;
    let state_dsn = pool.dsn(&state.dsn);
    Server::start(&[("DSN", &database.dsn), ("STATE_DSN", &state_dsn)]).await;
    assert_eq!(state.number(schemas).await, 1);
}

#[tokio::test]
async fn a_pool_of_transactions_is_refused_at_the_start() {
    let database = Database::new().await;
    let pool = Pgbouncer::before(&database.dsn, "transaction", "postgres").await;
    let dsn = pool.dsn(&database.dsn);
    let data = folder();
    let locks = "select count(*) from pg_locks where locktype = 'advisory' \
                 and objid = (hashtext(current_database())::bigint & 4294967295)::oid";
    for command in [&["serve"][..], &["backup", "-o", "-"]] {
        let settings = [
            ("DSN", dsn.as_str()),
            data_dir(&data),
            ("DECANT_LISTEN", "127.0.0.1:0"),
        ];
        let refusal = program::run(command, &settings).await.refusal();
        assert!(
            refusal.contains("transaction mode") && refusal.contains("pool_mode = session"),
            "{command:?}: {refusal}"
        );
        assert_eq!(database.number(locks).await, 0);
    }
}

#[tokio::test]
async fn a_dump_does_not_run_as_a_superuser_behind_a_pool() {
    let app = App::start().await;
    let pool = Pgbouncer::before(&app.database.dsn, "session", "postgres").await;
    let server = Server::start(&[("DSN", &pool.dsn(&app.database.dsn))]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let before = app.database.contents().await;
    let dump = admin.dump().answer().await.good().body;
    let why = failed(admin.import(&dump, &[("cleanFirst", "true")]).answer().await);
    assert!(
        why.contains("decant_load") && why.contains("nothing was changed"),
        "{why}"
    );
    assert_eq!(app.database.contents().await, before);
    assert!(copies(&admin).await.is_empty());
    let left = "select count(*) from pg_roles where rolname like 'decant\\_load%' \
                and shobj_description(oid, 'pg_authid') like '%\"' || current_database() || '\"%'";
    assert_eq!(app.database.number(left).await, 0);
}
