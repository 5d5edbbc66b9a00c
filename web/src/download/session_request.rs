//! A stored request of a session as a file, pretty-printed while it arrives.

use wasm_bindgen::JsValue;
use wasm_export::browser::sink::{BlobSink, Sink, SinkError};
use wasm_export::json::JsonError;
use wasm_export::pretty::Pretty;
use wasm_export::rows::Problem;
use wasm_export::session_request::file_name;

use super::save;
use crate::client;

pub struct DownloadedFile {
    pub file_name: String,
    pub bytes: u64,
}

/// Saves a stored request once all of it has been read.
///
/// # Errors
/// The server answers with a problem; the stored text is not JSON (`not_json`, with line and column); the
/// browser cannot store the file (`not_written`).
pub async fn download_session_request(session: &str, sequence: u64) -> Result<DownloadedFile, Problem> {
    let mut pieces = client::session_request(session, sequence).await?.pieces()?;
    let mut pretty = Pretty::new();
    // The page stays responsive, because the sink waits for the browser after every few megabytes.
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
        title: "The stored request is not JSON".to_owned(),
        detail: format!("In the stored document: {error}."),
        code: "not_json".to_owned(),
        ..Problem::default()
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
