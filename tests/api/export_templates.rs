//! Templates: values for requests that create exports.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::database::Database;
use decant_tests::exports::{Exports, wait_until};
use decant_tests::patience::wait_for;
use decant_tests::workspaces::{self, ACME, MEMBER, OWNER_OF_BETA};
use serde_json::{Value, json};

async fn start() -> Exports {
    Exports::start_on(
        Database::with_conversations().await,
        &[("EXPORT_RATE_LIMIT", "0")],
    )
    .await
}

/// Creates a template, and returns it.
async fn template(actor: &Actor, body: &Value) -> Value {
    let answer = actor.create_export_template(body).answer().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let template = answer.json::<Value>()["template"].clone();
    assert_eq!(answer.header("location"), address(&template));
    template
}

fn address(template: &Value) -> String {
    Actor::export_template_address(template["id"].as_str().expect("a template has an id"))
}

/// Returns the names of the templates that an actor may use, in the order of the list.
async fn names(actor: &Actor) -> Vec<String> {
    let list: Value = actor.export_templates().answer().await.good().json();
    crate::each(&list["templates"], "name")
}

/// Makes an export of a request with a template, and returns it when it is complete.
async fn made(actor: &Actor, path: &str, body: &Value) -> Value {
    let answer = actor.post_at(path, body).answer().await;
    assert_eq!(answer.status, 202, "{body}: {}", answer.text());
    let id = answer.json::<Value>()["export"]["id"].clone();
    let id = id.as_str().expect("an export has an id");
    wait_until(actor, id, "completed").await
}

#[tokio::test]
async fn ten_templates_of_which_five_are_built_in_make_the_exports_that_they_describe() {
    let exports = start().await;
    let (user, of_hub) = exports.app.user().await;
    let admin = exports.app.admin();
    assert_eq!(
        names(&user).await,
        ["User data JSON", "User data CSV", "Recent files only"]
    );
    let built_in = [
        "User data JSON",
        "User data CSV",
        "Bulk JSON",
        "Bulk CSV",
        "Recent files only",
    ];
    assert_eq!(names(&admin).await, built_in);

    // Two of the user's own, one of them shared, and three of the administrator, two of them shared.
    let logs = |name: &str, parameters: Value, shared: bool| json!({ "name": name, "dataset": "usage-logs", "format": "csv", "parameters": parameters, "shared": shared });
    template(
        &user,
        &logs("Ten rows", json!({ "limit": 10, "columns": ["model"] }), false),
    )
    .await;
    template(
        &user,
        &logs(
            "Good requests",
            json!({ "filters": { "statusCode": "200" } }),
            true,
        ),
    )
    .await;
    template(
        &admin,
        &logs(
            "Of Shanghai",
            json!({ "zone": "Asia/Shanghai", "limit": 2 }),
            true,
        ),
    )
    .await;
    template(
        &admin,
        &logs("Of the administrator", json!({ "limit": 1 }), false),
    )
    .await;
    let of_all = json!({ "name": "Everybody as XML", "dataset": "bulk-data", "format": "xml", "shared": true,
        "parameters": { "options": { "compression": "none" } } });
    template(&admin, &of_all).await;
    assert_eq!(
        names(&user).await,
        [
            "User data JSON",
            "User data CSV",
            "Recent files only",
            "Good requests",
            "Of Shanghai",
            "Ten rows"
        ]
    );
    let all = names(&admin).await;
    assert_eq!(all.len(), 9, "{all:?}");
    assert!(!all.contains(&"Ten rows".to_owned()), "{all:?}");

    let person = json!(of_hub.id);
    let export = |template: &str| json!({ "template": template });
    for (actor, path, body, kind, dataset, format) in [
        (
            &user,
            "/api/exports/user",
            export("User data JSON"),
            "user_data",
            "user-data",
            "json",
        ),
        (
            &user,
            "/api/exports/user",
            export("user-data-csv"),
            "user_data",
            "user-data",
            "csv",
        ),
        (
            &admin,
            "/api/exports/bulk",
            export("Bulk JSON"),
            "bulk_data",
            "bulk-data",
            "json",
        ),
        (
            &admin,
            "/api/exports/bulk",
            export("Bulk CSV"),
            "bulk_data",
            "bulk-data",
            "csv",
        ),
        (
            &user,
            "/api/exports",
            export("Recent files only"),
            "dataset",
            "saved-files",
            "json",
        ),
        (
            &user,
            "/api/exports",
            export("Ten rows"),
            "dataset",
            "usage-logs",
            "csv",
        ),
        (
            &user,
            "/api/exports",
            export("Good requests"),
            "dataset",
            "usage-logs",
            "csv",
        ),
        (
            &user,
            "/api/exports",
            export("Of Shanghai"),
            "dataset",
            "usage-logs",
            "csv",
        ),
        (
            &admin,
            "/api/exports",
            export("Of the administrator"),
            "dataset",
            "usage-logs",
            "csv",
        ),
        (
            &admin,
            "/api/exports/bulk",
            export("Everybody as XML"),
            "bulk_data",
            "bulk-data",
            "xml",
        ),
        // Others than its owner use a shared one, and members of the body override its values.
        (
            &admin,
            "/api/exports",
            export("Good requests"),
            "dataset",
            "usage-logs",
            "csv",
        ),
        (
            &admin,
            "/api/exports/user",
            json!({ "template": "User data CSV", "format": "json", "userId": person }),
            "user_data",
            "user-data",
            "json",
        ),
    ] {
        let made = made(actor, path, &body).await;
        assert_eq!(
            (&made["exportType"], &made["dataset"], &made["format"]),
            (&json!(kind), &json!(dataset), &json!(format)),
            "{body}"
        );
        assert_eq!(made["parameters"]["template"], body["template"]);
    }
}

#[tokio::test]
async fn the_values_of_a_template_are_those_of_a_direct_export_and_the_body_overrides_them() {
    let exports = start().await;
    let (user, _) = exports.app.user().await;
    let body = json!({ "name": "Good requests", "dataset": "usage-logs", "format": "csv", "parameters": {
        "filters": { "statusCode": 200 }, "columns": ["created_at", "model"], "zone": "Asia/Shanghai", "limit": 5,
        "options": { "compression": "none", "locale": "de-DE" } } });
    template(&user, &body).await;
    let file = async |body: &Value| {
        let export = made(&user, "/api/exports", body).await;
        exports.file(export["id"].as_str().unwrap()).await
    };
    let direct = async |query: &[(&str, &str)]| {
        let export = user.export("usage-logs").queries(query);
        export.answer().await.good().body
    };
    let mut query = vec![
        ("format", "csv"),
        ("statusCode", "200"),
        ("columns", "created_at,model"),
        ("zone", "Asia/Shanghai"),
        ("limit", "5"),
        ("locale", "de-DE"),
    ];
    assert_eq!(
        file(&json!({ "template": "Good requests" })).await,
        direct(&query).await
    );
    query.retain(|(name, _)| !["columns", "limit", "locale"].contains(name));
    query.extend([
        ("columns", "model,status_code"),
        ("limit", "3"),
        ("locale", "en-US"),
        ("bom", "true"),
    ]);
    let overridden = json!({ "template": "Good requests", "columns": ["model", "status_code"], "limit": 3,
        "options": { "locale": "en-US", "bom": "true" } });
    assert_eq!(file(&overridden).await, direct(&query).await);
    // Many at once take templates, too.
    let many = json!({ "exports": [{ "template": "Good requests" }, { "template": "Bad requests" }] });
    exports.app.admin().create_exports(&many).answer().await.good();
}

#[tokio::test]
async fn relative_days_are_those_of_the_day_on_which_the_export_is_made() {
    let exports = start().await;
    let (user, of_hub) = exports.app.user().await;
    let rows = async |body: Value| {
        let export = made(&user, "/api/exports", &body).await;
        export["recordCount"].as_u64().unwrap()
    };
    // The demo's rows are of January 2026. One of the user's files is of yesterday, and one of last month.
    let saved = format!(
        "update saved_files set user_id = -1 where user_id = {id}; \
         update saved_files set user_id = {id}, uploaded_at = now() - interval '1 day' \
             where file_id = (select file_id from saved_files order by file_id limit 1); \
         update saved_files set user_id = {id}, uploaded_at = now() - interval '40 days' \
             where file_id = (select file_id from saved_files order by file_id desc limit 1)",
        id = of_hub.id
    );
    exports.app.database.execute(saved).await;
    let with = |range: Value| json!({ "template": "recent-files", "dateRange": range });
    assert_eq!(rows(json!({ "template": "recent-files" })).await, 1);
    assert_eq!(rows(with(json!({ "start": "-50d" }))).await, 2);
    assert_eq!(rows(with(json!({ "start": "-50d", "end": "-30d" }))).await, 1);
    assert_eq!(rows(with(json!({ "start": "-0d" }))).await, 0);
    // The days count from the one on which a worker makes the file.
    let day = "select selection->'dateRange'->>'start' from decant.data_exports order by created_at limit 1";
    assert_eq!(exports.state.text(day).await.as_deref(), Some("-30d"));
    let schedule =
        json!({ "exportType": "dataset", "template": "recent-files", "scheduledAt": "2030-01-31T02:00:00Z" });
    let created = user.schedule_export(&schedule).answer().await.good();
    let id = created.json::<Value>()["request"]["id"].as_u64().unwrap();
    let run: Value = user.run_schedule(id).answer().await.good().json();
    let export = wait_until(&user, run["export"]["id"].as_str().unwrap(), "completed").await;
    assert_eq!(
        (&export["recordCount"], &export["dataset"], &export["format"]),
        (&json!(1), &json!("saved-files"), &json!("json"))
    );
    for (members, status, code) in [
        (json!({ "exportType": "user_data" }), 400, "invalid_parameter"),
        (
            json!({ "exportType": "conversations" }),
            400,
            "contradictory_parameters",
        ),
        (json!({ "template": "no such" }), 404, "unknown_template"),
    ] {
        let mut body = schedule.clone();
        body.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        let answer = user.schedule_export(&body).answer().await;
        assert_eq!(
            answer.problem(status, code).field.as_deref(),
            Some("template"),
            "{members}"
        );
    }
    let far = user.create_export(&with(json!({ "start": "-999999d" })));
    let problem = far.answer().await.problem(400, "invalid_parameter");
    assert_eq!(problem.field.as_deref(), Some("dateRange"));
}

#[tokio::test]
async fn only_the_owner_and_administrators_change_a_template_and_nobody_a_built_in_one() {
    let exports = start().await;
    let (user, _) = exports.app.user().await;
    let admin = exports.app.admin();
    let other = exports.app.database.new_user("Other").await;
    let other = exports.app.anonymous().with_token(&other.key);
    let body =
        json!({ "name": " Mine ", "description": "Of the user", "dataset": "usage-logs", "format": "csv" });
    let mine = template(&user, &body).await;
    let path = address(&mine);
    assert_eq!(
        (
            &mine["name"],
            &mine["builtIn"],
            &mine["shared"],
            &mine["exportType"]
        ),
        (&json!("Mine"), &json!(false), &json!(false), &json!("dataset"))
    );
    // No other person sees it.
    for request in [
        other.at(&path),
        other.patch_at(&path, &json!({ "name": "Yours" })),
        other.delete_at(&path),
        other.create_export(&json!({ "template": "Mine" })),
        other.create_export(&json!({ "template": mine["id"] })),
    ] {
        let problem = request.answer().await.problem(404, "unknown_template");
        let is_named =
            problem.detail.contains("Mine") || problem.detail.contains(mine["id"].as_str().unwrap());
        assert!(is_named, "{problem:?}");
    }
    admin.at(&path).answer().await.good();
    let shared = user
        .patch_at(&path, &json!({ "shared": true, "description": "" }))
        .answer()
        .await;
    let shared: Value = shared.good().json();
    assert_eq!(
        (
            &shared["template"]["shared"],
            &shared["template"]["description"],
            &shared["template"]["name"]
        ),
        (&json!(true), &Value::Null, &json!("Mine"))
    );
    other.at(&path).answer().await.good();
    for request in [
        other.patch_at(&path, &json!({ "name": "Yours" })),
        other.delete_at(&path),
    ] {
        request.answer().await.problem(403, "forbidden");
    }
    let changed = admin
        .patch_at(&path, &json!({ "format": "json", "parameters": { "limit": 4 } }))
        .answer()
        .await;
    let changed: Value = changed.good().json();
    assert_eq!(
        (
            &changed["template"]["format"],
            &changed["template"]["parameters"],
            &changed["template"]["createdBy"]
        ),
        (&json!("json"), &json!({ "limit": 4 }), &mine["createdBy"])
    );
    for actor in [&user, &admin] {
        let path = Actor::export_template_address("recent-files");
        actor.at(&path).answer().await.good();
        for request in [
            actor.patch_at(&path, &json!({ "shared": false })),
            actor.delete_at(&path),
        ] {
            request.answer().await.problem(403, "template_built_in");
        }
    }
    assert_eq!(user.delete_at(&path).answer().await.status, 204);
    user.at(&path).answer().await.problem(404, "unknown_template");
    let of_templates = "select string_agg(action, ' ' order by at, id) from decant.audit where action like 'export_template%'";
    let expected =
        "export_template_saved export_template_saved export_template_saved export_template_deleted";
    let recorded =
        async || (exports.state.text(of_templates).await.as_deref() == Some(expected)).then_some(());
    wait_for("the records", Duration::from_secs(10), recorded).await;
}

#[tokio::test]
async fn a_template_that_cannot_be_used_is_refused_by_the_name_of_its_member() {
    let exports = Exports::start(&[("DECANT_EXPORT_TEMPLATES_MAX", "2")]).await;
    let (user, _) = exports.app.user().await;
    let with = |name: &str, value: Value| {
        let mut body = json!({ "name": "Mine", "dataset": "usage-logs", "format": "csv" });
        body[name] = value;
        body
    };
    for (body, field) in [
        (with("name", json!(" ")), "name"),
        (with("name", json!("17")), "name"),
        (with("name", json!("x".repeat(101))), "name"),
        (with("description", json!("x".repeat(1001))), "description"),
        (with("format", json!("pdf")), "format"),
        (with("exportType", json!("user_data")), "exportType"),
        (
            with("parameters", json!({ "filters": { "state": "x" } })),
            "state",
        ),
        (with("parameters", json!({ "columns": ["x"] })), "columns"),
        (
            with("parameters", json!({ "options": { "colour": "red" } })),
            "colour",
        ),
        (
            with("parameters", json!({ "options": { "bom": "perhaps" } })),
            "bom",
        ),
        (with("parameters", json!({ "zone": "Europe/Nowhere" })), "zone"),
        (
            with("parameters", json!({ "dateRange": { "start": "soon" } })),
            "dateRange",
        ),
        (
            with("parameters", json!({ "filters": { "model": "a\0" } })),
            "parameters",
        ),
    ] {
        let answer = user.create_export_template(&body).answer().await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        let problem: Value = answer.json();
        assert_eq!(problem["field"], field, "{problem}");
    }
    user.create_export_template(&with("dataset", json!("nothing")))
        .answer()
        .await
        .problem(404, "unknown_dataset");
    user.create_export_template(&with("dataset", json!("bulk-data")))
        .answer()
        .await
        .problem(403, "forbidden");
    user.create_export_template(&with("name", json!("Bulk CSV")))
        .answer()
        .await
        .problem(409, "template_exists");
    let first = template(&user, &with("name", json!("One"))).await;
    user.create_export_template(&with("name", json!("One")))
        .answer()
        .await
        .problem(409, "template_exists");
    template(&user, &with("name", json!("Two"))).await;
    user.create_export_template(&with("name", json!("Three")))
        .answer()
        .await
        .problem(409, "too_many_templates");
    user.patch_at(&address(&first), &json!({ "name": "Two" }))
        .answer()
        .await
        .problem(409, "template_exists");
    // Nor is one of another file used for the file of a person.
    let wrong = user
        .export_user_data(&json!({ "template": "One" }))
        .answer()
        .await;
    let problem = wrong.problem(400, "invalid_parameter");
    assert_eq!(problem.field.as_deref(), Some("template"));
    let unknown = user
        .export_user_data(&json!({ "template": "None of mine" }))
        .answer()
        .await;
    let problem = unknown.problem(404, "unknown_template");
    assert!(problem.detail.contains("None of mine"), "{problem:?}");
    let missing = user.create_export(&json!({ "format": "csv" })).answer().await;
    let problem = missing.problem(400, "invalid_parameter");
    assert_eq!(problem.field.as_deref(), Some("dataset"));
}

#[tokio::test]
async fn a_shared_template_is_seen_by_those_who_may_export_what_it_names() {
    let exports = Exports::start_on(
        workspaces::database().await,
        &[("DECANT_MEMBERSHIP_SECONDS", "0")],
    )
    .await;
    let [member, outsider] = [MEMBER, OWNER_OF_BETA].map(|id| workspaces::user(&exports.app, id));
    let stranger = workspaces::user(&exports.app, 999_999);
    let body = json!({ "name": "Alerts", "dataset": "alerts", "format": "csv", "shared": true,
        "parameters": { "columns": ["id", "title"] } });
    template(&member, &body).await;
    for (actor, seen) in [(&member, true), (&outsider, true), (&stranger, false)] {
        assert_eq!(names(actor).await.contains(&"Alerts".to_owned()), seen);
    }
    let export = made(
        &member,
        "/api/exports",
        &json!({ "template": "Alerts", "workspace": ACME }),
    )
    .await;
    assert_eq!(export["workspaceId"], ACME);
    outsider
        .create_export(&json!({ "template": "Alerts", "workspace": ACME }))
        .answer()
        .await
        .problem(403, "not_a_member");
    // A permission that refuses the export hides the template.
    let refusing = json!({ "role": "OWNER", "dataset": "alerts", "format": "csv", "canCreate": false });
    let put = exports.app.admin().grant_export_permission(&refusing);
    put.answer().await.good();
    assert!(!names(&outsider).await.contains(&"Alerts".to_owned()));
    assert!(names(&member).await.contains(&"Alerts".to_owned()));
}
