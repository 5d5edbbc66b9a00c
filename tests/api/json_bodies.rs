//! A body that is not the object that an address expects is refused, and the member is named.

use decant_tests::app::App;
use decant_tests::problem::Problem;
use reqwest::Method;

/// The addresses that take JSON, each with a body that it accepts up to the end.
const ADDRESSES: &[(&str, &str, &str)] = &[
    ("/api/login", "token", r#""wrong""#),
    ("/api/admin/sessions/end", "subject", r#""hub:0""#),
    ("/api/admin/log-cleanup/manual", "dryRun", "true"),
    ("/api/admin/database/backups", "mode", r#""ledgerOnly""#),
    (
        "/api/admin/database/backups/none.dump/restore",
        "cleanFirst",
        "false",
    ),
];

async fn refusal(app: &App, path: &str, body: &str) -> Problem {
    let request = app
        .admin()
        .request(Method::POST, path)
        .header("content-type", "application/json");
    request.body(body).answer().await.problem(400, "invalid_body")
}

#[tokio::test]
async fn only_an_object_with_each_member_once_is_a_body() {
    let app = App::start().await;
    for (path, member, value) in ADDRESSES {
        for (body, given) in [
            (format!("[{value}]"), "an array"),
            ("[]".to_owned(), "an array"),
            ("null".to_owned(), "null"),
            (r#""x""#.to_owned(), "a string"),
            ("7".to_owned(), "a number"),
        ] {
            let problem = refusal(&app, path, &body).await;
            let wanted = format!("it must be an object and is {given}");
            assert!(problem.detail.contains(&wanted), "{path} {body}: {problem:?}");
        }
        let twice = format!(r#"{{"{member}":{value},"{member}":{value}}}"#);
        let problem = refusal(&app, path, &twice).await;
        assert_eq!(problem.field.as_deref(), Some(*member), "{path}: {problem:?}");
        assert!(problem.detail.contains("is given twice"), "{path}: {problem:?}");
    }
    let nested = r#"{"beforeDate":"2026-01-28","dryRun":true,"statusCodeRange":{"min":1,"min":2,"max":3}}"#;
    let problem = refusal(&app, "/api/admin/log-cleanup/manual", nested).await;
    assert_eq!(problem.field.as_deref(), Some("min"));
}

#[tokio::test]
async fn a_member_of_the_wrong_type_is_named_with_the_expected_and_the_given_one() {
    let app = App::start().await;
    let restore = "/api/admin/database/backups/none.dump/restore";
    for (path, body, member, problem) in [
        (
            "/api/login",
            r#"{"token":1}"#,
            "token",
            "must be a string and is a whole number",
        ),
        (
            "/api/login",
            r#"{"token":["secret-1"]}"#,
            "token",
            "must be a string and is an array",
        ),
        ("/api/login", "{}", "token", "is missing"),
        (
            "/api/login",
            r#"{"token":"a","more":1}"#,
            "more",
            "is not known here; there are token",
        ),
        (
            "/api/admin/sessions/end",
            r#"{"subject":7}"#,
            "subject",
            "must be a string and is a whole number",
        ),
        (
            "/api/admin/database/backups",
            r#"{"mode":"half"}"#,
            "mode",
            "cannot be `half`; there are full, excludeLogs, ledgerOnly",
        ),
        (
            restore,
            r#"{"cleanFirst":"yes"}"#,
            "cleanFirst",
            "must be true or false and is a string",
        ),
        (
            restore,
            r#"{"cleanFirst":null}"#,
            "cleanFirst",
            "must be true or false and is null",
        ),
        (restore, "{}", "cleanFirst", "is missing"),
    ] {
        let refused = refusal(&app, path, body).await;
        assert_eq!(refused.field.as_deref(), Some(member), "{body}: {refused:?}");
        assert_eq!(
            refused.detail,
            format!("The body cannot be used: `{member}` {problem}."),
            "{body}"
        );
    }
    let broken = refusal(&app, "/api/login", r#"{"token":"a""#).await;
    assert!(broken.detail.contains("it is not JSON: "), "{broken:?}");
    // A form of another site's page could send any other type without asking.
    let typed = app.anonymous().request(Method::POST, "/api/login");
    let typed = typed
        .header("content-type", "text/plain")
        .body(r#"{"token":"a"}"#);
    let problem = typed.answer().await.problem(400, "invalid_body");
    assert!(
        problem.detail.contains("Content-Type must be application/json"),
        "{problem:?}"
    );
}

#[tokio::test]
async fn a_field_of_a_form_or_a_flag_that_is_given_twice_is_refused() {
    let app = App::start().await;
    let dump = app.admin().dump().answer().await.good().body;
    for (field, pairs) in [
        (
            "cleanFirst",
            &[("cleanFirst", "false"), ("cleanFirst", "true")][..],
        ),
        (
            "skipLogs",
            &[
                ("cleanFirst", "false"),
                ("skipLogs", "true"),
                ("skipLogs", "false"),
            ],
        ),
        ("file", &[("cleanFirst", "false"), ("file", "x")]),
    ] {
        let refused = app.admin().import(&dump, pairs).answer().await;
        let problem = refused.problem(400, "contradictory_parameters");
        assert_eq!(problem.field.as_deref(), Some(field), "{problem:?}");
    }
    let check = app
        .admin()
        .import(&dump, &[])
        .query("check", "true")
        .query("check", "false");
    let problem = check.answer().await.problem(400, "contradictory_parameters");
    assert_eq!(problem.field.as_deref(), Some("check"));
}
