//! The dataset of usage by user, key and model.

use decant_tests::actors::{Actor, Query};
use decant_tests::app::App;
use serde_json::Value;

use crate::{each, joined_rows};

const COLUMNS: &str = "user_name,key_name,model,calls,failed,input_tokens,output_tokens,cache_creation_tokens,\
                       cache_read_tokens,cost_usd";

async fn rows(actor: &Actor, query: Query<'_>) -> Vec<String> {
    joined_rows(actor.rows("usage-by-user").queries(query), COLUMNS).await
}

/// The rows in SQL of the tests' own.
fn expected(condition: &str, days: u32) -> String {
    format!(
        "select concat_ws('|', u.name, k.name, coalesce(m.model, '-'), count(*), \
           count(*) filter (where status_code is distinct from 200), sum(coalesce(input_tokens, 0)), \
           sum(coalesce(output_tokens, 0)), sum(greatest(coalesce(cache_creation_input_tokens, 0), \
             coalesce(cache_creation_5m_input_tokens, 0) + coalesce(cache_creation_1h_input_tokens, 0))), \
           sum(coalesce(cache_read_input_tokens, 0)), coalesce(sum(cost_usd), 0)) \
         from message_request m join users u on u.id = m.user_id join lateral (select id, name from keys \
           where keys.key = m.key order by deleted_at desc nulls first, id desc limit 1) k on true \
         where m.deleted_at is null and ({condition}) and m.created_at >= now() - {days} * interval '1 day' \
         group by u.id, k.id, k.name, m.model \
         order by m.model is null, coalesce(sum(cost_usd), 0) desc, u.id, k.id, m.model"
    )
}

#[tokio::test]
async fn usage_is_grouped_by_user_key_and_model_and_summed_up() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let number = who.id.to_string();
    let all =
        async |sql: String| -> Vec<String> { app.database.texts(&sql).await.into_iter().flatten().collect() };
    app.database
        .execute("update message_request set created_at = now() - interval '40 days' where id % 5 = 0")
        .await;
    let own = format!("m.user_id = {}", who.id);
    for (query, days) in [(&[][..], 30), (&[("days", "36500")], 36500)] {
        let of_all = all(expected("true", days)).await;
        assert!(of_all.len() > 50);
        assert_eq!(rows(&app.admin(), query).await, of_all);
        assert_eq!(rows(&user, query).await, all(expected(&own, days)).await);
        let query = [query, &[("user", &*number)]].concat();
        assert_eq!(rows(&app.admin(), &query).await, all(expected(&own, days)).await);
    }
    let summary = app.admin().summary("usage-by-user").query("days", "36500");
    let summary: Value = summary.answer().await.good().json();
    let sql = "select count(*)::text from message_request m join users u on u.id = m.user_id where m.deleted_at is null \
               and m.created_at is not null and exists (select from keys k where k.key = m.key)";
    assert_eq!(
        each(&summary["figures"], "value")[0],
        app.database.text(sql).await.unwrap()
    );
}

#[tokio::test]
async fn the_keys_string_is_in_no_row_and_in_no_cursor() {
    let app = App::start().await;
    let days = ("days", "36500");
    let first = app
        .admin()
        .page("usage-by-user")
        .queries(&[days, ("limit", "10")]);
    let first = first.answer().await.raw_rows();
    let cursor = first.cursor();
    assert!(!String::from_utf8_lossy(&first.bytes).contains("sk-"));
    let rest = rows(&app.admin(), &[days, ("after", &cursor)]).await;
    assert_eq!(rest, rows(&app.admin(), &[days]).await[10..]);
    // Either of two keys with one string finds its usage.
    let [first, second] = ["min", "max"].map(|of| {
        format!("select {of}(id) from keys where key in (select key from keys group by key having count(*) > 1 limit 1)")
    });
    let mut found = Vec::new();
    for sql in [first, second] {
        let id = app.database.text(&sql).await.unwrap();
        found.push(rows(&app.admin(), &[days, ("key", &id)]).await);
    }
    assert_eq!(found[0], found[1]);
}
