//! `decant doctor`.

use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::program;
use decant_tests::server::data_dir;

#[tokio::test]
async fn a_complete_machine_passes() {
    let (database, data) = (Database::new().await, folder());
    let data = data_dir(&data);
    let listen = ("DECANT_LISTEN", "127.0.0.1:0");
    for settings in [
        vec![data, listen],
        vec![data, listen, ("DSN", database.dsn.as_str())],
    ] {
        let report = program::run(&["doctor"], &settings).await.good().text();
        assert!(
            report.contains("PostgreSQL") && !report.contains("missing"),
            "{report}"
        );
    }
}

#[tokio::test]
async fn each_missing_program_has_a_line() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = [
        ("DSN", "postgres://u:hunter2@127.0.0.1:1/x"),
        ("DECANT_WAIT_SECONDS", "1"),
        ("DECANT_DATA_DIR", "/proc/no-such-folder"),
        ("DECANT_LISTEN", &taken.local_addr().unwrap().to_string()),
    ];
    let outcome = program::run(&["doctor"], &settings).await;
    let report = outcome.text();
    assert_ne!(outcome.code, Some(0), "{report}");
    let missing: Vec<_> = report
        .lines()
        .filter(|line| line.starts_with("missing"))
        .collect();
    for part in ["database", "data folder", "address"] {
        assert!(
            missing.iter().any(|line| line.contains(part)),
            "{part} is missing:\n{report}"
        );
    }
    assert!(!report.contains("hunter2"), "{report}");
}
