//! Runs `pg_restore` into a database.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{ChildStderr, Command};
use wasm_export::dump::{Entry, EntryData, LARGE_OBJECTS, TABLE_DATA, Toc};

use super::entry_kind;
use super::error::RestoreError;
use super::row_counts::TableName;
use crate::database::archive::WholeArchive;
use crate::database::temporary_files::{TemporaryFile, TemporaryFolder};
use crate::database::tools::Tools;
use crate::dsn::Dsn;

/// The first command of a script by `pg_restore` 17 that an older server does not know. It removes a time limit that an older
/// server does not have.
pub(super) const UNKNOWN_TIMEOUT: &str = "SET transaction_timeout = 0;";

/// Texts of libpq after which `pg_restore` restores nothing more. They are English because of LC_ALL.
const CONNECTION_LOST: [&str; 5] = [
    "server closed the connection unexpectedly",
    "no connection to the server",
    "could not receive data from server",
    "could not send data to server",
    "connection has been closed unexpectedly",
];

/// More errors of one `pg_restore` are dropped: they would not fit on the page.
const WARNINGS_MAX: usize = 50;

/// The part of a dump before the rows, in PostgreSQL's words.
pub(super) const DEFINITIONS: &str = "--section=pre-data";
pub(super) const ROWS: &str = "--section=data";
pub(super) const INDEXES_AND_CONSTRAINTS: &str = "--section=post-data";

/// More owners than this share the last step of their kind, because each step starts `pg_restore`.
const STEPS_MAX: usize = 16;

/// The entries of a dump that are restored, by their dump ids.
#[derive(Clone)]
pub struct EntryLists {
    /// Must all be restored.
    pub(super) required: Vec<u32>,
    /// Those of `required` that hold the content of large objects.
    pub(super) large_objects: Vec<u32>,
    /// May fail, because nothing depends on them. Examples are objects that only a superuser may create, and materialized
    /// views that cannot be filled. Privileges are in none of the lists ([`Privileges`](super::privileges::Privileges)).
    pub(super) optional: Vec<u32>,
    /// As `optional`, but code of the dump runs while they are restored.
    pub(super) optional_code: Vec<u32>,
    /// Tables whose rows are left out.
    pub(super) skipped: BTreeSet<TableName>,
}

impl EntryLists {
    /// Sorts the entries of a dump's table of contents into the lists. The rows of the `skipped` tables are in none.
    #[must_use]
    pub fn new(toc: &Toc, skipped: BTreeSet<TableName>) -> Self {
        let mut lists = Self {
            required: Vec::new(),
            large_objects: Vec::new(),
            optional: Vec::new(),
            optional_code: Vec::new(),
            skipped,
        };
        for entry in &toc.entries {
            if entry.kind == TABLE_DATA && lists.skipped.contains(&TableName::from_entry(entry)) {
                continue;
            }
            let is_public = entry.kind == "SCHEMA" && entry.name == "public";
            if is_public || entry_kind::is_privilege(entry) {
                // Every new database has the schema. The pg_dump of PostgreSQL 10 and older writes an entry that creates it.
            } else if entry.kind == "MATERIALIZED VIEW DATA" {
                lists.optional_code.push(entry.dump_id);
            } else if is_optional(entry) {
                lists.optional.push(entry.dump_id);
            } else {
                lists.required.push(entry.dump_id);
                if entry.kind == LARGE_OBJECTS {
                    lists.large_objects.push(entry.dump_id);
                }
            }
        }
        lists
    }

    /// Returns the lists without these entries.
    #[must_use]
    pub(super) fn without(&self, entries: &BTreeSet<u32>) -> Self {
        let mut lists = self.clone();
        for list in [
            &mut lists.required,
            &mut lists.large_objects,
            &mut lists.optional,
            &mut lists.optional_code,
        ] {
            list.retain(|entry| !entries.contains(entry));
        }
        lists
    }
}

/// A part of a dump's entries, which one `pg_restore` restores.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Step<'a> {
    /// The owners of the entries.
    pub owners: BTreeSet<&'a str>,
    pub entries: Vec<u32>,
}

/// The steps of a load after the definitions before the rows. Code of the dump runs in them as the role that loads the dump, so
/// the steps of one owner are apart from those of others.
#[derive(Debug, Default)]
pub(super) struct Steps<'a> {
    pub rows: Vec<Step<'a>>,
    /// Each with what code can run in it.
    pub indexes: Vec<Step<'a>>,
    /// No code runs in these.
    pub attached_indexes: Vec<u32>,
    pub foreign_keys: Vec<Step<'a>>,
    /// Triggers, policies and the like: no code runs while they are restored.
    pub others: Vec<u32>,
    /// Whether the steps of `indexes` create functions or views, too.
    pub has_definitions: bool,
}

impl<'a> Steps<'a> {
    /// Sorts the required entries into steps, in the order of the dump.
    #[must_use]
    pub fn new(toc: &'a Toc, lists: &EntryLists) -> Self {
        let required: BTreeSet<u32> = lists.required.iter().copied().collect();
        let mut steps = Self::default();
        // A comment belongs to the object before it.
        let mut is_post_data = false;
        for entry in &toc.entries {
            is_post_data = match entry.kind.as_str() {
                "COMMENT" | "SECURITY LABEL" | "ACL" => is_post_data,
                _ => entry.is_post_data,
            };
            if !required.contains(&entry.dump_id) {
                continue;
            }
            if !is_post_data {
                if entry.data != EntryData::None || entry.kind == "SEQUENCE SET" {
                    add(&mut steps.rows, entry);
                }
                continue;
            }
            match entry.kind.as_str() {
                "INDEX" | "CONSTRAINT" | "CHECK CONSTRAINT" | "STATISTICS" => add(&mut steps.indexes, entry),
                "INDEX ATTACH" => steps.attached_indexes.push(entry.dump_id),
                "FK CONSTRAINT" => add(&mut steps.foreign_keys, entry),
                "COMMENT" | "SECURITY LABEL" | "TRIGGER" | "RULE" | "POLICY" | "ROW SECURITY"
                | "DEFAULT ACL" => {
                    steps.others.push(entry.dump_id);
                }
                // A view or a function that depends on a primary key.
                _ => {
                    steps.has_definitions = true;
                    add(&mut steps.indexes, entry);
                }
            }
        }
        if steps.has_definitions {
            steps.indexes = in_one_step(std::mem::take(&mut steps.indexes), toc);
        }
        steps
    }
}

fn add<'a>(steps: &mut Vec<Step<'a>>, entry: &'a Entry) {
    let owner = entry.owner.as_str();
    let own = steps.iter().position(|step| step.owners.contains(owner));
    let index = own.unwrap_or_else(|| {
        if steps.len() < STEPS_MAX {
            steps.push(Step::default());
        }
        steps.len() - 1
    });
    steps[index].owners.insert(owner);
    steps[index].entries.push(entry.dump_id);
}

/// Objects of several owners can depend on each other, so they keep the order of the dump.
fn in_one_step<'a>(steps: Vec<Step<'a>>, toc: &Toc) -> Vec<Step<'a>> {
    let mut all = Step::default();
    for step in steps {
        all.owners.extend(step.owners);
        all.entries.extend(step.entries);
    }
    let wanted: BTreeSet<u32> = all.entries.iter().copied().collect();
    let in_order = toc.entries.iter().map(|entry| entry.dump_id);
    all.entries = in_order.filter(|entry| wanted.contains(entry)).collect();
    vec![all]
}

fn is_optional(entry: &Entry) -> bool {
    match entry.kind.as_str() {
        "SECURITY LABEL" | "USER MAPPING" => true,
        "EVENT TRIGGER" | "PUBLICATION" | "PUBLICATION TABLE" | "PUBLICATION TABLES IN SCHEMA" => true,
        "SUBSCRIPTION" | "SUBSCRIPTION TABLE" => true,
        "COMMENT" => {
            // Comments on objects of other owners, or on objects that are optional themselves.
            let kinds = [
                "EXTENSION ",
                "SCHEMA ",
                "EVENT TRIGGER ",
                "PUBLICATION ",
                "SUBSCRIPTION ",
            ];
            kinds.iter().any(|kind| entry.name.starts_with(kind))
        }
        _ => false,
    }
}

/// Returns a handler for the lines of `pg_restore --verbose`. It calls `on_table` for each table that begins, with the number
/// of the dump's bytes before it.
pub(super) fn on_tables(archive: &WholeArchive, on_table: impl Fn(u64, &str)) -> impl FnMut(&str) {
    let mut done = 0;
    move |line| {
        let Some(table) = started_table(line) else {
            return;
        };
        on_table(done, table);
        let name = table.rsplit_once('.').map_or(table, |(_, name)| name);
        let tables = archive.summary.tables.iter();
        done += tables
            .filter(|one| one.name == name)
            .filter_map(|one| one.data_bytes)
            .sum::<u64>();
    }
}

/// Returns `public.users` of `pg_restore: processing data for table "public.users"`.
fn started_table(line: &str) -> Option<&str> {
    let (_, table) = line.split_once("processing data for table \"")?;
    table.strip_suffix('"')
}

/// Restores the entries of a dump into one database.
pub(super) struct Loader<'a> {
    pub(super) tools: &'a Tools,
    pub(super) target: &'a Dsn,
    pub(super) dump: &'a Path,
    pub(super) temporary_files: &'a TemporaryFolder,
    pub(super) lists: &'a EntryLists,
    /// Creates all objects in the default tablespace of the database.
    pub(super) no_tablespaces: bool,
}

impl Loader<'_> {
    /// Restores those of the entries that are in this section; all of them must succeed. `on_line` gets each line that
    /// `pg_restore` logs.
    ///
    /// # Errors
    /// [`RestoreError::Load`], [`RestoreError::Interrupted`] with the errors of `pg_restore`, which stops at the first one.
    pub(super) async fn restore(
        &self,
        entries: &[u32],
        section: &str,
        mut on_line: impl FnMut(&str),
    ) -> Result<(), RestoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let list = self.write_list(entries)?;
        let mut command = self.for_target(&list);
        command.arg(section);
        let is_newer = self.tools.sets_unknown_timeout();
        if !is_newer {
            command.arg("--exit-on-error");
        }
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let mut ignored = None;
        let on_line = |line: &str| {
            if let Some(count) = line.strip_prefix("pg_restore: warning: errors ignored on restore: ") {
                ignored = count.trim().parse::<usize>().ok();
            }
            on_line(line);
        };
        let mut errors = read_errors(child.stderr.take(), on_line).await?;
        let status = child.wait().await?;
        let is_complete = status.success();
        // Without --exit-on-error, the exit status is the same for the one expected error as for any other.
        let is_expected = is_newer
            && status.code() == Some(1)
            && ignored == Some(1)
            && errors.iter().any(|error| is_unknown_timeout(error));
        match is_complete || is_expected {
            true => Ok(()),
            false => {
                errors.retain(|error| !is_unknown_timeout(error));
                Err(RestoreError::of_pg_restore(errors.join(" ")))
            }
        }
    }

    /// Restores the optional entries, and returns the errors of those that failed.
    ///
    /// # Errors
    /// As [`Self::restore_if_possible`].
    pub(super) async fn restore_optional(&self) -> Result<Vec<String>, RestoreError> {
        let mut warnings = self.restore_if_possible(&self.lists.optional).await?;
        warnings.extend(self.restore_if_possible(&self.lists.optional_code).await?);
        Ok(warnings)
    }

    /// Restores these entries, and returns the errors of those that failed.
    ///
    /// # Errors
    /// [`RestoreError::Ended`]: `pg_restore` was killed or lost its connection. [`RestoreError::Io`]: it cannot be run.
    pub(super) async fn restore_if_possible(&self, entries: &[u32]) -> Result<Vec<String>, RestoreError> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let list = self.write_list(entries)?;
        let mut child = self.for_target(&list).stderr(Stdio::piped()).spawn()?;
        let (mut is_lost, mut has_counted, mut count) = (false, false, 0);
        let on_line = |line: &str| {
            is_lost |= CONNECTION_LOST.iter().any(|text| line.contains(text));
            has_counted |= line.starts_with("pg_restore: warning: errors ignored on restore: ");
            count += usize::from(line.starts_with("pg_restore: error: "));
        };
        let mut errors = read_errors(child.stderr.take(), on_line).await?;
        let status = child.wait().await?;
        // After errors, it has the status 1, and writes their number as its last act.
        let is_at_end = status.success() || (status.code() == Some(1) && has_counted);
        if is_lost || !is_at_end {
            let why = errors.pop().unwrap_or_else(|| status.to_string());
            return Err(RestoreError::Ended(format!("pg_restore reports: {why}")));
        }
        let more = count - errors.len();
        if self.tools.sets_unknown_timeout() {
            errors.retain(|error| !is_unknown_timeout(error));
        }
        if more > 0 {
            errors.push(format!("{more} more parts of the dump were not restored"));
        }
        Ok(errors)
    }

    /// Writes a file for `--use-list` with these dump ids.
    pub(super) fn write_list(&self, entries: &[u32]) -> io::Result<TemporaryFile> {
        let (list, mut file) = self.temporary_files.create("list")?;
        for entry in entries {
            writeln!(file, "{entry};")?;
        }
        Ok(list)
    }

    /// Returns the command `pg_restore` for the entries in the list. Without more arguments it writes a script.
    pub(super) fn command(&self, list: &TemporaryFile) -> Command {
        let mut command = self.tools.command("pg_restore", self.target);
        command
            .args(["--no-owner", "--no-password", "--use-list"])
            .arg(list.path())
            .arg(self.dump);
        if self.no_tablespaces {
            command.arg("--no-tablespaces");
        }
        command
    }

    fn for_target(&self, list: &TemporaryFile) -> Command {
        let mut command = self.command(list);
        command
            .args(["--verbose", "--dbname"])
            .arg(connection_string(self.target.database()));
        command
    }
}

/// Returns libpq's connection string with this database. `pg_restore` would take a plain name that has a `=`, or begins with
/// `postgres://`, for a connection string.
fn connection_string(database: &str) -> String {
    let quoted = database.replace('\\', "\\\\").replace('\'', "\\'");
    format!("dbname='{quoted}'")
}

/// Returns whether `pg_restore` reports that the server does not know [`UNKNOWN_TIMEOUT`].
fn is_unknown_timeout(error: &str) -> bool {
    error
        .trim_end()
        .ends_with(&format!("Command was: {UNKNOWN_TIMEOUT}"))
}

/// Passes each line that `pg_restore` logs to `on_line`, and returns the errors among them.
async fn read_errors(stderr: Option<ChildStderr>, mut on_line: impl FnMut(&str)) -> io::Result<Vec<String>> {
    let mut errors: Vec<String> = Vec::new();
    let Some(stderr) = stderr else {
        return Ok(errors);
    };
    // An error takes several lines: its cause, then the failing command and the hints.
    let mut in_error = false;
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Some(line) = lines.next_segment().await? {
        let line = String::from_utf8_lossy(&line);
        on_line(&line);
        // Only the prefixes are parsed. They are English because of LC_ALL; the server's messages after them may not be.
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
    fn a_name_is_no_connection_string() {
        assert_eq!(connection_string("dbname=x"), "dbname='dbname=x'");
        assert_eq!(connection_string("it's \\"), "dbname='it\\'s \\\\'");
    }

    #[test]
    fn a_line_names_the_table_that_begins() {
        let line = "pg_restore: processing data for table \"public.users\"";
        assert_eq!(started_table(line), Some("public.users"));
        assert_eq!(started_table("pg_restore: creating TABLE \"public.users\""), None);
    }
}
