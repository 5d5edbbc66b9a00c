//! The brand report: who may have it, its period, its formats, and that its numbers are those of one workspace.

use decant_tests::actors::{Actor, Query, Request};
use decant_tests::answer::Answer;
use decant_tests::app::App;
use decant_tests::raw_rows::RawRows;
use decant_tests::workspaces::{
    self, ACME, BETA, DELETED, MEMBER, NOBODY, NONE, OWNER, OWNER_OF_BETA, OWNER_OF_DELETED, user,
};
use serde_json::Value;

use crate::each;

const NAME: &str = "brand-report";

/// A period with rows of each part, and rows before and behind it.
const PERIOD: Query<'_> = &[("start", "2026-01-01T01:00:00Z"), ("end", "2026-01-02T12:00:00Z")];

/// Returns a request to each address of the report.
fn requests(actor: &Actor, workspace: &str) -> [(&'static str, Request); 3] {
    let of = |request: Request| request.query("workspace", workspace);
    [
        ("rows", of(actor.bundle_rows(NAME))),
        ("export", of(actor.bundle_export(NAME))),
        ("report", report(actor, workspace)),
    ]
}

fn report(actor: &Actor, workspace: &str) -> Request {
    actor.request(
        reqwest::Method::GET,
        &format!("/api/workspaces/{}/report", workspace.replace(' ', "%20")),
    )
}

async fn json(actor: &Actor, workspace: &str, query: Query<'_>) -> Value {
    let request = report(actor, workspace).query("format", "json").queries(query);
    request.answer().await.good().json()
}

async fn html(actor: &Actor, workspace: &str, query: Query<'_>) -> Answer {
    report(actor, workspace).queries(query).answer().await.good()
}

#[tokio::test]
async fn members_of_every_role_get_it_and_nobody_else_learns_whether_a_workspace_exists() {
    let app = workspaces::start(&[]).await;
    for id in [OWNER, workspaces::ADMIN, MEMBER] {
        for (place, request) in requests(&user(&app, id), ACME) {
            assert_eq!(request.answer().await.status, 200, "{id} {place}");
        }
    }
    for (_, request) in requests(&app.admin(), BETA) {
        request.answer().await.good();
    }
    for (place, request) in requests(&app.anonymous(), ACME) {
        request
            .query("colour", "red")
            .answer()
            .await
            .problem(401, "unauthenticated");
        let refused: Vec<_> = [
            (NOBODY, ACME),
            (NOBODY, NONE),
            (OWNER_OF_BETA, ACME),
            (MEMBER, BETA),
            (OWNER_OF_DELETED, DELETED),
            (MEMBER, "7"),
            (MEMBER, "no id"),
        ]
        .into_iter()
        .collect();
        let mut bodies = Vec::new();
        for (id, workspace) in refused {
            let (_, request) = requests(&user(&app, id), workspace)
                .into_iter()
                .find(|(known, _)| *known == place)
                .unwrap();
            let answer = request
                .queries(&[("colour", "red"), ("format", "nonsense")])
                .answer()
                .await;
            answer.problem(403, "not_a_member");
            bodies.push(without_id(&answer));
        }
        assert!(
            bodies.iter().all(|body| *body == bodies[0]),
            "{place}: {bodies:?}"
        );
    }
    let administrator = report(&app.admin(), NONE).answer().await;
    administrator.problem(403, "not_a_member");
}

/// Returns a problem without the id of its request.
fn without_id(answer: &Answer) -> Value {
    let mut problem: Value = answer.json();
    for differing in ["request_id", "requestId", "instance"] {
        problem
            .as_object_mut()
            .expect("a problem is an object")
            .remove(differing);
    }
    problem
}

#[tokio::test]
async fn a_wrong_parameter_is_named_after_the_access_was_checked() {
    let app = workspaces::start(&[]).await;
    let member = user(&app, MEMBER);
    let missing = member.bundle_export(NAME).query("colour", "red").answer().await;
    assert_eq!(
        missing.problem(400, "invalid_parameter").field.as_deref(),
        Some("workspace")
    );
    for (query, field, said) in [
        (("format", "csv"), "format", "html, json, xlsx"),
        (("language", "de"), "language", "en, zh-CN, pt-BR"),
        (("start", "yesterday"), "start", "not a time"),
        (("start", "9000-01-01"), "start", "after today"),
        (("colour", "red"), "colour", "workspace, start, end"),
        (("userId", "1"), "userId", "not a parameter"),
        (("inline", "perhaps"), "inline", "true or false"),
        (("workspace", BETA), "workspace", "given twice"),
    ] {
        let refused = report(&member, ACME).queries(&[query]).answer().await;
        assert_eq!(refused.status, 400, "{query:?}: {}", refused.text());
        let refused: Value = refused.json();
        assert_eq!(refused["field"], field, "{refused}");
        assert!(refused["detail"].as_str().unwrap().contains(said), "{refused}");
    }
    let turned = [("start", "2026-02-01"), ("end", "2026-01-01")];
    let refused = report(&member, ACME).queries(&turned).answer().await;
    assert_eq!(refused.status, 400);
}

/// Returns the figures of a workspace in the period, by SQL of the test.
async fn figures(app: &App, workspace: &str) -> Vec<(&'static str, u64)> {
    let of = |table: &str, time: &str, more: &str| {
        format!(
            "select count(*) from {table} where workspace_id = '{workspace}' and {time} >= '{}' and {time} < '{}' {more}",
            PERIOD[0].1, PERIOD[1].1
        )
    };
    let mut figures = Vec::new();
    for (name, sql) in [
        (
            "totalBrands",
            format!("select count(*) from brands where workspace_id = '{workspace}'"),
        ),
        (
            "totalMonitors",
            format!(
                "select count(*) from brand_monitors where workspace_id = '{workspace}' and status = 'active'"
            ),
        ),
        ("totalAlerts", of("brand_alerts", "created_at", "")),
        ("totalInfringements", of("brand_infringements", "detected_at", "")),
        ("totalActions", of("infringement_actions", "created_at", "")),
        (
            "criticalAlerts",
            of(
                "brand_alerts",
                "created_at",
                "and severity in ('critical', 'high')",
            ),
        ),
        (
            "resolvedInfringements",
            of("brand_infringements", "detected_at", "and status = 'resolved'"),
        ),
        (
            "completedActions",
            of("infringement_actions", "created_at", "and status = 'completed'"),
        ),
    ] {
        figures.push((name, app.database.number(&sql).await));
    }
    figures
}

#[tokio::test]
async fn the_figures_are_those_of_the_workspace_in_the_period_and_no_row_of_another_is_there() {
    let app = workspaces::start(&[]).await;
    app.database
        .execute(format!(
            "insert into brand_monitors (id, workspace_id, brand_id, source, status) \
             values (gen_random_uuid(), '{ACME}', '{ACME}', 'paused-web', 'paused')"
        ))
        .await;
    for (actor, workspace, own, other) in [
        (user(&app, MEMBER), ACME, "Acme", "Beta"),
        (user(&app, OWNER_OF_BETA), BETA, "Beta", "Acme"),
        (app.admin(), ACME, "Acme", "Beta"),
    ] {
        let file = json(&actor, workspace, PERIOD).await;
        assert_eq!(file["workspace"]["id"], workspace);
        assert_eq!(file["workspace"]["name"], own);
        assert_eq!(
            (&file["period"]["start"], &file["period"]["end"]),
            (
                &Value::from("2026-01-01T01:00:00Z"),
                &Value::from("2026-01-02T12:00:00Z")
            )
        );
        let expected = figures(&app, workspace).await;
        for (name, number) in &expected {
            assert_eq!(file["summary"][name], *number, "{name}");
        }
        let number = |name: &str| expected.iter().find(|(known, _)| *known == name).unwrap().1;
        for (part, name) in [
            ("alerts", "totalAlerts"),
            ("infringements", "totalInfringements"),
            ("actions", "totalActions"),
        ] {
            let rows = file[part].as_array().unwrap();
            assert_eq!(rows.len() as u64, number(name), "{part}");
            assert!(!rows.is_empty());
            assert_eq!(file["totals"][part], number(name));
        }
        assert_eq!(file["exportMetadata"]["exportType"], "report");
        assert_eq!(file["generatedAt"], file["exportMetadata"]["exportDate"]);
        let text = file.to_string();
        assert!(text.contains(own) && !text.contains(other), "{text}");

        let page = html(&actor, workspace, PERIOD).await.text().to_owned();
        assert!(page.contains(&format!("<h1>{own}</h1>")) && !page.contains(other));
        for (_, number) in expected {
            assert!(page.contains(&format!("<dd>{number}</dd>")), "{number}: {page}");
        }
        assert_eq!(page.matches("<svg").count(), 5);
        let rows = actor
            .bundle_rows(NAME)
            .query("workspace", workspace)
            .queries(PERIOD)
            .answer()
            .await
            .good();
        let parts = RawRows::parts(&rows.decompressed());
        assert_eq!(parts.len(), 6);
        assert!(
            parts
                .iter()
                .all(|part| !String::from_utf8_lossy(&part.bytes).contains(other))
        );
    }
}

#[tokio::test]
async fn without_times_it_has_the_last_thirty_days_of_the_zone() {
    let app = workspaces::start(&[]).await;
    app.database
        .execute(format!(
            "insert into brand_alerts (workspace_id, brand_id, title, severity, created_at) values \
             ('{ACME}', '{ACME}', 'of today', 'low', now()), ('{ACME}', '{ACME}', 'of last month', 'low', now() - interval '29 days'), \
             ('{ACME}', '{ACME}', 'too old', 'low', now() - interval '31 days')"
        ))
        .await;
    let file = json(&user(&app, MEMBER), ACME, &[("zone", "Asia/Shanghai")]).await;
    let titles = each(&file["alerts"], "title");
    assert_eq!(titles, ["of today", "of last month"]);
    let time = |name: &str| -> jiff::Timestamp { file["period"][name].as_str().unwrap().parse().unwrap() };
    let (start, end) = (time("start"), time("end"));
    assert_eq!(end.duration_since(start).as_hours(), 30 * 24);
    assert!(start.to_string().contains("T16:00:00") && end > jiff::Timestamp::now());
    let page = html(&user(&app, MEMBER), ACME, &[("zone", "Asia/Shanghai")]).await;
    assert_eq!(page.text().matches("<circle").count(), 30);
}

#[tokio::test]
async fn it_is_written_in_three_languages_and_named_after_the_workspace() {
    let app = workspaces::start(&[]).await;
    let member = user(&app, MEMBER);
    for (language, lang, texts) in [
        (
            "en",
            "en",
            [
                "Brand report",
                "Critical and high alerts",
                "and 130 more",
                "2026-01-01",
            ],
        ),
        (
            "zh-CN",
            "zh-CN",
            ["品牌监测报告", "严重与高级告警", "另有 130 条", "2026年1月1日"],
        ),
        (
            "pt",
            "pt-BR",
            [
                "Relatório de marcas",
                "Alertas críticos e altos",
                "e mais 130",
                "01/01/2026",
            ],
        ),
    ] {
        let query = [
            ("language", language),
            ("start", "2026-01-01"),
            ("end", "2026-01-31"),
        ];
        let answer = html(&member, ACME, &query).await;
        let page = answer.text();
        assert!(page.contains(&format!("<html lang=\"{lang}\">")), "{language}");
        for text in texts {
            assert!(page.contains(text), "{language}: {text}: {page}");
        }
    }
    let answer = html(&member, ACME, &[]).await;
    let name = answer.header("content-disposition");
    let day = &jiff::Timestamp::now().to_string()[..10];
    let begin = format!("attachment; filename=\"report-acme-{day}-");
    assert!(name.starts_with(&begin) && name.ends_with(".html\""), "{name}");
    for (format, media_type) in [
        ("json", "application/json"),
        (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    ] {
        let answer = report(&member, ACME)
            .query("format", format)
            .answer()
            .await
            .good();
        assert_eq!(answer.header("content-type"), media_type);
        let name = answer.header("content-disposition");
        assert!(
            name.starts_with(&begin) && name.ends_with(&format!(".{format}\"")),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_page_of_this_server_may_frame_it_and_no_script_runs_in_it() {
    let app = workspaces::start(&[]).await;
    let answer = html(&user(&app, MEMBER), ACME, &[("inline", "true")]).await;
    assert!(answer.header("content-disposition").starts_with("inline;"));
    assert_eq!(answer.header("x-frame-options"), "SAMEORIGIN");
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none'", "frame-ancestors 'self'", "sandbox"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("script-src") && !answer.text().contains("<script"));
    let saved = html(&user(&app, MEMBER), ACME, &[]).await;
    assert_eq!(saved.header("x-frame-options"), "DENY");
}

#[tokio::test]
async fn it_is_listed_for_members_of_a_workspace_with_its_period_and_languages() {
    let app = workspaces::start(&[]).await;
    let listed = async |actor: &Actor| -> Value { actor.bundles().answer().await.good().json() };
    let of_member = listed(&user(&app, MEMBER)).await;
    let bundle = of_member["bundles"]
        .as_array()
        .unwrap()
        .iter()
        .find(|bundle| bundle["name"] == NAME)
        .expect("the report is listed");
    assert_eq!(bundle["of_workspace"], true);
    assert_eq!(bundle["period_days"], 30);
    assert_eq!(bundle["languages"], serde_json::json!(["en", "zh-CN", "pt-BR"]));
    assert_eq!(bundle["formats"], serde_json::json!(["html", "json", "xlsx"]));
    let parts = each(&bundle["parts"], "name");
    assert_eq!(
        parts,
        [
            "workspace",
            "period",
            "summary",
            "alerts",
            "infringements",
            "actions"
        ]
    );
    let of_nobody = listed(&user(&app, NOBODY)).await;
    assert!(!each(&of_nobody["bundles"], "name").contains(&NAME.to_owned()));
    let of_administrator = listed(&app.admin()).await;
    assert!(each(&of_administrator["bundles"], "name").contains(&NAME.to_owned()));
}
