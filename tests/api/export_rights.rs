//! A background export has the rights that its person has when it runs, and no more than when they asked.

use std::time::Duration;

use decant_tests::actors::{Actor, rest_of};
use decant_tests::exports::{Exports, create, export, wait_until};
use decant_tests::server::{ADMIN_TOKEN, JWT_SECRET};
use decant_tests::tokens::{seconds_from_now, signed_with_secret};
use decant_tests::workspaces::{self, ACME, ADMIN, MEMBER, OWNER_OF_BETA};
use serde_json::{Value, json};

/// Lets a server with workers make what waits, and returns the export.
async fn run(exports: &Exports, actor: &Actor, id: &str, settings: &[(&str, &str)], status: &str) -> Value {
    let worker = exports.another_server(settings).await;
    let export = wait_until(actor, id, status).await;
    drop(worker);
    export
}

fn assert_not_allowed(export: &Value) {
    assert_eq!(
        (&export["errorCode"], &export["attempts"]),
        (&json!("no_longer_allowed"), &json!(1)),
        "{export}"
    );
}

async fn without_workers() -> Exports {
    Exports::start(&[("DECANT_WORKERS", "0")]).await
}

#[tokio::test]
async fn a_key_that_was_disabled_and_a_user_who_was_deleted_export_nothing_more() {
    let exports = without_workers().await;
    let admin = exports.app.admin();
    let (user, of_hub) = exports.app.user().await;
    let body = json!({ "dataset": "usage-logs", "format": "csv" });
    let id = create(&user, &body).await;
    let key = format!("update keys set is_enabled = false where key = '{}'", of_hub.key);
    exports.app.database.execute(key).await;
    assert_not_allowed(&run(&exports, &admin, &id, &[], "failed").await);

    let other = exports.app.database.new_user("Leaving").await;
    let leaving = exports.app.anonymous().with_token(&other.key);
    let id = create(&leaving, &body).await;
    let gone = format!("update users set deleted_at = now() where id = {}", other.id);
    exports.app.database.execute(gone).await;
    assert_not_allowed(&run(&exports, &admin, &id, &[], "failed").await);
}

#[tokio::test]
async fn an_administrator_who_is_one_no_more_does_not_get_the_rows_of_all() {
    let exports = without_workers().await;
    let admin = exports.app.admin();
    let boss = exports.app.database.new_user("Boss").await;
    exports
        .app
        .database
        .execute(format!("update users set role = 'admin' where id = {}", boss.id))
        .await;
    let boss_actor = exports.app.anonymous().with_token(&boss.key);
    let id = create(&boss_actor, &json!({ "dataset": "usage-logs", "format": "csv" })).await;
    assert_eq!(export(&boss_actor, &id).await["scope"], "all");
    exports
        .app
        .database
        .execute(format!("update users set role = 'user' where id = {}", boss.id))
        .await;
    // Nor see the export.
    boss_actor
        .show_export(&id)
        .answer()
        .await
        .problem(403, "forbidden");
    assert_not_allowed(&run(&exports, &admin, &id, &[], "failed").await);
}

#[tokio::test]
async fn a_restricted_key_makes_the_rows_of_its_owner_and_fetches_no_file_of_all_rows() {
    let exports = Exports::start(&[]).await;
    let (boss, program) = exports.app.boss_with_a_restricted_key().await;
    let body = json!({ "dataset": "usage-logs", "format": "csv" });
    let of_all = create(&boss, &body).await;
    wait_until(&boss, &of_all, "completed").await;
    program
        .show_export(&of_all)
        .answer()
        .await
        .problem(403, "forbidden");
    let list: Value = program.exports().answer().await.good().json();
    assert_eq!(list["meta"]["total"], 0, "{list}");
    let own = create(&program, &body).await;
    let export = wait_until(&program, &own, "completed").await;
    assert_eq!(
        (&export["scope"], &export["recordCount"]),
        (&json!("user"), &json!(0))
    );
    // The same person with more rights sees both.
    let list: Value = boss.exports().answer().await.good().json();
    assert_eq!(list["meta"]["total"], 2, "{list}");
}

#[tokio::test]
async fn a_changed_admin_token_ends_the_exports_of_the_old_one() {
    let exports = without_workers().await;
    let body = json!({ "dataset": "usage-logs", "format": "csv" });
    let id = create(&exports.app.admin(), &body).await;
    let changed = [("ADMIN_TOKEN", "another-token-of-these-tests-0123")];
    let failed = run(&exports, &exports.app.admin(), &id, &changed, "failed").await;
    assert_not_allowed(&failed);
    let again = exports.app.admin().retry_export(&id).answer().await.good();
    let again = again.json::<Value>()["export"]["id"].as_str().unwrap().to_owned();
    run(
        &exports,
        &exports.app.admin(),
        &again,
        &[("ADMIN_TOKEN", ADMIN_TOKEN)],
        "completed",
    )
    .await;
}

#[tokio::test]
async fn the_role_of_a_bearer_token_ends_after_a_day() {
    let exports = without_workers().await;
    let claims = json!({ "sub": "7f", "role": "admin", "exp": seconds_from_now(600) });
    let holder = exports
        .app
        .anonymous()
        .with_token(&signed_with_secret(JWT_SECRET, &claims));
    let body = json!({ "dataset": "usage-logs", "format": "csv" });
    let (soon, late) = (create(&holder, &body).await, create(&holder, &body).await);
    let older = format!(
        "update decant.data_exports set created_at = created_at - interval '25 hours' where id = '{late}'"
    );
    exports.state.execute(older).await;
    run(&exports, &holder, &soon, &[], "completed").await;
    assert_not_allowed(&run(&exports, &holder, &late, &[], "failed").await);
}

#[tokio::test]
async fn a_removed_member_exports_nothing_of_the_workspace_and_sees_nothing_more_of_it() {
    let state = decant_tests::database::Database::empty().await;
    let app = workspaces::start(&[("STATE_DSN", &state.dsn), ("DECANT_WORKERS", "0")]).await;
    let exports = Exports { app, state };
    let [member, admin, outsider] =
        [MEMBER, ADMIN, OWNER_OF_BETA].map(|id| workspaces::user(&exports.app, id));
    let body = json!({ "dataset": "alerts", "format": "csv", "workspace": ACME });
    outsider
        .create_export(&body)
        .answer()
        .await
        .problem(403, "not_a_member");
    let (first, second) = (create(&member, &body).await, create(&member, &body).await);
    let worker = exports
        .another_server(&[("DECANT_MEMBERSHIP_SECONDS", "0")])
        .await;
    let completed = wait_until(&member, &first, "completed").await;
    assert_eq!(
        (&completed["scope"], &completed["workspaceId"]),
        (&json!("workspace"), &json!(ACME))
    );
    wait_until(&member, &second, "completed").await;
    drop(worker);
    // Those who may: the member, and administrators of the workspace.
    outsider
        .show_export(&first)
        .answer()
        .await
        .problem(403, "forbidden");
    export(&admin, &first).await;
    let list: Value = admin
        .exports()
        .query("workspace", ACME)
        .answer()
        .await
        .good()
        .json();
    assert_eq!(list["meta"]["total"], 2, "{list}");
    let list: Value = admin.exports().answer().await.good().json();
    assert_eq!(list["meta"]["total"], 0, "{list}");
    outsider
        .exports()
        .query("workspace", ACME)
        .answer()
        .await
        .problem(403, "not_a_member");

    let third = create(&member, &body).await;
    exports
        .app
        .database
        .execute(format!(
            "delete from workspace_members where user_id = {MEMBER} and workspace_id = '{ACME}'"
        ))
        .await;
    member
        .show_export(&first)
        .answer()
        .await
        .problem(403, "not_a_member");
    member
        .create_export(&body)
        .answer()
        .await
        .problem(403, "not_a_member");
    let list: Value = member.exports().answer().await.good().json();
    assert_eq!(list["meta"]["total"], 0, "{list}");
    assert_not_allowed(
        &run(
            &exports,
            &admin,
            &third,
            &[("DECANT_MEMBERSHIP_SECONDS", "0")],
            "failed",
        )
        .await,
    );
}

#[tokio::test]
async fn the_event_stream_of_a_removed_member_ends_within_half_a_minute() {
    let state = decant_tests::database::Database::empty().await;
    let settings = [
        ("STATE_DSN", state.dsn.as_str()),
        ("DECANT_WORKERS", "0"),
        ("DECANT_MEMBERSHIP_SECONDS", "600"),
    ];
    let app = workspaces::start(&settings).await;
    let exports = Exports { app, state };
    let member = workspaces::user(&exports.app, MEMBER);
    let id = create(
        &member,
        &json!({ "dataset": "alerts", "format": "csv", "workspace": ACME }),
    )
    .await;
    let stream = member.export_events(&id).open().await;
    assert_eq!(stream.status(), 200);
    let following = tokio::spawn(rest_of(stream));
    exports
        .app
        .database
        .execute(format!("delete from workspace_members where user_id = {MEMBER}"))
        .await;
    let followed = tokio::time::timeout(Duration::from_secs(30), following).await;
    let (body, _) = followed.expect("the stream ends").unwrap();
    let text = String::from_utf8(body).unwrap();
    assert!(
        text.contains("event: progress") && !text.contains("event: complete"),
        "{text}"
    );
}
