//! A slow client slows the database down, and costs the server no memory.

use std::time::{Duration, Instant};

use decant_tests::app::App;
use decant_tests::definitions::ENDLESS;
use decant_tests::proxy::{Behavior, Proxy};

/// Bound for the growth of the server during a stream.
const GROWTH_MAX_BYTES: u64 = 16 * 1024 * 1024;

#[tokio::test]
async fn a_slow_client_costs_the_server_no_memory() {
    let app = App::start_with_datasets(&[ENDLESS], &[]).await;
    let proxy = Proxy::to(&app.server.address).await;
    proxy.set(Behavior::Throttled(1_000_000));
    // A first export allocates what every server needs once.
    app.admin().rows("usage-logs").answer().await.good();
    let before = app.server.memory_bytes();

    for request in [
        app.admin().through(&proxy.address).rows("endless"),
        app.admin().through(&proxy.address).export("endless"),
    ] {
        let mut stream = request.open().await;
        let (since, mut most) = (Instant::now(), before);
        while since.elapsed() < Duration::from_secs(4) {
            stream
                .chunk()
                .await
                .unwrap()
                .expect("the stream is larger than can come in this time");
            most = most.max(app.server.memory_bytes());
        }
        let growth = most - before;
        assert!(growth <= GROWTH_MAX_BYTES, "the server grew by {growth} bytes");
    }
}
