//! A session's stored request as a file: laid out here while its bytes come.

use wasm_bindgen::JsValue;
use wasm_export::browser::sink::{BlobSink, Sink, SinkError};
use wasm_export::json::JsonError;
use wasm_export::pretty::Pretty;
use wasm_export::rows::Problem;
use wasm_export::session_request::file_name;

use super::save;
use crate::client;

/// A file that was handed to the browser's downloads.
pub struct DownloadedFile {
    /// What it is called.
    pub file_name: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Lays out a stored request and downloads it, if it is whole.
///
/// # Errors
/// As the server says; or what is stored is not JSON, which is said by line and column; or the browser cannot keep the
/// file.
pub async fn download_session_request(session: &str, sequence: u64) -> Result<DownloadedFile, Problem> {
    let mut pieces = client::session_request(session, sequence).await?.pieces()?;
    let mut pretty = Pretty::new();
    // The page goes on to work: the sink waits for the browser after every few megabytes.
    let mut sink = Sink::Blob(BlobSink::default());
    let mut out = Vec::new();
    let mut bytes = 0;
    while let Some(piece) = pieces.next().await? {
        pretty.push(&piece, &mut out).map_err(not_json)?;
        sink.write(&out).await.map_err(not_kept)?;
        bytes += out.len() as u64;
        out.clear();
    }
    pretty.finish(&mut out).map_err(not_json)?;
    sink.write(&out).await.map_err(not_kept)?;
    bytes += out.len() as u64;
    let file = sink.finish(bytes).await.map_err(not_kept)?;
    let file_name = file_name(session, Some(sequence));
    save::download(&JsValue::from(file), &file_name).map_err(|error| not_kept(error.into()))?;
    Ok(DownloadedFile { file_name, bytes })
}

fn not_json(error: JsonError) -> Problem {
    Problem {
        title: "What is stored is not JSON".to_owned(),
        detail: format!("In the document as it is stored, {error}."),
        code: "not_json".to_owned(),
        ..Problem::default()
    }
}

fn not_kept(error: SinkError) -> Problem {
    Problem {
        title: "The browser could not keep the file".to_owned(),
        detail: format!("In its words: {error}."),
        code: "not_written".to_owned(),
        ..Problem::default()
    }
}
