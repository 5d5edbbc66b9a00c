//! `pg_restore` into a database that nobody uses yet.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use wasm_export::dump::{Entry, TABLE_DATA, Toc};

use super::rows::TableName;
use super::{Plan, RestoreError};
use crate::database::archive::Whole;
use crate::database::scratch::{Scratch, ScratchFile};
use crate::database::tools::Tools;
use crate::dsn::Dsn;

/// The hub's log: what "skip logs" leaves out.
const LOGS: &str = "message_request";

/// So much of what goes wrong is told.
const WARNINGS_MAX: usize = 50;

/// Which entries of a dump are restored, and how strictly.
pub struct Lists {
    /// All of these, or none.
    strict: Vec<u32>,
    /// Those of them that are no table's rows.
    pub(super) strict_but_rows: Vec<u32>,
    /// Of these what can be: privileges of roles that need not exist here, comments on what others own.
    lenient: Vec<u32>,
    /// Tables whose rows are left out.
    pub(super) skipped: BTreeSet<TableName>,
}

impl Lists {
    /// What the plan wants of this dump.
    #[must_use]
    pub fn of(toc: &Toc, plan: Plan) -> Self {
        let mut lists = Self {
            strict: Vec::new(),
            strict_but_rows: Vec::new(),
            lenient: Vec::new(),
            skipped: BTreeSet::new(),
        };
        for entry in &toc.entries {
            if plan.skip_logs && entry.kind == TABLE_DATA && entry.name == LOGS {
                lists.skipped.insert(TableName::of(entry));
            } else if is_lenient(entry) {
                lists.lenient.push(entry.dump_id);
            } else {
                lists.strict.push(entry.dump_id);
                if entry.kind != TABLE_DATA {
                    lists.strict_but_rows.push(entry.dump_id);
                }
            }
        }
        lists
    }
}

fn is_lenient(entry: &Entry) -> bool {
    match entry.kind.as_str() {
        "ACL" | "DEFAULT ACL" => true,
        "COMMENT" => entry.name.starts_with("EXTENSION ") || entry.name.starts_with("SCHEMA "),
        _ => false,
    }
}

/// After which byte of the dump, and with which table, a restore goes on: heard from what `pg_restore` says.
pub(super) fn on_tables(whole: &Whole, on_table: impl Fn(u64, &str)) -> impl FnMut(&str) {
    let mut done = 0;
    move |line| {
        let Some(table) = table_begun(line) else {
            return;
        };
        on_table(done, table);
        let name = table.rsplit_once('.').map_or(table, |(_, name)| name);
        let tables = whole.summary.tables.iter();
        done += tables
            .filter(|one| one.name == name)
            .filter_map(|one| one.data_bytes)
            .sum::<u64>();
    }
}

/// `public.users` of `pg_restore: processing data for table "public.users"`.
fn table_begun(line: &str) -> Option<&str> {
    let (_, table) = line.split_once("processing data for table \"")?;
    table.strip_suffix('"')
}

/// A dump, and the database it goes into.
pub(super) struct Loader<'a> {
    pub(super) tools: &'a Tools,
    pub(super) into: &'a Dsn,
    pub(super) dump: &'a Path,
    pub(super) scratch: &'a Scratch,
    pub(super) lists: &'a Lists,
}

impl Loader<'_> {
    /// Restores what is to be restored as a whole. What `pg_restore` says is heard line by line.
    ///
    /// # Errors
    /// [`RestoreError::Load`] if any of it could not be.
    pub(super) async fn strict(&self, on_line: impl FnMut(&str)) -> Result<(), RestoreError> {
        let list = self.list(&self.lists.strict)?;
        let mut child = self
            .to_database(&list)
            .arg("--exit-on-error")
            .stderr(Stdio::piped())
            .spawn()?;
        let errors = listen(child.stderr.take(), on_line).await?;
        ended_well(&mut child, &errors).await
    }

    /// Restores of the rest what can be, and gives what could not.
    ///
    /// # Errors
    /// [`RestoreError::Io`].
    pub(super) async fn lenient(&self) -> Result<Vec<String>, RestoreError> {
        if self.lists.lenient.is_empty() {
            return Ok(Vec::new());
        }
        let list = self.list(&self.lists.lenient)?;
        let mut child = self.to_database(&list).stderr(Stdio::piped()).spawn()?;
        let errors = listen(child.stderr.take(), |_| {}).await?;
        child.wait().await?;
        Ok(errors)
    }

    /// A list of entries, by their numbers, for `--use-list`.
    pub(super) fn list(&self, entries: &[u32]) -> io::Result<ScratchFile> {
        let (list, mut file) = self.scratch.file("list")?;
        for entry in entries {
            writeln!(file, "{entry};")?;
        }
        Ok(list)
    }

    /// `pg_restore` of these entries.
    pub(super) fn command(&self, list: &ScratchFile) -> Command {
        let mut command = self.tools.command("pg_restore", self.into);
        command
            .args(["--no-owner", "--no-password", "--use-list"])
            .arg(list.path())
            .arg(self.dump);
        command
    }

    fn to_database(&self, list: &ScratchFile) -> Command {
        let mut command = self.command(list);
        command.args(["--verbose", "--dbname"]).arg(self.into.database());
        command
    }
}

async fn ended_well(child: &mut Child, errors: &[String]) -> Result<(), RestoreError> {
    match child.wait().await?.success() {
        true => Ok(()),
        false => Err(RestoreError::Load(errors.join(" "))),
    }
}

/// Hears all that `pg_restore` says, and gives its errors.
async fn listen(stderr: Option<ChildStderr>, mut on_line: impl FnMut(&str)) -> io::Result<Vec<String>> {
    let mut errors: Vec<String> = Vec::new();
    let Some(stderr) = stderr else {
        return Ok(errors);
    };
    // An error goes on over several lines: what failed, then its command and its hints.
    let mut in_error = false;
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Some(line) = lines.next_segment().await? {
        let line = String::from_utf8_lossy(&line);
        on_line(&line);
        // Of our own program's words only the marks are read, and those are English; PostgreSQL's come after.
        if let Some(error) = line.strip_prefix("pg_restore: error: ") {
            in_error = true;
            if errors.len() < WARNINGS_MAX {
                errors.push(error.to_owned());
            }
        } else if line.starts_with("pg_restore: ") {
            in_error = false;
        } else if let Some(last) = errors.last_mut().filter(|last| in_error && last.len() < 2_000) {
            last.push(' ');
            last.push_str(line.trim());
        }
    }
    Ok(errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_a_line_is_found() {
        let line = "pg_restore: processing data for table \"public.users\"";
        assert_eq!(table_begun(line), Some("public.users"));
        assert_eq!(table_begun("pg_restore: creating TABLE \"public.users\""), None);
    }
}
