//! The file of a bundle, from the address of its parts to the finished file.

use js_sys::{Date, Uint8Array};
use wasm_bindgen::JsValue;

use super::failure::Failure;
use super::job::{REPORT_EVERY_MS, WRITE_BYTES, open_sink};
use super::protocol::{Finished, Progress, StartBundle};
use super::sink::Sink;
use super::stream::{ByteStream, ROWS, Wanted};
use crate::bundle::{Bundle, BundleSummary};
use crate::rows::BUNDLE_MEDIA_TYPE;

/// The parts, each a stream of raw rows.
const PARTS: Wanted = Wanted {
    media_type: BUNDLE_MEDIA_TYPE,
    name: "the parts of a bundle",
    ..ROWS
};

/// A bundle and its file so far.
pub(super) struct BundleJob {
    url: String,
    file_name: String,
    bundle: Bundle,
    sink: Sink,
    /// Raw rows, as the browser gave them.
    chunk: Vec<u8>,
    /// Bytes of the file that are not in the sink yet.
    out: Vec<u8>,
    /// The time of the last report of progress.
    reported_ms: f64,
}

impl BundleJob {
    /// Opens the destination of the file.
    pub(super) async fn open(start: StartBundle, attachment: Option<JsValue>) -> Result<Self, Failure> {
        let StartBundle {
            url,
            contents,
            options,
            file_name,
            destination,
        } = start;
        let bundle = Bundle::new(options, contents)?;
        let (sink, file_name) = open_sink(destination, attachment, file_name).await?;
        Ok(Self {
            url,
            file_name,
            bundle,
            sink,
            chunk: Vec::new(),
            out: Vec::with_capacity(2 * WRITE_BYTES),
            reported_ms: 0.0,
        })
    }

    /// Fetches all parts. After a failure that is resumable only a new job can help: the rows of this one are of a snapshot that
    /// has ended.
    pub(super) async fn run(&mut self, report: impl Fn(Progress)) -> Result<BundleSummary, Failure> {
        let mut stream = ByteStream::open(&self.url, &PARTS).await?;
        while let Some(chunk) = stream.next().await? {
            self.take(&chunk).await?;
            let now_ms = Date::now();
            if now_ms - self.reported_ms >= REPORT_EVERY_MS {
                self.reported_ms = now_ms;
                report(self.progress());
            }
        }
        let summary = self.bundle.finish(&mut self.out)?;
        self.write().await?;
        Ok(summary)
    }

    /// Moves the file to its destination. Returns the file for a download.
    pub(super) async fn finish(self, summary: BundleSummary) -> Result<(Finished, Option<JsValue>), Failure> {
        let file = self.sink.finish(summary.file_bytes).await?;
        let finished = Finished {
            file_name: self.file_name,
            rows: summary.rows,
            raw_bytes: summary.raw_bytes,
            file_bytes: summary.file_bytes,
            as_of: self.bundle.as_of().unwrap_or_default().to_owned(),
            kept: None,
        };
        Ok((finished, file.map(JsValue::from)))
    }

    /// Removes the incomplete file.
    pub(super) async fn discard(self) {
        self.sink.discard().await;
    }

    async fn take(&mut self, chunk: &Uint8Array) -> Result<(), Failure> {
        self.chunk.resize(chunk.length() as usize, 0);
        chunk.copy_to(&mut self.chunk);
        self.bundle.push(&self.chunk, &mut self.out)?;
        match self.out.len() >= WRITE_BYTES {
            true => self.write().await,
            false => Ok(()),
        }
    }

    async fn write(&mut self) -> Result<(), Failure> {
        self.sink.write(&self.out).await?;
        self.out.clear();
        Ok(())
    }

    fn progress(&self) -> Progress {
        let done = self.bundle.progress();
        Progress {
            rows: done.rows,
            raw_bytes: done.raw_bytes,
            file_bytes: done.file_bytes,
            estimated_rows: None,
            part: Some(self.bundle.parts_done()),
        }
    }
}
