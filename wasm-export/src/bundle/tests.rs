use std::io::{Cursor, Read};

use calamine::{Reader as _, Xlsx};
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::Export;
use crate::format::bundle::csv::hex;
use crate::options::Compression;
use crate::rows::{Header, Kind};
use crate::sample::{awkward_text, header, row, stream};

fn contents() -> Contents {
    let part = |name: &str, single| Part {
        name: name.to_owned(),
        single,
    };
    Contents {
        name: "user-data".to_owned(),
        title: "A person's <data>".to_owned(),
        export_type: "user_data".to_owned(),
        export_id: None,
        parts: vec![
            part("userData", true),
            part("files", false),
            part("usageLogs", false),
        ],
        report: None,
    }
}

fn header_of(part: &str) -> Header {
    Header {
        part: Some(part.to_owned()),
        dataset: format!("{}-rows", part.to_lowercase()),
        title: format!("Title of {part}"),
        ..header(&[("id", Kind::Integer), ("text", Kind::Text)])
    }
}

fn part(name: &str, rows: &[u8]) -> Vec<u8> {
    stream(&header_of(name), rows)
}

/// Returns the stream of one row, two rows and none.
fn usual() -> Vec<u8> {
    [
        part("userData", b"7\tAda\n"),
        part("files", b"1\ta,b\n2\t=1+1\n"),
        part("usageLogs", b""),
    ]
    .concat()
}

fn options(format: Format) -> Options {
    Options {
        format,
        ..Options::default()
    }
}

fn file_of(stream: &[u8], options: &Options, piece_bytes: usize) -> Result<Vec<u8>, BundleError> {
    let mut bundle = Bundle::new(options.clone(), contents())?;
    let mut file = Vec::new();
    for piece in stream.chunks(piece_bytes) {
        bundle.push(piece, &mut file)?;
    }
    let summary = bundle.finish(&mut file)?;
    assert_eq!(summary.file_bytes, file.len() as u64);
    Ok(file)
}

fn text(format: Format) -> String {
    String::from_utf8(file_of(&usual(), &options(format), usize::MAX).unwrap()).unwrap()
}

/// Returns the file of the rows of a part, as a dataset alone has it.
fn alone(name: &str, rows: &[u8], options: &Options) -> Vec<u8> {
    let mut export = Export::new(options.clone());
    let mut file = Vec::new();
    export.push(&part(name, rows), &mut file).unwrap();
    export.finish(&mut file).unwrap();
    file
}

fn entries(file: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    (0..archive.len())
        .map(|at| {
            let mut entry = archive.by_index(at).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

#[test]
fn json_has_a_member_for_each_part_and_the_totals_at_the_end() {
    assert_eq!(
        text(Format::Json),
        "{\"exportMetadata\":{\"exportId\":null,\"exportDate\":\"2026-01-28T12:00:00Z\",\"exportType\":\"user_data\",\
         \"bundle\":\"user-data\",\"title\":\"A person's <data>\",\"format\":\"json\",\"totalRecords\":null,\
         \"checksum\":null},\n\
         \"userData\":{\"id\":7,\"text\":\"Ada\"},\n\
         \"files\":[\n{\"id\":1,\"text\":\"a,b\"},\n{\"id\":2,\"text\":\"=1+1\"}\n],\n\
         \"usageLogs\":[],\n\
         \"totals\":{\"userData\":1,\"files\":2,\"usageLogs\":0}}\n"
    );
}

#[test]
fn a_single_part_without_a_row_is_null_and_metadata_names_the_columns() {
    let stream = [part("userData", b""), part("files", b""), part("usageLogs", b"")].concat();
    let options = Options {
        metadata: crate::options::Metadata::With,
        ..options(Format::Json)
    };
    let file = file_of(&stream, &options, usize::MAX).unwrap();
    let json: Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(json["userData"], Value::Null);
    assert_eq!(json["metadata"]["files"]["columns"][1]["name"], "text");
    assert_eq!(json["metadata"]["usageLogs"]["dataset"], "usagelogs-rows");
}

#[test]
fn xml_has_an_element_for_each_part() {
    let xml = text(Format::Xml);
    let document = roxmltree::Document::parse(&xml).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().namespace(), Some("urn:decant:export:1"));
    assert_eq!(root.attribute("bundle"), Some("user-data"));
    let parts: Vec<_> = root
        .children()
        .filter(|node| node.has_tag_name(("urn:decant:export:1", "part")))
        .map(|part| {
            let rows = part
                .children()
                .filter(|node| node.tag_name().name() == "row")
                .count();
            (
                part.attribute("name").unwrap(),
                part.attribute("dataset").unwrap(),
                rows,
            )
        })
        .collect();
    assert_eq!(
        parts,
        [
            ("userData", "userdata-rows", 1),
            ("files", "files-rows", 2),
            ("usageLogs", "usagelogs-rows", 0)
        ]
    );
    assert!(xml.ends_with("<end rows=\"0\"/>\n</part>\n<end parts=\"3\" rows=\"3\"/>\n</export>\n"));
}

#[test]
fn csv_is_an_archive_of_a_file_for_each_part_and_a_manifest_that_describes_them() {
    let file = file_of(&usual(), &options(Format::Csv), usize::MAX).unwrap();
    let entries = entries(&file);
    let names: Vec<_> = entries.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["userData.csv", "files.csv", "usageLogs.csv", "manifest.json"]
    );
    let manifest: Value = serde_json::from_slice(&entries[3].1).unwrap();
    assert_eq!(manifest["exportMetadata"]["totalRecords"], 3);
    for (at, (name, bytes)) in entries[..3].iter().enumerate() {
        let described = &manifest["parts"][at];
        assert_eq!(described["file"], name.as_str());
        assert_eq!(described["rows"], [1, 2, 0][at]);
        assert_eq!(described["bytes"], bytes.len());
        let hash: String = sha2::Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(described["sha256"], hash);
    }
    assert_eq!(
        entries[1].1,
        alone("files", b"1\ta,b\n2\t=1+1\n", &options(Format::Csv))
    );
}

#[test]
fn xlsx_has_a_sheet_for_each_part() {
    let file = file_of(&usual(), &options(Format::Xlsx), usize::MAX).unwrap();
    let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(file)).unwrap();
    assert_eq!(
        workbook.sheet_names(),
        ["Title of userData", "Title of files", "Title of usageLogs"]
    );
    let heights: Vec<_> = workbook
        .sheet_names()
        .iter()
        .map(|name| workbook.worksheet_range(name).unwrap().height())
        .collect();
    assert_eq!(heights, [2, 3, 1]);
}

#[test]
fn html_has_a_section_for_each_part() {
    let html = text(Format::Html);
    assert!(html.contains("<h1>A person&#39;s &lt;data&gt;</h1>"), "{html}");
    for name in ["userData", "files", "usageLogs"] {
        assert!(html.contains(&format!("<h2 id=\"part-{name}\">Title of {name}</h2>")));
        assert!(html.contains(&format!("<h2 id=\"summary-{name}\">Summary</h2>")));
    }
    assert!(html.contains("<td class=\"number\">7</td><td>Ada</td>"));
    assert_eq!(html.matches("<section class=\"part\"").count(), 3);
    assert_eq!(html.matches("</section>").count(), 6);
    assert!(html.ends_with("</main>\n</body>\n</html>\n"));
}

#[test]
fn a_stream_with_a_missing_short_or_wrong_part_is_never_a_file() {
    let whole = usual();
    let of = |stream: &[u8]| file_of(stream, &options(Format::Json), usize::MAX).unwrap_err();
    // Wherever the stream is cut, there is no file.
    for length in 0..whole.len() {
        let interrupted = of(&whole[..length]);
        assert!(
            matches!(interrupted, BundleError::Interrupted { .. }),
            "{length}: {interrupted}"
        );
    }
    let skipped = [part("userData", b""), part("usageLogs", b"")].concat();
    assert_eq!(
        of(&skipped),
        BundleError::OtherPart {
            expected: "files".to_owned(),
            found: Some("usageLogs".to_owned())
        }
    );
    let without_name = stream(&header(&[("id", Kind::Integer)]), b"1\n");
    assert!(matches!(
        of(&without_name),
        BundleError::OtherPart { found: None, .. }
    ));
    assert_eq!(
        of(&[whole.clone(), part("more", b"")].concat()),
        BundleError::BehindEnd
    );
    let twice = part("userData", b"1\ta\n2\tb\n");
    assert!(matches!(of(&twice), BundleError::NotSingle { part } if part == "userData"));
    let wrong = String::from_utf8(whole)
        .unwrap()
        .replacen("\"rows\":2", "\"rows\":3", 1);
    assert!(matches!(of(wrong.as_bytes()), BundleError::Read { part, .. } if part == "files"));
}

#[test]
fn a_failure_in_the_stream_ends_the_bundle() {
    let problem = Problem {
        code: "source_failed".to_owned(),
        ..Problem::default()
    };
    let stream = [part("userData", b""), crate::rows::failure_line(&problem)].concat();
    let mut bundle = Bundle::new(options(Format::Csv), contents()).unwrap();
    let mut file = Vec::new();
    let failed = bundle.push(&stream, &mut file);
    assert_eq!(failed, Err(BundleError::Failed(Box::new(problem))));
    assert_eq!(bundle.finish(&mut file).unwrap_err(), failed.unwrap_err());
}

#[test]
fn other_formats_and_columns_are_refused() {
    for format in [Format::Jsonl, Format::Markdown, Format::Text] {
        let error = Bundle::new(options(format), contents()).err().unwrap();
        assert_eq!(
            error.to_string(),
            format!("a {format} file cannot have the parts of a bundle; choose csv, json, html, xml, xlsx")
        );
    }
    let columns = Options {
        columns: Some(vec!["id".to_owned()]),
        ..Options::default()
    };
    assert_eq!(Bundle::new(columns, contents()).err(), Some(BundleError::Columns));
    let empty = Contents {
        parts: Vec::new(),
        ..contents()
    };
    assert_eq!(
        Bundle::new(Options::default(), empty).err(),
        Some(BundleError::NoPart)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_parts_are_what_the_datasets_alone_are_however_the_stream_comes(
        files in proptest::collection::vec(awkward_text(), 0..40),
        logs in proptest::collection::vec(awkward_text(), 0..40),
        piece_bytes in 1..200_usize,
        compression in proptest::sample::select(Compression::ALL),
    ) {
        let rows = |texts: &[String]| -> Vec<u8> {
            let rows = texts.iter().enumerate();
            rows.flat_map(|(id, text)| row([Some(id.to_string().as_bytes()), Some(text.as_bytes())])).collect()
        };
        let (files, logs) = (rows(&files), rows(&logs));
        let stream = [part("userData", b"7\tAda\n"), part("files", &files), part("usageLogs", &logs)].concat();

        for &format in FORMATS {
            let options = Options { compression, ..options(format) };
            let file = file_of(&stream, &options, piece_bytes).unwrap();
            prop_assert!(file == file_of(&stream, &options, usize::MAX).unwrap(), "{format}");
        }

        let csv = entries(&file_of(&stream, &options(Format::Csv), piece_bytes).unwrap());
        prop_assert!(csv[1].1 == alone("files", &files, &options(Format::Csv)));
        prop_assert!(csv[2].1 == alone("usageLogs", &logs, &options(Format::Csv)));

        let json = file_of(&stream, &options(Format::Json), piece_bytes).unwrap();
        let json = String::from_utf8(json).unwrap();
        let member = alone("files", &files, &options(Format::Json));
        let member = String::from_utf8(member).unwrap();
        let expected = format!("\n\"files\":{},\n\"usageLogs\":", member.trim_end_matches('\n'));
        prop_assert!(json.contains(&expected));

        let xml = String::from_utf8(file_of(&stream, &options(Format::Xml), piece_bytes).unwrap()).unwrap();
        let of_dataset = String::from_utf8(alone("files", &files, &options(Format::Xml))).unwrap();
        let rows = &of_dataset[of_dataset.find("<columns").unwrap()..of_dataset.find("</export>").unwrap()];
        prop_assert!(xml.contains(rows));
    }
}

/// Returns what the check of a file finds, or its error.
fn verified(file: &[u8], format: Format) -> Result<crate::Verified, String> {
    if format == Format::Csv {
        let found = crate::verify_archive(file).map_err(|error| error.to_string())?;
        return found.ok_or_else(|| "no bundle".to_owned());
    }
    let name = format!("a.{}", format.extension());
    let options = crate::reading::ReadOptions::from_file_name(&name, None).unwrap();
    crate::verify(file, &options).map_err(|error| error.to_string())
}

#[test]
fn the_files_are_verified_part_by_part() {
    for format in [Format::Json, Format::Xml, Format::Csv] {
        let file = file_of(&usual(), &options(format), usize::MAX).unwrap();
        let verified = verified(&file, format).unwrap();
        let parts: Vec<_> = verified
            .parts
            .iter()
            .map(|part| (part.name.as_str(), part.rows))
            .collect();
        assert_eq!(
            parts,
            [("userData", 1), ("files", 2), ("usageLogs", 0)],
            "{format}"
        );
        assert_eq!((verified.rows, verified.columns.len()), (3, 0));
    }
    let bare = Options {
        header: crate::options::HeaderStyle::None,
        ..options(Format::Csv)
    };
    let file = file_of(&usual(), &bare, usize::MAX).unwrap();
    assert_eq!(verified(&file, Format::Csv).unwrap().rows, 3);
}

#[test]
fn no_cut_file_is_verified() {
    for format in [Format::Json, Format::Xml, Format::Csv] {
        let file = file_of(&usual(), &options(format), usize::MAX).unwrap();
        // The newline at the end is not missed.
        let length = if format == Format::Csv {
            file.len()
        } else {
            file.len() - 1
        };
        for length in 0..length {
            assert!(verified(&file[..length], format).is_err(), "{format}: {length}");
        }
    }
}

#[test]
fn a_manifest_that_differs_from_the_files_is_refused() {
    let archive = |files: &[(&str, &str)]| {
        let (mut zip, mut out) = (crate::zip::Zip::new(None), Vec::new());
        for (name, content) in files {
            zip.begin(name, false, &mut out);
            zip.push(content.as_bytes(), &mut out);
            zip.end(&mut out);
        }
        zip.finish(&mut out);
        out
    };
    let other = "8cb39ce35e4c8b79fc6c5d5d7e3b9e0f7d5a0c6a3ab1a2a5c9b6a0bb4b2d1234";
    let described = |rows: u64, bytes: u64, sha256: &str, total: u64| {
        format!(
            "{{\"exportMetadata\":{{\"totalRecords\":{total}}},\"parts\":[{{\"part\":\"a\",\"file\":\"a.csv\",\"dataset\":\"d\",\"title\":\"D\",\"columns\":[\"n\"],\
             \"header\":\"label\",\"rows\":{rows},\"bytes\":{bytes},\"sha256\":\"{sha256}\"}}]}}"
        )
    };
    let manifest = |rows, bytes| described(rows, bytes, other, rows);
    let csv = ("a.csv", "n\r\n1\r\n");
    let digest = hex(&Sha256::digest(csv.1));
    let without_parts = "{\"exportMetadata\":{\"totalRecords\":0},\"parts\":[]}";
    assert!(
        verified(
            &archive(&[csv, ("manifest.json", &described(1, 6, &digest, 1))]),
            Format::Csv
        )
        .is_ok()
    );
    for (files, said) in [
        (vec![csv, ("manifest.json", &*manifest(2, 6))], "(rows)"),
        (vec![csv, ("manifest.json", &*manifest(1, 7))], "(bytes)"),
        (vec![csv, ("manifest.json", &*manifest(1, 6))], "(SHA-256)"),
        (
            vec![csv, ("manifest.json", &*described(1, 6, &digest, 2))],
            "says 2 rows of all parts, but there are 1",
        ),
        (vec![("manifest.json", without_parts)], "names no part"),
        (
            vec![("manifest.json", &*manifest(1, 6))],
            "names a.csv, which is not there",
        ),
        (vec![csv, ("manifest.json", without_parts)], "does not name a.csv"),
        (vec![csv, ("manifest.json", "{}")], "cannot be read"),
        (
            vec![("manifest.json", without_parts), csv],
            "is not the last file",
        ),
        (vec![csv, ("b.csv", "n\r\n")], "is missing"),
        (vec![csv, ("b.txt", "n\r\n")], "no CSV file"),
        (vec![("a.csv", "n\r\n\"1"), csv], "a.csv in the archive"),
    ] {
        let error = verified(&archive(&files), Format::Csv).unwrap_err();
        assert!(error.contains(said), "{said}: {error}");
    }
    assert_eq!(verified(&archive(&[csv]), Format::Csv).unwrap_err(), "no bundle");
    assert_eq!(
        verified(&archive(&[("a.json", "[]")]), Format::Csv).unwrap_err(),
        "no bundle"
    );
}

#[test]
fn a_bundle_is_not_converted() {
    use crate::convert;
    for format in [Format::Json, Format::Xml] {
        let file = file_of(&usual(), &options(format), usize::MAX).unwrap();
        let name = format!("a.{}", format.extension());
        let read_options = crate::reading::ReadOptions::from_file_name(&name, None).unwrap();
        let error = convert(&file[..], &read_options, "a", Options::default(), &mut Vec::new());
        let error = error.unwrap_err().to_string();
        assert!(error.contains("cannot be converted"), "{error}");
    }
}
