//! A connection pooler, PgBouncer, between Decant and PostgreSQL.

use decant_tests::actors::Actor;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, restored};
use decant_tests::pgbouncer::Pgbouncer;
use decant_tests::program;
use decant_tests::server::{ADMIN_TOKEN, Server, data_dir};

#[tokio::test]
async fn a_pool_of_sessions_serves_dumps_and_restores() {
    let database = Database::new().await;
    let pool = Pgbouncer::before(&database.dsn, "session").await;
    let dsn = pool.dsn(&database.dsn);
    let server = Server::start(&[("DSN", &dsn)]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let before = database.contents().await;

    let dump = admin.dump().answer().await.good().body;
    assert_eq!(restored(&dump).await.contents().await, before);
    database
        .execute("delete from message_request where id % 3 = 0")
        .await;
    let restored = completed(admin.import(&dump, &[("cleanFirst", "true")]).answer().await);
    assert!(restored["previous"].is_string(), "{restored}");
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
    let pool = Pgbouncer::before(&state.dsn, "transaction").await;
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

    let pool = Pgbouncer::before(&state.dsn, "session").await;
    let state_dsn = pool.dsn(&state.dsn);
    Server::start(&[("DSN", &database.dsn), ("STATE_DSN", &state_dsn)]).await;
    assert_eq!(state.number(schemas).await, 1);
}

#[tokio::test]
async fn a_pool_of_transactions_is_refused_at_the_start() {
    let database = Database::new().await;
    let pool = Pgbouncer::before(&database.dsn, "transaction").await;
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
