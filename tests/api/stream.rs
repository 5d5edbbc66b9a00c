//! Transport of the raw-row stream: compression, flushing, heartbeats, and the limit on running exports.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::definitions::{ENDLESS, silent_for};
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;

#[tokio::test]
async fn the_stream_is_compressed_as_the_client_accepts_it() {
    let app = App::start().await;
    let plain = app.admin().rows("usage-logs").answer().await.good();
    assert_eq!(plain.header("content-encoding"), "");
    assert!(
        plain.header("vary").to_lowercase().contains("accept-encoding"),
        "{:?}",
        plain.headers
    );
    let plain = plain.raw_rows().whole();
    for (accepted, encoding) in [
        ("zstd", "zstd"),
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("zstd;q=0, gzip", "gzip"),
    ] {
        let answer = app
            .admin()
            .rows("usage-logs")
            .header("accept-encoding", accepted)
            .answer()
            .await
            .good();
        assert_eq!(answer.header("content-encoding"), encoding, "{accepted}");
        assert!(
            answer.body.len() < plain.bytes.len() / 2,
            "{encoding} should make it smaller"
        );
        assert_eq!(answer.raw_rows().whole().bytes, plain.bytes, "{accepted}");
    }
    for refused in ["identity", "gzip;q=0", "compress"] {
        let answer = app
            .admin()
            .rows("usage-logs")
            .header("accept-encoding", refused)
            .answer()
            .await
            .good();
        assert_eq!(answer.header("content-encoding"), "", "{refused}");
    }
}

/// `wget` asks for the rest of a broken download, and would join the bytes of two exports.
#[tokio::test]
async fn the_rest_of_a_file_that_is_made_anew_is_refused() {
    let app = App::start().await;
    let admin = app.admin();
    for path in [
        "/api/datasets/usage-logs/rows",
        "/api/datasets/usage-logs/export",
        "/api/admin/database/export",
    ] {
        let part = admin.get(path).header("range", "bytes=1000-").answer().await;
        part.problem(412, "no_ranges");
        let whole = admin.get(path).header("range", "bytes=0-").answer().await;
        assert_eq!(whole.status, 200);
    }
    admin
        .page("usage-logs")
        .header("range", "bytes=0-")
        .answer()
        .await
        .raw_rows()
        .whole();
}

#[tokio::test]
async fn proxies_neither_buffer_nor_cache_the_stream() {
    let app = App::start().await;
    let answer = app
        .admin()
        .rows("usage-logs")
        .query("limit", "1")
        .answer()
        .await
        .good();
    assert_eq!(answer.header("x-accel-buffering"), "no");
    assert!(
        answer.header("cache-control").contains("no-store"),
        "{:?}",
        answer.headers
    );
}

#[tokio::test]
async fn a_silent_export_sends_heartbeats() {
    let app = App::start_with_datasets(&[&silent_for(3.5)], &[("DECANT_HEARTBEAT_SECONDS", "1")]).await;
    for encoding in ["identity", "zstd"] {
        let mut stream = app
            .admin()
            .rows("silent")
            .header("accept-encoding", encoding)
            .open()
            .await;
        let second_piece = async {
            stream.chunk().await.unwrap();
            stream.chunk().await.unwrap().is_some()
        };
        let came = tokio::time::timeout(Duration::from_secs(2), second_piece).await;
        assert_eq!(
            came,
            Ok(true),
            "a heartbeat goes out at once, also through {encoding}"
        );
    }
    let rows = app.admin().rows("silent").answer().await.raw_rows().whole();
    assert!(
        (2..=4).contains(&rows.heartbeats),
        "{} heartbeats in 3.5 s",
        rows.heartbeats
    );
    assert_eq!(rows.bytes, b"1\n");
    let file = app
        .admin()
        .export("silent")
        .query("bom", "false")
        .answer()
        .await
        .good();
    assert_eq!(file.text(), "\"N\"\r\n1\r\n", "a heartbeat never reaches a file");
}

#[tokio::test]
async fn a_postgresql_without_free_connections_is_not_taken_for_too_many_exports() {
    let app = App::start().await;
    let server = app.server_of_owner(&[("DECANT_WAIT_SECONDS", "1")]).await;
    let owner = "select quote_ident(rolname) from pg_roles join pg_database on datdba = pg_roles.oid where datname = current_database()";
    let owner = app.database.text(owner).await.unwrap();
    app.database
        .execute(format!("alter role {owner} connection limit 0"))
        .await;
    let full = Actor::new(&server.address)
        .with_token(ADMIN_TOKEN)
        .rows("usage-logs")
        .answer()
        .await;
    let problem = full.problem(502, "source_failed");
    assert!(problem.detail.contains("53300"), "{problem:?}");
}

#[tokio::test]
async fn the_limit_on_exports_does_not_block_pages() {
    let settings = [("DECANT_EXPORTS_MAX", "1"), ("DECANT_WAIT_SECONDS", "1")];
    let app = App::start_with_datasets(&[ENDLESS], &settings).await;
    let running = app.admin().rows("endless").open().await;
    let busy = app.admin().rows("usage-logs").answer().await;
    busy.problem(503, "exports_busy");
    assert!(
        busy.header("retry-after").parse::<u64>().is_ok(),
        "{:?}",
        busy.headers
    );
    app.admin().page("usage-logs").answer().await.good();
    assert!(app.admin().usage_count(&[]).await > 0);
    drop(running);
    let again = async || (app.admin().rows("usage-logs").answer().await.status == 200).then_some(());
    wait_for("a free place", Duration::from_secs(5), again).await;
}
