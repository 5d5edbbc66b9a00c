//! Who may see the rows of a workspace, and how everybody else is refused.

use std::time::Duration;

use decant_tests::answer::Answer;
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::definitions::Definitions;
use decant_tests::patience::wait_for;
use decant_tests::workspaces::{
    self, ACME, ADMIN, BETA, DATASETS, DELETED, MEMBER, NOBODY, NONE, OWNER, OWNER_OF_BETA, OWNER_OF_DELETED,
    requests, user,
};
use serde_json::{Value, json};

/// Returns the body without the id of the request.
fn without_id(answer: &Answer) -> Value {
    let mut body: Value = answer.json();
    body.as_object_mut()
        .expect("a problem is an object")
        .remove("request_id");
    body
}

#[tokio::test]
async fn members_and_administrators_see_the_rows_and_nobody_else() {
    let app = workspaces::start(&[]).await;
    for dataset in DATASETS {
        for id in [OWNER, ADMIN, MEMBER] {
            for (address, request) in requests(&user(&app, id), dataset) {
                let answer = request.query("workspace", ACME).answer().await;
                assert_eq!(answer.status, 200, "{id} {address} {}", answer.text());
            }
        }
        for (_, request) in requests(&app.admin(), dataset) {
            request.query("workspace", BETA).answer().await.good();
        }
        for id in [OWNER_OF_BETA, NOBODY, OWNER_OF_DELETED] {
            for (_, request) in requests(&user(&app, id), dataset) {
                let refused = request.query("workspace", ACME).answer().await;
                refused.problem(403, "not_a_member");
            }
        }
        for (_, request) in requests(&app.anonymous(), dataset) {
            let refused = request.query("workspace", ACME).answer().await;
            refused.problem(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn nothing_tells_a_workspace_that_does_not_exist_from_one_of_others() {
    let app = workspaces::start(&[]).await;
    let mut answers = Vec::new();
    for workspace in [BETA, NONE, DELETED, "7", "no id", "' or true --", "a\0b", "ä"] {
        for (_, request) in requests(&user(&app, MEMBER), "alerts") {
            let refused = request.query("workspace", workspace).answer().await;
            refused.problem(403, "not_a_member");
            answers.push(without_id(&refused));
        }
    }
    for workspace in [NONE, DELETED, "7"] {
        let refused = app
            .admin()
            .count("alerts")
            .query("workspace", workspace)
            .answer()
            .await;
        answers.push(without_id(&refused));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert!(!answers[0].to_string().contains(BETA));
}

#[tokio::test]
async fn postgresql_is_asked_the_same_for_every_refusal() {
    let app = workspaces::start(&[("DECANT_LOG_FILTER", "info,sqlx=debug")]).await;
    let member = user(&app, MEMBER);
    let asked = || app.server.log().matches("sqlx::query").count();
    // The look-ups themselves are in the log; a line may arrive late.
    let settled = async || {
        let look = async || {
            let before = asked();
            tokio::time::sleep(Duration::from_millis(300)).await;
            (asked() == before).then_some(before)
        };
        wait_for("the log to be complete", Duration::from_secs(30), look).await
    };
    let mut costs = Vec::new();
    // The first request opens the connection.
    member
        .count("alerts")
        .query("workspace", NONE)
        .answer()
        .await
        .problem(403, "not_a_member");
    for workspace in [BETA, NONE, DELETED, "7", "no id"] {
        let before = settled().await;
        let refused = member
            .count("alerts")
            .query("workspace", workspace)
            .answer()
            .await;
        refused.problem(403, "not_a_member");
        costs.push(settled().await - before);
    }
    assert!(
        costs[0] > 0 && costs.iter().all(|cost| *cost == costs[0]),
        "{costs:?}"
    );
}

#[tokio::test]
async fn access_is_checked_before_any_other_parameter() {
    let app = workspaces::start(&[]).await;
    let nonsense = |request: decant_tests::actors::Request| request.query("colour", "red");
    for (address, request) in requests(&user(&app, NOBODY), "alerts") {
        let refused = nonsense(request).query("workspace", ACME).answer().await;
        refused.problem(403, "not_a_member");
        assert!(!refused.text().contains("severity"), "{address}");
    }
    for (address, request) in requests(&user(&app, NOBODY), "alerts") {
        let refused = nonsense(request).answer().await;
        let problem = refused.problem(400, "invalid_parameter");
        assert_eq!(problem.field.as_deref(), Some("workspace"), "{address}");
        assert!(!refused.text().contains("severity"), "{address}");
    }
    for (address, request) in requests(&user(&app, MEMBER), "alerts") {
        let answer = nonsense(request).query("workspace", ACME).answer().await;
        // The parameters of the address are not those of a body.
        match address {
            "body" => drop(answer.good()),
            _ => drop(answer.problem(400, "unknown_parameter")),
        }
    }
    let twice = user(&app, MEMBER).count("alerts").query("workspace", ACME);
    let twice = twice.query("workspace", BETA).answer().await;
    assert_eq!(
        twice.problem(400, "contradictory_parameters").field.as_deref(),
        Some("workspace")
    );
    let blank = user(&app, MEMBER)
        .count("alerts")
        .query("workspace", " ")
        .answer()
        .await;
    blank.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_role_that_is_too_low_is_refused_and_the_needed_one_named() {
    let strict =
        "name = \"strict\"\ntitle = \"Strict\"\nextends = \"alerts\"\nread = \"ADMIN\"\nexport = \"OWNER\"\n";
    let definitions = Definitions::of(&[strict]);
    let app = workspaces::start(&[definitions.setting()]).await;
    for (id, may_read, may_export) in [(MEMBER, false, false), (ADMIN, true, false), (OWNER, true, true)] {
        for (address, request) in requests(&user(&app, id), "strict") {
            let answer = request.query("workspace", ACME).answer().await;
            let is_export = ["rows", "body", "export"].contains(&address);
            match (if is_export { may_export } else { may_read }, is_export) {
                (true, _) => drop(answer.good()),
                (false, true) => assert!(answer.problem(403, "role_too_low").detail.contains("OWNER")),
                (false, false) => assert!(answer.problem(403, "role_too_low").detail.contains("ADMIN")),
            }
        }
    }
    for (_, request) in requests(&app.admin(), "strict") {
        request.query("workspace", ACME).answer().await.good();
    }
    let listed: Value = user(&app, ADMIN).dataset("strict").answer().await.good().json();
    assert_eq!(
        (&listed["workspace"], &listed["export_role"]),
        (&json!(true), &json!("OWNER"))
    );
    user(&app, MEMBER)
        .dataset("strict")
        .answer()
        .await
        .problem(403, "role_too_low");
}

#[tokio::test]
async fn a_membership_that_ends_is_over_soon() {
    let app = workspaces::start(&[("DECANT_MEMBERSHIP_SECONDS", "1")]).await;
    let member = user(&app, MEMBER);
    member
        .count("alerts")
        .query("workspace", ACME)
        .answer()
        .await
        .good();
    app.database
        .execute(format!("delete from workspace_members where user_id = {MEMBER}"))
        .await;
    let look = async || {
        let answer = member.count("alerts").query("workspace", ACME).answer().await;
        (answer.status != 200).then_some(answer)
    };
    let refused = wait_for("the end of the membership", Duration::from_secs(20), look).await;
    refused.problem(403, "not_a_member");
    // A new member need not wait.
    app.database
        .execute(format!(
            "insert into workspace_members values ('{ACME}', {MEMBER}, 'MEMBER')"
        ))
        .await;
    member
        .count("alerts")
        .query("workspace", ACME)
        .answer()
        .await
        .good();
}

#[tokio::test]
async fn a_kept_membership_of_an_administrator_gives_a_user_nothing() {
    let app = workspaces::start(&[("DECANT_MEMBERSHIP_SECONDS", "600")]).await;
    let claims = json!({ "sub": NOBODY.to_string(), "role": "admin", "exp": decant_tests::tokens::seconds_from_now(600) });
    let token = decant_tests::tokens::signed_with_secret(decant_tests::server::JWT_SECRET, &claims);
    let administrator = app.anonymous().with_token(&token);
    administrator
        .count("alerts")
        .query("workspace", ACME)
        .answer()
        .await
        .good();
    let refused = user(&app, NOBODY)
        .count("alerts")
        .query("workspace", ACME)
        .answer()
        .await;
    refused.problem(403, "not_a_member");
}

#[tokio::test]
async fn a_lookup_that_fails_is_no_membership() {
    let app = workspaces::start(&[]).await;
    app.database
        .execute("alter table workspace_members rename to lost")
        .await;
    for (address, request) in requests(&user(&app, MEMBER), "alerts") {
        let answer = request.query("workspace", ACME).answer().await;
        assert_eq!(answer.status, 503, "{address} {}", answer.text());
    }
    let me: Value = user(&app, MEMBER).me().answer().await.good().json();
    assert_eq!(me["workspaces"], json!([]));
}

#[tokio::test]
async fn a_refused_access_and_the_workspace_of_an_export_are_recorded() {
    let state = Database::empty().await;
    let app = workspaces::start(&[("STATE_DSN", &state.dsn)]).await;
    user(&app, MEMBER)
        .rows("alerts")
        .query("workspace", ACME)
        .answer()
        .await
        .good();
    user(&app, MEMBER)
        .rows("alerts")
        .query("workspace", BETA)
        .answer()
        .await
        .problem(403, "not_a_member");
    for (action, workspace) in [
        ("workspace_access_denied", BETA),
        ("export_initiated", ACME),
        ("export_complete", ACME),
    ] {
        let sql = format!(
            "select details->>'workspace' from decant.audit where action = '{action}' and details->>'dataset' = 'alerts'"
        );
        let look = async || state.text(&sql).await;
        let found = wait_for(action, Duration::from_secs(20), look).await;
        assert_eq!(found, workspace, "{action}");
    }
}

#[tokio::test]
async fn a_dataset_without_workspaces_knows_no_such_parameter() {
    let app = App::start().await;
    let count = app
        .admin()
        .count("usage-logs")
        .query("workspace", ACME)
        .answer()
        .await;
    assert_eq!(
        count.problem(400, "unknown_parameter").field.as_deref(),
        Some("workspace")
    );
    let body = json!({ "workspace": ACME });
    let rows = app.admin().rows_of_body("usage-logs", &body).answer().await;
    assert_eq!(
        rows.problem(400, "unknown_parameter").field.as_deref(),
        Some("workspace")
    );
}
