//! The figures of a selection.

use decant_tests::actors::{Actor, Query};
use decant_tests::app::App;
use decant_tests::definitions::NUMBERS;
use serde_json::{Value, json};

use crate::each;

async fn figures(actor: &Actor, dataset: &str, query: Query<'_>) -> Vec<String> {
    let answer = actor.summary(dataset).queries(query).answer().await.good();
    each(&answer.json::<Value>()["figures"], "value")
}

/// Returns the figures of the rows that are exported for the same query, added up by PostgreSQL.
async fn figures_of_rows(app: &App, actor: &Actor, query: Query<'_>) -> Vec<String> {
    let rows = actor.usage_rows(query).await;
    let count = rows.rows().len().to_string();
    let sum = async |column: &str| {
        let values: Vec<_> = rows.column(column).into_iter().flatten().collect();
        let sql = format!(
            "select coalesce(sum(v::numeric), 0)::text from unnest(string_to_array('{}', ',')) v",
            values.join(",")
        );
        app.database.text(&sql).await.expect("a sum")
    };
    let is_error = |status: &Option<String>| status.as_deref() != Some("200");
    let errors = rows.column("status_code").into_iter().filter(is_error).count();
    vec![
        count,
        sum("cost_usd").await,
        sum("total_tokens").await,
        errors.to_string(),
    ]
}

#[tokio::test]
async fn the_figures_equal_the_totals_of_the_exported_rows_to_the_last_digit() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let who = who.id.to_string();
    for query in [
        &[][..],
        &[("min_retry_count", "1")],
        &[("exclude_200", "true"), ("user", &who)],
        &[("start", "2100-01-01")],
        &[("as_of", "2001-01-01T00:00:00Z")],
    ] {
        for actor in [&app.admin(), &user] {
            let expected = figures_of_rows(&app, actor, query).await;
            assert_eq!(figures(actor, "usage-logs", query).await, expected, "{query:?}");
        }
    }
    let described: Value = user.dataset("usage-logs").answer().await.good().json();
    assert_eq!(
        each(&described["figures"], "name"),
        ["requests", "cost", "tokens", "errors"]
    );
    assert_eq!(
        each(&described["figures"], "format"),
        ["number", "usd", "compact", "share"]
    );
}

#[tokio::test]
async fn figures_are_of_own_rows_only_and_access_is_checked_before_parameters() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let other = app.database.new_user("Other").await;
    let all = figures(&app.admin(), "usage-logs", &[("user", &who.id.to_string())]).await;
    for query in [&[][..], &[("user", &*other.id.to_string())], &[("user", "-1")]] {
        assert_eq!(figures(&user, "usage-logs", query).await, all);
    }
    for query in [&[][..], &[("no_such_filter", "1")], &[("limit", "0")]] {
        let request = user.summary("probe-logs").queries(query);
        request.answer().await.problem(403, "forbidden");
    }
    app.anonymous()
        .summary("usage-logs")
        .answer()
        .await
        .problem(401, "unauthenticated");
    app.admin()
        .summary("nothing")
        .answer()
        .await
        .problem(404, "unknown_dataset");
}

#[tokio::test]
async fn a_limit_and_a_cursor_are_refused() {
    let app = App::start().await;
    let cursor = app.admin().page("usage-logs").answer().await.raw_rows().cursor();
    for (name, value) in [("limit", "10"), ("after", &*cursor)] {
        let answer = app
            .admin()
            .summary("usage-logs")
            .query(name, value)
            .answer()
            .await;
        let problem = answer.problem(400, "invalid_parameter");
        assert!(problem.detail.contains(name), "{}", problem.detail);
    }
}

#[tokio::test]
async fn a_definition_declares_its_figures_or_has_the_number_of_rows() {
    let with_figures = NUMBERS.replace("numbers\"\ntitle", "figures\"\ntitle")
        + r#"
        [[filter]]
        name = "least"
        label = "Least"
        kind = "integer"
        sql = "n >= {}"
        [[parameter]]
        name = "factor"
        kind = "integer"
        default = "1"
        [[figure]]
        name = "total"
        label = "Total"
        labels = { de = "Summe" }
        sql = "sum(n::numeric) * {factor} / 2"
        [[figure]]
        name = "last"
        label = "Last"
        sql = "max(word)"
        format = "compact"
        "#;
    let wrong = NUMBERS.replace("numbers\"\ntitle", "wrong\"\ntitle")
        + "[[figure]]\nname = \"word\"\nlabel = \"Word\"\nsql = \"word\"\n";
    let share = NUMBERS.replace("numbers\"\ntitle", "share\"\ntitle")
        + "[[figure]]\nname = \"part\"\nlabel = \"Part\"\nsql = \"count(*)\"\nformat = \"share\"\n";
    let app = App::start_with_datasets(&[NUMBERS, &with_figures, &wrong, &share], &[]).await;
    let admin = app.admin();

    assert_eq!(figures(&admin, "numbers", &[]).await, ["3"]);
    let query = &[("least", "2"), ("factor", "3")];
    assert_eq!(
        figures(&admin, "figures", query).await,
        ["7.5000000000000000", "two"]
    );
    let nothing: Value = admin
        .summary("figures")
        .query("least", "9")
        .answer()
        .await
        .good()
        .json();
    assert_eq!(
        nothing,
        json!({ "figures": [{ "name": "total" }, { "name": "last" }] })
    );
    let described: Value = admin.dataset("figures").answer().await.good().json();
    assert_eq!(described["figures"][0]["labels"], json!({ "de": "Summe" }));

    for (name, part) in [
        ("wrong", "wrong.toml, figure `word`: "),
        ("share", "the figure `part` is a `share`"),
    ] {
        let unavailable: Value = admin.dataset(name).answer().await.good().json();
        let reason = unavailable["reason"].as_str().expect("a reason");
        assert!(reason.contains(part), "{reason}");
    }
}
