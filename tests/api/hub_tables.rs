//! Tables that another role has planted in the place of the hub's give that role nothing.

use decant_tests::actors::{Actor, Request};
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::problem::Problem;
use decant_tests::program::{self, Outcome, Settings};
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::{Value, json};

/// Tables with an administrator whose key is `evil`.
const PLANTED: &str = "create table users (id int, name text, role text, is_enabled boolean, expires_at timestamptz, \
     deleted_at timestamptz); \
     create table keys (id int, user_id int, key text, name text, is_enabled boolean, expires_at timestamptz, \
     can_login_web_ui boolean, deleted_at timestamptz); \
     insert into users values (1, 'me', 'admin', true, null, null); \
     insert into keys values (1, 1, 'evil', 'k', true, null, true, null);";

async fn check(settings: Settings<'_>) -> Outcome {
    program::run(&["datasets", "check"], settings).await
}

/// Returns the time of the database (RFC 3339).
async fn now(database: &Database) -> String {
    let now = "select to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
    database.text(now).await.expect("the time is never null")
}

/// Asserts that a request is refused with this status and code, and returns the text. It may name a table, so it is read here
/// without the check for names that leak.
async fn refusal(request: Request, status: u16, code: &str) -> String {
    let answer = request.answer().await;
    let problem: Problem = answer.json();
    assert_eq!(
        (answer.status, problem.code.as_str()),
        (status, code),
        "{}",
        answer.text()
    );
    problem.detail
}

/// Asserts that the key `evil` gives nothing.
async fn refuses(server: &Server) {
    let anyone = Actor::new(&server.address);
    for request in [
        anyone.login("evil"),
        anyone.clone().with_token("evil").me(),
        anyone.clone().with_api_key("evil").dump(),
    ] {
        request.answer().await.problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn planted_tables_sign_nobody_in() {
    let database = Database::empty().await;
    let role = database.make_plain_role().await;
    let dsn = [("DSN", database.dsn.as_str())];
    let early = Server::start(&dsn).await;
    database.execute(format!("set role {role}; {PLANTED}")).await;
    refuses(&early).await;

    let server = Server::start(&dsn).await;
    refuses(&server).await;
    let advice = [
        "public.keys",
        &role,
        &format!("DECANT_HUB_OWNER={role}"),
        "ALTER TABLE public.keys OWNER TO postgres;",
    ];
    let checked = check(&dsn).await;
    let (log, checked) = (server.log(), checked.text() + &checked.stderr);
    for part in advice {
        assert!(log.contains(part), "{part} is missing: {log}");
        assert!(checked.contains(part), "{part} is missing: {checked}");
    }

    // The hub's own role may be none of the usual ones.
    let trusting = Server::start(&[dsn[0], ("DECANT_HUB_OWNER", &role)]).await;
    let me: Value = Actor::new(&trusting.address)
        .with_token("evil")
        .me()
        .answer()
        .await
        .good()
        .json();
    assert_eq!(me["role"], "admin");
    // A grant between the roles proves nothing: up to PostgreSQL 14 a role may grant itself.
    let reader = format!("reader_{role}");
    database
        .execute(format!(
            "create role {reader} login; grant {role} to {reader}; grant select on users, keys to {reader}"
        ))
        .await;
    let reading = Server::start(&[("DSN", &database.dsn_of(&reader))]).await;
    refuses(&reading).await;
    database
        .execute("alter table keys owner to postgres; alter table users owner to postgres")
        .await;
    let me = Actor::new(&reading.address)
        .with_token("evil")
        .me()
        .answer()
        .await;
    assert_eq!(me.good().json::<Value>()["role"], "admin");
}

#[tokio::test]
async fn a_planted_view_runs_no_function() {
    let database = Database::empty().await;
    let now = now(&database).await;
    let role = database.make_plain_role().await;
    database.make_traced(&role).await;
    database
        .execute(format!(
            "set role {role}; {PLANTED} drop table users; \
             create view users as select public.traced() as id, 'me'::text as name, 'admin'::text as role, \
             true as is_enabled, null::timestamptz as expires_at, null::timestamptz as deleted_at"
        ))
        .await;
    for dsn in [database.dsn.clone(), database.dsn_of(&role)] {
        let server = Server::start(&[("DSN", &dsn)]).await;
        refuses(&server).await;
        assert!(server.log().contains("sign-in with keys of the hub is off"));
    }
    assert!(!database.has_run_traced().await);
    // The same in each table of the datasets and of a clean-up.
    database
        .execute(
            "drop view users; drop table keys; create table users (id int); create table providers (id int)",
        )
        .await;
    database
        .execute(format!(
            "set role {role}; create table keys (id int); \
             create view message_request as select public.traced() as id, public.traced() as user_id"
        ))
        .await;
    let settings = [("DSN", database.dsn.as_str())];
    let server = Server::start(&settings).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let usage: Value = admin.dataset("usage-logs").answer().await.good().json();
    let reason = usage["reason"].as_str().unwrap();
    assert!(
        reason.contains("public.message_request") && reason.contains(&role),
        "{reason}"
    );
    let dry_run = json!({ "beforeDate": now, "dryRun": true });
    let refused = refusal(admin.clean_up(&dry_run), 409, "hub_table_refused").await;
    assert!(refused.contains("is not a table"), "{refused}");
    let checked = check(&settings).await;
    assert!(
        checked.text().contains("usage-logs: not trusted"),
        "{}",
        checked.text()
    );
    assert_ne!(checked.code, Some(0));
    assert!(!database.has_run_traced().await);
}

#[tokio::test]
async fn a_planted_ledger_ends_a_clean_up() {
    let app = App::start().await;
    let now = now(&app.database).await;
    let role = app.database.make_plain_role().await;
    app.database.make_traced(&role).await;
    app.database
        .execute(format!(
            "set role {role}; create view usage_ledger as select public.traced() as request_id"
        ))
        .await;
    for fields in [
        json!({ "beforeDate": now, "dryRun": true }),
        json!({ "beforeDate": now, "dryRun": false, "withoutStatistics": true }),
    ] {
        let refused = refusal(app.admin().clean_up(&fields), 409, "hub_table_refused").await;
        assert!(refused.contains("public.usage_ledger"), "{refused}");
    }
    let dsn = [("DSN", app.database.dsn.as_str())];
    let refused = program::run(&["cleanup", "--before", &now, "--dry-run"], &dsn).await;
    assert!(refused.refusal().contains("public.usage_ledger"));
    assert!(!app.database.has_run_traced().await);

    // A ledger that is a table could only lie about the statistics.
    app.database
        .execute(format!(
            "drop view usage_ledger; set role {role}; create table usage_ledger (request_id int); \
             insert into usage_ledger select generate_series(1, 100000)"
        ))
        .await;
    let fields = json!({ "beforeDate": now, "dryRun": false });
    refusal(app.admin().clean_up(&fields), 409, "hub_table_refused").await;
    assert!(app.database.number("select count(*) from message_request").await > 0);
}

#[tokio::test]
async fn a_trigger_of_another_role_does_not_run_in_a_clean_up() {
    let app = App::start().await;
    let now = now(&app.database).await;
    let role = app.database.make_plain_role().await;
    app.database.make_traced(&role).await;
    app.database
        .execute(format!(
            "grant all on message_request to {role}; set role {role}; \
             create function hers() returns trigger language plpgsql as $$ begin \
             perform public.trace_it(); return old; end $$; \
             create trigger hers before delete on message_request for each row execute function hers()"
        ))
        .await;
    let fields = json!({ "beforeDate": now, "dryRun": false, "withoutStatistics": true });
    let statement = "DROP TRIGGER hers ON public.message_request;";
    for archive_first in [false, true] {
        let mut fields = fields.clone();
        fields["archiveFirst"] = archive_first.into();
        let refused = app.admin().clean_up(&fields).answer().await;
        let text = refused.text();
        assert!(
            refused.status != 200 && text.contains(&role) && text.contains(statement),
            "{} {text}",
            refused.status
        );
    }
    assert!(!app.database.has_run_traced().await);
    // A trigger does not fire for an export.
    assert!(app.admin().usage_count(&[]).await > 0);
    app.database.execute(statement).await;
    app.admin().clean_up(&fields).answer().await.good();
}

#[tokio::test]
async fn a_table_of_another_role_that_refers_to_the_log_does_not_run_in_a_clean_up() {
    let app = App::start().await;
    let now = now(&app.database).await;
    let role = app.database.make_plain_role().await;
    app.database.make_traced(&role).await;
    app.database
        .execute(format!(
            "grant references, select on message_request to {role}; set role {role}; \
             create function hers() returns trigger language plpgsql as $$ begin \
             perform public.trace_it(); return coalesce(old, new); end $$; \
             create table lookup (id int references message_request); \
             create table child (id int references message_request on delete cascade); \
             insert into child select id from message_request; \
             create trigger after_it after delete on child for each statement execute function hers(); \
             create constraint trigger deferred after delete on child deferrable initially deferred \
             for each row execute function hers()"
        ))
        .await;
    let fields = json!({ "beforeDate": now, "dryRun": false, "withoutStatistics": true });
    // A table whose rows are looked up only runs the conditions of its indexes.
    for _ in ["child", "lookup"] {
        let refused = app.admin().clean_up(&fields).answer().await;
        let text = refused.text();
        let table = if text.contains("public.child") {
            "child"
        } else {
            "lookup"
        };
        let statement = format!("ALTER TABLE public.{table} DROP CONSTRAINT {table}_id_fkey;");
        assert!(
            refused.status != 200 && text.contains(&role) && text.contains(&statement),
            "{} {text}",
            refused.status
        );
        assert!(!app.database.has_run_traced().await);
        app.database.execute(statement).await;
    }
    // A role with the right TRIGGER attaches a function to a table that a trusted role has attached.
    app.database
        .execute(format!(
            "create table trusted (id int unique references message_request on delete set null); \
             create table second (id int references trusted (id) on update cascade); \
             insert into trusted select id from message_request; insert into second select id from trusted; \
             grant trigger on second to {role}; set role {role}; \
             create trigger hers after update on second for each row execute function hers()"
        ))
        .await;
    let text = app.admin().clean_up(&fields).answer().await.text();
    let statement = "DROP TRIGGER hers ON public.second;";
    assert!(text.contains(&role) && text.contains(statement), "{text}");
    app.database.execute(statement).await;
    app.admin().clean_up(&fields).answer().await.good();
    assert!(!app.database.has_run_traced().await);
}

#[tokio::test]
async fn a_schema_with_the_name_of_decants_role_is_not_searched() {
    let database = Database::new().await;
    let now = now(&database).await;
    let role = database.make_plain_role().await;
    database.make_ledger().await;
    let reader = format!("reader_{role}");
    database
        .execute(format!(
            "create role {reader} login; grant select, delete on all tables in schema public to {reader}; \
             create schema {reader} authorization {role}; set role {role}; set search_path = {reader}; {PLANTED} \
             create table message_request (id int); create table providers (id int); \
             create table usage_ledger (request_id int); grant usage on schema {reader} to public; \
             grant select on all tables in schema {reader} to public"
        ))
        .await;
    let user = database.busy_user().await;
    let rows = database.usage_rows("true").await;
    let settings = [("DSN", &*database.dsn_of(&reader))];
    let server = Server::start(&settings).await;
    refuses(&server).await;
    let own = Actor::new(&server.address).with_token(&user.key);
    assert_eq!(own.me().answer().await.good().json::<Value>()["role"], "user");
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    assert_eq!(admin.usage_count(&[]).await, rows);
    let dry_run = json!({ "beforeDate": now, "dryRun": true });
    let preview: Value = admin.clean_up(&dry_run).answer().await.good().json();
    assert_ne!(preview["rows"], 0);
    assert_eq!(preview["keepsStatistics"], true);
    assert!(check(&settings).await.good().text().contains("usage-logs: good"));
}

#[tokio::test]
async fn the_hub_may_have_a_schema_and_a_role_of_its_own() {
    let database = Database::new().await;
    let now = now(&database).await;
    database.make_ledger().await;
    let user = database.busy_user().await;
    let rows = database.usage_rows("true").await;
    let role = database.make_plain_role().await;
    let tables = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace";
    let mut sql = format!("create schema \"The hub\" authorization {role}; ");
    for table in database.texts(tables).await.into_iter().flatten() {
        sql += &format!("alter table {table} owner to {role}; alter table {table} set schema \"The hub\";");
    }
    database.execute(sql).await;

    let dsn = ("DSN", database.dsn.as_str());
    let schema = ("DECANT_HUB_SCHEMA", "The hub");
    let checked = check(&[dsn, schema]).await;
    let advice = "ALTER SCHEMA \"The hub\" OWNER TO postgres;";
    assert!(checked.text().contains(advice), "{}", checked.text());
    let settings = [dsn, schema, ("DECANT_HUB_OWNER", &role)];
    assert!(check(&settings).await.good().text().contains("probe-logs: good"));
    let server = Server::start(&settings).await;
    let own = Actor::new(&server.address).with_token(&user.key);
    assert!(own.usage_count(&[]).await > 0);
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    assert_eq!(admin.usage_count(&[]).await, rows);
    assert_eq!(
        admin.rows("usage-logs").answer().await.raw_rows().whole().count(),
        rows
    );
    admin.options("usage-logs", "key").answer().await.good();
    let everything = json!({ "beforeDate": now, "dryRun": false });
    let cleaned: Value = admin.clean_up(&everything).answer().await.good().json();
    assert_ne!(cleaned["totalDeleted"], 0, "{cleaned}");
}

#[tokio::test]
async fn a_table_that_another_role_gets_later_is_not_read_any_more() {
    let app = App::start().await;
    let role = app.database.make_plain_role().await;
    let (user, _) = app.user().await;
    let admin = app.admin();
    // The values of a filter are kept for some minutes, so each turn asks for another one.
    let requests = |filter: &str| {
        [
            admin.rows("usage-logs"),
            admin.page("usage-logs"),
            admin.count("usage-logs"),
            admin.export("usage-logs"),
            admin.options("usage-logs", filter),
        ]
    };
    for (filter, change, back) in [
        (
            "model",
            format!("alter table users owner to {role}"),
            "alter table users owner to postgres",
        ),
        (
            "endpoint",
            format!("alter schema public owner to {role}"),
            "alter schema public owner to pg_database_owner",
        ),
        (
            "provider",
            format!("create table more () inherits (users); alter table more owner to {role}"),
            "drop table more",
        ),
        (
            "status_code",
            format!(
                "create type hue as enum ('a'); alter table users add column c hue; alter type hue owner to {role}"
            ),
            "drop type hue cascade",
        ),
    ] {
        app.database.execute(change.clone()).await;
        for request in requests(filter) {
            let refused = refusal(request, 503, "dataset_unavailable").await;
            assert!(refused.contains(&role), "{change}: {refused}");
        }
        user.me().answer().await.problem(401, "invalid_credentials");
        app.database.execute(back).await;
        user.me().answer().await.good();
        for request in requests(filter) {
            request.answer().await.good();
        }
    }
}

#[tokio::test]
async fn rows_that_policies_hide_are_not_left_out_in_silence() {
    let database = Database::new().await;
    let now = now(&database).await;
    let role = database.make_plain_role().await;
    let user = database.busy_user().await;
    database
        .execute(format!(
            "grant select on all tables in schema public to {role}; \
             create table people (id int, name text); insert into people select n, 'x' from generate_series(1, 500) n; \
             alter table people enable row level security; create policy one on people using (id = 1); \
             grant select on people to {role}; \
             alter table message_request enable row level security; create policy one on message_request using (id = 1)"
        ))
        .await;
    let people = "name = \"people\"\ntitle = \"People\"\naccess = \"admin\"\norder = [\"id\"]\nfrom = \"people p\"\n\
                  [[column]]\nname = \"id\"\nlabel = \"ID\"\nsql = \"p.id\"\n";
    let definitions = decant_tests::definitions::Definitions::of(&[people]);
    let settings = [("DSN", &*database.dsn_of(&role)), definitions.setting()];
    let checked = check(&settings).await.text();
    for part in [
        "usage-logs: not readable",
        &format!("ALTER ROLE {role} BYPASSRLS;"),
        "people: not readable",
        "row-level security policy for table \"people\"",
    ] {
        assert!(checked.contains(part), "{part} is missing: {checked}");
    }
    let server = Server::start(&settings).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    for dataset in ["people", "usage-logs"] {
        refusal(admin.rows(dataset), 503, "dataset_unavailable").await;
    }
    let dry_run = json!({ "beforeDate": now, "dryRun": true });
    refusal(admin.clean_up(&dry_run), 409, "hub_table_refused").await;
    // Sign-in reads two other tables.
    let own = Actor::new(&server.address).with_token(&user.key);
    own.me().answer().await.good();

    database.execute(format!("alter role {role} bypassrls")).await;
    let server = Server::start(&settings).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let rows = admin.rows("people").answer().await.raw_rows().whole();
    assert_eq!(rows.count(), 500);
}

#[tokio::test]
async fn a_column_that_decants_role_may_not_read_is_named_with_the_grant() {
    let database = Database::new().await;
    let role = database.make_plain_role().await;
    database
        .execute(format!(
            "grant select on all tables in schema public to {role}; revoke select on providers from {role}; \
             grant select (id) on providers to {role}"
        ))
        .await;
    let settings = [("DSN", &*database.dsn_of(&role))];
    let checked = check(&settings).await.good().text();
    let grant = format!("GRANT SELECT ON public.providers TO {role};");
    for part in ["usage-logs: not readable", "column `provider_name`", &grant] {
        assert!(checked.contains(part), "{part} is missing: {checked}");
    }
    assert!(checked.contains("probe-logs: good"), "{checked}");
    database.execute(grant).await;
    assert!(check(&settings).await.good().text().contains("usage-logs: good"));
}
