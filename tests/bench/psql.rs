//! What Decant is held against: `psql` and the same query.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;

/// `psql -c "copy (…) to stdout (format csv)"`.
pub struct Psql<'a> {
    /// The program: PostgreSQL's own, not a distribution's wrapper around it.
    pub program: PathBuf,
    /// The database.
    pub dsn: &'a str,
    /// The query.
    pub select: &'a str,
}

impl Psql<'_> {
    /// How long it takes to write the rows to `/dev/null`.
    pub fn to_nowhere(&self) -> Outcome<Duration> {
        self.run(Stdio::null())
    }

    /// How long it takes to write the rows to a file.
    pub fn to_file(&self, path: &Path) -> Outcome<Duration> {
        let file = File::create(path)?;
        let took = self.run(file.try_clone()?.into())?;
        // Not in psql's time, and not in the time of whatever comes next either.
        file.sync_all()?;
        Ok(took)
    }

    fn run(&self, output: Stdio) -> Outcome<Duration> {
        let begun = Instant::now();
        let status = Command::new(&self.program)
            .args(["-X", "-q", "-d", self.dsn, "-c"])
            .arg(format!("copy ({}) to stdout (format csv)", self.select))
            .stdin(Stdio::null())
            .stdout(output)
            .status()?;
        let took = begun.elapsed();
        match status.success() {
            true => Ok(took),
            false => Err(format!("psql ended with {status}").into()),
        }
    }
}
