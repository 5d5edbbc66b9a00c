//! Bundles: who may have whose data, one snapshot, and files that are whole or none.

use std::time::Duration;

use decant_tests::actors::{Actor, Query, rest_of};
use decant_tests::app::App;
use decant_tests::database::{Database, HubUser};
use decant_tests::definitions::{Definitions, FAILING, NUMBERS};
use decant_tests::patience::wait_for;
use decant_tests::raw_rows::RawRows;
use decant_tests::zip::entries;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use crate::each;

const SOON: Duration = Duration::from_secs(10);

/// Returns the JSON file of a bundle.
async fn json(actor: &Actor, name: &str, query: Query<'_>) -> Value {
    actor
        .bundle_export(name)
        .queries(query)
        .answer()
        .await
        .good()
        .json()
}

/// Returns the rows of a part of a file, without what differs from export to export.
fn rows<'a>(file: &'a Value, part: &str) -> &'a Vec<Value> {
    file[part]
        .as_array()
        .unwrap_or_else(|| panic!("{part} is no list: {file}"))
}

async fn another_user(app: &App) -> (Actor, HubUser) {
    let user = app.database.new_user("Somebody Else").await;
    (app.anonymous().with_token(&user.key), user)
}

#[tokio::test]
async fn a_user_gets_own_data_and_an_administrator_that_of_a_named_person() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let (other, stranger) = another_user(&app).await;

    let own = json(&user, "user-data", &[]).await;
    assert_eq!(own["exportMetadata"]["exportType"], "user_data");
    assert_eq!(own["userData"]["user_id"], who.id);
    let logs = app.database.usage_rows(&format!("m.user_id = {}", who.id)).await;
    assert_eq!(rows(&own, "usageLogs").len() as u64, logs);
    assert_eq!(own["totals"]["usageLogs"], logs);
    let keys = format!("select count(*) from keys where user_id = {}", who.id);
    assert_eq!(rows(&own, "keys").len() as u64, app.database.number(&keys).await);
    let sessions = format!(
        "select count(distinct session_id) from message_request where user_id = {} and deleted_at is null",
        who.id
    );
    assert_eq!(
        rows(&own, "sessions").len() as u64,
        app.database.number(&sessions).await
    );
    let text = own.to_string();
    let secrets = app.database.texts("select key from keys").await;
    for secret in secrets.iter().flatten() {
        assert!(!text.contains(secret.as_str()), "the file has a key");
    }

    let id = who.id.to_string();
    let mut named = json(&app.admin(), "user-data", &[("userId", &id)]).await;
    named["exportMetadata"]["exportDate"] = own["exportMetadata"]["exportDate"].clone();
    assert_eq!(named, own);

    let of_stranger = json(&other, "user-data", &[]).await;
    assert_eq!(of_stranger["userData"]["user_id"], stranger.id);
    assert!(rows(&of_stranger, "usageLogs").is_empty());
    assert_eq!(rows(&of_stranger, "keys").len(), 1);
    for id in ["99999999", "nobody"] {
        let request = app.admin().bundle_export("user-data").query("userId", id);
        let refused = request.answer().await.problem(404, "nothing_to_export");
        assert!(refused.detail.contains("`userData`"), "{}", refused.detail);
        let request = app.admin().bundle_rows("user-data").query("userId", id);
        request.answer().await.problem(404, "nothing_to_export");
    }
}

#[tokio::test]
async fn access_comes_before_parameters_and_a_missing_person_is_named() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let id = who.id.to_string();
    for name in ["user-data", "bulk-data"] {
        for request in [
            app.anonymous().bundle_rows(name),
            app.anonymous().bundle_export(name),
        ] {
            let refused = request.query("colour", "red").answer().await;
            refused.problem(401, "unauthenticated");
        }
    }
    app.anonymous()
        .bundles()
        .answer()
        .await
        .problem(401, "unauthenticated");
    for request in [
        user.bundle_rows("bulk-data").query("colour", "red"),
        user.bundle_export("bulk-data").query("format", "nonsense"),
        user.bundle_rows("user-data")
            .query("userId", &id)
            .query("colour", "red"),
        user.bundle_export("user-data")
            .query("userId", "1")
            .query("colour", "red"),
    ] {
        request.answer().await.problem(403, "forbidden");
    }

    let missing = app.admin().bundle_rows("user-data").answer().await;
    let missing = missing.problem(400, "invalid_parameter");
    assert_eq!(missing.field.as_deref(), Some("userId"));
    for (query, field, said) in [
        (("after", "MQ"), "after", "one snapshot"),
        (("as_of", "2026-01-28"), "as_of", "one snapshot"),
        (("colour", "red"), "colour", "userId, start, end"),
        (("columns", "id"), "columns", "not a parameter"),
        (("start", "yesterday"), "start", "not a time"),
        (("zone", "Mars/Olympus"), "zone", "is wrong"),
        (("includeSystemFields", "perhaps"), "includeSystemFields", ""),
    ] {
        let refused = app
            .admin()
            .bundle_rows("user-data")
            .queries(&[query, ("userId", &id)])
            .answer()
            .await;
        assert_eq!(refused.status, 400, "{query:?}: {}", refused.text());
        let refused: Value = refused.json();
        assert_eq!(refused["field"], field);
        assert!(refused["detail"].as_str().unwrap().contains(said), "{refused}");
    }
    for (format, said) in [
        ("markdown", "this bundle can have json, csv"),
        ("nonsense", "format"),
    ] {
        let refused = user
            .bundle_export("user-data")
            .query("format", format)
            .answer()
            .await;
        let refused = refused.problem(400, "invalid_parameter");
        assert!(refused.detail.contains(said), "{}", refused.detail);
    }
    let twice = [("zone", "UTC"), ("zone", "Europe/Berlin")];
    let refused = user.bundle_rows("user-data").queries(&twice).answer().await;
    assert_eq!(refused.status, 400);
    let no_times = app
        .admin()
        .bundle_rows("bulk-data")
        .query("start", "2026-01-01")
        .answer()
        .await;
    assert!(
        no_times
            .problem(400, "invalid_parameter")
            .detail
            .contains("has times")
    );
    let id = app
        .admin()
        .bundle_rows("bulk-data")
        .query("userId", "1")
        .answer()
        .await;
    assert_eq!(id.status, 400);
    app.admin()
        .bundle_rows("nonsense")
        .answer()
        .await
        .problem(404, "unknown_bundle");
}

#[tokio::test]
async fn bundles_are_listed_for_those_who_may_see_them_with_the_parts_that_exist() {
    let app = App::start().await;
    let (user, _) = app.user().await;
    let listed: Value = app.admin().bundles().answer().await.good().json();
    assert_eq!(each(&listed["bundles"], "name"), ["user-data", "bulk-data"]);
    let bundle = &listed["bundles"][0];
    assert_eq!(
        (&bundle["of_person"], &bundle["formats"][0]),
        (&true.into(), &"json".into())
    );
    let parts = each(&bundle["parts"], "name");
    for part in ["userData", "keys", "sessions", "usageLogs"] {
        assert!(
            parts.iter().any(|known| known == part),
            "{part} is missing: {parts:?}"
        );
    }
    let listed: Value = user.bundles().answer().await.good().json();
    assert_eq!(each(&listed["bundles"], "name"), ["user-data"]);

    // Without the hub's tables there is no part, and the list has the bundle of no application.
    let app = App::start_on(Database::empty().await, &[]).await;
    let listed: Value = app.admin().bundles().answer().await.good().json();
    assert_eq!(listed["bundles"].as_array().map(Vec::len), Some(0));
    let refused = app.admin().bundle_rows("bulk-data").answer().await;
    refused.problem(503, "bundle_unavailable");
}

#[tokio::test]
async fn the_bulk_file_has_all_users_and_their_number() {
    let app = App::start().await;
    let file = json(&app.admin(), "bulk-data", &[]).await;
    let users = app.database.number("select count(*) from users").await;
    assert_eq!(rows(&file, "users").len() as u64, users);
    assert_eq!(file["statistics"]["total_users"], users);
    assert_eq!(file["exportMetadata"]["exportType"], "bulk_data");
}

#[tokio::test]
async fn where_there_are_files_users_have_their_number() {
    let database = Database::new().await;
    database
        .execute(
            "create table if not exists saved_files (file_id uuid primary key default gen_random_uuid(), user_id integer not null, \
             file_name text not null, file_path text not null, file_size bigint not null, content_type text, \
             system_tags jsonb not null default '[]', user_tags jsonb not null default '[]', \
             metadata jsonb not null default '{}', uploaded_at timestamptz not null default now()); \
             insert into saved_files (user_id, file_name, file_path, file_size) \
             select id, 'a', 'b', 1000 from users order by id limit 3",
        )
        .await;
    let app = App::start_on(database, &[]).await;
    let (user, who) = app.user().await;
    let of_user = format!("from saved_files where user_id = {}", who.id);
    let count = app.database.number(&format!("select count(*) {of_user}")).await;
    let own = json(&user, "user-data", &[]).await;
    assert_eq!(own["userData"]["file_count"], count);

    let file = json(&app.admin(), "bulk-data", &[]).await;
    let sum = |column: &str| -> u64 {
        let values = rows(&file, "users").iter().map(|user| &user[column]);
        values.map(|value| value.as_u64().expect("a number")).sum()
    };
    let files = app.database.number("select count(*) from saved_files").await;
    let bytes = app
        .database
        .number("select sum(file_size) from saved_files")
        .await;
    assert!(files >= 3);
    assert_eq!((sum("file_count"), sum("total_storage_used")), (files, bytes));
    assert_eq!(file["statistics"]["total_files"], files);
    let owners = app
        .database
        .texts("select user_id::text from saved_files order by 1")
        .await;
    let mut named: Vec<_> = rows(&file, "files")
        .iter()
        .map(|file| file["user_id"].to_string())
        .collect();
    named.sort();
    assert_eq!(named, owners.into_iter().flatten().collect::<Vec<_>>());
    assert_eq!(file["statistics"]["total_storage_used"], bytes);
}

#[tokio::test]
async fn parts_with_times_are_narrowed_and_a_day_is_meant_to_its_end() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let own = format!("m.user_id = {}", who.id);
    let times = format!("select m.created_at from message_request m where {own} order by 1");
    let times = app.database.texts(&times).await;
    let day = &times[times.len() / 2].as_ref().unwrap()[..10];
    let file = json(&user, "user-data", &[("start", day), ("end", day)]).await;
    let within = format!(
        "{own} and m.created_at >= '{day}+00' and m.created_at < '{day}+00'::timestamptz + interval '1 day'"
    );
    let expected = app.database.usage_rows(&within).await;
    assert!(expected > 0);
    assert_eq!(rows(&file, "usageLogs").len() as u64, expected);
    assert_eq!(file["userData"]["user_id"], who.id);
}

#[tokio::test]
async fn the_files_of_the_archive_are_those_of_the_datasets_alone() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let id = who.id.to_string();
    let archive = user
        .bundle_export("user-data")
        .query("format", "csv")
        .answer()
        .await
        .good();
    assert_eq!(archive.header("content-type"), "application/zip");
    let name = archive.header("content-disposition").to_owned();
    assert!(
        name.contains(&format!("filename=\"user_data_{}_", who.id)) && name.contains(".zip"),
        "{name}"
    );
    let by_admin = app
        .admin()
        .bundle_export("user-data")
        .queries(&[("format", "csv"), ("userId", &id)])
        .answer()
        .await
        .good();
    assert_eq!(by_admin.header("content-disposition")[..40], name[..40]);
    let (files, of_admin) = (entries(&archive.body), entries(&by_admin.body));
    let (manifest, csvs) = files.split_last().unwrap();
    assert_eq!(manifest.0, "manifest.json");
    let manifest: Value = serde_json::from_slice(&manifest.1).unwrap();
    assert_eq!(
        each(&manifest["parts"], "file"),
        csvs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    );
    for (at, (name, csv)) in csvs.iter().enumerate() {
        let part = &manifest["parts"][at];
        assert_eq!(part["bytes"], csv.len());
        assert!(of_admin[at].1 == *csv, "{name} differs for the administrator");
        let dataset = part["dataset"].as_str().unwrap();
        let described: Value = user.dataset(dataset).answer().await.good().json();
        if !described["formats"].as_array().unwrap().contains(&"csv".into()) {
            continue;
        }
        // The sessions of the bundle are of all days.
        let days: Query<'_> = if dataset == "sessions" {
            &[("days", "36500")]
        } else {
            &[]
        };
        let alone = user
            .export(dataset)
            .query("format", "csv")
            .queries(days)
            .answer()
            .await
            .good();
        assert!(alone.body == *csv, "{name} differs from the file of {dataset}");
    }
    for format in ["xml", "xlsx", "html"] {
        let file = user
            .bundle_export("user-data")
            .query("format", format)
            .answer()
            .await
            .good();
        assert!(file.body.len() > 1000, "{format}");
    }
}

#[tokio::test]
async fn the_stream_has_a_header_and_an_end_record_for_each_part() {
    let app = App::start().await;
    let (user, _) = app.user().await;
    let head = user
        .request(reqwest::Method::HEAD, "/api/bundles/user-data/rows")
        .answer()
        .await
        .good();
    assert_eq!(
        head.header("content-type"),
        "application/vnd.decant.bundle; version=1"
    );
    let answer = user.bundle_rows("user-data").answer().await.good();
    assert_eq!(
        answer.header("content-type"),
        "application/vnd.decant.bundle; version=1"
    );
    let parts = RawRows::parts(&answer.decompressed());
    let names: Vec<_> = parts
        .iter()
        .map(|part| part.header.part.as_deref().unwrap())
        .collect();
    assert_eq!(names[..2], ["userData", "keys"]);
    let times: Vec<_> = parts.iter().map(|part| part.header.as_of.clone()).collect();
    for part in parts {
        let name = part.header.part.clone().unwrap();
        let whole = part.whole();
        assert!(whole.header.filters.is_empty() || name == "sessions");
    }
    assert!(times.iter().all(|time| *time == times[0]), "{times:?}");
}

/// The rows of a table, twice, with a part between them that waits for a lock of the test.
fn gated() -> Definitions {
    let dataset = |name: &str, from: &str| {
        format!(
            "name = \"{name}\"\ntitle = \"{name}\"\naccess = \"admin\"\norder = [\"n asc\"]\nfrom = \"{from}\"\n\
             [[column]]\nname = \"n\"\nlabel = \"N\"\nsql = \"n\"\n"
        )
    };
    let definitions = Definitions::of(&[
        &dataset("events", "events"),
        &dataset(
            "gate",
            "(select 1 as n from pg_advisory_xact_lock_shared(4711)) gate",
        ),
    ]);
    definitions.write_bundle(
        "name = \"gated\"\ntitle = \"Gated\"\nexport_type = \"test\"\naccess = \"admin\"\n\
         [[part]]\nname = \"before\"\ndataset = \"events\"\n\
         [[part]]\nname = \"gate\"\ndataset = \"gate\"\n\
         [[part]]\nname = \"behind\"\ndataset = \"events\"\n",
    );
    definitions
}

#[tokio::test]
async fn a_row_that_is_committed_between_two_parts_is_in_neither() {
    let database = Database::new().await;
    database
        .execute("create table events (n int); insert into events values (1)")
        .await;
    let definitions = gated();
    let app = App::start_on(database, &[definitions.setting()]).await;
    let mut gate = PgConnection::connect(&app.database.dsn).await.unwrap();
    sqlx::query("select pg_advisory_lock(4711)")
        .execute(&mut gate)
        .await
        .unwrap();

    let mut stream = app.admin().bundle_rows("gated").open().await;
    let mut begin = Vec::new();
    while !String::from_utf8_lossy(&begin).contains("\"part\":\"gate\"") {
        begin.extend_from_slice(&stream.chunk().await.unwrap().expect("the stream goes on"));
    }
    app.database.execute("insert into events values (2)").await;
    sqlx::query("select pg_advisory_unlock(4711)")
        .execute(&mut gate)
        .await
        .unwrap();
    let (rest, broken) = rest_of(stream).await;
    assert!(!broken);

    let parts = RawRows::parts(&[begin, rest].concat());
    let bytes: Vec<_> = parts.into_iter().map(|part| part.whole().bytes).collect();
    assert_eq!(bytes, [b"1\n", b"1\n", b"1\n"]);
    assert_eq!(app.database.number("select count(*) from events").await, 2);
    // The connection has left the transaction.
    let idle =
        "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in%'";
    let none = async || (app.database.number(idle).await == 0).then_some(());
    wait_for("the end of the transaction", SOON, none).await;
}

#[tokio::test]
async fn a_part_that_fails_leaves_no_file_and_the_next_bundle_works() {
    let definitions = Definitions::of(&[NUMBERS, FAILING]);
    let bundle = |name: &str, second: &str| {
        format!(
            "name = \"{name}\"\ntitle = \"T\"\nexport_type = \"test\"\naccess = \"admin\"\n\
             [[part]]\nname = \"first\"\ndataset = \"numbers\"\n\
             [[part]]\nname = \"second\"\ndataset = \"{second}\"\n\
             [[part]]\nname = \"third\"\ndataset = \"numbers\"\n"
        )
    };
    definitions.write_bundle(&bundle("bad", "failing"));
    definitions.write_bundle(&bundle("good", "numbers"));
    let settings = [definitions.setting(), ("DECANT_EXPORTS_MAX", "1")];
    let app = App::start_with(&settings).await;
    let raw = app.admin().bundle_rows("bad").answer().await.good();
    let parts = RawRows::parts(&raw.decompressed());
    assert_eq!(parts.len(), 2);
    assert!(parts[0].end.is_some() && parts[1].end.is_none());
    assert_eq!(parts[1].failure.as_ref().unwrap().code, "source_failed");
    for format in ["json", "csv", "xlsx"] {
        let (_, broken) = rest_of(
            app.admin()
                .bundle_export("bad")
                .query("format", format)
                .open()
                .await,
        )
        .await;
        assert!(broken, "a {format} file that is not whole must not look whole");
    }
    let file = json(&app.admin(), "good", &[]).await;
    assert_eq!((rows(&file, "first").len(), rows(&file, "third").len()), (3, 3));
}

#[tokio::test]
async fn the_audit_names_the_bundle_the_caller_and_the_person() {
    let state = Database::empty().await;
    let app = App::start_with(&[("STATE_DSN", state.dsn.as_str())]).await;
    let (_, who) = app.user().await;
    json(&app.admin(), "user-data", &[("userId", &who.id.to_string())]).await;
    let sql = "select concat_ws(' ', action, caller, details->>'dataset', details->>'scope') from decant.audit \
               where action in ('export_initiated', 'export_complete') order by id";
    let look = async || {
        let records = state.texts(sql).await;
        (records.len() == 2).then(|| records.into_iter().flatten().collect::<Vec<_>>())
    };
    let records = wait_for("the records", SOON, look).await;
    assert_eq!(
        records[0],
        format!("export_initiated Administrator user-data hub:{}", who.id)
    );
    assert!(
        records[1].starts_with("export_complete Administrator user-data"),
        "{records:?}"
    );
}

#[tokio::test]
async fn the_list_has_what_a_browser_needs_to_make_the_file() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let of = async |actor: &Actor| -> Value {
        let list: Value = actor.bundles().answer().await.good().json();
        let bundles = list["bundles"].as_array().into_iter().flatten();
        let mut bundles = bundles.filter(|bundle| bundle["name"] == "user-data");
        bundles.next().cloned().expect("everybody has it")
    };
    let own = of(&user).await;
    assert_eq!(
        own["file_name"],
        format!("user_data_{}_{{date}}_{{time}}", who.id)
    );
    assert_eq!(own["contents"]["export_type"], "user_data");
    let names = |parts: &Value| -> Vec<String> {
        let parts = parts.as_array().into_iter().flatten();
        parts.map(|part| part["name"].to_string()).collect()
    };
    assert_eq!(names(&own["contents"]["parts"]), names(&own["parts"]));
    // An administrator names the person, whom the browser knows.
    let of_admin = of(&app.admin()).await;
    assert_eq!(of_admin["file_name"], "user_data_{subject}_{date}_{time}");
}
