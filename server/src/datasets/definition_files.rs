//! The files of a site's folder of definitions.

use std::io;
use std::path::Path;

/// The path of a file, and its text or why it cannot be read.
pub(super) type DefinitionFile = (String, Result<String, String>);

/// Returns the path of each `.toml` file in the order of their names, with its text or the reason why there is none.
///
/// # Errors
/// The folder cannot be read.
pub(super) fn read_folder(folder: &Path) -> io::Result<Vec<DefinitionFile>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot be read: {error}"));
            files.push((path.display().to_string(), text));
        }
    }
    files.sort();
    Ok(files)
}
