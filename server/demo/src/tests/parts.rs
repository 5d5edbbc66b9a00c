//! The tables of an application beside the hub's.

use super::*;

/// Makes the parts alone, as large as those of a demo with this number of usage rows.
async fn with_parts(scale: u64) -> Database {
    let mut database = Database::new().await;
    let plan = Plan { scale, ..plan(0) };
    create_schema(&mut database.connection, &plan).await.unwrap();
    fill(&mut database.connection, &plan, |_| {}).await.unwrap();
    database
}

#[tokio::test]
async fn a_full_demo_has_the_promised_numbers_and_a_message_of_five_megabytes() {
    let mut database = with_parts(1_000_000).await;
    for (table, rows) in [
        ("conversations", 2_000),
        ("workspaces", 3),
        ("brands", 12),
        ("brand_alerts", 50_000),
        ("brand_infringements", 5_000),
        ("infringement_actions", 8_000),
    ] {
        let count = database
            .number(&format!("select count(*) from public.{table}"))
            .await;
        assert_eq!(count, rows, "{table}");
    }
    let lengths = "from (select max(octet_length(content)) as longest from conversation_turns group by conversation_id) t";
    assert_eq!(
        database
            .number(&format!(
                "select count(*) {lengths} where longest between 5000000 and 5100000"
            ))
            .await,
        1
    );
    assert_eq!(
        database
            .number(&format!("select count(*) {lengths} where longest > 20000"))
            .await,
        1
    );
    let turns = "from (select count(*) as turns from conversation_turns group by conversation_id) t";
    assert_eq!(database.number(&format!("select min(turns) {turns}")).await, 2);
    assert_eq!(database.number(&format!("select max(turns) {turns}")).await, 40);
    database.end().await;
}

#[tokio::test]
async fn a_small_demo_has_every_status_role_and_awkward_text() {
    let mut database = with_parts(1).await;
    for (what, sql) in [
        (
            "statuses and tiers",
            "select 24 - count(*) from (select distinct status, tier from conversations where created_by = 2) t",
        ),
        (
            "sums of turns",
            "select count(*) from conversations c where total_turns <> (select count(*) from conversation_turns t \
             where t.conversation_id = c.id) or total_tokens <> (select sum(token_count) from conversation_turns t \
             where t.conversation_id = c.id)",
        ),
        (
            "reviews of approved conversations",
            "select count(*) from conversations where (status = 'approved') <> (approved_at is not null) \
             or (status = 'approved' and review_history -> 0 ->> 'action' <> 'approved')",
        ),
        (
            "rows after the end",
            "select count(*) from conversations where updated_at > '2026-01-28T15:00:00Z' or updated_at < created_at",
        ),
        (
            "severities and statuses of alerts",
            "select 4 - count(distinct severity) + 4 - count(distinct status) from brand_alerts",
        ),
        (
            "types and statuses of infringements",
            "select 8 - count(distinct type) + 5 - count(distinct status) from brand_infringements",
        ),
        (
            "types and statuses of actions",
            "select 6 - count(distinct action_type) + 5 - count(distinct status) from infringement_actions",
        ),
        (
            "alerts of another brand or workspace",
            "select count(*) from brand_alerts a join brands b on b.id = a.brand_id \
             left join brand_infringements i on i.id = a.infringement_id \
             left join brand_monitors m on m.id = a.monitor_id \
             where a.workspace_id <> b.workspace_id or i.brand_id <> b.id or m.brand_id <> b.id",
        ),
        (
            "workspaces without a role",
            "select count(*) from workspaces w, unnest('{OWNER,ADMIN,MEMBER}'::text[]) r \
             where not exists (select from workspace_members m where m.workspace_id = w.id and m.role = r)",
        ),
        (
            "workspaces of the ordinary user beside two",
            "select 2 - count(*) from workspace_members where user_id = 2",
        ),
        (
            "workspaces of the user who is in none",
            "select count(*) from workspace_members where user_id = 10",
        ),
        (
            "members who are no users",
            "select count(*) from workspace_members m where not exists (select from users u where u.id = m.user_id)",
        ),
        (
            "names that two workspaces share, beside one",
            "select 1 - count(*) from (select name from brands group by name having count(*) > 1) t",
        ),
    ] {
        let found = database.number(sql).await;
        assert_eq!(found, 0, "{what}");
    }
    for (what, pattern) in [
        ("code", "```rust"),
        ("Chinese", "[一-龥]"),
        ("right-to-left text", "[א-ي]"),
        ("formulas", "^=1[+]1$"),
        ("quotes", "\""),
        ("newlines", "\\r\\n"),
    ] {
        let sql = format!("select count(*) from conversation_turns where content ~ E'{pattern}'");
        assert!(database.number(&sql).await > 0, "no {what}");
    }
    assert!(
        database
            .number("select count(*) from saved_files where user_id = 2")
            .await
            > 0
    );
    database.end().await;
}

#[tokio::test]
async fn parts_are_made_once_and_only_when_wanted() {
    let mut database = Database::new().await;
    let only = |parts: &[Part]| Plan {
        parts: parts.to_vec(),
        ..plan(100)
    };
    let conversations = only(&[Part::Conversations]);
    create_schema(&mut database.connection, &conversations)
        .await
        .unwrap();
    for added in [24, 0] {
        let summary = fill(&mut database.connection, &conversations, |_| {})
            .await
            .unwrap();
        assert_eq!(summary.parts, [(Part::Conversations, added)]);
    }
    let tables = "select count(*) from pg_tables where schemaname = 'public'";
    assert_eq!(database.number(tables).await, 9);
    let summary = fill(&mut database.connection, &plan(100), |_| {}).await.unwrap();
    assert_eq!(
        summary.parts,
        [(Part::Conversations, 0), (Part::Brands, 60), (Part::Files, 20)]
    );
    assert_eq!(database.number(tables).await, 17);
    database.end().await;
}

#[tokio::test]
async fn a_table_with_the_name_of_a_part_is_named_and_stays() {
    let mut database = Database::new().await;
    database
        .run("create table workspaces (id int); insert into workspaces values (7)")
        .await;
    let refusal = create_schema(&mut database.connection, &plan(10))
        .await
        .unwrap_err();
    assert!(refusal.to_string().contains("public.workspaces"), "{refusal}");
    assert_eq!(
        database
            .number("select count(*) from pg_tables where schemaname = 'public'")
            .await,
        1
    );

    // Without that part there is nothing in the way.
    let others = Plan {
        parts: vec![Part::Conversations, Part::Files],
        ..plan(10)
    };
    create_schema(&mut database.connection, &others).await.unwrap();
    fill(&mut database.connection, &others, |_| {}).await.unwrap();
    let refusal = fill(&mut database.connection, &plan(10), |_| {})
        .await
        .unwrap_err();
    assert!(matches!(refusal, DemoError::NotOurs(_)), "{refusal}");
    assert_eq!(database.number("select count(*) from message_request").await, 10);
    assert_eq!(database.number("select id from workspaces").await, 7);

    database.run("drop table conversation_turns").await;
    let refusal = fill(&mut database.connection, &others, |_| {}).await.unwrap_err();
    let text = refusal.to_string();
    assert!(
        text.contains("public.conversations") && text.contains("public.conversation_turns"),
        "{text}"
    );
    database.end().await;
}
