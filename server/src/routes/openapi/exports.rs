//! The operations on background exports.

use api::exports::{
    BulkAnswer, BulkRequest, ExportAnswer, ExportEvent, ExportLimits, ExportList, ExportRequest,
    ExportStatus, ExportStatusAnswer, ExportType,
};
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::Type;
use wasm_export::options::Format;

use super::entry::{EntryBuilder, delete, get, post};
use super::parameters as p;

pub const EXPORTS: &str = "Exports";

const ID: &str = "0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e";

/// The problems of an operation on one export.
const OF_ONE: &[u16] = &[404];

fn id() -> Parameter {
    p::path("id", "The export's id.", ID)
}

pub(super) fn idempotency_key() -> Parameter {
    p::parameter(
        ParameterIn::Header,
        "Idempotency-Key",
        "1 to 255 printable characters of ASCII. The same key with the same request gets the same answer for 24 hours, and creates \
         nothing.",
    )
    .schema(Some(p::of_type(Type::String).build()))
    .example(Some("d1c3a9c0-6b1f-4a55-9d0e-3f4f4a3b8a11".into()))
    .build()
}

pub(super) fn number(name: &str, description: &str, default: u32, min: u32, max: Option<u32>) -> Parameter {
    let schema = p::of_type(Type::Integer)
        .minimum(Some(min))
        .maximum(max)
        .default(Some(json!(default)));
    p::query(name, description).schema(Some(schema.build())).build()
}

pub(super) fn one_of(name: &str, description: &str, words: Vec<&str>) -> Parameter {
    let schema = p::of_type(Type::String).enum_values(Some(words));
    p::query(name, description).schema(Some(schema.build())).build()
}

fn of_list() -> Vec<Parameter> {
    let mut statuses = ExportStatus::ALL.map(ExportStatus::word).to_vec();
    statuses.push("pending");
    let all = p::of_type(Type::Boolean).default(Some(json!(false)));
    vec![
        one_of(
            "status",
            "Only exports in this state; `pending` is `queued`.",
            statuses,
        ),
        one_of("format", "Only files of this format.", Format::WORDS.to_vec()),
        one_of(
            "export_type",
            "Only exports of this kind.",
            ExportType::ALL.map(ExportType::word).to_vec(),
        ),
        p::text("dataset", "Only exports of this dataset or bundle.", "usage-logs"),
        p::text(
            "workspace",
            "Only exports of this workspace; its administrators see those of all members.",
            ID,
        ),
        p::query("include_all", "The exports of everybody. Administrators only.")
            .schema(Some(all.build()))
            .build(),
        p::text(
            "q",
            "Only exports with this text in the name of the file or the dataset.",
            "usage",
        ),
        number("limit", "At most this many exports.", 10, 1, Some(100)),
        number("offset", "Leave out this many of the newest exports.", 0, 0, None),
    ]
}

pub fn operations() -> Vec<EntryBuilder> {
    vec![
        get("/api/exports", "listExports", "List background exports")
            .tag(EXPORTS)
            .parameters(of_list())
            .answer::<ExportList>("A page of exports, the newest first.")
            .problems(&[400]),
        post("/api/exports", "createExport", "Make a file in the background")
            .tag(EXPORTS)
            .description(
                "The file has the bytes of a direct export of the same rows. It is made with the rights that the caller has when it \
                 runs, and stored. A template gives the values of members that are left out. `delivery` sends the file by e-mail and \
                 tells a webhook, once it is complete. The member `encryption` of a later version is refused with `not_supported`, and \
                 so is `recurrence`, which `POST /api/exports/schedule` takes.",
            )
            .parameters([idempotency_key()])
            .request::<ExportRequest>()
            .accepted::<ExportAnswer>("The export waits for a worker.")
            .header("location", "The address of the export.", "/api/exports/0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e")
            .header("ratelimit", "What remains of the caller's hour.", "limit=10, remaining=9, reset=3600")
            .header("idempotency-replayed", "`true` for the answer of an earlier request.", "true")
            .problems(&[400, 404, 413, 422]),
        get("/api/exports/limits", "getExportLimits", "Show what the caller may still do")
            .tag(EXPORTS)
            .description("With `workspace`: the space of its files and its running exports, which its members share.")
            .parameters([p::text("workspace", "The id of a workspace of the caller.", ID)])
            .answer::<ExportLimits>("The limits, and what is used of them.")
            .problems(&[400]),
        post("/api/exports/bulk-enqueue", "createExports", "Make many files in the background")
            .tag(EXPORTS)
            .description(
                "From 1 to 10,000 exports, of which those that can be made are created together. The body has at most 8 MiB and a million \
                 values. Administrators only.",
            )
            .parameters([idempotency_key()])
            .request::<BulkRequest>()
            .accepted::<BulkAnswer>("What became of each.")
            .header("idempotency-replayed", "`true` for the answer of an earlier request.", "true")
            .problems(&[400, 413, 422]),
        get("/api/exports/{id}", "getExport", "Show an export")
            .tag(EXPORTS)
            .parameters([id()])
            .answer::<ExportAnswer>("The export.")
            .problems(OF_ONE),
        delete("/api/exports/{id}", "deleteExport", "Delete an export and its file")
            .tag(EXPORTS)
            .parameters([id()])
            .empty(204, "The export is deleted. One that waited is never made.")
            .problems(&[404, 409]),
        get("/api/exports/{id}/status", "getExportStatus", "Show an export with its messages")
            .tag(EXPORTS)
            .parameters([id(), number("logs", "At most this many messages.", 10, 0, Some(1000))])
            .answer::<ExportStatusAnswer>("The export, and what happened to it.")
            .problems(&[400, 404]),
        get("/api/exports/{id}/events", "followExport", "Follow an export")
            .tag(EXPORTS)
            .parameters([id()])
            .events::<ExportEvent>("Its progress. The last event is `complete`, `error` or `cancelled`.")
            .problems(OF_ONE),
        post("/api/exports/{id}/cancel", "cancelExport", "Cancel an export")
            .tag(EXPORTS)
            .parameters([id()])
            .answer::<ExportAnswer>(
                "The export. A worker that does not stop within two seconds stops soon; the export is still `processing` then.",
            )
            .problems(&[404, 409]),
        post("/api/exports/{id}/retry", "retryExport", "Make an export again")
            .tag(EXPORTS)
            .description(
                "A new export with the rows and the options of one that is over, and with a file name of now. It belongs to the same person.",
            )
            .parameters([id(), idempotency_key()])
            .accepted::<ExportAnswer>("The new export.")
            .header("location", "The address of the new export.", "/api/exports/0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e")
            .problems(&[400, 404, 409, 413, 422]),
    ]
}
