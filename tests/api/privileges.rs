//! Privileges and other properties after a restore: no role gains any, whatever roles exist on this server.

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::cluster::{Cluster, execute, folder};
use decant_tests::database::Database;
use decant_tests::dumps::{completed, events};
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

const CLEAN: &[(&str, &str)] = &[("cleanFirst", "true"), ("allowMissingTables", "true")];

/// Every privilege on objects of the schemas of a site that its owner does not have as such.
const PRIVILEGES: &str = "select concat_ws(' ', kind, name, case when grantee = 0 then 'public' else grantee::regrole::text end, \
         privilege_type, is_grantable) from ( \
     select 'function', oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner)), proowner \
         from pg_proc where pronamespace = 'public'::regnamespace or proname = 'pg_sleep' \
     union all select 'type', oid::regtype::text, coalesce(typacl, acldefault('T', typowner)), typowner \
         from pg_type where typnamespace = 'public'::regnamespace \
     union all select 'schema', nspname, nspacl, nspowner from pg_namespace where nspname !~ '^(pg_|information)' \
     union all select 'large object', oid::text, lomacl, lomowner from pg_largeobject_metadata \
     union all select 'table', oid::regclass::text, relacl, relowner from pg_class where relnamespace = 'public'::regnamespace \
     union all select 'column', attrelid::regclass || '.' || attname, attacl, 0 from pg_attribute where attacl is not null \
         and attrelid > 16384 \
     union all select 'default', defaclrole::regrole || ' ' || defaclobjtype::text, defaclacl, defaclrole from pg_default_acl \
     ) x (kind, name, acl, owner), aclexplode(acl) where grantee <> owner order by 1";

/// Objects that are closed to all but two roles, `:there` and `:missing`.
const CLOSED: &str = "\
    create function secret() returns int language sql security definer as 'select 1'; \
    revoke execute on function secret() from public; grant execute on function secret() to :missing, :there; \
    create procedure \"odd ; \"\"\nname\"(a int[], variadic b text[]) language sql as 'select 1'; \
    revoke execute on procedure \"odd ; \"\"\nname\" from public; grant execute on procedure \"odd ; \"\"\nname\" to :missing; \
    create type mood as enum ('good'); revoke usage on type mood from public; \
    grant usage on type mood to :missing, :there with grant option; \
    create table notes (id int, body text); grant select (id) on notes to :missing, :there; \
    grant insert on notes to :missing, :there; \
    create schema closed; grant usage on schema closed to :missing, :there; \
    select lo_create(4711); grant select on large object 4711 to :missing, :there; \
    alter default privileges revoke execute on functions from public; \
    alter default privileges grant select on tables to :missing, :there";

/// A database of a role of its own, and the names of both roles of [`CLOSED`].
async fn closed(database: &Database) -> (String, String, String) {
    let name = database.text("select current_database()").await;
    let name = name.expect("it has a name");
    let [owner, missing, there] = ["owner", "missing", "there"].map(|role| format!("{role}_of_{name}"));
    database
        .execute(format!(
            "create role {owner} login; create role {missing}; create role {there} login; \
             alter database {name} owner to {owner}"
        ))
        .await;
    let sql = CLOSED.replace(":missing", &missing).replace(":there", &there);
    execute(&database.dsn_of(&owner), sql).await;
    (owner, missing, there)
}

#[tokio::test]
async fn objects_that_are_closed_stay_closed_where_a_role_is_missing() {
    // A migration runs in the transaction of the restore.
    let migrations = folder();
    let setting = (
        "DECANT_POST_RESTORE_MIGRATIONS",
        migrations.path().to_str().expect("its name is plain"),
    );
    let sql = "do $$ begin if exists (select from pg_proc where proname = 'secret' and proacl is null) \
               then raise exception 'secret() is open to all'; end if; end $$";
    std::fs::write(migrations.path().join("1.sql"), sql).expect("the folder is ours");
    for is_beside in [true, false] {
        let database = Database::empty().await;
        let (owner, missing, there) = closed(&database).await;
        let dsn = match is_beside {
            true => database.dsn.clone(),
            false => database.dsn_of(&owner),
        };
        let server = Server::start(&[("DSN", &dsn), setting]).await;
        let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
        let dump = admin.dump().answer().await.good().body;
        database
            .execute(format!("drop owned by {missing}; drop role {missing}"))
            .await;
        let before = database.texts(PRIVILEGES).await;
        assert!(before.iter().flatten().any(|line| line.contains(&there)));
        let restored = completed(admin.import(&dump, CLEAN).answer().await);
        assert_eq!(restored["previous"].is_string(), is_beside);
        assert_eq!(database.texts(PRIVILEGES).await, before);
        let warnings = restored["warnings"].as_array().expect("a list");
        assert!(
            warnings.len() == 1 && warnings[0].to_string().contains(&missing),
            "{warnings:?}"
        );
    }
}

#[tokio::test]
async fn functions_of_others_that_are_closed_stay_closed() {
    let app = App::start().await;
    app.database
        .execute(
            "create extension hstore; revoke execute on function hstore(text, text) from public; \
             revoke execute on function pg_catalog.pg_sleep(float8) from public",
        )
        .await;
    let before = app.database.texts(PRIVILEGES).await;
    let dump = app.admin().dump().answer().await.good().body;
    let restored = completed(app.admin().import(&dump, CLEAN).answer().await);
    assert_eq!(app.database.texts(PRIVILEGES).await, before);
    assert_eq!(restored["warnings"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn a_schema_public_of_the_superuser_stays_closed() {
    let cluster = Cluster::start().await;
    // As `initdb` of PostgreSQL 14 makes it.
    let old = "alter schema public owner to postgres; grant create on schema public to public; \
               update pg_init_privs set initprivs = (select nspacl from pg_namespace where nspname = 'public') \
               where objoid = 'public'::regnamespace and classoid = 'pg_namespace'::regclass";
    cluster
        .execute("alter database template0 allow_connections true".to_owned())
        .await;
    for template in ["template0", "template1"] {
        execute(&cluster.dsn(template), old.to_owned()).await;
    }
    cluster
        .execute("create role plain login; create role manager login createdb".to_owned())
        .await;
    let acl = "select nspacl::text from pg_namespace where nspname = 'public'";
    for (name, role) in [("beside", "postgres"), ("in_place", "manager")] {
        cluster
            .execute(format!("create database {name} owner {role}"))
            .await;
        let dsn = cluster.dsn(name);
        let sql =
            "revoke create on schema public from public; grant create on schema public to plain, manager";
        execute(&dsn, sql.to_owned()).await;
        let dsn = dsn.replacen("user=postgres", &format!("user={role}"), 1);
        execute(
            &dsn,
            "create table rows (id int); insert into rows values (1)".to_owned(),
        )
        .await;
        let server = Server::start(&[("DSN", &dsn)]).await;
        let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
        let before = text(&dsn, acl).await;
        let dump = admin.dump().answer().await.good().body;
        let answer = admin.import(&dump, CLEAN).answer().await;
        let told = events(&answer);
        let restored = completed(answer);
        assert_eq!(
            restored["previous"].is_string(),
            name == "beside",
            "{name}: {told:?}"
        );
        assert_eq!(restored["warnings"], Value::Array(Vec::new()), "{name}");
        assert_eq!(text(&dsn, acl).await, before, "{name}");
    }
}

#[tokio::test]
async fn a_restored_database_keeps_its_locale_and_its_tablespace() {
    let cluster = Cluster::start().await;
    for sql in [
        "alter system set allow_in_place_tablespaces = on",
        "select pg_reload_conf()",
        "create tablespace elsewhere location ''",
        "create database kept template template0 locale_provider libc locale 'C' tablespace elsewhere",
        // As in a cluster that was made with ICU.
        "update pg_database set datlocprovider = 'i', daticulocale = 'und' where datname = 'template0'",
    ] {
        cluster.execute(sql.to_owned()).await;
    }
    let dsn = cluster.dsn("kept");
    execute(&dsn, "create table rows (id int)".to_owned()).await;
    let properties = "select concat_ws(' ', encoding, datlocprovider, datcollate, datctype, daticulocale, spcname) \
                      from pg_database d join pg_tablespace t on t.oid = dattablespace where datname = 'kept'";
    let before = text(&dsn, properties).await;
    let server = Server::start(&[("DSN", &dsn)]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let dump = admin.dump().answer().await.good().body;
    let restored = completed(admin.import(&dump, CLEAN).answer().await);
    assert!(restored["previous"].is_string());
    assert_eq!(text(&dsn, properties).await, before);
}

async fn text(dsn: &str, sql: &'static str) -> String {
    let mut connection = PgConnection::connect(dsn)
        .await
        .expect("PostgreSQL accepts a connection");
    let text = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
    text.expect("it is a text")
}
