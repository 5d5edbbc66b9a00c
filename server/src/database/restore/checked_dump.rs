//! A dump that has been read to its end, so that it is known to be undamaged before the database is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use api::restore::{RestoreMode, TableResult};
use sqlx::Connection;
use wasm_export::dump::{Entry, LARGE_OBJECTS, TABLE_DATA, Toc};

use super::comments;
use super::definitions::{Definitions, GUARD, Policy};
use super::disk_space::{self, DiskSpaceCheck};
use super::entry_kind;
use super::error::RestoreError;
use super::events::ProgressReporter;
use super::load::{self, EntryLists, Loader};
use super::log_tables;
use super::options::RestoreOptions;
use super::privileges::Privileges;
use super::public_schema::PublicSchema;
use super::restorer::Restorer;
use super::row_counts::{self, DumpRows, TableName, TableRows};
use crate::database::archive::{self, WholeArchive};
use crate::database::session;
use crate::database::temporary_files::TemporaryFolder;
use crate::database::tools::Tools;
use crate::dsn::Dsn;

pub(super) struct CheckedDump<'a> {
    tools: &'a Tools,
    file: &'a Path,
    archive: WholeArchive,
    /// The tables whose rows are restored.
    pub rows: TableRows,
    pub definitions: Definitions,
    pub privileges: Privileges,
    /// Policies that are not restored, because a role that they name does not exist here.
    pub left_out: Vec<Policy>,
    /// The parts of the dump that cannot be restored on this server, as sentences.
    pub warnings: Vec<String>,
    /// Whether all objects are created in the default tablespace.
    pub no_tablespaces: bool,
    lists: EntryLists,
}

impl<'a> CheckedDump<'a> {
    /// Reads the file to its end, counts its rows, and checks that the disk of the live database has space for them.
    ///
    /// # Errors
    /// [`RestoreError::Archive`], [`RestoreError::Damaged`]: the file is no dump, or damaged. [`RestoreError::Newer`]: the
    /// installed `pg_restore` is too old. [`RestoreError::NoDiskSpace`].
    pub async fn read(
        tools: &'a Tools,
        restorer: &Restorer,
        file: &'a Path,
        options: RestoreOptions,
        reporter: &ProgressReporter,
    ) -> Result<Self, RestoreError> {
        let live = &restorer.dsn;
        reporter.progress(1, "Reading the file to its end");
        let archive = archive::read_file(file.to_owned()).await?;
        let header = &archive.summary.header;
        if header.archive_version.minor > tools.newest_archive() {
            return Err(RestoreError::Newer {
                made_by: header.pg_dump_version.clone(),
                here: tools.version(),
            });
        }
        let DumpRows { mut rows, bytes } = row_counts::count(tools, live, file).await?;
        reporter.progress(20, sentence(&archive, &rows));
        if restorer.disk_space == DiskSpaceCheck::Check {
            reporter.progress(21, disk_space::check(live, bytes).await?);
        }
        let skipped = match options.skip_logs {
            true => log_tables::find(&archive.toc, &restorer.hub_schema),
            false => BTreeSet::new(),
        };
        let lists = EntryLists::new(&archive.toc, skipped);
        rows.retain(|table, _| !lists.skipped.contains(table));
        let mut dump = Self {
            tools,
            file,
            archive,
            rows,
            definitions: Definitions::default(),
            privileges: Privileges::default(),
            left_out: Vec::new(),
            warnings: Vec::new(),
            lists,
            no_tablespaces: false,
        };
        match options.mode {
            RestoreMode::Clean => dump.compare_with_server(live, &restorer.temporary_files).await?,
            RestoreMode::Merge => dump.warn_of_large_objects(),
        }
        Ok(dump)
    }

    /// Warns of large objects, which a merge leaves out: the live database may have others of the same numbers.
    fn warn_of_large_objects(&mut self) {
        let objects = self.archive.summary.large_objects.count;
        if objects > 0 {
            self.warnings.push(format!(
                "The {objects} large objects of the dump were not merged. Merged rows that name one show the live database's \
                 object of that number, or none; restore the dump clean to get them"
            ));
        }
    }

    /// Leaves out what needs a role or a tablespace that the server does not have, and notes a warning for each.
    async fn compare_with_server(
        &mut self,
        live: &Dsn,
        temporary_files: &TemporaryFolder,
    ) -> Result<(), RestoreError> {
        let loader = self.loader(live, temporary_files);
        let definitions = Definitions::read(self.toc());
        let mut connection = session::open(live, "decant restore").await?;
        let privileges = Privileges::read(&loader, self.toc(), &mut connection).await?;
        let (definitions, left_out) = definitions.policies_of_missing_roles(&mut connection).await?;
        let tablespaces = definitions.unusable_tablespaces(&mut connection).await?;
        let _ = connection.close().await;
        let mut entries = BTreeSet::new();
        for (policy, missing) in left_out {
            let all = self.archive.toc.entries.iter();
            entries.extend(all.filter(|entry| policy.is_of(entry)).map(|entry| entry.dump_id));
            let effect = match policy.is_restrictive {
                true => format!("all rows stay hidden until you create it and drop the policy {GUARD}"),
                false => "the rows that it shows stay hidden until you create it".to_owned(),
            };
            self.warnings.push(format!(
                "The policy \"{}\" on {} was not restored, because these roles do not exist here: {}; {effect}",
                policy.name,
                policy.table,
                missing.join(", ")
            ));
            self.left_out.push(policy);
        }
        if !tablespaces.is_empty() {
            self.no_tablespaces = true;
            self.warnings.push(format!(
                "All objects are in the default tablespace, because Decant's role may not create in these tablespaces here, \
                 or they do not exist: {}",
                tablespaces.join(", ")
            ));
        }
        self.lists = self.lists.without(&entries);
        self.definitions = definitions;
        self.privileges = privileges;
        Ok(())
    }

    #[must_use]
    pub fn toc(&self) -> &Toc {
        &self.archive.toc
    }

    /// Returns the lists for a load by a role that owns the staging database only. Decant's own role has created the
    /// extensions and their schemas.
    #[must_use]
    pub fn lists_for_load_role(&self) -> EntryLists {
        let extensions = &self.definitions.extensions;
        let is_done = |entry: &&Entry| match entry.kind.as_str() {
            "EXTENSION" => extensions.iter().any(|extension| extension.name == entry.name),
            "SCHEMA" => extensions.iter().any(|extension| extension.schema == entry.name),
            "COMMENT" => entry.name.starts_with("EXTENSION "),
            _ => false,
        };
        let done = self.archive.toc.entries.iter().filter(is_done);
        self.lists.without(&done.map(|entry| entry.dump_id).collect())
    }

    /// Returns the loader of this dump into the target database.
    pub fn loader<'b>(&'b self, target: &'b Dsn, temporary_files: &'b TemporaryFolder) -> Loader<'b> {
        self.loader_of(&self.lists, target, temporary_files)
    }

    /// Returns the loader of these entries of the dump.
    pub fn loader_of<'b>(
        &'b self,
        lists: &'b EntryLists,
        target: &'b Dsn,
        temporary_files: &'b TemporaryFolder,
    ) -> Loader<'b> {
        Loader {
            tools: self.tools,
            target,
            dump: self.file,
            temporary_files,
            lists,
            no_tablespaces: self.no_tablespaces,
        }
    }

    /// Reports that the restore of a table begins. `done` is the number of the dump's bytes before it.
    pub fn report_table(&self, reporter: &ProgressReporter, done: u64, table: &str) {
        let all = self.archive.summary.bytes.max(1);
        let percent = 40 + (done.min(all) * 45 / all) as u8;
        reporter.progress(percent, format!("Restoring {table}"));
    }

    /// Returns a handler for the lines of `pg_restore --verbose` that reports each table.
    pub fn on_line<'b>(&'b self, reporter: &'b ProgressReporter) -> impl FnMut(&str) + 'b {
        load::on_tables(&self.archive, move |done, table| {
            self.report_table(reporter, done, table);
        })
    }

    /// Returns how many bytes of the dump hold this table's rows.
    pub fn bytes_of(&self, table: &TableName) -> u64 {
        let mut tables = self.archive.summary.tables.iter();
        let found = tables.find(|one| one.name == table.name && one.schema.as_deref() == Some(&table.schema));
        found.and_then(|one| one.data_bytes).unwrap_or(0)
    }

    /// Returns the dump ids of the entries that hold the rows of the restored tables, each with the name of the entry. The
    /// rows of a partition may go into its root ([`TableData::table`](super::table_data::TableData::table)).
    ///
    /// # Errors
    /// [`RestoreError::Inserts`]: the rows of a table are no `COPY`.
    pub fn entries_with_rows(&self) -> Result<BTreeMap<TableName, u32>, RestoreError> {
        let all = self.archive.toc.entries.iter();
        let with_rows = all.filter(|entry| entry.kind == TABLE_DATA);
        let mut entries: BTreeMap<_, _> = with_rows
            .map(|entry| (TableName::from_entry(entry), entry.dump_id))
            .collect();
        entries.retain(|table, _| !self.lists.skipped.contains(table));
        let has_roots = self.rows.keys().any(|table| !entries.contains_key(table));
        let without_copy = entries.keys().find(|table| !self.rows.contains_key(table));
        match without_copy {
            Some(table) if !has_roots => Err(RestoreError::Inserts(table.to_string())),
            _ => Ok(entries),
        }
    }

    /// Returns the dump ids of the required entries that hold neither rows nor large objects, in the order of the dump.
    /// Leaves out the schemas of these names.
    pub fn definitions_without_schemas(&self, existing: &[String]) -> Vec<u32> {
        let required: BTreeSet<u32> = self.lists.required.iter().copied().collect();
        let is_wanted = |entry: &&Entry| {
            required.contains(&entry.dump_id)
                && entry.kind != TABLE_DATA
                && entry.kind != LARGE_OBJECTS
                && !(entry.kind == "SCHEMA" && existing.contains(&entry.name))
        };
        let entries = self.archive.toc.entries.iter().filter(is_wanted);
        entries.map(|entry| entry.dump_id).collect()
    }

    pub fn public_schema(&self) -> PublicSchema<'_> {
        let version = &self.archive.summary.header.pg_dump_version;
        let major = version.split(|letter: char| !letter.is_ascii_digit()).next();
        let major = major.and_then(|major| major.parse().ok()).unwrap_or(0);
        PublicSchema::new(&self.archive.toc, major)
    }

    /// Reads the comment of the dumped database; `None` if it has none.
    ///
    /// # Errors
    /// [`RestoreError::Io`]: `pg_restore` cannot be run.
    pub async fn database_comment(&self, loader: &Loader<'_>) -> Result<Option<String>, RestoreError> {
        let found = comments::read(loader, &self.comments_of("DATABASE "), "DATABASE").await?;
        Ok(found.into_iter().next().map(|(_, text)| text))
    }

    /// Reads the comments of the extensions: their names and texts.
    ///
    /// # Errors
    /// [`RestoreError::Io`]: `pg_restore` cannot be run.
    pub async fn extension_comments(
        &self,
        loader: &Loader<'_>,
    ) -> Result<Vec<(String, String)>, RestoreError> {
        comments::read(loader, &self.comments_of("EXTENSION "), "EXTENSION").await
    }

    fn comments_of(&self, kind: &str) -> Vec<u32> {
        let entries = self.archive.toc.entries.iter();
        let entries = entries.filter(|entry| entry.kind == "COMMENT" && entry.name.starts_with(kind));
        entries.map(|entry| entry.dump_id).collect()
    }

    /// Returns the owners of the tables and types.
    pub fn owners(&self) -> BTreeMap<(&str, TableName), &str> {
        let entries = self.archive.toc.entries.iter();
        let with_kind = entries.map(|entry| (entry_kind::owned(&entry.kind), entry));
        let with_owner = with_kind.filter(|(kind, entry)| {
            ["RELATION", "TYPE"].contains(kind) && entry.kind != TABLE_DATA && !entry.owner.is_empty()
        });
        with_owner
            .map(|(kind, entry)| ((kind, TableName::from_entry(entry)), entry.owner.as_str()))
            .collect()
    }

    /// Returns the tables whose rows are in these entries, in this order.
    pub fn tables_of(&self, entries: impl IntoIterator<Item = u32>) -> Vec<TableName> {
        let all = self.archive.toc.entries.iter();
        let with_rows = all.filter(|entry| entry.kind == TABLE_DATA);
        let tables: BTreeMap<u32, &Entry> = with_rows.map(|entry| (entry.dump_id, entry)).collect();
        let named = entries.into_iter().filter_map(|entry| tables.get(&entry));
        named.map(|entry| TableName::from_entry(entry)).collect()
    }

    /// Returns the tables that the dump creates.
    pub fn tables(&self) -> BTreeSet<TableName> {
        let entries = self.archive.toc.entries.iter();
        let tables = entries.filter(|entry| entry.kind == "TABLE");
        tables.map(TableName::from_entry).collect()
    }

    /// Returns the tables that the dump creates without their rows, as `pg_dump --exclude-table-data` does. Tables whose rows the
    /// request leaves out do not count.
    pub fn tables_without_rows(&self) -> BTreeSet<TableName> {
        let entries = self.archive.toc.entries.iter();
        let with_rows = entries.filter(|entry| entry.kind == TABLE_DATA);
        let with_rows: BTreeSet<_> = with_rows.map(TableName::from_entry).collect();
        let mut tables = self.tables();
        tables.retain(|table| !with_rows.contains(table) && !self.lists.skipped.contains(table));
        tables
    }

    /// Returns the counts by table for a restore that inserts every row of the dump.
    pub fn all_inserted(&self) -> BTreeMap<String, TableResult> {
        let inserted = |(table, &inserted): (&TableName, &u64)| {
            let result = TableResult {
                inserted,
                ..TableResult::default()
            };
            (table.to_string(), result)
        };
        self.rows.iter().map(inserted).collect()
    }
}

fn sentence(archive: &WholeArchive, counted: &TableRows) -> String {
    let rows: u64 = counted.values().sum();
    format!(
        "The file is whole: {} tables, {rows} rows, from PostgreSQL {}",
        archive.summary.tables.len(),
        archive.summary.header.server_version
    )
}
