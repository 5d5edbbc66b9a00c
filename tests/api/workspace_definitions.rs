//! A site declares its own workspaces and datasets of workspaces.

use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::workspaces::{self, ACME, MEMBER, user};
use serde_json::{Value, json};

/// Tables of a site that calls workspaces teams, and has numbers and texts as ids.
const TEAMS: &str = "create table team (id bigint primary key, title text); \
    create table seat (team bigint, login text, level int); create table note (id int primary key, team bigint, body text); \
    insert into team values (1, 'One'), (2, 'Two'); \
    insert into seat values (1, 'ada', 9), (2, 'bob', 1), (2, 'eve', 7); \
    insert into note values (1, 1, 'first'), (2, 2, 'second'), (3, 2, 'third')";

const WORKSPACES: &str = r#"
membership = """
select case when level > 5 then 'OWNER' when level > 0 then 'MEMBER' end
from seat where team = {workspace} and login = {subject}"""
list = """
select t.id, t.title as name, case when s.level > 5 then 'OWNER' else 'MEMBER' end as role
from team t join seat s on s.team = t.id where s.login = {subject} order by t.id"""
all = "select id, title as name from team order by id"
"#;

const NOTES: &str = r#"
name = "notes"
title = "Notes"
access = "workspace"
workspace = "n.team"
export = "OWNER"
order = ["id"]
from = "note n"

[[column]]
name = "id"
label = "ID"
sql = "n.id"

[[column]]
name = "body"
label = "Body"
sql = "n.body"
"#;

/// A bundle whose files are named after the team.
const TEAM: &str = r#"
name = "team"
title = "Team"
export_type = "team"
access = "workspace"
export = "OWNER"
formats = ["json"]
default_format = "json"
file_name = "team-{workspace}"

[[part]]
name = "notes"
dataset = "notes"
"#;

/// Starts a server on the teams.
async fn teams(definitions: &[(&str, &str)]) -> App {
    let database = Database::empty().await;
    database.execute(TEAMS).await;
    let folder = folder();
    std::fs::create_dir(folder.path().join("bundles")).expect("the folder is ours");
    for (file, text) in definitions {
        std::fs::write(folder.path().join(file), text).expect("the folder is ours");
    }
    let setting = (
        "DECANT_DATASETS_DIR",
        folder.path().to_str().expect("the name is plain"),
    );
    App::start_on(database, &[setting, ("DECANT_BUILT_IN_DATASETS", "false")]).await
}

/// Returns a client of the user with this name.
fn login(app: &App, name: &str) -> decant_tests::actors::Actor {
    let claims = json!({ "sub": name, "exp": decant_tests::tokens::seconds_from_now(600) });
    let token = decant_tests::tokens::signed_with_secret(decant_tests::server::JWT_SECRET, &claims);
    app.anonymous().with_token(&token)
}

#[tokio::test]
async fn a_site_maps_its_own_tables() {
    let app = teams(&[("workspaces.toml", WORKSPACES), ("notes.toml", NOTES)]).await;
    let listed: Value = login(&app, "eve").workspaces().answer().await.good().json();
    let two = json!({ "id": "2", "name": "Two", "slug": null, "role": "OWNER" });
    assert_eq!(listed["workspaces"], json!([two]));

    let rows = login(&app, "eve")
        .rows("notes")
        .query("workspace", "2")
        .answer()
        .await;
    assert_eq!(rows.raw_rows().whole().bytes, b"2\tsecond\n3\tthird\n");
    let page = login(&app, "bob")
        .page("notes")
        .query("workspace", "2")
        .answer()
        .await;
    assert_eq!(page.raw_rows().whole().count(), 2);
    let refused = login(&app, "bob")
        .rows("notes")
        .query("workspace", "2")
        .answer()
        .await;
    assert!(refused.problem(403, "role_too_low").detail.contains("OWNER"));
    for (name, workspace) in [
        ("ada", "2"),
        ("eve", "1"),
        ("eve", "02"),
        ("eve", "99999999999999999999"),
        ("eve", "2 or true"),
        ("eve' or true --", "2"),
    ] {
        let refused = login(&app, name)
            .page("notes")
            .query("workspace", workspace)
            .answer()
            .await;
        refused.problem(403, "not_a_member");
    }
    let all: Value = app.admin().workspaces().answer().await.good().json();
    assert_eq!(all["workspaces"].as_array().unwrap().len(), 2);
    app.admin()
        .page("notes")
        .query("workspace", "1")
        .answer()
        .await
        .good();
    app.admin()
        .page("notes")
        .query("workspace", "3")
        .answer()
        .await
        .problem(403, "not_a_member");
}

#[tokio::test]
async fn a_file_has_the_id_if_the_short_name_cannot_be_read() {
    let name_of_file = async |slug: &str| {
        let list = WORKSPACES.replacen(
            "t.title as name,",
            &format!("t.title as name, {slug} as slug,"),
            1,
        );
        let app = teams(&[
            ("workspaces.toml", list.as_str()),
            ("notes.toml", NOTES),
            ("bundles/team.toml", TEAM),
        ])
        .await;
        let export = login(&app, "eve").bundle_export("team").query("workspace", "2");
        let answer = export.answer().await.good();
        answer.header("content-disposition").to_owned()
    };
    let attachment = |name: &str| format!("attachment; filename=\"{name}\"");
    assert_eq!(name_of_file("t.title").await, attachment("team-Two.json"));
    // PostgreSQL cannot convert the title: SQLSTATE 22P02.
    assert_eq!(name_of_file("t.title::int").await, attachment("team-2.json"));
}

#[tokio::test]
async fn a_mistake_in_the_workspaces_makes_their_datasets_unusable_and_is_named() {
    for (from, to, words) in [
        ("from seat where", "from seats where", "seats"),
        ("login = {subject}", "true", "{subject}"),
        ("all = ", "every = ", "every"),
    ] {
        let wrong = WORKSPACES.replacen(from, to, 1);
        let app = teams(&[("workspaces.toml", &wrong), ("notes.toml", NOTES)]).await;
        assert!(app.server.log().contains(words), "{}", app.server.log());
        let listed: Value = app.admin().dataset("notes").answer().await.good().json();
        assert_eq!(listed["available"], false);
        assert!(
            listed["reason"].as_str().unwrap().contains("workspaces.toml"),
            "{listed}"
        );
        // The reason, which administrators see, may have lines of the file.
        let unavailable = app.admin().page("notes").query("workspace", "1");
        assert_eq!(unavailable.answer().await.status, 503);
        let refused = login(&app, "eve")
            .page("notes")
            .query("workspace", "2")
            .answer()
            .await;
        refused.problem(403, "not_a_member");
    }
}

#[tokio::test]
async fn tables_of_a_role_that_is_not_trusted_are_not_used() {
    let database = workspaces::database().await;
    let name = database.text("select current_database()").await.unwrap();
    let role = format!("stranger_of_{name}");
    database
        .execute(format!("create role {role}; grant create on schema public to {role}; alter table workspace_members owner to {role}"))
        .await;
    let app = App::start_on(database, &[]).await;
    let refused = user(&app, MEMBER)
        .count("alerts")
        .query("workspace", ACME)
        .answer()
        .await;
    refused.problem(403, "not_a_member");
    let listed: Value = app.admin().dataset("alerts").answer().await.good().json();
    assert_eq!(listed["available"], false);
    assert!(listed["reason"].as_str().unwrap().contains(&role), "{listed}");
}

#[tokio::test]
async fn tables_are_found_along_the_search_path() {
    let database = Database::empty().await;
    let name = database.text("select current_database()").await.unwrap();
    database
        .execute(format!(
            "create schema brands_of_site; set search_path = brands_of_site; {}; \
             create schema others; create table others.users (id bigint); \
             alter database {name} set search_path = nothing, others, brands_of_site, public",
            workspaces::TABLES
        ))
        .await;
    let app = App::start_on(database, &[]).await;
    for (dataset, count) in [("alerts", 300), ("infringements", 60), ("actions", 120)] {
        let rows = user(&app, MEMBER).rows(dataset).query("workspace", ACME);
        let rows = rows.answer().await.raw_rows().whole();
        assert_eq!(rows.count(), count, "{dataset}");
    }
}

#[tokio::test]
async fn a_table_that_only_one_dataset_lacks_is_named_to_administrators() {
    let database = workspaces::database().await;
    database.execute("drop table users cascade").await;
    let app = App::start_on(database, &[]).await;
    let actions: Value = app.admin().dataset("actions").answer().await.good().json();
    assert_eq!(actions["available"], false);
    let reason = actions["reason"].as_str().unwrap();
    assert!(reason.contains("users"), "{reason}");
    let rows = user(&app, MEMBER).rows("alerts").query("workspace", ACME);
    assert_eq!(rows.answer().await.raw_rows().whole().count(), 300);
}
