//! A database of a hub that is older than the built-in datasets: each thing names what is missing.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::definitions::Definitions;
use decant_tests::program;
use serde_json::{Value, json};

/// Takes away what newer versions of the hub have added.
const OLDER: &str = "alter table message_request drop column cache_creation_5m_input_tokens; \
     alter table users drop column expires_at; drop table provider_endpoint_probe_logs";

const LOG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn datasets_and_sign_in_name_what_an_older_hub_lacks() {
    let database = Database::new().await;
    let user = database.busy_user().await;
    database.execute(OLDER).await;
    let checked = program::run(&["datasets", "check"], &[("DSN", &database.dsn)]).await;
    let told = checked.text();
    for (name, part) in [
        (
            "usage-logs",
            "cache_creation_5m_input_tokens does not exist. The hub is older",
        ),
        (
            "probe-logs",
            "provider_endpoint_probe_logs does not exist: the hub is older",
        ),
        (
            "sessions",
            "cache_creation_5m_input_tokens does not exist. The hub is older",
        ),
    ] {
        let line = told.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("{name} is missing: {told}"));
        assert!(
            line.starts_with(&format!("{name}: not in this database: ")),
            "{line}"
        );
        assert!(line.contains(part), "{line}");
    }
    let sign_in = "sign-in with keys of the hub is off: column u.expires_at does not exist";
    assert!(checked.stderr.contains(sign_in), "{}", checked.stderr);

    let app = App::start_on(database, &[]).await;
    app.server.wait_for_log(sign_in, LOG).await;
    let of_user = app.anonymous().with_token(&user.key);
    of_user.me().answer().await.problem(401, "invalid_credentials");
    let listed: Value = app.admin().datasets().answer().await.good().json();
    assert_eq!(listed["datasets"][0]["available"], false);
    // What does not need the missing columns works.
    let day = app.database.text("select now()::date").await;
    let dry_run = json!({ "beforeDate": day, "dryRun": true });
    let preview: Value = app.admin().clean_up(&dry_run).answer().await.good().json();
    let rows =
        "select count(*) from message_request where created_at < now()::date::timestamp at time zone 'UTC'";
    assert_eq!(preview["rows"], app.database.number(rows).await);
}

#[tokio::test]
async fn a_site_fills_the_gap_of_an_older_hub() {
    let changes = r#"
name = "usage-logs"
extends = "usage-logs"
[[column]]
name = "cache_creation_5m_input_tokens"
sql = "null::bigint"
[[column]]
name = "total_tokens"
sql = "coalesce(m.input_tokens, 0) + coalesce(m.output_tokens, 0)"
[[figure]]
name = "tokens"
sql = "pg_catalog.sum(m.input_tokens)"
"#;
    let database = Database::new().await;
    database.execute(OLDER).await;
    let definitions = Definitions::of(&[changes]);
    let app = App::start_on(database, &[definitions.setting()]).await;
    let rows = app.admin().rows("usage-logs").answer().await.raw_rows().whole();
    assert_eq!(rows.count(), app.database.usage_rows("true").await);
}
