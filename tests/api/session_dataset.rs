//! The dataset of sessions.

use decant_tests::actors::{Actor, Query};
use decant_tests::app::App;
use serde_json::Value;

use crate::{each, joined_rows};

async fn sessions(actor: &Actor, query: Query<'_>) -> Vec<String> {
    let columns = "session_id,user_name,requests,failed,total_tokens,cost_usd";
    joined_rows(actor.rows("sessions").queries(query), columns).await
}

fn expected(condition: &str, days: u32) -> String {
    format!(
        "select concat_ws('|', session_id, u.name, count(*), count(*) filter (where status_code is distinct from 200), \
           sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0) + coalesce(cache_read_input_tokens, 0) \
             + greatest(cache_creation_input_tokens, \
               coalesce(cache_creation_5m_input_tokens, 0) + coalesce(cache_creation_1h_input_tokens, 0))), \
           coalesce(sum(cost_usd), 0)) \
         from message_request m join users u on u.id = m.user_id \
         where m.deleted_at is null and session_id is not null and ({condition}) \
         and m.created_at >= now() - {days} * interval '1 day' \
         group by session_id, user_id, u.name order by max(m.created_at) desc, session_id desc, user_id desc"
    )
}

#[tokio::test]
async fn each_session_has_its_requests_of_the_last_days() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let number = who.id.to_string();
    let all =
        async |sql: String| -> Vec<String> { app.database.texts(&sql).await.into_iter().flatten().collect() };
    app.database
        .execute("update message_request set created_at = now() - interval '8 days' where id % 5 = 0")
        .await;
    let own = format!("m.user_id = {}", who.id);
    for (query, days) in [(&[][..], 7), (&[("days", "36500")], 36500)] {
        let expected_of_all = all(expected("true", days)).await;
        assert!(!expected_of_all.is_empty());
        assert_eq!(sessions(&app.admin(), query).await, expected_of_all);
        assert_eq!(sessions(&user, query).await, all(expected(&own, days)).await);
        let query = [query, &[("user", &*number)]].concat();
        assert_eq!(
            sessions(&app.admin(), &query).await,
            all(expected(&own, days)).await
        );
    }
}

#[tokio::test]
async fn sessions_are_found_by_the_beginning_of_their_id_and_summed_up() {
    let app = App::start().await;
    let admin = app.admin();
    let days = ("days", "36500");
    let id = app
        .database
        .text("select min(session_id) from message_request where deleted_at is null")
        .await;
    let id = id.expect("a session");
    for (text, is_found) in [(&id[..id.len() - 1], true), ("%", false)] {
        let found = sessions(&admin, &[days, ("session", text)]).await;
        assert_eq!(found.iter().any(|row| row.starts_with(&id)), is_found, "{text}");
    }
    let summary = admin
        .summary("sessions")
        .query(days.0, days.1)
        .answer()
        .await
        .good();
    let sum = "select coalesce(sum(cost_usd), 0)::text from message_request m join users u on u.id = m.user_id \
               where m.deleted_at is null and session_id is not null and m.created_at >= now() - interval '36500 days'";
    let cost = app.database.text(sum).await.expect("a sum");
    assert_eq!(each(&summary.json::<Value>()["figures"], "value")[1], cost);
    // A page goes on after a cursor.
    let first = admin
        .page("sessions")
        .queries(&[days, ("limit", "1")])
        .answer()
        .await
        .raw_rows();
    let cursor = first.cursor();
    let rest = sessions(&admin, &[days, ("after", &cursor)]).await;
    assert_eq!(rest, sessions(&admin, &[days]).await[1..]);
}
