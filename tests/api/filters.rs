//! Filters of rows, counts and exports.

use decant_tests::app::App;
use decant_tests::database::{RETRIED, USAGE_ROWS};

#[tokio::test]
async fn every_filter_narrows_the_rows() {
    let app = App::start().await;
    let database = &app.database;
    let some = async |column: &str| {
        let sql = format!("select {column} from {USAGE_ROWS} and {column} is not null order by m.id limit 1");
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
        let rows = app.admin().usage_rows(&[(name, value)]).await;
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
async fn filters_combine() {
    let app = App::start().await;
    let query = [
        ("exclude_200", "true"),
        ("min_retry_count", "1"),
        ("columns", "status_code"),
        ("model", ""),
    ];
    let rows = app.admin().usage_rows(&query).await;
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
async fn deleted_rows_are_left_out_and_blocked_ones_without_a_provider_are_not() {
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
    let rows = app.admin().usage_rows(&[]).await;
    assert_eq!(rows.count(), before - 1);
    assert!(
        rows.column("provider_name").contains(&None),
        "a blocked request has no provider"
    );
}

#[tokio::test]
async fn a_duplicate_key_does_not_repeat_its_rows() {
    let app = App::start().await;
    let before = app.database.usage_rows("true").await;
    app.database
        .execute("insert into keys (user_id, key, name) select user_id, key, 'again' from keys")
        .await;
    assert_eq!(app.admin().usage_rows(&[]).await.count(), before);
}
