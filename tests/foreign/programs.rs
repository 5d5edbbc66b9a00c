//! Programs that are not ours.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What a reader found in a table: what stands above the columns, and the text of every cell; `None` is null.
#[derive(Debug, Deserialize)]
pub struct Found {
    /// What stands above the columns.
    pub headings: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Option<String>>>,
}

/// The Python with the packages that the tests need.
pub const PYTHON: &str = "tests-python";

/// What a program of the set-up writes to stdout.
///
/// # Panics
/// If it is not there, or fails.
pub fn run(program: &str, arguments: &[&OsStr]) -> Vec<u8> {
    run_if_there(program, arguments)
        .unwrap_or_else(|| panic!("there is no {program}; `scripts/set-up.sh test` installs it"))
}

/// What a program that a machine may lack writes to stdout; `None`, and a word on stderr, where it lacks it.
///
/// # Panics
/// If it fails.
pub fn run_if_there(program: &str, arguments: &[&OsStr]) -> Option<Vec<u8>> {
    let output = match Command::new(program).args(arguments).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("left out: there is no {program} on this machine");
            return None;
        }
        output => output.expect("the program starts"),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    Some(output.stdout)
}

/// What one of the scripts in `readers/` finds in a file.
///
/// # Panics
/// If it cannot read it.
pub fn read_by<T: DeserializeOwned>(script: &str, file: &Path, arguments: &[&str]) -> T {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("foreign/readers")
        .join(script);
    let arguments = arguments.iter().map(OsStr::new);
    let arguments: Vec<_> = [script.as_os_str(), file.as_os_str()]
        .into_iter()
        .chain(arguments)
        .collect();
    serde_json::from_slice(&run(PYTHON, &arguments)).expect("the script writes JSON")
}
