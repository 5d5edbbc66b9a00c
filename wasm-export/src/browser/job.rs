//! One export, from its address to its file.

use js_sys::{Date, Uint8Array};
use serde_json::{Map, Value};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{FileSystemFileHandle, UrlSearchParams};

use super::failure::Failure;
use super::protocol::{CachedRows, Destination, Finished, Progress, Start};
use super::row_cache::{CachedStream, RowCacheWriter};
use super::sink::{Sink, SinkError};
use super::stream::{ByteStream, ROWS};
use crate::export::{Export, Summary};

/// Bytes of the file are collected up to this length, because a disk is fast with few large writes.
pub(super) const WRITE_BYTES: usize = 1024 * 1024;

/// Time between two reports of progress.
pub(super) const REPORT_EVERY_MS: f64 = 100.0;

/// An export and its file so far. It continues over several connections.
pub(super) struct Job {
    url: String,
    /// The selection, if it is not in the address.
    body: Option<String>,
    file_name: String,
    export: Export,
    sink: Sink,
    rows: Rows,
    /// Raw rows, as the browser gave them.
    chunk: Vec<u8>,
    /// Bytes of the file that are not in the sink yet.
    out: Vec<u8>,
    /// The time of the last report of progress.
    reported_ms: f64,
}

/// The source of the rows.
enum Rows {
    /// The server. The rows are also cached, unless the browser cannot, which does not stop the export.
    Fetched(Option<RowCacheWriter>),
    /// The browser's cache, with the streams that are left.
    Kept(CachedRows, Vec<CachedStream>),
}

impl Rows {
    async fn open(kept: Option<CachedRows>) -> Self {
        if let Some(kept) = kept
            && let Ok(streams) = kept.streams().await
        {
            return Self::Kept(kept, streams);
        }
        Self::Fetched(RowCacheWriter::create().await.ok())
    }

    fn row_cache(&mut self) -> Option<&mut RowCacheWriter> {
        match self {
            Self::Fetched(row_cache) => row_cache.as_mut(),
            Self::Kept(..) => None,
        }
    }

    /// Removes the rows that are being cached. Returns false if there are none.
    async fn stop_caching(&mut self) -> bool {
        let Self::Fetched(row_cache) = self else {
            return false;
        };
        match row_cache.take() {
            Some(row_cache) => {
                row_cache.discard().await;
                true
            }
            None => false,
        }
    }

    /// Completes the cache of an export with these columns, for the next export.
    async fn finish(self, columns: Vec<String>) -> Option<CachedRows> {
        match self {
            Self::Fetched(row_cache) => row_cache?.finish(columns).await.ok(),
            Self::Kept(kept, _) => Some(kept),
        }
    }
}

impl Job {
    /// Opens the destination of the file.
    pub(super) async fn open(start: Start, attachment: Option<JsValue>) -> Result<Self, Failure> {
        let Start {
            url,
            body,
            kept,
            options,
            file_name,
            destination,
        } = start;
        let (sink, file_name) = open_sink(destination, attachment, file_name).await?;
        Ok(Self {
            url,
            body,
            file_name,
            export: Export::new(options),
            sink,
            rows: Rows::open(kept).await,
            chunk: Vec::new(),
            out: Vec::with_capacity(2 * WRITE_BYTES),
            reported_ms: 0.0,
        })
    }

    /// Reads the rows that are still missing, until a correct end record has come. The caller may call it again after
    /// a failure that is resumable.
    pub(super) async fn run(&mut self, report: impl Fn(Progress)) -> Result<Summary, Failure> {
        match &mut self.rows {
            Rows::Fetched(_) => self.fetch(&report).await,
            Rows::Kept(_, streams) => {
                let streams = std::mem::take(streams);
                self.read_again(streams, &report).await
            }
        }
    }

    async fn fetch(&mut self, report: &impl Fn(Progress)) -> Result<Summary, Failure> {
        let mut stream = match &self.body {
            None => ByteStream::open(&self.url_of_missing_rows(), &ROWS).await?,
            Some(body) => ByteStream::post(&self.url, &self.body_of_missing_rows(body), &ROWS).await?,
        };
        self.export.resume();
        if let Some(row_cache) = self.rows.row_cache() {
            row_cache.begin_stream();
        }
        while let Some(chunk) = stream.next().await? {
            self.take(&chunk, report).await?;
        }
        self.end().await
    }

    /// Reads the cached streams in the order in which they were fetched. Each continues the one before.
    async fn read_again(
        &mut self,
        streams: Vec<CachedStream>,
        report: &impl Fn(Progress),
    ) -> Result<Summary, Failure> {
        for stream in streams {
            self.export.resume();
            match self.read_stream_again(stream, report).await {
                Err(failure) if failure.resumable => {}
                outcome => return outcome,
            }
        }
        Err(Failure::rows_gone())
    }

    async fn read_stream_again(
        &mut self,
        mut stream: CachedStream,
        report: &impl Fn(Progress),
    ) -> Result<Summary, Failure> {
        while let Some(chunk) = stream.next().await? {
            self.take(&chunk, report).await?;
        }
        self.end().await
    }

    /// Moves the file to its destination. Returns the file for a download.
    pub(super) async fn finish(mut self, summary: Summary) -> Result<(Finished, Option<JsValue>), Failure> {
        let file = match self.sink.finish(summary.file_bytes).await {
            Ok(file) => file,
            Err(error) => {
                self.rows.stop_caching().await;
                return Err(error.into());
            }
        };
        let as_of = self.export.header().map(|header| header.as_of.clone());
        let finished = Finished {
            file_name: self.file_name,
            rows: summary.rows,
            raw_bytes: summary.raw_bytes,
            file_bytes: summary.file_bytes,
            as_of: as_of.unwrap_or_default(),
            kept: self.rows.finish(summary.columns).await,
        };
        Ok((finished, file.map(JsValue::from)))
    }

    /// Removes the incomplete file, and its cached rows.
    pub(super) async fn discard(mut self) {
        self.rows.stop_caching().await;
        self.sink.discard().await;
    }

    /// Returns the number of rows that a resumed export does not fetch again.
    pub(super) fn rows(&self) -> u64 {
        self.export.progress().rows
    }

    async fn take(&mut self, chunk: &Uint8Array, report: &impl Fn(Progress)) -> Result<(), Failure> {
        self.chunk.resize(chunk.length() as usize, 0);
        chunk.copy_to(&mut self.chunk);
        // Before the error is handled, because the bytes before a failure belong to the file.
        let kept = self.rows.row_cache().map(|row_cache| row_cache.keep(&self.chunk));
        if let Some(Err(_)) = kept {
            self.rows.stop_caching().await;
        }
        self.export.push(&self.chunk, &mut self.out)?;
        if self.out.len() >= WRITE_BYTES {
            self.write().await?;
        }
        let now_ms = Date::now();
        if now_ms - self.reported_ms >= REPORT_EVERY_MS {
            self.reported_ms = now_ms;
            report(self.progress());
        }
        Ok(())
    }

    async fn end(&mut self) -> Result<Summary, Failure> {
        let summary = self.export.finish(&mut self.out)?;
        self.write().await?;
        Ok(summary)
    }

    async fn write(&mut self) -> Result<(), Failure> {
        let mut written = self.sink.write(&self.out).await;
        // The file is more important than the cache, which is removed to make room.
        if let Err(SinkError::Full) = written
            && self.rows.stop_caching().await
        {
            written = self.sink.write(&self.out).await.map_err(|_| SinkError::Full);
        }
        written?;
        self.out.clear();
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
        // A value that is not a number is left to the server, which refuses it.
        if let Some(limit) = query.get("limit").and_then(|limit| limit.parse::<u64>().ok()) {
            query.set("limit", &limit.saturating_sub(self.rows()).to_string());
        }
        format!("{path}?{}", String::from(query.to_string()))
    }

    fn body_of_missing_rows(&self, body: &str) -> String {
        let Some(point) = self.export.resume_point() else {
            return body.to_owned();
        };
        // A body that is no object is left to the server, which refuses it.
        let Ok(mut selection) = serde_json::from_str::<Map<String, Value>>(body) else {
            return body.to_owned();
        };
        selection.insert("as_of".to_owned(), point.as_of.into());
        if let Some(cursor) = point.cursor {
            selection.insert("after".to_owned(), cursor.into());
        }
        if let Some(limit) = selection.get("limit").and_then(Value::as_u64) {
            let rest = limit.saturating_sub(self.rows());
            selection.insert("limit".to_owned(), rest.into());
        }
        Value::Object(selection).to_string()
    }

    fn progress(&self) -> Progress {
        let done = self.export.progress();
        Progress {
            rows: done.rows,
            raw_bytes: done.raw_bytes,
            file_bytes: done.file_bytes,
            estimated_rows: self.export.header().and_then(|header| header.estimated_rows),
            part: None,
        }
    }
}

/// Opens the destination of a file. Returns the name of the file as well: a picked file has the name that the user gave it.
pub(super) async fn open_sink(
    destination: Destination,
    attachment: Option<JsValue>,
    file_name: String,
) -> Result<(Sink, String), Failure> {
    match (destination, attachment) {
        (Destination::PickedFile, Some(picked)) => {
            let picked: FileSystemFileHandle = picked.unchecked_into();
            let file_name = picked.name();
            Ok((Sink::for_picked(picked).await?, file_name))
        }
        _ => Ok((Sink::for_downloads().await, file_name)),
    }
}
