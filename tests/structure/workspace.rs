//! The packages of the workspace, as `cargo metadata` describes them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub targets: Vec<Target>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub struct Target {
    pub name: String,
    pub src_path: PathBuf,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// Set for dependencies within the workspace only.
    path: Option<PathBuf>,
}

impl Package {
    /// Returns the workspace crates that this one depends on, for its tests and build script too.
    pub fn workspace_dependencies(&self) -> impl Iterator<Item = &str> {
        let inner = self.dependencies.iter().filter(|one| one.path.is_some());
        inner.map(|one| one.name.as_str())
    }
}

/// Returns the workspace's root folder.
pub fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let own = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for tests");
        let root = Path::new(&own)
            .ancestors()
            .nth(2)
            .expect("this crate is in tests/structure");
        root.to_owned()
    });
    &ROOT
}

/// Returns all packages of the workspace.
pub fn packages() -> Vec<Package> {
    // `--no-deps` reads the manifests only: no network, no lock file.
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs this test");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).expect("cargo writes its documented JSON");
    metadata.packages
}

/// Returns a file's path as the workspace's root folder sees it.
pub fn relative(file: &Path) -> String {
    let inner = file.strip_prefix(root()).expect("the file is in the workspace");
    inner.to_str().expect("file names are ASCII").to_owned()
}
