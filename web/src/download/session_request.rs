//! Stored requests of a session as files: one of them, laid out while it arrives, or all.

use wasm_bindgen::JsValue;
use wasm_export::browser::sink::{BlobSink, Sink, SinkError};
use wasm_export::rows::Problem;
use wasm_export::session_request::{file_name, session_file_name};

use super::save;
use crate::client;
use crate::laid_out::lay_out;

pub struct DownloadedFile {
    pub file_name: String,
    pub bytes: u64,
}

/// A file that gets its name once all of it has arrived.
pub(super) struct PendingFile {
    sink: Sink,
    bytes: u64,
}

/// Saves a stored request once all of it has been read.
///
/// # Errors
/// The server answers with a problem; the stored text is not JSON (`not_json`, with line and column); the
/// browser cannot store the file (`not_written`).
pub async fn download_session_request(
    session: &str,
    sequence: u64,
    shows_secrets: bool,
) -> Result<DownloadedFile, Problem> {
    let answer = client::session_request(session, sequence, None, shows_secrets).await?;
    let mut file = PendingFile::new();
    lay_out(answer, async |text: &[u8]| file.write(text).await).await?;
    file.save(file_name(session, Some(sequence))).await
}

/// Saves all stored requests of a session, one a line, once all have arrived.
///
/// # Errors
/// The server answers with a problem or breaks the answer off; the browser cannot store the file (`not_written`).
pub async fn download_session(session: &str, shows_secrets: bool) -> Result<DownloadedFile, Problem> {
    let answer = client::session_export(session, shows_secrets).await?;
    let mut pieces = answer.pieces()?;
    let mut file = PendingFile::new();
    while let Some(piece) = pieces.next().await? {
        file.write(&piece).await?;
    }
    file.save(session_file_name(session)).await
}

impl PendingFile {
    pub(super) fn new() -> Self {
        Self {
            sink: Sink::Blob(BlobSink::default()),
            bytes: 0,
        }
    }

    /// The page stays responsive, because the sink waits for the browser after every few megabytes.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.bytes += bytes.len() as u64;
        self.sink.write(bytes).await.map_err(not_kept)
    }

    pub(super) async fn save(self, file_name: String) -> Result<DownloadedFile, Problem> {
        let Self { sink, bytes } = self;
        let file = sink.finish(bytes).await.map_err(not_kept)?;
        save::download(&JsValue::from(file), &file_name).map_err(|error| not_kept(error.into()))?;
        Ok(DownloadedFile { file_name, bytes })
    }
}

fn not_kept(error: SinkError) -> Problem {
    Problem {
        title: "The browser could not save the file".to_owned(),
        detail: format!("The browser reports: {error}."),
        code: "not_written".to_owned(),
        ..Problem::default()
    }
}
