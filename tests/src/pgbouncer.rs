//! PgBouncer in front of the shared cluster.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::cluster::folder;
use crate::patience::wait_for;

/// Dropping it ends it.
#[derive(Debug)]
pub struct Pgbouncer {
    _process: Child,
    folder: TempDir,
    role: String,
}

impl Pgbouncer {
    /// Starts it for all databases of the server of `dsn`, with this `pool_mode`. It
    /// serves one role only.
    pub async fn before(dsn: &str, pool_mode: &str, role: &str) -> Self {
        let folder = folder();
        // PgBouncer refuses to run as root, so it runs as PostgreSQL's account.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777))
            .expect("the folder is ours");
        let parameter = |wanted: &str| {
            let (_, query) = dsn.split_once('?').expect("it has parameters");
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let found = pairs.find(|(name, _)| *name == wanted);
            found.map(|(_, value)| value.replace("%2F", "/"))
        };
        let server = parameter("host").expect("it has a socket");
        let port = parameter("port").unwrap_or_else(|| "5432".to_owned());
        let users = folder.path().join("users.txt");
        let settings = folder.path().join("pgbouncer.ini");
        let content = format!(
            "[databases]\n* = host={server} port={port}\n\
             [pgbouncer]\nlisten_addr =\nlisten_port = 6432\nunix_socket_dir = {socket}\nauth_type = trust\n\
             auth_file = {users}\npool_mode = {pool_mode}\nlogfile =\npidfile =\n",
            socket = folder.path().display(),
            users = users.display()
        );
        std::fs::write(&users, format!("\"{role}\" \"\"\n")).expect("the folder is ours");
        std::fs::write(&settings, content).expect("the folder is ours");
        let mut command = Command::new("/usr/sbin/pgbouncer");
        if nix::unistd::geteuid().is_root() {
            command.args(["--user", "postgres"]);
        }
        let process = command
            .arg("--quiet")
            .arg(&settings)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("`scripts/set-up.sh test` installs pgbouncer");
        let socket = folder.path().join(".s.PGSQL.6432");
        let listens = async || tokio::net::UnixStream::connect(&socket).await.ok();
        wait_for("PgBouncer", Duration::from_secs(10), listens).await;
        Self {
            _process: process,
            folder,
            role: role.to_owned(),
        }
    }

    /// Returns the address of the database of `dsn` through PgBouncer, for its role.
    pub fn dsn(&self, dsn: &str) -> String {
        let (before, _) = dsn.split_once('?').expect("it has parameters");
        let (folder, role) = (self.folder.path().display(), &self.role);
        format!("{before}?host={folder}&port=6432&user={role}&sslmode=disable")
    }
}
