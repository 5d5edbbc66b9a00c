//! What the page and the export worker say to each other.
//!
//! A message is an array of two: its JSON text, and what JSON cannot carry: the file.
//! The worker speaks first ([`FromWorker::Ready`]); a message sent to it before could be lost.
//!
//! A worker without the feature `dumps` neither understands nor says what concerns dumps: it carries no code for it.

use js_sys::{Array, JsString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};

use super::contents::DumpContents;
use crate::options::Options;
use crate::rows::Problem;

/// What a page says to the worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToWorker {
    /// Begin. The file picked by the user, if any, is attached.
    Start(Start),
    /// Begin to fetch a dump of the database. The file picked by the user, if any, is attached.
    #[cfg_attr(not(feature = "dumps"), serde(skip_deserializing))]
    Dump(StartDump),
    /// Look into a dump that the user has chosen: a `File`, attached.
    #[cfg_attr(not(feature = "dumps"), serde(skip_deserializing))]
    ReadDump,
    /// Go on after a failure, where the last whole row ended.
    Resume,
    /// Stop, and leave nothing behind. The worker ends.
    Cancel,
}

/// An export to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start {
    /// Where its raw rows are: `/api/datasets/usage-logs/rows?…`.
    pub url: String,
    /// The same rows, where the browser has kept them: then the server is not asked. The columns of the file are then
    /// those of the options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<CachedRows>,
    /// What the file is to be like.
    pub options: Options,
    /// What the file is to be called.
    pub file_name: String,
    /// Where the file is to go.
    pub destination: Destination,
}

/// A dump to fetch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StartDump {
    /// Where it is: `/api/admin/database/export?…`.
    pub url: String,
    /// Where the file is to go. Among the downloads it has the name that the server gives it.
    pub destination: Destination,
}

/// Raw rows that the browser keeps after an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedRows {
    /// The name of their file in the browser's folder of exports.
    pub file: String,
    /// How many bytes their streams have, one after the other: an export that was resumed had several.
    pub streams_bytes: Vec<u64>,
    /// The columns that files of them can have.
    pub columns: Vec<String>,
}

/// Where a file is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// Kept by the browser until it is whole, then handed to the page, which downloads it.
    Downloads,
    /// Into the file that the user picked and that is attached to the message: a `FileSystemFileHandle`.
    PickedFile,
}

/// What the worker says to its page.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromWorker {
    /// The worker listens.
    Ready,
    /// So far all is well. About ten times a second.
    Progress(Progress),
    /// The file is whole. It is attached, unless it was written into a picked file.
    Finished(Finished),
    /// So much of the dump has come. About ten times a second.
    #[cfg_attr(not(feature = "dumps"), serde(skip_serializing))]
    Dumping {
        /// Bytes of the file.
        bytes: u64,
    },
    /// The dump is whole. It is attached, unless it was written into a picked file.
    #[cfg_attr(not(feature = "dumps"), serde(skip_serializing))]
    Dumped(Dumped),
    /// So much of the chosen dump has been read. About ten times a second.
    #[cfg_attr(not(feature = "dumps"), serde(skip_serializing))]
    Reading {
        /// Bytes of the file.
        bytes: u64,
    },
    /// The chosen dump is whole, and this is in it.
    #[cfg_attr(not(feature = "dumps"), serde(skip_serializing))]
    Read(DumpContents),
    /// The export or the dump stopped, or the chosen file is no whole dump.
    Failed(Failed),
}

/// How far an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Rows in the file.
    pub rows: u64,
    /// Bytes of raw rows read, after the browser unpacked them.
    pub raw_bytes: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// The database's guess of how many rows there will be.
    pub estimated_rows: Option<u64>,
}

/// A whole file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// What the file is called; a picked file has the name that the user gave it.
    pub file_name: String,
    /// Rows in the file.
    pub rows: u64,
    /// Bytes of raw rows read.
    pub raw_bytes: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// When the database began to read the rows (RFC 3339, UTC).
    pub as_of: String,
    /// The rows, where the browser keeps them: those that the file was made of, or those just fetched.
    pub kept: Option<CachedRows>,
}

/// A whole dump: every table that it promises has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dumped {
    /// What the file is called; a picked file has the name that the user gave it.
    pub file_name: String,
    /// Bytes of the file.
    pub bytes: u64,
    /// How many tables are in it.
    pub tables: u64,
}

/// Why an export or a dump stopped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failed {
    /// What went wrong, in words for the user.
    pub problem: Problem,
    /// Rows that are safe: a resumed export goes on after them. A dump has none.
    pub rows: u64,
    /// Whether [`ToWorker::Resume`] may help. If not, the worker has cleaned up and ended.
    pub resumable: bool,
}

/// A message was not one of ours.
#[derive(Debug, thiserror::Error)]
#[error("the message between page and export worker cannot be read: {0}")]
pub struct MessageError(String);

/// A message as `postMessage` takes it.
///
/// # Panics
/// Never: every message is made of strings, numbers and names.
#[must_use]
pub fn encode(message: &impl Serialize, attachment: Option<&JsValue>) -> JsValue {
    let text = serde_json::to_string(message).expect("a message is made of strings, numbers and names");
    Array::of2(&JsValue::from_str(&text), attachment.unwrap_or(&JsValue::NULL)).into()
}

/// Reads the `data` of a message event: the message, and what is attached.
///
/// # Errors
/// The message is not of this protocol: page and worker are of different versions.
pub fn decode<M: DeserializeOwned>(data: &JsValue) -> Result<(M, Option<JsValue>), MessageError> {
    let parts = data
        .dyn_ref::<Array>()
        .ok_or_else(|| MessageError(format!("{data:?}")))?;
    let text = parts
        .get(0)
        .dyn_into::<JsString>()
        .map_err(|other| MessageError(format!("{other:?}")))?;
    let message =
        serde_json::from_str(&String::from(text)).map_err(|error| MessageError(error.to_string()))?;
    let attachment = Some(parts.get(1)).filter(|attachment| !attachment.is_null());
    Ok((message, attachment))
}
