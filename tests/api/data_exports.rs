//! Files of everything about one person and of all users, and the figures of exports.

use decant_tests::exports::{Exports, create, wait_until};
use serde_json::{Value, json};

#[tokio::test]
async fn a_person_gets_their_own_data_and_only_administrators_name_another() {
    let exports = Exports::start(&[]).await;
    let (user, admin) = (exports.app.user().await.0, exports.app.admin());
    let body = json!({ "format": "json", "options": { "includeMetadata": true, "compression": false } });
    let answer = user.export_user_data(&body).answer().await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let answer: Value = answer.json();
    assert_eq!(
        (&answer["success"], &answer["export"]["exportType"]),
        (&json!(true), &json!("user_data"))
    );
    let id = answer["export"]["id"].as_str().unwrap();
    wait_until(&user, id, "completed").await;
    let file: Value = user.download_export(id).answer().await.good().json();
    assert!(file["userData"]["username"].is_string(), "{}", file["userData"]);

    let of_another = json!({ "userId": 2 });
    user.export_user_data(&of_another)
        .answer()
        .await
        .problem(403, "forbidden");
    let answer = admin.export_user_data(&of_another).answer().await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.json::<Value>()["export"]["format"], "json");

    user.export_bulk_data(&json!({}))
        .answer()
        .await
        .problem(403, "forbidden");
    let answer = admin.export_bulk_data(&json!({ "format": "csv" })).answer().await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    let encrypted = json!({ "options": { "encryption": true } });
    let problem = user
        .export_user_data(&encrypted)
        .answer()
        .await
        .problem(400, "not_supported");
    assert_eq!(problem.field.as_deref(), Some("options.encryption"));
    user.export_user_data(&json!({ "options": { "sortBy": "name" } }))
        .answer()
        .await
        .problem(400, "invalid_body");
}

#[tokio::test]
async fn the_figures_are_those_of_the_caller_and_of_everybody_for_administrators() {
    let exports = Exports::start(&[]).await;
    let (user, admin) = (exports.app.user().await.0, exports.app.admin());
    let none: Value = user.export_statistics().answer().await.good().json();
    assert_eq!(none["userStats"]["totalExports"], 0);
    assert_eq!(
        (&none["userStats"]["successRate"], &none["systemStats"]),
        (&Value::Null, &Value::Null)
    );
    let answer: Value = user.export_user_data(&json!({})).answer().await.json();
    wait_until(&user, answer["export"]["id"].as_str().unwrap(), "completed").await;
    let own: Value = user.export_statistics().answer().await.good().json();
    let figures = &own["userStats"];
    assert_eq!(
        (&figures["completedExports"], &figures["today"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        (&figures["successRate"], &figures["byFormat"]),
        (&json!(100.0), &json!({ "json": 1 }))
    );
    assert!(figures["totalSize"].as_u64().unwrap() > 0 && figures["averageProcessingMs"].is_u64());
    let system = || admin.export_statistics().query("include_system", "true");
    let all: Value = system().answer().await.good().json();
    assert_eq!(
        (
            &all["userStats"]["totalExports"],
            &all["systemStats"]["totalExports"]
        ),
        (&json!(0), &json!(1))
    );
    let of_all = &all["systemStats"];
    assert_eq!(
        (
            &of_all["byStatus"],
            &of_all["byFormat"],
            &of_all["successRate"],
            &of_all["today"]
        ),
        (
            &json!({ "completed": 1 }),
            &json!({ "json": 1 }),
            &json!(100.0),
            &json!(1)
        )
    );
    let day = &figures["perDay"][0];
    assert_eq!(
        (&day["completed"], &day["size"]),
        (&json!(1), &figures["totalSize"])
    );
    assert_eq!(of_all["perDay"], figures["perDay"]);
    assert_eq!(all["systemStats"]["queue"]["queued"], 0);
    assert_eq!(all["systemStats"]["storage"]["used"], figures["totalSize"]);
    assert_eq!(all["systemStats"]["healthMetrics"][0]["dataset"], "user-data");
    // One that is cancelled before its time counts, too.
    let later = json!({ "dataset": "usage-logs", "format": "csv", "scheduledAt": "2030-01-31T02:00:00Z" });
    let later = create(&user, &later).await;
    user.cancel_export(&later).answer().await.good();
    let own: Value = user.export_statistics().answer().await.good().json();
    let all: Value = system().answer().await.good().json();
    for figures in [&own["userStats"], &all["systemStats"]] {
        assert_eq!(figures["byStatus"], json!({ "cancelled": 1, "completed": 1 }));
        assert_eq!(figures["perDay"][0]["cancelled"], 1, "{figures}");
    }
    // The sums stay when records are removed. Older days are not among the last ones.
    exports.state.execute("delete from decant.data_exports").await;
    exports
        .state
        .execute(
            "insert into decant.export_analytics (date, export_type, dataset, format, scope, total_exports, successful_exports, \
             failed_exports, total_size_bytes) \
             select (now() at time zone 'UTC')::date - days, 'dataset', 'usage-logs', 'csv', 'user', 10, 6, 3, 600 \
             from unnest('{5, 40, 89}'::integer[]) days",
        )
        .await;
    let figures = async |days: &str| {
        let answer = admin
            .export_statistics()
            .query("include_system", "true")
            .query("days", days);
        answer.answer().await.good().json::<Value>()["systemStats"].clone()
    };
    let month = figures("30").await;
    assert_eq!(
        (
            &month["totalExports"],
            &month["byStatus"],
            &month["perDay"].as_array().unwrap().len()
        ),
        (
            &json!(12),
            &json!({ "cancelled": 2, "completed": 7, "failed": 3 }),
            &2
        )
    );
    assert_eq!(month["successRate"], 70.0);
    assert_eq!(month["healthMetrics"][0]["total_exports"], 11, "{month}");
    assert_eq!(figures("90").await["totalExports"], 32);
    for days in ["0", "91", "x"] {
        let answer = admin.export_statistics().query("days", days).answer().await;
        assert_eq!(
            answer.problem(400, "invalid_parameter").field.as_deref(),
            Some("days")
        );
    }
    user.export_statistics()
        .query("include_system", "true")
        .answer()
        .await
        .problem(403, "forbidden");
}
