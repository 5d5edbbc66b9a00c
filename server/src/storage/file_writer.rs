//! A file that is written from asynchronous code, in constant memory.
//!
//! A folder gets the bytes as they come, on a thread that may block; one write runs while the next bytes are made. A bucket
//! gets parts of 16 MiB, two at once. A file that is smaller than a part is one request.

use std::io::{self, Write};
use std::mem;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};

use super::folder::FolderUpload;
use super::{CONCURRENT_PARTS, Location, PART_BYTES, PutIf, Storage, StorageError, exists_or_failed};

/// A file that is being written. It exists once [`finish`](Self::finish) has returned. Dropping the writer removes what was
/// written; [`abort`](Self::abort) also waits for that.
pub struct FileWriter {
    name: String,
    target: Target,
}

enum Target {
    Folder(FolderWriter),
    Bucket(BucketWriter),
}

/// A file of a folder. A thread has it while it writes.
struct FolderWriter(State);

enum State {
    Idle(FolderUpload),
    Writing(JoinHandle<io::Result<FolderUpload>>),
    /// A write has failed, and the file was removed.
    Failed,
}

struct BucketWriter {
    storage: Storage,
    /// Bytes that are not yet sent, less than a part.
    buffer: Vec<u8>,
    /// Begins with the first full part.
    parts: Option<Parts>,
}

/// A multipart upload. Dropping it aborts it.
struct Parts {
    /// `None` once it was completed or aborted.
    upload: Option<Box<dyn MultipartUpload>>,
    path: Path,
    running: JoinSet<object_store::Result<()>>,
}

impl Storage {
    /// Starts to write a file.
    ///
    /// # Errors
    /// [`StorageError::Exists`]; others, except [`StorageError::Missing`].
    pub async fn create(&self, name: &str) -> Result<FileWriter, StorageError> {
        self.check_absent(name).await?;
        let target = match self.location() {
            Location::Folder(root) => {
                let (path, reserve) = (root.join(name), self.options.reserve);
                let file = spawn_blocking(move || FolderUpload::create(&path, reserve));
                Target::Folder(FolderWriter(State::Idle(file.await.map_err(io::Error::other)??)))
            }
            Location::Bucket { .. } => Target::Bucket(BucketWriter {
                storage: self.clone(),
                buffer: Vec::new(),
                parts: None,
            }),
        };
        Ok(FileWriter {
            name: name.to_owned(),
            target,
        })
    }
}

impl FileWriter {
    /// Writes the next bytes of the file. It waits while the storage is slower than its caller.
    ///
    /// # Errors
    /// The storage's error. Further calls fail as well.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), StorageError> {
        match &mut self.target {
            Target::Folder(file) => Ok(file.write(bytes).await?),
            Target::Bucket(file) => file.write(&self.name, &bytes).await,
        }
    }

    /// Writes the rest and gives the file its name.
    ///
    /// # Errors
    /// [`StorageError::Exists`], or the storage's error; then the file does not exist. Where the answer to the last request of a
    /// multipart upload is lost, the file may exist.
    pub async fn finish(self) -> Result<(), StorageError> {
        match self.target {
            Target::Folder(file) => {
                let file = file.idle().await?;
                let finished = spawn_blocking(move || file.finish(PutIf::Absent)).await;
                finished
                    .map_err(io::Error::other)
                    .flatten()
                    .map_err(|error| exists_or_failed(error, &self.name))
            }
            Target::Bucket(file) => file.finish(&self.name).await,
        }
    }

    /// Removes what was written.
    pub async fn abort(self) {
        match self.target {
            Target::Folder(file) => drop(file.idle().await),
            Target::Bucket(BucketWriter { parts, .. }) => {
                if let Some(mut parts) = parts {
                    parts.abort().await;
                }
            }
        }
    }
}

impl FolderWriter {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        let mut file = Self(mem::replace(&mut self.0, State::Failed)).idle().await?;
        self.0 = State::Writing(spawn_blocking(move || {
            file.write_all(&bytes)?;
            Ok(file)
        }));
        Ok(())
    }

    /// Waits until the thread has written its bytes.
    async fn idle(self) -> io::Result<FolderUpload> {
        match self.0 {
            State::Idle(file) => Ok(file),
            State::Writing(writing) => writing.await.map_err(io::Error::other)?,
            State::Failed => Err(io::Error::other("an earlier write has failed")),
        }
    }
}

impl BucketWriter {
    async fn write(&mut self, name: &str, mut bytes: &[u8]) -> Result<(), StorageError> {
        while self.buffer.len() + bytes.len() >= PART_BYTES {
            let (now, later) = bytes.split_at(PART_BYTES - self.buffer.len());
            self.buffer.extend_from_slice(now);
            bytes = later;
            let part = mem::take(&mut self.buffer);
            let parts = match &mut self.parts {
                Some(parts) => parts,
                None => self.parts.insert(Parts::begin(&self.storage, name).await?),
            };
            parts.send(part).await?;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(self, name: &str) -> Result<(), StorageError> {
        match self.parts {
            None => self.storage.put(name, self.buffer, PutIf::Absent).await,
            Some(mut parts) => {
                if !self.buffer.is_empty() {
                    parts.send(self.buffer).await?;
                }
                parts.complete().await
            }
        }
    }
}

impl Parts {
    async fn begin(storage: &Storage, name: &str) -> Result<Self, StorageError> {
        let path = storage.path(name);
        Ok(Self {
            upload: Some(storage.store()?.put_multipart(&path).await?),
            path,
            running: JoinSet::new(),
        })
    }

    /// Sends a part, once fewer than [`CONCURRENT_PARTS`] are being sent.
    async fn send(&mut self, part: Vec<u8>) -> Result<(), StorageError> {
        self.wait_for(CONCURRENT_PARTS - 1).await?;
        if let Some(upload) = &mut self.upload {
            self.running.spawn(upload.put_part(part.into()));
        }
        Ok(())
    }

    /// Waits until at most `running` parts are being sent.
    async fn wait_for(&mut self, running: usize) -> Result<(), StorageError> {
        while self.running.len() > running {
            if let Some(sent) = self.running.join_next().await {
                sent.map_err(io::Error::other)??;
            }
        }
        Ok(())
    }

    async fn complete(&mut self) -> Result<(), StorageError> {
        self.wait_for(0).await?;
        if let Some(upload) = &mut self.upload {
            upload.complete().await?;
            self.upload = None;
        }
        Ok(())
    }

    /// Removes the parts. Those that are being sent end first, because a service may keep a part that arrives later.
    async fn abort(&mut self) {
        self.running.shutdown().await;
        if let Some(mut upload) = self.upload.take()
            && let Err(error) = upload.abort().await
        {
            tracing::warn!(path = %self.path, %error, "the parts of an aborted upload could not be removed");
        }
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if let (Some(upload), Ok(runtime)) = (self.upload.take(), Handle::try_current()) {
            let mut parts = Self {
                upload: Some(upload),
                path: mem::take(&mut self.path),
                running: mem::take(&mut self.running),
            };
            runtime.spawn(async move { parts.abort().await });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path as FilePath;
    use std::sync::Arc;

    use futures_util::TryStreamExt;

    use super::super::Options;
    use super::super::encryption::Encryption;
    use super::*;

    fn storage(folder: &FilePath) -> Storage {
        Storage::new(Options {
            location: Location::Folder(folder.to_owned()),
            encryption: Arc::new(Encryption::None),
            data_dir: folder.to_owned(),
            manifest_secret: None,
            reserve: 0,
        })
    }

    async fn names(storage: &Storage) -> Vec<String> {
        let files: Vec<_> = storage.files("users").unwrap().try_collect().await.unwrap();
        let mut names: Vec<_> = files.into_iter().map(|file| file.name).collect();
        names.sort();
        names
    }

    /// Returns the number of all entries in the folder of the files, whatever their names are.
    fn entries(folder: &FilePath) -> usize {
        std::fs::read_dir(folder.join("users/hub%3A7")).map_or(0, Iterator::count)
    }

    #[tokio::test]
    async fn a_file_exists_when_it_is_finished_and_keeps_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let storage = storage(folder.path());
        let name = "users/hub%3A7/a b é.csv";
        let mut writer = storage.create(name).await.unwrap();
        for chunk in ["one ", "two ", "three"] {
            writer.write(Bytes::from_static(chunk.as_bytes())).await.unwrap();
        }
        assert_eq!(names(&storage).await, [""; 0]);
        assert!(storage.head(name).await.unwrap().is_none());
        writer.finish().await.unwrap();
        assert_eq!(names(&storage).await, [name]);
        assert_eq!(storage.size(name).await.unwrap(), 13);
        assert_eq!(storage.get(name).await.unwrap(), "one two three");
        let again = storage.create(name).await;
        assert!(matches!(again, Err(StorageError::Exists(_))));
    }

    #[tokio::test]
    async fn what_is_not_finished_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let storage = storage(folder.path());
        let name = "users/hub%3A7/a.csv";
        let mut aborted = storage.create(name).await.unwrap();
        aborted.write(Bytes::from_static(b"x")).await.unwrap();
        aborted.abort().await;
        assert_eq!(entries(folder.path()), 0);
        let mut dropped = storage.create(name).await.unwrap();
        dropped.write(Bytes::from_static(b"x")).await.unwrap();
        assert_eq!(entries(folder.path()), 1);
        drop(dropped);
        // A thread may still write.
        while entries(folder.path()) > 0 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn two_writers_of_one_name_do_not_replace_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let storage = storage(folder.path());
        let name = "users/hub%3A7/a.csv";
        let (mut one, mut two) = (
            storage.create(name).await.unwrap(),
            storage.create(name).await.unwrap(),
        );
        one.write(Bytes::from_static(b"one")).await.unwrap();
        two.write(Bytes::from_static(b"two")).await.unwrap();
        two.finish().await.unwrap();
        assert!(matches!(one.finish().await, Err(StorageError::Exists(_))));
        assert_eq!(storage.get(name).await.unwrap(), "two");
        assert_eq!(entries(folder.path()), 1);
    }
}
