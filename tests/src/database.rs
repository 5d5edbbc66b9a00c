//! A database of its own for a test, with the demo schema and rows.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::sync::OnceCell;

use crate::cluster::{Cluster, execute};
use crate::program;

/// The usage rows that a test's database begins with.
pub const DEMO_ROWS: u64 = 2_000;

/// A file with the secret that the keys of every demo here are made from, so that all runs have the same ones.
pub const DEMO_SECRET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo.secret");

/// The rows of usage-logs, by rules of our own: what every count and every export is held against.
pub const USAGE_ROWS: &str = "message_request m join users u on u.id = m.user_id \
     left join providers p on p.id = m.provider_id \
     where m.deleted_at is null and exists (select from keys k where k.key = m.key)";

/// The 18 columns of usage-logs and the hidden id, by SQL of our own.
pub const USAGE_COLUMNS: &str = "m.created_at, u.name, \
     (select k.name from keys k where k.key = m.key order by k.deleted_at desc nulls first, k.id desc limit 1), \
     p.name, m.model, m.original_model, m.endpoint, m.status_code, m.input_tokens, m.output_tokens, \
     m.cache_creation_5m_input_tokens, m.cache_creation_1h_input_tokens, m.cache_read_input_tokens, \
     coalesce(m.input_tokens, 0) + coalesce(m.output_tokens, 0) + coalesce(m.cache_creation_5m_input_tokens, 0) \
     + coalesce(m.cache_creation_1h_input_tokens, 0) + coalesce(m.cache_read_input_tokens, 0), \
     m.cost_usd, m.duration_ms, m.session_id, \
     case when jsonb_typeof(m.provider_chain) = 'array' \
     then greatest(jsonb_array_length(m.provider_chain) - 1, 0) else 0 end, m.id";

/// The condition that a request was tried at least twice. A chain of providers need not be an array.
pub const RETRIED: &str = "case when jsonb_typeof(m.provider_chain) = 'array' then jsonb_array_length(m.provider_chain) >= 2 else false end";

/// A database; dropping it drops it.
#[derive(Debug)]
pub struct Database {
    /// Its address.
    pub dsn: String,
    name: String,
}

/// A user of the hub with a key that may sign in.
#[derive(Clone, Debug)]
pub struct HubUser {
    /// `users.id`.
    pub id: i64,
    /// `keys.key`: what signs this user in.
    pub key: String,
}

impl Database {
    /// A database with [`DEMO_ROWS`] demo rows, copied from one that is filled once.
    ///
    /// # Panics
    /// If it cannot be made.
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

    /// A database with this many demo rows.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn with_rows(rows: u64) -> Self {
        let database = Self::empty().await;
        fill(&database.dsn, rows).await;
        database
    }

    /// A database with nothing in it.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn empty() -> Self {
        Self::create(Cluster::shared().await, "").await
    }

    /// The same, in PostgreSQL's encoding of this name.
    ///
    /// # Panics
    /// If it cannot be made.
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

    /// Runs statements.
    ///
    /// # Panics
    /// If PostgreSQL refuses one.
    pub async fn execute(&self, sql: impl Into<String>) {
        execute(&self.dsn, sql.into()).await;
    }

    /// The one value of a query, as text; `None` where it is null or there is no row.
    ///
    /// # Panics
    /// If PostgreSQL refuses it.
    pub async fn text(&self, sql: &str) -> Option<String> {
        self.texts(sql).await.into_iter().next().flatten()
    }

    /// The first column of a query, as text.
    ///
    /// # Panics
    /// If PostgreSQL refuses it.
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

    /// The one whole number of a query.
    ///
    /// # Panics
    /// If it is none.
    pub async fn number(&self, sql: &str) -> u64 {
        let text = self.text(sql).await;
        text.as_deref()
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("{text:?} is no number: {sql}"))
    }

    /// How many usage rows there are for which this SQL condition holds.
    pub async fn usage_rows(&self, condition: &str) -> u64 {
        self.number(&format!("select count(*) from {USAGE_ROWS} and ({condition})"))
            .await
    }

    /// What `COPY` writes for the usage rows for which this SQL condition holds, in the order of usage-logs.
    ///
    /// # Panics
    /// If PostgreSQL refuses it.
    pub async fn copy_of_usage_rows(&self, condition: &str) -> Vec<u8> {
        let mut connection = PgConnection::connect(&self.dsn)
            .await
            .expect("PostgreSQL accepts a connection");
        connection
            .execute("set timezone = 'UTC'")
            .await
            .expect("there is such a zone");
        let select = format!("select {USAGE_COLUMNS} from {USAGE_ROWS} and ({condition})");
        let copy = format!("copy ({select} order by m.created_at desc, m.id desc) to stdout");
        let pieces = connection
            .copy_out_raw(&copy)
            .await
            .unwrap_or_else(|error| panic!("{error} in: {copy}"));
        let pieces: Vec<_> = pieces.try_collect().await.expect("COPY goes through");
        pieces.concat()
    }

    /// How many `COPY`s the server runs in this database.
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
        pids.map(|pid| pid.parse().expect("a process id is a number")).collect()
    }

    /// Ends those sessions as an administrator of PostgreSQL does. Returns whether there were any.
    pub async fn end_sessions(&self, pattern: &str) -> bool {
        let pids = self.decant_sessions(pattern).await;
        for pid in &pids {
            self.text(&format!("select pg_terminate_backend({pid})")).await;
        }
        !pids.is_empty()
    }

    /// A user who has rows, with a new key.
    pub async fn busy_user(&self) -> HubUser {
        let sql = format!("select m.user_id from {USAGE_ROWS} group by 1 order by count(*) desc limit 1");
        let id = self.number(&sql).await;
        self.give_key(id).await
    }

    /// A new user without rows.
    pub async fn new_user(&self, name: &str) -> HubUser {
        self.execute(format!("insert into users (name) values ('{name}')"))
            .await;
        let id = self.number("select max(id) from users").await;
        self.give_key(id).await
    }

    /// Makes a role of this name that may create databases, and gives it this database with its tables.
    ///
    /// # Panics
    /// If there is such a role already.
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
    #[must_use]
    pub fn dsn_of(&self, role: &str) -> String {
        let role: String = role.bytes().map(|byte| format!("%{byte:02X}")).collect();
        self.dsn.replacen("user=postgres", &format!("user={role}"), 1)
    }

    async fn give_key(&self, user: u64) -> HubUser {
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
        // A thread with a runtime of its own: this may run inside of another one.
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
        // A test that fails already should not end in an abort.
        let _ = dropped.join();
    }
}

/// Fills a database with the demo schema and rows.
///
/// # Panics
/// If the program cannot.
pub async fn fill(dsn: &str, rows: u64) {
    let arguments = ["demo", "--rows", &rows.to_string(), "--keys", DEMO_SECRET];
    program::run(&arguments, &[("DSN", dsn)]).await.good();
}
