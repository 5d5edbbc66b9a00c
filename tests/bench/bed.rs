//! What everything is measured on: a PostgreSQL of its own with the settings that Decant gives it, durable ones, and
//! the demo's rows in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use decant::auth::Caller;
use decant::datasets::{Catalog, Query, Selection};
use decant::demo::{self, KeyMaker};
use decant::embedded::EmbeddedPostgres;
use decant_tests::cluster::folder;
use decant_tests::database::DEMO_SECRET;
use decant_tests::server::Server;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

use crate::Outcome;
use crate::psql::Psql;

/// The definitions whose rows are measured.
const USAGE_LOGS: &str = include_str!("../../server/datasets/usage-logs.toml");
const PROBE_LOGS: &str = include_str!("../../server/datasets/probe-logs.toml");

/// How often [`MULTIPLIED`] has each row.
pub const TIMES: u64 = 5;

/// The dataset that has the rows of usage-logs [`TIMES`] times.
pub const MULTIPLIED: &str = "usage-logs-multiplied";

/// The dataset that has the demo's few probes this many times, one after the other.
pub const MANY_PROBES: &str = "probe-logs-multiplied";
const PROBES_TIMES: u64 = 20;

/// A PostgreSQL with demo rows.
pub struct Bed {
    /// Its address.
    pub dsn: String,
    /// The query that the server copies for all usage logs.
    pub select: String,
    /// How many demo rows there are.
    pub demo_rows: u64,
    /// How many rows of them usage-logs has: not those that are deleted or whose user or key is gone.
    pub rows: u64,
    /// How long it took to make the demo rows.
    pub filled_in: Duration,
    postgres: EmbeddedPostgres,
    folder: TempDir,
}

impl Bed {
    /// Makes the PostgreSQL and its rows.
    pub async fn make(demo_rows: u64) -> Outcome<Self> {
        let folder = folder();
        let postgres = EmbeddedPostgres::start(folder.path()).await?;
        let mut connection = PgConnection::connect_with(&postgres.connect_options()).await?;
        demo::create_schema(&mut connection).await?;
        let keys = KeyMaker::new(std::fs::read_to_string(DEMO_SECRET)?.into())?;
        let filled = demo::fill(&mut connection, &demo::Plan::new(demo_rows, keys), |_| {}).await?;
        // So that PostgreSQL does not do it in the middle of a measurement.
        connection.execute("checkpoint").await?;
        let (select, rows) = usage_logs(&mut connection).await?;
        connection.close().await?;

        let datasets = folder.path().join("datasets");
        std::fs::create_dir(&datasets)?;
        let many_rows = multiplied(USAGE_LOGS, "usage-logs", TIMES)?;
        std::fs::write(datasets.join("multiplied.toml"), many_rows)?;
        let many_probes = multiplied(PROBE_LOGS, "probe-logs", PROBES_TIMES)?;
        std::fs::write(datasets.join("probes.toml"), many_probes)?;
        Ok(Self {
            dsn: postgres.url(),
            select,
            demo_rows,
            rows,
            filled_in: filled.took,
            postgres,
            folder,
        })
    }

    /// Starts a server on it.
    pub async fn server(&self) -> Server {
        let datasets = self.file("datasets").display().to_string();
        Server::start(&[("DSN", &self.dsn), ("DECANT_DATASETS_DIR", &datasets)]).await
    }

    /// `psql` on the same rows.
    pub fn psql(&self) -> Psql<'_> {
        Psql {
            program: self.program("psql"),
            dsn: &self.dsn,
            select: &self.select,
        }
    }

    /// One of PostgreSQL's own programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.postgres.binaries().program(name)
    }

    /// The version of PostgreSQL.
    pub fn postgres_version(&self) -> &str {
        &self.postgres.binaries().version
    }

    /// The path of a file beside the data, on the same disk.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Ends the PostgreSQL and removes all of it.
    pub async fn stop(self) -> Outcome<()> {
        self.postgres.stop().await?;
        Ok(self.folder.close()?)
    }
}

/// The query for all usage logs as the server makes it, and how many rows it has.
async fn usage_logs(connection: &mut PgConnection) -> Outcome<(String, u64)> {
    let mut catalog = Catalog::load(None::<&Path>)?;
    catalog.prepare(connection).await?;
    let dataset = catalog
        .get("usage-logs")
        .ok_or("there is no dataset usage-logs")?;
    let selection = Selection::default();
    let query = Query::new(dataset, &Caller::operator(), &selection)?;
    let count = query.count().render(connection).await?;
    let rows: i64 = sqlx::query_scalar(count).fetch_one(&mut *connection).await?;
    Ok((query.rows().render(connection).await?.0, rows.cast_unsigned()))
}

/// A definition with each row so many times, named `<name>-multiplied`.
fn multiplied(definition: &str, name: &str, times: u64) -> Outcome<String> {
    let (before, rest) = definition
        .split_once("\nfrom = \"\"\"\n")
        .ok_or_else(|| format!("{name}.toml no longer has a `from` of lines: adapt `multiplied`"))?;
    let (from, after) = rest
        .split_once("\"\"\"\n")
        .ok_or_else(|| format!("the `from` of {name}.toml does not end"))?;
    let from = format!("{from}cross join generate_series(1, {times})\n");
    let text = format!("{before}\nfrom = \"\"\"\n{from}\"\"\"\n{after}");
    Ok(text.replacen(
        &format!("name = \"{name}\""),
        &format!("name = \"{name}-multiplied\""),
        1,
    ))
}
