//! A PostgreSQL of our own, started by the code that starts Decant's private one.

use std::path::Path;

use decant::embedded::EmbeddedPostgres;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Nothing is written for good: the tests' data may die with the machine.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "200"),
];

/// Roles that must show their password (scram-sha-256); PostgreSQL trusts all others. Tests run side by side and roles
/// belong to the whole cluster, so each test that makes one takes its own.
pub const ROLES_WITH_PASSWORD: [&str; 2] = ["shows_a_password", "shows_another_password"];

/// What the folders of all clusters begin with; the number of the process follows.
const PREFIX: &str = "decant-tests-";

/// A PostgreSQL cluster; dropping it ends it and removes its folder.
#[derive(Debug)]
pub struct Cluster {
    postgres: EmbeddedPostgres,
    // After `postgres`: fields are dropped in their order.
    _folder: TempDir,
}

impl Cluster {
    /// The cluster that the tests of this process share. PostgreSQL ends with the process; the folder, which then
    /// nobody is left to remove, goes with the next run.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Cluster> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    /// Starts a cluster.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start() -> Self {
        remove_leftovers();
        let folder = folder();
        let access = folder.path().join("pg_hba.conf");
        let rules = format!("local all {} scram-sha-256\nlocal all all trust\n", ROLES_WITH_PASSWORD.join(","));
        std::fs::write(&access, rules).expect("the folder is ours");
        let access = ("hba_file", access.to_str().expect("the folder's name is plain"));
        let postgres = EmbeddedPostgres::start_with(folder.path(), &[SETTINGS, &[access]].concat()).await;
        Self {
            postgres: postgres.expect("PostgreSQL starts"),
            _folder: folder,
        }
    }

    /// The address of one of its databases.
    #[must_use]
    pub fn dsn(&self, database: &str) -> String {
        self.postgres.url().replacen(
            &format!("///{}?", decant::embedded::DATABASE),
            &format!("///{database}?"),
            1,
        )
    }

    /// The number of its first process.
    #[must_use]
    pub fn postmaster(&self) -> u32 {
        self.postgres.process_id()
    }

    /// Runs a statement in its own database, outside of all tests' databases.
    ///
    /// # Panics
    /// If PostgreSQL refuses it.
    pub async fn execute(&self, sql: String) {
        execute(&self.dsn(decant::embedded::DATABASE), sql).await;
    }
}

/// Runs a statement over a connection of its own.
///
/// # Panics
/// If PostgreSQL refuses it.
pub async fn execute(dsn: &str, sql: String) {
    let mut connection = PgConnection::connect(dsn)
        .await
        .expect("PostgreSQL accepts a connection");
    let done = connection
        .execute(sqlx::raw_sql(AssertSqlSafe(sql.clone())))
        .await;
    done.unwrap_or_else(|error| panic!("{error} in: {sql}"));
    // An error here is of no interest: the statement has run.
    let _ = connection.close().await;
}

/// A folder that PostgreSQL's own user may enter as well, removed with the value, or by a later run.
///
/// # Panics
/// If the folder for temporary files cannot be written.
#[must_use]
pub fn folder() -> TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let everyone_may_enter = std::fs::Permissions::from_mode(0o755);
    let prefix = format!("{PREFIX}{}-", std::process::id());
    let folder = tempfile::Builder::new()
        .prefix(&prefix)
        .permissions(everyone_may_enter)
        .tempdir();
    folder.expect("the folder for temporary files can be written")
}

/// Removes the folders of processes that are gone.
fn remove_leftovers() {
    for entry in std::fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|process| !Path::new("/proc").join(process.to_string()).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
