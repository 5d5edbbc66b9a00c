//! Spooled dumps: complete in a temporary file before they are sent, so that their size is known and a broken download can go on
//! where it ended.
//!
//! A dump is kept for an hour, for the caller who asked for it. It is removed earlier when the same caller makes another of its
//! mode, when there are too many, and when its disk has too little space.

use std::io::SeekFrom;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use api::database::DumpMode;
use bytes::Bytes;
use futures_util::Stream;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::dump::{Dump, DumpError};
use super::temporary_files::{TemporaryFile, TemporaryFolder};
use crate::free_space::{CHECK_EVERY, NoSpace};

/// The most dumps that are kept, of all callers.
const KEPT_MAX: usize = 4;

/// How long a dump is kept.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// The extension of their files. At the start, those of an earlier process are removed.
const EXTENSION: &str = "spool";

/// The size of the pieces that are sent.
const PIECE_BYTES: usize = 64 * 1024;

/// A complete dump in a temporary file.
#[derive(Debug)]
pub struct SpooledDump {
    /// The subject of the caller who asked for it.
    owner: String,
    mode: DumpMode,
    file: TemporaryFile,
    /// The name that a client saves it under.
    pub file_name: String,
    pub bytes: u64,
    /// No other dump has the same.
    pub tag: String,
    since: Instant,
}

/// The spooled dumps of this process.
#[derive(Debug)]
pub struct Spool {
    folder: TemporaryFolder,
    kept: Duration,
    /// The oldest first.
    dumps: Mutex<Vec<Arc<SpooledDump>>>,
}

impl Spool {
    #[must_use]
    pub fn new(folder: TemporaryFolder) -> Self {
        Self::keeping(folder, KEPT)
    }

    fn keeping(folder: TemporaryFolder, kept: Duration) -> Self {
        Self {
            folder,
            kept,
            dumps: Mutex::default(),
        }
    }

    /// Removes the files that an earlier process has left.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn sweep(&self) -> std::io::Result<usize> {
        self.folder.sweep_extension(EXTENSION)
    }

    /// Returns the dump of this mode that is kept for this caller.
    #[must_use]
    pub fn find(&self, owner: &str, mode: DumpMode) -> Option<Arc<SpooledDump>> {
        self.remove_expired();
        let dumps = self.dumps();
        let is_it = |dump: &&Arc<SpooledDump>| dump.owner == owner && dump.mode == mode;
        dumps.iter().rfind(is_it).cloned()
    }

    /// Writes a dump to its end, and keeps it. Dropping the future ends the dump and removes the file.
    ///
    /// # Errors
    /// [`DumpError`]; nothing is kept then.
    pub async fn take(
        &self,
        dump: Dump,
        owner: String,
        mode: DumpMode,
    ) -> Result<Arc<SpooledDump>, DumpError> {
        let file_name = dump.file_name.clone();
        let (file, writer) = self.folder.create(EXTENSION).map_err(DumpError::Spool)?;
        let mut writer = File::from_std(writer);
        let (mut bytes, mut next_check) = (0, 0);
        let written = dump.write(async |piece: Bytes| {
            bytes += piece.len() as u64;
            if bytes >= next_check {
                self.make_space(0)?;
                next_check = bytes + CHECK_EVERY;
            }
            writer.write_all(&piece).await.map_err(DumpError::Spool)
        });
        written.await?;
        writer.flush().await.map_err(DumpError::Spool)?;
        let spooled = Arc::new(SpooledDump {
            owner,
            mode,
            file,
            file_name,
            bytes,
            tag: Uuid::new_v4().simple().to_string(),
            since: Instant::now(),
        });
        self.keep(Arc::clone(&spooled));
        Ok(spooled)
    }

    /// Removes dumps that are kept for too long, and the oldest ones while the disk has too little space. Call it regularly.
    pub fn tidy(&self) {
        self.remove_expired();
        // Without spooled dumps, others name the missing space.
        let _ = self.make_space(0);
    }

    /// Removes all dumps. One that is being sent is read to its end.
    pub fn clear(&self) {
        self.dumps().clear();
    }

    fn keep(&self, spooled: Arc<SpooledDump>) {
        self.remove_expired();
        let mut dumps = self.dumps();
        dumps.retain(|dump| dump.owner != spooled.owner || dump.mode != spooled.mode);
        if dumps.len() == KEPT_MAX {
            dumps.remove(0);
        }
        dumps.push(spooled);
    }

    fn remove_expired(&self) {
        self.dumps().retain(|dump| dump.since.elapsed() < self.kept);
    }

    /// Removes the oldest dumps until so many bytes and the reserve of the disk are free.
    ///
    /// # Errors
    /// [`NoSpace`]: they are not free without spooled dumps either.
    pub fn make_space(&self, bytes: u64) -> Result<(), NoSpace> {
        loop {
            let checked = self.folder.check_space(bytes);
            let mut dumps = self.dumps();
            if checked.is_ok() || dumps.is_empty() {
                return checked;
            }
            dumps.remove(0);
        }
    }

    fn dumps(&self) -> MutexGuard<'_, Vec<Arc<SpooledDump>>> {
        self.dumps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpooledDump {
    /// Returns the bytes of a part. They can be read to the end even if the dump is removed meanwhile.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn read(
        &self,
        part: Range<u64>,
    ) -> Result<impl Stream<Item = std::io::Result<Bytes>> + use<>, DumpError> {
        let open = async || -> std::io::Result<File> {
            let mut file = File::open(self.file.path()).await?;
            file.seek(SeekFrom::Start(part.start)).await?;
            Ok(file)
        };
        let file = open().await.map_err(DumpError::Spool)?;
        let length = part.end - part.start;
        Ok(ReaderStream::with_capacity(file.take(length), PIECE_BYTES))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use futures_util::TryStreamExt;

    use super::*;

    fn spool(kept: Duration, reserve: u64) -> (tempfile::TempDir, Spool) {
        let data = tempfile::tempdir().unwrap();
        let folder = TemporaryFolder::in_data_dir(data.path(), reserve);
        (data, Spool::keeping(folder, kept))
    }

    fn spooled(spool: &Spool, owner: &str, content: &str) -> Arc<SpooledDump> {
        let (file, mut writer) = spool.folder.create(EXTENSION).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
        let dump = Arc::new(SpooledDump {
            owner: owner.to_owned(),
            mode: DumpMode::Full,
            file,
            file_name: "backup.dump".to_owned(),
            bytes: content.len() as u64,
            tag: content.to_owned(),
            since: Instant::now(),
        });
        spool.keep(Arc::clone(&dump));
        dump
    }

    fn files(data: &tempfile::TempDir) -> usize {
        std::fs::read_dir(data.path().join("scratch")).unwrap().count()
    }

    #[tokio::test]
    async fn a_part_is_read_also_while_the_dump_is_removed() {
        let (data, spool) = spool(KEPT, 0);
        let dump = spooled(&spool, "hub:1", "0123456789");
        let part = dump.read(2..5).await.unwrap();
        spool.clear();
        drop(dump);
        assert_eq!(files(&data), 0);
        let part: Vec<Bytes> = part.try_collect().await.unwrap();
        assert_eq!(part.concat(), b"234");
    }

    #[test]
    fn a_dump_is_found_by_its_caller_and_mode_only() {
        let (data, spool) = spool(KEPT, 0);
        spooled(&spool, "hub:1", "a");
        assert!(spool.find("hub:2", DumpMode::Full).is_none());
        assert!(spool.find("hub:1", DumpMode::ExcludeLogs).is_none());
        spooled(&spool, "hub:1", "b");
        assert_eq!(spool.find("hub:1", DumpMode::Full).unwrap().tag, "b");
        assert_eq!(files(&data), 1);
    }

    #[test]
    fn the_oldest_of_too_many_dumps_is_removed() {
        let (data, spool) = spool(KEPT, 0);
        for owner in 0..=KEPT_MAX {
            spooled(&spool, &owner.to_string(), "x");
        }
        assert_eq!(files(&data), KEPT_MAX);
        assert!(spool.find("0", DumpMode::Full).is_none());
        assert!(spool.find("1", DumpMode::Full).is_some());
    }

    #[test]
    fn a_dump_is_removed_after_its_time() {
        let (data, spool) = spool(Duration::ZERO, 0);
        spooled(&spool, "hub:1", "x");
        assert!(spool.find("hub:1", DumpMode::Full).is_none());
        assert_eq!(files(&data), 0);
    }

    #[test]
    fn all_dumps_are_removed_while_the_disk_has_too_little_space() {
        let (data, spool) = spool(KEPT, u64::MAX);
        spooled(&spool, "hub:1", "x");
        spool.tidy();
        assert_eq!(files(&data), 0);
    }

    #[test]
    fn files_of_an_earlier_process_are_removed() {
        let (data, spool) = spool(KEPT, 0);
        let dump = spooled(&spool, "hub:1", "x");
        for name in ["left.spool", "upload.dump"] {
            std::fs::write(data.path().join("scratch").join(name), "").unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(spool.sweep().unwrap(), 1);
        assert!(dump.file.path().exists() && files(&data) == 2);
    }
}
