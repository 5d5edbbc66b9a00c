//! Conversations and their turns, lines for training, and saved files: the datasets of an application's tables beside the
//! hub's.

use std::collections::BTreeSet;

use decant_tests::actors::{Actor, Query};
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::program;
use serde_json::{Value, json};

/// The ordinary user of the demo, who has most of the conversations.
const OWNER: u64 = 2;
/// A user without any.
const OTHER: u64 = 6;

const DATASETS: [&str; 4] = [
    "conversations",
    "conversation-turns",
    "conversation-training",
    "saved-files",
];

struct Talks {
    app: App,
    owner: Actor,
    other: Actor,
}

impl Talks {
    async fn start() -> Self {
        let app = App::start_on(Database::with_conversations().await, &[]).await;
        let owner = app.database.give_key(OWNER).await;
        let other = app.database.give_key(OTHER).await;
        Self {
            owner: app.anonymous().with_token(&owner.key),
            other: app.anonymous().with_token(&other.key),
            app,
        }
    }

    /// The ids of the conversations that meet a condition, the newest first, in SQL of the tests' own.
    async fn ids_in_sql(&self, condition: &str) -> Vec<String> {
        let sql = format!(
            "select id::text from conversations c where {condition} order by c.created_at desc, c.id desc"
        );
        self.app
            .database
            .texts(&sql)
            .await
            .into_iter()
            .flatten()
            .collect()
    }
}

async fn ids(actor: &Actor, query: Query<'_>) -> Vec<String> {
    let request = actor.rows("conversations").query("columns", "id").queries(query);
    let rows = request.answer().await.raw_rows().whole();
    // Columns of the order follow the id.
    let text = String::from_utf8(rows.bytes).expect("rows are UTF-8");
    text.lines()
        .map(|line| line.split('\t').next().unwrap_or_default().to_owned())
        .collect()
}

async fn file(actor: &Actor, dataset: &str, query: Query<'_>) -> String {
    actor.export(dataset).queries(query).answer().await.good().text()
}

#[tokio::test]
async fn each_filter_finds_what_sql_finds() {
    let talks = Talks::start().await;
    let admin = talks.app.admin();
    let of_owner = format!("c.created_by = {OWNER}");
    for (query, condition) in [
        (&[][..], "true"),
        (&[("status", "approved")], "status = 'approved'"),
        (
            &[("status", "approved,rejected"), ("tier", "edge_case")],
            "status in ('approved', 'rejected') and tier = 'edge_case'",
        ),
        (&[("quality_score_min", "5")], "quality_score >= 5"),
        (
            &[("qualityScoreMin", "2.5"), ("qualityScoreMax", "7.25")],
            "quality_score between 2.5 and 7.25",
        ),
        (
            &[
                ("dateFrom", "2025-12-01T00:00:00Z"),
                ("dateTo", "2026-01-01T00:00:00Z"),
            ],
            "created_at between '2025-12-01Z' and '2026-01-01Z'",
        ),
        // A day is meant to its end.
        (
            &[("dateFrom", "2025-12-01"), ("dateTo", "2025-12-31")],
            "created_at >= '2025-12-01Z' and created_at < '2026-01-01Z'",
        ),
        (&[("categories", "billing")], "'billing' = any (category)"),
        (
            &[("categories", "客服"), ("categories", "data, large")],
            "category && '{客服,\"data, large\"}'",
        ),
        (
            &[("searchQuery", "QUOTES \"inside\"")],
            "title ilike '%quotes \"inside\"%'",
        ),
        (&[("search", "files and")], "topic = 'files and streams'"),
        (&[("search", "%")], "false"),
    ] {
        let found = ids(&admin, query).await;
        assert_eq!(found, talks.ids_in_sql(condition).await, "{query:?}");
        let own = talks.ids_in_sql(&format!("{of_owner} and ({condition})")).await;
        assert_eq!(ids(&talks.owner, query).await, own, "{query:?}");
        assert_eq!(ids(&talks.other, query).await, [""; 0], "{query:?}");
    }
    for (name, value) in [
        ("status", "lost"),
        ("tier", "gold"),
        ("qualityScoreMin", "high"),
        ("ids", "7"),
    ] {
        let refused = admin.rows("conversations").query(name, value).answer().await;
        refused.problem(400, "invalid_parameter");
    }
    let options = talks.owner.options("conversations", "categories").answer().await;
    assert!(options.good().text().contains("data, large"));
    let none = talks.other.options("conversations", "categories").answer().await;
    assert!(!none.good().text().contains("billing"));
}

#[tokio::test]
async fn selected_conversations_are_the_callers_of_ten_thousand_ids() {
    let talks = Talks::start().await;
    let own = talks.ids_in_sql(&format!("created_by = {OWNER}")).await;
    let all = talks.ids_in_sql("true").await;
    assert!(own.len() >= 24 && all.len() > own.len());
    let unknown = (all.len()..10_000).map(|at| format!("00000000-0000-4000-8000-{at:012}"));
    let selected: Vec<String> = all.iter().cloned().chain(unknown).collect();
    let body = json!({"filters": {"conversationIds": selected}, "columns": ["id"]});
    for (actor, expected) in [
        (&talks.app.admin(), all.len()),
        (&talks.owner, own.len()),
        (&talks.other, 0),
    ] {
        let rows = actor
            .rows_of_body("conversations", &body)
            .answer()
            .await
            .raw_rows()
            .whole();
        assert_eq!(rows.count(), expected as u64);
    }
    let selected: Vec<_> = selected.iter().chain(&selected[..1]).collect();
    let too_many = talks
        .owner
        .rows_of_body("conversations", &json!({"filters": {"ids": selected}}));
    too_many.answer().await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn owners_see_their_own_and_nobody_else_sees_them() {
    let talks = Talks::start().await;
    for dataset in DATASETS {
        let count = async |actor: &Actor| -> u64 {
            let count: Value = actor.count(dataset).answer().await.good().json();
            count["rows"].as_u64().unwrap()
        };
        let (all, own) = (count(&talks.app.admin()).await, count(&talks.owner).await);
        assert!(all >= own && own > 5, "{dataset}: {own} of {all}");
        assert_eq!(count(&talks.other).await, 0, "{dataset}");
        let anonymous = talks.app.anonymous();
        for request in [
            anonymous.rows(dataset),
            anonymous.export(dataset),
            anonymous.page(dataset),
        ] {
            request.answer().await.problem(401, "unauthenticated");
        }
    }
    let files = "select count(*) from saved_files where user_id = 2 and content_type = 'text/csv'";
    let filtered = talks
        .owner
        .count("saved-files")
        .query("contentType", "text/csv")
        .answer()
        .await;
    assert_eq!(
        filtered.good().json::<Value>()["rows"],
        talks.app.database.number(files).await
    );
    let listed: Value = talks.owner.datasets().answer().await.good().json();
    let is_listed = |name: &str| {
        let datasets = listed["datasets"].as_array().unwrap();
        datasets.iter().find(|dataset| dataset["name"] == name).unwrap()["listed"] != false
    };
    assert_eq!(DATASETS.map(is_listed), [true; 4]);
}

#[tokio::test]
async fn a_line_for_training_is_exactly_the_messages_and_the_metadata() {
    let talks = Talks::start().await;
    // Conversations that no trainer takes are no lines: without a turn or an answer, with a blank message, with another role, and
    // with a late instruction.
    let turns = [
        &[][..],
        &[("user", "Hello")],
        &[("user", " \n"), ("assistant", "Hello")],
        &[("user", "Hello"), ("critic", "Bad"), ("assistant", "Hello")],
        &[("user", "Hello"), ("system", "Be kind"), ("assistant", "Hello")],
    ];
    let any_role = "alter table conversation_turns drop constraint conversation_turns_role_check";
    talks.app.database.execute(any_role).await;
    for turns in turns {
        let mut sql = format!(
            "with c as (insert into conversations (title, status, created_by) values ('Unfit', 'approved', {OWNER}) returning id) \
             insert into conversation_turns (conversation_id, turn_number, role, content) \
             select id, number, role, content from c, (values (0, '', '')"
        );
        for (number, (role, content)) in (1..).zip(turns) {
            sql += &format!(", ({number}, '{role}', '{content}')");
        }
        sql += ") t (number, role, content) where number > 0";
        talks.app.database.execute(sql).await;
    }
    let mut expected = String::new();
    for id in talks
        .ids_in_sql(&format!(
            "created_by = {OWNER} and status = 'approved' and title <> 'Unfit'"
        ))
        .await
    {
        let turns = |column: &str| {
            format!(
                "select {column} from conversation_turns where conversation_id = '{id}' order by turn_number"
            )
        };
        let roles = talks.app.database.texts(&turns("role")).await;
        let contents = talks.app.database.texts(&turns("content")).await;
        let messages: Vec<_> = roles
            .into_iter()
            .zip(contents)
            .map(|(role, content)| {
                let [role, content] = [role, content].map(|text| serde_json::to_string(&text).unwrap());
                format!("{{\"role\":{role},\"content\":{content}}}")
            })
            .collect();
        expected += &format!("{{\"messages\":[{}]}}\n", messages.join(","));
    }
    let approved = [("status", "approved")];
    let plain = [&approved[..], &[("includeMetadata", "false")]].concat();
    assert_eq!(
        file(&talks.owner, "conversation-training", &plain).await,
        expected
    );

    // The same with metadata, by the command line and by the server.
    let with_metadata = file(&talks.owner, "conversation-training", &approved).await;
    assert_eq!(with_metadata.lines().count(), expected.lines().count());
    for (line, plain) in with_metadata.lines().zip(expected.lines()) {
        let messages = plain.strip_suffix('}').unwrap();
        let metadata = line.strip_prefix(messages).expect("the messages come first");
        assert!(
            metadata.starts_with(",\"metadata\":{\"conversation_id\":\""),
            "{metadata}"
        );
        let value: Value = serde_json::from_str(line).unwrap();
        let keys: BTreeSet<_> = value["metadata"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert!(keys.is_superset(&["conversation_id", "title", "tier", "created_at", "updated_at"].into()));
        assert!(
            keys.is_disjoint(&["review_history", "parent_id", "parent_type"].into()),
            "{keys:?}"
        );
        assert!(value["metadata"]["title"].is_string());
    }
    let arguments = ["export", "conversation-training", "--status=approved", "-o", "-"];
    let settings = [("DSN", talks.app.database.dsn.as_str())];
    let of_all = program::run(&arguments, &settings).await.good().stdout;
    let by_server = file(&talks.app.admin(), "conversation-training", &approved).await;
    assert!(by_server.len() > with_metadata.len());
    assert_eq!(String::from_utf8(of_all).unwrap(), by_server);
}

#[tokio::test]
async fn each_switch_adds_or_removes_its_members() {
    let talks = Talks::start().await;
    let with_parent = "parent_id is not null and status = 'approved' and quality_score is not null";
    let id = &talks.ids_in_sql(with_parent).await[0];
    let admin = talks.app.admin();
    let metadata = async |switch: &str, value: &str| -> BTreeSet<String> {
        let line = file(&admin, "conversation-training", &[("ids", id), (switch, value)]).await;
        let line: Value = serde_json::from_str(&line).unwrap();
        line["metadata"].as_object().unwrap().keys().cloned().collect()
    };
    let columns = async |dataset: &str, switch: &str, value: &str| -> BTreeSet<String> {
        let request = admin.rows(dataset).query("limit", "1").query(switch, value);
        let header = request.answer().await.raw_rows().header;
        let shown = header.columns.into_iter().filter(|column| !column.hidden);
        shown.map(|column| column.name).collect()
    };
    let usual = metadata("includeMetadata", "true").await;
    for (switch, given, members) in [
        ("includeQualityScores", "false", &["quality_score"][..]),
        ("includeTimestamps", "false", &["created_at", "updated_at"]),
        ("includeApprovalHistory", "true", &["review_history"]),
        ("includeParentReferences", "true", &["parent_id", "parent_type"]),
    ] {
        let members: BTreeSet<_> = members.iter().map(|member| (*member).to_owned()).collect();
        let changed = metadata(switch, given).await;
        assert_eq!(&changed ^ &usual, members, "{switch}");
        for dataset in ["conversations", "conversation-turns"] {
            let usual = columns(dataset, "includeMetadata", "true").await;
            assert_eq!(
                &columns(dataset, switch, given).await ^ &usual,
                members,
                "{switch} of {dataset}"
            );
        }
    }
    // Nulls within the history stay.
    let history = r#"[{"by":"Ann","comment":null}]"#;
    let sql = format!("update conversations set review_history = '{history}' where id = '{id}'");
    talks.app.database.execute(sql).await;
    let with_history = [("ids", id.as_str()), ("includeApprovalHistory", "true")];
    let line = file(&admin, "conversation-training", &with_history).await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        line["metadata"]["review_history"],
        json!([{ "by": "Ann", "comment": null }])
    );
    let without = columns("conversation-turns", "includeMetadata", "false").await;
    assert!(without.is_disjoint(&["persona", "emotion", "topic"].map(str::to_owned).into()));
    assert_eq!(
        columns("conversation-training", "includeMetadata", "false")
            .await
            .len(),
        1
    );

    let cut = file(
        &admin,
        "conversation-training",
        &[("includeFullContent", "false")],
    )
    .await;
    let mut longest = 0;
    for line in cut.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        for message in line["messages"].as_array().unwrap() {
            let content = message["content"].as_str().unwrap();
            longest = longest.max(content.chars().count());
            assert!(content.chars().count() <= 200 || content.ends_with('…'));
        }
    }
    assert_eq!(longest, 201);
}

#[tokio::test]
async fn json_has_conversations_with_their_turns_and_csv_a_row_for_each_turn() {
    let talks = Talks::start().await;
    let sql = format!("select sum(total_turns) from conversations where created_by = {OWNER}");
    let turns = talks.app.database.number(&sql).await;
    let nested: Vec<Value> = serde_json::from_str(&file(&talks.owner, "conversations", &[]).await).unwrap();
    let mut of_json = Vec::new();
    for conversation in &nested {
        let turns = conversation["turns"].as_array().unwrap();
        assert_eq!(conversation["total_turns"], turns.len());
        assert!(conversation["category"].is_array());
        of_json.extend(
            turns
                .iter()
                .map(|turn| turn["content"].as_str().unwrap().to_owned()),
        );
    }
    assert_eq!(of_json.len() as u64, turns);

    let csv = [("guard", "none"), ("bom", "false"), ("header", "name")];
    let csv = file(&talks.owner, "conversation-turns", &csv).await;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let headings: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(
        headings,
        [
            "conversation_id",
            "title",
            "status",
            "tier",
            "turn_number",
            "role",
            "content",
            "quality_score",
            "persona",
            "emotion",
            "topic",
            "created_at",
            "updated_at",
            "token_count"
        ]
    );
    let content = 6;
    let of_csv: Vec<_> = reader
        .records()
        .map(|row| row.unwrap()[content].to_owned())
        .collect();
    assert_eq!(of_csv, of_json);
}

#[tokio::test]
async fn pages_of_turns_are_the_whole_in_order() {
    let talks = Talks::start().await;
    let whole = talks
        .owner
        .rows("conversation-turns")
        .answer()
        .await
        .raw_rows()
        .whole();
    let (mut pages, mut after): (_, Option<String>) = (Vec::new(), None);
    loop {
        let page = talks.owner.page("conversation-turns").query("limit", "97");
        let page = match &after {
            Some(after) => page.query("after", after),
            None => page,
        };
        let page = page.answer().await.raw_rows().whole();
        pages.extend_from_slice(&page.bytes);
        match page.end.and_then(|end| end.cursor) {
            Some(cursor) if pages.len() < whole.bytes.len() => after = Some(cursor),
            _ => break,
        }
    }
    assert!(pages == whole.bytes, "the pages differ from the whole");
}

#[tokio::test]
async fn markdown_of_turns_is_a_transcript_unless_a_table_is_wanted() {
    let talks = Talks::start().await;
    let approved = [("format", "markdown"), ("status", "approved")];
    let conversations = talks
        .ids_in_sql(&format!("created_by = {OWNER} and status = 'approved'"))
        .await;
    let transcript = file(&talks.owner, "conversation-turns", &approved).await;
    let ids = |file: &str| -> Vec<String> {
        let ids = file
            .lines()
            .filter_map(|line| line.strip_prefix("- **Conversation ID:** "));
        ids.map(str::to_owned).collect()
    };
    assert_eq!(ids(&transcript), conversations);
    assert!(transcript.contains("- **Status:** approved\n- **Tier:** "));
    assert!(transcript.contains("\n### 1 · User\n") && !transcript.contains("**Review History**"));
    let reviewed = [&approved[..], &[("includeApprovalHistory", "true")]].concat();
    let reviewed = file(&talks.owner, "conversation-turns", &reviewed).await;
    assert_eq!(
        reviewed.matches("\n**Review History**\n").count(),
        conversations.len()
    );

    let table = [&approved[..], &[("layout", "table")]].concat();
    let table = file(&talks.owner, "conversation-turns", &table).await;
    assert!(
        table.starts_with("| Conversation ID | Title |"),
        "{}",
        &table[..200]
    );
    let named = talks
        .owner
        .export("conversation-training")
        .query("includeMetadata", "false");
    let named = named.answer().await.good();
    let name = named.header("content-disposition");
    assert!(
        name.contains("\"training-data-own-2") && name.ends_with(".jsonl\""),
        "{name}"
    );
}
