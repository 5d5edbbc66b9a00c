//! A dump of the ledger needs a ledger, and one without the log needs a log.

use decant_tests::app::App;

#[tokio::test]
async fn a_database_without_a_ledger_is_named_before_anything_is_done() {
    let app = App::start().await;
    let dump = app.admin().dump().query("mode", "ledgerOnly");
    let backup = app.admin().make_backup().body(r#"{"mode":"ledgerOnly"}"#);
    for request in [dump, backup] {
        let problem = request.answer().await.problem(409, "no_ledger");
        for part in ["usage_ledger", "full or excludeLogs"] {
            assert!(problem.detail.contains(part), "{problem:?}");
        }
    }
    let log = app.server.log();
    assert!(!log.contains("backup_lock_acquired"), "{log}");
}

#[tokio::test]
async fn a_dump_without_the_log_needs_to_find_it() {
    let app = App::start_with(&[("DECANT_HUB_SCHEMA", "elsewhere")]).await;
    let dump = app.admin().dump().query("mode", "excludeLogs");
    let problem = dump.answer().await.problem(409, "no_log");
    for part in ["`elsewhere`", "DECANT_HUB_SCHEMA"] {
        assert!(problem.detail.contains(part), "{problem:?}");
    }
}
