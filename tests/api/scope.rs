//! A user without administrator rights sees only own rows, whatever the query.

use std::collections::BTreeSet;

use decant_tests::actors::{Actor, Query};
use decant_tests::app::App;
use decant_tests::database::{HubUser, USAGE_ROWS};
use serde_json::Value;

/// Queries of a user who tries to see the rows of `other`.
async fn greedy_queries(app: &App, other: &str) -> Vec<Vec<(&'static str, String)>> {
    let column = async |sql: &str| app.database.text(sql).await.expect("the other one has some");
    let key = column(&format!("select min(id) from keys where user_id = {other}")).await;
    let session = "select min(session_id) from message_request where deleted_at is null and user_id";
    let session = column(&format!("{session} = {other}")).await;
    vec![
        vec![],
        vec![("user", other.to_owned())],
        vec![("key", key)],
        vec![("session", session)],
        vec![("user", "-1".to_owned())],
        vec![("session", "x' or '1'='1".to_owned())],
        vec![
            ("columns", "user_name,model".to_owned()),
            ("limit", "1000000".to_owned()),
        ],
        vec![
            ("min_retry_count", "0".to_owned()),
            ("end", "2100-01-01".to_owned()),
        ],
    ]
}

/// Returns the hidden ids of a stream's rows.
async fn ids(actor: &Actor, query: Query<'_>) -> BTreeSet<String> {
    let rows = actor.usage_rows(query).await;
    rows.column("id")
        .into_iter()
        .map(|id| id.expect("an id is never null"))
        .collect()
}

async fn own_ids(app: &App, user: &HubUser) -> BTreeSet<String> {
    let ids = app
        .database
        .texts(&format!(
            "select m.id from {USAGE_ROWS} and m.user_id = {}",
            user.id
        ))
        .await;
    ids.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_user_sees_only_own_rows_with_every_query() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let own = own_ids(&app, &who).await;
    assert_eq!(ids(&user, &[]).await, own);

    let sql =
        "select m.user_id from message_request m where m.deleted_at is null and m.session_id is not null";
    let other = app
        .database
        .text(&format!("{sql} and m.user_id <> {} limit 1", who.id))
        .await
        .unwrap();
    // The header names no filter that had no effect.
    let rows = user.usage_rows(&[("user", &other), ("limit", "1")]).await;
    assert_eq!(rows.header.filters.keys().collect::<Vec<_>>(), ["limit"]);
    for query in greedy_queries(&app, &other).await {
        let query: Vec<_> = query
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let seen = ids(&user, &query).await;
        assert!(
            seen.is_subset(&own),
            "{query:?} shows {} rows of others",
            seen.difference(&own).count()
        );

        let rows_query: Vec<_> = query
            .iter()
            .filter(|(name, _)| *name != "columns")
            .copied()
            .collect();
        assert_eq!(
            user.usage_count(&rows_query).await,
            seen.len() as u64,
            "{query:?}"
        );

        let page: Vec<_> = query
            .iter()
            .filter(|(name, _)| *name != "limit")
            .copied()
            .collect();
        let page = user
            .page("usage-logs")
            .queries(&page)
            .query("limit", "500")
            .answer()
            .await
            .raw_rows()
            .whole();
        assert!(
            page.column("id")
                .into_iter()
                .flatten()
                .all(|id| own.contains(&id)),
            "{query:?}"
        );

        let file = user.export("usage-logs").queries(&query).answer().await.good();
        let lines = csv::Reader::from_reader(file.body.as_slice())
            .into_records()
            .count();
        assert_eq!(lines, seen.len(), "{query:?}");
    }
}

#[tokio::test]
async fn a_foreign_cursor_does_not_give_access_to_foreign_rows() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let own = own_ids(&app, &who).await;
    let first = app
        .admin()
        .page("usage-logs")
        .query("limit", "1")
        .answer()
        .await
        .raw_rows()
        .whole()
        .cursor();
    assert!(ids(&user, &[("after", &first)]).await.is_subset(&own));
    // Clients can forge a cursor; SQL in it stays text.
    let forged = base64_of("2026-01-01 00:00:00+00\t1) or (true");
    user.rows("usage-logs")
        .query("after", &forged)
        .answer()
        .await
        .problem(400, "invalid_parameter");
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

#[tokio::test]
async fn a_user_without_rows_gets_none() {
    let app = App::start().await;
    let ada = app.database.new_user("Ada").await;
    let ada = app.anonymous().with_token(&ada.key);
    assert_eq!(ids(&ada, &[]).await.len(), 0);
    let offered: Value = ada.options("usage-logs", "model").answer().await.good().json();
    assert_eq!(offered["options"].as_array().unwrap().len(), 0);
}
