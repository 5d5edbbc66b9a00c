//! Dumps and restores with a PostgreSQL that is newer than the machine's own: 17.

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::cluster::execute;
use decant_tests::dumps::completed;
use decant_tests::newer::{self, NewerPostgres};
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::Value;
use wasm_export::dump::{Archive, Compression};

#[tokio::test]
async fn a_database_of_postgresql_17_is_dumped_and_restored() {
    let postgres = NewerPostgres::copied();
    let programs = postgres.programs();
    let programs = programs.to_str().expect("the folder's name is plain");
    let server = Server::start(&[("PG_BIN_DIR", programs), ("DECANT_DEMO_ROWS", "500")]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let status: Value = admin.database_status().answer().await.good().json();
    let version = status["postgresVersion"].as_str().unwrap_or_default();
    assert!(version.starts_with("PostgreSQL 17."), "{status}");
    let rows = admin.usage_count(&[]).await;

    let dump = admin.dump().answer().await.good().body;
    let mut archive = Archive::new();
    archive.push(&dump).expect("a dump");
    let summary = archive.finish().expect("a whole dump");
    // It is faster and smaller than gzip, and this pg_dump has it.
    assert_eq!(summary.header.compression, Compression::Zstd);

    let dsn = format!(
        "postgres:///decant?host={}&user=postgres",
        server.data_dir().join("postgres/socket").display()
    );
    execute(&dsn, "delete from message_request where id % 2 = 0".to_owned()).await;
    assert!(admin.usage_count(&[]).await < rows);
    let merged = completed(admin.import(&dump, &[("cleanFirst", "false")]).answer().await);
    let merged = &merged["tables"]["public.message_request"];
    assert!(merged["inserted"].as_u64() > Some(0) && merged["skipped"].as_u64() > Some(0));
    assert_eq!(merged["conflicting"], 0);
    assert_eq!(admin.usage_count(&[]).await, rows);

    execute(&dsn, "truncate message_request".to_owned()).await;
    let restored = completed(admin.import(&dump, &[("cleanFirst", "true")]).answer().await);
    assert_eq!(restored["warnings"], Value::Array(Vec::new()));
    assert_eq!(admin.usage_count(&[]).await, rows);
}

#[tokio::test]
async fn programs_of_postgresql_17_restore_an_older_server() {
    let app = App::start().await;
    let programs = newer::programs();
    let settings = [(
        "PG_BIN_DIR",
        programs.to_str().expect("the folder's name is plain"),
    )];
    let owners = app.server_of_owner(&settings).await;
    let superusers = Server::start(&[&[("DSN", app.database.dsn.as_str())], &settings[..]].concat()).await;
    for (server, is_swapped) in [(owners, false), (superusers, true)] {
        let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
        let before = app.database.contents().await;
        let dump = admin.dump().answer().await.good().body;
        app.database
            .execute("delete from message_request where id % 3 = 0")
            .await;
        let restored = completed(admin.import(&dump, &[("cleanFirst", "true")]).answer().await);
        assert_eq!(restored["warnings"], Value::Array(Vec::new()));
        assert_eq!(restored["previous"].is_string(), is_swapped, "{restored}");
        assert_eq!(app.database.contents().await, before);
    }
}

#[tokio::test]
async fn a_member_that_may_not_act_as_the_owner_restores_in_one_transaction() {
    let postgres = NewerPostgres::copied();
    let programs = postgres.programs();
    let programs = (
        "PG_BIN_DIR",
        programs.to_str().expect("the folder's name is plain"),
    );
    let private = Server::start(&[programs, ("DECANT_DEMO_ROWS", "0")]).await;
    let socket = private.data_dir().join("postgres/socket").display().to_string();
    let of = |role: &str, database: &str| format!("postgres:///{database}?host={socket}&user={role}");
    for sql in [
        "create role site_owner",
        "create role member login createdb",
        "grant site_owner to member with inherit true, set false",
        "create database site owner site_owner",
    ] {
        execute(&of("postgres", "decant"), sql.to_owned()).await;
    }
    execute(
        &of("postgres", "site"),
        "create table t as select 1 as n; alter table t owner to site_owner".to_owned(),
    )
    .await;
    let server = Server::start(&[programs, ("DSN", &of("member", "site"))]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;
    let restored = completed(admin.import(&dump, &[("cleanFirst", "true")]).answer().await);
    assert!(restored["previous"].is_null(), "{restored}");
    assert_eq!(restored["tables"]["public.t"]["inserted"], 1, "{restored}");
    let warning = restored["warnings"][0].as_str().unwrap_or_default();
    assert!(warning.contains("must be able to SET ROLE"), "{restored}");
}
