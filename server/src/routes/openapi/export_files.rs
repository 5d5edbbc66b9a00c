//! The operations on files of background exports.

use api::export_files::{ExportCleanup, ExportCleanupRequest, ExportLink, ExportVerification, MadeLinks};
use api::receipts::SignedReceipt;
use wasm_export::options::Format;

use super::entry::{EntryBuilder, delete, get, post};
use super::exports::EXPORTS;
use super::parameters as p;

/// A public key, as an example.
const RECEIPT_KEY: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";

/// The media types of packed and encrypted files.
const PACKED: [&str; 4] = [
    "application/gzip",
    "application/zstd",
    "application/zip",
    "application/octet-stream",
];

pub fn operations() -> Vec<EntryBuilder> {
    vec![
        file(
            get("/api/exports/{id}/download", "downloadExport", "Download the file of an export"),
            "Takes `Range` with `If-Range`, and `If-None-Match`. Several ranges are answered with the whole file, and so is a range of a \
             file that Decant decrypts. 425 tells that the export is not ready, 410 that its file was removed, 409 that it was \
             cancelled, and 500 that it has failed.",
        )
        .tag(EXPORTS)
        .parameters([p::export(), p::disposition()])
        .problems(&[400, 404, 409, 410, 416, 425, 500]),
        get("/api/exports/{id}/link", "linkExport", "Make a link to the file of an export")
            .tag(EXPORTS)
            .description(
                "The link needs no other credential. It ends with the file, and when the one who made it may not download the file any \
                 more. With DECANT_STORAGE_LINKS=direct it may lead to the bucket, which cannot withdraw it.",
            )
            .parameters([vec![p::export()], p::new_link().into()].concat())
            .answer::<ExportLink>("The link.")
            .problems(&[400, 404, 409, 410, 425, 500]),
        get("/api/exports/{id}/links", "listExportLinks", "List the links that were made to the file of an export")
            .tag(EXPORTS)
            .parameters([p::export()])
            .answer::<MadeLinks>("The links, without their addresses.")
            .problems(&[404]),
        delete("/api/exports/{id}/links/{link}", "revokeExportLink", "Withdraw a link")
            .tag(EXPORTS)
            .parameters([p::export(), p::link()])
            .empty(204, "The link gives no file any more.")
            .problems(&[404]),
        get("/api/exports/{id}/receipt", "getExportReceipt", "Get the signed receipt of an export")
            .tag(EXPORTS)
            .description(
                "Who took what: the person, the filters, the columns, the rows, and the size and the SHA-256 of the file. It is kept as long \
                 as the record, also after the file was removed. `decant verify FILE --receipt RECEIPT --receipt-key KEY` checks a file \
                 with it.",
            )
            .parameters([p::export()])
            .answer::<SignedReceipt>("The receipt.")
            .problems(&[404, 409, 410, 425, 500]),
        get(
            "/.well-known/decant-receipt-key",
            "getReceiptKey",
            "Get the public key of receipts",
        )
        .tag(EXPORTS)
        .public()
        .text("application/x-pem-file", "The key of Ed25519 as PEM.", RECEIPT_KEY),
        post("/api/exports/{id}/verify", "verifyExport", "Check the stored file of an export")
            .tag(EXPORTS)
            .description(
                "Reads the file once and compares its size, SHA-256, format and number of rows with the record. A file that fails the \
                 check is answered with 200 as well. The report is kept with the export.",
            )
            .parameters([p::export()])
            .answer::<ExportVerification>("The report.")
            .problems(&[404, 409, 410, 425, 500]),
        post("/api/exports/cleanup", "cleanUpExports", "Remove files whose time is over")
            .tag(EXPORTS)
            .description(
                "Removes files of exports that are over, files without an export and unfinished uploads, and marks exports without \
                 their file as failed. It also runs at EXPORT_CLEANUP_AT. Administrators only.",
            )
            .optional_request::<ExportCleanupRequest>()
            .answer::<ExportCleanup>("What was removed, or what a dry run would remove.")
            .problems(&[400, 409]),
        file(
            get("/d/{link}/{name}", "followExportLink", "Download the file of a link"),
            "The address of a link that `/api/exports/{id}/link` has made. 410 tells that it has expired, was used or was withdrawn. A \
             link that is good once has no parts.",
        )
        .tag(EXPORTS)
        .public()
        .parameters(p::link_address())
        .problems(&[400, 403, 404, 409, 410, 416, 425, 429, 500, 502, 503]),
    ]
}

/// Adds the answers with a file, or a part of it.
pub(super) fn file(entry: EntryBuilder, description: &str) -> EntryBuilder {
    let of_formats = Format::ALL.iter().map(|format| format.media_type());
    let media_types = of_formats
        .chain(PACKED)
        .map(|name| name.split(';').next().unwrap_or(name));
    media_types
        .fold(entry.description(description), |entry, media_type| {
            entry
                .bytes(media_type, "The file.")
                .part(media_type, "The part of the file that `Range` names.")
        })
        .header("etag", "The SHA-256 of the file.", "\"9f86d081…\"")
        .header(
            "repr-digest",
            "The same in base64 (RFC 9530).",
            "sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:",
        )
        .empty(304, "The client has the file.")
}
