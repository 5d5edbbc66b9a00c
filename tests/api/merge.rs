//! A merge into databases of every shape: afterwards the missing rows of the dump are there, and nothing else has changed.

use std::collections::BTreeMap;
use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, failed};
use decant_tests::patience::wait_for;
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection};

const MERGE: &[(&str, &str)] = &[("cleanFirst", "false"), ("skipLogs", "false")];

/// A server on a database without the hub's tables, so that each step is quick.
async fn app_with(sql: &str) -> App {
    let database = Database::empty().await;
    database.execute(sql).await;
    App::start_on(database, &[]).await
}

async fn dump(app: &App) -> Vec<u8> {
    app.admin().dump().answer().await.good().body
}

async fn merge(admin: &Actor, dump: &[u8]) -> Value {
    completed(admin.import(dump, MERGE).answer().await)
}

async fn merge_fails(app: &App, dump: &[u8]) -> String {
    failed(app.admin().import(dump, MERGE).answer().await)
}

/// The numbers of rows that were inserted, were there already, and were in conflict.
fn counts(merged: &Value, table: &str) -> [u64; 3] {
    let table = &merged["tables"][format!("public.{table}")];
    ["inserted", "skipped", "conflicting"].map(|key| table[key].as_u64().unwrap_or(u64::MAX))
}

/// Every constraint, trigger and row-level security of the schema `public`, with its state and comment.
async fn constraints(database: &Database) -> Vec<Option<String>> {
    let sql = "select (c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid), c.condeferrable, c.condeferred, \
               c.convalidated, c.conislocal, c.coninhcount, obj_description(c.oid, 'pg_constraint'))::text \
               from pg_constraint c where connamespace = 'public'::regnamespace \
               union all select (tgrelid::regclass, tgname, tgenabled, tgdeferrable, tginitdeferred)::text from pg_trigger \
               where not tgisinternal \
               union all select (relname, relrowsecurity, relforcerowsecurity)::text from pg_class \
               where relnamespace = 'public'::regnamespace order by 1";
    database.texts(sql).await
}

/// Merges the dump of these definitions after `loss`, and checks that everything is as it was before.
async fn comes_back(definitions: &str, loss: &str) -> Value {
    let app = app_with(definitions).await;
    let (before, states) = (app.database.contents().await, constraints(&app.database).await);
    let dump = dump(&app).await;
    app.database.execute(loss).await;
    let merged = merge(&app.admin(), &dump).await;
    assert_eq!(app.database.contents().await, before, "{definitions}");
    assert_eq!(constraints(&app.database).await, states, "{definitions}");
    merged
}

#[tokio::test]
async fn rows_without_a_key_are_counted() {
    let merged = comes_back(
        "create table nopk (a int); insert into nopk values (1), (1), (1), (2), (null), (null); \
         create table nocols (); insert into nocols default values; insert into nocols default values; \
         create table emptied (j json, p point); insert into emptied values ('{}', '(1,2)'), ('{}', '(1,2)')",
        "delete from nopk where ctid in ('(0,1)', '(0,5)'); delete from nocols where ctid = '(0,1)'; truncate emptied",
    )
    .await;
    assert_eq!(counts(&merged, "nopk"), [2, 4, 0]);
    assert_eq!(counts(&merged, "nocols"), [1, 1, 0]);
    assert_eq!(counts(&merged, "emptied"), [2, 0, 0]);
}

#[tokio::test]
async fn tables_that_refer_to_each_other_in_a_circle_come_back() {
    for deferrable in ["", "deferrable", "deferrable initially deferred"] {
        comes_back(
            &format!(
                "create table store (id int primary key, manager int); \
                 create table staff (id int primary key, store int references store {deferrable}); \
                 alter table store add constraint \"Ma'n\" foreign key (manager) references staff {deferrable}; \
                 comment on constraint \"Ma'n\" on store is 'it''s one'; \
                 create table customer (id int primary key, store int references store); \
                 create table area (id int primary key); alter table staff add area int references area; \
                 insert into area values (1); insert into store values (1, null); insert into staff values (1, 1, 1); \
                 update store set manager = 1; insert into customer values (1, 1)"
            ),
            "truncate store, staff, customer, area",
        )
        .await;
    }
    // The rows of one partition refer to those of the next.
    comes_back(
        "create table tree (id int primary key, parent int references tree) partition by range (id); \
         create table tree_1 partition of tree for values from (0) to (10); \
         create table tree_2 partition of tree for values from (10) to (20); \
         insert into tree values (1, 11), (11, 1), (2, 2)",
        "delete from tree",
    )
    .await;
}

#[tokio::test]
async fn a_circle_is_checked_when_all_rows_are_there() {
    let app = app_with(
        "create table store (id int primary key, manager int); \
         create table staff (id int primary key, store int references store); \
         alter table store add foreign key (manager) references staff; \
         insert into store values (1, null); insert into staff values (1, 1); update store set manager = 1",
    )
    .await;
    let dump = dump(&app).await;
    // Staff 1 of the dump does not come back, because another one has its badge.
    app.database
        .execute(
            "truncate store, staff; alter table staff add badge int default 7 unique; insert into staff values (2, null)",
        )
        .await;
    let before = (app.database.contents().await, constraints(&app.database).await);
    let why = merge_fails(&app, &dump).await;
    assert!(why.contains("store_manager_fkey"), "{why}");
    assert_eq!(
        (app.database.contents().await, constraints(&app.database).await),
        before
    );
}

#[tokio::test]
async fn a_constraint_that_is_not_valid_refuses_no_row_of_the_dump() {
    let definitions = "create table chk (id int primary key, v int); insert into chk values (1, -5), (2, 5); \
         alter table chk add constraint \"it's\" check (v > 0) not valid; \
         comment on constraint \"it's\" on chk is 'from 2024 on'; \
         create table parent (id int primary key); insert into parent values (1); \
         create table child (id int primary key, parent int); insert into child values (1, 1), (2, 99); \
         alter table child add constraint fk foreign key (parent) references parent on delete cascade deferrable not valid; \
         create table old (id int primary key, v int); create table young () inherits (old); \
         insert into young values (1, -1); alter table old add check (v > 0) not valid";
    let merged = comes_back(definitions, "select 1").await;
    assert_eq!(counts(&merged, "chk"), [0, 2, 0]);
    comes_back(
        definitions,
        "delete from chk; delete from child; delete from young",
    )
    .await;
}

#[tokio::test]
async fn rows_that_pg_dump_loads_through_the_root_come_back() {
    let app = app_with(
        "create type plan as enum ('free', 'pro', 'team'); \
         create table seats (id int, plan plan, primary key (id, plan)) partition by hash (plan); \
         create table seats_0 partition of seats for values with (modulus 2, remainder 0); \
         create table seats_1 partition of seats for values with (modulus 2, remainder 1); \
         insert into seats select g, (array['free', 'pro', 'team']::plan[])[1 + g % 3] from generate_series(1, 9) g; \
         create table noted (plan plan, note text) partition by hash (plan); \
         create table noted_0 partition of noted for values with (modulus 2, remainder 0); \
         create table noted_1 partition of noted for values with (modulus 2, remainder 1); \
         insert into noted select plan, 'same' from seats",
    )
    .await;
    let before = app.database.contents().await;
    let dump = dump(&app).await;
    app.database
        .execute("delete from seats where id in (2, 3, 4); delete from noted where ctid = '(0,1)'")
        .await;
    let merged = merge(&app.admin(), &dump).await;
    assert_eq!(app.database.contents().await, before);
    assert_eq!(counts(&merged, "seats"), [3, 6, 0]);
    let [inserted, skipped, conflicting] = counts(&merged, "noted");
    assert!((1..=2).contains(&inserted) && inserted + skipped == 9 && conflicting == 0);

    // In one transaction, too.
    let empty = app_with("").await;
    let owners = empty.server_of_owner(&[]).await;
    let admin = Actor::new(&owners.address).with_token(ADMIN_TOKEN);
    // The server's role has a table of its own in the database.
    let fields = [("cleanFirst", "true"), ("allowMissingTables", "true")];
    completed(admin.import(&dump, &fields).answer().await);
    // Not by partition: an enum has another hash in each database.
    let rows = "select t::text from seats t union all select t::text from noted t order by 1";
    assert_eq!(empty.database.texts(rows).await, app.database.texts(rows).await);
}

#[tokio::test]
async fn sequences_are_not_behind_the_rows_and_never_move_back() {
    let app = app_with(
        "create table serials (id serial primary key); insert into serials select from generate_series(1, 5); \
         create sequence shared; create table one (id int primary key default nextval('shared')); \
         create table two (id bigint primary key default nextval('shared')); \
         insert into one select from generate_series(1, 3); insert into two select from generate_series(1, 4); \
         create sequence down increment -1; create table falling (id int primary key default nextval('down')); \
         insert into falling select from generate_series(1, 6); \
         create table parted (id int generated always as identity, s serial) partition by range (s); \
         create table parted_1 partition of parted for values from (0) to (10); \
         insert into parted select from generate_series(1, 8); \
         create table ahead (id serial primary key); insert into ahead select from generate_series(1, 3); \
         create table unused (id serial primary key)",
    )
    .await;
    let dump = dump(&app).await;
    app.database
        .execute(
            "delete from serials where id > 2; select setval('serials_id_seq', 2); \
             truncate one, two, falling, parted restart identity; alter sequence shared restart; alter sequence down restart; \
             delete from ahead; select setval('ahead_id_seq', 500)",
        )
        .await;
    merge(&app.admin(), &dump).await;
    for (sequence, next) in [
        ("serials_id_seq", "6"),
        ("shared", "8"),
        ("down", "-7"),
        ("parted_id_seq", "9"),
        ("parted_s_seq", "9"),
        ("ahead_id_seq", "501"),
        ("unused_id_seq", "1"),
    ] {
        let found = app.database.text(&format!("select nextval('{sequence}')")).await;
        assert_eq!(found.as_deref(), Some(next), "{sequence}");
    }
}

#[tokio::test]
async fn keys_that_take_no_on_conflict_are_respected() {
    let app = app_with(
        "create table late (id int primary key deferrable, place int, word text, \
         constraint places unique (place) deferrable initially deferred, exclude (word with =) where (place > 100)); \
         create unique index on late (lower(word)) where place > 10; \
         insert into late values (1, 1, 'a'), (2, 2, 'b'), (3, 13, 'C'), (4, 4, 'd'), (5, 105, 'e'); \
         create table ruled (id int primary key, v int); insert into ruled values (1, 1), (2, 2), (3, 3); \
         create table calls (n int); \
         create rule when_changed as on update to ruled do also insert into calls values (1)",
    )
    .await;
    let dump = dump(&app).await;
    app.database
        .execute(
            "delete from late; insert into late values (1, 1, 'other'), (12, 2, 'x'), (13, 33, 'c'), (15, 115, 'e'); \
             delete from ruled where id > 1",
        )
        .await;
    let merged = merge(&app.admin(), &dump).await;
    // 1: other content. 2, 3 and 5: a row is in the way of one of the other keys.
    assert_eq!(counts(&merged, "late"), [1, 0, 4]);
    assert_eq!(counts(&merged, "ruled"), [2, 1, 0]);
    let ids = app.database.texts("select id from late order by id").await;
    let ids: Vec<_> = ids.iter().flatten().map(String::as_str).collect();
    assert_eq!(ids, ["1", "4", "12", "13", "15"]);
    assert_eq!(app.database.number("select count(*) from calls").await, 0);
}

#[tokio::test]
async fn a_view_in_the_place_of_a_table_is_refused_by_name() {
    let app = app_with(
        "create table usage (id int primary key, cost int); insert into usage values (1, 10), (2, 20); \
         create table spend (total int); insert into spend values (30)",
    )
    .await;
    let dump = dump(&app).await;
    app.database
        .execute(
            "alter table usage rename to usage_real; create view usage as select * from usage_real; \
             create function add_spend() returns trigger language plpgsql as $$ begin \
             update public.spend set total = total + new.cost; return new; end $$; \
             create trigger t after insert on usage_real for each row execute function add_spend(); \
             delete from usage where id = 2",
        )
        .await;
    let before = app.database.contents().await;
    let why = merge_fails(&app, &dump).await;
    assert!(why.contains("public.usage is a view"), "{why}");
    assert_eq!(app.database.contents().await, before);
}

#[tokio::test]
async fn functions_of_a_table_run_with_the_rights_of_its_owner() {
    let role = "owns_a_table_to_merge";
    let app = app_with(&format!(
        "create role {role}; create schema authorization {role}; create table referred (id int primary key); \
         insert into referred values (1), (2); grant references on referred to {role}; set role {role}; \
         create function {role}.mine(what text) returns text immutable language plpgsql as $$ begin \
         if current_user <> '{role}' then raise exception '% runs as %', what, current_user; end if; return what; end $$; \
         create domain {role}.word as text check ({role}.mine('domain') is not null); \
         create table {role}.owned (id int primary key references public.referred, word {role}.word, \
         made text generated always as ({role}.mine('generated')) stored, \
         check ({role}.mine('check') is not null)); \
         create index on {role}.owned ({role}.mine('index' || word)); \
         alter table {role}.owned enable row level security, force row level security; \
         create policy none on {role}.owned using (false); \
         reset role; set row_security = off; \
         alter table {role}.owned no force row level security; set role {role}; \
         insert into {role}.owned values (1, 'a'), (2, 'b'); alter table {role}.owned force row level security; \
         reset role"
    ))
    .await;
    let rows = format!("select count(*) from {role}.owned");
    let dump = dump(&app).await;
    app.database
        .execute(format!(
            "set role {role}; alter table {role}.owned add late text default {role}.mine('default'); reset role; \
             delete from {role}.owned where id = 2"
        ))
        .await;
    let merged = merge(&app.admin(), &dump).await;
    assert_eq!(merged["tables"][format!("{role}.owned")]["inserted"], 1);
    assert_eq!(app.database.number(&rows).await, 2);
    let forced = "select count(*) from pg_class where relname = 'owned' and relforcerowsecurity";
    assert_eq!(app.database.number(forced).await, 1);
}

/// Everything of a table that runs functions of its owner, who tries to get the rights of the role that merges.
fn hostile_table(role: &str) -> String {
    format!(
        "create table trace (who text); grant all on trace to public; set role {role}; \
         create table {role}.other (a int); create table {role}.z_last (id int primary key); \
         insert into {role}.z_last values (1); \
         create function {role}.traced() returns boolean language plpgsql as $$ begin \
         insert into public.trace values (current_user); return true; end $$; \
         create function {role}.fire() returns trigger language plpgsql as $$ begin \
         perform {role}.traced(); return new; end $$; \
         create constraint trigger later after insert on {role}.other deferrable initially deferred \
         for each row execute function {role}.fire(); \
         create function {role}.attack() returns boolean language plpgsql as $$ declare command text; begin \
         foreach command in array array['select 1', 'reset role', 'set role postgres', \
             'select set_config(''role'', ''none'', false)', 'reset session authorization', \
             'declare held cursor with hold for select {role}.traced()', 'set constraints all deferred', \
             'insert into {role}.other values (1)', \
             'create trigger stays before insert on {role}.z_last for each row execute function {role}.fire()'] \
         loop \
             begin execute command; exception when others then null; end; perform {role}.traced(); \
         end loop; return true; end $$; \
         create function {role}.mine(v text) returns text immutable language plpgsql as $$ begin \
         perform {role}.attack(); return v; end $$; \
         create domain {role}.word as text check ({role}.attack()); \
         create table {role}.a_hostile (id serial primary key, word {role}.word, words {role}.word[], \
         made text generated always as ({role}.mine('generated')) stored, check ({role}.attack())); \
         create index on {role}.a_hostile ({role}.mine(word)); \
         create unique index on {role}.a_hostile (id) where {role}.mine('') = ''; \
         insert into {role}.a_hostile (word, words) values ('a', '{{b}}'), ('c', '{{d}}'); reset role"
    )
}

#[tokio::test]
async fn functions_of_a_hostile_owner_get_no_other_rights() {
    let app = app_with("").await;
    let name = app.database.text("select current_database()").await.unwrap();
    let (role, decant) = (format!("hostile_owner_{name}"), format!("merges_{name}"));
    app.database.give_to(&decant).await;
    app.database
        .execute(format!(
            "create role {role}; grant {role} to {decant}; create schema authorization {role}; {}",
            hostile_table(&role)
        ))
        .await;
    app.database.execute("truncate trace").await;
    let dump = dump(&app).await;
    let other = Server::start(&[("DSN", &app.database.dsn_of(&decant))]).await;
    // As a superuser, and as a role that is a member of the owner.
    for admin in [app.admin(), Actor::new(&other.address).with_token(ADMIN_TOKEN)] {
        app.database
            .execute(format!(
                "delete from {role}.a_hostile where id = 2; delete from {role}.z_last"
            ))
            .await;
        // These statements have run the functions, too.
        let clean = format!("drop trigger stays on {role}.z_last; truncate trace");
        app.database.execute(clean).await;
        let merged = merge(&admin, &dump).await;
        let strangers = format!("select who from trace where who <> '{role}'");
        assert_eq!(app.database.texts(&strangers).await, []);
        assert!(app.database.number("select count(*) from trace").await > 0);
        assert_eq!(merged["tables"][format!("{role}.a_hostile")]["inserted"], 1);
        assert_eq!(merged["tables"][format!("{role}.z_last")]["inserted"], 1);
    }
}

#[tokio::test]
async fn rows_of_every_type_come_back_into_tables_of_another_role() {
    let role = "owns_tables_of_every_type";
    comes_back(
        &format!(
            "create role {role}; grant create on schema public to {role}; set role {role}; \
             create domain short as varchar(5) collate \"C\" check (value <> ''); create type mood as enum ('fine', 'bad'); \
             create type pair as (a short, b int); create domain positive as int check (value > 0); \
             create type span as range (subtype = positive); \
             create function lowered(t text) returns text immutable language sql as 'select pg_catalog.lower($1)'; \
             create table every (id positive primary key, s short, ss short[], p pair, ps pair[], m mood, ms mood[], \
                 r span, n numeric(5, 2), v varchar(3)[], t text collate \"C\", g int generated always as identity); \
             insert into every values (1, 'a', '{{b,null}}', '(c,1)', '{{\"(d,2)\"}}', 'fine', '{{bad}}', '[1,5)', 1.25, '{{xyz}}', 't'), \
                 (2, null, null, null, null, null, null, null, null, null, null), (3, 'b', '{{}}', '(,)', '{{}}', 'bad', '{{}}', \
                 'empty', 0, '{{}}', ''); \
             create table by_range (r span, w short[], primary key (r, w)); insert into by_range values ('[1,3)', '{{a}}'), ('[2,3)', '{{}}'); \
             create table loose (p pair, w short[]); insert into loose values ('(a,1)', '{{b}}'), ('(a,1)', '{{b}}'), (null, null); \
             create table late (id int primary key deferrable initially deferred, t short, w short[], \
                 exclude (lowered(t) with =) where (id > 1) deferrable initially deferred); \
             insert into late values (1, 'A', '{{x}}'), (2, 'b', null), (3, 'C', '{{}}'); \
             create table store (id int primary key, manager int); \
             create table staff (id int primary key, store int references store deferrable initially deferred); \
             alter table store add foreign key (manager) references staff; \
             insert into store values (1, null); insert into staff values (1, 1); update store set manager = 1; \
             create table hidden (id int primary key); insert into hidden values (1), (2); \
             alter table hidden enable row level security, force row level security; reset role"
        ),
        "delete from every where id > 1; delete from by_range; delete from loose where ctid = '(0,1)'; \
         delete from late where id > 1; truncate store, staff; delete from hidden where id = 2",
    )
    .await;
}

#[tokio::test]
async fn a_trigger_for_replicas_needs_no_owner() {
    let role = "fills_a_replicated_table";
    let app = app_with(
        "create table t (id int primary key); insert into t values (1), (2); \
         create function fail() returns trigger language plpgsql as $$ begin raise exception 'fired'; end $$; \
         create trigger replica before insert on t for each row execute function fail(); \
         alter table t enable replica trigger replica",
    )
    .await;
    let dump = dump(&app).await;
    app.database
        .execute(format!(
            "delete from t where id = 2; create role {role} login; grant select, insert on t to {role}"
        ))
        .await;
    let other = Server::start(&[("DSN", &app.database.dsn_of(role))]).await;
    let admin = Actor::new(&other.address).with_token(ADMIN_TOKEN);
    assert_eq!(counts(&merge(&admin, &dump).await, "t"), [1, 1, 0]);
}

#[tokio::test]
async fn writers_do_not_wait_while_other_tables_are_unpacked() {
    let app = app_with(
        "create table a_log (id int primary key); insert into a_log values (1); \
         create function nothing() returns trigger language plpgsql as $$ begin return new; end $$; \
         create trigger t before insert on a_log for each row execute function nothing(); \
         create function waits() returns boolean immutable language plpgsql as $$ begin \
         perform pg_advisory_xact_lock_shared(4242); return true; end $$; \
         create table z_last (id int primary key); insert into z_last values (1); \
         create index on z_last (id) where waits()",
    )
    .await;
    let dump = dump(&app).await;
    app.database
        .execute("delete from a_log; delete from z_last")
        .await;
    // The merge compares the last table for as long as this lock is held: the planner evaluates the index's condition.
    let mut other = PgConnection::connect(&app.database.dsn).await.unwrap();
    other.execute("select pg_advisory_lock(4242)").await.unwrap();
    let admin = app.admin();
    let merging = admin.import(&dump, MERGE).answer();
    let writing = async {
        let waiting = async || {
            let waits = "select count(*) from pg_locks where not granted and locktype = 'advisory' and objid = 4242 \
                         and database = (select oid from pg_database where datname = current_database())";
            (app.database.number(waits).await > 0).then_some(())
        };
        wait_for("the merge to wait", Duration::from_secs(20), waiting).await;
        app.database
            .execute("set lock_timeout = '2s'; insert into a_log values (7)")
            .await;
        other.execute("select pg_advisory_unlock(4242)").await.unwrap();
    };
    let (merged, ()) = tokio::join!(merging, writing);
    assert_eq!(counts(&completed(merged), "a_log"), [1, 0, 0]);
    assert_eq!(app.database.number("select count(*) from a_log").await, 2);
}

/// The same numbers in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }
}

const TABLES: u64 = 7;

/// Whether tables of this number have a key.
fn is_keyed(table: u64) -> bool {
    table % 3 != 2
}

/// Tables with keys, without, and partitioned ones, with foreign keys at random, and rows.
fn random_schema(dice: &mut Dice) -> String {
    let (mut tables, mut keys) = (String::new(), String::new());
    for table in 0..TABLES {
        let key = if is_keyed(table) { ", primary key (id)" } else { "" };
        let of_parts = dice.below(3) == 0;
        let partitioned = if of_parts { "partition by range (id)" } else { "" };
        tables += &format!(
            "create table t{table} (id int, v text, j json, ref int, \
             size int generated always as (length(v)) stored{key}) {partitioned};"
        );
        if of_parts {
            tables += &format!(
                "create table t{table}_a partition of t{table} for values from (0) to (8); \
                 create table t{table}_b partition of t{table} for values from (8) to (100);"
            );
        }
        let twice = if is_keyed(table) { "1" } else { "1 + g % 3" };
        tables += &format!(
            "insert into t{table} (id, v, j, ref) select g, 'row ' || g, '{{\"n\": 1}}', \
             case when g % 4 > 0 then 1 + (g * {}) % 15 end from generate_series(1, 15) g, generate_series(1, {twice});",
            1 + dice.below(6)
        );
        let referenced = dice.below(TABLES);
        if is_keyed(referenced) {
            let deferrable = dice.one_of(&["", "deferrable", "deferrable initially deferred"]);
            keys += &format!(
                "alter table t{table} add foreign key (ref) references t{referenced} on delete cascade {deferrable};"
            );
        }
        if dice.below(3) == 0 {
            tables += &format!("alter table t{table} add constraint old check (id > 5) not valid;");
        }
    }
    tables + &keys
}

fn random_loss(dice: &mut Dice) -> String {
    let mut loss = String::new();
    for table in 0..TABLES {
        let condition = match dice.below(4) {
            0 => "true".to_owned(),
            1 => "false".to_owned(),
            _ => format!("id % {} = 0", 2 + dice.below(4)),
        };
        loss += &format!("delete from t{table} where {condition};");
        loss += &format!(
            "update t{table} set v = v || '!' where id > 5 and id % 7 = {}; insert into t{table} (id, v) values (50, 'new');",
            dice.below(7)
        );
    }
    loss
}

/// The rows of each table: its key, or the whole row where it has none, and the row.
type Rows = BTreeMap<u64, Vec<(String, String)>>;

async fn rows(database: &Database) -> Rows {
    let mut all = Rows::new();
    for table in 0..TABLES {
        let key = if is_keyed(table) { "id::text" } else { "t::text" };
        let sql = format!("select {key} || '|' || t::text from t{table} t order by 1");
        let rows = database.texts(&sql).await.into_iter().flatten();
        let rows = rows.map(|row| {
            let (key, row) = row.split_once('|').expect("a key has no bar");
            (key.to_owned(), row.to_owned())
        });
        all.insert(table, rows.collect());
    }
    all
}

/// The definition of a merge: what is there afterwards, and the numbers of rows inserted, there already, in conflict.
fn merged(dumped: &[(String, String)], live: &[(String, String)]) -> (Vec<(String, String)>, [u64; 3]) {
    let (mut left, mut after) = (live.to_vec(), live.to_vec());
    let mut counts = [0; 3];
    for row in dumped {
        if let Some(same) = left.iter().position(|one| one.0 == row.0) {
            // Each row of the database stands for one of the dump.
            let outcome = if left.remove(same).1 == row.1 { 1 } else { 2 };
            counts[outcome] += 1;
        } else {
            after.push(row.clone());
            counts[0] += 1;
        }
    }
    after.sort();
    (after, counts)
}

#[tokio::test]
async fn a_merge_does_what_its_definition_says_on_random_schemas() {
    let mut dice = Dice(13);
    for round in 0..4 {
        let app = app_with(&random_schema(&mut dice)).await;
        let dumped = rows(&app.database).await;
        let states = constraints(&app.database).await;
        let dump = dump(&app).await;
        app.database.execute(random_loss(&mut dice)).await;
        let live = rows(&app.database).await;
        let result = merge(&app.admin(), &dump).await;
        let after = rows(&app.database).await;
        for table in 0..TABLES {
            let (mut expected, expected_counts) = merged(&dumped[&table], &live[&table]);
            expected.sort();
            let mut found = after[&table].clone();
            found.sort();
            assert_eq!(found, expected, "round {round}, t{table}");
            // A partition is counted by itself.
            let parts = result["tables"].as_object().unwrap().keys();
            let parts = parts.filter(|name| name.starts_with(&format!("public.t{table}")));
            let mut found = [0; 3];
            for part in parts {
                let part = counts(&result, part.trim_start_matches("public."));
                found = [0, 1, 2].map(|at| found[at] + part[at]);
            }
            assert_eq!(found, expected_counts, "round {round}, t{table}");
        }
        assert_eq!(constraints(&app.database).await, states, "round {round}");
    }
}

#[tokio::test]
async fn large_objects_that_a_merge_leaves_out_are_said() {
    let app = app_with(
        "create table docs (id int primary key, body oid); \
         insert into docs values (1, lo_from_bytea(50001, 'invoice of Ada'))",
    )
    .await;
    let dump = dump(&app).await;
    app.database
        .execute("delete from docs; select lo_unlink(50001)")
        .await;
    let told = merge(&app.admin(), &dump).await;
    let warnings = told["warnings"].to_string();
    assert!(
        warnings.contains("1 large objects of the dump were not merged"),
        "{told}"
    );
}
