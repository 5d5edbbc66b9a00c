//! Dumps with the objects of several roles, one of which attacks the others: through texts that look like statements, and
//! through functions that run while the dump is loaded.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, copies, failed};
use decant_tests::patience::wait_for;

const CLEAN: &[(&str, &str)] = &[("cleanFirst", "true"), ("skipLogs", "false")];

/// Makes a plain role with a schema of its own.
async fn plain_role(database: &Database) -> String {
    let name = database.text("select current_database()").await;
    let plain = format!("attacks_{}", name.expect("it has a name"));
    database
        .execute(format!(
            "create role {plain}; create schema zmine authorization {plain}"
        ))
        .await;
    plain
}

#[tokio::test]
async fn a_text_with_line_breaks_is_no_statement() {
    let app = App::start().await;
    let plain = plain_role(&app.database).await;
    app.database
        .execute(format!(
            "create table docs (id int); insert into docs values (1); alter table docs enable row level security; \
             create policy everybody on docs using (true); create policy own on docs as restrictive using (false); \
             set role {plain}; \
             create table zmine.t (x text default e'\\nALTER TABLE ONLY public.message_request ATTACH PARTITION public.docs DEFAULT;\\n'); \
             create policy p on zmine.t using (x <> '\nCREATE EXTENSION IF NOT EXISTS dblink WITH SCHEMA public;\n\
             ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT ALL ON TABLES TO {plain};\n\
             CREATE POLICY own ON public.docs TO nobody_there;\n'); \
             create table zmine.\"a\nCOPY public.docs (id) FROM stdin;\" (\"b\nc\" int); insert into zmine.\"a\nCOPY public.docs (id) FROM stdin;\" values (7); \
             create function zmine.f() returns text language plpgsql as $f$ begin return '\nSET default_tablespace = nowhere;\n'; end $f$; \
             reset role"
        ))
        .await;
    let dump = app.admin().dump().answer().await.good().body;
    let without_logs = &[("cleanFirst", "true"), ("skipLogs", "true")];
    let told = completed(app.admin().import(&dump, without_logs).answer().await);
    assert_eq!(told["warnings"].as_array().map_or(0, Vec::len), 0, "{told}");
    assert_eq!(
        told["tables"]["zmine.a\nCOPY public.docs (id) FROM stdin;"]["inserted"], 1,
        "{told}"
    );
    for (sql, expected) in [
        ("select count(*) from pg_extension where extname = 'dblink'", 0),
        ("select count(*) from pg_default_acl", 0),
        ("select count(*) from pg_policy where polname = 'own'", 1),
        ("select count(*) from docs", 1),
    ] {
        assert_eq!(app.database.number(sql).await, expected, "{sql}");
    }
    app.database
        .execute("delete from zmine.\"a\nCOPY public.docs (id) FROM stdin;\"")
        .await;
    let merge = &[("cleanFirst", "false"), ("skipLogs", "false")];
    completed(app.admin().import(&dump, merge).answer().await);
    let merged = "select count(*) from zmine.\"a\nCOPY public.docs (id) FROM stdin;\" where \"b\nc\" = 7";
    assert_eq!(app.database.number(merged).await, 1);
}

#[tokio::test]
async fn code_of_a_dump_that_changes_what_belongs_to_others_ends_the_restore() {
    let app = App::start().await;
    let plain = plain_role(&app.database).await;
    app.database
        .execute(format!(
            "create table secrets (id int primary key, key text); insert into secrets values (1, 'secret'); \
             create function report() returns text language sql as 'select ''report'''; \
             create view seen as select 1 as one; grant usage on schema zmine to public; \
             set role {plain}; create table zmine.zz (x text); insert into zmine.zz values ('a'); \
             create function zmine.attack() returns boolean language plpgsql as $$ begin return true; end $$; \
             create function zmine.checked(text) returns text immutable language plpgsql as $$ begin \
                 perform zmine.attack(); return $1; end $$; reset role"
        ))
        .await;
    let places = [
        "alter table zmine.zz add constraint place check (zmine.checked(x) <> '')",
        "create index place on zmine.zz (zmine.checked(x))",
        "create materialized view zmine.place as select zmine.checked(x) from zmine.zz",
    ];
    let removals = [
        "alter table zmine.zz drop constraint place",
        "drop index zmine.place",
        "drop materialized view zmine.place",
    ];
    let attacks = [
        (
            "replace",
            "create or replace function public.report() returns text language plpgsql security definer as ''begin return 1; end''",
            "report()",
        ),
        (
            "grant",
            "grant all on public.secrets to {plain} with grant option",
            "secrets",
        ),
        ("update", "update public.secrets set key = ''chosen''", "secrets"),
        ("delete", "delete from public.secrets", "secrets"),
        (
            "rows again",
            "delete from public.secrets; insert into public.secrets values (1, ''chosen'')",
            "secrets",
        ),
        ("index", "create index on public.secrets (key)", "secrets"),
        (
            "view",
            "create or replace view public.seen as select 2 as one",
            "seen",
        ),
    ];
    // Each attack in a constraint, and one or two in the other places.
    let cases = (0..attacks.len())
        .map(|attack| (0, attack))
        .chain([(1, 0), (1, 3), (2, 3)]);
    for (place, attack) in cases {
        let (place, removal) = (places[place], removals[place]);
        let (name, attack, changed) = attacks[attack];
        let attack = attack.replace("{plain}", &plain);
        app.database
                .execute(format!(
                    "set role {plain}; {place}; create or replace function zmine.attack() returns boolean language plpgsql as $$ begin \
                     if current_user like 'decant_load%' then execute '{attack}'; end if; return true; end $$; reset role"
                ))
                .await;
        let dump = app.admin().dump().answer().await.good().body;
        let why = failed(app.admin().import(&dump, CLEAN).answer().await);
        assert!(why.contains(changed), "{place}, {name}: {why}");
        assert!(copies(&app.admin()).await.is_empty(), "{place}, {name}");
        app.database.execute(removal).await;
    }
    let left = "select count(*) from pg_database where datname like current_database() || '\\_%'";
    assert_eq!(app.database.number(left).await, 0);
}

#[tokio::test]
async fn objects_of_several_owners_that_depend_on_each_other_are_restored() {
    let app = App::start().await;
    let plain = plain_role(&app.database).await;
    app.database
        .execute(format!(
            "create table secrets (id int primary key, key text unique); insert into secrets values (1, 'a'), (2, 'b'); \
             grant references, select on secrets to {plain}; grant usage on schema zmine to public; \
             set role {plain}; create domain zmine.word as text check (value <> ''); \
             create function zmine.lowered(text) returns text immutable language sql as 'select lower($1)'; \
             create table zmine.child (id int primary key, key int references public.secrets, word zmine.word default 'w', \
                 check (zmine.lowered(word) <> 'x')); \
             insert into zmine.child values (1, 1), (2, 2); create index on zmine.child (zmine.lowered(word)); \
             create statistics zmine.stat on id, key from zmine.child; \
             create view zmine.grouped as select id, key, word from zmine.child group by id; \
             create materialized view zmine.sums as select id, key from zmine.grouped; create unique index on zmine.sums (id); \
             create table zmine.parts (id int primary key, d zmine.word) partition by range (id); \
             create table zmine.low partition of zmine.parts for values from (0) to (10); insert into zmine.parts values (3, 'a'); \
             create table zmine.of_part (id int references zmine.parts); insert into zmine.of_part values (3); \
             alter table zmine.of_part enable row level security, force row level security; create policy p on zmine.of_part using (id > 1); \
             create function zmine.fired() returns trigger language plpgsql as $$ begin return new; end $$; \
             create trigger fires before insert on zmine.child for each row execute function zmine.fired(); \
             alter table zmine.child add constraint late check (id < 100) not valid; \
             comment on index zmine.child_lowered_idx is 'an index'; comment on trigger fires on zmine.child is 'a trigger'; \
             reset role; create table refers (id int references zmine.child); insert into refers values (1)"
        ))
        .await;
    let states = [
        "select string_agg(pg_get_constraintdef(oid) || conrelid::regclass, ',' order by conname, conrelid::regclass::text) from pg_constraint where connamespace > 16383",
        "select string_agg(indexdef, ',' order by indexdef) from pg_indexes where schemaname = 'zmine'",
        "select string_agg(s::text, ',' order by id) from zmine.sums s",
        "select string_agg(c::text, ',' order by id) from zmine.child c",
        "select obj_description('zmine.child_lowered_idx'::regclass, 'pg_class')",
        "select string_agg(tgname || obj_description(oid, 'pg_trigger'), ',') from pg_trigger where not tgisinternal",
        "select string_agg(polname, ',') from pg_policy",
        "select string_agg(stxname, ',') from pg_statistic_ext",
        "select count(*)::text from zmine.grouped",
    ];
    let mut before = Vec::new();
    for state in states {
        before.push(app.database.text(state).await);
    }
    let dump = app.admin().dump().answer().await.good().body;
    let told = completed(app.admin().import(&dump, CLEAN).answer().await);
    assert_eq!(told["warnings"].as_array().map_or(0, Vec::len), 0, "{told}");
    for (state, before) in states.iter().zip(before) {
        assert_eq!(app.database.text(state).await, before, "{state}");
        assert!(before.is_some(), "{state}");
    }
}

#[tokio::test]
async fn a_lost_connection_in_the_optional_part_ends_the_restore() {
    let app = App::start().await;
    let plain = plain_role(&app.database).await;
    app.database
        .execute(format!(
            "set role {plain}; create function zmine.waits() returns integer language plpgsql as $$ begin \
             if current_user like 'decant_load%' then perform pg_sleep(60); end if; return 1; end $$; \
             create materialized view zmine.slow as select zmine.waits(); reset role"
        ))
        .await;
    let dump = app.admin().dump().answer().await.good().body;
    let admin = app.admin();
    let importing = async { failed(admin.import(&dump, CLEAN).answer().await) };
    let ending = wait_for("the refresh of the view", Duration::from_secs(30), async || {
        let refreshing = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
             where datname like current_database() || '\\_%' and query like 'REFRESH%' and state = 'active'";
        (app.database.number(refreshing).await > 0).then_some(())
    });
    let (why, ()) = tokio::join!(importing, ending);
    assert!(why.contains("ended before its time"), "{why}");
    assert!(copies(&app.admin()).await.is_empty());
}
