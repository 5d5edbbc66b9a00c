//! Cut connections: the incomplete stream is recognisable, and a resumed one gives the same bytes.

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::raw_rows::RawRows;
use wasm_export::{Export, Options};

/// Enough rows for a cut in the middle of them.
const ROWS: u64 = 20_000;

async fn cut_app() -> (App, Proxy) {
    let app = App::start_on(Database::with_rows(ROWS).await, &[]).await;
    let proxy = Proxy::to(&app.server.address).await;
    (app, proxy)
}

/// Returns the stream of one request that the proxy cuts after `bytes`.
async fn cut_stream(actor: &Actor, proxy: &Proxy, bytes: u64, query: &[(&str, &str)]) -> Vec<u8> {
    proxy.set(Behavior::CutAfter(bytes));
    let answer = actor
        .clone()
        .through(&proxy.address)
        .rows("usage-logs")
        .queries(query)
        .answer()
        .await;
    assert!(answer.broken, "the cut shows");
    answer.body
}

#[tokio::test]
async fn a_cut_download_is_recognisable() {
    let (app, proxy) = cut_app().await;
    proxy.set(Behavior::CutAfter(300_000));
    let answer = app
        .admin()
        .through(&proxy.address)
        .export("usage-logs")
        .answer()
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.broken, "a file that is not whole must not look whole");
}

#[tokio::test]
async fn raw_rows_resume_after_the_last_whole_row() {
    let (app, proxy) = cut_app().await;
    // Near the header, within a row, and far inside.
    for bytes in [5_003, 77_777, 1_000_001] {
        let unbroken = app.admin().usage_rows(&[]).await;
        let cut = RawRows::parse(&cut_stream(&app.admin(), &proxy, bytes, &[]).await);
        assert!(cut.end.is_none() && cut.count() > 0, "cut after {bytes} bytes");
        let query = [("after", cut.cursor()), ("as_of", cut.header.as_of.clone())];
        let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
        // A row that is inserted in the meantime does not belong to this export.
        app.database
            .execute(
                "insert into message_request (user_id, key, provider_id, created_at) \
             select user_id, key, 1, now() from keys where deleted_at is null limit 1",
            )
            .await;
        let rest = app.admin().usage_rows(&query).await;
        assert_eq!(rest.header.as_of, cut.header.as_of);
        assert!(
            [cut.bytes, rest.bytes].concat() == unbroken.bytes,
            "cut after {bytes} bytes"
        );
    }
}

#[tokio::test]
async fn the_formatter_gives_the_same_file_after_several_cuts() {
    let (app, proxy) = cut_app().await;
    let unbroken = app.admin().usage_file(&[]).await;
    let (mut export, mut file) = (Export::new(Options::default()), Vec::new());
    for bytes in [400_000, 500_003, 600_007] {
        let point = export.resume_point();
        let cursor = point
            .as_ref()
            .and_then(|point| point.cursor.clone())
            .unwrap_or_default();
        let as_of = point
            .as_ref()
            .map(|point| point.as_of.clone())
            .unwrap_or_default();
        if point.is_some() {
            export.resume();
        }
        let query = [("after", cursor.as_str()), ("as_of", as_of.as_str())];
        let stream = cut_stream(&app.admin(), &proxy, bytes, &query).await;
        export.push(&stream, &mut file).unwrap();
    }
    let point = export.resume_point().unwrap();
    export.resume();
    let query = [
        ("after", point.cursor.as_deref().unwrap_or_default()),
        ("as_of", point.as_of.as_str()),
    ];
    let rest = app
        .admin()
        .rows("usage-logs")
        .queries(&query)
        .answer()
        .await
        .good();
    export.push(&rest.body, &mut file).unwrap();
    export.finish(&mut file).unwrap();
    assert!(
        file == unbroken,
        "{} bytes against {}",
        file.len(),
        unbroken.len()
    );
}

#[tokio::test]
async fn a_cut_stream_does_not_finish_an_export() {
    let (app, proxy) = cut_app().await;
    let stream = cut_stream(&app.admin(), &proxy, 300_000, &[]).await;
    let (mut export, mut file) = (Export::new(Options::default()), Vec::new());
    export.push(&stream, &mut file).unwrap();
    export.finish(&mut file).expect_err("there was no end record");
}

#[tokio::test]
async fn a_limited_export_resumes_with_a_limit_of_zero() {
    let app = App::start().await;
    let first = app.admin().usage_rows(&[("limit", "100")]).await;
    assert_eq!(first.count(), 100);
    let query = [
        ("limit", "0"),
        ("after", &first.cursor()),
        ("as_of", &first.header.as_of),
    ];
    let rest = app.admin().usage_rows(&query).await;
    assert_eq!(rest.count(), 0);
}
