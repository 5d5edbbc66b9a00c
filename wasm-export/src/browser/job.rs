//! One export in the making: from its address to its file.

use js_sys::{Date, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{FileSystemFileHandle, UrlSearchParams};

use super::failure::Failure;
use super::protocol::{Destination, Finished, Progress, Start};
use super::sink::Sink;
use super::stream::{ByteStream, ROWS};
use crate::{Export, Summary};

/// Bytes of the file are collected up to this before they are written: a disk likes few large writes.
pub(super) const WRITE_BYTES: usize = 1024 * 1024;

/// How often progress is told.
pub(super) const TELL_EVERY_MS: f64 = 100.0;

/// An export and all it has so far. It outlives broken connections.
pub(super) struct Job {
    url: String,
    file_name: String,
    export: Export,
    sink: Sink,
    /// Raw rows, as the browser gave them.
    chunk: Vec<u8>,
    /// Bytes of the file that are not in the sink yet.
    out: Vec<u8>,
}

impl Job {
    /// Makes the place for the file.
    pub(super) async fn open(start: Start, attachment: Option<JsValue>) -> Result<Self, Failure> {
        let Start {
            url,
            options,
            file_name,
            destination,
        } = start;
        let (sink, file_name) = match (destination, attachment) {
            (Destination::PickedFile, Some(picked)) => {
                let picked: FileSystemFileHandle = picked.unchecked_into();
                let file_name = picked.name();
                (Sink::for_picked(picked).await?, file_name)
            }
            _ => (Sink::for_downloads().await, file_name),
        };
        let export = Export::new(options);
        Ok(Self {
            url,
            file_name,
            export,
            sink,
            chunk: Vec::new(),
            out: Vec::with_capacity(2 * WRITE_BYTES),
        })
    }

    /// Fetches the rows that are still missing, until the end record has come and agrees. After a failure that
    /// is resumable it may be called again.
    pub(super) async fn run(&mut self, tell: impl Fn(Progress)) -> Result<Summary, Failure> {
        let mut stream = ByteStream::open(&self.url_of_missing_rows(), &ROWS).await?;
        self.export.resume();
        let mut told_ms = 0.0;
        while let Some(chunk) = stream.next().await? {
            self.take(&chunk).await?;
            let now_ms = Date::now();
            if now_ms - told_ms >= TELL_EVERY_MS {
                told_ms = now_ms;
                tell(self.progress());
            }
        }
        let summary = self.export.finish(&mut self.out)?;
        self.sink.write(&self.out).await?;
        Ok(summary)
    }

    /// Makes the file appear where it was wanted; one for the downloads is returned.
    pub(super) async fn finish(self, summary: Summary) -> Result<(Finished, Option<JsValue>), Failure> {
        let file = self.sink.finish(summary.file_bytes).await?;
        let finished = Finished {
            file_name: self.file_name,
            rows: summary.rows,
            raw_bytes: summary.raw_bytes,
            file_bytes: summary.file_bytes,
        };
        Ok((finished, file.map(JsValue::from)))
    }

    /// Removes what there is of the file.
    pub(super) async fn discard(self) {
        self.sink.discard().await;
    }

    /// Rows that need not be fetched again.
    pub(super) fn rows(&self) -> u64 {
        self.export.progress().rows
    }

    async fn take(&mut self, chunk: &Uint8Array) -> Result<(), Failure> {
        self.chunk.resize(chunk.length() as usize, 0);
        chunk.copy_to(&mut self.chunk);
        self.export.push(&self.chunk, &mut self.out)?;
        if self.out.len() >= WRITE_BYTES {
            self.sink.write(&self.out).await?;
            self.out.clear();
        }
        Ok(())
    }

    fn url_of_missing_rows(&self) -> String {
        let Some(point) = self.export.resume_point() else {
            return self.url.clone();
        };
        let (path, query) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let query = UrlSearchParams::new_with_str(query).expect("a text without `?` is a query");
        query.set("as_of", &point.as_of);
        if let Some(cursor) = &point.cursor {
            query.set("after", cursor);
        }
        // What is no number is left to the server, which says so.
        if let Some(limit) = query.get("limit").and_then(|limit| limit.parse::<u64>().ok()) {
            query.set("limit", &limit.saturating_sub(self.rows()).to_string());
        }
        format!("{path}?{}", String::from(query.to_string()))
    }

    fn progress(&self) -> Progress {
        let done = self.export.progress();
        Progress {
            rows: done.rows,
            raw_bytes: done.raw_bytes,
            file_bytes: done.file_bytes,
            estimated_rows: self.export.header().and_then(|header| header.estimated_rows),
        }
    }
}
