//! Dumps that attack: a dump is code, and runs with the rights of the role that loads it.

use std::path::PathBuf;

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::cluster::execute;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, copies, failed};
use decant_tests::server::{ADMIN_TOKEN, Server};

const CLEAN: &[(&str, &str)] = &[("cleanFirst", "true"), ("skipLogs", "false")];

const WITH_MISSING: &[(&str, &str)] = &[("cleanFirst", "true"), ("allowMissingTables", "true")];

/// The roles that have loaded dumps of this database, and are still there.
const LEFT: &str = "select count(*) from pg_roles where rolname like 'decant\\_load%' \
     and shobj_description(oid, 'pg_authid') like '%\"' || current_database() || '\"%'";

/// A file that an attack creates when it runs a program. Dropping the value removes it.
struct Trace(PathBuf);

impl Trace {
    fn new(name: &str) -> Self {
        let file = format!("decant-tests-trace-{}-{name}", std::process::id());
        let trace = Self(std::env::temp_dir().join(file));
        let _ = std::fs::remove_file(&trace.0);
        trace
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("its name is plain")
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Makes a plain role, and a table whose constraint attacks when Decant's programs insert a row.
async fn set_trap(database: &Database, trace: &Trace) -> String {
    let name = database
        .text("select current_database()")
        .await
        .expect("it has a name");
    let plain = format!("plain_of_{name}");
    let path = trace.path();
    database
        .execute(format!(
            "create role {plain}; comment on database {name} is 'ours'; \
             create function attack() returns boolean language plpgsql as $$ \
             declare command text; \
             begin \
                 if current_setting('application_name') not like 'decant%' then return true; end if; \
                 foreach command in array array[ \
                     'reset role', 'reset session authorization', 'set session authorization postgres', \
                     'set role postgres', 'alter role current_user superuser', \
                     'alter role {plain} superuser', 'grant pg_execute_server_program to current_user', \
                     'alter database {name} set work_mem = ''9MB''', \
                     'alter database {name} rename to stolen_{name}', \
                     'alter database decant set work_mem = ''9MB''', \
                     'alter role current_user set local_preload_libraries = nowhere', \
                     'alter role current_user set default_transaction_read_only = on', \
                     'alter role current_user in database decant set work_mem = ''9MB''', \
                     format('grant all on database %I to {plain} with grant option', current_database()), \
                     format('alter database %I is_template true', current_database()), \
                     format('alter database %I connection limit 7', current_database()), \
                     format('comment on database %I is ''stolen''', current_database()), \
                     'copy (select 1) to program ''cat /proc/self/environ > {path}''' \
                 ] loop \
                     begin execute command; exception when others then null; end; \
                 end loop; \
                 return true; \
             end $$; \
             create table trap (id int primary key check (attack())); insert into trap values (1)"
        ))
        .await;
    plain
}

async fn unharmed(database: &Database, plain: &str, trace: &Trace) {
    assert!(!trace.0.exists(), "a program ran");
    let superuser = format!("select rolsuper from pg_roles where rolname = '{plain}'");
    assert_eq!(database.text(&superuser).await.as_deref(), Some("false"));
    let settings = "select count(*) from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase \
                    where datname = current_database()";
    assert_eq!(database.number(settings).await, 0);
    let properties = "select p::text from (select datistemplate, datconnlimit, datacl::text, \
                      shobj_description(oid, 'pg_database') from pg_database where datname = current_database()) p";
    let properties = database.text(properties).await.expect("there is one");
    assert!(
        properties.starts_with("(f,-1,") && properties.ends_with(",ours)") && !properties.contains(plain),
        "{properties}"
    );
}

#[tokio::test]
async fn the_code_of_a_dump_has_no_rights_while_it_is_loaded() {
    let app = App::start().await;
    let trace = Trace::new("load");
    let plain = set_trap(&app.database, &trace).await;
    let contents = app.database.contents().await;
    let dump = app.admin().dump().answer().await.good().body;
    completed(app.admin().import(&dump, CLEAN).answer().await);
    assert_eq!(app.database.contents().await, contents);
    unharmed(&app.database, &plain, &trace).await;

    // A load that fails leaves nothing that is in the way of the next one.
    app.database
        .execute(
            "create function fails() returns boolean language plpgsql as $$ begin \
             return public.attack() and current_setting('application_name') <> 'decant pg_restore'; end $$; \
             create table failing (id int constraint fails check (fails())); insert into failing values (1)",
        )
        .await;
    let failing = app.admin().dump().answer().await.good().body;
    for _ in 0..2 {
        let why = failed(app.admin().import(&failing, CLEAN).answer().await);
        assert!(why.contains("\"fails\""), "{why}");
    }
    completed(app.admin().import(&dump, WITH_MISSING).answer().await);
    for copy in copies(&app.admin()).await {
        let name = copy["name"].as_str().expect("a name");
        app.admin().remove_copy(name).answer().await.good();
    }
    unharmed(&app.database, &plain, &trace).await;
    assert_eq!(app.database.number(LEFT).await, 0);
}

#[tokio::test]
async fn a_role_that_may_create_roles_is_not_the_one_that_loads() {
    let database = Database::new().await;
    let name = database.text("select current_database()").await.unwrap();
    let trace = Trace::new("createrole");
    let plain = set_trap(&database, &trace).await;
    let owner = format!("creator_of_{name}");
    database.give_to(&owner).await;
    let statement = format!("COMMENT ON TABLE public.users IS '{}';", "x".repeat(200));
    database
        .execute(format!(
            "alter role {owner} createrole; alter function attack() owner to {owner}; {statement}"
        ))
        .await;
    let server = Server::start(&[("DSN", &database.dsn_of(&owner))]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let contents = database.contents().await;
    let dump = admin.dump().answer().await.good().body;
    completed(admin.import(&dump, CLEAN).answer().await);
    assert_eq!(database.contents().await, contents);
    unharmed(&database, &plain, &trace).await;
    let belongs = format!(
        "select count(*) from pg_class where relowner = '{owner}'::regrole and relname in ('users', 'trap')"
    );
    assert_eq!(database.number(&belongs).await, 2);
    for copy in copies(&admin).await {
        admin
            .remove_copy(copy["name"].as_str().unwrap())
            .answer()
            .await
            .good();
    }

    // The role owns the live database, and the one that loads does not.
    let hostile = with_statement(&dump, &statement, &format!("DROP DATABASE {name} WITH (FORCE);"));
    let why = failed(admin.import(&hostile, CLEAN).answer().await);
    assert!(why.contains("must be owner"), "{why}");
    assert_eq!(database.contents().await, contents);
    assert_eq!(database.number(LEFT).await, 0);
}

/// Returns the dump with another statement in its table of contents, which is not compressed.
fn with_statement(dump: &[u8], statement: &str, attack: &str) -> Vec<u8> {
    let at = dump
        .windows(statement.len())
        .position(|part| part == statement.as_bytes())
        .expect("the statement is in the table of contents");
    let mut hostile = dump.to_vec();
    let padded = format!("{attack:width$}", width = statement.len());
    hostile[at..at + statement.len()].copy_from_slice(padded.as_bytes());
    hostile
}

#[tokio::test]
async fn a_statement_in_the_table_of_contents_does_not_reach_the_live_database() {
    let app = App::start().await;
    let name = app.database.text("select current_database()").await.unwrap();
    let trace = Trace::new("contents");
    let plain = format!("plain_of_{name}");
    let statement = format!("COMMENT ON TABLE public.users IS '{}';", "x".repeat(400));
    app.database
        .execute(format!(
            "create role {plain}; comment on database {name} is 'ours'; {statement}"
        ))
        .await;
    let contents = app.database.contents().await;
    let dump = app.admin().dump().answer().await.good().body;
    let path = trace.path();
    for attack in [
        format!("DROP DATABASE {name} WITH (FORCE);"),
        format!("RESET SESSION AUTHORIZATION; ALTER ROLE {plain} SUPERUSER;"),
        format!("COMMIT; COPY (SELECT 1) TO PROGRAM 'touch {path}'; SELECT 1/0;"),
        format!("ALTER DATABASE {name} SET work_mem = '9MB';"),
    ] {
        let hostile = with_statement(&dump, &statement, &attack);
        let why = failed(app.admin().import(&hostile, CLEAN).answer().await);
        assert!(
            why.contains("permission denied")
                || why.contains("must be owner")
                || why.contains("must be superuser"),
            "{attack}: {why}"
        );
        assert_eq!(app.database.contents().await, contents, "{attack}");
        unharmed(&app.database, &plain, &trace).await;
        assert!(copies(&app.admin()).await.is_empty());
    }
    assert_eq!(app.database.number(LEFT).await, 0);
}

#[tokio::test]
async fn the_private_postgresql_has_no_secrets_and_no_rights_for_a_dump() {
    let source = App::start().await;
    let trace = Trace::new("private");
    set_trap(&source.database, &trace).await;
    source
        .database
        .execute("create extension hstore; create table pairs (h hstore); insert into pairs values ('a=>1')")
        .await;
    let dump = source.admin().dump().answer().await.good().body;

    let server = Server::start(&[
        ("DECANT_DEMO_ROWS", "10"),
        ("DECANT_BACKUP_PASSPHRASE", "a secret of ours"),
    ])
    .await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    // The demo has tables that the dump lacks. The second load finds what the first has left.
    for _ in 0..2 {
        completed(admin.import(&dump, WITH_MISSING).answer().await);
        assert!(!trace.0.exists(), "a program ran");
    }
    assert!(admin.usage_count(&[]).await > 0);
    let folder = server.data_dir().join("postgres");
    let socket = folder.join("socket");
    let superuser = format!(
        "postgres:///decant?host={}&port=5432&user=postgres&sslmode=disable",
        socket.display()
    );
    let no_superuser = "do $$ begin \
         assert (select rolname = 'decant' and not rolsuper from pg_roles r join pg_database d on d.datdba = r.oid \
                 where datname = 'decant'); \
         assert not exists (select from pg_stat_activity where usename = 'postgres' and pid <> pg_backend_pid() \
                            and backend_type = 'client backend'); \
         assert (select relowner = 'decant'::regrole from pg_class where oid = 'trap'::regclass); \
         assert not exists (select from pg_db_role_setting where setrole <> 'decant_load'::regrole); \
         assert (select not datistemplate from pg_database where datname = 'decant'); end $$";
    execute(&superuser, no_superuser.to_owned()).await;
    let status = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    let process = status.lines().next().unwrap();
    let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap();
    let environment = String::from_utf8_lossy(&environment);
    for secret in [ADMIN_TOKEN, "a secret of ours", "JWT_SECRET", "DECANT_"] {
        assert!(!environment.contains(secret), "{secret} is in {environment}");
    }
}
