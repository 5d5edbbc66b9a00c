//! `pg_restore` into a database that nobody uses yet.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use wasm_export::dump::{Entry, TABLE_DATA, Toc};

use super::rows::TableName;
use super::{Plan, RestoreError};
use crate::database::archive::Whole;
use crate::database::scratch::Scratch;
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
            lenient: Vec::new(),
            skipped: BTreeSet::new(),
        };
        for entry in &toc.entries {
            if plan.skip_logs && entry.kind == TABLE_DATA && entry.name == LOGS {
                lists.skipped.insert(TableName {
                    schema: entry.schema.clone().unwrap_or_default(),
                    name: entry.name.clone(),
                });
            } else if is_lenient(entry) {
                lists.lenient.push(entry.dump_id);
            } else {
                lists.strict.push(entry.dump_id);
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

/// Restores the dump, and tells after which byte of it and with which table it goes on. Gives what of the lenient
/// entries could not be restored.
///
/// # Errors
/// [`RestoreError::Load`] if any of the strict ones could not.
pub async fn load(
    tools: &Tools,
    into: &Dsn,
    dump: &Path,
    scratch: &Scratch,
    lists: &Lists,
    whole: &Whole,
    on_table: impl Fn(u64, &str),
) -> Result<Vec<String>, RestoreError> {
    let mut done = 0;
    let strict = Run {
        tools,
        into,
        dump,
        scratch,
    };
    let said = strict
        .run(&lists.strict, &["--exit-on-error"], |line| {
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
        })
        .await?;
    if !said.success {
        return Err(RestoreError::Load(said.errors.join(" ")));
    }
    if lists.lenient.is_empty() {
        return Ok(Vec::new());
    }
    Ok(strict.run(&lists.lenient, &[], |_| {}).await?.errors)
}

/// `public.users` of `pg_restore: processing data for table "public.users"`.
fn table_begun(line: &str) -> Option<&str> {
    let (_, table) = line.split_once("processing data for table \"")?;
    table.strip_suffix('"')
}

struct Run<'a> {
    tools: &'a Tools,
    into: &'a Dsn,
    dump: &'a Path,
    scratch: &'a Scratch,
}

struct Said {
    success: bool,
    errors: Vec<String>,
}

impl Run<'_> {
    /// Restores the entries of these numbers. What it says is read line by line.
    async fn run(
        &self,
        entries: &[u32],
        arguments: &[&str],
        mut on_line: impl FnMut(&str),
    ) -> Result<Said, RestoreError> {
        let (list, mut file) = self.scratch.file("list")?;
        for entry in entries {
            writeln!(file, "{entry};")?;
        }
        drop(file);
        let mut child = self
            .tools
            .command("pg_restore", self.into)
            .args(["--no-owner", "--no-password", "--verbose"])
            .args(arguments)
            .arg("--use-list")
            .arg(list.path())
            .arg("--dbname")
            .arg(self.into.database())
            .arg(self.dump)
            .stderr(Stdio::piped())
            .spawn()?;
        let mut errors: Vec<String> = Vec::new();
        // An error goes on over several lines: what failed, then its command and its hints.
        let mut in_error = false;
        if let Some(stderr) = child.stderr.take() {
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
        }
        let success = child.wait().await?.success();
        Ok(Said { success, errors })
    }
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
