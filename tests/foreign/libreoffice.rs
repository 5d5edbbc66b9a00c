//! XLSX, opened and saved again by LibreOffice.

use std::ffi::OsStr;

use crate::held::{Column, Held, View};
use crate::programs::run_if_there;
use crate::workbook::{assert_rows, export, in_spreadsheet, sheets};

/// LibreOffice drops empty texts, turns line ends into line feeds, and decodes a text of the corpus that looks like an
/// escape.
fn saved(column: &Column) -> View {
    let View { held, read } = in_spreadsheet(column);
    match column.pg_type.as_str() {
        "text" | "character varying" => View {
            held: "nullif(replace(replace($, e'\\r\\n', e'\\n'), '_x0041_', 'A'), '')".to_owned(),
            read,
        },
        _ => View { held, read },
    }
}

async fn check(held: &Held) {
    let workbook = export(held).await;
    let folder = held.folder().join("saved");
    // A profile of its own, because a running LibreOffice would receive the command and ignore it.
    let profile = format!("-env:UserInstallation=file://{}/profile", held.folder().display());
    let [profile, headless, convert, xlsx, into] =
        [&profile, "--headless", "--convert-to", "xlsx", "--outdir"].map(OsStr::new);
    let arguments = [
        profile,
        headless,
        convert,
        xlsx,
        into,
        folder.as_os_str(),
        workbook.as_os_str(),
    ];
    if run_if_there("soffice", &arguments).is_some() {
        let saved_as = folder.join(workbook.file_name().expect("it is a file"));
        assert_rows(held, &sheets(&saved_as)[0], saved).await;
    }
}

#[tokio::test]
async fn libreoffice_reads_postgresqls_values_from_a_workbook() {
    check(&Held::corpus().await).await;
    check(&Held::usage_logs().await).await;
}
