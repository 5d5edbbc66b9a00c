//! Data and databases on which an export fails: the answer names the cause and the remedy.

use std::time::{Duration, Instant};

use decant_tests::actors::{Actor, rest_of};
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::definitions::Definitions;
use decant_tests::patience::wait_for;
use decant_tests::program;
use decant_tests::raw_rows::RawRows;
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::Value;

/// Returns a definition of three columns of a table.
fn definition(name: &str, table: &str) -> String {
    let column =
        |name: &str| format!("[[column]]\nname = \"{name}\"\nlabel = \"{name}\"\nsql = \"p.{name}\"\n");
    format!(
        "name = \"{name}\"\ntitle = \"{name}\"\naccess = \"admin\"\norder = [\"id\"]\nfrom = \"{table} p\"\n{}{}{}",
        column("id"),
        column("name"),
        column("city")
    )
}

#[tokio::test]
async fn a_byte_that_is_no_character_is_found_in_its_row_and_column() {
    let database = Database::in_encoding("SQL_ASCII").await;
    database
        .execute(
            "create table people (id int, name text, city text); \
             insert into people select n, 'name', 'city' from generate_series(1, 3000) n; \
             update people set city = E'Caf\\351' where id = 2345",
        )
        .await;
    let definitions = Definitions::of(&[&definition("people", "people")]);
    let settings = [("DSN", database.dsn.as_str()), definitions.setting()];
    let server = Server::start(&settings).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let rows = admin.rows("people").answer().await.raw_rows();
    assert_eq!(rows.count(), 2344);
    let failure = rows.failure.expect("the export fails");
    for part in [
        "column `city`",
        "row 2345",
        "id 2345",
        "SQL_ASCII",
        "Correct the value",
    ] {
        assert!(
            failure.detail.contains(part),
            "{part} is missing: {}",
            failure.detail
        );
    }
    let resumed = admin
        .rows("people")
        .query("columns", "name,city")
        .query("after", "MjM0MA")
        .query("as_of", "2999-01-01");
    let failure = resumed.answer().await.raw_rows().failure.expect("it fails again");
    assert!(failure.detail.contains("row 5 (id 2345)"), "{}", failure.detail);
    let without = admin.rows("people").query("columns", "id,name");
    assert_eq!(without.answer().await.raw_rows().whole().count(), 3000);

    let arguments = ["export", "people", "-o", "-", "--format", "csv"];
    let refusal = program::run(&arguments, &settings).await.refusal();
    assert!(refusal.contains("row 2345"), "{refusal}");
}

#[tokio::test]
async fn the_search_for_a_bad_value_shows_that_it_is_alive_and_ends_with_its_client_and_the_server() {
    let database = Database::in_encoding("SQL_ASCII").await;
    database
        .execute("create table people (id int, name text, city text); insert into people values (1, 'a', E'Caf\\351')")
        .await;
    // Only the search reads in this encoding.
    let slow = "case pg_catalog.current_setting('client_encoding') when 'SQL_ASCII' \
                then pg_catalog.pg_sleep(600)::pg_catalog.text else p.name end";
    let slowly = definition("people", "people").replace("\"p.name\"", &format!("\"{slow}\""));
    let definitions = Definitions::of(&[&slowly]);
    let mut server = Server::start(&[
        ("DSN", &database.dsn),
        definitions.setting(),
        ("DECANT_HEARTBEAT_SECONDS", "1"),
        ("DECANT_SHUTDOWN_SECONDS", "1"),
    ])
    .await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let searching = async || {
        let mut export = admin.rows("people").open().await;
        let mut begin = Vec::new();
        while !begin.ends_with(b"\\~\n") {
            begin.extend_from_slice(&export.chunk().await.unwrap().expect("a heartbeat arrives"));
        }
        (begin, export)
    };
    let (_, left) = searching().await;
    assert_eq!(database.running_copies().await, 1);
    drop(left);
    let ended = async || (database.running_copies().await == 0).then_some(());
    wait_for("the end of the search", Duration::from_secs(10), ended).await;

    let (mut stream, export) = searching().await;
    let since = Instant::now();
    server.ask_to_stop();
    stream.extend(rest_of(export).await.0);
    let failure = RawRows::parse(&stream).failure.expect("the export fails");
    assert_eq!(failure.code, "source_failed");
    assert_eq!(server.ended().await, Some(0), "{}", server.log());
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_conflict_with_recovery_names_the_remedies() {
    let app = App::start().await;
    // A standby ends a query with this error.
    app.database
        .execute(
            "create function conflict(n int) returns int language plpgsql as $$ begin \
             if n = 3 then raise exception 'canceling statement due to conflict with recovery' using errcode = '40001'; \
             end if; return n; end $$; \
             create view people as select n as id, conflict(n) as name, 1 as city from generate_series(1, 5) n",
        )
        .await;
    let definitions = Definitions::of(&[&definition("people", "people")]);
    let server = Server::start(&[("DSN", app.database.dsn.as_str()), definitions.setting()]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let failure = admin.rows("people").answer().await.raw_rows().failure.unwrap();
    for part in [
        "conflict with recovery (40001)",
        "hot_standby_feedback = on",
        "primary",
        "Resume",
    ] {
        assert!(
            failure.detail.contains(part),
            "{part} is missing: {}",
            failure.detail
        );
    }
}

/// A column, and values of many types, also of types that a driver may not know.
const VALUES: &[(&str, &str)] = &[
    ("'{[1,2]}'::int4multirange", "{[1,3)}"),
    ("'[1,2]'::int4range", "[1,3)"),
    ("'0/16B3748'::pg_lsn", "0/16B3748"),
    ("'10:20:'::pg_snapshot", "10:20:"),
    ("'a'::\"char\"", "a"),
    ("'(0,1)'::tid", "(0,1)"),
    ("'pg_class'::regclass", "pg_class"),
    ("'1 2'::int2vector", "1 2"),
    ("'$.a'::jsonpath", "$.\"a\""),
    ("'<a/>'::xml", "<a/>"),
    ("row(1, 'b')", "(1,b)"),
    ("array[row(1, 'b')]", "{\"(1,b)\"}"),
    ("pg_sleep(0)", ""),
    ("'happy'::mood", "happy"),
    ("array['happy'::mood]", "{happy}"),
    ("'[1,2]'::span", "[1,2]"),
    ("'{[1,2]}'::spans", "{[1,2]}"),
    ("row(1, 'happy')::pair", "(1,happy)"),
    ("'YES'::information_schema.yes_or_no", "YES"),
    ("(select histogram_bounds from pg_stats limit 0)", "\\N"),
    ("null", "\\N"),
];

#[tokio::test]
async fn a_column_may_have_any_type() {
    let database = Database::empty().await;
    database
        .execute(
            "create type mood as enum ('happy'); create type pair as (n int, m mood); \
             create type span as range (subtype = float8, multirange_type_name = spans)",
        )
        .await;
    let mut texts = Vec::new();
    for (at, (sql, _)) in VALUES.iter().enumerate() {
        texts.push(format!(
            "name = \"t{at}\"\ntitle = \"T\"\naccess = \"admin\"\norder = [\"a\"]\nfrom = \"(select 1 a) t\"\n\
             [[column]]\nname = \"a\"\nlabel = \"A\"\nsql = \"t.a\"\n\
             [[column]]\nname = \"r\"\nlabel = \"R\"\nsql = '''{sql}'''\n\
             [[filter]]\nname = \"r\"\nlabel = \"R\"\nkind = \"text\"\nsql = '''({sql})::text = {{}}'''\n\
             options = {{ value = '''{sql}''', label = '''{sql}''' }}\n"
        ));
    }
    // No operator puts these values in an order.
    let unordered = texts[8]
        .replace("name = \"t8\"", "name = \"unordered\"")
        .replace("order = [\"a\"]", "order = [\"r\"]");
    texts.push(unordered);
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let definitions = Definitions::of(&texts);
    let settings = [("DSN", database.dsn.as_str()), definitions.setting()];
    let server = Server::start(&settings).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    for (at, (sql, text)) in VALUES.iter().enumerate() {
        let name = format!("t{at}");
        let rows = admin.rows(&name).answer().await.raw_rows().whole();
        let expected = format!("1\t{text}\n");
        assert_eq!(String::from_utf8_lossy(&rows.bytes), expected, "{sql}");
        admin.count(&name).answer().await.good();
        admin.options(&name, "r").answer().await.good();
        admin.export(&name).query("format", "xlsx").answer().await.good();
    }
    let dataset: Value = admin.dataset("unordered").answer().await.good().json();
    assert_eq!(dataset["available"], false);
    let reason = dataset["reason"].as_str().unwrap();
    assert!(reason.contains("unordered.toml, `order`"), "{reason}");
}
