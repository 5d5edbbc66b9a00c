//! The search in the values that a filter offers.

use decant_tests::actors::Actor;
use decant_tests::app::App;
use serde_json::Value;

use crate::{each, numbers_of_owners};

async fn found(actor: &Actor, dataset: &str, filter: &str, text: &str) -> Vec<String> {
    let answer = actor
        .options(dataset, filter)
        .query("q", text)
        .answer()
        .await
        .good();
    each(&answer.json::<Value>()["options"], "label")
}

/// Returns the whole answer without a search.
async fn offered(actor: &Actor, filter: &str) -> Value {
    actor.options("usage-logs", filter).answer().await.good().json()
}

#[tokio::test]
async fn names_are_found_by_a_part_in_any_case_and_pattern_characters_are_themselves() {
    let app = App::start().await;
    let admin = app.admin();
    for name in ["100% Percent", "under_score", "sla\\shed", "Ünlü", "quote's"] {
        app.database.new_user(&name.replace('\'', "''")).await;
    }
    // A value without a name is shown itself.
    let nameless = app.database.new_user(" ").await.id.to_string();
    for (text, names) in [
        ("% p", &["100% Percent"][..]),
        ("R_S", &["under_score"]),
        ("A\\s", &["sla\\shed"]),
        ("ünLÜ", &["Ünlü"]),
        ("e's", &["quote's"]),
        ("u.*e", &[]),
        (" unDER_ ", &["under_score"]),
        (&nameless, &[&nameless]),
    ] {
        assert_eq!(found(&admin, "usage-logs", "user", text).await, names, "{text}");
        // An alias is the same filter.
        assert_eq!(found(&admin, "usage-logs", "userId", text).await, names, "{text}");
    }
    let all = offered(&admin, "model").await;
    let all = each(&all["options"], "label");
    let with_gpt: Vec<_> = all.iter().filter(|name| name.contains("gpt")).cloned().collect();
    assert!(!with_gpt.is_empty() && with_gpt.len() < all.len());
    assert_eq!(found(&admin, "usage-logs", "model", "GPT").await, with_gpt);
    assert_eq!(found(&admin, "usage-logs", "model", " ").await, all);
}

#[tokio::test]
async fn an_administrator_chooses_from_all_providers_and_a_user_from_those_of_own_rows() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    app.database
        .execute("update providers set name = 'Never used' where id = (select max(id) from providers)")
        .await;
    app.database
        .execute("delete from message_request where provider_id = (select max(id) from providers)")
        .await;
    assert_eq!(
        found(&app.admin(), "usage-logs", "provider", "never").await,
        ["Never used"]
    );
    assert!(found(&user, "usage-logs", "provider", "never").await.is_empty());
    let sql = format!(
        "select distinct p.name from message_request m join providers p on p.id = m.provider_id \
         where m.deleted_at is null and m.user_id = {} order by 1",
        who.id
    );
    let own: Vec<_> = app.database.texts(&sql).await.into_iter().flatten().collect();
    let mut names = each(&offered(&user, "provider").await["options"], "label");
    names.dedup();
    assert_eq!(names, own);
    // Keys have owners.
    let keys = found(&user, "usage-logs", "key", "a").await.len();
    assert!(keys < found(&app.admin(), "usage-logs", "key", "a").await.len());
}

#[tokio::test]
async fn a_search_finds_values_beyond_those_that_are_listed() {
    let app = App::start().await;
    app.database
        .execute("update message_request set model = 'model ' || id || '!', deleted_at = null")
        .await;
    let last = app
        .database
        .text("select max(model) from message_request")
        .await
        .expect("a model");
    let listed = offered(&app.admin(), "model").await;
    assert_eq!(listed["truncated"], true);
    assert!(!each(&listed["options"], "label").contains(&last));
    assert_eq!(
        found(&app.admin(), "usage-logs", "model", &last.to_uppercase()).await,
        [last]
    );
}

/// A log of ten million rows must not make the page wait for its lists.
#[tokio::test]
async fn own_values_are_those_of_the_newest_rows_and_a_search_reads_all() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let add = async |rows: u32, model: &str, hours: u32| {
        let sql = format!(
            "insert into message_request (provider_id, user_id, key, model, created_at) \
             select 1, {id}, (select min(key) from keys where user_id = {id}), '{model}', now() - interval '{hours} hours' \
             from generate_series(1, {rows})",
            id = who.id
        );
        app.database.execute(&sql).await;
    };
    app.database.execute("delete from message_request").await;
    add(1, "retired model", 2).await;
    add(20_000, "new model", 1).await;
    let newest = offered(&user, "model").await;
    assert_eq!(each(&newest["options"], "value"), ["new model"]);
    assert_eq!(newest["truncated"], true);
    assert_eq!(
        found(&user, "usage-logs", "model", "RETIRED").await,
        ["retired model"]
    );
    // An administrator's list is read from an index.
    let all = offered(&app.admin(), "model").await;
    assert_eq!(each(&all["options"], "value"), ["new model", "retired model"]);
}

#[tokio::test]
async fn access_comes_first_and_a_wrong_search_is_refused() {
    let app = App::start().await;
    let (user, _) = app.user().await;
    for (dataset, filter) in [
        ("usage-logs", "user"),
        ("probe-logs", "endpoint"),
        ("probe-logs", "nothing"),
    ] {
        let request = user.options(dataset, filter).query("q", "a");
        request.answer().await.problem(403, "forbidden");
    }
    let options = || app.admin().options("usage-logs", "model");
    let long = "x".repeat(201);
    for request in [
        options().query("q", &long),
        options().query("q", "a").query("q", "b"),
    ] {
        let answer = request.answer().await;
        assert_eq!(
            (answer.status, answer.json::<Value>()["field"].as_str()),
            (400, Some("q"))
        );
    }
    let answer = options().query("query", "a").answer().await;
    assert_eq!(
        answer.problem(400, "unknown_parameter").field.as_deref(),
        Some("query")
    );
}

#[tokio::test]
async fn a_table_without_an_owner_needs_values_that_the_rows_have_too() {
    let definition = numbers_of_owners()
        + r#"
        options = { from = "users u", value = "u.id", label = "u.name" }
        "#;
    let app = App::start_with_datasets(&[&definition], &[]).await;
    let unavailable: Value = app.admin().dataset("numbers").answer().await.good().json();
    let reason = unavailable["reason"].as_str().expect("a reason");
    assert!(reason.contains("options of the filter `n`"), "{reason}");
}
