//! Programs that read Decant's files.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A table as a reader found it; `None` is null.
#[derive(Debug, Deserialize)]
pub struct Found {
    /// Cells above the columns.
    pub headings: Vec<String>,
    pub rows: Vec<Vec<Option<String>>>,
}

/// Python with the packages that the tests need.
pub const PYTHON: &str = "tests-python";

/// Runs a program that the set-up installs, and returns its stdout.
pub fn run(program: &str, arguments: &[&OsStr]) -> Vec<u8> {
    run_if_there(program, arguments)
        .unwrap_or_else(|| panic!("there is no {program}; `scripts/set-up.sh test` installs it"))
}

/// Runs a program and returns its stdout; `None`, with a message on stderr, if the machine lacks the program.
pub fn run_if_there(program: &str, arguments: &[&OsStr]) -> Option<Vec<u8>> {
    let output = match Command::new(program).args(arguments).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("left out: there is no {program} on this machine");
            return None;
        }
        output => output.expect("the program starts"),
    };
    let (found, said) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{program} {arguments:?}: {found}{said}");
    Some(output.stdout)
}

/// Reads a file by a script in `readers/`.
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
