//! The raw-row stream: what `COPY` writes, between a header and an end record.

use decant_tests::app::App;
use wasm_export::rows::Kind;

#[tokio::test]
async fn the_rows_are_what_copy_writes() {
    let app = App::start().await;
    let answer = app.admin().rows("usage-logs").answer().await.good();
    let rows = answer.raw_rows().whole();
    assert!(
        rows.count() > 1500,
        "the demo has more rows than {}",
        rows.count()
    );
    assert_eq!(rows.bytes, app.database.copy_of_usage_rows("true").await);
}

#[tokio::test]
async fn the_header_describes_the_rows() {
    let app = App::start().await;
    let rows = app.admin().usage_rows(&[("zone", "Asia/Shanghai")]).await;
    let header = &rows.header;
    assert_eq!(
        (header.decant, header.dataset.as_str(), header.title.as_str()),
        (1, "usage-logs", "Usage logs")
    );
    assert_eq!(header.order, ["created_at", "id"]);
    assert_eq!(header.zone, "Asia/Shanghai");
    assert!(header.estimated_rows.is_some_and(|rows| rows > 0), "{header:?}");
    let kind = |name: &str| {
        header
            .columns
            .iter()
            .find(|column| column.name == name)
            .map(|column| column.kind)
    };
    for (name, expected) in [
        ("created_at", Kind::Timestamp),
        ("user_name", Kind::Text),
        ("status_code", Kind::Integer),
        ("total_tokens", Kind::Integer),
        ("cost_usd", Kind::Decimal),
        ("retry_count", Kind::Integer),
    ] {
        assert_eq!(kind(name), Some(expected), "{name}");
    }
}

#[tokio::test]
async fn the_caller_chooses_columns_and_their_order() {
    let app = App::start().await;
    let rows = app
        .admin()
        .rows("usage-logs")
        .query("columns", "model,cost_usd,created_at")
        .answer()
        .await;
    let rows = rows.raw_rows().whole();
    let shown = |hidden: bool| {
        let columns = rows
            .header
            .columns
            .iter()
            .filter(|column| column.hidden == hidden);
        columns.map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(shown(false), ["model", "cost_usd", "created_at"]);
    assert_eq!(shown(true), ["id"]);
    let all = app.admin().usage_rows(&[]).await;
    assert_eq!(rows.column("model"), all.column("model"));
    assert_eq!(rows.column("created_at"), all.column("created_at"));
}

#[tokio::test]
async fn a_limit_is_kept() {
    let app = App::start().await;
    let all = app.admin().usage_rows(&[]).await;
    let rows = app.admin().usage_rows(&[("limit", "7")]).await;
    assert_eq!(rows.rows(), all.rows()[..7]);
    let more_than_there_are = i64::MAX.to_string();
    let rows = app
        .admin()
        .rows("usage-logs")
        .query("limit", &more_than_there_are)
        .answer()
        .await;
    assert_eq!(rows.raw_rows().whole().bytes, all.bytes);
}

#[tokio::test]
async fn an_export_may_be_empty() {
    let app = App::start().await;
    let rows = app.admin().usage_rows(&[("session", "no such session")]).await;
    let end = rows.end.unwrap();
    assert_eq!((end.rows, end.bytes, end.cursor), (0, 0, None));
}
