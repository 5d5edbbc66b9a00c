//! The built-in datasets of brand monitoring: columns, filters, order, and rows of one workspace whatever is asked.

use decant_tests::actors::Request;
use decant_tests::workspaces::{self, ACME, BETA, DATASETS, MEMBER, OWNER_OF_BETA, user};
use serde_json::{Value, json};

use crate::{each, joined_rows};

/// Returns the labels of the columns in a language.
fn labels(dataset: &Value, language: &str) -> String {
    let columns = dataset["columns"].as_array().expect("these are columns");
    let label = |column: &Value| column["labels"][language].as_str().unwrap_or_default().to_owned();
    columns.iter().map(label).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn the_datasets_have_the_seeds_columns_in_their_order() {
    let app = workspaces::start(&[]).await;
    for (name, columns, english, portuguese, chinese) in [
        (
            "alerts",
            "id, title, url, brand, severity, status, created_at, monitor",
            "ID, Title, URL, Brand, Severity, Status, Detected At, Monitor",
            "ID, Título, URL, Marca, Severidade, Status, Detectado em, Monitor",
            "ID, 标题, 网址, 品牌, 严重程度, 状态, 发现时间, 监控来源",
        ),
        (
            "infringements",
            "id, title, type, url, domain, brand, severity, status, detected_at, actions",
            "ID, Title, Type, URL, Domain, Brand, Severity, Status, Detected At, Actions",
            "ID, Título, Tipo, URL, Domínio, Marca, Severidade, Status, Detectado em, Ações criadas",
            "ID, 标题, 类型, 网址, 域名, 品牌, 严重程度, 状态, 发现时间, 处置数",
        ),
        (
            "actions",
            "id, action_type, status, infringement, priority, assigned_to, created_at, completed_at, result",
            "ID, Action Type, Status, Infringement, Priority, Assigned To, Created At, Completed At, Result",
            "ID, Tipo de Ação, Status, Infração, Prioridade, Atribuído a, Criado em, Concluído em, Resultado",
            "ID, 处置类型, 状态, 侵权, 优先级, 负责人, 创建时间, 完成时间, 结果",
        ),
    ] {
        let dataset: Value = app.admin().dataset(name).answer().await.good().json();
        assert_eq!(each(&dataset["columns"], "name").join(", "), columns);
        assert_eq!(each(&dataset["columns"], "label").join(", "), english);
        assert_eq!(labels(&dataset, "pt-BR"), portuguese);
        assert_eq!(labels(&dataset, "zh-CN"), chinese);
        assert_eq!(dataset["group"], "Brand monitoring");
        assert_eq!(dataset["descending"], true);
        let widths = dataset["table"].as_array().unwrap().iter();
        let width: u64 = widths.map(|column| column["width"].as_u64().unwrap()).sum();
        assert!(width <= 1018, "{name} is {width} wide");
    }
}

#[tokio::test]
async fn the_rows_are_those_of_the_tables() {
    let app = workspaces::start(&[]).await;
    let member = user(&app, MEMBER);
    let rows = |dataset: &str| member.rows(dataset).query("workspace", ACME);
    let expected = async |sql: &str| -> Vec<String> {
        let found = app
            .database
            .texts(&sql.replace("$acme", &format!("'{ACME}'")))
            .await;
        found.into_iter().flatten().collect()
    };
    assert_eq!(
        joined_rows(rows("alerts"), "title,brand,severity,status,monitor,confidence").await,
        expected(
            "select concat_ws('|', title, 'Acme brand', severity, status, \
                              (select source from brand_monitors m where m.id = monitor_id), confidence) \
             from brand_alerts where workspace_id = $acme order by created_at desc, id desc"
        )
        .await
    );
    assert_eq!(
        joined_rows(rows("infringements"), "title,type,domain,brand,severity,status,actions").await,
        expected(
            "select concat_ws('|', title, type, domain, 'Acme brand', severity, status, 2) from brand_infringements \
             where workspace_id = $acme order by detected_at desc, id desc"
        )
        .await
    );
    assert_eq!(
        joined_rows(
            rows("actions"),
            "action_type,status,infringement,priority,assigned_to,result"
        )
        .await,
        expected(
            "select concat_ws('|', x.action_type, x.status, i.title, x.priority, 'User ' || x.assigned_to, x.result) \
             from infringement_actions x join brand_infringements i on i.id = x.infringement_id \
             where x.workspace_id = $acme order by x.created_at desc, x.id desc"
        )
        .await
    );
}

#[tokio::test]
async fn filters_take_several_values_and_a_range() {
    let app = workspaces::start(&[]).await;
    let member = user(&app, MEMBER);
    let count = async |dataset: &str, query: &[(&str, &str)]| -> u64 {
        let answer = member
            .count(dataset)
            .query("workspace", ACME)
            .queries(query)
            .answer()
            .await
            .good();
        answer.json::<Value>()["rows"].as_u64().unwrap()
    };
    let number = async |condition: &str| {
        let (table, condition) = condition.split_once(": ").unwrap();
        app.database
            .number(&format!(
                "select count(*) from {table} where workspace_id = '{ACME}' and {condition}"
            ))
            .await
    };
    for (dataset, query, condition) in [
        (
            "alerts",
            ("status", "new,escalated"),
            "brand_alerts: status in ('new', 'escalated')",
        ),
        ("alerts", ("severity", "high"), "brand_alerts: severity = 'high'"),
        (
            "alerts",
            ("search", "ALERT 29"),
            "brand_alerts: title like '%alert 29%'",
        ),
        (
            "alerts",
            ("monitor", "acme-web"),
            "brand_alerts: monitor_id = workspace_id",
        ),
        (
            "alerts",
            ("start", "2026-01-01T02:00:00Z"),
            "brand_alerts: created_at >= '2026-01-01 02:00+00'",
        ),
        (
            "infringements",
            ("status", "open,resolved"),
            "brand_infringements: status in ('open', 'resolved')",
        ),
        (
            "infringements",
            ("type", "acme-type,other"),
            "brand_infringements: type = 'acme-type'",
        ),
        (
            "infringements",
            ("end", "2026-01-02"),
            "brand_infringements: detected_at < '2026-01-02 00:00+00'",
        ),
        (
            "actions",
            ("status", "pending,completed"),
            "infringement_actions: status in ('pending', 'completed')",
        ),
        (
            "actions",
            ("assigned_to", "3"),
            "infringement_actions: assigned_to = 3",
        ),
    ] {
        let (found, of_all) = (count(dataset, &[query]).await, count(dataset, &[]).await);
        assert_eq!(found, number(condition).await, "{dataset} {query:?}");
        assert!(found > 0 && found < of_all, "{dataset} {query:?}: {found}");
    }
    let refused = member
        .count("alerts")
        .query("workspace", ACME)
        .query("status", "lost")
        .answer()
        .await;
    refused.problem(400, "invalid_parameter");
    let body = json!({ "workspace": ACME, "dateRange": { "start": "2026-01-01", "end": "2026-01-01" } });
    let rows = member
        .rows_of_body("infringements", &body)
        .answer()
        .await
        .raw_rows()
        .whole();
    assert_eq!(
        rows.count(),
        number("brand_infringements: detected_at < '2026-01-02 00:00+00'").await
    );
}

/// Whether a number of rows is right, of so many in Acme.
type IsRight = fn(u64, u64) -> bool;

/// Requests of a member of Acme that name ids, cursors and values of Beta, and how many rows each gets.
async fn greedy_requests(app: &decant_tests::app::App, dataset: &str) -> Vec<(Request, IsRight)> {
    let member = user(app, MEMBER);
    let others = user(app, OWNER_OF_BETA);
    let theirs = others
        .page(dataset)
        .query("workspace", BETA)
        .query("limit", "7")
        .answer()
        .await;
    let theirs = theirs.raw_rows().whole();
    let ids: Vec<String> = theirs.column("id").into_iter().flatten().collect();
    let cursor = theirs.cursor();
    let with = |name: &str, value: &str| member.rows(dataset).query("workspace", ACME).query(name, value);
    let (all, none, some): (IsRight, IsRight, IsRight) = (
        |rows, own| rows == own,
        |rows, _| rows == 0,
        |rows, own| rows > 0 && rows < own,
    );
    let body_with_ids = json!({ "workspace": ACME, "filters": { "ids": ids } });
    let body_with_cursor = json!({ "workspace": ACME, "after": cursor });
    let mut requests = vec![
        (with("ids", &ids.join(",")), none),
        (with("after", &cursor), some),
        (with("sort", "reversed"), all),
        (with("columns", "id"), all),
        (with("as_of", "2100-01-01T00:00:00Z"), all),
        (member.rows_of_body(dataset, &body_with_ids), none),
        (member.rows_of_body(dataset, &body_with_cursor), some),
    ];
    match dataset {
        "actions" => {
            let sql = format!(
                "select infringement_id from infringement_actions where workspace_id = '{BETA}' limit 1"
            );
            let infringement = app.database.text(&sql).await.expect("there are some");
            requests.push((with("infringement", &infringement), none));
            requests.push((with("assigned_to", "4"), none));
        }
        _ => requests.push((with("brand", BETA), none)),
    }
    requests
}

#[tokio::test]
async fn a_member_sees_rows_of_their_workspace_only_whatever_they_ask() {
    let app = workspaces::start(&[]).await;
    for (dataset, table) in
        DATASETS
            .into_iter()
            .zip(["brand_alerts", "brand_infringements", "infringement_actions"])
    {
        let own = app
            .database
            .texts(&format!("select id from {table} where workspace_id = '{ACME}'"))
            .await;
        let number = own.len() as u64;
        for (at, (request, is_right)) in greedy_requests(&app, dataset).await.into_iter().enumerate() {
            let rows = request.answer().await.raw_rows().whole();
            assert!(is_right(rows.count(), number), "{dataset} {at}: {}", rows.count());
            assert!(
                rows.column("id").iter().all(|id| own.contains(id)),
                "{dataset} {at}"
            );
        }
        // The address and the body name different workspaces.
        let member = user(&app, MEMBER);
        let other = member
            .rows_of_body(dataset, &json!({ "workspace": BETA }))
            .query("workspace", ACME);
        other.answer().await.problem(403, "not_a_member");
        let same = member
            .rows_of_body(dataset, &json!({ "workspace": ACME }))
            .query("workspace", ACME);
        assert_eq!(same.answer().await.raw_rows().whole().count(), number);
        // A blank one is none, and an id is the same in another case.
        for workspace in ["", &ACME.to_uppercase()] {
            let same = member
                .rows_of_body(dataset, &json!({ "workspace": workspace }))
                .query("workspace", ACME);
            assert_eq!(
                same.answer().await.raw_rows().whole().count(),
                number,
                "{workspace}"
            );
        }
    }
}

#[tokio::test]
async fn the_options_of_a_filter_are_those_of_the_workspace() {
    let app = workspaces::start(&[]).await;
    let options = async |actor: decant_tests::actors::Actor, dataset: &str, filter: &str, workspace: &str| {
        let answer = actor
            .options(dataset, filter)
            .query("workspace", workspace)
            .answer()
            .await
            .good();
        each(&answer.json::<Value>()["options"], "label").join(", ")
    };
    for _ in 0..2 {
        // The second time, the answers may be kept ones.
        for (dataset, filter, acme, beta) in [
            ("alerts", "brand", "Acme brand", "Beta brand"),
            ("alerts", "monitor", "acme-shop, acme-web", "beta-shop, beta-web"),
            (
                "infringements",
                "type",
                "acme-kind, acme-type",
                "beta-kind, beta-type",
            ),
            ("actions", "assigned_to", "User 2, User 3", "User 4"),
        ] {
            assert_eq!(options(user(&app, MEMBER), dataset, filter, ACME).await, acme);
            assert_eq!(
                options(user(&app, OWNER_OF_BETA), dataset, filter, BETA).await,
                beta
            );
            assert_eq!(options(app.admin(), dataset, filter, ACME).await, acme);
            assert_eq!(options(app.admin(), dataset, filter, BETA).await, beta);
        }
    }
}

#[tokio::test]
async fn a_row_that_names_rows_of_another_workspace_shows_nothing_of_them() {
    let app = workspaces::start(&[]).await;
    app.database
        .execute(format!(
            "update brand_alerts set brand_id = '{BETA}', monitor_id = '{BETA}' where workspace_id = '{ACME}'; \
             update infringement_actions set workspace_id = '{ACME}' where workspace_id = '{BETA}'"
        ))
        .await;
    let rows = |dataset: &str| user(&app, MEMBER).rows(dataset).query("workspace", ACME);
    let alerts = joined_rows(rows("alerts"), "brand,monitor").await;
    assert_eq!(alerts, vec!["-|-"; 300]);
    let actions = joined_rows(rows("actions"), "infringement").await;
    assert!(!actions.iter().any(|title| title.starts_with("Beta")));
}
