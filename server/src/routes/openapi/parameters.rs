//! The parameters of paths and queries.

use api::database::DumpMode;
use serde_json::json;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use wasm_export::options::{
    Bom, Compression, DecimalMark, Delimiter, Format, Fraction, Guard, HeaderStyle, Layout, LongDecimals,
    Metadata, Newline, TimestampStyle,
};
use wasm_export::session_request::Part;

/// A text in the path.
pub fn path(name: &str, description: &str, example: &str) -> Parameter {
    parameter(ParameterIn::Path, name, description)
        .schema(Some(of_type(Type::String).build()))
        .example(Some(example.into()))
        .build()
}

pub fn dataset() -> Parameter {
    path("name", "The dataset's name.", "usage-logs")
}

/// The workspace whose rows are meant.
pub fn workspace() -> Parameter {
    text(
        "workspace",
        "The id of the workspace whose rows are meant, for a dataset whose rows belong to workspaces. `/api/workspaces` lists \
         those of the caller.",
        "0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e",
    )
}

pub fn bundle() -> Parameter {
    path("name", "The bundle's name.", "user-data")
}

pub fn workspace_in_path() -> Parameter {
    path(
        "id",
        "The workspace's id, as `/api/workspaces` lists it.",
        "0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e",
    )
}

/// Whether a browser shows a file of a bundle.
pub fn inline() -> Parameter {
    let inline = query(
        "inline",
        "A browser shows the file instead of saving it. Pages of the same origin may frame it.",
    );
    let flag = of_type(Type::Boolean).default(Some(json!(false)));
    inline.schema(Some(flag.build())).build()
}

/// Whose rows, and which times.
pub fn of_bundle() -> Vec<Parameter> {
    let whose = [
        text(
            "userId",
            "The person whose data it is, in a bundle of one person. Only administrators may name one, and the holder of \
             ADMIN_TOKEN, who is no user, must.",
            "7",
        ),
        text(
            "workspace",
            "The id of the workspace whose data it is, in a bundle of workspaces.",
            "0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e",
        ),
    ];
    whose.into_iter().chain(times_of_bundle()).collect()
}

/// The parameters `start`, `end`, `zone` and `includeSystemFields` of a bundle.
pub fn times_of_bundle() -> Vec<Parameter> {
    vec![
        text(
            "start",
            "Only rows from this time on, in the parts whose `range` is true. A bundle with `period_days` has a period also without \
             `start` and `end`.",
            "2026-01-01",
        ),
        text(
            "end",
            "Only rows before this time; a day is meant to its end.",
            "2026-12-31",
        ),
        query(
            "zone",
            "IANA time zone of the file, and of times given without an offset.",
        )
        .schema(Some(of_type(Type::String).default(Some(json!("UTC"))).build()))
        .build(),
        query(
            "includeSystemFields",
            "Does not leave out the columns that the datasets declare as `system`.",
        )
        .schema(Some(of_type(Type::Boolean).default(Some(json!(false))).build()))
        .build(),
    ]
}

pub fn backup() -> Parameter {
    path(
        "name",
        "The backup's name, as `/api/admin/database/backups` lists it.",
        "backup_2026-01-28T03-00-00.dump.age",
    )
}

pub fn side_database() -> Parameter {
    path(
        "name",
        "The database's name, as `/api/admin/database/copies` lists it.",
        "claude_code_hub_before_20260128123456",
    )
}

pub fn session() -> Parameter {
    path("id", "The session's id, 1 to 256 bytes.", "sess_4f9c")
}

/// The position of a session's request.
pub fn sequence() -> Parameter {
    parameter(
        ParameterIn::Path,
        "sequence",
        "The request's position in the session, from 1.",
    )
    .schema(Some(of_type(Type::Integer).minimum(Some(1)).build()))
    .example(Some(json!(2)))
    .build()
}

pub fn export() -> Parameter {
    path(
        "id",
        "The export's id, as `/api/exports` lists it.",
        "0199c1a2-7a4b-4d10-8f6e-2c5b9d3e1f00",
    )
}

/// Whether a browser shows the file of an export.
pub fn disposition() -> Parameter {
    word(
        "disposition",
        "Whether a browser saves the file or shows it. A file that is shown runs nothing and has no access to Decant.",
        &["attachment", "inline"],
    )
}

/// How long a link is good, and how often.
pub fn new_link() -> [Parameter; 2] {
    let seconds = of_type(Type::Integer)
        .minimum(Some(60))
        .maximum(Some(604_800))
        .default(Some(json!(900)));
    let once = of_type(Type::Boolean).default(Some(json!(false)));
    [
        query("expiresIn", "Seconds for which the link is good.")
            .schema(Some(seconds.build()))
            .build(),
        query(
            "once",
            "The link is good for one download. A download that breaks off does not count.",
        )
        .schema(Some(once.build()))
        .build(),
    ]
}

pub fn link() -> Parameter {
    path("link", "The link's id.", "0b5e1c7a-4c1e-4f0e-9d53-6a1f6f0c8a11")
}

/// The address of a link.
pub fn link_address() -> [Parameter; 3] {
    [
        link(),
        path("name", "The name of the file.", "usage-logs-2026-01-28.csv.gz"),
        text(
            "s",
            "The signature.",
            "VbS2m0p1Xh3w5mGk0n0wq0kq3yQ0c5d2vJvN0z9o4uE",
        ),
    ]
}

/// Which probes a stream has.
pub fn probes() -> Vec<Parameter> {
    let number = |name: &str, description: &str, example: i32| {
        query(name, description)
            .schema(Some(of_type(Type::Integer).build()))
            .example(Some(json!(example)))
            .build()
    };
    vec![
        number("endpoint", "Only probes of the endpoint with this id.", 3),
        text("source", "Only probes of this source.", "scheduled"),
        text(
            "search",
            "Only probes with this text in their message, their type of failure or their status, in upper or lower case.",
            "timeout",
        ),
        number("status_code", "Only probes with this status.", 503),
        query("backlog", "How many probes from before the stream come first.")
            .schema(Some(
                of_type(Type::Integer)
                    .minimum(Some(0))
                    .maximum(Some(1000))
                    .default(Some(json!(100)))
                    .build(),
            ))
            .build(),
        parameter(
            ParameterIn::Header,
            "Last-Event-ID",
            "Goes on after the event with this id.",
        )
        .schema(Some(of_type(Type::String).build()))
        .example(Some(json!("5123")))
        .build(),
    ]
}

fn pretty() -> Parameter {
    query("pretty", "Indents the document by two spaces; nothing is lost.")
        .schema(Some(of_type(Type::Boolean).default(Some(json!(false))).build()))
        .build()
}

/// How a stored request is sent.
pub fn stored_request() -> [Parameter; 3] {
    let parts = query(
        "parts",
        "The parts that the document has, separated by commas; by default all. Only these are read, and only these need be \
         stored.",
    )
    .schema(Some(of_type(Type::String).build()))
    .example(Some(Part::WORDS.join(",").into()));
    [parts.build(), pretty(), secrets()]
}

/// How the requests of a session are exported.
pub fn session_export() -> [Parameter; 2] {
    [
        word("format", "The file's format.", &[Format::Jsonl.word()]),
        secrets(),
    ]
}

fn secrets() -> Parameter {
    query(
        "secrets",
        "Shows the secrets of headers and URLs, which are `***` otherwise. The audit log records it.",
    )
    .schema(Some(of_type(Type::Boolean).default(Some(json!(false))).build()))
    .build()
}

pub fn check() -> Parameter {
    query(
        "check",
        "Only checks whether a restore could begin now. No form is read.",
    )
    .schema(Some(of_type(Type::Boolean).default(Some(json!(false))).build()))
    .build()
}

/// Which part of the database is dumped.
pub fn dump() -> [Parameter; 3] {
    [
        word("mode", "Which part of the database is dumped.", DumpMode::WORDS),
        query("excludeLogs", "The older name of `mode=excludeLogs`.")
            .schema(Some(of_type(Type::Boolean).build()))
            .build(),
        query(
            "spool",
            "Whether the dump is completed in a temporary file first. Its size is known then, and a broken download can go on: for \
             an hour, `Range` with the `ETag` in `If-Range` gives the same caller the rest. A request without `Range` makes a new \
             dump.",
        )
        .schema(Some(of_type(Type::Boolean).build()))
        .build(),
    ]
}

/// Which rows and columns; 0 is a good `limit` where a stream may be resumed after its last row.
pub fn selection(limit_min: u32) -> Vec<Parameter> {
    let limit = match limit_min {
        0 => "At most this many rows; 0 only with `as_of`, where only the end record is missing.",
        _ => "At most this many rows.",
    };
    let filters = of_type(Type::Object).additional_properties(Some(of_type(Type::String)));
    vec![
        text(
            "columns",
            "Columns in their order, by name, separated by commas. Unknown, hidden and repeated names are refused.",
            "created_at,model",
        ),
        query("limit", limit)
            .schema(Some(of_type(Type::Integer).minimum(Some(limit_min)).build()))
            .example(Some(json!(50)))
            .build(),
        word(
            "sort",
            "The dataset's order, or each of its columns the other way round. Without it, a cursor keeps its order, and a text \
             file without `limit` has its oldest row first.",
            &["declared", "reversed"],
        ),
        text(
            "after",
            "Continues after the row of this cursor: the `cursor` of an end record.",
            "MjAyNi0wMS0yOCAxMjozNDo1NiswMAk3",
        ),
        text(
            "as_of",
            "The `as_of` of the header of the export that is resumed.",
            "2026-01-28T20:34:56.789123Z",
        ),
        query("zone", "IANA time zone of the file, and of times given without an offset.")
            .schema(Some(of_type(Type::String).default(Some(json!("UTC"))).build()))
            .build(),
        query(
            "includeSystemFields",
            "Does not leave out the columns that the dataset declares as `system`.",
        )
        .schema(Some(of_type(Type::Boolean).default(Some(json!(false))).build()))
        .build(),
        query(
            "filters",
            "Any filter or parameter that the dataset declares, by its name. A filter that takes several values takes them \
             separated by commas, or each as a parameter of its own; any other is given once. A blank value is no filter.",
        )
        .style(Some(ParameterStyle::Form))
        .explode(Some(true))
        .schema(Some(filters.build()))
        .example(Some(json!({ "start": "2026-01-01", "model": "gpt-5.1-codex" })))
        .build(),
    ]
}

/// Which rows, where they are all counted.
pub fn selection_of_all() -> Vec<Parameter> {
    let mut parameters = selection(1);
    parameters.retain(|parameter| !["limit", "after"].contains(&parameter.name.as_str()));
    parameters
}

/// Which values of a filter.
pub fn options_search() -> Parameter {
    text(
        "q",
        "Only values whose label contains this text, in upper or lower case; 200 characters at most.",
        "gpt",
    )
}

/// How a file is written.
pub fn file() -> Vec<Parameter> {
    vec![
        word(
            "format",
            "The file's format. `text` is for probe logs: a line each.",
            Format::WORDS,
        ),
        text(
            "locale",
            "Delimiter, decimal mark, times and headings as Excel expects them in this language (BCP 47). Other parameters \
             override it.",
            "de-DE",
        ),
        word(
            "compression",
            "The compression of the whole file.",
            Compression::WORDS,
        ),
        word(
            "metadata",
            "Whether the file holds dataset, filters, time and row count. `csv` and `text` have no place for them.",
            Metadata::WORDS,
        ),
        word(
            "layout",
            "The layout of a Markdown file. `transcript` needs the columns `role` and `content`.",
            Layout::WORDS,
        ),
        word("timestamps", "How timestamps are written.", TimestampStyle::WORDS),
        word(
            "fraction",
            "The digits of seconds in timestamps; by default the dataset's, or six.",
            Fraction::WORDS,
        ),
        text("language", "Language of the header row (BCP 47).", "zh-CN"),
        word("header", "The content of the header row.", HeaderStyle::WORDS),
        word("delimiter", "The separator of cells.", Delimiter::WORDS),
        word(
            "bom",
            "Whether the file begins with a byte order mark.",
            Bom::WORDS,
        ),
        word("newline", "The end of a row.", Newline::WORDS),
        word("decimal", "The decimal mark.", DecimalMark::WORDS),
        word(
            "long_decimals",
            "How XLSX holds a decimal of more than 15 digits.",
            LongDecimals::WORDS,
        ),
        word(
            "guard",
            "What happens to cells that a spreadsheet would run as a formula.",
            Guard::WORDS,
        ),
    ]
}

pub fn parameter(place: ParameterIn, name: &str, description: &str) -> ParameterBuilder {
    let required = match place {
        ParameterIn::Path => Required::True,
        _ => Required::False,
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(description))
}

pub fn query(name: &str, description: &str) -> ParameterBuilder {
    parameter(ParameterIn::Query, name, description)
}

pub fn text(name: &str, description: &str, example: &str) -> Parameter {
    query(name, description)
        .schema(Some(of_type(Type::String).build()))
        .example(Some(example.into()))
        .build()
}

/// One of these words; the first is the default.
fn word(name: &str, description: &str, words: &[&str]) -> Parameter {
    let schema = of_type(Type::String)
        .enum_values(Some(words.iter().copied()))
        .default(words.first().map(|word| json!(word)));
    query(name, description).schema(Some(schema)).build()
}

pub fn of_type(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(kind))
}
