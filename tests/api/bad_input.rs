//! The server refuses unusable parameters by name, and neither leaks nor runs SQL.

use decant_tests::app::App;

/// Values that would do harm if they were pasted into SQL.
const SQL: &[&str] = &[
    "' or '1'='1",
    "'; drop table message_request; --",
    "\\'; drop table message_request; --",
    "') union select key from keys --",
    "$$; drop table message_request; $$",
    "%s %1$L %I {} {0}",
    "E'\\x27 or true --",
    "\u{2019} or 1=1",
    "/* */ or true",
    "x\ty\nz\r\n\\.",
    "\\N",
    "\u{ff07} or \u{ff07}1\u{ff07}=\u{ff07}1",
];

#[tokio::test]
async fn sql_in_a_text_filter_stays_text() {
    let app = App::start().await;
    let rows = app.database.usage_rows("true").await;
    for filter in ["session", "model", "endpoint"] {
        for sql in SQL {
            for request in [app.admin().rows("usage-logs"), app.admin().page("usage-logs")] {
                let found = request.query(filter, sql).answer().await.raw_rows().whole();
                assert_eq!(found.count(), 0, "{filter}={sql}");
            }
            assert_eq!(
                app.admin().usage_count(&[(filter, sql)]).await,
                0,
                "{filter}={sql}"
            );
        }
    }
    assert_eq!(app.database.usage_rows("true").await, rows);
}

#[tokio::test]
async fn a_text_filter_finds_text_that_looks_like_sql() {
    let app = App::start().await;
    for (position, sql) in SQL.iter().enumerate() {
        let literal = format!("'{}'", sql.replace('\'', "''"));
        let target = format!(
            "select id from message_request where deleted_at is null order by id offset {position} limit 1"
        );
        let change = format!("update message_request set session_id = {literal} where id = ({target})");
        app.database
            .execute(format!("set standard_conforming_strings = on; {change}"))
            .await;
        let found = app.admin().usage_rows(&[("session", sql)]).await;
        assert_eq!(found.column("session_id"), [Some((*sql).to_owned())], "{sql}");
    }
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_refused_with_the_name_of_its_filter() {
    let app = App::start().await;
    let nul = "a\0b";
    for (field, value) in [
        ("user", "1 or 1=1"),
        ("user", "1.5"),
        ("user", "9223372036854775808"),
        ("key", "1; drop table users"),
        ("key", "null"),
        ("provider", "0x10"),
        ("provider", "'"),
        ("status_code", "200)--"),
        ("min_retry_count", "1e3"),
        ("min_retry_count", "two"),
        ("exclude_200", "1 or 1=1"),
        ("exclude_200", "perhaps"),
        ("start", "yesterday"),
        ("start", "now()"),
        ("start", "'2026-01-01'"),
        ("end", "2026-13-01"),
        ("end", "2026-02-30T00:00"),
        ("end", "99999999999999999999"),
        ("session", nul),
        ("model", nul),
        ("endpoint", nul),
        ("user", nul),
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "99999999999999999999999999"),
        ("limit", "all"),
        ("columns", "model,password"),
        ("columns", "model,id"),
        ("columns", "model,model"),
        ("columns", "m.key"),
        ("after", "not a cursor"),
        ("after", "AAAA"),
        ("as_of", "someday"),
        ("zone", "Mars/Olympus_Mons"),
        ("zone", "../../etc/passwd"),
    ] {
        for request in [
            app.admin().rows("usage-logs"),
            app.admin().export("usage-logs"),
            app.admin().count("usage-logs"),
        ] {
            let problem = request
                .query(field, value)
                .answer()
                .await
                .problem(400, "invalid_parameter");
            assert_eq!(problem.field.as_deref(), Some(field), "{value}: {problem:?}");
        }
    }
}

#[tokio::test]
async fn a_value_that_is_not_utf8_is_refused_by_name() {
    let app = App::start().await;
    for place in ["rows", "page", "count", "export"] {
        // An HTTP client's encoder writes only UTF-8, so the test spells the address.
        for (field, query) in [("session", "session=%ff%fe"), ("model", "user=1&model=gpt%C3")] {
            let address = format!("/api/datasets/usage-logs/{place}?{query}");
            let answer = app.admin().get(&address).answer().await;
            let problem = answer.problem(400, "invalid_parameter");
            assert_eq!(problem.field.as_deref(), Some(field), "{address}: {problem:?}");
        }
    }
}

#[tokio::test]
async fn an_unknown_parameter_is_refused_by_name() {
    let app = App::start().await;
    for field in [
        "usr",
        "User",
        "sessionID",
        "user_id; drop table users",
        "offset",
        "",
        "where",
    ] {
        let problem = app
            .admin()
            .rows("usage-logs")
            .query(field, "1")
            .answer()
            .await
            .problem(400, "unknown_parameter");
        assert_eq!(problem.field.as_deref(), Some(field));
    }
}

#[tokio::test]
async fn an_unknown_export_option_is_refused_by_name() {
    let app = App::start().await;
    for (field, value) in [
        ("format", "docx"),
        ("format", "CSV"),
        ("timestamps", "unix"),
        ("header", "yes"),
        ("delimiter", "::"),
        ("bom", "maybe"),
        ("newline", "cr"),
        ("decimal", "point"),
        ("guard", "off"),
    ] {
        let problem = app
            .admin()
            .export("usage-logs")
            .query(field, value)
            .answer()
            .await;
        assert_eq!(
            problem.problem(400, "invalid_parameter").field.as_deref(),
            Some(field),
            "{value}"
        );
    }
}

#[tokio::test]
async fn contradictory_values_are_refused() {
    let app = App::start().await;
    for (query, field) in [
        ([("start", "2026-01-02"), ("end", "2026-01-01")], "end"),
        ([("start", "2026-01-01T00:00:00Z"), ("end", "2026-01-01")], "end"),
        ([("status_code", "200"), ("exclude_200", "true")], "exclude_200"),
        ([("model", "a"), ("model", "b")], "model"),
        ([("limit", "1"), ("limit", "2")], "limit"),
    ] {
        let answer = app.admin().rows("usage-logs").queries(&query).answer().await;
        assert_eq!(
            answer.problem(400, "contradictory_parameters").field.as_deref(),
            Some(field),
            "{query:?}"
        );
    }
}

#[tokio::test]
async fn an_option_of_a_file_that_is_given_twice_is_refused_as_any_other_parameter() {
    let app = App::start().await;
    for [name, one, other] in [
        ["format", "csv", "json"],
        ["format", "csv", "csv"],
        ["locale", "de-DE", "en-US"],
        ["delimiter", "comma", "tab"],
        ["guard", "on", "off"],
        ["zone", "UTC", "Asia/Shanghai"],
        ["limit", "1", "2"],
    ] {
        let request = app.admin().export("usage-logs").query(name, one);
        let refused = request.query(name, other).answer().await;
        let problem = refused.problem(400, "contradictory_parameters");
        assert_eq!(problem.field.as_deref(), Some(name), "{problem:?}");
    }
    // A form also sends its empty fields.
    let request = app.admin().export("usage-logs").query("format", "");
    let file = request
        .query("format", "jsonl")
        .query("limit", "1")
        .answer()
        .await
        .good();
    assert!(file.text().starts_with('{'), "{}", file.text());
    let dump = app.admin().dump().query("mode", "full").query("mode", "full");
    let problem = dump.answer().await.problem(400, "contradictory_parameters");
    assert_eq!(problem.field.as_deref(), Some("mode"));
}
