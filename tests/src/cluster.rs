//! PostgreSQL clusters for the tests, started by the code that starts Decant's private one.

use std::path::Path;

use decant_embedded::EmbeddedPostgres;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Faster, because nothing is forced to the disk: the tests' data need not survive a crash of the machine. Prepared transactions are
/// allowed, which some sites have.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("max_connections", "200"),
    ("max_prepared_transactions", "10"),
];

/// Roles that must show their password (scram-sha-256); PostgreSQL trusts all others. Tests run side by side and roles
/// belong to the whole cluster, so each test that makes one takes its own.
pub const ROLES_WITH_PASSWORD: [&str; 2] = ["shows_a_password", "shows_another_password"];

/// Prefix of all folders of the tests; the process id follows.
const PREFIX: &str = "decant-tests-";

/// A PostgreSQL cluster. Dropping it stops it and removes its folder.
#[derive(Debug)]
pub struct Cluster {
    postgres: EmbeddedPostgres,
    // After `postgres`, because fields are dropped in their order.
    _folder: TempDir,
}

impl Cluster {
    /// Returns the cluster that all tests of this process share. PostgreSQL ends with the process; the next run
    /// removes the folder.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Cluster> = OnceCell::const_new();
        SHARED.get_or_init(Self::start).await
    }

    pub async fn start() -> Self {
        remove_leftovers();
        let folder = folder();
        let access = folder.path().join("pg_hba.conf");
        let rules = format!(
            "local all {} scram-sha-256\nlocal all all trust\n",
            ROLES_WITH_PASSWORD.join(",")
        );
        std::fs::write(&access, rules).expect("the folder is ours");
        let access = ("hba_file", access.to_str().expect("the folder's name is plain"));
        let postgres = EmbeddedPostgres::start_with(folder.path(), &[SETTINGS, &[access]].concat()).await;
        Self {
            postgres: postgres.expect("PostgreSQL starts"),
            _folder: folder,
        }
    }

    /// Returns the DSN of one of its databases.
    pub fn dsn(&self, database: &str) -> String {
        self.postgres.url().replacen(
            &format!("///{}?", decant_embedded::DATABASE),
            &format!("///{database}?"),
            1,
        )
    }

    /// Returns the process id of the postmaster.
    pub fn postmaster(&self) -> u32 {
        self.postgres.process_id()
    }

    /// Runs a statement in the cluster's own database, which no test uses.
    pub async fn execute(&self, sql: String) {
        execute(&self.dsn(decant_embedded::DATABASE), sql).await;
    }
}

/// Runs statements over a connection of their own.
pub async fn execute(dsn: &str, sql: String) {
    let mut connection = PgConnection::connect(dsn)
        .await
        .expect("PostgreSQL accepts a connection");
    let done = connection
        .execute(sqlx::raw_sql(AssertSqlSafe(sql.clone())))
        .await;
    done.unwrap_or_else(|error| panic!("{error} in: {sql}"));
    // The statement has run, so a failing close changes nothing.
    let _ = connection.close().await;
}

/// Returns a new folder that PostgreSQL's own account may enter too. It is removed with the value, or by a later run.
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

/// Removes the folders of processes that have ended.
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
