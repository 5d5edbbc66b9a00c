//! A database for one test, with the demo schema and rows.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::sync::OnceCell;

use crate::cluster::{Cluster, execute};
use crate::program;

/// Rows of `message_request` in a new test database.
pub const DEMO_ROWS: u64 = 2_000;

/// A file with the secret that the keys of every demo here are made from, so that all runs have the same ones.
pub const DEMO_SECRET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo.secret");

/// The rows of usage-logs in SQL of the tests' own. Tests compare every count and every export with it.
pub const USAGE_ROWS: &str = "message_request m join users u on u.id = m.user_id \
     left join providers p on p.id = m.provider_id \
     where m.deleted_at is null and exists (select from keys k where k.key = m.key)";

/// The 18 columns of usage-logs and the hidden id, in SQL of the tests' own.
pub const USAGE_COLUMNS: &str = "m.created_at, u.name, \
     (select k.name from keys k where k.key = m.key order by k.deleted_at desc nulls first, k.id desc limit 1), \
     p.name, m.model, m.original_model, m.endpoint, m.status_code, m.input_tokens, m.output_tokens, \
     m.cache_creation_5m_input_tokens, m.cache_creation_1h_input_tokens, m.cache_read_input_tokens, \
     coalesce(m.input_tokens, 0) + coalesce(m.output_tokens, 0) + coalesce(m.cache_read_input_tokens, 0) \
     + greatest(m.cache_creation_input_tokens, \
       coalesce(m.cache_creation_5m_input_tokens, 0) + coalesce(m.cache_creation_1h_input_tokens, 0)), \
     m.cost_usd, m.duration_ms, m.session_id, \
     case when jsonb_typeof(m.provider_chain) = 'array' \
     then greatest(jsonb_array_length(m.provider_chain) - 1, 0) else 0 end, m.id";

/// True for a request with at least two attempts. A `provider_chain` need not be an array.
pub const RETRIED: &str = "case when jsonb_typeof(m.provider_chain) = 'array' then jsonb_array_length(m.provider_chain) >= 2 else false end";

/// The hub's tables for notifications, with settings that still name the addresses of webhooks.
pub const WEBHOOKS: &str = include_str!("webhooks.sql");

/// Dropping the value drops the database.
#[derive(Debug)]
pub struct Database {
    pub dsn: String,
    name: String,
}

/// A user of the hub with a key that may sign in.
#[derive(Clone, Debug)]
pub struct HubUser {
    /// `users.id`.
    pub id: i64,
    /// `keys.key`, which is the credential of this user.
    pub key: String,
}

impl Database {
    /// Creates a database with [`DEMO_ROWS`] rows, copied from a template that is filled once per process.
    pub async fn new() -> Self {
        static TEMPLATE: OnceCell<()> = OnceCell::const_new();
        let cluster = Cluster::shared().await;
        let fill = async || {
            cluster.execute("create database demo".to_owned()).await;
            fill(&cluster.dsn("demo"), DEMO_ROWS).await;
        };
        TEMPLATE.get_or_init(fill).await;
        Self::create(cluster, "template demo").await
    }

    /// Creates a database as [`Self::new`] does, with the demo's conversations and saved files beside the hub's tables.
    pub async fn with_conversations() -> Self {
        Self::with_demo("conversations,files").await
    }

    /// Creates a database as [`Self::new`] does, with these parts of the demo beside the hub's tables.
    pub async fn with_demo(parts: &str) -> Self {
        let database = Self::new().await;
        let arguments = [
            "demo",
            "--to",
            "2026-01-28T15:00:00Z",
            "--keys",
            DEMO_SECRET,
            "--only",
            parts,
            "--rows",
            "2000",
        ];
        let settings = [("DSN", database.dsn.as_str())];
        program::run(&arguments, &settings).await.good();
        database
    }

    pub async fn with_rows(rows: u64) -> Self {
        let database = Self::empty().await;
        fill(&database.dsn, rows).await;
        database
    }

    pub async fn empty() -> Self {
        Self::create(Cluster::shared().await, "").await
    }

    /// Creates an empty database in this encoding of PostgreSQL.
    pub async fn in_encoding(encoding: &str) -> Self {
        let options = format!("template template0 encoding '{encoding}' locale 'C'");
        Self::create(Cluster::shared().await, &options).await
    }

    async fn create(cluster: &Cluster, options: &str) -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test_{}", MADE.fetch_add(1, Ordering::Relaxed));
        cluster.execute(format!("create database {name} {options}")).await;
        Self {
            dsn: cluster.dsn(&name),
            name,
        }
    }

    pub async fn execute(&self, sql: impl Into<String>) {
        execute(&self.dsn, sql.into()).await;
    }

    /// Returns the first value of a query as text; `None` if it is null or there is no row.
    pub async fn text(&self, sql: &str) -> Option<String> {
        self.texts(sql).await.into_iter().next().flatten()
    }

    /// Returns the first column of a query as text.
    pub async fn texts(&self, sql: &str) -> Vec<Option<String>> {
        let mut connection = PgConnection::connect(&self.dsn)
            .await
            .expect("PostgreSQL accepts a connection");
        let query = sqlx::query_scalar(AssertSqlSafe(format!("select x::text from ({sql}) as query(x)")));
        query
            .fetch_all(&mut connection)
            .await
            .unwrap_or_else(|error| panic!("{error} in: {sql}"))
    }

    pub async fn number(&self, sql: &str) -> u64 {
        let text = self.text(sql).await;
        text.as_deref()
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("{text:?} is no number: {sql}"))
    }

    /// Counts the usage rows that satisfy this SQL condition.
    pub async fn usage_rows(&self, condition: &str) -> u64 {
        self.number(&format!("select count(*) from {USAGE_ROWS} and ({condition})"))
            .await
    }

    /// Returns what `COPY` writes for the usage rows that satisfy this SQL condition, in the order of usage-logs.
    pub async fn copy_of_usage_rows(&self, condition: &str) -> Vec<u8> {
        let mut connection = PgConnection::connect(&self.dsn)
            .await
            .expect("PostgreSQL accepts a connection");
        connection
            .execute("set timezone = 'UTC'")
            .await
            .expect("there is such a zone");
        let select = format!("select {USAGE_COLUMNS} from {USAGE_ROWS} and ({condition})");
        let copy = format!("copy ({select} order by m.created_at desc nulls last, m.id desc) to stdout");
        let pieces = connection
            .copy_out_raw(&copy)
            .await
            .unwrap_or_else(|error| panic!("{error} in: {copy}"));
        let pieces: Vec<_> = pieces.try_collect().await.expect("COPY goes through");
        pieces.concat()
    }

    /// Counts the `COPY` statements that run in this database.
    pub async fn running_copies(&self) -> u64 {
        let sql = "select count(*) from pg_stat_activity where datname = current_database() \
                   and state = 'active' and query ilike 'copy%'";
        self.number(sql).await
    }

    /// The process ids of Decant's sessions for this database whose name, after `decant `, is `LIKE` this pattern.
    ///
    /// Tests share a cluster, so the sessions of other tests' databases must not count. A session belongs to this
    /// database if it is connected to it, to a database that a restore makes beside it (`test_1_…`), or if its statement
    /// names one of these.
    pub async fn decant_sessions(&self, pattern: &str) -> Vec<u64> {
        let sql = format!(
            "select pid from pg_stat_activity where application_name like 'decant {pattern}' \
             and (datname ~ '^{name}(_|$)' or query ~ '\\y{name}(_|\\y)')",
            name = self.name
        );
        let pids = self.texts(&sql).await;
        let pids = pids.iter().flatten();
        pids.map(|pid| pid.parse().expect("a process id is a number"))
            .collect()
    }

    /// Ends those sessions as an administrator of PostgreSQL does. Returns whether there were any.
    pub async fn end_sessions(&self, pattern: &str) -> bool {
        let pids = self.decant_sessions(pattern).await;
        for pid in &pids {
            self.text(&format!("select pg_terminate_backend({pid})")).await;
        }
        !pids.is_empty()
    }

    /// Holds Decant's lock of this database until the connection is dropped, as another server does.
    pub async fn hold_lock(&self) -> PgConnection {
        let maintenance = Cluster::shared().await.dsn("postgres");
        let mut connection = PgConnection::connect(&maintenance)
            .await
            .expect("PostgreSQL accepts a connection");
        let lock = format!(
            "select pg_advisory_lock(x'44636e74'::int, hashtext('{}'))",
            self.name
        );
        connection
            .execute(AssertSqlSafe(lock))
            .await
            .expect("the lock is free");
        connection
    }

    /// Returns SQL that ends the session that holds Decant's lock of this database.
    pub fn end_lock(&self) -> String {
        format!(
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' \
             and classid = x'44636e74'::bigint::oid and objid = (hashtext('{}')::bigint & 4294967295)::oid",
            self.name
        )
    }

    /// Returns the user with the most usage rows, with a new key.
    pub async fn busy_user(&self) -> HubUser {
        let sql = format!("select m.user_id from {USAGE_ROWS} group by 1 order by count(*) desc limit 1");
        let id = self.number(&sql).await;
        self.give_key(id).await
    }

    pub async fn new_user(&self, name: &str) -> HubUser {
        self.execute(format!("insert into users (name) values ('{name}')"))
            .await;
        let id = self.number("select max(id) from users").await;
        self.give_key(id).await
    }

    /// Makes a role of this name that may create databases, and gives it this database with its tables.
    pub async fn give_to(&self, role: &str) {
        let role = format!("\"{}\"", role.replace('"', "\"\""));
        let name = self.text("select current_database()").await;
        let name = name.expect("it has a name");
        let mut sql = format!("create role {role} login createdb; alter database {name} owner to {role};");
        let tables = "select c.oid::regclass from pg_class c where relkind = 'r' \
                      and relnamespace = 'public'::regnamespace";
        for table in self.texts(tables).await.into_iter().flatten() {
            sql += &format!("alter table {table} owner to {role};");
        }
        self.execute(sql).await;
    }

    /// The address of this database for a role of this name.
    pub fn dsn_of(&self, role: &str) -> String {
        let role: String = role.bytes().map(|byte| format!("%{byte:02X}")).collect();
        self.dsn.replacen("user=postgres", &format!("user={role}"), 1)
    }

    /// Gives a new key to the user with this id.
    pub async fn give_key(&self, user: u64) -> HubUser {
        let key = format!("sk-test-{user}-0123456789abcdef");
        let sql = "insert into keys (user_id, key, name, is_enabled, can_login_web_ui)";
        self.execute(format!("{sql} values ({user}, '{key}', 'test', true, true)"))
            .await;
        HubUser {
            id: i64::try_from(user).expect("an id is small"),
            key,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        // In a thread of its own, because a runtime cannot block inside another one.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                Cluster::shared()
                    .await
                    .execute(format!("drop database {name} with (force)"))
                    .await;
            });
        });
        // A panic during a panic would abort the process, and hide the failure of the test.
        let _ = dropped.join();
    }
}

/// Fills a database with the hub's tables of the demo and `rows` rows of `message_request`.
pub async fn fill(dsn: &str, rows: u64) {
    let rows = rows.to_string();
    let arguments = [
        "demo",
        "--only",
        "usage,probes",
        "--rows",
        &rows,
        "--keys",
        DEMO_SECRET,
    ];
    program::run(&arguments, &[("DSN", dsn)]).await.good();
}
