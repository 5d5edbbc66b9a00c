//! Pages of the table: each starts after the last row of the one before.

use decant::auth::Caller;
use decant::datasets::{Catalog, Query, Selection};
use decant::hub_tables::HubTables;
use decant::state::State;
use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::raw_rows::RawRows;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

async fn page(actor: &Actor, limit: &str, after: Option<&str>) -> RawRows {
    let request = actor
        .page("usage-logs")
        .query("limit", limit)
        .query("after", after.unwrap_or_default());
    request.answer().await.raw_rows().whole()
}

/// Returns all pages, with the empty one at the end.
async fn walk(actor: &Actor, limit: &str) -> Vec<u8> {
    let (mut bytes, mut after) = (Vec::new(), None);
    loop {
        let page = page(actor, limit, after.as_deref()).await;
        if page.count() == 0 {
            return bytes;
        }
        bytes.extend_from_slice(&page.bytes);
        after = Some(page.cursor());
    }
}

#[tokio::test]
async fn the_pages_together_are_the_export() {
    let app = App::start().await;
    let expected = app.database.copy_of_usage_rows("true").await;
    assert_eq!(walk(&app.admin(), "137").await, expected);
    let (user, who) = app.user().await;
    let own = app
        .database
        .copy_of_usage_rows(&format!("m.user_id = {}", who.id))
        .await;
    assert_eq!(walk(&user, "50").await, own);
}

#[tokio::test]
async fn rows_with_equal_times_or_none_are_neither_lost_nor_repeated() {
    let app = App::start().await;
    app.database
        .execute("update message_request set created_at = '2026-01-28 00:00:00+00' where id % 3 = 0")
        .await;
    app.database
        .execute("update message_request set created_at = null where id % 5 = 0")
        .await;
    assert_eq!(
        walk(&app.admin(), "100").await,
        app.database.copy_of_usage_rows("true").await
    );
}

#[tokio::test]
async fn the_last_rows_cells_are_the_cursor() {
    let app = App::start().await;
    let mut first = page(&app.admin(), "50", None).await;
    let told = first.end.take().unwrap().cursor;
    assert_eq!(
        told,
        Some(first.cursor()),
        "the cursor is base64url of the raw order cells"
    );
}

#[tokio::test]
async fn a_page_has_50_rows_unless_another_size_is_asked_for_and_never_more_than_500() {
    let app = App::start().await;
    let page = |limit: &str| app.admin().page("usage-logs").query("limit", limit);
    assert_eq!(page("").answer().await.raw_rows().whole().count(), 50);
    assert_eq!(page("500").answer().await.raw_rows().whole().count(), 500);
    for limit in ["501", "9223372036854775807"] {
        let problem = page(limit).answer().await.problem(400, "invalid_parameter");
        assert_eq!(problem.field.as_deref(), Some("limit"));
    }
}

/// Rows from which PostgreSQL prefers an index.
const ROWS: u64 = 20_000;

#[tokio::test]
async fn the_first_rows_come_from_an_index() {
    let database = Database::with_rows(ROWS).await;
    database.execute("analyze").await;
    let user = database.busy_user().await.id.to_string();
    let mut connection = PgConnection::connect(&database.dsn)
        .await
        .expect("PostgreSQL accepts a connection");
    // As the server sets it, so that the parts of `union all` stay in their order.
    let set = connection.execute("set enable_parallel_append = off").await;
    set.expect("there is such a setting");
    let mut catalog = Catalog::built_in(&HubTables::default());
    let prepared = catalog.prepare(&mut connection, &State::off()).await;
    prepared.expect("the demo has all tables");
    for (name, table, filters) in [
        ("usage-logs", "message_request", &[("limit", "50")][..]),
        (
            "usage-logs",
            "message_request",
            &[("limit", "50"), ("sort", "reversed")],
        ),
        (
            "usage-logs",
            "message_request",
            &[("limit", "50"), ("user", &user)],
        ),
        ("probe-logs", "provider_endpoint_probe_logs", &[("limit", "50")]),
    ] {
        let dataset = catalog.get(name).expect("it is built in");
        let pairs: Vec<_> = filters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let selection = Selection::parse(&dataset.definition, &pairs).expect("these are its words");
        let query = Query::to_read(dataset, &Caller::operator(), &selection).expect("the operator sees all");
        let sql = query
            .rows(&mut connection)
            .await
            .expect("the tables are trusted")
            .sql
            .0;
        let explained = sqlx::query_scalar(AssertSqlSafe(format!("explain {sql}")));
        let plan: Vec<String> = explained.fetch_all(&mut connection).await.expect("it is planned");
        let plan = plan.join("\n");
        assert!(
            !plan.contains(&format!("Seq Scan on {table}")),
            "{name} {filters:?}:\n{plan}"
        );
    }
}
