//! Many clients of two workspaces.

use std::time::{Duration, Instant};

use decant_tests::workspaces::{ALERTS_OF_EACH, client, rows_and_own_rows, start_for_clients};

const CLIENTS: usize = 64;
const TIME: Duration = Duration::from_secs(30);

#[tokio::test]
async fn sixty_four_clients_export_only_their_own_rows_for_half_a_minute() {
    let app = start_for_clients(CLIENTS).await;
    let end = Instant::now() + TIME;
    let clients = (0..CLIENTS).map(|number| {
        let (actor, workspace) = client(&app, number);
        tokio::spawn(async move {
            let mut exports = 0;
            while Instant::now() < end {
                let counted = rows_and_own_rows(&actor, workspace).await;
                assert_eq!(counted, (ALERTS_OF_EACH, ALERTS_OF_EACH));
                exports += 1;
            }
            exports
        })
    });
    let clients: Vec<_> = clients.collect();
    let mut exports = 0;
    for client in clients {
        let of_client = tokio::time::timeout(TIME * 4, client).await.unwrap().unwrap();
        assert!(of_client > 0, "a client waited all the time");
        exports += of_client;
    }
    println!("{exports} exports of {ALERTS_OF_EACH} rows");
}
