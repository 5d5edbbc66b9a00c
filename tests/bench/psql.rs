//! `psql` with the same query, for comparison.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::outcome::Outcome;

/// `psql -c "copy (…) to stdout (format csv)"`.
pub struct Psql<'a> {
    /// PostgreSQL's own program, not a distribution's wrapper.
    pub program: PathBuf,
    pub dsn: &'a str,
    pub select: &'a str,
}

impl Psql<'_> {
    /// Returns the time to write the rows to `/dev/null`.
    pub fn to_nowhere(&self) -> Outcome<Duration> {
        self.run(Stdio::null())
    }

    /// Returns the time to write the rows to a file.
    pub fn to_file(&self, path: &Path) -> Outcome<Duration> {
        let file = File::create(path)?;
        let took = self.run(file.try_clone()?.into())?;
        // Outside of psql's time, and outside of the next measurement.
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
