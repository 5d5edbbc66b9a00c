//! Downloads a dump to a file. Its bytes are also read, to check that the dump is whole.

use js_sys::{Date, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::FileSystemFileHandle;

use super::failure::{Failure, sentence};
use super::job::{REPORT_EVERY_MS, WRITE_BYTES};
use super::protocol::{Destination, Dumped, StartDump};
use super::sink::Sink;
use super::stream::{ByteStream, Wanted};
use crate::dump::{Archive, DumpError, Summary};

/// A dump has no heartbeats: while pg_dump waits for a lock or a disk, no bytes come.
const DUMP: Wanted = Wanted {
    media_type: "application/octet-stream",
    name: "a dump",
    silence_seconds_max: 15 * 60,
};

/// The name of a dump that the server has not named.
const FILE_NAME: &str = "backup.dump";

/// A dump and all of it that has come.
pub(super) struct DumpJob {
    url: String,
    /// The name of the file that the user picked.
    picked_name: Option<String>,
    /// The name from the server's answer.
    given_name: Option<String>,
    archive: Archive,
    sink: Sink,
    /// Bytes that are not in the sink yet.
    out: Vec<u8>,
}

impl DumpJob {
    /// Opens the destination of the file.
    pub(super) async fn open(start: StartDump, picked: Option<JsValue>) -> Result<Self, Failure> {
        let StartDump { url, destination } = start;
        let (sink, picked_name) = match (destination, picked) {
            (Destination::PickedFile, Some(picked)) => {
                let picked: FileSystemFileHandle = picked.unchecked_into();
                let name = picked.name();
                (Sink::for_picked(picked).await?, Some(name))
            }
            _ => (Sink::for_downloads().await, None),
        };
        Ok(Self {
            url,
            picked_name,
            given_name: None,
            archive: Archive::new(),
            sink,
            out: Vec::with_capacity(2 * WRITE_BYTES),
        })
    }

    /// Fetches the whole dump, and reports the number of bytes. The server breaks the connection when a dump fails,
    /// and the archive itself shows whether it is whole.
    pub(super) async fn run(&mut self, report: impl Fn(u64)) -> Result<Summary, Failure> {
        let mut stream = ByteStream::open(&self.url, &DUMP).await?;
        self.given_name = stream.file_name();
        let mut reported_ms = 0.0;
        while let Some(chunk) = stream.next().await? {
            self.take(&chunk).await?;
            let now_ms = Date::now();
            if now_ms - reported_ms >= REPORT_EVERY_MS {
                reported_ms = now_ms;
                report(self.archive.bytes());
            }
        }
        let summary = self.archive.finish()?;
        self.sink.write(&self.out).await?;
        Ok(summary)
    }

    /// Moves the file to its destination. Returns the file for a download.
    pub(super) async fn finish(self, summary: &Summary) -> Result<(Dumped, Option<JsValue>), Failure> {
        let file = self.sink.finish(summary.bytes).await?;
        let file_name = self.picked_name.or(self.given_name);
        let dumped = Dumped {
            file_name: file_name.unwrap_or_else(|| FILE_NAME.to_owned()),
            bytes: summary.bytes,
            tables: summary.tables.len() as u64,
        };
        Ok((dumped, file.map(JsValue::from)))
    }

    /// Removes the incomplete file.
    pub(super) async fn discard(self) {
        self.sink.discard().await;
    }

    async fn take(&mut self, chunk: &Uint8Array) -> Result<(), Failure> {
        let before = self.out.len();
        self.out.resize(before + chunk.length() as usize, 0);
        let new = &mut self.out[before..];
        chunk.copy_to(new);
        self.archive.push(new)?;
        if self.out.len() >= WRITE_BYTES {
            self.sink.write(&self.out).await?;
            self.out.clear();
        }
        Ok(())
    }
}

impl From<DumpError> for Failure {
    fn from(error: DumpError) -> Self {
        Self::new("damaged", "The dump is not whole", sentence(&error), false)
    }
}
