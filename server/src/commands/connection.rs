//! The database of a command: the one of DSN, or the private PostgreSQL.

use std::time::Duration;

use decant_embedded::{EmbeddedPostgres, connect_options_of_another};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, query_scalar};
use tokio_util::task::TaskTracker;

use super::outcome::Outcome;
use super::standard_streams::report;
use crate::audit::AuditWriter;
use crate::config::Settings;
use crate::database::Database;
use crate::datasets::catalog::{Cause, Unavailable};
use crate::dsn::Dsn;
use crate::source::{Limits, Source};
use crate::startup::prepare_folders;
use crate::state::{self, RunningDatabase, State};
use crate::storage::Storage;
use crate::telemetry;

pub struct Connection {
    pub source: Source,
    pub dsn: Dsn,
    state: State,
    audit: Option<AuditWriter>,
    embedded: Option<EmbeddedPostgres>,
    /// Whether DSN is not set.
    is_private: bool,
}

impl Connection {
    /// Connects, and starts to write audit records. The private PostgreSQL is started unless a running Decant has
    /// started it.
    pub async fn open(settings: &Settings) -> Result<Self, Box<dyn std::error::Error>> {
        for warning in prepare_folders(settings, settings.dsn.is_none())? {
            report(format_args!("decant: {warning}"));
        }
        let (dsn, embedded): (Dsn, _) = match &settings.dsn {
            Some(dsn) => (dsn.clone(), None),
            None => {
                let (options, embedded) = EmbeddedPostgres::start_or_join(&settings.data_dir).await?;
                (options.into(), embedded)
            }
        };
        let source = Source::new(dsn.options(), limits(settings));
        let exported = RunningDatabase::read(&mut *source.check_connection().await?).await?;
        let private = match &settings.dsn {
            Some(_) => running_state_postgres(settings).await,
            None => Some(dsn.options().clone()),
        };
        let state = State::open(&settings.state, private, exported, limits(settings)).await?;
        telemetry::start_audit();
        let audit = AuditWriter::start(&state, settings.audit);
        Ok(Self {
            source,
            dsn,
            state,
            audit,
            embedded,
            is_private: settings.dsn.is_none(),
        })
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// Returns why a dataset cannot be used. A private PostgreSQL without its tables is most often a new one.
    pub fn reason(&self, unavailable: &Unavailable) -> String {
        match (self.is_private, unavailable.cause) {
            (true, Cause::NoTable) => {
                "DSN is not set, and the private PostgreSQL does not have the tables of this dataset. Set \
                                       DSN, or fill the private PostgreSQL with `decant demo`"
                    .to_owned()
            }
            _ => unavailable.reason.clone(),
        }
    }

    /// Refuses to dump the private PostgreSQL while it has no table, because then DSN was forgotten.
    ///
    /// # Errors
    /// There is no table, or the database does not answer.
    pub async fn check_tables(&self) -> Outcome {
        if !self.is_private {
            return Ok(());
        }
        let mut session = self.source.for_query().await?;
        let has_tables: bool = query_scalar(
            "select exists (select from pg_catalog.pg_class c \
             join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace \
             where c.relkind operator(pg_catalog.=) any ('{r,p}'::pg_catalog.\"char\"[]) \
                 and n.nspname operator(pg_catalog.<>) all ('{pg_catalog,information_schema}'::pg_catalog.name[]))",
        )
        .fetch_one(&mut *session)
        .await?;
        match has_tables {
            true => Ok(()),
            false => Err("DSN is not set or empty, and the private PostgreSQL has no tables, so there is nothing to dump. Set \
                          DSN to the address of the database"
                .into()),
        }
    }

    /// Returns the operations on the database: dumps, restores and clean-ups.
    pub fn database(&self, settings: &Settings) -> Database {
        let storage = Storage::new(settings.storage.clone());
        Database::new(&self.dsn, &settings.database, storage, &TaskTracker::new())
    }

    /// Closes the connections, writes the last audit records, stops the private PostgreSQL, and returns `outcome`.
    pub async fn close(self, outcome: Outcome) -> Outcome {
        self.source.close().await;
        if let Some(audit) = self.audit
            && let Err(error) = audit.flush().await
        {
            report(format_args!("{error}."));
        }
        self.state.close().await;
        if let Some(embedded) = self.embedded {
            embedded.stop().await?;
        }
        outcome
    }
}

/// Refuses what only a hub's database has, as the server does.
///
/// # Errors
/// DECANT_BUILT_IN_DATASETS is false.
pub fn check_hub(settings: &Settings) -> Outcome {
    match settings.datasets.built_in {
        true => Ok(()),
        false => Err(
            "there is no hub here (DECANT_BUILT_IN_DATASETS is false), and only a hub has a log and webhooks"
                .into(),
        ),
    }
}

/// Returns how to connect to the private PostgreSQL where a running `decant serve` keeps the state database in it. Only that
/// command starts it.
pub async fn running_state_postgres(settings: &Settings) -> Option<PgConnectOptions> {
    let state::Options::Private = settings.state else {
        return None;
    };
    // The socket of one that has crashed is still there.
    let options = connect_options_of_another(&settings.data_dir).ok()?;
    let connection = PgConnection::connect_with(&options).await.ok()?;
    connection.close().await.ok()?;
    Some(options)
}

/// A command needs one connection for each purpose. Its queries have no time limit: the user can stop it.
pub fn limits(settings: &Settings) -> Limits {
    Limits {
        exports_max: 1,
        queries_max: 1,
        query_max: Duration::ZERO,
        ..settings.source
    }
}
