//! The workspaces of a caller, and the datasets that a caller without one does not see.

use decant_tests::app::App;
use decant_tests::workspaces::{self, ACME, ADMIN, BETA, DATASETS, MEMBER, NOBODY, OWNER_OF_DELETED, user};
use serde_json::{Value, json};

use crate::each;

#[tokio::test]
async fn a_caller_is_given_their_workspaces() {
    let app = workspaces::start(&[]).await;
    let workspaces = async |actor: decant_tests::actors::Actor| {
        let answer = actor.workspaces().answer().await.good();
        answer.json::<Value>()["workspaces"].clone()
    };
    let acme = json!({ "id": ACME, "name": "Acme", "slug": "acme", "role": "ADMIN" });
    assert_eq!(workspaces(user(&app, ADMIN)).await, json!([acme]));
    assert_eq!(workspaces(user(&app, NOBODY)).await, json!([]));
    assert_eq!(workspaces(user(&app, OWNER_OF_DELETED)).await, json!([]));
    let all = workspaces(app.admin()).await;
    assert_eq!(each(&all, "id"), [ACME, BETA]);
    assert_eq!(each(&all, "role"), ["OWNER", "OWNER"]);
    app.anonymous()
        .workspaces()
        .answer()
        .await
        .problem(401, "unauthenticated");

    let me: Value = user(&app, MEMBER).me().answer().await.good().json();
    assert_eq!(
        me["workspaces"],
        json!([{ "id": ACME, "name": "Acme", "role": "MEMBER" }])
    );
}

#[tokio::test]
async fn without_the_tables_there_are_no_workspaces_and_nobody_is_warned() {
    let app = App::start().await;
    let log = app.server.log();
    for word in ["workspace", "alerts", "actions"] {
        assert!(!log.contains(word), "{log}");
    }
    let answer = app.admin().workspaces().answer().await.good();
    assert_eq!(answer.json::<Value>(), json!({ "workspaces": [] }));
    let listed: Value = app.admin().datasets().answer().await.good().json();
    let names = each(&listed["datasets"], "name");
    for dataset in DATASETS {
        assert!(!names.contains(&dataset.to_owned()), "{names:?}");
        app.admin()
            .dataset(dataset)
            .answer()
            .await
            .problem(404, "unknown_dataset");
        app.admin()
            .count(dataset)
            .answer()
            .await
            .problem(404, "unknown_dataset");
    }
}

#[tokio::test]
async fn the_list_has_a_dataset_of_workspaces_for_members_only() {
    let app = workspaces::start(&[]).await;
    for (actor, is_listed) in [
        (app.admin(), true),
        (user(&app, MEMBER), true),
        (user(&app, NOBODY), false),
    ] {
        let listed: Value = actor.datasets().answer().await.good().json();
        let datasets = listed["datasets"].as_array().unwrap();
        for name in DATASETS {
            let found = datasets.iter().find(|dataset| dataset["name"] == name);
            assert_eq!(found.is_some(), is_listed, "{name}");
            if let Some(found) = found {
                assert_eq!(
                    (&found["workspace"], &found["export_role"]),
                    (&json!(true), &json!("MEMBER"))
                );
            }
        }
    }
    user(&app, NOBODY)
        .dataset("alerts")
        .answer()
        .await
        .problem(403, "not_a_member");
}
