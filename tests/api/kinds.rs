//! Every kind of object that pg_dump writes, restored each way.

use std::collections::BTreeSet;

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::cluster::execute;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, copies, failed};
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::Value;
use tokio::process::Command;

const CLEAN: &[(&str, &str)] = &[("cleanFirst", "true")];
const MERGE: &[(&str, &str)] = &[("cleanFirst", "false")];

/// Objects that the owner of a database may create.
const OWNERS: &str = include_str!("kinds/owner.sql");

/// Objects that only a superuser may create.
const SUPERUSERS: &str = include_str!("kinds/superuser.sql");

/// Changes that a restore undoes: rows, sequences, and objects that are there twice or no more.
const SPOIL: &str = "\
    delete from fired; delete from plain where id > 110; update parent set at = now(); \
    delete from refers_to_parts; delete from by_range; \
    alter sequence free restart; select setval('owned', 5); drop publication nothing; create publication nothing_else; \
    drop view counting; create view counting_up as select 1 as one; alter type mood rename value 'odd' to 'even'; \
    create domain more as int; create function add_two(int) returns int language sql as 'select 2'; \
    create collation \"C too\" from \"C\"; create operator ### (leftarg = int, rightarg = int, function = int4pl); \
    select lo_unlink(4712), lo_create(999), lo_put(4711, 0, 'x'); \
    alter default privileges grant insert on tables to public; drop index partial; refresh materialized view never";

const WITHOUT_SUBSCRIPTIONS: &str = "alter subscription incoming set (slot_name = none); \
    drop subscription incoming; drop subscription without_slot";

/// A database of its own for an owner who may not create others, and a role without rights. Both names begin with the
/// database's.
async fn database_of_owner() -> (Database, String) {
    let database = Database::empty().await;
    let name = database.text("select current_database()").await;
    let name = name.expect("it has a name");
    let sql = format!(
        "create role {name}_owner login; create role {name}_reader; alter database {name} owner to {name}_owner"
    );
    database.execute(sql).await;
    (database, name)
}

/// Returns the statements for this database's roles.
fn with_role(sql: &str, name: &str) -> String {
    sql.replace(":role", &format!("{name}_reader"))
}

/// Returns the lines of a plain dump, and what a dump leaves out. The order of rows does not matter.
async fn content(database: &Database) -> BTreeSet<String> {
    let binaries = decant_embedded::binaries().expect("PostgreSQL is installed");
    let dumped = Command::new(binaries.program("pg_dump"))
        .args(["--dbname", &database.dsn])
        .output()
        .await
        .expect("pg_dump starts");
    assert!(
        dumped.status.success(),
        "{}",
        String::from_utf8_lossy(&dumped.stderr)
    );
    let text = String::from_utf8_lossy(&dumped.stdout).into_owned();
    // Each run of pg_dump has a key of its own.
    let is_key = |line: &&str| line.starts_with("\\restrict ") || line.starts_with("\\unrestrict ");
    let mut lines: BTreeSet<_> = text
        .lines()
        .filter(|line| !is_key(line))
        .map(str::to_owned)
        .collect();
    lines.extend(database.text("select t from totals_twice t").await);
    lines
}

fn assert_same(after: &BTreeSet<String>, before: &BTreeSet<String>) {
    let missing: Vec<_> = before.difference(after).collect();
    let added: Vec<_> = after.difference(before).collect();
    assert!(
        missing.is_empty() && added.is_empty(),
        "missing: {missing:#?}\nadded: {added:#?}"
    );
}

#[tokio::test]
async fn every_kind_that_an_owner_may_create_is_restored_in_one_transaction() {
    let (database, name) = database_of_owner().await;
    let dsn = database.dsn_of(&format!("{name}_owner"));
    execute(&dsn, with_role(OWNERS, &name)).await;
    let before = content(&database).await;
    let server = Server::start(&[("DSN", &dsn)]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;
    execute(&dsn, SPOIL.to_owned()).await;
    assert_ne!(content(&database).await, before);

    let restored = completed(admin.import(&dump, CLEAN).answer().await);
    assert_eq!(restored["previous"], Value::Null);
    assert_same(&content(&database).await, &before);
}

#[tokio::test]
async fn every_kind_that_an_owner_may_create_is_restored_into_a_staging_database() {
    let (database, name) = database_of_owner().await;
    execute(
        &database.dsn_of(&format!("{name}_owner")),
        with_role(OWNERS, &name),
    )
    .await;
    let app = App::start_on(database, &[]).await;
    let before = content(&app.database).await;
    let dump = app.admin().dump().answer().await.good().body;
    app.database.execute(SPOIL).await;
    let restored = completed(app.admin().import(&dump, CLEAN).answer().await);
    assert!(restored["previous"].is_string(), "{restored}");
    assert_eq!(restored["warnings"], Value::Array(Vec::new()));
    assert_same(&content(&app.database).await, &before);
}

#[tokio::test]
async fn kinds_that_only_a_superuser_may_create_are_refused_by_name() {
    let (database, name) = database_of_owner().await;
    database.execute(with_role(OWNERS, &name)).await;
    database.execute(with_role(SUPERUSERS, &name)).await;
    database.execute(WITHOUT_SUBSCRIPTIONS).await;
    let app = App::start_on(database, &[]).await;
    let before = content(&app.database).await;
    let dump = app.admin().dump().answer().await.good().body;
    let why = failed(app.admin().import(&dump, CLEAN).answer().await);
    for word in [
        "permission denied",
        "CREATE FUNCTION public.call_again",
        "restore it with pg_restore",
    ] {
        assert!(why.contains(word), "{why}");
    }
    assert_same(&content(&app.database).await, &before);
    assert!(copies(&app.admin()).await.is_empty());
}

#[tokio::test]
async fn rows_of_tables_of_every_kind_are_merged() {
    let (database, name) = database_of_owner().await;
    database.execute(with_role(OWNERS, &name)).await;
    database.execute(with_role(SUPERUSERS, &name)).await;
    database.execute(WITHOUT_SUBSCRIPTIONS).await;
    let app = App::start_on(database, &[]).await;
    let before = content(&app.database).await;
    let dump = app.admin().dump().answer().await.good().body;
    // Tables without a key that are published allow no delete, and no table can be truncated without its references.
    app.database
        .execute(
            "do $$ declare t record; begin drop publication everything; drop publication a_schema; \
             set local session_replication_role = replica; \
             for t in select oid::regclass as name from pg_class where relkind = 'r' and relnamespace in \
                 ('public'::regnamespace, '\"Odd \"\"schema\"\"\"'::regnamespace) loop \
             execute format('delete from only %s', t.name); end loop; end $$; \
             create publication everything for all tables; \
             create publication a_schema for tables in schema \"Odd \"\"schema\"\"\"",
        )
        .await;
    assert_ne!(content(&app.database).await, before);
    let merged = completed(app.admin().import(&dump, MERGE).answer().await);
    assert_eq!(merged["tables"]["public.by_enum"]["inserted"], 3, "{merged}");
    assert_same(&content(&app.database).await, &before);
}

/// Starts a server of a superuser on a database of this SQL, and one of an owner who may not create databases on a
/// database of the same SQL.
async fn both_ways(sql: &str) -> [(Database, Server); 2] {
    let beside = Database::empty().await;
    beside.execute(sql).await;
    let server = Server::start(&[("DSN", &beside.dsn)]).await;
    let (in_place, name) = database_of_owner().await;
    let dsn = in_place.dsn_of(&format!("{name}_owner"));
    execute(&dsn, sql.to_owned()).await;
    let owners = Server::start(&[("DSN", &dsn)]).await;
    [(beside, server), (in_place, owners)]
}

#[tokio::test]
async fn tables_that_inherit_and_partitions_and_publications_are_restored_both_ways() {
    let sql = "create table usage_parent (id int primary key, cost numeric); \
        create table usage_2025 () inherits (usage_parent); create table usage_2026 () inherits (usage_2025); \
        insert into usage_parent values (1, 0.1); insert into usage_2025 values (2, 0.2), (3, 0.3); \
        insert into usage_2026 values (4, 0.4); \
        create table par (id int primary key) partition by range (id); \
        create table par_1 partition of par for values from (0) to (10); insert into par values (1); \
        create publication realtime for table usage_parent";
    for (database, server) in both_ways(sql).await {
        let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
        let dump = admin.dump().answer().await.good().body;
        let before = database.contents().await;
        database
            .execute("drop publication realtime; delete from only usage_parent; delete from usage_2026; delete from par")
            .await;
        let restored = completed(admin.import(&dump, CLEAN).answer().await);
        assert_eq!(restored["tables"]["public.usage_parent"]["inserted"], 1);
        assert_eq!(restored["warnings"], Value::Array(Vec::new()));
        assert_eq!(database.contents().await, before);
        assert_eq!(database.number("select count(*) from par").await, 1);
        assert_eq!(
            database.number("select count(*) from pg_publication_rel").await,
            3
        );
    }
}

#[tokio::test]
async fn large_objects_beyond_one_piece_are_restored_both_ways() {
    let sql = "create table files (id oid); \
        insert into files select lo_from_bytea(0, convert_to(string_agg(md5(n::text), ''), 'UTF8')) \
        from generate_series(1, 60000) n; insert into files values (lo_create(0))";
    for (database, server) in both_ways(sql).await {
        let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
        let dump = admin.dump().answer().await.good().body;
        let digest = "select string_agg(md5(lo_get(id)), ' ' order by id) from files";
        let before = database.text(digest).await;
        assert!(before.is_some());
        database
            .execute("select lo_put(id, 5, 'changed') from files")
            .await;
        let _ = completed(admin.import(&dump, CLEAN).answer().await);
        assert_eq!(database.text(digest).await, before);
    }
}

#[tokio::test]
async fn rows_of_an_extensions_table_are_restored_in_one_transaction() {
    let (database, name) = database_of_owner().await;
    let dsn = database.dsn_of(&format!("{name}_owner"));
    execute(
        &dsn,
        "create table settings (name text primary key, value text, is_builtin boolean not null default false)".to_owned(),
    )
    .await;
    // What CREATE EXTENSION makes of a table for pg_extension_config_dump.
    database
        .execute(
            "insert into settings values ('a', 'builtin', true), ('b', 'own', false); \
             alter extension plpgsql add table settings; \
             update pg_extension set extconfig = array['settings'::regclass::oid], \
             extcondition = array['where not is_builtin'] where extname = 'plpgsql'",
        )
        .await;
    let server = Server::start(&[("DSN", &dsn)]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;
    database
        .execute("update settings set value = 'changed' where name = 'b'; insert into settings values ('c', 'new')")
        .await;
    let restored = completed(admin.import(&dump, CLEAN).answer().await);
    assert_eq!(restored["tables"]["public.settings"]["inserted"], 1);
    let rows = database
        .texts("select name || value from settings order by 1")
        .await;
    assert_eq!(
        rows.into_iter().flatten().collect::<Vec<_>>(),
        ["abuiltin", "bown"]
    );
}

#[tokio::test]
async fn the_comment_of_the_database_and_the_schema_public_are_kept_both_ways() {
    for (database, server) in both_ways("create table rows (id int)").await {
        let name = database.text("select current_database()").await.expect("a name");
        let change = |comment: &str, role: &str| {
            format!(
                "comment on database {name} is '{comment}'; comment on schema public is '{comment}'; \
                 grant create on schema public to {role}"
            )
        };
        database
            .execute(format!(
                "revoke usage on schema public from public; grant usage on schema public to pg_monitor; \
                 alter schema public owner to \"{}\"; {}",
                database
                    .text(
                        "select pg_get_userbyid(datdba) from pg_database where datname = current_database()"
                    )
                    .await
                    .expect("an owner"),
                change("It''s\\nours", "pg_monitor")
            ))
            .await;
        let properties = "select (shobj_description(d.oid, 'pg_database'), obj_description(n.oid, 'pg_namespace'), nspowner::regrole, \
             array(select (grantee::regrole, privilege_type)::text from aclexplode(nspacl) order by 1)) \
             from pg_database d, pg_namespace n where datname = current_database() and nspname = 'public'";
        let before = database.text(properties).await;
        let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
        let dump = admin.dump().answer().await.good().body;
        database.execute(change("other", "pg_read_all_data")).await;
        let changed = database.text(properties).await;
        let restored = completed(admin.import(&dump, CLEAN).answer().await);
        assert_eq!(restored["warnings"], Value::Array(Vec::new()));
        assert_eq!(database.text(properties).await, before);
        if let Some(previous) = restored["previous"].as_str() {
            admin.roll_back(previous).answer().await.good();
            assert_eq!(database.text(properties).await, changed);
        }
    }
}

#[tokio::test]
async fn the_changed_comment_of_an_extension_is_kept() {
    let database = Database::empty().await;
    database
        .execute(
            "create extension hstore; comment on extension hstore is 'It''s ours'; create extension citext",
        )
        .await;
    let app = App::start_on(database, &[]).await;
    let comments = "select obj_description(oid, 'pg_extension') from pg_extension order by extname";
    let before = app.database.texts(comments).await;
    let dump = app.admin().dump().answer().await.good().body;
    let restored = completed(app.admin().import(&dump, CLEAN).answer().await);
    assert_eq!(restored["warnings"], Value::Array(Vec::new()));
    assert_eq!(app.database.texts(comments).await, before);
}

#[tokio::test]
async fn a_dump_that_commits_changes_nothing() {
    let padding = "x".repeat(100);
    let sql = format!(
        "create table rows (id int); insert into rows values (1); create view patched as select '{padding}' as text"
    );
    for (database, server) in both_ways(&sql).await {
        let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
        let mut dump = admin.dump().answer().await.good().body;
        let placed = format!("'{padding}'::text AS text");
        let at = dump
            .windows(placed.len())
            .position(|bytes| bytes == placed.as_bytes())
            .expect("the view is in the table of contents");
        let attack = "1; COMMIT; DROP TABLE IF EXISTS rows; CREATE TABLE stolen (); SELECT 1/0";
        let attack = format!("{attack:<width$}", width = placed.len());
        dump[at..at + placed.len()].copy_from_slice(attack.as_bytes());
        let before = database.contents().await;
        let why = failed(admin.import(&dump, CLEAN).answer().await);
        assert!(why.contains("as it was"), "{why}");
        assert_eq!(database.contents().await, before, "{why}");
        assert!(copies(&admin).await.is_empty());
    }
}

#[tokio::test]
async fn a_migration_that_commits_is_not_called_undone() {
    let (database, name) = database_of_owner().await;
    let dsn = database.dsn_of(&format!("{name}_owner"));
    execute(
        &dsn,
        "create table rows (id int); insert into rows values (1)".to_owned(),
    )
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("1.sql"), "commit").expect("the folder is ours");
    let migrations = folder.path().to_str().expect("its name is plain");
    let server = Server::start(&[("DSN", &dsn), ("DECANT_POST_RESTORE_MIGRATIONS", migrations)]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;
    for second in ["select 1", "select 1/0"] {
        std::fs::write(folder.path().join("2.sql"), second).expect("the folder is ours");
        let why = failed(admin.import(&dump, CLEAN).answer().await);
        assert!(
            why.contains("ended the transaction") && !why.contains("as it was"),
            "{why}"
        );
    }
}
