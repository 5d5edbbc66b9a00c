//! A workspace's exports and stored files: the addresses below `/api/workspaces`.

use decant_tests::exports::{Exports, PATIENCE};
use decant_tests::patience::wait_for;
use decant_tests::workspaces::{self, ACME, ADMIN, BETA, MEMBER, NONE, OWNER, OWNER_OF_BETA, user};
use serde_json::{Value, json};

async fn start() -> Exports {
    let settings = [
        ("DECANT_MEMBERSHIP_SECONDS", "0"),
        ("DECANT_WORKSPACE_QUOTA_MB", "1"),
    ];
    Exports::start_on(workspaces::database().await, &settings).await
}

#[tokio::test]
async fn a_member_exports_the_workspace_and_its_link_is_good_for_a_while() {
    let exports = start().await;
    let member = user(&exports.app, MEMBER);
    let body = json!({ "resourceType": "alerts", "format": "csv" });
    let answer = member.export_workspace(ACME, &body).answer().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let answer: Value = answer.json();
    let job = &answer["job"];
    let id = answer["jobId"].as_str().unwrap();
    assert_eq!(
        (&job["id"], &job["workspaceId"], &job["status"]),
        (&json!(id), &json!(ACME), &json!("completed"))
    );
    let key = job["filePath"].as_str().unwrap();
    assert!(key.starts_with(&format!("workspaces/{ACME}/exports/")), "{key}");
    let link = job["downloadUrl"].as_str().unwrap();
    let path = &link[link.find("/d/").unwrap()..];
    let by_link = exports.app.anonymous().at(path).answer().await.good();
    let jobs = format!("/api/workspaces/{ACME}/exports");
    let by_session = member.at(&format!("{jobs}/{id}/download")).answer().await.good();
    assert!(by_link.body == by_session.body && !by_link.body.is_empty());
    // A list that is asked for again makes no links.
    for _ in 0..2 {
        let listed: Value = member.at(&jobs).answer().await.good().json();
        assert_eq!(listed["jobs"][0]["downloadUrl"], link, "{listed}");
    }
    let others: Value = user(&exports.app, OWNER).at(&jobs).answer().await.good().json();
    assert_ne!(
        others["jobs"][0]["downloadUrl"], link,
        "a link has the rights of its maker"
    );

    // A repeated request has the code and the job of the first one.
    for (body, code) in [
        (body.clone(), 201),
        (
            json!({ "resourceType": "alerts", "format": "csv", "mode": "background" }),
            202,
        ),
    ] {
        let send = async || {
            let request = member.export_workspace(ACME, &body);
            request
                .header("idempotency-key", &format!("a{code}"))
                .answer()
                .await
        };
        let (first, again) = (send().await, send().await);
        assert_eq!((first.status, again.status), (code, code));
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(first.json::<Value>()["jobId"], again.json::<Value>()["jobId"]);
    }

    let background = json!({ "resourceType": "report", "format": "html", "mode": "background" });
    let answer = member.export_workspace(ACME, &background).answer().await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = answer.json::<Value>()["jobId"].as_str().unwrap().to_owned();
    wait_for("the report", PATIENCE, async || {
        let job: Value = member.at(&format!("{jobs}/{id}")).answer().await.good().json();
        (job["status"] == "completed").then_some(())
    })
    .await;
}

#[tokio::test]
async fn members_see_their_own_and_nobody_sees_those_of_another_workspace() {
    let exports = start().await;
    let (member, owner, admin) = (
        user(&exports.app, MEMBER),
        user(&exports.app, OWNER),
        user(&exports.app, ADMIN),
    );
    let stranger = user(&exports.app, OWNER_OF_BETA);
    let body = json!({ "resourceType": "alerts", "format": "json" });
    for actor in [&member, &owner] {
        actor.export_workspace(ACME, &body).answer().await.good();
    }
    let jobs = format!("/api/workspaces/{ACME}/exports");
    for (actor, expected) in [(&member, 1), (&admin, 2), (&exports.app.admin(), 2)] {
        let listed: Value = actor.at(&jobs).answer().await.good().json();
        assert_eq!(listed["meta"]["total"], expected);
    }
    let listed: Value = owner
        .at(&jobs)
        .query("resourceType", "report")
        .answer()
        .await
        .good()
        .json();
    assert_eq!(listed["meta"]["total"], 0);
    let listed: Value = member.at(&jobs).answer().await.good().json();
    let id = listed["jobs"][0]["id"].as_str().unwrap();

    // The right comes before the body and the id.
    for workspace in [ACME, NONE, "x"] {
        let path = format!("/api/workspaces/{workspace}/exports");
        let refused = stranger
            .export_workspace(workspace, &json!({ "no": 1 }))
            .answer()
            .await;
        refused.problem(403, "not_a_member");
        stranger.at(&path).answer().await.problem(403, "not_a_member");
        stranger
            .at(&format!("{path}/{id}"))
            .answer()
            .await
            .problem(403, "not_a_member");
    }
    for rest in ["", "/download", "/events"] {
        let path = format!("/api/workspaces/{BETA}/exports/{id}{rest}");
        stranger.at(&path).answer().await.problem(404, "unknown_export");
    }
    let problem = member.export_workspace(ACME, &json!({ "no": 1 })).answer().await;
    problem.problem(400, "invalid_body");
    let delivery = json!({ "resourceType": "alerts", "delivery": { "email": ["a@b.example"] } });
    member
        .export_workspace(ACME, &delivery)
        .answer()
        .await
        .problem(403, "role_too_low");
}

#[tokio::test]
async fn the_stored_files_are_counted_listed_and_deleted_by_administrators_of_the_workspace() {
    let exports = start().await;
    let (member, admin) = (user(&exports.app, MEMBER), user(&exports.app, ADMIN));
    let body = json!({ "resourceType": "infringements", "format": "csv" });
    let job: Value = member.export_workspace(ACME, &body).answer().await.good().json();
    let key = job["job"]["filePath"].as_str().unwrap();
    let storage = async || {
        member
            .at(&format!("/api/workspaces/{ACME}/storage"))
            .answer()
            .await
            .good()
            .json::<Value>()
    };
    let used = storage().await;
    assert_eq!((&used["files"], &used["quota"]), (&json!(1), &json!(1_048_576)));
    assert!(used["used"].as_u64().unwrap() > 0 && used["oldest"].is_string());
    let path = format!("/api/workspaces/{ACME}/files");
    member.at(&path).answer().await.problem(403, "role_too_low");
    let files: Value = admin
        .at(&path)
        .query("folder", "exports")
        .answer()
        .await
        .good()
        .json();
    assert_eq!(
        (
            &files["files"][0]["key"],
            files["files"].as_array().unwrap().len()
        ),
        (&json!(key), 1)
    );
    let other: Value = admin
        .at(&path)
        .query("folder", "../x")
        .answer()
        .await
        .good()
        .json();
    assert_eq!(other["files"], json!([]));
    let file = format!("{path}/{}", key.replace('/', "%2F"));
    member
        .delete_at(&file)
        .answer()
        .await
        .problem(403, "role_too_low");
    let stranger = user(&exports.app, OWNER_OF_BETA);
    let of_beta = file.replace(
        &format!("workspaces/{ACME}/files"),
        &format!("workspaces/{BETA}/files"),
    );
    stranger
        .delete_at(&of_beta)
        .answer()
        .await
        .problem(404, "unknown_file");
    admin.delete_at(&file).answer().await.good();
    assert_eq!((storage().await["used"].clone(), exports.files()), (json!(0), 0));
}
