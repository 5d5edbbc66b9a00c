//! The PostgreSQL under measurement: Decant's own settings, durable commits, demo rows.

use std::path::{Path, PathBuf};
use std::time::Duration;

use decant::auth::Caller;
use decant::datasets::catalog::CatalogOptions;
use decant::datasets::{Catalog, Query, Selection};
use decant::hub_tables::HubTables;
use decant::state::State;
use decant_demo::KeyMaker;
use decant_embedded::EmbeddedPostgres;
use decant_tests::cluster::folder;
use decant_tests::database::DEMO_SECRET;
use decant_tests::server::Server;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

use crate::outcome::Outcome;
use crate::process::Process;
use crate::psql::Psql;

/// Definitions of the datasets that are measured.
const USAGE_LOGS: &str = include_str!("../../server/datasets/usage-logs.toml");
const PROBE_LOGS: &str = include_str!("../../server/datasets/probe-logs.toml");

/// Copies of each row in [`MULTIPLIED`].
pub const TIMES: u64 = 5;

/// The dataset that has the rows of usage-logs [`TIMES`] times.
pub const MULTIPLIED: &str = "usage-logs-multiplied";

/// Copies of the demo's few probes in their dataset.
pub const MANY_PROBES: &str = "probe-logs-multiplied";
const PROBES_TIMES: u64 = 20;

/// The bundle of the usage logs in three parts, and the datasets of these.
pub const BUNDLE: &str = "thirds";
pub const PARTS: [&str; 3] = ["usage-third-a", "usage-third-b", "usage-third-c"];

pub struct Bed {
    pub dsn: String,
    /// The server's query for all usage logs.
    pub select: String,
    /// Rows of `message_request`.
    pub demo_rows: u64,
    /// Rows of usage-logs: fewer, because it hides deleted rows and those of deleted users and keys.
    pub rows: u64,
    /// Time to make the demo rows.
    pub filled_in: Duration,
    postgres: EmbeddedPostgres,
    folder: TempDir,
}

impl Bed {
    /// Starts PostgreSQL and makes the rows.
    pub async fn make(demo_rows: u64) -> Outcome<Self> {
        let folder = folder();
        // Twenty servers at once need more than the usual hundred.
        let postgres = EmbeddedPostgres::start_with(folder.path(), &[("max_connections", "300")]).await?;
        let mut connection = PgConnection::connect_with(&postgres.connect_options()).await?;
        let keys = KeyMaker::new(std::fs::read_to_string(DEMO_SECRET)?.into())?;
        let plan = decant_demo::Plan::new(demo_rows, keys);
        decant_demo::create_schema(&mut connection, &plan).await?;
        let filled = decant_demo::fill(&mut connection, &plan, |_| {}).await?;
        // Otherwise it comes in the middle of a measurement.
        let mut administrator = PgConnection::connect(&postgres.url()).await?;
        administrator.execute("checkpoint").await?;
        administrator.close().await?;
        let (select, rows) = usage_logs(&mut connection).await?;
        connection.close().await?;

        let datasets = folder.path().join("datasets");
        std::fs::create_dir(&datasets)?;
        let many_rows = multiplied(USAGE_LOGS, "usage-logs", TIMES)?;
        std::fs::write(datasets.join("multiplied.toml"), many_rows)?;
        let many_probes = multiplied(PROBE_LOGS, "probe-logs", PROBES_TIMES)?;
        std::fs::write(datasets.join("probes.toml"), many_probes)?;
        write_bundle(&datasets)?;
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

    pub async fn server(&self) -> Server {
        let datasets = self.file("datasets").display().to_string();
        Server::start(&[("DSN", &self.dsn), ("DECANT_DATASETS_DIR", &datasets)]).await
    }

    /// Returns the DSN of another database of this PostgreSQL.
    pub fn dsn_of(&self, database: &str) -> String {
        self.dsn.replacen(
            &format!("///{}?", decant_embedded::DATABASE),
            &format!("///{database}?"),
            1,
        )
    }

    /// Returns the processor time of all processes of PostgreSQL, those that have ended among them.
    pub fn postgres_processor_time(&self) -> Outcome<Duration> {
        Process {
            id: self.postgres.process_id(),
        }
        .processor_time_with_children()
    }

    /// Returns the server's query for all rows of a dataset.
    pub async fn select_of(&self, dataset: &str) -> Outcome<String> {
        let options = CatalogOptions {
            folder: Some(self.file("datasets")),
            built_in: true,
        };
        let mut catalog = Catalog::load(&options, &HubTables::default())?;
        let mut connection = PgConnection::connect(&self.dsn).await?;
        catalog.prepare(&mut connection, &State::off()).await?;
        let dataset = catalog
            .get(dataset)
            .ok_or_else(|| format!("there is no dataset {dataset}"))?;
        let selection = Selection::default();
        let query = Query::to_read(dataset, &Caller::operator(), &selection)?;
        let select = query.rows(&mut connection).await?.sql.0;
        connection.close().await?;
        Ok(select)
    }

    pub fn psql(&self) -> Psql<'_> {
        Psql {
            program: self.program("psql"),
            dsn: &self.dsn,
            select: &self.select,
        }
    }

    /// Returns the path of a program of PostgreSQL.
    pub fn program(&self, name: &str) -> PathBuf {
        self.postgres.binaries().program(name)
    }

    pub fn postgres_version(&self) -> &str {
        &self.postgres.binaries().version
    }

    /// Returns a path for a file on the disk of the data.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Stops PostgreSQL and removes its folder.
    pub async fn stop(self) -> Outcome<()> {
        self.postgres.stop().await?;
        Ok(self.folder.close()?)
    }
}

/// Returns the server's query for all usage logs, and the number of its rows.
async fn usage_logs(connection: &mut PgConnection) -> Outcome<(String, u64)> {
    let mut catalog = Catalog::built_in(&HubTables::default());
    catalog.prepare(connection, &State::off()).await?;
    let dataset = catalog
        .get("usage-logs")
        .ok_or("there is no dataset usage-logs")?;
    let selection = Selection::default();
    let query = Query::to_read(dataset, &Caller::operator(), &selection)?;
    let rows = query.count(connection).await?;
    Ok((query.rows(connection).await?.sql.0, rows))
}

/// Writes the bundle of three parts, which together have the rows of usage-logs.
fn write_bundle(datasets: &Path) -> Outcome<()> {
    let mut bundle =
        format!("name = \"{BUNDLE}\"\ntitle = \"Thirds\"\nexport_type = \"bench\"\naccess = \"admin\"\n");
    for (rest, name) in PARTS.iter().enumerate() {
        let text = format!(
            "name = \"{name}\"\ntitle = \"Third\"\nextends = \"usage-logs\"\nlisted = false\n\
             where = \"m.deleted_at is null and (m.id operator(pg_catalog.%) 3) operator(pg_catalog.=) {rest}\"\n"
        );
        std::fs::write(datasets.join(format!("{name}.toml")), text)?;
        bundle.push_str(&format!(
            "[[part]]\nname = \"{}\"\ndataset = \"{name}\"\n",
            name.replace('-', "_")
        ));
    }
    std::fs::create_dir(datasets.join("bundles"))?;
    Ok(std::fs::write(datasets.join("bundles/thirds.toml"), bundle)?)
}

/// Returns a definition `<name>-multiplied` that repeats each row.
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
