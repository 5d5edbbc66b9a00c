//! Finds the hub's log and its partitions in a dump.
//!
//! The table of contents has no partitions, so the statements that attach them are read from the script of `pg_restore`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use tokio::io::{AsyncBufReadExt, BufReader};
use wasm_export::dump::Toc;

use super::error::RestoreError;
use super::row_counts::{TableName, parse_qualified};
use crate::database::dump::LOGS;
use crate::database::temporary_files::TemporaryFolder;
use crate::database::tools::{Tools, read_stderr, spawn_piped};
use crate::dsn::Dsn;

/// Returns each table `message_request` of the dump with its partitions and the tables that inherit from it.
///
/// # Errors
/// [`RestoreError::Damaged`] if `pg_restore` cannot read the dump.
pub(super) async fn find(
    tools: &Tools,
    live: &Dsn,
    dump: &Path,
    toc: &Toc,
    temporary_files: &TemporaryFolder,
) -> Result<BTreeSet<TableName>, RestoreError> {
    let (list, mut file) = temporary_files.create("list")?;
    // Only tables: the body of a function could contain a line that looks like such a statement.
    for entry in &toc.entries {
        if matches!(entry.kind.as_str(), "TABLE" | "TABLE ATTACH") {
            writeln!(file, "{};", entry.dump_id)?;
        }
    }
    let mut command = tools.command("pg_restore", live);
    command
        .args(["--section=pre-data", "--no-owner", "--file=-", "--use-list"])
        .arg(list.path())
        .arg(dump);
    let (mut child, stdout, stderr) = spawn_piped(&mut command)?;
    let errors = tokio::spawn(read_stderr(stderr));
    let mut descent = Descent::default();
    let mut lines = BufReader::new(stdout).split(b'\n');
    while let Some(line) = lines.next_segment().await? {
        descent.read(&String::from_utf8_lossy(&line));
    }
    if !child.wait().await?.success() {
        return Err(RestoreError::Damaged(errors.await.unwrap_or_default()));
    }
    let is_log = |table: &TableName| table.name == LOGS;
    let tables = toc.entries.iter().map(TableName::from_entry);
    Ok(descent.with_children(tables.filter(is_log).collect()))
}

/// Which tables are partitions or heirs of which.
#[derive(Default)]
struct Descent {
    /// A table, and the one that it is a partition or an heir of.
    pairs: Vec<(TableName, TableName)>,
    /// The table whose `CREATE TABLE` is being read.
    created: Option<TableName>,
}

impl Descent {
    /// Reads a line of the script.
    fn read(&mut self, line: &str) {
        if let Some(rest) = line.strip_prefix("ALTER TABLE ONLY ") {
            let attached = parse_qualified(rest).and_then(|(parent, rest)| {
                let (child, _) = parse_qualified(rest.strip_prefix(" ATTACH PARTITION ")?)?;
                Some((child, parent))
            });
            self.pairs.extend(attached);
        } else if let Some((_, rest)) = line
            .strip_prefix("CREATE ")
            .and_then(|rest| rest.split_once("TABLE "))
        {
            self.created = parse_qualified(rest).map(|(table, _)| table);
        } else if let Some(mut rest) = line.strip_prefix("INHERITS (") {
            while let (Some(child), Some((parent, after))) = (&self.created, parse_qualified(rest)) {
                self.pairs.push((child.clone(), parent));
                rest = after.strip_prefix(", ").unwrap_or_default();
            }
        }
    }

    fn with_children(&self, mut tables: BTreeSet<TableName>) -> BTreeSet<TableName> {
        loop {
            let before = tables.len();
            for (child, parent) in &self.pairs {
                if tables.contains(parent) {
                    tables.insert(child.clone());
                }
            }
            if tables.len() == before {
                return tables;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_of_partitions_and_heirs_belong_to_the_log() {
        let script = "CREATE TABLE public.message_request (\n    id integer\n)\nPARTITION BY RANGE (id);\n\
            CREATE TABLE public.old (\n)\nINHERITS (public.other, \"Old \"\"logs\"\"\".a);\n\
            ALTER TABLE ONLY \"Old \"\"logs\"\"\".a ATTACH PARTITION public.b FOR VALUES FROM (1) TO (2);\n\
            ALTER TABLE ONLY public.message_request ATTACH PARTITION \"Old \"\"logs\"\"\".a DEFAULT;\n\
            ALTER TABLE ONLY public.other ATTACH PARTITION public.c DEFAULT;\n";
        let mut descent = Descent::default();
        script.lines().for_each(|line| descent.read(line));
        let name = |schema: &str, name: &str| TableName {
            schema: schema.to_owned(),
            name: name.to_owned(),
        };
        let log = name("public", LOGS);
        assert_eq!(
            descent.with_children([log.clone()].into()),
            [
                log,
                name("Old \"logs\"", "a"),
                name("public", "b"),
                name("public", "old")
            ]
            .into()
        );
    }
}
