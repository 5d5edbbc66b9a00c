//! Files of conversations: the addresses below `/api/export`.

use decant_tests::actors::Actor;
use decant_tests::answer::Answer;
use decant_tests::database::Database;
use decant_tests::exports::{Exports, PATIENCE};
use decant_tests::patience::wait_for;
use serde_json::{Value, json};

/// The ordinary user of the demo, who has most of the conversations.
const OWNER: u64 = 2;
/// A user without any.
const OTHER: u64 = 6;

struct Talks {
    exports: Exports,
    owner: Actor,
    other: Actor,
}

impl Talks {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let unlimited = [("EXPORT_RATE_LIMIT", "0")];
        let settings = [&unlimited, settings].concat();
        let exports = Exports::start_on(Database::with_conversations().await, &settings).await;
        let key = async |user| {
            let user = exports.app.database.give_key(user).await;
            exports.app.anonymous().with_token(&user.key)
        };
        let (owner, other) = (key(OWNER).await, key(OTHER).await);
        Self {
            exports,
            owner,
            other,
        }
    }

    async fn number(&self, sql: &str) -> u64 {
        self.exports.app.database.number(sql).await
    }
}

fn all(format: &str) -> Value {
    json!({ "config": { "scope": "all", "format": format } })
}

async fn file(actor: &Actor, answer: &Answer) -> Answer {
    let url = answer.json::<Value>()["file_url"]
        .as_str()
        .expect("the file is complete")
        .to_owned();
    actor.at(&url).answer().await.good()
}

#[tokio::test]
async fn a_small_file_is_complete_in_the_first_answer_and_the_same_each_time() {
    let talks = Talks::start(&[]).await;
    let approved = "select count(*) from conversations where created_by = 2 and status = 'approved'";
    let approved = talks.number(approved).await;
    for (format, media_type) in [
        ("json", "application/json"),
        ("csv", "text/csv; charset=utf-8"),
        ("markdown", "text/markdown; charset=utf-8"),
    ] {
        let answer = talks.owner.export_conversations(&all(format)).answer().await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let export: Value = answer.json();
        let id = export["export_id"].as_str().unwrap();
        assert_eq!(answer.header("location"), format!("/api/export/status/{id}"));
        assert_eq!(export["status"], "completed");
        assert_eq!(export["conversation_count"], approved, "{format}");
        let name = export["filename"].as_str().unwrap();
        assert!(name.starts_with("training-data-all-20"), "{name}");
        assert!(name.contains(&format!("-{approved}.")), "{name}");
        let first = file(&talks.owner, &answer).await;
        assert_eq!(first.header("content-type"), media_type);
        assert_eq!(first.body.len() as u64, export["file_size"].as_u64().unwrap());
        assert!(first.body == file(&talks.owner, &answer).await.body);
    }
    let answer = talks
        .owner
        .export_conversations(&all("jsonl"))
        .answer()
        .await
        .good();
    let lines = file(&talks.owner, &answer).await;
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let count = answer.json::<Value>()["conversation_count"].as_u64().unwrap();
    let lines: Vec<Value> = lines
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert_eq!(lines.len() as u64, count);
    assert!(lines.iter().all(|line| line["messages"].is_array()));
}

#[tokio::test]
async fn a_large_file_is_made_in_the_background() {
    let talks = Talks::start(&[("DECANT_CONVERSATION_THRESHOLD", "2")]).await;
    let answer = talks.owner.export_conversations(&all("json")).answer().await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (202, "2"),
        "{}",
        answer.text()
    );
    let queued: Value = answer.json();
    let id = queued["export_id"].as_str().unwrap();
    assert_eq!(queued["status"], "queued");
    let status = wait_for("the file", PATIENCE, async || {
        let status: Value = talks.owner.conversation_export(id).answer().await.good().json();
        (status["status"] == "completed").then_some(status)
    })
    .await;
    assert_eq!(status["progress"], 100);
    assert_eq!(
        status["message"],
        "Export completed successfully. Download available."
    );
    let url = status["file_url"].as_str().unwrap();
    talks.owner.at(url).answer().await.good();

    // Again, with the body of the record.
    let again = talks.owner.export_conversations_again(id).answer().await;
    assert_eq!(again.status, 202, "{}", again.text());
    assert_ne!(again.json::<Value>()["export_id"], id);
}

#[tokio::test]
async fn selected_and_filtered_conversations_are_those_of_the_caller() {
    let talks = Talks::start(&[]).await;
    let ids = "select id::text from conversations where created_by = 2 order by id limit 2";
    let mut ids: Vec<String> = talks
        .exports
        .app
        .database
        .texts(ids)
        .await
        .into_iter()
        .flatten()
        .collect();
    let foreign = "select id::text from conversations where created_by <> 2 order by id limit 1";
    let foreign = talks
        .exports
        .app
        .database
        .text(foreign)
        .await
        .expect("others have conversations");
    ids.push(foreign.clone());
    let selected = |ids: &[String]| json!({ "config": { "scope": "selected", "format": "json" }, "conversationIds": ids });
    let answer = talks
        .owner
        .export_conversations(&selected(&ids))
        .answer()
        .await
        .good();
    assert_eq!(answer.json::<Value>()["conversation_count"], 2);
    let none = talks
        .owner
        .export_conversations(&selected(&[foreign]))
        .answer()
        .await;
    none.problem(404, "nothing_to_export");
    talks
        .other
        .export_conversations(&all("json"))
        .answer()
        .await
        .problem(404, "nothing_to_export");

    let filtered = |filters: Value| json!({ "config": { "scope": "filtered", "format": "csv", "includeFullContent": false }, "filters": filters });
    let good = "select count(*) from conversations where created_by = 2 and quality_score >= 7";
    let answer = talks
        .owner
        .export_conversations(&filtered(json!({ "qualityScoreMin": 7 })))
        .answer()
        .await
        .good();
    assert_eq!(
        answer.json::<Value>()["conversation_count"],
        talks.number(good).await
    );
    let own = "select count(*) from conversations where created_by = 2";
    let answer = talks
        .owner
        .export_conversations(&filtered(json!({})))
        .answer()
        .await
        .good();
    assert_eq!(
        answer.json::<Value>()["conversation_count"],
        talks.number(own).await
    );
}

#[tokio::test]
async fn mistakes_are_named_and_the_export_of_another_person_is_refused() {
    let talks = Talks::start(&[]).await;
    for (body, member) in [
        (
            json!({ "config": { "scope": "selected", "format": "json" } }),
            "config.scope",
        ),
        (
            json!({ "config": { "scope": "filtered", "format": "json" } }),
            "config.scope",
        ),
        (
            json!({ "config": { "scope": "all", "format": "pdf" } }),
            "config.format",
        ),
    ] {
        let answer = talks.owner.export_conversations(&body).answer().await;
        let problem = answer.problem(400, "invalid_parameter");
        assert_eq!(problem.field.as_deref(), Some(member));
    }
    for body in [
        json!({ "config": { "scope": "some", "format": "json" } }),
        json!({ "config": { "scope": "all", "format": "json", "colour": true } }),
    ] {
        talks
            .owner
            .export_conversations(&body)
            .answer()
            .await
            .problem(400, "invalid_body");
    }
    let export: Value = talks
        .owner
        .export_conversations(&all("json"))
        .answer()
        .await
        .good()
        .json();
    let id = export["export_id"].as_str().unwrap();
    let url = export["file_url"].as_str().unwrap();
    talks
        .other
        .conversation_export(id)
        .answer()
        .await
        .problem(403, "forbidden");
    talks.other.at(url).answer().await.problem(403, "forbidden");
    let nobody = "00000000-0000-4000-8000-000000000000";
    talks
        .owner
        .conversation_export(nobody)
        .answer()
        .await
        .problem(404, "unknown_export");
    talks
        .exports
        .app
        .anonymous()
        .conversation_export(id)
        .answer()
        .await
        .problem(401, "unauthenticated");

    let expire =
        format!("update decant.data_exports set expires_at = now() - '1 second'::interval where id = '{id}'");
    talks.exports.state.execute(expire).await;
    let status: Value = talks.owner.conversation_export(id).answer().await.good().json();
    assert_eq!(
        (status["status"].as_str(), status["file_url"].is_null()),
        (Some("expired"), true)
    );
    talks.owner.at(url).answer().await.problem(410, "export_expired");
}

#[tokio::test]
async fn the_history_has_pages() {
    let talks = Talks::start(&[]).await;
    let history = async |actor: &Actor, query: &[(&str, &str)]| {
        let answer = actor.at("/api/export/history").queries(query).answer().await;
        answer.good().json::<Value>()
    };
    let place = |history: &Value| history["pagination"].clone();
    assert_eq!(
        place(&history(&talks.owner, &[]).await),
        json!({ "page": 1, "limit": 25, "total": 0, "totalPages": 1, "hasNext": false, "hasPrev": false })
    );
    for format in ["json", "csv", "json"] {
        talks
            .owner
            .export_conversations(&all(format))
            .answer()
            .await
            .good();
    }
    let first = history(&talks.owner, &[("limit", "2")]).await;
    assert_eq!(
        place(&first),
        json!({ "page": 1, "limit": 2, "total": 3, "totalPages": 2, "hasNext": true, "hasPrev": false })
    );
    let entry = &first["exports"][0];
    assert_eq!(entry["statusMessage"], "Ready to download");
    assert_eq!(
        (&entry["isDownloadable"], &entry["config"]["scope"]),
        (&json!(true), &json!("all"))
    );
    let beyond = history(&talks.owner, &[("limit", "2"), ("page", "9")]).await;
    assert_eq!(
        (
            beyond["exports"].as_array().unwrap().len(),
            &beyond["pagination"]["hasPrev"]
        ),
        (0, &json!(true))
    );
    assert_eq!(
        place(&history(&talks.owner, &[("format", "csv")]).await)["total"],
        1
    );
    assert_eq!(place(&history(&talks.other, &[]).await)["total"], 0);
    for (name, value) in [("limit", "101"), ("limit", "0"), ("page", "0"), ("page", "x")] {
        let answer = talks
            .owner
            .at("/api/export/history")
            .query(name, value)
            .answer()
            .await;
        let problem = answer.problem(400, "invalid_parameter");
        assert_eq!(problem.field.as_deref(), Some(name));
    }
}
