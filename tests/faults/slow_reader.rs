//! A client that reads slowly holds the database back; the server keeps nothing for it.

use std::time::{Duration, Instant};

use decant_tests::actors::App;
use decant_tests::cluster::folder;
use decant_tests::database::ENDLESS;
use decant_tests::proxy::{Proxy, Weather};

/// What a stream may cost the server, however slow its client is.
const GROWTH_MAX_BYTES: u64 = 16 * 1024 * 1024;

#[tokio::test]
async fn a_slow_client_costs_the_server_no_memory() {
    let definitions = folder();
    std::fs::write(definitions.path().join("endless.toml"), ENDLESS).unwrap();
    let app = App::start_with(&[("DECANT_DATASETS_DIR", definitions.path().to_str().unwrap())]).await;
    let proxy = Proxy::to(&app.server.address).await;
    proxy.set(Weather::Throttled(1_000_000));
    // One quick export first, so that what grows is not what every server needs once.
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
