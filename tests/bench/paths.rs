//! Folders of the repository.

use std::path::{Path, PathBuf};

/// Returns the root folder of the repository.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_owned)
}

/// Returns the folder of this program's pages and peers.
pub fn bench_folder() -> PathBuf {
    workspace().join("tests/bench")
}
