//! Owners after a restore: an object belongs to the role that owned it, and no role gains rights.

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::cluster::execute;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, copies};
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::{Value, json};

const CLEAN: &[(&str, &str)] = &[("cleanFirst", "true"), ("skipLogs", "false")];

/// Every object of the schemas of a site, with its owner.
const OWNERS: &str = "select concat_ws(' ', kind, name, owner) from ( \
     select relkind::text, oid::regclass::text, relowner::regrole::text from pg_class \
     where relnamespace in ('public'::regnamespace, 'side'::regnamespace) and relkind <> 'i' \
     union all select 'function', oid::regprocedure::text, proowner::regrole::text from pg_proc \
     where pronamespace in ('public'::regnamespace, 'side'::regnamespace) \
     union all select 'type', oid::regtype::text, typowner::regrole::text from pg_type \
     where typnamespace in ('public'::regnamespace, 'side'::regnamespace) \
     union all select 'schema', nspname, nspowner::regrole::text from pg_namespace \
     where nspname !~ '^pg_' \
     union all select 'large object', oid::text, lomowner::regrole::text from pg_largeobject_metadata \
     ) x (kind, name, owner) order by 1";

/// Makes two roles of a site, and objects of most kinds that belong to them.
async fn make_site(database: &Database) -> (String, String) {
    let name = database
        .text("select current_database()")
        .await
        .expect("it has a name");
    let (app, plain) = (format!("app_of_{name}"), format!("plain_of_{name}"));
    database
        .execute(format!(
            "create role {app} login; create role {plain} login; create schema side authorization {plain}; \
             grant create on schema public to {app}; \
             set role {app}; create table orders (id serial primary key, i int generated always as identity, note text); \
             insert into orders (note) values ('first'); \
             create table parts (a int) partition by range (a); create table part partition of parts for values from (0) to (9); \
             create materialized view sums as select count(*) from orders; create domain score as int check (value > 0); \
             reset role; alter table part owner to {plain}; \
             set role {plain}; create type side.mood as enum ('good'); create sequence side.numbers; \
             create function side.rise(side.mood, integer default 1) returns text language plpgsql security definer \
               set search_path = pg_catalog as $$ begin execute 'alter role {plain} superuser'; return 'risen'; \
               exception when others then return sqlerrm; end $$; \
             create view side.secrets as select rolname, rolpassword from pg_catalog.pg_authid; \
             create aggregate side.total(integer) (sfunc = int4pl, stype = integer, initcond = '0'); \
             create procedure side.noop() language sql as 'select 1'; \
             create table side.inbox (a int); create table side.outbox (a int); grant insert on side.inbox to public; \
             create rule copied as on insert to side.inbox do also insert into side.outbox values (new.a); \
             select lo_create(4711); reset role; grant usage on schema side to public"
        ))
        .await;
    (app, plain)
}

/// Whether the plain role is a superuser, and what it reads of the passwords.
async fn gains_nothing(database: &Database, plain: &str) {
    let rise = "select side.rise('good')";
    let dsn = database.dsn_of(plain);
    execute(&dsn, rise.to_owned()).await;
    let superuser = format!("select rolsuper from pg_roles where rolname = '{plain}'");
    assert_eq!(database.text(&superuser).await.as_deref(), Some("false"));
    let reads = "do $$ begin perform from side.secrets; raise exception 'the view was read'; \
         exception when insufficient_privilege then null; end $$";
    execute(&dsn, reads.to_owned()).await;
}

#[tokio::test]
async fn a_restore_gives_each_object_to_its_owner() {
    let app = App::start().await;
    let (role, plain) = make_site(&app.database).await;
    let before = app.database.texts(OWNERS).await;
    let dump = app.admin().dump().answer().await.good().body;
    let restored = completed(app.admin().import(&dump, CLEAN).answer().await);
    assert_eq!(app.database.texts(OWNERS).await, before);
    assert_eq!(restored["warnings"], Value::Array(Vec::new()), "{restored}");
    gains_nothing(&app.database, &plain).await;
    // The application works on.
    execute(
        &app.database.dsn_of(&role),
        "insert into orders (note) values ('second')".to_owned(),
    )
    .await;
    let left = "select count(*) from pg_roles where rolname like 'decant\\_load%' \
                and shobj_description(oid, 'pg_authid') like '%\"' || current_database() || '\"%'";
    assert_eq!(app.database.number(left).await, 0);
}

#[tokio::test]
async fn a_restore_in_one_transaction_gives_each_object_to_its_owner() {
    let app = App::start().await;
    let owner = app.server_of_owner(&[]).await;
    let (role, plain) = make_site(&app.database).await;
    app.database
        .execute(format!(
            "drop schema aside cascade; drop table parts; select lo_unlink(4711); grant {role}, {plain} to owner_of_{}",
            app.database.text("select current_database()").await.unwrap()
        ))
        .await;
    let before = app.database.texts(OWNERS).await;
    let admin = Actor::new(&owner.address).with_token(ADMIN_TOKEN);
    // The owner may not dump the view on pg_authid's rows, but the definition.
    let dump = admin.dump().answer().await.good().body;
    let restored = completed(admin.import(&dump, CLEAN).answer().await);
    assert_eq!(restored["previous"], Value::Null);
    assert_eq!(app.database.texts(OWNERS).await, before);
    gains_nothing(&app.database, &plain).await;
}

#[tokio::test]
async fn without_its_owner_nothing_runs_with_more_rights() {
    let app = App::start().await;
    let (role, plain) = make_site(&app.database).await;
    let dump = app.admin().dump().answer().await.good().body;
    let contents = app.database.contents().await;
    app.database
        .execute(format!(
            "drop owned by {plain} cascade; reassign owned by {role} to postgres; drop owned by {role}; drop role {plain}; \
             drop role {role}"
        ))
        .await;
    let restored = completed(app.admin().import(&dump, CLEAN).answer().await);
    assert_eq!(app.database.contents().await, contents);
    let warnings = restored["warnings"].as_array().unwrap();
    let naming = |text: &str| {
        let all = warnings.iter().filter_map(Value::as_str);
        all.filter(|warning| warning.contains(text)).count()
    };
    for text in [
        format!("CREATE ROLE \"{plain}\"; CREATE ROLE").replace(&plain, &role),
        format!("CREATE ROLE \"{plain}\";"),
        "side.rise(side.mood, integer)".to_owned(),
        "side.secrets".to_owned(),
        "copied on side.inbox".to_owned(),
    ] {
        assert_eq!(naming(&text), 1, "{text}: {warnings:?}");
    }
    let armed = "select count(*) from pg_proc where prosecdef and pronamespace = 'side'::regnamespace";
    assert_eq!(app.database.number(armed).await, 0);
    // The role comes again, and has the rights of anybody.
    app.database.execute(format!("create role {plain} login")).await;
    app.database
        .execute("grant select on side.secrets to public")
        .await;
    gains_nothing(&app.database, &plain).await;
}

#[tokio::test]
async fn the_only_owner_of_a_dump_is_replaced_with_one_warning() {
    let database = Database::new().await;
    let name = database
        .text("select current_database()")
        .await
        .expect("it has a name");
    let (old, new) = (format!("old_of_{name}"), format!("new_of_{name}"));
    database.give_to(&old).await;
    database
        .execute(format!("alter type daily_reset_mode owner to {old}"))
        .await;
    let as_owner = database.dsn_of(&old);
    let sql = "create function definer() returns int language sql security definer as 'select 1'; \
               alter default privileges grant select on tables to public; grant select on users to current_user";
    execute(&as_owner, sql.to_owned()).await;
    let server = Server::start(&[("DSN", &as_owner)]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;
    drop(server);
    database
        .execute(format!(
            "create role {new} login createdb; reassign owned by {old} to {new}; drop owned by {old}; drop role {old}"
        ))
        .await;
    let server = Server::start(&[("DSN", &database.dsn_of(&new))]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let restored = completed(admin.import(&dump, CLEAN).answer().await);
    let warnings = restored["warnings"].as_array().unwrap();
    let owners: Vec<_> = warnings
        .iter()
        .filter_map(Value::as_str)
        .filter(|warning| warning.contains("CREATE ROLE"))
        .collect();
    assert_eq!(owners.len(), 1, "{warnings:?}");
    assert!(warnings.len() <= 2, "{warnings:?}");
    // It had no more rights than its callers' application has now.
    let armed = "select count(*) from pg_proc where prosecdef and proname = 'definer'";
    assert_eq!(database.number(armed).await, 1);
}

#[tokio::test]
async fn a_policy_of_a_missing_role_hides_its_rows() {
    let app = App::start().await;
    let name = app
        .database
        .text("select current_database()")
        .await
        .expect("it has a name");
    let (tenant, reader) = (format!("tenant_of_{name}"), format!("reader_of_{name}"));
    app.database
        .execute(format!(
            "create role {tenant}; create role {reader} login; \
             create table notes (id int primary key, owner text, body text); \
             insert into notes values (1, 'a', 'x'), (2, 'b', 'y'); alter table notes enable row level security; \
             create policy own on notes for select to {tenant} using (owner = current_user); \
             create table files (id int); insert into files values (1); alter table files enable row level security; \
             create policy everyone on files for select to {reader} using (true); \
             create policy but_not on files as restrictive for select to {tenant}, {reader} using (id > 1); \
             grant select on notes, files to {reader}"
        ))
        .await;
    let dump = app.admin().dump().answer().await.good().body;
    let contents = app.database.contents().await;
    app.database
        .execute(format!("drop owned by {tenant}; drop role {tenant}"))
        .await;
    let restored = completed(app.admin().import(&dump, CLEAN).answer().await);
    assert_eq!(app.database.contents().await, contents);
    let warnings = restored["warnings"].to_string();
    for text in [
        "\\\"own\\\" on public.notes",
        "\\\"but_not\\\" on public.files",
        &tenant,
    ] {
        assert!(warnings.contains(text), "{text}: {warnings}");
    }
    let hidden = "do $$ begin assert (select count(*) from notes) = 0; assert (select count(*) from files) = 0; end $$";
    execute(&app.database.dsn_of(&reader), hidden.to_owned()).await;
    let has = "select string_agg(polname, ' ' order by polname) from pg_policy";
    assert_eq!(
        app.database.text(has).await.as_deref(),
        Some("decant_policy_is_missing everyone")
    );
}

#[tokio::test]
async fn a_dump_of_missing_tablespaces_is_restored_into_the_default_one() {
    let app = App::start().await;
    let name = app
        .database
        .text("select current_database()")
        .await
        .expect("it has a name");
    let space = format!("space_of_{name}");
    app.database
        .execute("alter system set allow_in_place_tablespaces = on")
        .await;
    app.database.text("select pg_reload_conf()").await;
    app.database
        .execute(format!("create tablespace {space} location ''"))
        .await;
    app.database
        .execute(format!(
            "create table fast (id int primary key using index tablespace {space}) tablespace {space}; insert into fast values (1)"
        ))
        .await;
    let dump = app.admin().dump().answer().await.good().body;
    let contents = app.database.contents().await;
    // Where it exists, it is used.
    let restored = completed(app.admin().import(&dump, CLEAN).answer().await);
    assert_eq!(restored["warnings"], Value::Array(Vec::new()));
    let elsewhere =
        "select count(*) from pg_class where reltablespace not in (0, 1664) and relname like 'fast%'";
    assert_eq!(app.database.number(elsewhere).await, 2);
    let previous = restored["previous"].as_str().unwrap();
    app.admin().remove_copy(previous).answer().await.good();

    app.database.execute("drop table fast").await;
    app.database.execute(format!("drop tablespace {space}")).await;
    let restored = completed(app.admin().import(&dump, CLEAN).answer().await);
    assert!(restored["warnings"].to_string().contains(&space), "{restored}");
    assert_eq!(app.database.contents().await, contents);
}

#[tokio::test]
async fn a_materialized_view_that_cannot_be_filled_is_a_warning() {
    let app = App::start().await;
    app.database
        .execute(
            "create function users_now() returns bigint language sql as 'select count(*) from users'; \
             create materialized view counted as select users_now() as users; \
             create unique index on counted (users)",
        )
        .await;
    let contents = app.database.contents().await;
    let dump = app.admin().dump().answer().await.good().body;
    let restored = completed(app.admin().import(&dump, CLEAN).answer().await);
    assert_eq!(app.database.contents().await, contents);
    assert!(restored["warnings"].to_string().contains("counted"), "{restored}");
    app.database.execute("refresh materialized view counted").await;
}

#[tokio::test]
async fn a_dump_whose_contents_create_the_schema_public_is_restored() {
    let database = Database::empty().await;
    // Six letters, as `public` has. The contents of a dump are not compressed.
    database
        .execute("create schema sixsix; create table sixsix.things (id int primary key, name text); insert into sixsix.things values (1, 'a')")
        .await;
    let app = App::start_on(database, &[]).await;
    let mut dump = app.admin().dump().answer().await.good().body;
    let name = b"sixsix";
    for at in 0..dump.len() - name.len() {
        if dump[at..].starts_with(name) {
            dump[at..at + name.len()].copy_from_slice(b"public");
        }
    }
    let fields = [("cleanFirst", "true"), ("allowMissingTables", "true")];
    completed(app.admin().import(&dump, &fields).answer().await);
    assert_eq!(app.database.number("select count(*) from public.things").await, 1);
    let schemas = "select count(*) from pg_namespace where nspname = 'sixsix'";
    assert_eq!(app.database.number(schemas).await, 0);
}

#[tokio::test]
async fn subscriptions_of_a_replaced_database_are_named_and_can_be_removed() {
    let app = App::start().await;
    let name = app
        .database
        .text("select current_database()")
        .await
        .expect("it has a name");
    app.database
        .execute(format!(
            "create subscription feed_of_{name} connection 'host=/nowhere dbname=x' publication p with (connect = false)"
        ))
        .await;
    let dump = app.admin().dump().answer().await.good().body;
    let restored = completed(app.admin().import(&dump, CLEAN).answer().await);
    let warnings = restored["warnings"].to_string();
    assert!(
        warnings.contains(&format!("has subscriptions: feed_of_{name}")),
        "{warnings}"
    );
    for copy in copies(&app.admin()).await {
        let copy = copy["name"].as_str().unwrap();
        app.admin().remove_copy(copy).answer().await.good();
    }
    assert_eq!(copies(&app.admin()).await, Vec::<Value>::new());
}

/// A server whose role owns the database, with tables and functions of another role of which it is no member.
async fn with_objects_of_another_role(rights: &str) -> (Database, Server, String) {
    let database = Database::new().await;
    let name = database
        .text("select current_database()")
        .await
        .expect("it has a name");
    let (manager, plain) = (format!("manager_of_{name}"), format!("plain_of_{name}"));
    database.give_to(&manager).await;
    database
        .execute(format!(
            "alter role {manager} {rights}; grant pg_read_all_data to {manager}; create role {plain} login; \
             alter type daily_reset_mode owner to {manager}; \
             grant create on schema public to {plain}; grant trigger on message_request to {plain}; \
             set role {plain}; create table ran (role text); grant all on ran to public; \
             create function hers() returns trigger language plpgsql as $$ begin \
             insert into public.ran values (current_user); return old; end $$; \
             create trigger on_log before delete on message_request for each row execute function hers(); \
             create table parent (id int primary key); insert into parent values (1); \
             create table child (id int references parent on delete cascade); insert into child values (1); \
             create trigger on_child before delete on child for each row execute function hers(); \
             grant select, delete on parent to public"
        ))
        .await;
    let server = Server::start(&[("DSN", &database.dsn_of(&manager))]).await;
    (database, server, plain)
}

async fn clean_up(admin: &Actor) -> String {
    let fields = json!({ "beforeDate": "2026-01-28T12:00:00Z", "dryRun": false, "withoutStatistics": true });
    admin.clean_up(&fields).answer().await.text()
}

#[tokio::test]
async fn objects_without_their_owner_belong_to_a_role_without_rights() {
    let (database, server, plain) = with_objects_of_another_role("createrole").await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let refused = clean_up(&admin).await;
    assert!(refused.contains("DROP TRIGGER on_log"), "{refused}");
    let dump = admin.dump().answer().await.good().body;
    let restored = completed(admin.import(&dump, CLEAN).answer().await);
    let keeper = database
        .text("select relowner::regrole from pg_class where relname = 'child'")
        .await
        .unwrap();
    assert!(
        keeper.starts_with("decant_keeper_") && restored["warnings"].to_string().contains(&keeper),
        "{keeper}: {restored}"
    );
    let rights = format!(
        "select count(*) from pg_roles r where rolname = '{keeper}' and not (rolsuper or rolcanlogin or rolcreatedb or \
         rolcreaterole or rolbypassrls or rolreplication or has_schema_privilege(oid, 'public', 'create')) \
         and not exists (select from pg_auth_members where member = r.oid)"
    );
    assert_eq!(database.number(&rights).await, 1);
    // A trigger that a foreign key fires runs as the owner of its table.
    let delete = "delete from parent where id = 1".to_owned();
    execute(&database.dsn_of(&plain), delete).await;
    let ran = database.texts("select distinct role from ran").await;
    assert_eq!(ran, [Some(keeper.clone())]);
    // The function that lost its owner is not trusted.
    let refused = clean_up(&admin).await;
    assert!(
        refused.contains("DROP TRIGGER on_log") && refused.contains(&keeper),
        "{refused}"
    );
    // The application's own tables are used on.
    assert!(admin.usage_count(&[]).await > 0);
}

#[tokio::test]
async fn triggers_without_their_owner_are_disabled_where_no_role_can_keep_them() {
    let (database, server, plain) = with_objects_of_another_role("nocreaterole").await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;
    let restored = completed(admin.import(&dump, CLEAN).answer().await);
    let warnings = restored["warnings"].to_string();
    for trigger in ["on_log on public.message_request", "on_child on public.child"] {
        assert!(warnings.contains(trigger), "{warnings}");
    }
    let delete = "delete from parent where id = 1".to_owned();
    execute(&database.dsn_of(&plain), delete).await;
    database
        .execute("update message_request set created_at = '2026-01-01Z' where id <= 10")
        .await;
    let before = database.number("select count(*) from message_request").await;
    let answer = clean_up(&admin).await;
    let after = database.number("select count(*) from message_request").await;
    assert!(after < before, "{answer}");
    assert_eq!(database.number("select count(*) from ran").await, 0);
}

#[tokio::test]
async fn an_owner_that_cannot_be_told_is_named() {
    let app = App::start().await;
    let name = app.database.text("select current_database()").await.unwrap();
    let (one, two) = (format!("one_of_{name}"), format!("two_of_{name}"));
    app.database
        .execute(format!(
            "create role {one}; create role {two}; create operator =+= (rightarg = int, function = int4up); \
             create operator =+= (rightarg = int8, function = int8up); \
             alter operator =+= (none, int) owner to {one}; alter operator =+= (none, int8) owner to {two}"
        ))
        .await;
    let dump = app.admin().dump().answer().await.good().body;
    let restored = completed(app.admin().import(&dump, CLEAN).answer().await);
    let warnings = restored["warnings"].to_string();
    assert!(warnings.contains("operator public.=+="), "{warnings}");
}
