//! The operations, in the order of the list of routes.

use api::backups::{BackupOverview, BackupRequest, BackupRestoreRequest};
use api::bundles::Bundles;
use api::cleanup::{CleanupAnswer, CleanupEvent, CleanupRequest};
use api::database::DatabaseStatus;
use api::datasets::{Dataset, Datasets, FilterOptions, RowCount, RowsRequest, Summary};
use api::login::{Caller, EndSessions, SignIn};
use api::probes::{ProbeEndpoints, ProbeEvent};
use api::restore::{RestoreEvent, RestoreRequest, RollbackResult, SideDatabases};
use api::session_requests::{SessionRequest, SessionRequests};
use api::webhooks::{OldWebhooks, WebhookMigrationRequest, WebhookMigrationResult};
use api::workspaces::Workspaces;
use serde_json::json;
use utoipa::PartialSchema;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{RefOr, Schema, Tag};

use super::entry::{EntryBuilder, get, post};
use super::export_schedules::{self, SCHEDULES};
use super::exports::{self, EXPORTS};
use super::parameters as p;
use super::server::{self, SERVER};
use super::{export_faces, export_files, export_rights};

const LOGIN: &str = "Login";
const DATASETS: &str = "Datasets";
const BUNDLES: &str = "Bundles";
const PROBES: &str = "Probes";
const SESSION_REQUESTS: &str = "Session requests";
const DATABASE: &str = "Database";
const RESTORE: &str = "Restore";
const CLEANUP: &str = "Log clean-up";
const WEBHOOKS: &str = "Webhooks";
const BACKUPS: &str = "Backups";

/// The groups of operations.
pub fn tags() -> Vec<Tag> {
    [
        (
            LOGIN,
            "Sessions of the page. Other clients send a credential with each request.",
        ),
        (DATASETS, "Rows, as a stream or as a file."),
        (
            BUNDLES,
            "Several datasets of one snapshot, as a stream or as a file.",
        ),
        (
            EXPORTS,
            "Files that the server makes in the background, and stores. They need the state database.",
        ),
        (
            SCHEDULES,
            "Exports that the server makes again and again, or once at a later time.",
        ),
        (
            PROBES,
            "Probes of the hub's endpoints, as they happen. Administrators only.",
        ),
        (
            SESSION_REQUESTS,
            "What the hub stores of a session's requests. Administrators only.",
        ),
        (
            DATABASE,
            "Dumps, and the state of the database. Administrators only.",
        ),
        (
            RESTORE,
            "Restores, and the databases they leave. Administrators only.",
        ),
        (CLEANUP, "Old rows of the hub's log. Administrators only."),
        (
            WEBHOOKS,
            "A hub's webhooks, moved to its targets. Administrators only.",
        ),
        (BACKUPS, "Dumps in the storage. Administrators only."),
        (SERVER, "Health, and this document."),
    ]
    .map(|(name, description)| {
        TagBuilder::new()
            .name(name)
            .description(Some(description))
            .build()
    })
    .into()
}

const RAW_ROWS: &str = "A raw-row stream: a header line (`Header` as JSON), the rows as PostgreSQL's `COPY` writes them, \
     `\\~` lines while there are no rows, and as its last line `\\.` with `End` as JSON. A stream that fails ends with `\\!` \
     and `Problem` as JSON instead. Without the `\\.` line it is not complete.";

const RAW_ROWS_EXAMPLE: &str = "{\"decant\":1,\"dataset\":\"usage-logs\",\"title\":\"Usage logs\",\"columns\":[{\"name\":\
     \"model\",\"label\":\"Model\",\"kind\":\"text\",\"pg_type\":\"varchar\"}],\"order\":[\"model\"],\"as_of\":\
     \"2026-01-28T20:34:56Z\",\"zone\":\"UTC\",\"estimated_rows\":1}\ngpt-5.1-codex\n\\.{\"rows\":1,\"bytes\":14,\
     \"digest\":\"6f1c2c4b6d0f9a3e\",\"cursor\":\"Z3B0LTUuMS1jb2RleA\"}\n";

const BUNDLE_ROWS: &str = "Raw-row streams, one behind the other. The header of each names its `part`, and each ends with its \
     own `\\.` line. All are of one snapshot of the database. A stream that fails ends with `\\!` and `Problem` as JSON. Without \
     the `\\.` line of the last part it is not complete, and it cannot be resumed.";

const BUNDLE_ROWS_EXAMPLE: &str = "{\"decant\":1,\"part\":\"userData\",\"dataset\":\"profile\",\"title\":\"Profile\",\"columns\":[{\"name\":\
     \"user_id\",\"label\":\"User ID\",\"kind\":\"integer\",\"pg_type\":\"int4\"}],\"order\":[\"user_id\"],\"as_of\":\
     \"2026-01-28T20:34:56Z\",\"zone\":\"UTC\",\"estimated_rows\":1}\n7\n\\.{\"rows\":1,\"bytes\":2,\
     \"digest\":\"6f1c2c4b6d0f9a3e\",\"cursor\":\"Nw\"}\n";

const STORED_REQUEST: &str = "The request; its parts are JSON as the hub stored it, except masked secrets.";

const SESSION_EXPORT_EXAMPLE: &str = "{\"sequence\":1,\"missing\":[\"body\"]}\n{\"sessionId\":\"sess_4f9c\",\"sequence\":2,\
     \"meta\":{\"clientUrl\":\"/v1/messages\",\"upstreamUrl\":null,\"method\":\"POST\"},\"headers\":{\"x-api-key\":\"***\"},\
     \"body\":{\"model\":\"gpt-5.1-codex\"},\"specialSettings\":null}\n";

const RESTORE_EVENTS: &str = "The steps of the restore, and its result. After `error` the database is as it was, unless the message says otherwise.";

pub fn operations() -> Vec<EntryBuilder> {
    let mut operations = Vec::new();
    operations.extend(server::operations());
    operations.extend(login());
    operations.extend(datasets());
    operations.extend(bundles());
    operations.extend(exports::operations());
    operations.extend(probes());
    operations.extend(session_requests());
    operations.extend(database());
    operations.extend(restore());
    operations.extend(cleanup());
    operations.extend(webhooks());
    operations.extend(backups());
    operations.extend(export_files::operations());
    operations.extend(export_faces::operations());
    operations.extend(export_rights::operations());
    operations.extend(export_schedules::operations());
    operations
}

fn login() -> Vec<EntryBuilder> {
    vec![
        post("/api/login", "signIn", "Begin a session")
            .tag(LOGIN)
            .public()
            .request::<SignIn>()
            .answer::<Caller>("The caller; the answer sets the session cookie.")
            .header(
                "Set-Cookie",
                "The session.",
                "decant_session=…; HttpOnly; SameSite=Strict; Path=/; over TLS __Host-decant_session=…; Secure",
            )
            .problems(&[400, 401, 403, 429, 502, 503]),
        post("/api/logout", "signOut", "End the session")
            .tag(LOGIN)
            .empty(204, "The session has ended, and the answer removes its cookie.")
            .header(
                "Set-Cookie",
                "The removed session.",
                "decant_session=; Max-Age=0; Path=/",
            ),
        post("/api/admin/sessions/end", "endSessions", "End the sessions of a user, or of everybody")
            .tag(LOGIN)
            .description(
                "Administrators only. Keys and tokens stay as they are: who still has a right one may sign in again.",
            )
            .request::<EndSessions>()
            .empty(204, "All sessions that began before have ended.")
            .problems(&[400]),
        get("/api/me", "getCaller", "Get the current caller")
            .tag(LOGIN)
            .answer::<Caller>("The caller."),
    ]
}

fn datasets() -> Vec<EntryBuilder> {
    let files = [
        (
            "text/csv",
            "\u{feff}Time,Model\r\n2026-01-28T20:34:56.789Z,gpt-5.1-codex\r\n",
        ),
        (
            "application/json",
            "[{\"created_at\":\"2026-01-28T20:34:56.789Z\"}]",
        ),
        (
            "application/jsonl",
            "{\"created_at\":\"2026-01-28T20:34:56.789Z\"}\n",
        ),
        ("text/markdown", "| Model |\n| --- |\n| gpt-5.1-codex |\n"),
        ("text/html", "<!DOCTYPE html>…"),
        ("text/plain", "2026-01-28 20:34:56 ok 200 132 ms\n"),
        ("application/xml", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>…"),
    ];
    let binaries = [
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/gzip",
        "application/zstd",
        "application/zip",
    ];
    let export = get(
        "/api/datasets/{name}/export",
        "exportRows",
        "Export all rows as a file",
    )
    .tag(DATASETS)
    .description(
        "If the export fails part-way, the server breaks the connection instead of ending the answer.",
    )
    .parameters([vec![p::dataset(), p::workspace()], p::selection(1), p::file()].concat())
    .problems(&[400, 404, 412, 413]);
    let export = files.iter().fold(export, |export, (media_type, example)| {
        export.text(media_type, "The file.", example)
    });
    let export = binaries
        .iter()
        .fold(export, |export, media_type| export.bytes(media_type, "The file."));
    vec![
        get(
            "/api/workspaces",
            "listWorkspaces",
            "List the workspaces of the caller",
        )
        .tag(DATASETS)
        .description("An administrator is given all of them. The list is empty where the site has none.")
        .answer::<Workspaces>("The workspaces."),
        get(
            "/api/datasets",
            "listDatasets",
            "List the datasets that the caller may see",
        )
        .tag(DATASETS)
        .answer::<Datasets>("The datasets."),
        get("/api/datasets/{name}", "getDataset", "Get one dataset")
            .tag(DATASETS)
            .parameters([p::dataset()])
            .answer::<Dataset>("The dataset.")
            .problems(&[404]),
        get(
            "/api/datasets/{name}/count",
            "countRows",
            "Count the rows of a selection",
        )
        .tag(DATASETS)
        .parameters([vec![p::dataset(), p::workspace()], p::selection(1)].concat())
        .answer::<RowCount>("The exact number of rows.")
        .problems(&[400, 404]),
        get(
            "/api/datasets/{name}/summary",
            "summarizeRows",
            "Get the figures of a selection",
        )
        .tag(DATASETS)
        .description(
            "The figures are of all rows, so `limit` and `after` are refused. They are exact: a sum equals that of the file.",
        )
        .parameters([vec![p::dataset(), p::workspace()], p::selection_of_all()].concat())
        .answer::<Summary>("The figures.")
        .problems(&[400, 404]),
        get(
            "/api/datasets/{name}/options/{filter}",
            "listFilterOptions",
            "List the values of a filter",
        )
        .tag(DATASETS)
        .parameters([
            p::dataset(),
            p::path("filter", "The filter's name.", "model"),
            p::workspace(),
            p::options_search(),
        ])
        .answer::<FilterOptions>("Distinct values, at most 1,000, at most a minute old.")
        .problems(&[400, 404]),
        get("/api/datasets/{name}/page", "getPage", "Get a page of rows")
            .tag(DATASETS)
            .description("The page has 50 rows unless `limit` names another number, and 500 at most.")
            .parameters([vec![p::dataset(), p::workspace()], p::selection(1)].concat())
            .text("application/vnd.decant.rows", RAW_ROWS, RAW_ROWS_EXAMPLE)
            .problems(&[400, 404]),
        get("/api/datasets/{name}/rows", "streamRows", "Stream all rows")
            .tag(DATASETS)
            .parameters([vec![p::dataset(), p::workspace()], p::selection(0)].concat())
            .text("application/vnd.decant.rows", RAW_ROWS, RAW_ROWS_EXAMPLE)
            .problems(&[400, 404, 412, 413]),
        post(
            "/api/datasets/{name}/rows",
            "streamRowsOfBody",
            "Stream all rows of a selection in the body",
        )
        .tag(DATASETS)
        .description("For selections that an address cannot hold: a filter that takes several values takes 10,000 at most.")
        .parameters([p::dataset(), p::workspace()])
        .request::<RowsRequest>()
        .text("application/vnd.decant.rows", RAW_ROWS, RAW_ROWS_EXAMPLE)
        .problems(&[400, 404, 413]),
        export,
    ]
}

fn bundles() -> Vec<EntryBuilder> {
    let files = [
        (
            "application/json",
            "{\"exportMetadata\":{},\n\"userData\":null,\n\"totals\":{\"userData\":0}}\n",
        ),
        ("text/html", "<!DOCTYPE html>…"),
        ("application/xml", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>…"),
    ];
    let binaries = [
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/gzip",
        "application/zstd",
        "application/zip",
    ];
    let export = get("/api/bundles/{name}/export", "exportBundle", "Export a bundle as a file")
        .tag(BUNDLES)
        .description(
            "JSON has a member for each part, XML an element, XLSX a sheet, HTML a section. CSV is a zip archive of a file for \
             each part and `manifest.json`. If the export fails part-way, the server breaks the connection instead of ending \
             the answer.",
        )
        .parameters([vec![p::bundle()], p::of_bundle(), vec![p::inline()], p::file()].concat())
        .problems(&[400, 404, 412, 413]);
    let report = get("/api/workspaces/{id}/report", "getReport", "Get the report of a workspace")
        .tag(BUNDLES)
        .description(
            "The file of the bundle `brand-report`: an HTML page without scripts, or JSON or XLSX. Without `start` and `end` it has \
             the last 30 days, today included.",
        )
        .parameters([vec![p::workspace_in_path()], p::times_of_bundle(), vec![p::inline()], p::file()].concat())
        .problems(&[400, 404, 412, 413]);
    let with_answers = |entry: EntryBuilder| {
        let entry = files.iter().fold(entry, |entry, (media_type, example)| {
            entry.text(media_type, "The file.", example)
        });
        binaries
            .iter()
            .fold(entry, |entry, media_type| entry.bytes(media_type, "The file."))
    };
    vec![
        get(
            "/api/bundles",
            "listBundles",
            "List the bundles that the caller may see",
        )
        .tag(BUNDLES)
        .answer::<Bundles>("The bundles. One without a part in this database is left out."),
        get(
            "/api/bundles/{name}/rows",
            "streamBundle",
            "Stream the rows of all parts",
        )
        .tag(BUNDLES)
        .parameters([vec![p::bundle()], p::of_bundle()].concat())
        .text("application/vnd.decant.bundle", BUNDLE_ROWS, BUNDLE_ROWS_EXAMPLE)
        .problems(&[400, 404, 412, 413]),
        with_answers(export),
        with_answers(report),
    ]
}

fn probes() -> Vec<EntryBuilder> {
    vec![
        get(
            "/api/probes/endpoints",
            "listProbeEndpoints",
            "List the endpoints with their last 24 hours",
        )
        .tag(PROBES)
        .answer::<ProbeEndpoints>("The endpoints that the hub has not deleted.")
        .problems(&[404, 409]),
        get("/api/probes/stream", "streamProbes", "Stream probes as they happen")
            .tag(PROBES)
            .description(
                "First the last probes, the oldest first, then each new one within about a second. Each event has an `id`, and \
                 `Last-Event-ID` goes on after it; 1,000 probes at most are sent again. A row may be committed after rows with \
                 greater ids: it comes within ten seconds, and its event has the greatest id so far. `gap` names probes that \
                 were not sent. A comment comes at each heartbeat. The server ends the stream after 15 minutes, so that the \
                 client shows its credential again.",
            )
            .parameters(p::probes())
            .events::<ProbeEvent>("The probes.")
            .problems(&[400, 404, 409]),
    ]
}

fn session_requests() -> Vec<EntryBuilder> {
    vec![
        get(
            "/api/sessions/{id}/requests",
            "listSessionRequests",
            "List the stored requests of a session",
        )
        .tag(SESSION_REQUESTS)
        .parameters([p::session()])
        .answer::<SessionRequests>("The newest 1,000 at most.")
        .problems(&[400, 404]),
        get(
            "/api/sessions/{id}/requests/{sequence}",
            "getSessionRequest",
            "Get one stored request",
        )
        .tag(SESSION_REQUESTS)
        .parameters([vec![p::session(), p::sequence()], p::stored_request().into()].concat())
        .answer::<SessionRequest>(STORED_REQUEST)
        .problems(&[400, 404]),
        get(
            "/api/sessions/{id}/request",
            "getNewestSessionRequest",
            "Get the newest stored request",
        )
        .tag(SESSION_REQUESTS)
        .description("The newest one that is stored with headers and body. Its `sequence` is `null`.")
        .parameters([vec![p::session()], p::stored_request().into()].concat())
        .answer::<SessionRequest>(STORED_REQUEST)
        .problems(&[400, 404]),
        get(
            "/api/sessions/{id}/export",
            "exportSessionRequests",
            "Export all stored requests of a session",
        )
        .tag(SESSION_REQUESTS)
        .description(
            "One request a line, the newest last. A request without its headers or its body has a line with the `missing` \
             parts, and one that cannot be read a line with the `error`. If Redis fails part-way, the server breaks the \
             connection instead of ending the answer.",
        )
        .parameters([vec![p::session()], p::session_export().into()].concat())
        .text("application/jsonl", "The file.", SESSION_EXPORT_EXAMPLE)
        .problems(&[400, 404, 412, 413]),
    ]
}

fn database() -> Vec<EntryBuilder> {
    vec![
        get("/api/admin/database/export", "dumpDatabase", "Dump the database")
            .tag(DATABASE)
            .description(
                "Streams what pg_dump writes. If the dump fails part-way, the server breaks the connection instead of \
                 ending the answer, and `/api/admin/database/status` has the cause. With `spool=true` the answer begins when the \
                 dump is complete; a proxy must wait so long.",
            )
            .parameters(p::dump())
            .bytes("application/octet-stream", "An archive in pg_dump's custom format.")
            .part("application/octet-stream", "The part of a spooled dump that `Range` names.")
            .header("etag", "Of a spooled dump; no other dump has the same.", "\"0b5e1c7a…\"")
            .problems(&[400, 409, 412, 416, 500, 507]),
        get("/api/admin/database/status", "getDatabaseStatus", "Get the state of the database")
            .tag(DATABASE)
            .answer::<DatabaseStatus>("The state now, also while the database does not answer."),
    ]
}

fn restore() -> Vec<EntryBuilder> {
    vec![
        post("/api/admin/database/import", "restoreDump", "Restore a dump")
            .tag(RESTORE)
            .description(
                "Reads the file to its end, makes a safety dump, and restores the file into a staging database. With \
                 `cleanFirst` the staging database then replaces the live one in one transaction; without it, rows that \
                 are missing in the live one are inserted. The restore continues when its client leaves, unless \
                 DECANT_RESTORE_UNFOLLOWED is `stop`. While another operation holds the lock, the answer is 409 before the \
                 form is read.",
            )
            .parameters([p::check()])
            .form(dump_upload(), json!({ "file": "PGDMP…", "cleanFirst": true, "skipLogs": false }))
            .events::<RestoreEvent>(RESTORE_EVENTS)
            .empty(204, "With `check=true`: a restore could begin now.")
            .problems(&[400, 409, 413, 500, 507]),
        get("/api/admin/database/copies", "listSideDatabases", "List the databases that restores have left")
            .tag(RESTORE)
            .answer::<SideDatabases>("Staging, previous and rolled-back databases, the newest first."),
        post(
            "/api/admin/database/copies/{name}/restore",
            "rollBack",
            "Put a database back into the place of the live one",
        )
        .tag(RESTORE)
        .description("The database that is live now is kept under another name.")
        .parameters([p::side_database()])
        .answer::<RollbackResult>("The new name of the database that was live.")
        .problems(&[404, 409, 500]),
        post("/api/admin/database/copies/{name}/remove", "removeSideDatabase", "Remove a database that a restore has left")
            .tag(RESTORE)
            .parameters([p::side_database()])
            .empty(204, "The database is removed.")
            .problems(&[404, 409, 500]),
    ]
}

fn cleanup() -> Vec<EntryBuilder> {
    vec![
        post("/api/admin/log-cleanup/manual", "cleanUpLogs", "Count or delete old rows of the hub's log")
            .tag(CLEANUP)
            .description(
                "Deletes rows in batches, each in a transaction of its own; rows that another session has locked are \
                 left. With `archiveFirst` the rows are first written to a file, which is read back, and only the row \
                 versions that are in it are deleted. `usage_ledger` is not touched. A clean-up whose client leaves ends \
                 after the current batch. `Accept: text/event-stream` asks for events.",
            )
            .request::<CleanupRequest>()
            .answer::<CleanupAnswer>("What a dry run would delete, or what was deleted.")
            .events::<CleanupEvent>("What a dry run would delete, or what was deleted; or the progress and the result as events.")
            .problems(&[400, 404, 409, 500]),
    ]
}

fn webhooks() -> Vec<EntryBuilder> {
    let path = "/api/admin/webhooks/migration";
    vec![
        get(path, "listOldWebhooks", "List the webhooks in the hub's old settings")
            .tag(WEBHOOKS)
            .answer::<OldWebhooks>("The webhooks of enabled notifications; none without a hub that has targets.")
            .problems(&[409]),
        post(path, "migrateWebhooks", "Move the hub's webhooks to its targets")
            .tag(WEBHOOKS)
            .description(
                "Makes a target for each address and a binding for each of its notifications, unless they exist, in one \
                 transaction. The hub uses its targets afterwards. It keeps its old settings in use while a webhook needs a \
                 provider (`skipped`), because the notifications of that webhook would end.",
            )
            .request::<WebhookMigrationRequest>()
            .answer::<WebhookMigrationResult>("What was made, or what a dry run would make.")
            .problems(&[400, 404, 409]),
    ]
}

fn backups() -> Vec<EntryBuilder> {
    vec![
        get(
            "/api/admin/database/backups",
            "listBackups",
            "List the backups and their schedules",
        )
        .tag(BACKUPS)
        .answer::<BackupOverview>("The backups, the newest first.")
        .problems(&[500]),
        post("/api/admin/database/backups", "makeBackup", "Make a backup")
            .tag(BACKUPS)
            .request::<BackupRequest>()
            .empty(202, "The backup has begun; `GET` of this path has its progress.")
            .problems(&[400, 409, 500]),
        get(
            "/api/admin/database/backups/{name}",
            "downloadBackup",
            "Download a backup",
        )
        .tag(BACKUPS)
        .parameters([p::backup()])
        .bytes(
            "application/octet-stream",
            "The file as it is stored, encrypted or not.",
        )
        .part(
            "application/octet-stream",
            "The part of the file that `Range` names.",
        )
        .header("etag", "The SHA-256 of the file.", "\"9f86d081…\"")
        .problems(&[404, 416, 500]),
        post(
            "/api/admin/database/backups/{name}/prove",
            "proveBackup",
            "Prove that a backup restores",
        )
        .tag(BACKUPS)
        .description("Restores the backup into a staging database, and removes that.")
        .parameters([p::backup()])
        .empty(202, "The proof has begun; the list of backups has its progress.")
        .problems(&[404, 409, 500]),
        post(
            "/api/admin/database/backups/{name}/restore",
            "restoreBackup",
            "Restore a backup",
        )
        .tag(BACKUPS)
        .parameters([p::backup()])
        .request::<BackupRestoreRequest>()
        .events::<RestoreEvent>(RESTORE_EVENTS)
        .problems(&[400, 404, 409, 500]),
        post(
            "/api/admin/database/backups/{name}/remove",
            "removeBackup",
            "Remove a backup",
        )
        .tag(BACKUPS)
        .parameters([p::backup()])
        .empty(204, "The backup is removed.")
        .problems(&[404, 500]),
    ]
}

/// The fields of [`RestoreRequest`] and a file.
fn dump_upload() -> RefOr<Schema> {
    let mut schema = RestoreRequest::schema();
    if let RefOr::T(Schema::Object(form)) = &mut schema {
        let file = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some(
                "A dump in the custom format. Its file name ends in `.dump`.",
            ));
        form.description = Some("A form. The restore begins when all of it has arrived.".to_owned());
        form.properties.insert("file".to_owned(), file.into());
        form.required.push("file".to_owned());
    }
    schema
}
