//! The operations on exports of people, conversations and workspaces.

use api::conversation_exports::{
    ConversationExportHistory, ConversationExportRequest, ConversationExportStatus,
    FinishedConversationExport, QueuedConversationExport,
};
use api::data_exports::{DataExportAnswer, DataExportRequest, ExportStatistics};
use api::exports::{ExportEvent, ExportStatus};
use api::workspace_exports::{
    ExportJob, ResourceType, WorkspaceExportAnswer, WorkspaceExportList, WorkspaceExportRequest,
    WorkspaceFiles, WorkspaceStorage,
};
use serde_json::json;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::Type;
use wasm_export::options::Format;

use super::entry::{EntryBuilder, delete, get, post};
use super::export_files::file;
use super::exports::{EXPORTS, idempotency_key, number, one_of};
use super::parameters as p;
use crate::exports::analytics::DAYS_KEPT;
use crate::routes::exports::statistics::DAYS_SHOWN;

const CONVERSATIONS: &str = "Exports of conversations";
const WORKSPACES: &str = "Exports of workspaces";

/// The problems of an operation on one export.
const OF_ONE: &[u16] = &[404];

/// The problems of an operation that creates an export.
const OF_NEW: &[u16] = &[400, 404, 413, 422, 500];

const OF_FILE: &[u16] = &[400, 404, 409, 410, 416, 425, 500];

pub fn operations() -> Vec<EntryBuilder> {
    let groups = [data(), conversations(), workspaces()];
    groups.into_iter().flatten().collect()
}

fn data() -> Vec<EntryBuilder> {
    let all = p::of_type(Type::Boolean).default(Some(json!(false)));
    vec![
        post(
            "/api/exports/user",
            "exportUserData",
            "Make a file of everything about one person",
        )
        .tag(EXPORTS)
        .description("The bundle `user-data` of the caller, or of the person whom an administrator names.")
        .parameters([idempotency_key()])
        .request::<DataExportRequest>()
        .accepted::<DataExportAnswer>("The export waits for a worker.")
        .problems(&[400, 404, 413, 422]),
        post("/api/exports/bulk", "exportBulkData", "Make a file of all users")
            .tag(EXPORTS)
            .description("The bundle `bulk-data`. Administrators only.")
            .parameters([idempotency_key()])
            .request_like::<DataExportRequest>(json!({ "format": "json" }))
            .accepted::<DataExportAnswer>("The export waits for a worker.")
            .problems(&[400, 404, 413, 422]),
        get(
            "/api/exports/stats",
            "getExportStatistics",
            "Show the figures of exports",
        )
        .tag(EXPORTS)
        .parameters([
            p::query("include_system", "Also those of everybody. Administrators only.")
                .schema(Some(all.build()))
                .build(),
            number(
                "days",
                "The last days of the figures by day and of everybody.",
                DAYS_SHOWN.into(),
                1,
                Some(DAYS_KEPT.into()),
            ),
        ])
        .answer::<ExportStatistics>("The figures of the caller's exports, and of everybody's.")
        .problems(&[400]),
    ]
}

fn conversations() -> Vec<EntryBuilder> {
    let history = || {
        vec![
            one_of("format", "Only files of this format.", Format::WORDS.to_vec()),
            of_status(),
            number("page", "The page, from 1.", 1, 1, None),
            number("limit", "At most this many exports.", 25, 1, Some(100)),
        ]
    };
    vec![
        post("/api/export/conversations", "exportConversations", "Export conversations")
            .tag(CONVERSATIONS)
            .description(
                "Fewer than 500 conversations (DECANT_CONVERSATION_THRESHOLD) are answered with the finished file, unless that takes \
                 more than 30 seconds.",
            )
            .parameters([idempotency_key()])
            .request::<ConversationExportRequest>()
            .created::<FinishedConversationExport>("The file is complete.")
            .accepted::<QueuedConversationExport>("The file is made in the background.")
            .problems(OF_NEW),
        post(
            "/api/export/conversations/{id}/re-export",
            "exportConversationsAgain",
            "Export conversations as before",
        )
        .tag(CONVERSATIONS)
        .description("Has the body of an earlier export.")
        .parameters([p::export(), idempotency_key()])
        .created::<FinishedConversationExport>("The file is complete.")
        .accepted::<QueuedConversationExport>("The file is made in the background.")
        .problems(OF_NEW),
        get("/api/export/status/{id}", "getConversationExport", "Show an export of conversations")
            .tag(CONVERSATIONS)
            .parameters([p::export()])
            .answer::<ConversationExportStatus>("How far it is.")
            .problems(OF_ONE),
        file(
            get(
                "/api/export/download/{id}",
                "downloadConversations",
                "Download the file of an export of conversations",
            ),
            "JSON lines come as `application/x-ndjson`.",
        )
        .bytes("application/x-ndjson", "The file.")
        .part("application/x-ndjson", "The part of the file that `Range` names.")
        .tag(CONVERSATIONS)
        .parameters([p::export()])
        .problems(OF_FILE),
        get("/api/export/history", "listConversationExports", "List the caller's exports of conversations")
            .tag(CONVERSATIONS)
            .parameters(history())
            .answer::<ConversationExportHistory>("A page of exports, the newest first.")
            .problems(&[400]),
    ]
}

fn workspaces() -> Vec<EntryBuilder> {
    let one = || [p::workspace_in_path(), job()];
    vec![
        post("/api/workspaces/{id}/exports", "exportWorkspace", "Export rows of a workspace")
            .tag(WORKSPACES)
            .description(
                "With `mode` `auto`, fewer than 5,000 rows are answered with the finished file, unless that takes more than 30 seconds.",
            )
            .parameters([p::workspace_in_path(), idempotency_key()])
            .request::<WorkspaceExportRequest>()
            .created::<WorkspaceExportAnswer>("The export is over.")
            .accepted::<WorkspaceExportAnswer>("The export waits for a worker.")
            .problems(OF_NEW),
        get("/api/workspaces/{id}/exports", "listWorkspaceExports", "List the exports of a workspace")
            .tag(WORKSPACES)
            .description("Members see their own, administrators of the workspace those of all.")
            .parameters([
                p::workspace_in_path(),
                of_status(),
                one_of(
                    "resourceType",
                    "Only files of these rows.",
                    ResourceType::ALL.map(ResourceType::word).to_vec(),
                ),
                number("limit", "At most this many exports.", 10, 1, Some(100)),
                number("offset", "Leave out this many of the newest exports.", 0, 0, None),
            ])
            .answer::<WorkspaceExportList>("A page of exports, the newest first.")
            .problems(&[400]),
        get("/api/workspaces/{id}/exports/{job}", "getWorkspaceExport", "Show an export of a workspace")
            .tag(WORKSPACES)
            .parameters(one())
            .answer::<ExportJob>("The export.")
            .problems(OF_ONE),
        file(
            get(
                "/api/workspaces/{id}/exports/{job}/download",
                "downloadWorkspaceExport",
                "Download the file of an export of a workspace",
            ),
            "As `/api/exports/{id}/download`.",
        )
        .tag(WORKSPACES)
        .parameters(one().into_iter().chain([p::disposition()]))
        .problems(OF_FILE),
        post(
            "/api/workspaces/{id}/exports/{job}/cancel",
            "cancelWorkspaceExport",
            "Cancel an export of a workspace",
        )
        .tag(WORKSPACES)
        .parameters(one())
        .answer::<api::exports::ExportAnswer>("The export.")
        .problems(&[404, 409]),
        get(
            "/api/workspaces/{id}/exports/{job}/events",
            "followWorkspaceExport",
            "Follow an export of a workspace",
        )
        .tag(WORKSPACES)
        .parameters(one())
        .events::<ExportEvent>("The progress, and at last the end.")
        .problems(OF_ONE),
        get("/api/workspaces/{id}/storage", "getWorkspaceStorage", "Show what the files of a workspace take")
            .tag(WORKSPACES)
            .parameters([p::workspace_in_path()])
            .answer::<WorkspaceStorage>("The stored files together."),
        get("/api/workspaces/{id}/files", "listWorkspaceFiles", "List the stored files of a workspace")
            .tag(WORKSPACES)
            .description("Administrators of the workspace only.")
            .parameters([
                p::workspace_in_path(),
                p::text("folder", "Only files in this folder [default: exports].", "exports"),
            ])
            .answer::<WorkspaceFiles>("The files.")
            .problems(&[400]),
        delete(
            "/api/workspaces/{id}/files/{key}",
            "deleteWorkspaceFile",
            "Delete a stored file of a workspace, and its export",
        )
        .tag(WORKSPACES)
        .description("Administrators of the workspace only.")
        .parameters([
            p::workspace_in_path(),
            p::path(
                "key",
                "The name in the storage, percent-encoded with its slashes.",
                "workspaces%2Facme%2Fexports%2F20260128T103000Z-0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e-1-alerts.csv",
            ),
        ])
        .empty(204, "File and export are deleted.")
        .problems(&[404, 409]),
    ]
}

fn job() -> Parameter {
    p::path(
        "job",
        "The export's id, as `/api/workspaces/{id}/exports` lists it.",
        "0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e",
    )
}

fn of_status() -> Parameter {
    let mut statuses = ExportStatus::ALL.map(ExportStatus::word).to_vec();
    statuses.push("pending");
    one_of(
        "status",
        "Only exports in this state; `pending` is `queued`.",
        statuses,
    )
}
