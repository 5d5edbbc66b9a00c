//! The language of definitions: filters with several values, parameters, definitions that extend others, and the order of
//! rows without a value.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, NUMBERS};
use decant_tests::patience::wait_for;
use decant_tests::program;
use serde_json::{Value, json};

use crate::each;

/// A shop's orders: each kind of filter, parameters, and columns that are left out.
const ORDERS: &str = r#"
name = "orders"
title = "Orders"
group = "Shop"
access = "owner"
owner = "o.customer"
order = ["placed_at desc", "id asc not null"]
range = "placed_at"
formats = ["json", "csv"]
from = "orders o"

[[parameter]]
name = "includePrice"
kind = "boolean"
default = "true"

[[parameter]]
name = "currency"
kind = "text"
default = "EUR"

[[column]]
name = "id"
label = "ID"
sql = "o.id"

[[column]]
name = "placed_at"
label = "Placed at"
sql = "o.placed_at"

[[column]]
name = "price"
label = "Price"
sql = "'{,}' || o.price || ' ' || {currency}"
when = "includePrice"

[[column]]
name = "batch"
label = "Batch"
sql = "o.batch"
system = true

[[filter]]
name = "ids"
label = "IDs"
kind = "integer"
many = true
ticks = "id"
sql = "o.id = any ({})"

[[filter]]
name = "status"
label = "Status"
aliases = ["orderStatus"]
kind = "text"
many = true
values = ["open", "paid", "sent, late"]
sql = "o.status = any ({})"

[[filter]]
name = "price_min"
label = "Price, at least"
kind = "decimal"
sql = "o.price >= {}"

[[filter]]
name = "batch"
label = "Batch"
kind = "uuid"
sql = "o.batch = {}"

[[filter]]
name = "day"
label = "Day"
kind = "date"
sql = "o.placed_at::date = {}"
"#;

const LINES: &str = r#"
name = "order-lines"
title = "Orders, one a line"
extends = "orders"
listed = false

[[column]]
name = "price"
label = "Costs"
"#;

const TABLE: &str = "
    create table orders (id int primary key, customer int, placed_at timestamptz, status text, price numeric, batch uuid);
    create index on orders (placed_at desc, id);
    insert into orders select n, 1, case when n % 4 > 0 then timestamptz '2026-01-01Z' + (n % 6) * interval '1 day' end,
      (array['open', 'paid', 'sent, late'])[n % 3 + 1], n + 0.5, ('00000000-0000-0000-0000-00000000000' || n % 10)::uuid
    from generate_series(1, 20) n";

async fn shop() -> App {
    let database = Database::new().await;
    database.execute(TABLE).await;
    let definitions = Definitions::of(&[ORDERS, LINES]);
    App::start_on(database, &[definitions.setting()]).await
}

async fn ids(app: &App, query: &[(&str, &str)]) -> String {
    let request = app.admin().rows("orders").query("columns", "id").queries(query);
    let rows = request.answer().await.raw_rows().whole();
    let mut ids: Vec<u32> = rows
        .rows()
        .iter()
        .map(|row| row[0].as_deref().unwrap_or_default().parse().expect("an id"))
        .collect();
    ids.sort_unstable();
    ids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_filter_takes_values_of_its_kind_and_several_where_it_is_declared() {
    let app = shop().await;
    for (query, expected) in [
        (&[("ids", "3,1, 2,")][..], "1 2 3"),
        (&[("ids", "3"), ("ids", "1")], "1 3"),
        (&[("status", "open,paid"), ("ids", "1,2,3")], "1 3"),
        // A value with a comma is given as a parameter of its own.
        (
            &[
                ("orderStatus", "sent, late"),
                ("orderStatus", "sent, late"),
                ("ids", "1,2,3"),
            ],
            "2",
        ),
        (&[("price_min", "19.50")], "19 20"),
        (&[("batch", "00000000-0000-0000-0000-000000000007")], "7 17"),
        (&[("day", "2026-01-02"), ("ids", "1,7,13")], "1 7 13"),
    ] {
        assert_eq!(ids(&app, query).await, expected, "{query:?}");
    }
    for (name, value, words) in [
        ("ids", "1,two", "whole number"),
        ("status", "lost", "open, paid, sent, late"),
        ("price_min", "cheap", "decimal number"),
        ("batch", "7", "UUID"),
        ("day", "2026-02-30", "date"),
    ] {
        let request = app.admin().rows("orders").query(name, value);
        let refused = request.answer().await.problem(400, "invalid_parameter");
        assert_eq!(refused.field.as_deref(), Some(name));
        assert!(refused.detail.contains(words), "{}", refused.detail);
    }
    for pairs in [
        [("status", "open"), ("orderStatus", "paid")],
        [("price_min", "1"), ("price_min", "2")],
    ] {
        let request = app.admin().rows("orders").queries(&pairs);
        request.answer().await.problem(400, "contradictory_parameters");
    }
    let described: Value = app.admin().dataset("orders").answer().await.good().json();
    assert_eq!(described["group"], "Shop");
    assert_eq!(
        described["filters"][1]["values"],
        json!(["open", "paid", "sent, late"])
    );
    assert_eq!(described["formats"], json!(["json", "csv"]));
    assert_eq!(described["filters"][0]["ticks"], "id");
    let lines: Value = app.admin().dataset("order-lines").answer().await.good().json();
    assert_eq!(
        lines["filters"][0]["ticks"],
        Value::Null,
        "its rows do not show the id"
    );
    let other = app
        .admin()
        .export("orders")
        .query("format", "xlsx")
        .answer()
        .await;
    assert!(
        other
            .problem(400, "invalid_parameter")
            .detail
            .contains("json, csv")
    );
}

#[tokio::test]
async fn parameters_choose_columns_and_are_values_in_their_sql() {
    let app = shop().await;
    let row = async |query: &[(&str, &str)]| {
        let request = app.admin().rows("orders").query("ids", "5").queries(query);
        let rows = request.answer().await.raw_rows().whole();
        let shown = rows.header.columns.iter().filter(|column| !column.hidden).count();
        rows.rows()[0][..shown]
            .iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
            .join("|")
    };
    assert_eq!(row(&[]).await, "5|2026-01-06 00:00:00+00|{,}5.5 EUR");
    assert_eq!(
        row(&[("includePrice", "false")]).await,
        "5|2026-01-06 00:00:00+00"
    );
    assert_eq!(
        row(&[
            ("columns", "price"),
            ("currency", "'; select '%s"),
            ("includePrice", "0")
        ])
        .await,
        "{,}5.5 '; select '%s"
    );
    let batch = "00000000-0000-0000-0000-000000000005";
    assert!(row(&[("includeSystemFields", "true")]).await.ends_with(batch));
    assert_eq!(row(&[("columns", "batch")]).await, batch);
    let request = app.admin().rows("orders").query("includePrice", "perhaps");
    request.answer().await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_definition_that_extends_another_has_its_filters_and_parameters() {
    let app = shop().await;
    let request = app
        .admin()
        .rows("order-lines")
        .queries(&[("ids", "5"), ("currency", "USD")]);
    let rows = request.answer().await.raw_rows().whole();
    assert_eq!(rows.header.columns[0].label, "Costs");
    assert_eq!(
        rows.header.columns.iter().filter(|column| !column.hidden).count(),
        1
    );
    assert_eq!(rows.rows()[0][0].as_deref(), Some("{,}5.5 USD"));
    let listed: Value = app.admin().dataset("order-lines").answer().await.good().json();
    assert_eq!(listed["listed"], false);
}

/// Returns a site's changes of a built-in dataset: the second example of the reference.
fn changes() -> &'static str {
    let reference = include_str!("../../docs/datasets.md");
    let example = reference.split("```toml\n").nth(2);
    let (example, _) = example.and_then(|text| text.split_once("```")).expect("it ends");
    example
}

#[tokio::test]
async fn a_site_adds_columns_and_filters_to_a_built_in_dataset() {
    let definitions = Definitions::of(&[
        changes(),
        "name = \"agents\"\ntitle = \"Agents\"\nextends = \"usage-logs\"\n[[column]]\nname = \"user_agent\"\n",
        &LINES.replace("extends = \"orders\"", "extends = \"order-lines\""),
    ]);
    let database = Database::new().await;
    let (agent, user) = ("Agent 'of a test", database.busy_user().await);
    database
        .execute("update message_request set user_agent = 'Agent ''of a test' where id % 7 = 0")
        .await;
    let settings = [("DSN", database.dsn.as_str()), definitions.setting()];
    let checked = program::run(&["datasets", "check"], &settings).await;
    assert!(checked.text().contains("usage-logs: good"), "{}", checked.text());
    assert!(!checked.stderr.contains("warning"), "{}", checked.stderr);

    let app = App::start_on(database, &[definitions.setting()]).await;
    let listed: Value = app.admin().datasets().answer().await.good().json();
    assert_eq!(
        each(&listed["datasets"], "title")[..3],
        ["Usage logs", "Probe logs", "Sessions"]
    );
    let columns = each(&listed["datasets"][0]["columns"], "label");
    assert_eq!(columns[..2], ["Time", "User"]);
    assert_eq!(columns[15..], ["Session ID", "Retry Count", "Client", "ID"]);

    let query = [("user_agent", agent), ("columns", "user_agent,status_code")];
    let rows = app.admin().rows("usage-logs").queries(&query);
    let expected = app.database.usage_rows("m.id % 7 = 0").await;
    assert_eq!(rows.answer().await.raw_rows().whole().count(), expected);
    // The rule who sees which rows is that of the built-in definition.
    let own = app.anonymous().with_token(&user.key);
    let rows = own.rows("usage-logs").queries(&query).answer().await;
    let condition = format!("m.id % 7 = 0 and m.user_id = {}", user.id);
    let expected = app.database.usage_rows(&condition).await;
    assert_eq!(rows.raw_rows().whole().count(), expected);
    // Other definitions extend the changed one.
    let rows = own.rows("agents").query("user_agent", agent).answer().await;
    assert_eq!(rows.raw_rows().whole().count(), expected);

    let refused: Value = app.admin().dataset("order-lines").answer().await.good().json();
    let reason = refused["reason"].as_str().unwrap();
    assert!(reason.contains("names the definition itself"), "{reason}");
}

#[tokio::test]
async fn a_selection_in_a_body_gives_the_rows_of_an_address() {
    let app = shop().await;
    let rows = async |body: Value| {
        app.admin()
            .rows_of_body("orders", &body)
            .answer()
            .await
            .raw_rows()
            .whole()
            .bytes
    };
    let query = [
        ("ids", "1,2,3"),
        ("columns", "id,price"),
        ("limit", "2"),
        ("currency", "GBP"),
    ];
    let of_address = app
        .admin()
        .rows("orders")
        .queries(&query)
        .answer()
        .await
        .raw_rows()
        .whole();
    let filters = json!({ "ids": [1, "2", 3], "currency": "GBP" });
    let body = json!({ "filters": filters, "columns": ["id", "price"], "limit": 2 });
    assert_eq!(rows(body).await, of_address.bytes);

    let many: Vec<u32> = (1..=10_000).collect();
    let all = rows(json!({ "filters": { "ids": many } })).await;
    assert_eq!(
        all,
        app.admin().rows("orders").answer().await.raw_rows().whole().bytes
    );
    // A day belongs to the range until its last moment.
    let day =
        rows(json!({ "columns": ["id"], "dateRange": { "start": "2026-01-02", "end": "2026-01-02" } })).await;
    assert_eq!(day, b"1\t2026-01-02 00:00:00+00\n7\t2026-01-02 00:00:00+00\n13\t2026-01-02 00:00:00+00\n19\t2026-01-02 00:00:00+00\n");

    for (body, code) in [
        (
            json!({ "filters": { "ids": (0..=10_000).collect::<Vec<_>>() } }),
            "invalid_parameter",
        ),
        (json!({ "filters": { "colour": "red" } }), "unknown_parameter"),
        (json!({ "filters": { "limit": 5 } }), "unknown_parameter"),
        (json!({ "filters": { "ids": { "in": [1] } } }), "invalid_body"),
        (
            json!({ "dateRange": { "start": "2026-01-02", "end": "2026-01-01" } }),
            "contradictory_parameters",
        ),
        (json!({ "rows": 5 }), "invalid_body"),
    ] {
        app.admin()
            .rows_of_body("orders", &body)
            .answer()
            .await
            .problem(400, code);
    }
}

#[tokio::test]
async fn a_user_learns_nothing_of_the_parameters_of_an_administrators_dataset() {
    let app = App::start_with_datasets(&[NUMBERS], &[]).await;
    let (user, _) = app.user().await;
    for request in [
        user.rows("numbers").query("colour", "red"),
        user.export("numbers").query("format", "papyrus"),
        user.rows_of_body("numbers", &json!({ "filters": { "colour": "red" } })),
        user.page("numbers").query("limit", "x"),
    ] {
        request.answer().await.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn rows_without_a_value_in_the_order_come_last_and_pages_lose_none() {
    let app = shop().await;
    let whole = app
        .admin()
        .rows("orders")
        .query("columns", "id")
        .answer()
        .await
        .raw_rows()
        .whole();
    let times: Vec<_> = whole.column("placed_at");
    let nulls = times.iter().position(Option::is_none).unwrap();
    assert_eq!((nulls, times.len()), (15, 20));
    assert!(times[nulls..].iter().all(Option::is_none));
    assert!(times[..nulls].is_sorted_by(|a, b| a >= b));

    let (mut pages, mut after) = (Vec::new(), String::new());
    loop {
        let request =
            app.admin()
                .page("orders")
                .queries(&[("columns", "id"), ("limit", "3"), ("after", &after)]);
        let page = request.answer().await.raw_rows().whole();
        pages.extend_from_slice(&page.bytes);
        if page.count() < 3 {
            break;
        }
        after = page.cursor();
    }
    assert_eq!(String::from_utf8(pages), String::from_utf8(whole.bytes));
}

#[tokio::test]
async fn the_order_can_be_reversed_and_a_cursor_keeps_its_order() {
    let app = shop().await;
    let rows = async |query: &[(&str, &str)]| {
        let request = app.admin().rows("orders").query("columns", "id").queries(query);
        request.answer().await.raw_rows().whole()
    };
    let ids = |rows: &decant_tests::raw_rows::RawRows| rows.column("id");
    let reversed = rows(&[("sort", "reversed")]).await;
    assert!(reversed.header.reversed);
    let (with_value, without) = (ids(&reversed), ids(&rows(&[]).await));
    // Rows without a time come last in both orders.
    assert_eq!(
        with_value[..15].iter().rev().collect::<Vec<_>>(),
        without[..15].iter().collect::<Vec<_>>()
    );
    assert_eq!(
        with_value[15..].iter().rev().collect::<Vec<_>>(),
        without[15..].iter().collect::<Vec<_>>()
    );

    let first = rows(&[("sort", "reversed"), ("limit", "12")]).await;
    let rest = rows(&[("after", &first.cursor())]).await;
    assert_eq!([ids(&first), ids(&rest)].concat(), with_value);
    let request = app
        .admin()
        .rows("orders")
        .queries(&[("sort", "declared"), ("after", &first.cursor())]);
    request.answer().await.problem(400, "contradictory_parameters");
}

#[tokio::test]
async fn definitions_are_read_again_at_sighup() {
    let database = Database::new().await;
    let definitions = Definitions::of(&[NUMBERS]);
    let app = App::start_on(database, &[definitions.setting()]).await;
    definitions.write(&NUMBERS.replace("Numbers", "Figures"));
    definitions.write(&NUMBERS.replace("\"numbers\"", "\"more\""));
    app.server.hang_up();
    wait_for("the new definitions", Duration::from_secs(20), async || {
        let listed: Value = app.admin().datasets().answer().await.good().json();
        let mut titles = each(&listed["datasets"], "title");
        // The dataset of the state database is behind those of the site.
        titles.retain(|title| title != "Audit log");
        let ends = |titles: &[String], with: [&str; 2]| titles[titles.len() - 2..] == with;
        (ends(&titles, ["Figures", "Figures"]) || ends(&titles, ["Numbers", "Figures"])).then_some(())
    })
    .await;
    app.admin().rows("more").answer().await.raw_rows().whole();
    // A mistake makes one dataset unavailable, and the others stay.
    definitions.write(&NUMBERS.replace("sql = \"n\"", "sql = \"nn\""));
    app.server.hang_up();
    wait_for("the mistake", Duration::from_secs(20), async || {
        let refused = app.admin().rows("numbers").answer().await;
        (refused.status == 503).then_some(())
    })
    .await;
    app.admin().rows("more").answer().await.raw_rows().whole();
}
