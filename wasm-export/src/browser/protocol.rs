//! Messages between the page and the export worker.
//!
//! A message is an array of two: its JSON text, and a file, which JSON cannot carry. The worker sends the first
//! message ([`FromWorker::Ready`]), because a message before it could be lost.
//!
//! A worker without the feature `dumps` has no code for dumps, and neither reads nor sends their messages. The same holds for
//! the feature `bundles`.

use js_sys::{Array, JsString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};

use super::contents::DumpContents;
use crate::bundle::Contents;
use crate::options::Options;
use crate::rows::Problem;

/// A message from the page to the worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToWorker {
    /// Begin. The file that the user picked, if any, is attached.
    Start(Start),
    /// Begin the file of a bundle. The file that the user picked, if any, is attached.
    #[cfg_attr(not(feature = "bundles"), serde(skip_deserializing))]
    Bundle(StartBundle),
    /// Begin to fetch a dump of the database. The file that the user picked, if any, is attached.
    #[cfg_attr(not(feature = "dumps"), serde(skip_deserializing))]
    Dump(StartDump),
    /// Read the dump that the user has chosen, an attached `File`.
    #[cfg_attr(not(feature = "dumps"), serde(skip_deserializing))]
    ReadDump,
    /// Continue after a failure, behind the last whole row. A bundle begins again, because its snapshot has ended.
    Resume,
    /// Stop, and remove all files. The worker ends.
    Cancel,
}

/// An export to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start {
    /// The address of its raw rows: `/api/datasets/usage-logs/rows?…`.
    pub url: String,
    /// The selection as a JSON object, if it is too long for the address. It is sent with POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The same rows in the browser's cache. Then the worker asks no server, and the options name the columns of the
    /// file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<CachedRows>,
    /// The options of the file.
    pub options: Options,
    /// The name of the file.
    pub file_name: String,
    /// The destination of the file.
    pub destination: Destination,
}

/// The file of a bundle to make.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StartBundle {
    /// The address of its parts: `/api/bundles/user-data/rows?…`.
    pub url: String,
    /// The contents of the file, beside its rows.
    pub contents: Contents,
    /// The options of the file.
    pub options: Options,
    /// The name of the file.
    pub file_name: String,
    /// The destination of the file.
    pub destination: Destination,
}

/// A dump to fetch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StartDump {
    /// Its address: `/api/admin/database/export?…`.
    pub url: String,
    /// The destination of the file. A download has the name from the server's answer.
    pub destination: Destination,
}

/// Raw rows in the browser's cache after an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachedRows {
    /// The name of their file in the browser's folder of exports.
    pub file: String,
    /// The lengths in bytes of their streams, one behind the other. An export that was resumed has several streams.
    pub streams_bytes: Vec<u64>,
    /// The columns that files of these rows can have.
    pub columns: Vec<String>,
}

/// The destination of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// The browser keeps the file until it is whole, and then the page downloads it.
    Downloads,
    /// The file that the user picked, a `FileSystemFileHandle` that is attached to the message.
    PickedFile,
}

/// A message from the worker to its page.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromWorker {
    /// The worker is ready for messages.
    Ready,
    /// Progress of the export, about ten times a second.
    Progress(Progress),
    /// The file is whole. It is attached, unless it was written to a picked file.
    Finished(Finished),
    /// Progress of the dump, about ten times a second.
    #[cfg_attr(not(feature = "dumps"), serde(skip_serializing))]
    Dumping {
        /// Bytes of the file so far.
        bytes: u64,
    },
    /// The dump is whole. It is attached, unless it was written to a picked file.
    #[cfg_attr(not(feature = "dumps"), serde(skip_serializing))]
    Dumped(Dumped),
    /// Progress of reading the chosen dump, about ten times a second.
    #[cfg_attr(not(feature = "dumps"), serde(skip_serializing))]
    Reading {
        /// Bytes that have been read.
        bytes: u64,
    },
    /// The chosen dump is whole, and has these contents.
    #[cfg_attr(not(feature = "dumps"), serde(skip_serializing))]
    Read(DumpContents),
    /// The export or the dump stopped, or the chosen file is not a whole dump.
    Failed(Failed),
}

/// Progress of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Number of rows in the file.
    pub rows: u64,
    /// Bytes of raw rows that have been read, after the browser decompressed them.
    pub raw_bytes: u64,
    /// Length of the file in bytes.
    pub file_bytes: u64,
    /// The planner's estimate of the number of rows.
    pub estimated_rows: Option<u64>,
    /// The position of the part that is being read, from 0. `None` for a file of one dataset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<usize>,
}

/// The report of a whole file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// The name of the file. A picked file has the name that the user gave it.
    pub file_name: String,
    /// Number of rows in the file.
    pub rows: u64,
    /// Bytes of raw rows that were read.
    pub raw_bytes: u64,
    /// Length of the file in bytes.
    pub file_bytes: u64,
    /// When the database began to read the rows (RFC 3339, UTC).
    pub as_of: String,
    /// The rows in the browser's cache: those that the file was made from, or those that were just fetched.
    pub kept: Option<CachedRows>,
}

/// The report of a whole dump, in which the data of every table has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dumped {
    /// The name of the file. A picked file has the name that the user gave it.
    pub file_name: String,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Number of tables in the dump.
    pub tables: u64,
}

/// Why an export or a dump stopped.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failed {
    /// The reason, as a text for the user.
    pub problem: Problem,
    /// Number of rows behind which a resumed export continues. A dump and a bundle have none.
    pub rows: u64,
    /// Whether [`ToWorker::Resume`] may help. If it cannot, the worker has removed its files and ended.
    pub resumable: bool,
}

/// The error for a message that is not part of this protocol.
#[derive(Debug, thiserror::Error)]
#[error("the message between page and export worker cannot be read: {0}")]
pub struct MessageError(String);

/// Returns a message in the form that `postMessage` takes.
///
/// # Panics
/// Never, because every message consists of strings, numbers and names.
pub fn encode(message: &impl Serialize, attachment: Option<&JsValue>) -> JsValue {
    let text = serde_json::to_string(message).expect("a message is made of strings, numbers and names");
    Array::of2(&JsValue::from_str(&text), attachment.unwrap_or(&JsValue::NULL)).into()
}

/// Reads the `data` of a message event. Returns the message and its attachment.
///
/// # Errors
/// When the message is not part of this protocol, because page and worker are of different versions.
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
