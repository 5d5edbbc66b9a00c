//! The raw-row stream: what `COPY` writes, between a header and an end record.

use std::time::Duration;

use decant_tests::actors::App;
use decant_tests::cluster::folder;
use decant_tests::database::RETRIED;
use serde_json::Value;
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
async fn the_header_says_what_the_rows_are() {
    let app = App::start().await;
    let rows = app
        .admin()
        .rows("usage-logs")
        .query("zone", "Asia/Shanghai")
        .answer()
        .await
        .raw_rows()
        .whole();
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
async fn every_filter_narrows_as_it_says() {
    let app = App::start().await;
    let database = &app.database;
    let some = async |column: &str| {
        let from = decant_tests::database::USAGE_ROWS;
        let sql = format!("select {column} from {from} and {column} is not null order by m.id limit 1");
        database.text(&sql).await.expect("the demo has one")
    };
    let user = some("m.user_id").await;
    let key = some("(select min(k.id) from keys k where k.key = m.key)").await;
    let (provider, session) = (some("m.provider_id").await, some("m.session_id").await);
    let (model, endpoint) = (some("m.model").await, some("m.endpoint").await);
    let middle =
        "select created_at at time zone 'UTC' from message_request order by created_at offset 1000 limit 1";
    let start = database
        .text(&format!(
            "select to_char(({middle}), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        ))
        .await
        .unwrap();
    let epoch = database
        .text(&format!("select (extract(epoch from ({middle})) * 1000)::bigint"))
        .await
        .unwrap();
    let text = |value: &str| value.replace('\'', "''");

    for (name, value, condition) in [
        ("user", &user, format!("m.user_id = {user}")),
        (
            "key",
            &key,
            format!("m.key = (select key from keys where id = {key})"),
        ),
        ("provider", &provider, format!("m.provider_id = {provider}")),
        (
            "session",
            &session,
            format!("m.session_id = '{}'", text(&session)),
        ),
        ("session", &String::new(), "true".to_owned()),
        ("start", &start, format!("m.created_at >= '{start}'")),
        ("end", &start, format!("m.created_at < '{start}'")),
        (
            "start",
            &epoch,
            format!("m.created_at >= to_timestamp({epoch} / 1000.0)"),
        ),
        ("status_code", &"429".to_owned(), "m.status_code = 429".to_owned()),
        (
            "exclude_200",
            &"true".to_owned(),
            "m.status_code is distinct from 200".to_owned(),
        ),
        ("exclude_200", &"false".to_owned(), "true".to_owned()),
        ("model", &model, format!("m.model = '{}'", text(&model))),
        (
            "endpoint",
            &endpoint,
            format!("m.endpoint = '{}'", text(&endpoint)),
        ),
        ("min_retry_count", &"1".to_owned(), RETRIED.to_owned()),
        ("min_retry_count", &"0".to_owned(), "true".to_owned()),
    ] {
        let rows = app
            .admin()
            .rows("usage-logs")
            .query(name, value)
            .answer()
            .await
            .raw_rows()
            .whole();
        assert_eq!(
            rows.bytes,
            database.copy_of_usage_rows(&condition).await,
            "{name}={value}"
        );
        let all_or_some = database.usage_rows(&condition).await;
        assert!(all_or_some > 0, "{name}={value} should find something");
    }
}

#[tokio::test]
async fn filters_hold_together() {
    let app = App::start().await;
    let query = [
        ("exclude_200", "true"),
        ("min_retry_count", "1"),
        ("columns", "status_code"),
        ("model", ""),
    ];
    let rows = app
        .admin()
        .rows("usage-logs")
        .queries(&query)
        .answer()
        .await
        .raw_rows()
        .whole();
    let condition = format!("m.status_code is distinct from 200 and {RETRIED}");
    assert_eq!(rows.count(), app.database.usage_rows(&condition).await);
    assert!(rows.count() > 0);
    assert!(
        rows.column("status_code")
            .iter()
            .all(|status| status.as_deref() != Some("200"))
    );
}

#[tokio::test]
async fn deleted_rows_stay_out_and_blocked_ones_without_a_provider_stay_in() {
    let app = App::start().await;
    let before = app.database.usage_rows("true").await;
    let kept = "select min(id) from message_request where deleted_at is null";
    app.database
        .execute(format!(
            "update message_request set provider_id = 0 where id = ({kept})"
        ))
        .await;
    let last = "select max(id) from message_request where deleted_at is null";
    app.database
        .execute(format!(
            "update message_request set deleted_at = now() where id = ({last})"
        ))
        .await;
    let rows = app.admin().rows("usage-logs").answer().await.raw_rows().whole();
    assert_eq!(rows.count(), before - 1);
    assert!(
        rows.column("provider_name").contains(&None),
        "a blocked request has no provider"
    );
}

#[tokio::test]
async fn a_key_that_stands_there_twice_does_not_double_its_rows() {
    let app = App::start().await;
    let before = app.database.usage_rows("true").await;
    app.database
        .execute("insert into keys (user_id, key, name) select user_id, key, 'again' from keys")
        .await;
    assert_eq!(
        app.admin()
            .rows("usage-logs")
            .answer()
            .await
            .raw_rows()
            .whole()
            .count(),
        before
    );
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
    let all = app.admin().rows("usage-logs").answer().await.raw_rows().whole();
    assert_eq!(rows.column("model"), all.column("model"));
    assert_eq!(rows.column("created_at"), all.column("created_at"));
}

#[tokio::test]
async fn a_limit_is_kept_where_it_is_asked_for() {
    let app = App::start().await;
    let all = app.admin().rows("usage-logs").answer().await.raw_rows().whole();
    let rows = app
        .admin()
        .rows("usage-logs")
        .query("limit", "7")
        .answer()
        .await
        .raw_rows()
        .whole();
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
async fn no_row_is_an_export_too() {
    let app = App::start().await;
    let rows = app
        .admin()
        .rows("usage-logs")
        .query("session", "no such session")
        .answer()
        .await
        .raw_rows()
        .whole();
    let end = rows.end.unwrap();
    assert_eq!((end.rows, end.bytes, end.cursor), (0, 0, None));
}

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

#[tokio::test]
async fn no_proxy_may_hold_or_keep_the_stream() {
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
async fn a_silent_export_says_that_it_lives() {
    let definitions = folder();
    let sleepy = "name = \"sleepy\"\ntitle = \"Sleepy\"\naccess = \"admin\"\norder = [\"n desc\"]\n\
                  from = \"(select 1 as n from pg_sleep(3.5)) slow\"\n\
                  [[column]]\nname = \"n\"\nlabel = \"N\"\nsql = \"n\"\n";
    std::fs::write(definitions.path().join("sleepy.toml"), sleepy).unwrap();
    let folder = definitions.path().to_str().unwrap();
    let app = App::start_with(&[("DECANT_DATASETS_DIR", folder), ("DECANT_HEARTBEAT_SECONDS", "1")]).await;
    for encoding in ["identity", "zstd"] {
        let mut stream = app
            .admin()
            .rows("sleepy")
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
    let rows = app.admin().rows("sleepy").answer().await.raw_rows().whole();
    assert!(
        (2..=4).contains(&rows.heartbeats),
        "{} heartbeats in 3.5 s",
        rows.heartbeats
    );
    assert_eq!(rows.bytes, b"1\n");
    let file = app
        .admin()
        .export("sleepy")
        .query("bom", "false")
        .answer()
        .await
        .good();
    assert_eq!(file.text(), "\"N\"\r\n1\r\n", "a heartbeat never reaches a file");
}

#[tokio::test]
async fn as_many_exports_run_as_are_allowed_and_pages_go_on() {
    let definitions = folder();
    std::fs::write(
        definitions.path().join("endless.toml"),
        decant_tests::database::ENDLESS,
    )
    .unwrap();
    let folder = definitions.path().to_str().unwrap();
    let settings = [
        ("DECANT_DATASETS_DIR", folder),
        ("DECANT_EXPORTS_MAX", "1"),
        ("DECANT_WAIT_SECONDS", "1"),
    ];
    let app = App::start_with(&settings).await;
    let running = app.admin().rows("endless").open().await;
    let busy = app.admin().rows("usage-logs").answer().await;
    busy.problem(503, "exports_busy");
    assert!(
        busy.header("retry-after").parse::<u64>().is_ok(),
        "{:?}",
        busy.headers
    );
    app.admin().page("usage-logs").answer().await.good();
    let count: Value = app.admin().count("usage-logs").answer().await.good().json();
    assert!(count["rows"].as_u64().unwrap() > 0);
    drop(running);
    let again = async || (app.admin().rows("usage-logs").answer().await.status == 200).then_some(());
    decant_tests::patience::wait_for("a free place", Duration::from_secs(5), again).await;
}
