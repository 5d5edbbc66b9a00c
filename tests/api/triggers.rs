//! Triggers and rules of the database while old rows come back: none of them fires, and each is as it was afterwards.

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, failed};
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::Value;

const MERGE: &[(&str, &str)] = &[("cleanFirst", "false"), ("skipLogs", "false")];

/// The hub's trigger, as far as it matters here: each request writes its row of the ledger.
const LEDGER_TRIGGER: &str = "create function write_ledger() returns trigger language plpgsql as $$ begin \
     insert into public.usage_ledger values (new.id, 100) \
     on conflict (request_id) do update set cost_usd = excluded.cost_usd; return new; end $$; \
     create trigger write_ledger after insert or update on message_request for each row execute function write_ledger()";

/// A function for triggers that logs each call and keeps the row away, and `more`.
async fn with_log(app: &App, more: &str) {
    app.database
        .execute(format!(
            "create table calls (what text); \
             create function log_call() returns trigger language plpgsql as $$ begin \
             insert into public.calls values (tg_name); return null; end $$; {more}"
        ))
        .await;
}

async fn merge(admin: &Actor, dump: &[u8]) -> Value {
    completed(admin.import(dump, MERGE).answer().await)
}

async fn dump(app: &App) -> Vec<u8> {
    app.admin().dump().answer().await.good().body
}

/// Every trigger and rule with its state.
async fn firing(database: &Database) -> Vec<Option<String>> {
    let sql = "select (tgrelid::regclass, tgname, tgenabled)::text from pg_trigger where tgconstraint = 0 \
               union all select (ev_class::regclass, rulename, ev_enabled)::text from pg_rewrite where ev_type <> '1' \
               order by 1";
    database.texts(sql).await
}

#[tokio::test]
async fn totals_that_a_trigger_keeps_are_not_counted_twice() {
    let app = App::start().await;
    app.database
        .execute(
            "create table spend (key text primary key, total numeric not null default 0); \
             create table requests (id int primary key, key text, cost numeric); \
             create function add_spend() returns trigger language plpgsql as $$ begin \
             insert into public.spend values (new.key, new.cost) \
             on conflict (key) do update set total = public.spend.total + excluded.total; return new; end $$; \
             create trigger spend_of after insert on requests for each row execute function add_spend(); \
             insert into requests values (1, 'k1', 1.00), (2, 'k1', 2.00), (3, 'k2', 4.00)",
        )
        .await;
    let (before, triggers) = (app.database.contents().await, firing(&app.database).await);
    let dump = dump(&app).await;
    app.database.execute("delete from requests where id > 1").await;
    let merged = merge(&app.admin(), &dump).await;
    assert_eq!(merged["tables"]["public.requests"]["inserted"], 2);
    assert_eq!(app.database.contents().await, before);
    assert_eq!(firing(&app.database).await, triggers);
}

#[tokio::test]
async fn the_ledger_of_the_dump_is_the_one_that_is_there_afterwards() {
    let app = App::start().await;
    app.database.make_ledger().await;
    app.database
        .execute(format!(
            "{LEDGER_TRIGGER}; update usage_ledger set cost_usd = 0 where request_id = 7"
        ))
        .await;
    let before = app.database.contents().await;
    let dump = dump(&app).await;
    for lost in ["= 7", "> 0"] {
        app.database
            .execute(format!(
                "delete from message_request where id {lost}; delete from usage_ledger where request_id {lost}"
            ))
            .await;
        let merged = merge(&app.admin(), &dump).await;
        let ledger = &merged["tables"]["public.usage_ledger"];
        assert_eq!(ledger["conflicting"], 0, "{merged}");
        assert_eq!(app.database.contents().await, before);
    }
}

#[tokio::test]
async fn rows_come_back_as_they_are_in_the_dump_whatever_fires() {
    let app = App::start().await;
    with_log(
        &app,
        "create table trg (id int generated always as identity primary key, v text, long text generated always as (v || '!') stored); \
         insert into trg (v) values ('v1'), ('v2'); \
         create table parted (id int primary key, v text) partition by range (id); \
         create table parted_1 partition of parted for values from (0) to (10); \
         create table parted_2 partition of parted for values from (10) to (20); \
         insert into parted values (1, 'a'), (11, 'b'); \
         create table ring (id int primary key, next int references ring deferrable initially deferred); \
         insert into ring values (1, 2), (2, 1); \
         create table ruled (id int primary key); insert into ruled values (1), (2); \
         create trigger before_row before insert on trg for each row execute function log_call(); \
         create trigger after_row after insert on trg for each row execute function log_call(); \
         create trigger before_all before insert on trg for each statement execute function log_call(); \
         create trigger after_all after insert on trg for each statement execute function log_call(); \
         create trigger always before insert on trg for each row execute function log_call(); \
         alter table trg enable always trigger always; \
         create trigger replica before insert on trg for each row execute function log_call(); \
         alter table trg enable replica trigger replica; \
         create trigger disabled before insert on trg for each row execute function log_call(); \
         alter table trg disable trigger disabled; \
         create constraint trigger deferred after insert on trg deferrable initially deferred for each row execute function log_call(); \
         create trigger of_parts before insert on parted for each row execute function log_call(); \
         alter table parted_2 enable always trigger of_parts; \
         create trigger of_part before insert on parted_1 for each row execute function log_call(); \
         create trigger of_ring after insert on ring for each row execute function log_call(); \
         create rule instead as on insert to ruled do instead nothing; \
         create rule also as on insert to ruled do also insert into calls values ('rule'); \
         alter table ruled enable always rule also",
    )
    .await;
    let (before, states) = (app.database.contents().await, firing(&app.database).await);
    let dump = dump(&app).await;
    app.database
        .execute(
            "delete from trg where id = 1; delete from parted; delete from ring; delete from ruled where id = 2",
        )
        .await;
    let merged = merge(&app.admin(), &dump).await;
    assert_eq!(app.database.contents().await, before);
    assert_eq!(firing(&app.database).await, states);
    let counts = |table: &str| {
        let table = &merged["tables"][format!("public.{table}")];
        ["inserted", "skipped", "conflicting"].map(|key| table[key].as_u64().unwrap())
    };
    assert_eq!(counts("trg"), [1, 1, 0]);
    assert_eq!(counts("parted_1"), [1, 0, 0]);
    assert_eq!(counts("ring"), [2, 0, 0]);
    assert_eq!(counts("ruled"), [1, 1, 0]);
    // They fire again for later writes.
    app.database.execute("insert into ruled values (3)").await;
    assert_eq!(app.database.number("select count(*) from calls").await, 1);
}

#[tokio::test]
async fn foreign_keys_are_enforced_while_triggers_are_not() {
    let app = App::start().await;
    with_log(
        &app,
        "create table parents (id int primary key); \
         create table children (id int primary key, parent int not null references parents); \
         insert into parents values (1), (2); insert into children values (1, 1), (2, 2); \
         create trigger t before insert on children for each row execute function log_call()",
    )
    .await;
    let states = firing(&app.database).await;
    let dump = dump(&app).await;
    // The dump's parent 2 has the name of another one's here, and does not come back.
    app.database
        .execute(
            "delete from children; delete from parents; alter table parents add column name text default 'x' unique; \
             insert into parents values (3)",
        )
        .await;
    let before = app.database.contents().await;
    let why = failed(app.admin().import(&dump, MERGE).answer().await);
    assert!(why.contains("foreign key"), "{why}");
    assert_eq!(app.database.contents().await, before);
    assert_eq!(firing(&app.database).await, states);
}

#[tokio::test]
async fn who_may_not_disable_a_trigger_is_refused_before_any_row_comes() {
    let app = App::start().await;
    app.database
        .execute(
            "create role fills_tables login; grant select, insert on all tables in schema public to fills_tables; \
             grant all on all sequences in schema public to fills_tables",
        )
        .await;
    let dsn = app.database.dsn.replacen("user=postgres", "user=fills_tables", 1);
    let other = Server::start(&[("DSN", &dsn)]).await;
    let admin = Actor::new(&other.address).with_token(ADMIN_TOKEN);
    let before = app.database.contents().await;
    let dump = dump(&app).await;
    app.database.execute("delete from message_request").await;
    merge(&admin, &dump).await;
    assert_eq!(app.database.contents().await, before);

    app.database.make_ledger().await;
    app.database
        .execute(format!(
            "{LEDGER_TRIGGER}; grant select, insert on usage_ledger to fills_tables; delete from message_request where id = 7"
        ))
        .await;
    let before = app.database.contents().await;
    let why = failed(admin.import(&dump, MERGE).answer().await);
    assert!(
        why.contains("public.message_request") && why.contains("write_ledger") && why.contains("own"),
        "{why}"
    );
    assert_eq!(app.database.contents().await, before);
}
