//! Against a real PostgreSQL of their own.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;

use decant_embedded::EmbeddedPostgres;
use secrecy::ExposeSecret;
use sqlx::AssertSqlSafe;
use tempfile::TempDir;

use super::*;

mod parts;

/// A PostgreSQL with an empty database.
struct Database {
    _folder: TempDir,
    postgres: EmbeddedPostgres,
    connection: PgConnection,
}

impl Database {
    async fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("decant-demo-").tempdir().unwrap();
        // PostgreSQL's user must be able to enter it.
        set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let postgres = EmbeddedPostgres::start_with(folder.path(), &[("fsync", "off")])
            .await
            .unwrap();
        let connection = PgConnection::connect_with(&postgres.connect_options())
            .await
            .unwrap();
        Self {
            _folder: folder,
            postgres,
            connection,
        }
    }

    async fn with_rows(rows: u64) -> Self {
        let mut database = Self::new().await;
        create_schema(&mut database.connection, &plan(0)).await.unwrap();
        fill(&mut database.connection, &plan(rows), |_| {}).await.unwrap();
        database
    }

    async fn run(&mut self, sql: &str) {
        self.connection
            .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await
            .unwrap();
    }

    /// Runs statements as the superuser of the cluster, who may create roles and give objects to them.
    async fn run_as_superuser(&self, sql: &str) {
        let mut superuser = PgConnection::connect(&self.postgres.url()).await.unwrap();
        superuser
            .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await
            .unwrap();
        superuser.close().await.unwrap();
    }

    async fn number(&mut self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(format!("select ({sql})::bigint"));
        sqlx::query_scalar(sql)
            .fetch_one(&mut self.connection)
            .await
            .unwrap()
    }

    /// A checksum of all rows of all tables, as text.
    async fn checksum(&mut self) -> String {
        let mut checksums = String::new();
        let of_parts = Part::ALL.into_iter().flat_map(Part::tables).copied();
        for table in TABLES.into_iter().chain(of_parts) {
            let row = "t::text collate \"C\"";
            let sql = format!("select md5(string_agg({row}, e'\\n' order by {row})) from public.{table} t");
            let checksum: String = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(&mut self.connection)
                .await
                .unwrap();
            checksums += &format!("{table} {checksum}\n");
        }
        checksums
    }

    async fn end(self) {
        self.connection.close().await.unwrap();
        self.postgres.stop().await.unwrap();
    }
}

/// Up to 2026-01-28 in the afternoon.
fn plan(rows: u64) -> Plan {
    let end = "2026-01-28T15:00:00Z".parse().unwrap();
    Plan {
        period: Period::new(None, end).unwrap(),
        ..Plan::new(rows, key_maker("one"))
    }
}

fn key_maker(secret: &str) -> KeyMaker {
    KeyMaker::new(SecretString::from(secret.repeat(16))).unwrap()
}

#[tokio::test]
async fn the_same_plan_gives_the_same_rows() {
    let mut database = Database::with_rows(3000).await;
    let first = database.checksum().await;
    database.run("create database twin").await;
    let options = database.postgres.connect_options();
    let mut twin = PgConnection::connect_with(&options.clone().database("twin"))
        .await
        .unwrap();
    create_schema(&mut twin, &plan(0)).await.unwrap();
    fill(&mut twin, &plan(3000), |_| {}).await.unwrap();
    std::mem::swap(&mut twin, &mut database.connection);
    assert_eq!(database.checksum().await, first);

    database
        .run("truncate public.message_request restart identity")
        .await;
    fill(
        &mut database.connection,
        &Plan {
            seed: 2,
            ..plan(3000)
        },
        |_| {},
    )
    .await
    .unwrap();
    assert_ne!(database.checksum().await, first);
    twin.close().await.unwrap();
    database.end().await;
}

#[tokio::test]
async fn another_secret_changes_the_keys_and_nothing_else() {
    let mut database = Database::with_rows(1000).await;
    let options = database.postgres.connect_options();
    database.run("create database twin").await;
    let mut twin = PgConnection::connect_with(&options.database("twin"))
        .await
        .unwrap();
    create_schema(&mut twin, &plan(0)).await.unwrap();
    let keys = key_maker("two");
    fill(&mut twin, &Plan { keys, ..plan(1000) }, |_| {})
        .await
        .unwrap();

    let first = database.checksum().await;
    std::mem::swap(&mut twin, &mut database.connection);
    assert_ne!(database.checksum().await, first);
    std::mem::swap(&mut twin, &mut database.connection);
    assert_eq!(
        replace(&mut database.connection, "one", "two").await,
        people::keys(&key_maker("one")).len() as u64
    );
    let first = database.checksum().await;
    std::mem::swap(&mut twin, &mut database.connection);
    assert_eq!(database.checksum().await, first);
    twin.close().await.unwrap();
    database.end().await;
}

/// The beginning of the keys that older versions published.
const PUBLISHED: &str = "sk-demo-";

/// Gives the keys of the secret `from` the values of the secret `to`, as if an older version had published them.
async fn replace(connection: &mut PgConnection, from: &str, to: &str) -> u64 {
    for (old, place) in people::keys(&key_maker(from)).iter().zip(1..) {
        let published = format!("{PUBLISHED}{place}");
        for table in ["keys", "message_request"] {
            let sql = format!(
                "update public.{table} set key = '{published}' where key = '{}'",
                old.key
            );
            connection
                .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
                .await
                .unwrap();
        }
    }
    replace_published_keys(connection, PUBLISHED, &key_maker(to))
        .await
        .unwrap()
}

#[tokio::test]
async fn the_demo_goes_into_an_empty_database_only() {
    let mut database = Database::new().await;
    check_alone(&mut database.connection).await.unwrap();
    database
        .run("create schema shop; create table shop.orders (id int); create view shop.recent as select 1")
        .await;
    let refusal = check_alone(&mut database.connection).await.unwrap_err();
    assert!(
        refusal.to_string().contains("(shop.orders and 1 more)"),
        "{refusal}"
    );
    create_schema(&mut database.connection, &plan(0)).await.unwrap();
    check_alone(&mut database.connection).await.unwrap();
    database.end().await;
}

#[tokio::test]
async fn rows_added_with_another_secret_refer_to_existing_keys() {
    let mut database = Database::with_rows(100).await;
    let keys = key_maker("two");
    fill(&mut database.connection, &Plan { keys, ..plan(1000) }, |_| {})
        .await
        .unwrap();
    let orphans =
        "select count(*) from message_request m where not exists (select from keys k where k.key = m.key)";
    assert!(database.number(orphans).await < 20);
    database.end().await;
}

#[tokio::test]
async fn more_rows_are_added_to_existing_ones() {
    let mut database = Database::with_rows(500).await;
    let before = database.number("select count(*) from users").await;
    let mut sent = 0;
    let summary = fill(&mut database.connection, &plan(300), |rows| sent = rows)
        .await
        .unwrap();
    assert_eq!((summary.rows, summary.first_id, sent), (300, 501, 300));
    assert_eq!(is_filled(&mut database.connection).await.unwrap(), Some(800));
    assert_eq!(database.number("select max(id) from message_request").await, 800);
    assert_eq!(
        database.number("select nextval('message_request_id_seq')").await,
        801
    );
    assert_eq!(database.number("select count(*) from users").await, before);
    database.end().await;
}

#[tokio::test]
async fn the_tables_are_made_once_and_may_be_empty() {
    let mut database = Database::new().await;
    assert_eq!(is_filled(&mut database.connection).await.unwrap(), None);
    let too_early = fill(&mut database.connection, &plan(10), |_| {})
        .await
        .unwrap_err();
    assert!(matches!(too_early, DemoError::NoTables), "{too_early:?}");
    for _ in 0..2 {
        create_schema(&mut database.connection, &plan(0)).await.unwrap();
    }
    assert_eq!(is_filled(&mut database.connection).await.unwrap(), Some(0));
    assert_eq!(
        fill(&mut database.connection, &plan(0), |_| {})
            .await
            .unwrap()
            .first_id,
        1
    );
    assert_eq!(
        fill(&mut database.connection, &plan(1), |_| {})
            .await
            .unwrap()
            .first_id,
        1
    );
    let too_many = fill(&mut database.connection, &plan(1 << 31), |_| {})
        .await
        .unwrap_err();
    assert!(matches!(too_many, DemoError::TooManyRows(_)), "{too_many:?}");
    assert_eq!(is_filled(&mut database.connection).await.unwrap(), Some(1));
    database.end().await;
}

#[tokio::test]
async fn foreign_tables_are_not_touched() {
    let mut database = Database::new().await;
    database
        .run("create table message_request (id int); insert into message_request values (7)")
        .await;
    let refusals = [
        create_schema(&mut database.connection, &plan(0))
            .await
            .unwrap_err(),
        fill(&mut database.connection, &plan(10), |_| {})
            .await
            .unwrap_err(),
    ];
    for refusal in refusals {
        assert!(
            refusal.to_string().contains("public.message_request"),
            "{refusal}"
        );
    }
    assert_eq!(database.number("select count(*) from message_request").await, 1);
    assert_eq!(
        database
            .number("select count(*) from pg_tables where schemaname = 'public'")
            .await,
        1
    );
    database.end().await;
}

#[tokio::test]
async fn tables_with_the_comment_of_the_demo_and_another_owner_are_not_touched() {
    let mut database = Database::with_rows(10).await;
    database
        .run_as_superuser("create role alice; alter table users owner to alice")
        .await;
    let refusals = [
        create_schema(&mut database.connection, &plan(0))
            .await
            .unwrap_err(),
        check_alone(&mut database.connection).await.unwrap_err(),
        fill(&mut database.connection, &plan(10), |_| {})
            .await
            .unwrap_err(),
    ];
    for refusal in refusals {
        let text = refusal.to_string();
        assert!(text.contains("public.users") && text.contains("alice"), "{text}");
    }
    database
        .run_as_superuser("alter table users owner to decant")
        .await;
    fill(&mut database.connection, &plan(10), |_| {}).await.unwrap();
    database.end().await;
}

#[tokio::test]
async fn a_type_of_another_role_is_not_used() {
    let mut database = Database::new().await;
    database
        .run_as_superuser(
            "create role alice; create domain daily_reset_mode as text; \
             alter domain daily_reset_mode owner to alice",
        )
        .await;
    let refusal = create_schema(&mut database.connection, &plan(0))
        .await
        .unwrap_err();
    assert!(refusal.to_string().contains("daily_reset_mode"), "{refusal}");
    database.end().await;
}

#[tokio::test]
async fn an_interrupted_fill_leaves_nothing() {
    let mut database = Database::new().await;
    create_schema(&mut database.connection, &plan(0)).await.unwrap();
    let indexes = "select count(*) from pg_indexes where tablename = 'message_request'";
    let before = database.number(indexes).await;
    let endless = plan(50_000_000);
    let half_way = fill(&mut database.connection, &endless, |_| {});
    assert!(
        tokio::time::timeout(Duration::from_millis(500), half_way)
            .await
            .is_err()
    );
    let options = database.postgres.connect_options();
    database.connection = PgConnection::connect_with(&options).await.unwrap();
    assert_eq!(is_filled(&mut database.connection).await.unwrap(), Some(0));
    assert_eq!(database.number(indexes).await, before);
    assert_eq!(
        fill(&mut database.connection, &plan(10), |_| {})
            .await
            .unwrap()
            .first_id,
        1
    );
    database.end().await;
}

#[tokio::test]
async fn the_rows_are_as_awkward_as_a_hubs() {
    let mut database = Database::with_rows(30_000).await;
    let requests = "select count(*) from message_request m where";
    let shared = format!("m.key = '{}'", key_maker("one").key(people::SHARED_KEY));
    let wanted = [
        ("m.created_at is null", 3..=3),
        (
            "m.created_at not between '2025-10-30T15:00Z'::timestamptz and '2026-01-28T15:00Z'",
            0..=0,
        ),
        (
            "exists (select from message_request o where o.created_at = m.created_at and o.id = m.id + 1)",
            300..=900,
        ),
        ("m.deleted_at is not null", 200..=400),
        ("m.provider_id = 0 and m.blocked_by is not null", 200..=500),
        ("m.provider_id = 0 and m.blocked_by is null", 0..=0),
        ("not exists (select from users u where u.id = m.user_id)", 5..=200),
        ("not exists (select from keys k where k.key = m.key)", 5..=200),
        (&shared, 50..=4000),
        ("m.user_id = 2", 1500..=6000),
        ("m.status_code = 200", 25_000..=28_000),
        ("m.status_code is null", 200..=400),
        ("m.status_code between 500 and 599", 300..=1500),
        ("m.cost_usd is null", 100..=1000),
        ("m.cost_usd = 0", 1000..=8000),
        ("m.cost_usd::text ~ '[1-9]$'", 10..=30_000),
        ("m.input_tokens is null", 1000..=5000),
        ("m.duration_ms is null", 300..=700),
        (
            "m.cache_creation_input_tokens > 0 and m.cache_creation_5m_input_tokens is null \
             and m.cache_creation_1h_input_tokens is null",
            100..=3000,
        ),
        ("m.session_id is null", 200..=2000),
        ("m.model is distinct from m.original_model", 1500..=8000),
        ("m.provider_chain is null", 300..=1500),
        ("jsonb_typeof(m.provider_chain) = 'null'", 3..=40),
        ("jsonb_typeof(m.provider_chain) = 'object'", 3..=40),
        ("jsonb_typeof(m.provider_chain) = 'number'", 3..=40),
        (
            "case when jsonb_typeof(m.provider_chain) = 'array' then jsonb_array_length(m.provider_chain) end = 5",
            1000..=3000,
        ),
        ("m.error_message like e'%\\n%'", 300..=1500),
        ("m.error_message like e'%\\n\\\\\\\\.'", 50..=500),
        ("m.error_message like e'%\\t%'", 50..=500),
        ("m.error_message like '%\"%'", 50..=500),
        ("m.special_settings is not null", 500..=1500),
        ("m.id > 10 and m.replay_source_request_id >= m.id", 0..=0),
    ];
    for (condition, expected) in wanted {
        let rows = database.number(&format!("{requests} {condition}")).await;
        assert!(
            expected.contains(&rows),
            "{rows} rows where {condition}, expected {expected:?}"
        );
    }
    let sessions = "select max(n) from (select count(*) n from message_request group by session_id having session_id is not null) s";
    assert!(database.number(sessions).await > 10);
    assert_eq!(database.number("select count(*) from users").await, 46);
    assert_eq!(database.number("select count(*) from providers").await, 12);
    assert_eq!(
        database.number("select count(*) from provider_endpoints").await,
        8
    );
    database.end().await;
}

#[tokio::test]
async fn the_demo_accounts_are_as_described() {
    let mut database = Database::with_rows(10).await;
    let maker = key_maker("one");
    let may_sign_in = "u.is_enabled and k.is_enabled and u.deleted_at is null and k.deleted_at is null \
         and coalesce(u.expires_at > now(), true) and coalesce(k.expires_at > now(), true)";
    let count = |select: &str, key: &str, condition: &str| {
        format!(
            "select count({select}) from keys k join users u on u.id = k.user_id where k.key = '{key}' and {condition}"
        )
    };
    let accounts = accounts(&mut database.connection).await.unwrap().unwrap();
    let user = format!(
        "u.id = 2 and u.name = '{}' and u.role = 'user' and k.can_login_web_ui and {may_sign_in}",
        accounts.user_name
    );
    let user_key = accounts.user_key.expose_secret();
    assert_eq!(database.number(&count("*", user_key, &user)).await, 1);
    let admin = format!(
        "u.id = 1 and u.name = '{}' and u.role = 'admin' and {may_sign_in}",
        accounts.admin_name
    );
    let admin_key = accounts.admin_key.expose_secret();
    assert_eq!(database.number(&count("*", admin_key, &admin)).await, 1);
    for why in [
        people::DISABLED_KEY,
        people::EXPIRED_KEY,
        people::DELETED_KEY,
        people::KEY_OF_DISABLED,
        people::KEY_OF_EXPIRED,
        people::KEY_OF_DELETED,
    ] {
        let key = maker.key(why);
        assert_eq!(database.number(&count("*", &key, "true")).await, 1, "{why}");
        assert_eq!(database.number(&count("*", &key, may_sign_in)).await, 0, "{why}");
    }
    let [no_web, rotated, double, shared] = [
        people::NO_WEB_KEY,
        people::ROTATED_KEY,
        people::DOUBLE_KEY,
        people::SHARED_KEY,
    ]
    .map(|label| maker.key(label));
    let refused_page = format!("not k.can_login_web_ui and {may_sign_in}");
    assert_eq!(database.number(&count("*", &no_web, &refused_page)).await, 1);
    assert_eq!(database.number(&count("*", &rotated, "true")).await, 2);
    assert_eq!(database.number(&count("*", &rotated, may_sign_in)).await, 1);
    assert_eq!(database.number(&count("*", &double, may_sign_in)).await, 2);
    assert_eq!(
        database
            .number(&count("distinct u.id", &shared, may_sign_in))
            .await,
        2
    );
    database.end().await;
}

#[tokio::test]
async fn probes_cover_every_way_of_writing_a_latency() {
    let mut database = Database::with_rows(10).await;
    assert_eq!(
        database
            .number("select count(*) from provider_endpoint_probe_logs")
            .await,
        5000
    );
    for latency in ["is null", "= 0", "= 123", "= 999", "= 1005", "= 1125", "= 2500"] {
        let rows = format!("select count(*) from provider_endpoint_probe_logs where latency_ms {latency}");
        assert!(database.number(&rows).await > 10, "latency {latency}");
    }
    let failures =
        "select count(*) from provider_endpoint_probe_logs where not ok and error_message is not null";
    assert!((200..700).contains(&database.number(failures).await));
    let never = "select count(*) from provider_endpoints where last_probe_ok is null";
    assert_eq!(database.number(never).await, 0);
    database.end().await;
}

#[tokio::test]
async fn the_first_rows_have_each_case() {
    let mut database = Database::with_rows(20).await;
    let requests = "select count(*) from message_request m where";
    for condition in [
        "m.id = 1 and m.cache_creation_input_tokens = 5000 and m.cache_creation_5m_input_tokens is null \
         and m.cache_creation_1h_input_tokens is null",
        "m.id = 2 and jsonb_array_length(m.provider_chain) = 3 and m.provider_chain -> 2 ->> 'reason' = 'retry_success'",
        "m.id = 3 and m.input_tokens is null and m.status_code = 200",
        "m.id = 4 and m.deleted_at is not null",
        "m.id = 5 and m.session_id is null",
        "m.id = 6 and m.provider_chain is null",
        "m.id = 7 and jsonb_typeof(m.provider_chain) = 'object'",
        "m.id = 8 and m.status_code = 502 and m.error_message is not null",
        "m.id = 9 and m.status_code is null",
        "m.id = 10 and m.blocked_by is not null",
    ] {
        assert_eq!(
            database.number(&format!("{requests} {condition}")).await,
            1,
            "{condition}"
        );
    }
    database.end().await;
}

#[tokio::test]
async fn the_totals_are_the_sums_of_the_rows_and_are_known_before() {
    let mut database = Database::new().await;
    let total_cost = Some("123.456789012345678".parse().unwrap());
    let wanted = Plan {
        total_cost,
        ..plan(2000)
    };
    let before = totals(&mut database.connection, &wanted).await.unwrap();
    assert_eq!(is_filled(&mut database.connection).await.unwrap(), None);
    create_schema(&mut database.connection, &plan(0)).await.unwrap();
    // Rows that are added have other ids, and another remainder.
    for rows in [2000, 700] {
        let wanted = Plan {
            rows,
            ..wanted.clone()
        };
        let first = fill(&mut database.connection, &wanted, |_| {}).await.unwrap();
        if rows == 2000 {
            assert_eq!(first.totals, before);
        }
        let sums: String = sqlx::query_scalar(AssertSqlSafe(format!(
            "select concat_ws(' ', count(*), sum(cost_usd), sum(input_tokens), sum(output_tokens), \
             sum(greatest(cache_creation_input_tokens, coalesce(cache_creation_5m_input_tokens, 0) \
             + coalesce(cache_creation_1h_input_tokens, 0))), sum(cache_read_input_tokens)) \
             from message_request where id >= {}",
            first.first_id
        )))
        .fetch_one(&mut database.connection)
        .await
        .unwrap();
        let sum = &first.totals;
        assert_eq!(
            sums,
            format!(
                "{} 123.456789012345678 {} {} {} {}",
                sum.records,
                sum.input_tokens,
                sum.output_tokens,
                sum.cache_creation_tokens,
                sum.cache_read_tokens
            )
        );
    }
    database.end().await;
}

#[tokio::test]
async fn rows_have_the_chosen_users_providers_models_errors_and_times() {
    let mut database = Database::new().await;
    create_schema(&mut database.connection, &plan(0)).await.unwrap();
    let [start, end] = ["2026-01-28T00:00:00Z", "2026-01-28T10:30:00Z"].map(|time| time.parse().unwrap());
    let wanted = Plan {
        period: Period::new(Some(start), end).unwrap(),
        choice: Choice::new(
            &[2, 3],
            &[1, 9],
            &[
                "gemini-2.5-pro".to_owned(),
                "claude-haiku-4-5-20251001".to_owned(),
            ],
        )
        .unwrap(),
        errors: Some("0.25".parse().unwrap()),
        ..plan(4000)
    };
    fill(&mut database.connection, &wanted, |_| {}).await.unwrap();
    let strangers = "select count(*) from message_request where user_id not in (2, 3) or provider_id not in (0, 1, 9) \
         or model not in ('gemini-2.5-pro', 'claude-haiku-4-5-20251001') \
         or created_at not between '2026-01-28T00:00Z' and '2026-01-28T10:30Z'";
    assert_eq!(database.number(strangers).await, 0);
    let errors =
        "select count(*) from message_request where error_message is not null or blocked_by is not null";
    assert!((900..1100).contains(&database.number(errors).await));
    let of_each = "select count(distinct (user_id, provider_id)) from message_request where provider_id > 0";
    assert_eq!(database.number(of_each).await, 4);
    database.end().await;
}

#[tokio::test]
async fn probes_are_made_once_and_only_when_wanted() {
    let mut database = Database::new().await;
    create_schema(&mut database.connection, &plan(0)).await.unwrap();
    let probes = "select count(*) from provider_endpoint_probe_logs";
    for (wanted, added, there) in [(false, 0, 0), (true, 5000, 5000), (true, 0, 5000)] {
        let plan = Plan {
            probes: wanted,
            ..plan(0)
        };
        let summary = fill(&mut database.connection, &plan, |_| {}).await.unwrap();
        assert_eq!((summary.probes, database.number(probes).await), (added, there));
    }
    let outside = "select count(*) from provider_endpoint_probe_logs \
         where created_at not between '2026-01-27T15:00Z' and '2026-01-28T15:00Z'";
    assert_eq!(database.number(outside).await, 0);
    database.end().await;
}
