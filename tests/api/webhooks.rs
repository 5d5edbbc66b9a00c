//! The migration of a hub's webhooks over HTTP.

use decant_tests::app::App;
use decant_tests::database::WEBHOOKS;
use serde_json::{Value, json};

const TARGETS: &str = "select string_agg(concat_ws(' ', name, provider_type, webhook_url), ', ' order by id) from webhook_targets";
const BINDINGS: &str = "select string_agg(notification_type || ' ' || t.name, ', ' order by notification_type) \
     from notification_target_bindings b join webhook_targets t on t.id = target_id";
const MODE: &str = "select use_legacy_mode from notification_settings";

async fn app() -> App {
    let app = App::start().await;
    app.database.execute(WEBHOOKS).await;
    app
}

async fn migrate(app: &App, request: &Value) -> Value {
    let answer = app.admin().migrate_webhooks(request).answer().await;
    answer.good().json()
}

/// Returns the id of the webhook whose provider no host shows.
async fn unknown(app: &App) -> String {
    let webhooks: Value = app.admin().old_webhooks().answer().await.good().json();
    assert_eq!(webhooks["alreadyMigrated"], json!(false));
    assert!(!webhooks.to_string().contains("secret"), "{webhooks}");
    let feishu = &webhooks["webhooks"][0];
    assert_eq!(feishu["detectedProvider"], "feishu");
    assert_eq!(
        feishu["notificationTypes"],
        json!(["circuit_breaker", "cost_alert"])
    );
    let custom = &webhooks["webhooks"][1];
    assert_eq!(
        (&custom["host"], &custom["detectedProvider"]),
        (&json!("hooks.example.com"), &Value::Null)
    );
    custom["id"].as_str().expect("an id is a text").to_owned()
}

#[tokio::test]
async fn webhooks_become_targets_with_bindings_once() {
    let app = app().await;
    let id = unknown(&app).await;
    let request = json!({ "providers": { &id: "custom" }, "dryRun": true });
    let planned = migrate(&app, &request).await;
    assert_eq!(
        planned,
        json!({ "success": true, "createdTargets": 2, "createdBindings": 3, "skipped": [] })
    );
    assert_eq!(app.database.text(TARGETS).await, None);

    let request = json!({ "providers": { &id: "custom" } });
    let made = migrate(&app, &request).await;
    assert_eq!(made, planned);
    let targets = "Feishu feishu https://open.feishu.cn/open-apis/bot/v2/hook/secret-1, \
                   Custom Webhook custom https://hooks.example.com/secret-2";
    assert_eq!(app.database.text(TARGETS).await.as_deref(), Some(targets));
    let bindings = "circuit_breaker Feishu, daily_leaderboard Custom Webhook, cost_alert Feishu";
    assert_eq!(app.database.text(BINDINGS).await.as_deref(), Some(bindings));
    assert_eq!(app.database.text(MODE).await.as_deref(), Some("false"));

    let again = migrate(&app, &json!({})).await;
    assert_eq!(
        again,
        json!({ "success": true, "createdTargets": 0, "createdBindings": 0, "skipped": [] })
    );
    assert_eq!(app.database.text(TARGETS).await.as_deref(), Some(targets));
}

#[tokio::test]
async fn the_hub_keeps_its_old_settings_while_a_webhook_has_no_provider() {
    let app = app().await;
    let id = unknown(&app).await;
    let part = migrate(&app, &json!({})).await;
    assert_eq!(
        (&part["success"], &part["createdTargets"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(part["skipped"][0]["id"], json!(id));
    assert_eq!(app.database.text(MODE).await.as_deref(), Some("true"));

    let rest = json!({ "skip": [id] });
    let rest = migrate(&app, &rest).await;
    assert_eq!(
        (&rest["success"], &rest["createdTargets"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(app.database.text(MODE).await.as_deref(), Some("false"));
}

#[tokio::test]
async fn a_migration_is_for_administrators_of_a_hub_with_targets() {
    let app = App::start().await;
    let listed: Value = app.admin().old_webhooks().answer().await.good().json();
    assert_eq!(listed, json!({ "webhooks": [], "alreadyMigrated": false }));
    app.admin()
        .migrate_webhooks(&json!({}))
        .answer()
        .await
        .problem(404, "no_webhooks");
    app.database.execute(WEBHOOKS).await;
    let (user, _) = app.user().await;
    user.old_webhooks().answer().await.problem(403, "forbidden");
    user.migrate_webhooks(&json!({}))
        .answer()
        .await
        .problem(403, "forbidden");
    for (field, wrong) in [
        ("providers", json!({ "providers": { "00000000": "custom" } })),
        ("skip", json!({ "skip": ["00000000"] })),
    ] {
        let wrong = app.admin().migrate_webhooks(&wrong).answer().await;
        let problem = wrong.problem(400, "invalid_parameter");
        assert_eq!(problem.field.as_deref(), Some(field));
    }
    assert_eq!(app.database.text(TARGETS).await, None);
}

#[tokio::test]
async fn a_planted_trigger_stops_a_migration() {
    let app = app().await;
    let stranger = "create role webhook_stranger; create function planted() returns trigger language plpgsql as \
                    'begin return new; end'; alter function planted() owner to webhook_stranger; \
                    create trigger planted after insert on webhook_targets for each row execute function planted()";
    app.database.execute(stranger).await;
    let refused = app.admin().migrate_webhooks(&json!({})).answer().await;
    let problem = refused.problem(409, "hub_table_refused");
    assert!(problem.detail.contains("planted"), "{problem:?}");
    assert_eq!(app.database.text(TARGETS).await, None);
}
