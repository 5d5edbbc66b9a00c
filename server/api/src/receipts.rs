//! Receipts of background exports: signed records of who took what.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::datasets::RowsRequest;

crate::examples! {
    SignedReceipt = "signed_receipt",
}

/// The version of receipts that Decant writes.
pub const VERSION: u8 = 1;

/// The person who exported, the rows they asked for, and the file. The members and their order belong to the signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Receipt {
    /// [`VERSION`]; a checker refuses others.
    pub version: u8,
    /// The id of the export.
    pub export: String,
    /// The dataset or the bundle.
    pub dataset: String,
    pub format: String,
    pub file_name: String,
    /// The name of the person who asked for it.
    pub caller: String,
    /// The id of this person, such as `hub:7`.
    pub subject: String,
    /// The workspace with the rows, if they are of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The filters and the columns of the request.
    pub selection: RowsRequest,
    pub rows: u64,
    /// Size of the file as it is downloaded.
    pub bytes: u64,
    /// SHA-256 of the file as it is downloaded, in hexadecimal digits.
    pub sha256: String,
    /// The time whose rows the file has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot_at: Option<Timestamp>,
    pub completed_at: Timestamp,
    /// The version of Decant.
    pub decant: String,
}

/// A receipt with its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SignedReceipt {
    pub receipt: Receipt,
    /// Ed25519 (RFC 8032), as base64: of the text `decant receipt 1`, a line end, and the receipt as JSON without spaces.
    pub signature: String,
}
