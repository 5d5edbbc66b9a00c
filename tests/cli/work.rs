//! `decant work`: workers without a server.

use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, NUMBERS};
use decant_tests::exports::{Exports, create, wait_until};
use decant_tests::program;
use decant_tests::server::{ADMIN_TOKEN, data_dir};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

#[tokio::test]
async fn it_makes_the_exports_of_servers_with_the_same_state_database_until_it_is_stopped() {
    let definitions = Definitions::of(&[NUMBERS]);
    let exports = Exports::start(&[definitions.setting(), ("DECANT_WORKERS", "0")]).await;
    let (data, storage) = (folder(), exports.storage());
    let settings = [
        ("DSN", exports.app.database.dsn.as_str()),
        ("STATE_DSN", exports.state.dsn.as_str()),
        ("STORAGE_URL", storage.as_str()),
        ("ADMIN_TOKEN", ADMIN_TOKEN),
        ("DECANT_LOG", "json"),
        data_dir(&data),
        definitions.setting(),
    ];
    let mut worker = program::command(&["work"], &settings).spawn().unwrap();
    let admin = exports.app.admin();
    let id = create(&admin, &json!({ "dataset": "numbers", "format": "csv" })).await;
    wait_until(&admin, &id, "completed").await;
    assert!(!exports.file(&id).await.is_empty());
    let pid = worker.id().expect("the worker runs");
    kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTERM).unwrap();
    assert!(worker.wait().await.unwrap().success());
}

#[tokio::test]
async fn it_needs_a_shared_state_database_and_the_database_that_is_exported() {
    let (database, data) = (Database::empty().await, folder());
    for (settings, named) in [
        (vec![("DSN", database.dsn.as_str()), data_dir(&data)], "STATE_DSN"),
        (vec![("STATE_DSN", database.dsn.as_str()), data_dir(&data)], "DSN"),
        (
            vec![
                ("DSN", database.dsn.as_str()),
                ("STATE_DSN", database.dsn.as_str()),
                ("DECANT_WORKERS", "0"),
                data_dir(&data),
            ],
            "DECANT_WORKERS",
        ),
    ] {
        let refusal = program::run(&["work"], &settings).await.refusal();
        assert!(refusal.contains(named), "{refusal}");
    }
}
