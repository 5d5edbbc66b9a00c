//! `decant demo`: realistic data with awkward values.

use std::os::unix::fs::PermissionsExt;

use decant_tests::actors::Actor;
use decant_tests::cluster::folder;
use decant_tests::database::{DEMO_ROWS, DEMO_SECRET, Database, RETRIED};
use decant_tests::program::{self, Outcome};
use decant_tests::redis::Redis;
use decant_tests::server::{ADMIN_TOKEN, Server, data_dir};
use serde_json::Value;

#[tokio::test]
async fn the_demo_has_every_awkward_value() {
    let database = Database::new().await;
    assert_eq!(
        database.number("select count(*) from message_request").await,
        DEMO_ROWS
    );
    for (what, sql) in [
        ("quotes", "select count(*) from users where name like '%\"%'"),
        ("commas", "select count(*) from users where name like '%,%'"),
        ("formulas", "select count(*) from users where name ~ '^[=+@-]'"),
        (
            "nulls",
            "select count(*) from message_request where model is null or status_code is null",
        ),
        (
            "soft-deleted rows",
            "select count(*) from message_request where deleted_at is not null",
        ),
        (
            "blocked requests without provider",
            "select count(*) from message_request m left join providers p on p.id = m.provider_id where p.id is null",
        ),
        (
            "15-decimal costs",
            "select count(*) from message_request where scale(trim_scale(cost_usd)) = 15",
        ),
        (
            "duplicate keys",
            "select count(*) from (select key from keys group by key having count(*) > 1) doubled",
        ),
        (
            "retries",
            &format!("select count(*) from message_request m where {RETRIED}"),
        ),
        ("probe logs", "select count(*) from provider_endpoint_probe_logs"),
    ] {
        assert!(database.number(sql).await > 0, "the demo has no {what}");
    }
    let texts = "select name as t from users union all select name from keys union all select name from providers \
                 union all select model from message_request union all select session_id from message_request \
                 union all select endpoint from message_request";
    for (what, pattern) in [
        ("newlines", r"\n"),
        ("emoji", "[\u{1f300}-\u{1faff}]"),
        ("RTL", "[\u{5d0}-\u{64a}]"),
    ] {
        let sql = format!("select count(*) from ({texts}) texts where t ~ E'{pattern}'");
        assert!(database.number(&sql).await > 0, "the demo has no {what}");
    }
}

#[tokio::test]
async fn demo_adds_rows_to_existing_ones() {
    let database = Database::new().await;
    demo(&database, &["--rows", "100"]).await.good();
    assert_eq!(
        database.number("select count(*) from message_request").await,
        DEMO_ROWS + 100
    );
}

/// Runs `decant demo` with the data folder of its own that it may write to.
async fn demo(database: &Database, arguments: &[&str]) -> Outcome {
    let data = folder();
    demo_in(&data, database, arguments).await
}

async fn demo_in(data: &tempfile::TempDir, database: &Database, arguments: &[&str]) -> Outcome {
    let settings = [("DSN", database.dsn.as_str()), data_dir(data)];
    program::run(&[&["demo"], arguments].concat(), &settings).await
}

/// The keys that `decant demo` printed: the administrator's and the ordinary user's.
fn printed_keys(outcome: &Outcome) -> [String; 2] {
    let keys: Vec<_> = outcome
        .stderr
        .split_whitespace()
        .filter(|word| word.starts_with("sk-"))
        .map(str::to_owned)
        .collect();
    keys.try_into()
        .unwrap_or_else(|keys| panic!("two keys should be printed, not {keys:?}"))
}

#[tokio::test]
async fn demo_refuses_a_foreign_database() {
    let database = Database::empty().await;
    database
        .execute("create table users (id int, secret text); insert into users values (1, 'x')")
        .await;
    for consent in [&[][..], &["--yes"]] {
        let said = demo(&database, &[&["--rows", "10"], consent].concat())
            .await
            .refusal();
        assert!(said.contains("users"), "{said}");
        assert_eq!(database.number("select count(*) from users").await, 1);
    }
}

#[tokio::test]
async fn demo_goes_beside_the_tables_of_an_application_only_with_yes() {
    let tables =
        "select count(*) from pg_class where relkind in ('r', 'v') and relnamespace = 'public'::regnamespace";
    for other in [
        "create table orders (id int)",
        "create view orders as select 1 as id",
        "create schema shop; create table shop.orders (id int)",
    ] {
        let database = Database::empty().await;
        database.execute(other).await;
        let before = database.number(tables).await;
        let said = demo(&database, &["--rows", "10"]).await.refusal();
        assert!(said.contains("orders") && said.contains("--yes"), "{said}");
        assert_eq!(database.number(tables).await, before, "{other}");

        demo(&database, &["--rows", "10", "--yes"]).await.good();
        assert_eq!(database.number("select count(*) from message_request").await, 10);
        // The database is a demo's now.
        demo(&database, &["--rows", "10"]).await.good();
    }
}

/// The comment of the demo's tables proves nothing: anybody may write it.
#[tokio::test]
async fn demo_runs_nothing_in_tables_that_another_role_has_made() {
    let (database, other) = (Database::empty().await, Database::new().await);
    let role = database.make_plain_role().await;
    database.make_traced(&role).await;
    // The tables of a demo, with a check of hers.
    let schema = "select string_agg(format('create table %I (%s); comment on table %1$I is ''decant demo''', relname, \
                  (select string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' order by attnum) \
                   from pg_attribute where attrelid = c.oid and attnum > 0)), '; ') \
                  from pg_class c where relkind = 'r' and relnamespace = 'public'::regnamespace";
    let schema = other.text(schema).await.unwrap();
    database
        .execute(format!(
            "set role {role}; create type daily_reset_mode as enum ('fixed', 'rolling'); {schema}; \
             alter table users add check (public.trace_it() = 1); \
             alter table message_request add check (public.trace_it() = 1)"
        ))
        .await;
    for arguments in [
        &["--rows", "10"][..],
        &["--rows", "10", "--yes"],
        &["--rows", "0"],
    ] {
        let said = demo(&database, arguments).await.refusal();
        assert!(said.contains(&role) && said.contains("public."), "{said}");
    }
    assert!(!database.has_run_traced().await);
    assert_eq!(database.number("select count(*) from users").await, 0);

    // A type in the place of the demo's.
    let database = Database::empty().await;
    let role = database.make_plain_role().await;
    database.make_traced(&role).await;
    database
        .execute(format!(
            "set role {role}; create domain daily_reset_mode as text check (public.trace_it() = 1)"
        ))
        .await;
    let said = demo(&database, &["--rows", "10"]).await.refusal();
    assert!(
        said.contains("daily_reset_mode") && said.contains(&role),
        "{said}"
    );
    assert!(!database.has_run_traced().await);

    // A view in the place of a sequence.
    database
        .execute(
            "drop domain daily_reset_mode; create view message_request_id_seq as \
             select public.trace_it()::bigint as last_value, true as is_called",
        )
        .await;
    demo(&database, &["--rows", "10", "--yes"]).await.good();
    assert!(!database.has_run_traced().await);
}

#[tokio::test]
async fn demo_makes_up_keys_for_each_data_folder_and_prints_them() {
    let (database, other) = (Database::empty().await, Database::empty().await);
    let data = folder();
    let keys = printed_keys(&demo_in(&data, &database, &["--rows", "10"]).await.good());
    let again = printed_keys(&demo_in(&data, &database, &["--rows", "10"]).await.good());
    assert_eq!(again, keys);
    let others = printed_keys(&demo(&other, &["--rows", "10"]).await.good());
    assert!(
        keys.iter().all(|key| !others.contains(key)),
        "{keys:?} {others:?}"
    );
    // Rows added with another data folder change no key.
    let added = printed_keys(&demo(&database, &["--rows", "10"]).await.good());
    assert_eq!(added, keys);

    let secret = std::fs::metadata(data.path().join("demo.secret")).unwrap();
    assert_eq!(secret.permissions().mode() & 0o777, 0o600);
    let server = Server::start(&[("DSN", &database.dsn)]).await;
    for (key, role) in keys.iter().zip(["admin", "user"]) {
        let me = Actor::new(&server.address).login(key).answer().await.good();
        assert_eq!(me.json::<Value>()["role"], role);
    }
}

#[tokio::test]
async fn a_secret_that_could_be_guessed_makes_no_keys() {
    let (database, folder) = (Database::empty().await, folder());
    let file = folder.path().join("secret");
    std::fs::write(&file, "short\n").unwrap();
    for file in [file.to_str().unwrap(), "/no/such/file"] {
        let _ = demo(&database, &["--rows", "10", "--keys", file]).await.refusal();
        assert_eq!(
            database
                .number("select count(*) from pg_tables where schemaname = 'public'")
                .await,
            0
        );
    }
}

#[tokio::test]
async fn keys_that_older_versions_published_sign_nobody_in() {
    let database = Database::empty().await;
    let data = folder();
    demo_in(&data, &database, &["--rows", "500"]).await.good();
    let published = "sk-demo-admin-9c2e7b10d4f85a63";
    let alice = "sk-demo-alice-4f1d8a6c2b9e7035";
    for (id, key) in [(1, published), (2, alice)] {
        database
            .execute(format!(
                "update message_request m set key = '{key}' from keys k where k.id = {id} and m.key = k.key; \
                 update keys set key = '{key}' where id = {id}"
            ))
            .await;
    }
    let server = Server::start(&[("DSN", &database.dsn)]).await;
    let nobody = Actor::new(&server.address);
    for key in [published, alice] {
        let refused = [
            nobody.login(key),
            nobody.clone().with_token(key).me(),
            nobody.clone().with_api_key(key).me(),
        ];
        for request in refused {
            request.answer().await.problem(401, "invalid_credentials");
        }
    }

    let keys = printed_keys(&demo_in(&data, &database, &["--rows", "0"]).await.good());
    let left = "select (select count(*) from keys where key like 'sk-demo-%') \
                + (select count(*) from message_request where key like 'sk-demo-%')";
    assert_eq!(database.number(left).await, 0);
    let signed_in = nobody.login(&keys[0]).answer().await.good();
    assert_eq!(signed_in.json::<Value>()["role"], "admin");
    assert!(nobody.with_token(&keys[1]).usage_count(&[]).await > 0);
}

/// The sums that `--json` printed.
fn totals(outcome: &Outcome) -> Value {
    serde_json::from_slice(&outcome.stdout).expect("standard output has JSON and nothing else")
}

#[tokio::test]
async fn demo_prints_the_sums_of_its_rows_and_makes_a_given_cost() {
    let database = Database::empty().await;
    let data = folder();
    let wanted = ["--rows", "300", "--total-cost", "12.000000000000007", "--json"];
    let dry = demo_in(&data, &database, &[&wanted[..], &["--dry-run"]].concat())
        .await
        .good();
    let tables = "select count(*) from pg_tables where schemaname = 'public'";
    assert_eq!(database.number(tables).await, 0);

    let made = demo_in(&data, &database, &wanted).await.good();
    assert_eq!(made.text(), dry.text());
    assert!(
        made.text().contains("\"totalCost\":12.000000000000007,"),
        "{}",
        made.text()
    );
    let sums = "select json_build_object('totalRecords', count(*), 'totalCost', sum(cost_usd), \
         'totalTokens', sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0) \
           + coalesce(cache_creation_input_tokens, 0) + coalesce(cache_read_input_tokens, 0)), \
         'totalInputTokens', sum(input_tokens), 'totalOutputTokens', sum(output_tokens), \
         'totalCacheCreationTokens', sum(cache_creation_input_tokens), \
         'totalCacheReadTokens', sum(cache_read_input_tokens)) from message_request";
    let sums: Value = serde_json::from_str(&database.text(sums).await.unwrap()).unwrap();
    assert_eq!(totals(&made), sums);

    // The sums are those of the rows that were added, and people are told that there were others.
    let more = demo_in(&data, &database, &wanted).await.good();
    assert_eq!(totals(&more)["totalRecords"], 300);
    assert!(more.stderr.contains("has 300 usage rows"), "{}", more.stderr);
    assert_eq!(
        database
            .text("select sum(cost_usd) from message_request")
            .await
            .unwrap(),
        "24.000000000000014"
    );
}

#[tokio::test]
async fn the_same_seed_and_period_give_the_same_bytes() {
    let rows = "select md5(string_agg(t::text, e'\\n' order by t.id)) from message_request t";
    let probes = "select md5(string_agg(t::text, e'\\n' order by t.id)) from provider_endpoint_probe_logs t";
    let mut made = Vec::new();
    for seed in ["7", "7", "8"] {
        let database = Database::empty().await;
        let period = [
            "--from",
            "2026-01-01",
            "--to",
            "2026-01-28T12:00:00Z",
            "--keys",
            DEMO_SECRET,
        ];
        demo(
            &database,
            &[&["--rows", "500", "--seed", seed], &period[..]].concat(),
        )
        .await
        .good();
        let outside = "select count(*) from message_request \
                       where created_at not between '2026-01-01T00:00Z' and '2026-01-28T12:00Z'";
        assert_eq!(database.number(outside).await, 0);
        made.push([database.text(rows).await, database.text(probes).await]);
    }
    assert_eq!(made[0], made[1]);
    assert!(made[1][0] != made[2][0] && made[1][1] != made[2][1]);
}

#[tokio::test]
async fn demo_makes_only_the_parts_users_providers_and_models_that_are_wanted() {
    let database = Database::empty().await;
    demo(&database, &["--only", "probes"]).await.good();
    let counts = "select concat_ws(' ', (select count(*) from message_request), \
                  (select count(*) from provider_endpoint_probe_logs))";
    assert_eq!(database.text(counts).await.unwrap(), "0 5000");
    let chosen = [
        "--only",
        "usage",
        "--rows",
        "400",
        "--users",
        "2,3",
        "--providers",
        "9",
        "--models",
        "gemini-2.5-pro",
        "--errors",
        "0",
    ];
    demo(&database, &chosen).await.good();
    let wanted = "select count(*) from message_request where user_id in (2, 3) and provider_id = 9 \
                  and model = 'gemini-2.5-pro' and status_code = 200";
    assert_eq!(database.number(wanted).await, 400);
    assert_eq!(database.text(counts).await.unwrap(), "400 5000");

    for (arguments, named) in [
        (&["--users", "47"][..], "1 to 46"),
        (&["--providers", "0"], "1 to 12"),
        (&["--models", "gpt-9"], "gpt-5-mini"),
        (&["--providers", "1", "--models", "gpt-5-mini"], "gpt-5-mini"),
        (&["--from", "2026-01-28", "--to", "2026-01-27"], "period"),
        (&["--only", "probes", "--rows", "5"], "--rows"),
        (&["--only", "sessions"], "--redis"),
        (&["--redis"], "REDIS_URL"),
        (&["--total-cost", "1000000", "--rows", "1"], "1000000"),
        (&["--errors", "2"], "--errors"),
    ] {
        let said = demo(&database, arguments).await.refusal();
        assert!(said.contains(named), "{arguments:?}: {said}");
        assert_eq!(database.text(counts).await.unwrap(), "400 5000");
    }
}

#[tokio::test]
async fn demo_stores_requests_of_sessions_in_redis_and_replaces_none() {
    let (database, redis) = (Database::new().await, Redis::start().await);
    let newest = "select session_id from message_request where deleted_at is null and session_id is not null \
                  group by 1 order by max(created_at) desc nulls last, 1 limit 20";
    let sessions: Vec<_> = database.texts(newest).await.into_iter().flatten().collect();
    redis
        .store_whole_request(&sessions[3], 1, r#"{"of":"the hub"}"#)
        .await;
    let data = folder();
    let settings = [
        ("DSN", database.dsn.as_str()),
        data_dir(&data),
        ("REDIS_URL", &redis.url()),
    ];
    let made = program::run(&["demo", "--only", "sessions", "--redis"], &settings)
        .await
        .good();
    assert!(
        made.stderr.contains("of 20 sessions") && made.stderr.contains(&sessions[0]),
        "{}",
        made.stderr
    );
    assert_eq!(
        redis
            .get(&format!("session:{}:req:1:requestBody", sessions[3]))
            .await
            .unwrap(),
        r#"{"of":"the hub"}"#
    );

    let server = Server::start(&[("DSN", &database.dsn), ("REDIS_URL", &redis.url())]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    for (place, session) in sessions.iter().enumerate() {
        let listed: Value = admin.session_requests(session).answer().await.good().json();
        let newest = &listed["requests"][0];
        assert_eq!(newest["complete"], place != 1, "{place}: {listed}");
        let length = newest["bodyBytes"].as_u64().unwrap();
        assert_eq!(length >= 20 << 20, place == 0, "{length}");
    }
}

#[tokio::test]
async fn demo_is_refused_where_the_hub_has_another_schema() {
    let (database, data) = (Database::empty().await, folder());
    let settings = [
        ("DSN", database.dsn.as_str()),
        data_dir(&data),
        ("DECANT_HUB_SCHEMA", "hub"),
    ];
    let said = program::run(&["demo", "--rows", "10"], &settings).await.refusal();
    assert!(said.contains("DECANT_HUB_SCHEMA is hub"), "{said}");
    assert_eq!(
        database
            .number("select count(*) from pg_tables where schemaname = 'public'")
            .await,
        0
    );
}

#[tokio::test]
async fn demo_makes_conversations_brands_and_files_alone_and_names_a_table_in_the_way() {
    let database = Database::empty().await;
    let only = ["--only", "conversations,brands,files", "--rows", "1000"];
    let made = demo(&database, &only).await.good().stderr;
    for added in [
        "24 conversations were added",
        "500 alerts of three workspaces were added",
        "20 entries of saved files were added",
    ] {
        assert!(made.contains(added), "{made}");
    }
    let rows = "select count(*) from message_request";
    assert_eq!(database.number(rows).await, 0);
    let again = demo(&database, &only).await.good().stderr;
    assert!(again.contains("Conversations were there already"), "{again}");
    assert_eq!(database.number("select count(*) from conversations").await, 24);

    // With `--yes` the demo goes beside other tables, but into none of them.
    let database = Database::empty().await;
    database
        .execute("create table workspaces (id int); insert into workspaces values (7)")
        .await;
    let refused = demo(&database, &["--yes", "--rows", "10"]).await.refusal();
    assert!(refused.contains("public.workspaces"), "{refused}");
    let tables = "select count(*) from pg_tables where schemaname = 'public'";
    assert_eq!(database.number(tables).await, 1);
    demo(
        &database,
        &["--yes", "--rows", "10", "--only", "usage,conversations"],
    )
    .await
    .good();
    assert_eq!(database.number(rows).await, 10);
    assert_eq!(database.number("select id from workspaces").await, 7);
}
