use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::options::{HeaderStyle, Layout, Metadata, Options};
use crate::reading::{InputFormat, ReadOptions};
use crate::rows::Kind;
use crate::sample::{awkward_text, export, header, row, stream};
use crate::{verify, verify_archive};

fn golden(file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/expected");
    std::fs::read(folder.join(file)).unwrap()
}

fn counted(file: &[u8], format: Format) -> RowCount {
    count_rows(file, format, Compression::None).unwrap()
}

/// Returns a file of rows with these texts.
fn file_of(texts: &[&str], options: &Options) -> Vec<u8> {
    let rows: Vec<u8> = texts
        .iter()
        .flat_map(|text| row([Some(b"2026-01-28 12:34:56+00".as_slice()), Some(text.as_bytes())]))
        .collect();
    // A workbook has totals of times.
    let header = header(&[("at", Kind::Timestamp), ("text", Kind::Text)]);
    let (file, result) = export(&stream(&header, &rows), options);
    assert_eq!(result, Ok(()));
    file
}

const HOSTILE: [&str; 8] = [
    "</tbody><tr><td>",
    "<row></row></sheetData>",
    "| a |\n| --- |\n| b |",
    "",
    "\n\n",
    "</html>\n",
    "<pane ySplit=\"1\"",
    "# a\r\n- b",
];

#[test]
fn text_that_looks_like_the_structure_is_no_row() {
    let long = "<tr><row>\n".repeat(10_000);
    let mut texts = HOSTILE.to_vec();
    texts.push(&long);
    for format in [Format::Xlsx, Format::Html, Format::Markdown] {
        for header in [HeaderStyle::Label, HeaderStyle::None] {
            for metadata in [Metadata::Without, Metadata::With] {
                for compression in [Compression::None, Compression::Gzip] {
                    let options = Options {
                        format,
                        header,
                        metadata,
                        compression,
                        ..Options::default()
                    };
                    let file = file_of(&texts, &options);
                    let found = count_rows(file.as_slice(), format, compression).unwrap();
                    assert_eq!(found, RowCount::Rows(texts.len() as u64), "{options:?}");
                    let empty = file_of(&[], &options);
                    let found = count_rows(empty.as_slice(), format, compression).unwrap();
                    assert_eq!(found, RowCount::Rows(0), "{options:?}");
                }
            }
        }
    }
}

#[test]
fn the_parts_of_a_bundle_are_counted_together_and_a_report_is_not_counted() {
    let rows = verify_archive(golden("bundle.csv.zip").as_slice())
        .unwrap()
        .unwrap()
        .rows;
    assert_eq!(
        counted(&golden("bundle.xlsx"), Format::Xlsx),
        RowCount::Rows(rows)
    );
    assert_eq!(
        counted(&golden("bundle.html"), Format::Html),
        RowCount::Rows(rows)
    );
    let report = counted(&golden("report-bundle.html"), Format::Html);
    assert!(matches!(report, RowCount::Unknown(_)), "{report:?}");
    let json = ReadOptions {
        format: InputFormat::Json,
        compression: Compression::None,
        delimiter: None,
        guarded: crate::reading::Guarded::default(),
        columns: Vec::new(),
    };
    let rows = verify(golden("report-bundle.json").as_slice(), &json)
        .unwrap()
        .rows;
    assert_eq!(
        counted(&golden("report-bundle.xlsx"), Format::Xlsx),
        RowCount::Rows(rows)
    );
}

#[test]
fn a_log_has_a_row_in_each_line_and_a_transcript_is_not_counted() {
    let log = golden("probes.txt");
    let lines = String::from_utf8(log.clone()).unwrap().lines().count() as u64;
    assert_eq!(counted(&log, Format::Text), RowCount::Rows(lines));
    assert_eq!(counted(b"", Format::Text), RowCount::Rows(0));
    for file in ["transcript.md", "turns.md", "turns-described.md"] {
        let found = counted(&golden(file), Format::Markdown);
        assert!(matches!(found, RowCount::Unknown(_)), "{file}: {found:?}");
    }
    let foreign = counted(b"# A\n\nSome text\n\n| a |\n| --- |\n| b |\n", Format::Markdown);
    assert!(matches!(foreign, RowCount::Unknown(_)), "{foreign:?}");
}

#[test]
fn a_file_that_is_cut_has_no_count_that_is_right() {
    for format in [Format::Xlsx, Format::Html, Format::Markdown] {
        let options = Options {
            format,
            layout: Layout::Table,
            ..Options::default()
        };
        let file = file_of(&HOSTILE, &options);
        for end in (0..file.len()).step_by(7) {
            let found = count_rows(&file[..end], format, Compression::None);
            assert!(
                !matches!(found, Ok(RowCount::Rows(rows)) if rows == HOSTILE.len() as u64),
                "{format} up to {end}: {found:?}"
            );
        }
    }
}

proptest! {
    #[test]
    fn any_rows_are_counted(texts in proptest::collection::vec(awkward_text(), 0..20), at in 0_usize..3) {
        let format = [Format::Xlsx, Format::Html, Format::Markdown][at];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let file = file_of(&texts, &Options { format, ..Options::default() });
        prop_assert_eq!(counted(&file, format), RowCount::Rows(texts.len() as u64));
    }
}
