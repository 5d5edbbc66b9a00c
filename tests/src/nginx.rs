//! nginx in front of a server, with its defaults: HTTP/1.0 to the server, `Host` rewritten, 1 MB for a body.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::cluster::folder;
use crate::patience::wait_for;

/// Dropping it ends it.
#[derive(Debug)]
pub struct Nginx {
    _process: Child,
    _folder: TempDir,
    /// For example `127.0.0.1:4711`.
    pub address: String,
}

impl Nginx {
    /// Starts it with these `location` blocks.
    pub async fn with(locations: &str) -> Self {
        let folder = folder();
        let address = free_address();
        let path = folder.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {path}/{kind};\n"))
            .collect();
        // A worker would outlive a master that is killed.
        let settings = format!(
            "daemon off; master_process off; pid {path}/pid; error_log {path}/errors;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; {temporary} server {{ listen {address}; {locations} }} }}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, settings).expect("the folder is ours");
        let process = Command::new("/usr/sbin/nginx")
            .arg("-c")
            .arg(&file)
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("`scripts/set-up.sh test` installs nginx");
        let listens = async || TcpStream::connect(&address).await.ok();
        wait_for("nginx", Duration::from_secs(10), listens).await;
        Self {
            _process: process,
            _folder: folder,
            address,
        }
    }
}

/// nginx cannot take a free port by itself.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a listener has an address");
    address.to_string()
}
