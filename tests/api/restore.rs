//! Restores over HTTP, clean and merged.

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::cluster::execute;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, copies, events, failed};
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::Value;

const CLEAN: &[(&str, &str)] = &[("cleanFirst", "true"), ("skipLogs", "false")];
const MERGE: &[(&str, &str)] = &[("cleanFirst", "false"), ("skipLogs", "false")];

async fn dump(app: &App) -> Vec<u8> {
    app.admin().dump().answer().await.good().body
}

/// Changes the live database, so that it differs from its dump.
async fn spoil(app: &App) {
    app.database
        .execute(
            "delete from message_request where id % 3 = 0; update users set name = name || '?'; \
             create view later as select 1 as id; drop table provider_endpoint_probe_logs",
        )
        .await;
}

#[tokio::test]
async fn a_clean_restore_restores_everything_and_can_be_rolled_back() {
    let app = App::start().await;
    let before = app.database.contents().await;
    let dump = dump(&app).await;
    spoil(&app).await;
    let spoiled = app.database.contents().await;
    assert_ne!(before, spoiled);

    let answer = app.admin().import(&dump, CLEAN).answer().await;
    let told = events(&answer);
    assert!(told.len() > 3, "{told:?}");
    let percents: Vec<_> = told
        .iter()
        .filter_map(|(_, data)| data["percent"].as_u64())
        .collect();
    assert!(
        percents.is_sorted() && percents.iter().all(|&percent| percent < 100),
        "{percents:?}"
    );
    let restored = completed(answer);
    assert_eq!(app.database.contents().await, before);
    let rows = app.database.number("select count(*) from message_request").await;
    assert_eq!(restored["tables"]["public.message_request"]["inserted"], rows);
    assert_eq!(restored["warnings"], Value::Array(Vec::new()));

    // The server uses the new database.
    app.admin().usage_rows(&[]).await;
    let kept = copies(&app.admin()).await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0]["role"], "before");
    assert_eq!(kept[0]["name"], restored["previous"]);

    let name = restored["previous"].as_str().unwrap();
    app.admin().roll_back(name).answer().await.good();
    assert_eq!(app.database.contents().await, spoiled);
    let kept = copies(&app.admin()).await;
    assert_eq!(kept[0]["role"], "undone");
    let name = kept[0]["name"].as_str().unwrap();
    app.admin().remove_copy(name).answer().await.good();
    assert!(copies(&app.admin()).await.is_empty());
    let gone = app.admin().remove_copy(name).answer().await;
    gone.problem(404, "unknown_copy");
}

#[tokio::test]
async fn settings_and_privileges_of_the_database_survive_a_restore() {
    let app = App::start().await;
    let name = app.database.text("select current_database()").await.unwrap();
    app.database
        .execute(format!(
            "alter database {name} set search_path to public, pg_catalog; alter database {name} set work_mem = '7MB'; \
             alter database {name} connection limit 77; revoke connect on database {name} from public; \
             grant connect on database {name} to pg_monitor"
        ))
        .await;
    let properties = "select (datconnlimit, (select array_agg(a::text order by a::text) from unnest(datacl) a), (select array_agg(setconfig) from pg_db_role_setting where setdatabase = d.oid))::text \
                      from pg_database d where datname = current_database()";
    let before = app.database.text(properties).await;
    let dump = dump(&app).await;
    let _ = completed(app.admin().import(&dump, CLEAN).answer().await);
    assert_eq!(app.database.text(properties).await, before);
}

#[tokio::test]
async fn a_role_gains_nothing_by_its_own_settings_of_the_database() {
    let app = App::start().await;
    let name = app.database.text("select current_database()").await.unwrap();
    let role = format!("plain_role_of_{name}");
    app.database
        .execute(format!(
            "create role {role} login; create role other_{role}; \
             alter role {role} in database {name} set work_mem = '7MB'; \
             alter role {role} in database {name} set datestyle = 'SQL, DMY'; \
             alter role other_{role} in database {name} set local_preload_libraries = 'a b', '\"c\"'; \
             alter role {role} in database {name} set \"hub.list\" = 'x, ''y'', \"z\"'; \
             alter database {name} set search_path = \"$user\", public, 'Odd, \"one\"', 'it''s'"
        ))
        .await;
    let settings = format!(
        "select coalesce(rolname, '-') || ' ' || setting from pg_db_role_setting s \
         left join pg_roles r on r.oid = s.setrole, unnest(setconfig) setting \
         where setdatabase = (select oid from pg_database where datname = '{name}') order by 1"
    );
    let before: Vec<_> = app
        .database
        .texts(&settings)
        .await
        .into_iter()
        .flatten()
        .collect();
    let attack = format!("alter/**/role/**/{role}/**/superuser");
    for (list, as_stored) in [
        (format!("public;{attack}"), format!("\"public;{attack}\"")),
        (
            format!("public,a';{attack};--"),
            format!("public, \"a';{attack};--\""),
        ),
        (
            format!(" Odd ,\"a\"\"b;{attack}\""),
            format!("odd, \"a\"\"b;{attack}\""),
        ),
    ] {
        // A role needs no right for this.
        let list = list.replace('\'', "''");
        let set = format!(
            "select set_config('search_path', '{list}', false); \
             alter role {role} in database {name} set search_path from current"
        );
        execute(&app.database.dsn_of(&role), set).await;
        let dump = dump(&app).await;
        let restored = completed(app.admin().import(&dump, CLEAN).answer().await);
        let after = app.database.texts(&settings).await.into_iter().flatten();
        let (its_path, others): (Vec<_>, Vec<_>) =
            after.partition(|setting| setting.starts_with(&format!("{role} search_path=")));
        assert_eq!(its_path, [format!("{role} search_path={as_stored}")]);
        assert_eq!(others, before);

        let previous = restored["previous"].as_str().unwrap();
        app.admin().roll_back(previous).answer().await.good();
        let superuser = format!("select rolsuper from pg_roles where rolname = '{role}'");
        assert_eq!(app.database.text(&superuser).await.as_deref(), Some("false"));
    }
}

#[tokio::test]
async fn an_owner_may_have_any_name() {
    let app = App::start().await;
    let name = app.database.text("select current_database()").await.unwrap();
    let dump = dump(&app).await;
    let long = format!("Long {name} ");
    let long = format!("{long}{}", "é".repeat((63 - long.len()) / 2));
    for role in ["hub-owner", "The \"Owner's\" %I", "select", long.as_str()] {
        app.database.give_to(role).await;
        let before = app.database.contents().await;
        let owner = "select pg_get_userbyid(datdba) from pg_database where datname = current_database()";
        // By a superuser, and by the owner.
        for dsn in [&app.database.dsn, &app.database.dsn_of(role)] {
            let server = Server::start(&[("DSN", dsn)]).await;
            let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
            let restored = completed(admin.import(&dump, CLEAN).answer().await);
            assert_ne!(restored["previous"], Value::Null, "{role}");
            assert_eq!(app.database.text(owner).await.as_deref(), Some(role));
            assert_eq!(app.database.contents().await, before, "{role}");
            let previous = restored["previous"].as_str().unwrap();
            admin.roll_back(previous).answer().await.good();
            assert_eq!(app.database.text(owner).await.as_deref(), Some(role));
        }
    }
}

#[tokio::test]
async fn a_merge_inserts_and_counts_the_missing_rows() {
    let app = App::start().await;
    app.database
        .execute(
            "create table thousand (id serial primary key, t text, j jsonb); \
             insert into thousand (t, j) select 'row ' || n, '{\"a\": 1.0}' from generate_series(1, 1000) n; \
             create table keyless (a int, b json); insert into keyless values (1, '{}'), (2, null)",
        )
        .await;
    let before = app.database.contents().await;
    let dump = dump(&app).await;
    app.database
        .execute("delete from thousand where id > 1; delete from keyless where a = 2; update users set name = 'other' where id = 1")
        .await;
    let merged = completed(app.admin().import(&dump, MERGE).answer().await);
    let counts = |table: &str| {
        let table = &merged["tables"][format!("public.{table}")];
        ["inserted", "skipped", "conflicting"].map(|key| table[key].as_u64().unwrap())
    };
    assert_eq!(counts("thousand"), [999, 1, 0]);
    assert_eq!(counts("keyless"), [1, 1, 0]);
    assert_eq!(counts("users")[2], 1);
    assert_eq!(merged["previous"], Value::Null);
    assert_eq!(
        app.database
            .text("select name from users where id = 1")
            .await
            .as_deref(),
        Some("other")
    );
    let without_users = |mut contents: Vec<(String, String)>| {
        contents.retain(|(table, _)| table != "users");
        contents
    };
    assert_eq!(
        without_users(app.database.contents().await),
        without_users(before)
    );
    assert!(copies(&app.admin()).await.is_empty());
    let next = app.database.number("select nextval('thousand_id_seq')").await;
    assert_eq!(next, 1001);
}

#[tokio::test]
async fn a_database_in_another_encoding_is_restored() {
    let database = Database::in_encoding("LATIN1").await;
    database
        .execute("create table places (id int primary key, name text); insert into places values (1, 'café'), (2, 'Zürich')")
        .await;
    let app = App::start_on(database, &[]).await;
    let before = app.database.contents().await;
    let dump = dump(&app).await;
    app.database.execute("delete from places where id = 2").await;
    let merged = completed(app.admin().import(&dump, MERGE).answer().await);
    assert_eq!(merged["tables"]["public.places"]["inserted"], 1);
    assert_eq!(merged["tables"]["public.places"]["skipped"], 1);
    assert_eq!(app.database.contents().await, before);

    // The restore in one transaction behaves the same.
    let owners = app.server_of_owner(&[]).await;
    let admin = Actor::new(&owners.address).with_token(ADMIN_TOKEN);
    app.database.execute("delete from places").await;
    // The server's role has a table of its own in the database.
    let fields = [("cleanFirst", "true"), ("allowMissingTables", "true")];
    let _ = completed(admin.import(&dump, &fields).answer().await);
    assert_eq!(app.database.contents().await, before);
}

#[tokio::test]
async fn a_merge_into_a_database_without_a_table_merges_nothing() {
    let app = App::start().await;
    let dump = dump(&app).await;
    app.database
        .execute("drop table provider_endpoint_probe_logs; delete from message_request")
        .await;
    let before = app.database.contents().await;
    let why = failed(app.admin().import(&dump, MERGE).answer().await);
    assert!(
        why.contains("no table public.provider_endpoint_probe_logs"),
        "{why}"
    );
    assert_eq!(app.database.contents().await, before);
}

#[tokio::test]
async fn logs_can_be_left_out_of_a_restore() {
    let app = App::start().await;
    let dump = dump(&app).await;
    let restored = completed(
        app.admin()
            .import(&dump, &[("cleanFirst", "true"), ("skipLogs", "true")])
            .answer()
            .await,
    );
    assert_eq!(
        app.database.number("select count(*) from message_request").await,
        0
    );
    assert!(app.database.number("select count(*) from users").await > 0);
    assert_eq!(restored["tables"]["public.message_request"], Value::Null);
}

#[tokio::test]
async fn a_file_that_is_no_dump_is_refused() {
    let app = App::start_with(&[("DECANT_UPLOAD_MAX_MB", "1")]).await;
    let admin = app.admin();
    let dump = dump(&app).await;
    let named = admin.import_named("backup.sql", &dump, CLEAN).answer().await;
    assert_eq!(
        named.problem(400, "invalid_parameter").field.as_deref(),
        Some("file")
    );
    for content in [&b""[..], b"PGDM", b"-- PostgreSQL database dump"] {
        let answer = admin.import(content, CLEAN).answer().await;
        assert_eq!(
            answer.problem(400, "invalid_parameter").field.as_deref(),
            Some("file")
        );
    }
    for (fields, field) in [
        (&[("skipLogs", "false")][..], "cleanFirst"),
        (&[("cleanFirst", "yes")], "cleanFirst"),
        (&[("cleanFirst", "true"), ("skipLogs", "1")], "skipLogs"),
    ] {
        let answer = admin.import(&dump, fields).answer().await;
        assert_eq!(
            answer.problem(400, "invalid_parameter").field.as_deref(),
            Some(field)
        );
    }
    let large = admin.import(&vec![b'x'; 3 << 20], CLEAN).answer().await;
    if large.status != 413 {
        // The server may close the connection while the client still sends; then there is no answer to read.
        assert!(large.broken, "{}: {}", large.status, large.text());
    } else {
        let problem = large.problem(413, "upload_too_large");
        assert!(problem.detail.contains("1048576"), "{}", problem.detail);
    }
    assert!(copies(&app.admin()).await.is_empty());
}

#[tokio::test]
async fn only_administrators_restore() {
    let app = App::start().await;
    let (user, _) = app.user().await;
    let dump = dump(&app).await;
    for request in [
        user.import(&dump, CLEAN),
        user.copies(),
        user.roll_back("x"),
        user.remove_copy("x"),
    ] {
        request.answer().await.problem(403, "forbidden");
    }
    let nobody = app.anonymous().import(&dump, CLEAN).answer().await;
    nobody.problem(401, "unauthenticated");
}

/// Calls [`spoil`], and gives all that it made to the owner.
async fn spoil_as_owner(app: &App) {
    spoil(app).await;
    let sql =
        "do $$ begin execute format('alter table later owner to owner_of_%s', current_database()); end $$";
    app.database.execute(sql).await;
}

#[tokio::test]
async fn without_createdb_a_clean_restore_is_one_transaction() {
    let app = App::start().await;
    let owners = app.server_of_owner(&[]).await;
    let admin = Actor::new(&owners.address).with_token(ADMIN_TOKEN);
    let before = app.database.contents().await;
    let dump = admin.dump().answer().await.good().body;
    spoil_as_owner(&app).await;
    app.database
        .execute("insert into aside.moods default values; drop view aside.all_moods")
        .await;

    let restored = completed(admin.import(&dump, CLEAN).answer().await);
    assert_eq!(restored["previous"], Value::Null);
    assert_eq!(restored["warnings"], Value::Array(Vec::new()));
    let rows = app.database.number("select count(*) from message_request").await;
    assert_eq!(restored["tables"]["public.message_request"]["inserted"], rows);
    assert_eq!(app.database.contents().await, before);
    let moods = app
        .database
        .number("select count(*) + aside.one() from aside.all_moods")
        .await;
    assert_eq!(moods, 2);
    assert!(copies(&admin).await.is_empty());
    admin.usage_rows(&[]).await;
}

#[tokio::test]
async fn a_restore_in_one_transaction_that_fails_changes_nothing() {
    let app = App::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("1.sql"), "select 1 / 0;").expect("the folder is ours");
    let migrations = folder.path().to_str().expect("its name is plain");
    let owners = app
        .server_of_owner(&[("DECANT_POST_RESTORE_MIGRATIONS", migrations)])
        .await;
    let admin = Actor::new(&owners.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;
    spoil_as_owner(&app).await;
    let spoiled = app.database.contents().await;
    let why = failed(admin.import(&dump, CLEAN).answer().await);
    assert!(
        why.contains("division by zero") && why.contains("as it was"),
        "{why}"
    );
    assert_eq!(app.database.contents().await, spoiled);
}

#[tokio::test]
async fn only_its_owner_may_connect_to_a_staging_database() {
    let app = App::start().await;
    let access = "has_database_privilege('stranger', current_database(), 'connect')";
    app.database.execute("create role stranger login").await;
    // The migration runs in the staging database.
    let folder = tempfile::tempdir().expect("a folder");
    let seen = format!("create table seen as select {access} as connect");
    std::fs::write(folder.path().join("1.sql"), seen).expect("the folder is ours");
    let migrations = folder.path().to_str().expect("its name is plain");
    let dsn = app.database.dsn.as_str();
    let server = Server::start(&[("DSN", dsn), ("DECANT_POST_RESTORE_MIGRATIONS", migrations)]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;

    let restored = completed(admin.import(&dump, CLEAN).answer().await);
    assert!(restored["previous"].is_string(), "{restored}");
    assert_eq!(
        app.database
            .number("select count(*) from seen where not connect")
            .await,
        1
    );
    // The live database's own privileges, the default ones here, came with the swap.
    let connect = app.database.number(&format!("select ({access})::int")).await;
    assert_eq!(connect, 1);
}

#[tokio::test]
async fn a_merge_needs_no_staging_database() {
    let app = App::start().await;
    let owners = app.server_of_owner(&[]).await;
    let admin = Actor::new(&owners.address).with_token(ADMIN_TOKEN);
    let before = app.database.contents().await;
    let dump = admin.dump().answer().await.good().body;
    app.database
        .execute("delete from message_request where id % 3 = 0; delete from aside.moods")
        .await;
    let merged = completed(admin.import(&dump, MERGE).answer().await);
    assert_eq!(merged["tables"]["aside.moods"]["inserted"], 1);
    assert_eq!(app.database.contents().await, before);
}

#[tokio::test]
async fn a_role_without_ownership_is_refused_and_changes_nothing() {
    let app = App::start().await;
    let dump = dump(&app).await;
    app.database
        .execute(
            "create role owns_nothing login; grant pg_read_all_data to owns_nothing; \
             delete from message_request where id = 1",
        )
        .await;
    let dsn = app.database.dsn.replacen("user=postgres", "user=owns_nothing", 1);
    let other = Server::start(&[("DSN", &dsn)]).await;
    let admin = Actor::new(&other.address).with_token(ADMIN_TOKEN);
    let before = app.database.contents().await;
    for fields in [CLEAN, MERGE] {
        let why = failed(admin.import(&dump, fields).answer().await);
        assert!(
            why.contains("must be owner") || why.contains("permission denied"),
            "{why}"
        );
    }
    assert_eq!(app.database.contents().await, before);
}
