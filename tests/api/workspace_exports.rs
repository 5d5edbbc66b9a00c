//! Exports of several workspaces at the same time.

use std::time::Duration;

use decant_tests::workspaces::{ALERTS_OF_EACH, client, rows_and_own_rows, start_for_clients};

#[tokio::test]
async fn sixteen_clients_of_two_workspaces_export_only_their_own_rows() {
    let app = start_for_clients(16).await;
    let clients = (0..16).map(|number| {
        let (actor, workspace) = client(&app, number);
        tokio::spawn(async move { rows_and_own_rows(&actor, workspace).await })
    });
    let clients: Vec<_> = clients.collect();
    for client in clients {
        let counted = tokio::time::timeout(Duration::from_secs(100), client)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(counted, (ALERTS_OF_EACH, ALERTS_OF_EACH));
    }
}
