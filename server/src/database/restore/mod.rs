//! A dump put back, so that it cannot half happen.
//!
//! The file is read to its end before anything is touched, the database is dumped for safety, and the dump goes into a
//! database of its own beside the live one. Only when that is whole, with as many rows as the dump has, do the two
//! change names, in one transaction; the old one is kept, and changes back on demand. Where no database can be made, one
//! transaction of the live one takes its place.
//!
//! | module | what |
//! |---|---|
//! | [`rows`] | how many rows of each table a dump has |
//! | [`room`] | whether the disk has room for them |
//! | [`aside`] | databases beside the live one: made, swapped, kept, removed |
//! | [`load`] | `pg_restore` into one of them |
//! | `in_place` | where there can be none: in one transaction of the live one |
//! | [`merge`], `table_data` | what is missing in the live one, table by table |
//! | `uncommitted` | the transaction of either, before its last word |

pub mod aside;
mod in_place;
pub mod load;
pub mod merge;
pub mod room;
pub mod rows;
mod table_data;
mod uncommitted;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wasm_export::dump::TABLE_DATA;

use super::Database;
use super::archive::{self, BadArchive, Whole};
use super::last::Ending;
use super::lock::{Held, LockError, Operation};
use super::scratch::Scratch;
use super::tools::{NoTools, Tools};
use super::triggers::TriggerError;
use crate::audit::Action;
use crate::dsn::Dsn;
use aside::Aside;
use load::Loader;
use merge::Merged;
use room::Room;
use rows::{TableName, TableRows, Unpacked};

/// How many dumps that were made for safety are kept.
const SAFETY_DUMPS: usize = 3;

/// Who follows a restore may be so far behind before it waits for them.
const EVENTS: usize = 256;

/// What is to be restored of a dump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What becomes of what is there.
    pub manner: Manner,
    /// Leave out the rows of the hub's log, `message_request`.
    pub skip_logs: bool,
}

/// What becomes of the data that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Manner {
    /// The dump takes their place.
    #[default]
    Clean,
    /// They stay, and what is missing comes from the dump.
    Merge,
}

/// What becomes of a restore that nobody follows any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unfollowed {
    /// It goes on to its end, and the log tells of it: a page that is closed by accident spoils nothing.
    #[default]
    Finish,
    /// It ends, and the database is as it was.
    Stop,
}

impl FromStr for Unfollowed {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "finish" => Ok(Self::Finish),
            "stop" => Ok(Self::Stop),
            _ => Err("it is neither finish nor stop"),
        }
    }
}

/// What a restore tells of itself.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// It goes on.
    Progress {
        /// What it does, for people.
        message: String,
        /// How far it is, of 100.
        percent: u8,
    },
    /// The dump is the database now.
    Complete(Restored),
    /// It failed, and the database is as it was.
    Error {
        /// Why, and what to do.
        message: String,
    },
}

/// What was restored.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Restored {
    /// What became of the rows of each table.
    pub tables: BTreeMap<String, Merged>,
    /// The database as it was: its name now. It can be swapped back. A merge leaves none.
    pub previous: Option<String>,
    /// Where the dump lies that was made of it before.
    pub safety_dump: PathBuf,
    /// What could not be given back: privileges of roles that do not exist here, say.
    pub warnings: Vec<String>,
}

/// What the status tells of a restore.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PutBack {
    /// What became of what was there.
    pub manner: Manner,
    /// The rows that came of it.
    pub rows: u64,
}

/// Why a dump was not restored. The database is as it was.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum RestoreError {
    #[error(transparent)]
    Conflict(LockError),
    #[error("The database does not answer as hoped: {0}")]
    Database(#[from] sqlx::Error),
    #[error("{0}")]
    NoTools(#[from] NoTools),
    #[error("The file is no dump that can be restored: {0}")]
    Archive(#[from] BadArchive),
    #[error(
        "The dump was made by pg_dump {made_by}, and nothing older than that can read it; here is PostgreSQL {here}. \
         Restore it into a newer PostgreSQL. Nothing was changed"
    )]
    Newer { made_by: String, here: u32 },
    #[error("The file is damaged; pg_restore says: {0}. Nothing was changed; take another dump")]
    Damaged(String),
    #[error(
        "The restored database would take about {} MB, and the disk of the database ({}) has {} MB free: a full disk would stop \
         the live database, too. Nothing was changed; make room, or set DECANT_RESTORE_ROOM=ignore if you know better",
        room::megabytes(*needed),
        folder.display(),
        room::megabytes(*free)
    )]
    NoRoom { folder: PathBuf, needed: u64, free: u64 },
    #[error("The database could not be dumped for safety, and was not touched: {0}")]
    Safety(String),
    #[error(
        "Decant's user may not create databases here, so the dump cannot be tried beside the live database; grant it \
         CREATEDB and the ownership of the database"
    )]
    NotAllowed,
    #[error("The dump could not be restored; the database is as it was. pg_restore says: {0}")]
    Load(String),
    #[error(
        "The dump could not be restored; the transaction that was to do it has been undone, and the database is as it \
         was. PostgreSQL says: {0}"
    )]
    InPlace(String),
    #[error(
        "The definitions in the dump are larger than what can be restored in one transaction; let Decant's user create \
         databases"
    )]
    TooLarge,
    #[error(
        "The definitions in the dump are not in UTF-8, and have letters beyond ASCII; let Decant's user create databases"
    )]
    NotUtf8,
    #[error(
        "The table {table} should have {expected} rows and has {found} after the restore; the database is as it was"
    )]
    Rows {
        table: String,
        expected: u64,
        found: u64,
    },
    #[error("The migration {file} failed on the restored database; the live one is as it was: {error}")]
    Migration { file: String, error: String },
    #[error("The lock was lost to somebody else; the database is as it was")]
    LockLost,
    #[error(
        "Whoever asked for the restore has left, and DECANT_RESTORE_UNFOLLOWED ends it then; the database is as it was"
    )]
    Unfollowed,
    #[error("The restore was told to stop before its end; the database is as it was")]
    Stopped,
    #[error("A file could not be read or written: {0}")]
    Io(#[from] std::io::Error),
    #[error(
        "The dump has the rows of {0} as INSERT commands, which are only restored into a database of their own; nothing \
         was changed. Make a dump without --inserts"
    )]
    Inserts(String),
    #[error("The database has no table {0}, so the dump cannot be merged into it; nothing was merged")]
    NoTable(String),
    #[error("The table {table} has no column {column} in the database, but in the dump; nothing was merged")]
    NoColumn { table: String, column: String },
    #[error("{0}. Nothing was merged")]
    Triggers(TriggerError),
    #[error("There is no database `{0}` that a restore has left here")]
    NoSuchCopy(String),
}

impl RestoreError {
    /// It was stopped because nobody follows it.
    fn unfollowed(self) -> Self {
        match self {
            Self::Stopped => Self::Unfollowed,
            other => other,
        }
    }

    /// What the database said of a transaction that was undone by it.
    fn undone(self) -> Self {
        match self {
            Self::Database(error) => {
                let said = error.as_database_error().map(|error| error.message().to_owned());
                Self::InPlace(said.unwrap_or_else(|| error.to_string()))
            }
            other => other,
        }
    }
}

impl From<LockError> for RestoreError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Database(error) => Self::Database(error),
            conflict => Self::Conflict(conflict),
        }
    }
}

impl From<TriggerError> for RestoreError {
    fn from(error: TriggerError) -> Self {
        match error {
            TriggerError::Database(error) => Self::Database(error),
            refused => Self::Triggers(refused),
        }
    }
}

/// Tells whoever follows a restore. Nobody need.
#[derive(Clone, Debug)]
pub struct Teller {
    action: Action,
    events: mpsc::Sender<Event>,
}

impl Teller {
    fn progress(&self, percent: u8, message: impl Into<String>) {
        let message = message.into();
        tracing::info!(action = self.action.name(), percent, message);
        // A follower that is far behind misses something, and one that has left everything; the restore goes on.
        let _ = self.events.try_send(Event::Progress { message, percent });
    }
}

impl Database {
    /// Begins to restore a file, and tells of it. What becomes of it when nobody listens any more is a setting. `stop`
    /// ends it while nothing has changed.
    ///
    /// # Errors
    /// [`RestoreError::Conflict`] when another dump or restore runs; [`RestoreError::Database`].
    pub async fn restore(
        self: Arc<Self>,
        file: impl AsRef<Path> + Send + Sync + 'static,
        plan: Plan,
        caller: &str,
        stop: CancellationToken,
    ) -> Result<mpsc::Receiver<Event>, RestoreError> {
        let caller = caller.to_owned();
        tracing::info!(action = Action::DatabaseImportInitiated.name(), caller, ?plan);
        let held = self.lock.acquire(Operation::Import, &caller).await?;
        let (sender, events) = mpsc::channel(EVENTS);
        let what = PutBack {
            manner: plan.manner,
            rows: 0,
        };
        let noting = self.last_restore.begin(&caller, what);
        let tasks = self.tasks.clone();
        tasks.spawn(async move {
            let teller = Teller {
                action: Action::DatabaseImportProgress,
                events: sender.clone(),
            };
            let stop = stop.child_token();
            let restored = {
                let mut restoring = pin!(self.restore_under(&held, file.as_ref(), plan, &teller, &stop));
                tokio::select! {
                    restored = &mut restoring => restored,
                    () = sender.closed(), if self.unfollowed == Unfollowed::Stop => {
                        stop.cancel();
                        restoring.await.map_err(RestoreError::unfollowed)
                    }
                }
            };
            let event = match restored {
                Ok(restored) => {
                    let rows = restored.tables.values().map(|table| table.inserted).sum();
                    noting.update(|put_back| put_back.rows = rows);
                    noting.end(Ending::Complete);
                    tracing::info!(
                        action = Action::DatabaseImportComplete.name(),
                        caller,
                        previous = restored.previous.as_deref()
                    );
                    Event::Complete(restored)
                }
                Err(error) => {
                    tracing::error!(action = Action::DatabaseImportError.name(), caller, %error);
                    let message = error.to_string();
                    noting.end(Ending::Failed {
                        reason: message.clone(),
                    });
                    Event::Error { message }
                }
            };
            self.has_changed();
            held.release().await;
            // The last word is waited for, unless nobody is there.
            let _ = sender.send(event).await;
        });
        Ok(events)
    }

    fn has_changed(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// Restores a file beside the live database, which it leaves alone, and removes what it restored. Gives the rows that
    /// came out: as many as the file has.
    ///
    /// # Errors
    /// What a restore would have failed with; [`RestoreError::Conflict`], [`RestoreError::Database`].
    pub async fn prove(
        &self,
        file: &Path,
        caller: &str,
        events: mpsc::Sender<Event>,
        stop: &CancellationToken,
    ) -> Result<u64, RestoreError> {
        let teller = Teller {
            action: Action::DatabaseBackupProofProgress,
            events,
        };
        let held = self.lock.acquire(Operation::Proof, caller).await?;
        let proved = self.prove_under(&held, file, &teller, stop).await;
        held.release().await;
        proved
    }

    async fn prove_under(
        &self,
        held: &Held,
        file: &Path,
        teller: &Teller,
        stop: &CancellationToken,
    ) -> Result<u64, RestoreError> {
        let tools = self.tools_for_restore().await?;
        let reading = self.read_to_the_end(&tools, file, Plan::default(), teller);
        let source = unless(stop, reading).await?;
        let aside = Aside::make(&self.dsn).await?;
        let loaded = tokio::select! {
            loaded = unless(stop, self.load_and_check(&source, &aside, teller)) => loaded,
            () = held.lost.cancelled() => Err(RestoreError::LockLost),
        };
        aside.remove().await;
        loaded?;
        Ok(source.rows.values().sum())
    }

    /// Before anything is touched: what is damaged anywhere shows here.
    async fn read_to_the_end<'a>(
        &self,
        tools: &'a Tools,
        file: &'a Path,
        plan: Plan,
        teller: &Teller,
    ) -> Result<Source<'a>, RestoreError> {
        teller.progress(1, "Reading the file to its end");
        let whole = read_archive(file.to_owned()).await?;
        let header = &whole.summary.header;
        if header.archive_version.minor > tools.newest_archive() {
            return Err(RestoreError::Newer {
                made_by: header.pg_dump_version.clone(),
                here: tools.version(),
            });
        }
        let Unpacked { mut rows, bytes } = rows::count(tools, &self.dsn, file).await?;
        teller.progress(20, sentence(&whole, &rows));
        if self.room == Room::Check {
            teller.progress(21, room::check(&self.dsn, bytes).await?);
        }
        let lists = load::Lists::of(&whole.toc, plan);
        rows.retain(|table, _| !lists.skipped.contains(table));
        Ok(Source {
            tools,
            file,
            whole,
            rows,
            lists,
        })
    }

    async fn restore_under(
        &self,
        held: &Held,
        file: &Path,
        plan: Plan,
        teller: &Teller,
        stop: &CancellationToken,
    ) -> Result<Restored, RestoreError> {
        let tools = self.tools_for_restore().await?;
        let preparing = async {
            let source = self.read_to_the_end(&tools, file, plan, teller).await?;
            let safety_dump = self.dump_for_safety(&tools).await?;
            teller.progress(
                40,
                format!("Dumped the database for safety to {}", safety_dump.display()),
            );
            Ok::<_, RestoreError>((source, safety_dump))
        };
        let (source, safety_dump) = unless(stop, preparing).await?;
        let mut restored = Restored {
            tables: BTreeMap::new(),
            previous: None,
            safety_dump,
            warnings: Vec::new(),
        };
        if plan.manner == Manner::Merge {
            restored.tables = self.merge(held, &source, teller, stop).await?;
            return Ok(restored);
        }
        restored.tables = source.all_inserted();
        match Aside::make(&self.dsn).await {
            Ok(aside) => {
                let (previous, warnings) = self.replace(held, &source, aside, teller, stop).await?;
                (restored.previous, restored.warnings) = (Some(previous), warnings);
            }
            Err(RestoreError::NotAllowed) => {
                let replacing = self.replace_in_place(held, &source, teller, stop);
                restored.warnings = replacing.await.map_err(RestoreError::undone)?;
            }
            Err(error) => return Err(error),
        }
        Ok(restored)
    }

    async fn merge(
        &self,
        held: &Held,
        source: &Source<'_>,
        teller: &Teller,
        stop: &CancellationToken,
    ) -> Result<BTreeMap<String, Merged>, RestoreError> {
        let loader = source.loader(&self.dsn, &self.scratch);
        let uncommitted = unless(stop, merge::merge(source, &loader, teller)).await?;
        uncommitted.commit(held).await
    }

    /// Restores into the database aside, and puts that in the place of the live one. Gives the name that this one has now.
    async fn replace(
        &self,
        held: &Held,
        source: &Source<'_>,
        mut aside: Aside,
        teller: &Teller,
        stop: &CancellationToken,
    ) -> Result<(String, Vec<String>), RestoreError> {
        let loading = async {
            let warnings = self.load_and_check(source, &aside, teller).await?;
            let mut connection = PgConnection::connect_with(aside.dsn().options()).await?;
            self.migrate(&mut connection, teller).await?;
            let _ = connection.close().await;
            Ok(warnings)
        };
        let swapped = match unless(stop, loading).await {
            Ok(_) if held.lost.is_cancelled() => Err(RestoreError::LockLost),
            Ok(warnings) => {
                teller.progress(95, "Putting the restored database in the place of the live one");
                aside.swap().await.map(|previous| (previous, warnings))
            }
            Err(error) => Err(error),
        };
        if swapped.is_err() {
            aside.remove().await;
        }
        swapped
    }

    /// Restores into the live database itself, in one transaction.
    async fn replace_in_place(
        &self,
        held: &Held,
        source: &Source<'_>,
        teller: &Teller,
        stop: &CancellationToken,
    ) -> Result<Vec<String>, RestoreError> {
        let loader = source.loader(&self.dsn, &self.scratch);
        let replacing = async {
            let mut uncommitted = in_place::replace(source, &loader, teller).await?;
            self.migrate(&mut uncommitted.connection, teller).await?;
            Ok(uncommitted)
        };
        let uncommitted = unless(stop, replacing).await?;
        uncommitted.commit(held).await?;
        // The dump is the database by now, whatever becomes of the rest.
        let warnings = loader.lenient().await;
        Ok(warnings.unwrap_or_else(|error| vec![error.to_string()]))
    }

    async fn load_and_check(
        &self,
        source: &Source<'_>,
        aside: &Aside,
        teller: &Teller,
    ) -> Result<Vec<String>, RestoreError> {
        let into = aside.dsn();
        let loader = source.loader(&into, &self.scratch);
        loader.strict(source.on_line(teller)).await?;
        let warnings = loader.lenient().await?;
        teller.progress(86, "Counting the rows");
        let mut connection = PgConnection::connect_with(into.options()).await?;
        rows::compare(&mut connection, &source.rows).await?;
        let _ = connection.close().await;
        Ok(warnings)
    }

    /// The site's own migrations, in the order of their names.
    fn migrations(&self) -> std::io::Result<Vec<PathBuf>> {
        let Some(folder) = &self.migrations else {
            return Ok(Vec::new());
        };
        let mut files: Vec<PathBuf> = fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()?;
        files.retain(|file| file.extension().is_some_and(|ending| ending == "sql"));
        files.sort();
        Ok(files)
    }

    /// Runs the migrations.
    async fn migrate(&self, connection: &mut PgConnection, teller: &Teller) -> Result<(), RestoreError> {
        for file in self.migrations()? {
            let name = file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            teller.progress(90, format!("Migrating: {name}"));
            let sql = tokio::fs::read_to_string(&file).await?;
            // Several statements at once are one transaction; where there is one already, they are in that.
            let migrated = connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql)));
            migrated.await.map_err(|error| RestoreError::Migration {
                file: name,
                error: error.to_string(),
            })?;
        }
        Ok(())
    }

    async fn tools_for_restore(&self) -> Result<Tools, RestoreError> {
        let mut connection = PgConnection::connect_with(self.dsn.options()).await?;
        let major = super::major_version(&mut connection).await?;
        let _ = connection.close().await;
        Ok(Tools::for_server(major).await?)
    }

    /// Dumps the live database into the folder of safety dumps, and reads what it wrote.
    async fn dump_for_safety(&self, tools: &Tools) -> Result<PathBuf, RestoreError> {
        let safety = |error: &dyn std::fmt::Display| RestoreError::Safety(error.to_string());
        fs::create_dir_all(&self.safety)?;
        let at = Timestamp::now().strftime("%Y-%m-%dT%H-%M-%S");
        let path = self.safety.join(format!("before-restore_{at}.dump"));
        let (part, _) = self.scratch.file("dump")?;
        let compression = self.compression.argument(tools).await?;
        let output = tools
            .command("pg_dump", &self.dsn)
            .args(["--format=custom", "--no-password"])
            .arg(format!("--compress={compression}"))
            .arg("--file")
            .arg(part.path())
            .output()
            .await
            .map_err(|error| safety(&error))?;
        if !output.status.success() {
            return Err(safety(&String::from_utf8_lossy(&output.stderr).trim()));
        }
        let read = read_archive(part.path().to_owned()).await;
        read.map_err(|error| safety(&error))?;
        File::open(part.path())?.sync_all()?;
        part.keep(&path)?;
        self.keep_newest_safety_dumps()?;
        Ok(path)
    }

    fn keep_newest_safety_dumps(&self) -> std::io::Result<()> {
        let mut dumps: Vec<PathBuf> = fs::read_dir(&self.safety)?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()?;
        dumps.retain(|path| path.extension().is_some_and(|ending| ending == "dump"));
        // Their names sort by time.
        dumps.sort();
        for old in dumps.iter().rev().skip(SAFETY_DUMPS) {
            fs::remove_file(old)?;
        }
        Ok(())
    }
}

/// A dump that has been read to its end.
struct Source<'a> {
    tools: &'a Tools,
    file: &'a Path,
    whole: Whole,
    /// How many rows each table has, of those that are wanted.
    rows: TableRows,
    lists: load::Lists,
}

impl Source<'_> {
    fn loader<'a>(&'a self, into: &'a Dsn, scratch: &'a Scratch) -> Loader<'a> {
        Loader {
            tools: self.tools,
            into,
            dump: self.file,
            scratch,
            lists: &self.lists,
        }
    }

    /// Tells that a table comes after so many bytes of the dump.
    fn tell(&self, teller: &Teller, done: u64, table: &str) {
        let all = self.whole.summary.bytes.max(1);
        let percent = 40 + (done.min(all) * 45 / all) as u8;
        teller.progress(percent, format!("Restoring {table}"));
    }

    /// Tells of what `pg_restore` says how far it is.
    fn on_line<'a>(&'a self, teller: &'a Teller) -> impl FnMut(&str) + 'a {
        load::on_tables(&self.whole, move |done, table| self.tell(teller, done, table))
    }

    /// How many bytes of the dump are this table's rows.
    fn bytes_of(&self, table: &TableName) -> u64 {
        let mut tables = self.whole.summary.tables.iter();
        let one = tables.find(|one| one.name == table.name && one.schema.as_deref() == Some(&table.schema));
        one.and_then(|one| one.data_bytes).unwrap_or(0)
    }

    /// The numbers of the entries with the rows of the tables that are wanted.
    fn entries_with_rows(&self) -> Result<BTreeMap<TableName, u32>, RestoreError> {
        let mut entries = BTreeMap::new();
        let all = self.whole.toc.entries.iter();
        for entry in all.filter(|entry| entry.kind == TABLE_DATA) {
            let table = TableName::of(entry);
            if self.rows.contains_key(&table) {
                entries.insert(table, entry.dump_id);
            } else if !self.lists.skipped.contains(&table) {
                return Err(RestoreError::Inserts(table.to_string()));
            }
        }
        Ok(entries)
    }

    /// What becomes of the rows where the dump takes the place of all that is there.
    fn all_inserted(&self) -> BTreeMap<String, Merged> {
        let inserted = |(table, &inserted): (&TableName, &u64)| {
            let merged = Merged {
                inserted,
                ..Merged::default()
            };
            (table.to_string(), merged)
        };
        self.rows.iter().map(inserted).collect()
    }
}

/// Goes on until it is to stop. From the change of names, or the commit, on it does not.
async fn unless<T>(
    stop: &CancellationToken,
    doing: impl Future<Output = Result<T, RestoreError>>,
) -> Result<T, RestoreError> {
    let done = stop.run_until_cancelled(doing).await;
    done.unwrap_or(Err(RestoreError::Stopped))
}

async fn read_archive(path: PathBuf) -> Result<Whole, BadArchive> {
    let reading = tokio::task::spawn_blocking(move || {
        archive::read(BufReader::with_capacity(1 << 20, File::open(path)?))
    });
    reading.await.expect("reading neither panics nor is cancelled")
}

fn sentence(whole: &Whole, counted: &TableRows) -> String {
    let rows: u64 = counted.values().sum();
    let header = &whole.summary.header;
    format!(
        "The file is whole: {} tables, {rows} rows, from PostgreSQL {}",
        whole.summary.tables.len(),
        header.server_version
    )
}
