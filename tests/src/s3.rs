//! An S3 service: SeaweedFS, as a process.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as ObjectPath;
use tempfile::TempDir;

use crate::cluster::folder;
use crate::patience::wait_for;
use crate::pause;

/// An HTTP and a gRPC port for each of master, volume server, filer and S3.
const PORTS: usize = 8;

const ATTEMPTS: usize = 3;

const ACCESS_KEY: &str = "decant-tests";
const SECRET_KEY: &str = "a-secret/of these+tests";

const PATIENCE: Duration = Duration::from_secs(60);

const BUCKET: &str = "decant-backups";

/// A prefix in the bucket: `hub backups/é`.
const STORAGE_URL: &str = "s3://decant-backups/hub backups/%C3%A9/";

/// Dropping the value kills the process.
#[derive(Debug)]
pub struct S3 {
    process: Child,
    endpoint: String,
    filer: String,
    _folder: TempDir,
}

impl S3 {
    /// Starts a service with an empty bucket, and waits until it accepts files.
    pub async fn start() -> Self {
        // Another process may take one of the ports before the service does.
        for _ in 0..ATTEMPTS {
            let ports = free_ports();
            let mut s3 = Self::spawn(ports);
            if s3.make_bucket().await {
                return s3;
            }
        }
        panic!("the S3 service does not start");
    }

    fn spawn(ports: [u16; PORTS]) -> Self {
        let folder = folder();
        let keys = serde_json::json!({ "identities": [{
            "name": "decant",
            "credentials": [{ "accessKey": ACCESS_KEY, "secretKey": SECRET_KEY }],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }] });
        let keys_file = folder.path().join("keys.json");
        std::fs::write(&keys_file, keys.to_string()).expect("the folder is ours");
        let [
            master,
            master_grpc,
            volume,
            volume_grpc,
            filer,
            filer_grpc,
            s3,
            s3_grpc,
        ] = ports;
        let process = Command::new("weed")
            .args(["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"])
            .arg(format!("-dir={}", folder.path().display()))
            .arg(format!("-master.port={master}"))
            .arg(format!("-master.port.grpc={master_grpc}"))
            .arg(format!("-volume.port={volume}"))
            .arg(format!("-volume.port.grpc={volume_grpc}"))
            .arg(format!("-filer.port={filer}"))
            .arg(format!("-filer.port.grpc={filer_grpc}"))
            .arg(format!("-s3.port={s3}"))
            .arg(format!("-s3.port.grpc={s3_grpc}"))
            .args([
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-master.telemetry=false",
            ])
            .args(["-master.volumeSizeLimitMB=64", "-volume.max=100"])
            .arg(format!("-s3.config={}", keys_file.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("weed is installed by scripts/set-up.sh test");
        Self {
            process,
            endpoint: format!("http://127.0.0.1:{s3}"),
            filer: format!("http://127.0.0.1:{filer}"),
            _folder: folder,
        }
    }

    /// Returns the settings that make Decant store its backups here.
    pub fn settings(&self) -> Vec<(&str, &str)> {
        vec![
            ("STORAGE_URL", STORAGE_URL),
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_REGION", "us-east-1"),
        ]
    }

    /// Returns host and port.
    pub fn address(&self) -> &str {
        self.endpoint.trim_start_matches("http://")
    }

    /// It still accepts connections, but answers none.
    pub fn pause(&self) {
        pause::stop(&self.process);
    }

    pub fn go_on(&self) {
        pause::go_on(&self.process);
    }

    /// Returns a client of the bucket.
    pub fn client(&self) -> AmazonS3 {
        // An error means that it is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        AmazonS3Builder::new()
            .with_endpoint(&self.endpoint)
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_bucket_name(BUCKET)
            .with_access_key_id(ACCESS_KEY)
            .with_secret_access_key(SECRET_KEY)
            .build()
            .expect("the settings are whole")
    }

    /// Returns the path in the bucket of a file that Decant names so.
    pub fn path(name: &str) -> ObjectPath {
        ObjectPath::parse(format!("hub backups/é/{name}")).expect("a name of Decant is a path")
    }

    /// Returns the names of the objects with this prefix and a `/`, as the service's own file system lists them.
    pub async fn objects(&self, prefix: &str) -> Vec<String> {
        let http = crate::http::client().build().expect("a client needs nothing");
        let folder = format!("{}/buckets/{BUCKET}/{prefix}/", self.filer);
        let listing = http.get(&folder).header("accept", "application/json").send();
        let listing = listing.await.expect("the service answers").text().await;
        let listing: serde_json::Value =
            serde_json::from_str(&listing.expect("a listing")).unwrap_or_default();
        let entries = listing["Entries"].as_array().into_iter().flatten();
        let paths = entries.filter_map(|entry| entry["FullPath"].as_str());
        paths
            .filter_map(|path| Some(path.rsplit_once('/')?.1.to_owned()))
            .collect()
    }

    /// Creates the bucket, which is a folder of the filer. Returns false if the service ended instead.
    async fn make_bucket(&mut self) -> bool {
        let http = crate::http::client().build().expect("a client needs nothing");
        let folder = format!("{}/buckets/{BUCKET}/", self.filer);
        wait_for("the S3 service", PATIENCE, async || {
            if self.process.try_wait().is_ok_and(|ended| ended.is_some()) {
                return Some(false);
            }
            let healthy = http.get(format!("{}/healthz", self.endpoint)).send().await.ok()?;
            let made = http.post(&folder).send().await.ok()?;
            (healthy.status().is_success() && made.status().is_success()).then_some(true)
        })
        .await
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns ports that are free now.
fn free_ports() -> [u16; PORTS] {
    let listeners: [TcpListener; PORTS] =
        std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").expect("there are free ports"));
    listeners.map(|listener| listener.local_addr().expect("it is bound").port())
}
