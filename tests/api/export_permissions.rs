//! Permissions of people and roles for exports, which administrators give.

use std::time::Duration;

use decant_tests::actors::{Actor, Request};
use decant_tests::exports::{Exports, create, wait_until};
use decant_tests::patience::wait_for;
use decant_tests::workspaces::{self, ACME, ADMIN, MEMBER, OWNER};
use reqwest::Method;
use serde_json::{Value, json};

/// Gives a permission, and returns its id.
async fn grant(exports: &Exports, permission: &Value) -> u64 {
    let put = exports.app.admin().grant_export_permission(permission);
    let answer: Value = put.answer().await.good().json();
    answer["permission"]["id"]
        .as_u64()
        .expect("a permission has an id")
}

async fn revoke(exports: &Exports, id: u64) {
    let revoke = exports
        .app
        .admin()
        .delete_at(&Actor::export_permission_address(id));
    assert_eq!(revoke.answer().await.status, 204);
}

async fn revoke_all(exports: &Exports) {
    let all = "delete from decant.export_permissions";
    exports.state.execute(all).await;
}

/// A place of the matrix: a role, a type and a format.
type Place = [&'static str; 3];

/// Returns a direct export of such a file.
fn direct(actor: &Actor, [_, kind, format]: Place, person: i64) -> Request {
    let request = match kind {
        "dataset" => actor.export("usage-logs").query("limit", "1"),
        "user_data" => actor.bundle_export("user-data"),
        _ => actor.bundle_export("bulk-data"),
    };
    let request = request.query("format", format);
    match kind == "user_data" && person > 0 {
        true => request.query("userId", &person.to_string()),
        false => request,
    }
}

#[tokio::test]
async fn each_role_type_and_format_is_refused_by_its_own_row_and_no_other() {
    let exports = Exports::start(&[("DECANT_WORKERS", "0"), ("EXPORT_RATE_LIMIT", "0")]).await;
    let (user, of_hub) = exports.app.user().await;
    let admin = exports.app.admin();
    let roles = ["admin", "user"];
    let places: Vec<Place> = roles
        .iter()
        .flat_map(|role| ["dataset", "user_data", "bulk_data"].map(|kind| (*role, kind)))
        .flat_map(|(role, kind)| ["csv", "json"].map(|format| [role, kind, format]))
        .collect();
    let ask = |place: Place| match place[0] {
        "admin" => (&admin, of_hub.id),
        _ => (&user, 0),
    };
    let head = async |place: Place| {
        let (actor, person) = ask(place);
        let (method, request) = (Method::HEAD, direct(actor, place, person));
        request.with_method(method).answer().await.status
    };
    for refused in &places {
        let [role, kind, format] = *refused;
        let row = json!({ "role": role, "exportType": kind, "format": format, "canCreate": false });
        let id = grant(&exports, &row).await;
        for asked in &places {
            let is_default_refusal = asked[..2] == ["user", "bulk_data"];
            let expected = match asked == refused || is_default_refusal {
                true => 403,
                false => 200,
            };
            assert_eq!(head(*asked).await, expected, "{refused:?} {asked:?}");
        }
        let (actor, person) = ask(*refused);
        if [role, kind] != ["user", "bulk_data"] {
            let problem = direct(actor, *refused, person).answer().await;
            let problem = problem.problem(403, "export_not_permitted");
            for word in [kind, format] {
                assert!(problem.detail.contains(word), "{problem:?}");
            }
            let body = match (kind, person) {
                ("dataset", _) => json!({ "dataset": "usage-logs", "format": format }),
                ("bulk_data", _) => json!({ "dataset": "bulk-data", "format": format }),
                (_, 0) => json!({ "dataset": "user-data", "format": format }),
                _ => json!({ "dataset": "user-data", "format": format, "filters": { "userId": person } }),
            };
            let created = actor.create_export(&body).answer().await;
            created.problem(403, "export_not_permitted");
        }
        revoke(&exports, id).await;
    }
}

#[tokio::test]
async fn raw_rows_need_the_right_to_each_format_and_a_bundle_that_to_each_part_that_is_named() {
    let exports = Exports::start(&[("DECANT_WORKERS", "0")]).await;
    let (user, _) = exports.app.user().await;
    let id = grant(
        &exports,
        &json!({ "role": "user", "dataset": "usage-logs", "format": "xlsx", "canCreate": false }),
    )
    .await;
    for request in [
        user.rows("usage-logs"),
        user.rows_of_body("usage-logs", &json!({})),
    ] {
        let problem = request.answer().await.problem(403, "export_not_permitted");
        assert!(
            problem.detail.contains("xlsx") && problem.detail.contains("Raw rows"),
            "{problem:?}"
        );
    }
    user.export("usage-logs")
        .query("format", "csv")
        .answer()
        .await
        .good();
    // Looking at a page, or counting, is no export.
    user.page("usage-logs").answer().await.good();
    user.count("usage-logs").answer().await.good();
    // The bundle has the rows, and the row names them.
    let bundle = |format| user.bundle_export("user-data").query("format", format);
    bundle("xlsx").answer().await.problem(403, "export_not_permitted");
    bundle("json").answer().await.good();
    user.bundle_rows("user-data")
        .answer()
        .await
        .problem(403, "export_not_permitted");
    revoke(&exports, id).await;
    user.rows("usage-logs").answer().await.good();
    user.bundle_rows("user-data").answer().await.good();
}

#[tokio::test]
async fn the_most_exact_row_decides_the_person_before_the_role_and_an_expired_row_nothing() {
    let exports = Exports::start(&[("DECANT_WORKERS", "0")]).await;
    let (user, of_hub) = exports.app.user().await;
    let subject = format!("hub:{}", of_hub.id);
    let csv = async || {
        let export = user.export("usage-logs").query("format", "csv");
        export.with_method(Method::HEAD).answer().await.status
    };
    let refusing = json!({ "role": "user", "canCreate": false });
    grant(&exports, &refusing).await;
    assert_eq!(csv().await, 403);
    let lifted = json!({ "role": "user", "dataset": "usage-logs", "canCreate": true });
    grant(&exports, &lifted).await;
    assert_eq!(csv().await, 200);
    let exact = json!({ "role": "user", "exportType": "dataset", "dataset": "usage-logs", "format": "csv", "canCreate": false });
    grant(&exports, &exact).await;
    assert_eq!(csv().await, 403);
    // The person's row is before any of the role, and decides nothing where it is null.
    let silent = json!({ "subject": subject, "canDownload": true });
    let of_person = grant(&exports, &silent).await;
    assert_eq!(csv().await, 403);
    let allowing = json!({ "subject": subject, "canCreate": true });
    assert_eq!(grant(&exports, &allowing).await, of_person, "it takes its place");
    assert_eq!(csv().await, 200);
    // Of another person.
    let other = exports.app.database.new_user("Other").await;
    let other = exports.app.anonymous().with_token(&other.key);
    let export = other.export("usage-logs").query("format", "csv").answer().await;
    export.problem(403, "export_not_permitted");
    let expired = format!(
        "update decant.export_permissions set expires_at = now() - interval '1 second' where id = {of_person}"
    );
    exports.state.execute(expired).await;
    assert_eq!(csv().await, 403);
    let all = "update decant.export_permissions set expires_at = now() - interval '1 second'";
    exports.state.execute(all).await;
    assert_eq!(csv().await, 200);
    // A row gives no rows that the defaults do not give.
    grant(
        &exports,
        &json!({ "subject": subject, "canCreate": true, "canManage": true }),
    )
    .await;
    let bulk = user.bundle_export("bulk-data").answer().await;
    bulk.problem(403, "forbidden");
}

#[tokio::test]
async fn roles_in_a_workspace_have_rows_of_their_own() {
    let exports = Exports::start_on(
        workspaces::database().await,
        &[("DECANT_MEMBERSHIP_SECONDS", "0"), ("DECANT_WORKERS", "0")],
    )
    .await;
    let people = [("OWNER", OWNER), ("ADMIN", ADMIN), ("MEMBER", MEMBER)];
    let export = async |person: i64| {
        let actor = workspaces::user(&exports.app, person);
        let export = actor
            .export("alerts")
            .query("workspace", ACME)
            .query("format", "csv");
        export.with_method(Method::HEAD).answer().await.status
    };
    for (refused, of_refused) in people {
        let row = json!({ "role": refused, "dataset": "alerts", "canCreate": false });
        let id = grant(&exports, &row).await;
        for (role, person) in people {
            let expected = if role == refused { 403 } else { 200 };
            assert_eq!(export(person).await, expected, "{refused} {role}");
        }
        // Before `user`, and after the person.
        grant(
            &exports,
            &json!({ "role": "user", "dataset": "alerts", "canCreate": true }),
        )
        .await;
        assert_eq!(export(of_refused).await, 403, "{refused}");
        grant(
            &exports,
            &json!({ "subject": format!("jwt:{of_refused}"), "canCreate": true }),
        )
        .await;
        grant(
            &exports,
            &json!({ "subject": format!("hub:{of_refused}"), "canCreate": true }),
        )
        .await;
        assert_eq!(export(of_refused).await, 200, "{refused}");
        revoke(&exports, id).await;
        revoke_all(&exports).await;
    }
    // Administrators of Decant have no role there.
    grant(&exports, &json!({ "role": "OWNER", "canCreate": false })).await;
    let by_admin = exports.app.admin().export("alerts");
    by_admin.query("workspace", ACME).answer().await.good();
}

#[tokio::test]
async fn own_exports_and_those_of_others_have_rights_of_their_own() {
    let exports = Exports::start(&[]).await;
    let (user, _) = exports.app.user().await;
    let admin = exports.app.admin();
    let body = json!({ "dataset": "usage-logs", "format": "csv", "limit": 3 });
    let (own, others) = (create(&admin, &body).await, create(&user, &body).await);
    for (actor, id) in [(&admin, &own), (&user, &others)] {
        wait_until(actor, id, "completed").await;
    }
    let link: Value = admin.link_export(&others).answer().await.good().json();
    let address = link["url"].as_str().unwrap();
    let link = address.split('/').nth(4).unwrap().to_owned();
    let status = async |request: Request| request.answer().await.status;
    let refused = async |request: Request| {
        request.answer().await.problem(403, "export_not_permitted");
    };

    let row = json!({ "role": "admin", "exportType": "dataset", "format": "csv", "canManage": false });
    let id = grant(&exports, &row).await;
    for request in [
        admin.verify_export(&others),
        admin.cancel_export(&others),
        admin.retry_export(&others),
        admin.delete_export(&others),
        admin.revoke_link(&others, &link),
    ] {
        refused(request).await;
    }
    for good in [
        admin.verify_export(&own),
        admin.show_export(&others),
        admin.export_status(&others),
        admin.download_export(&others),
        user.verify_export(&others),
    ] {
        assert_eq!(status(good).await, 200);
    }
    revoke(&exports, id).await;
    assert_eq!(status(admin.verify_export(&others)).await, 200);

    let row = json!({ "role": "admin", "format": "csv", "canDownload": false, "canViewLogs": false });
    let id = grant(&exports, &row).await;
    for export in [&own, &others] {
        refused(admin.download_export(export)).await;
        refused(admin.link_export(export)).await;
        refused(admin.export_status(export)).await;
        let without = admin.export_status(export).query("logs", "0");
        assert_eq!(status(without).await, 200);
    }
    assert_eq!(status(user.download_export(&others)).await, 200);
    revoke(&exports, id).await;

    let row = json!({ "role": "user", "canDownload": false });
    grant(&exports, &row).await;
    refused(user.download_export(&others)).await;
    assert_eq!(status(admin.download_export(&others)).await, 200);
    // The right to create is not the one to download.
    create(&user, &body).await;
}

#[tokio::test]
async fn an_export_of_more_rows_than_allowed_is_refused_with_both_numbers() {
    let exports = Exports::start(&[]).await;
    let (user, of_hub) = exports.app.user().await;
    let rows = user.usage_count(&[]).await;
    let max = rows - 1;
    let row = json!({ "subject": format!("hub:{}", of_hub.id), "dataset": "usage-logs", "rowsMax": max });
    let id = grant(&exports, &row).await;
    let refused = async |request: Request| {
        let problem = request.answer().await.problem(413, "too_many_rows");
        for number in [rows, max] {
            assert!(problem.detail.contains(&number.to_string()), "{problem:?}");
        }
    };
    let body = json!({ "dataset": "usage-logs", "format": "csv" });
    refused(user.export("usage-logs").query("format", "csv")).await;
    refused(user.rows("usage-logs")).await;
    refused(user.rows_of_body("usage-logs", &json!({}))).await;
    refused(user.create_export(&body)).await;
    // The part of a bundle is named.
    for request in [
        user.bundle_export("user-data"),
        user.bundle_rows("user-data"),
        user.export_user_data(&json!({})),
    ] {
        request.answer().await.problem(413, "too_many_rows");
    }
    // As many as allowed, also where the rows are in a transaction.
    let limit = max.to_string();
    let query = [("limit", limit.as_str())];
    let file = user.rows("usage-logs").queries(&query).answer().await;
    assert_eq!(file.raw_rows().whole().count(), max);
    let narrowed = json!({ "dataset": "usage-logs", "format": "csv", "limit": max });
    let export = create(&user, &narrowed).await;
    let export = wait_until(&user, &export, "completed").await;
    assert_eq!(export["recordCount"], max, "{export}");
    // Others have no limit, and a page is no export.
    exports.app.admin().rows("usage-logs").answer().await.good();
    user.page("usage-logs").answer().await.good();
    revoke(&exports, id).await;
    user.rows("usage-logs").answer().await.good();
}

#[tokio::test]
async fn the_limits_of_a_caller_have_the_greatest_number_of_rows() {
    let exports = Exports::start(&[]).await;
    let (user, of_hub) = exports.app.user().await;
    let shown = async |actor: &Actor| {
        let limits: Value = actor.export_limits().answer().await.good().json();
        let me: Value = actor.me().answer().await.good().json();
        assert_eq!(limits["maxRows"], me["limits"]["maxRows"]);
        limits["maxRows"].clone()
    };
    assert_eq!(shown(&user).await, Value::Null);
    grant(&exports, &json!({ "role": "user", "rowsMax": 1000 })).await;
    assert_eq!(shown(&user).await, 1000);
    assert_eq!(shown(&exports.app.admin()).await, Value::Null);
    // One dataset alone has another.
    let subject = format!("hub:{}", of_hub.id);
    grant(
        &exports,
        &json!({ "subject": subject, "dataset": "usage-logs", "rowsMax": 5 }),
    )
    .await;
    assert_eq!(shown(&user).await, 1000);
    grant(&exports, &json!({ "subject": subject, "rowsMax": 2000 })).await;
    assert_eq!(shown(&user).await, 2000);
}

#[tokio::test]
async fn a_permission_that_was_withdrawn_counts_when_the_export_runs() {
    let exports = Exports::start(&[("DECANT_WORKERS", "0")]).await;
    let (user, of_hub) = exports.app.user().await;
    let subject = format!("hub:{}", of_hub.id);
    let rows = user.usage_count(&[]).await;
    let csv = create(&user, &json!({ "dataset": "usage-logs", "format": "csv" })).await;
    let json_file = create(&user, &json!({ "dataset": "usage-logs", "format": "json" })).await;
    let bundle = create(&user, &json!({ "dataset": "user-data", "format": "json" })).await;
    let xml = create(&user, &json!({ "dataset": "usage-logs", "format": "xml" })).await;
    grant(
        &exports,
        &json!({ "subject": subject, "format": "csv", "canCreate": false }),
    )
    .await;
    grant(
        &exports,
        &json!({ "subject": subject, "exportType": "user_data", "canCreate": false }),
    )
    .await;
    grant(
        &exports,
        &json!({ "subject": subject, "format": "json", "rowsMax": rows - 1 }),
    )
    .await;
    let worker = exports.another_server(&[]).await;
    for (id, code, word) in [
        (&csv, "no_longer_allowed", "csv"),
        (&bundle, "no_longer_allowed", "user_data"),
        (&json_file, "too_many_rows", &*(rows - 1).to_string()),
    ] {
        let export = wait_until(&user, id, "failed").await;
        let message = export["errorMessage"].as_str().unwrap();
        assert_eq!(
            (&export["errorCode"], &export["attempts"]),
            (&json!(code), &json!(1)),
            "{export}"
        );
        assert!(message.contains(word), "{export}");
    }
    wait_until(&user, &xml, "completed").await;
    // Nor are they made again.
    user.retry_export(&csv)
        .answer()
        .await
        .problem(403, "export_not_permitted");
    drop(worker);
}

#[tokio::test]
async fn a_schedule_needs_the_right_to_schedule_when_it_is_made_and_when_it_runs() {
    let exports = Exports::start(&[]).await;
    let (user, of_hub) = exports.app.user().await;
    let body = json!({ "exportType": "dataset", "dataset": "usage-logs", "format": "csv", "recurrence": "daily",
        "scheduledAt": "2030-01-31T02:00:00Z" });
    let schedule = async || user.schedule_export(&body).answer().await;
    let id = schedule().await.good().json::<Value>()["request"]["id"]
        .as_u64()
        .unwrap();
    let row =
        json!({ "subject": format!("hub:{}", of_hub.id), "dataset": "usage-logs", "canSchedule": false });
    let permission = grant(&exports, &row).await;
    schedule().await.problem(403, "export_not_permitted");
    let run = async || {
        let run: Value = user.run_schedule(id).answer().await.good().json();
        run["export"]["id"].as_str().unwrap().to_owned()
    };
    let export = wait_until(&user, &run().await, "failed").await;
    assert_eq!(export["errorCode"], "no_longer_allowed");
    // Only schedules are refused.
    let other = json!({ "dataset": "usage-logs", "format": "csv" });
    wait_until(&user, &create(&user, &other).await, "completed").await;
    revoke(&exports, permission).await;
    wait_until(&user, &run().await, "completed").await;
    schedule().await.good();
}

#[tokio::test]
async fn a_permission_that_was_withdrawn_counts_when_the_file_is_fetched() {
    let exports = Exports::start(&[]).await;
    let (user, of_hub) = exports.app.user().await;
    let id = create(
        &user,
        &json!({ "dataset": "usage-logs", "format": "csv", "limit": 3 }),
    )
    .await;
    wait_until(&user, &id, "completed").await;
    let made: Value = user.link_export(&id).answer().await.good().json();
    let url = made["url"].as_str().unwrap();
    let path = &url[url.find("/d/").unwrap()..];
    let follow = || exports.app.anonymous().at(path);
    follow().answer().await.good();

    let subject = format!("hub:{}", of_hub.id);
    let row = json!({ "subject": subject, "dataset": "usage-logs", "canDownload": false });
    let permission = grant(&exports, &row).await;
    for request in [
        user.download_export(&id),
        user.download_export(&id).header("range", "bytes=1-2"),
        user.link_export(&id),
    ] {
        request.answer().await.problem(403, "export_not_permitted");
    }
    let head = user.download_export(&id).with_method(Method::HEAD);
    assert_eq!(head.answer().await.status, 403);
    follow().answer().await.problem(403, "forbidden");
    // They still see it, and others download it.
    user.show_export(&id).answer().await.good();
    exports.app.admin().download_export(&id).answer().await.good();
    revoke(&exports, permission).await;
    user.download_export(&id).answer().await.good();
    follow().answer().await.good();
}

#[tokio::test]
async fn only_administrators_see_and_change_permissions_and_each_change_is_recorded() {
    let exports = Exports::start(&[]).await;
    let (admin, (user, of_hub)) = (exports.app.admin(), exports.app.user().await);
    let subject = format!("hub:{}", of_hub.id);
    for request in [
        user.export_permissions(),
        user.grant_export_permission(&json!({ "role": "user", "canCreate": true })),
        user.at(&Actor::export_permission_address("1")),
        user.delete_at(&Actor::export_permission_address("1")),
    ] {
        request.answer().await.problem(403, "forbidden");
    }
    for (body, field) in [
        (json!({ "canCreate": true }), "subject"),
        (
            json!({ "subject": subject, "role": "user", "canCreate": true }),
            "role",
        ),
        (json!({ "subject": "7", "canCreate": true }), "subject"),
        (json!({ "subject": "operator", "canCreate": true }), "subject"),
        (
            json!({ "role": "user", "exportType": "rows", "canCreate": true }),
            "exportType",
        ),
        (
            json!({ "role": "user", "dataset": "usage", "canCreate": true }),
            "dataset",
        ),
        (
            json!({ "role": "user", "format": "pdf", "canCreate": true }),
            "format",
        ),
        (json!({ "role": "user", "rowsMax": u64::MAX }), "rowsMax"),
        (
            json!({ "role": "user", "canCreate": true, "expiresAt": "2020-01-01T00:00:00Z" }),
            "expiresAt",
        ),
        (json!({ "role": "user" }), "canCreate"),
    ] {
        let answer = admin.grant_export_permission(&body).answer().await;
        let problem = answer.problem(400, "invalid_parameter");
        assert_eq!(problem.field.as_deref(), Some(field), "{body}");
    }
    for body in [
        json!({ "role": "owner", "canCreate": true }),
        json!({ "role": "user", "can": 1 }),
    ] {
        let answer = admin.grant_export_permission(&body).answer().await;
        answer.problem(400, "invalid_body");
    }

    let given = json!({ "subject": subject, "dataset": "usage-logs", "canSchedule": false, "canDeliver": true, "rowsMax": 7,
        "expiresAt": "2100-01-01T00:00:00Z" });
    let first = grant(&exports, &given).await;
    let second = grant(&exports, &json!({ "role": "MEMBER", "canManage": false })).await;
    let path = Actor::export_permission_address(first);
    let shown: Value = admin.at(&path).answer().await.good().json();
    let shown = &shown["permission"];
    for (name, value) in given.as_object().unwrap() {
        assert_eq!(&shown[name], value, "{shown}");
    }
    assert_eq!(
        (&shown["exportType"], &shown["canCreate"], &shown["grantedBy"]),
        (&json!("*"), &Value::Null, &json!("Administrator"))
    );
    let listed = async |query: &[(&str, &str)]| {
        let list: Value = admin
            .export_permissions()
            .queries(query)
            .answer()
            .await
            .good()
            .json();
        let ids = list["permissions"].as_array().unwrap().iter();
        let ids: Vec<_> = ids.map(|one| one["id"].as_u64().unwrap()).collect();
        (ids, list["total"].as_u64().unwrap())
    };
    assert_eq!(listed(&[]).await, (vec![second, first], 2));
    assert_eq!(listed(&[("limit", "1")]).await, (vec![second], 2));
    assert_eq!(listed(&[("subject", &subject)]).await, (vec![first], 1));
    assert_eq!(listed(&[("role", "MEMBER")]).await, (vec![second], 1));
    let unknown = admin.export_permissions().query("role", "boss").answer().await;
    unknown.problem(400, "invalid_parameter");

    let replaced = json!({ "subject": subject, "dataset": "usage-logs", "canCreate": true });
    let answer: Value = admin.put_at(&path, &replaced).answer().await.good().json();
    assert_eq!(
        (&answer["permission"]["id"], &answer["permission"]["rowsMax"]),
        (&json!(first), &Value::Null)
    );
    let taken = admin.put_at(&path, &json!({ "role": "MEMBER", "canCreate": true }));
    taken.answer().await.problem(409, "permission_exists");
    revoke(&exports, first).await;
    for request in [
        admin.at(&path),
        admin.put_at(&path, &replaced),
        admin.delete_at(&path),
        admin.at(&Actor::export_permission_address("x")),
    ] {
        request.answer().await.problem(404, "unknown_permission");
    }
    let of_changes = "select string_agg(action || ' ' || (details->>'of'), ', ' order by at, id) from decant.audit \
                      where action like 'export_permission%'";
    let expected = format!(
        "export_permission_granted {subject}, export_permission_granted MEMBER, export_permission_granted {subject}, \
         export_permission_revoked {subject}"
    );
    let recorded =
        async || (exports.state.text(of_changes).await.as_deref() == Some(&*expected)).then_some(());
    wait_for("the records", Duration::from_secs(10), recorded).await;
}

#[tokio::test]
async fn a_refusal_is_recorded_and_without_a_state_database_there_are_no_rows() {
    let exports = Exports::start(&[]).await;
    let (user, _) = exports.app.user().await;
    grant(&exports, &json!({ "role": "user", "canCreate": false })).await;
    user.export("usage-logs")
        .answer()
        .await
        .problem(403, "export_not_permitted");
    let records = "select count(*)::text from decant.audit where action = 'export_refused' \
                   and details->>'dataset' = 'usage-logs' and details->>'right' = 'Create'";
    let recorded = async || (exports.state.text(records).await.as_deref() == Some("1")).then_some(());
    wait_for("the record", Duration::from_secs(10), recorded).await;

    let without = exports.another_server(&[("STATE_DSN", "none")]).await;
    let there = Actor::new(&without.address);
    let (_, of_hub) = exports.app.user().await;
    let there = there.with_token(&of_hub.key);
    there.export("usage-logs").answer().await.good();
    let admin = Actor::new(&without.address).with_token(decant_tests::server::ADMIN_TOKEN);
    let list = admin.export_permissions().answer().await;
    list.problem(503, "no_state_database");
}
