//! Exports of several workspaces at the same time.

use std::time::Duration;

use decant_tests::definitions::Definitions;
use decant_tests::workspaces::{self, ACME, BETA, MEMBER, OWNER_OF_BETA, user};

/// The alerts with the workspace of each row.
const MARKED: &str = r#"
name = "marked"
title = "Marked"
extends = "alerts"
[[column]]
name = "id"
[[column]]
name = "title"
[[column]]
name = "workspace_id"
label = "Workspace"
sql = "a.workspace_id"
"#;

#[tokio::test]
async fn sixteen_clients_of_two_workspaces_export_only_their_own_rows() {
    let definitions = Definitions::of(&[MARKED]);
    let app = workspaces::start(&[
        definitions.setting(),
        ("DECANT_MEMBERSHIP_SECONDS", "30"),
        ("DECANT_EXPORTS_MAX", "16"),
        ("DECANT_EXPORTS_PER_CALLER", "16"),
        ("DECANT_WAIT_SECONDS", "60"),
    ])
    .await;
    app.database
        .execute(format!(
            "insert into brand_alerts (workspace_id, brand_id, title, severity) \
             select w, w, 'more', 'low' from unnest('{{{ACME},{BETA}}}'::uuid[]) w, generate_series(1, 5000)"
        ))
        .await;
    let clients = (0..16).map(|at| {
        let (id, workspace) = if at % 2 == 0 {
            (MEMBER, ACME)
        } else {
            (OWNER_OF_BETA, BETA)
        };
        let actor = user(&app, id);
        tokio::spawn(async move {
            let rows = actor.rows("marked").query("workspace", workspace).answer().await;
            let rows = rows.raw_rows().whole();
            let of_workspace = rows.column("workspace_id").into_iter().flatten();
            (rows.count(), of_workspace.filter(|id| id == workspace).count())
        })
    });
    let clients: Vec<_> = clients.collect();
    for client in clients {
        let (rows, own) = tokio::time::timeout(Duration::from_secs(100), client)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((rows, own), (5300, 5300));
    }
}
