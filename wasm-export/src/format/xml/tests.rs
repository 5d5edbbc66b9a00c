use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::xml_name;
use crate::options::{Format, Metadata, Options};
use crate::rows::Kind;
use crate::sample::{awkward_text, export, export_chunks, header, row, stream};

const EXAMPLE: &str = include_str!("../../../schema/export-1-example.xml");

fn options() -> Options {
    Options {
        format: Format::Xml,
        ..Options::default()
    }
}

/// Returns the cells of every row: the name of the element and the bytes of its text. Panics on a file that is not
/// well formed.
fn read_back(file: &[u8]) -> Vec<Vec<(String, Vec<u8>)>> {
    let mut reader = Reader::from_str(std::str::from_utf8(file).unwrap());
    reader.config_mut().check_end_names = true;
    let mut rows = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut is_base64 = false;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                path.push(start.name().as_ref().to_owned());
                is_base64 = start
                    .attributes()
                    .any(|attribute| attribute.unwrap().value.as_ref() == "base64");
                match path.len() {
                    2 if path[1] == "row" => rows.push(Vec::new()),
                    3 if path[1] == "row" => rows.last_mut().unwrap().push((path[2].clone(), Vec::new())),
                    _ => {}
                }
            }
            Event::End(_) => {
                if path.len() == 3 && path[1] == "row" && is_base64 {
                    let (_, text) = rows.last_mut().unwrap().last_mut().unwrap();
                    *text = STANDARD.decode(&text).unwrap();
                }
                is_base64 = false;
                path.pop();
            }
            Event::Text(text) if path.len() == 3 && path[1] == "row" => {
                let (_, cell) = rows.last_mut().unwrap().last_mut().unwrap();
                cell.extend_from_slice(text.as_bytes());
            }
            Event::GeneralRef(reference) if path.len() == 3 && path[1] == "row" => {
                let (_, cell) = rows.last_mut().unwrap().last_mut().unwrap();
                let letter = match reference.resolve_char_ref().unwrap() {
                    Some(letter) => letter,
                    None => match &*reference {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        other => panic!("{other:?}"),
                    },
                };
                cell.extend_from_slice(letter.to_string().as_bytes());
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(path.is_empty());
    rows
}

#[test]
fn the_published_example_is_what_is_written() {
    let mut header = header(&[
        ("created_at", Kind::Timestamp),
        ("user name", Kind::Text),
        ("cost_usd", Kind::Decimal),
        ("is_replay", Kind::Boolean),
        ("export", Kind::Json),
    ]);
    header
        .filters
        .insert("model".to_owned(), "<claude> & co".to_owned());
    let rows = "2026-01-28 12:34:56.789123+00\tMüller & Söhne\t0.000000000000001\tt\t{\"a\": \"<b>\"}\n\
                2026-01-28 12:34:55+00\t two\\nlines \t\\N\tf\t\\N\n\
                infinity\t\tNaN\t\\N\tnull\n\
                \\N\t\x1b[31mred\t\\N\t\\N\t\\N\n";
    let options = Options {
        zone: "Asia/Shanghai".parse().unwrap(),
        metadata: Metadata::With,
        ..options()
    };
    let (file, result) = export(&stream(&header, rows.as_bytes()), &options);
    assert_eq!(result, Ok(()));
    assert_eq!(String::from_utf8(file).unwrap(), EXAMPLE);
}

/// Passes without a check where `xmllint` (Debian's libxml2-utils) is missing.
#[test]
fn the_published_example_and_a_bundle_are_valid_by_the_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let check = Command::new("xmllint")
        .args(["--noout", "--schema"])
        .args([folder.join("export-1.xsd"), folder.join("export-1-example.xml")])
        .arg(folder.join("../../tests/golden/expected/bundle-described.xml"))
        .output();
    match check {
        Ok(output) => assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => eprintln!("xmllint cannot be run: {error}"),
    }
}

#[test]
fn a_file_without_rows_is_whole() {
    let (file, _) = export(&stream(&header(&[("a", Kind::Integer)]), b""), &options());
    assert_eq!(
        String::from_utf8(file).unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<export xmlns=\"urn:decant:export:1\" dataset=\"samples\">\n\
         <columns fraction=\"milliseconds\">\n<column element=\"a\" kind=\"integer\">\n<name>a</name>\n<label>a</label>\n</column>\n</columns>\n\
         <end rows=\"0\"/>\n</export>\n"
    );
}

#[test]
fn any_name_becomes_a_name_of_its_own() {
    for (name, mapped) in [
        ("created_at", "created_at"),
        ("cost (usd)", "cost_x0020__x0028_usd_x0029_"),
        ("1st", "_x0031_st"),
        ("a1-.", "a1-."),
        ("a:b", "a_x003A_b"),
        ("_x0020_", "_x005F_x0020_"),
        ("a_x", "a_x005F_x"),
        ("xmlns", "_x0078_mlns"),
        ("XML", "_x0058_ML"),
        ("时", "_x65F6_"),
        ("🎉", "_x1F389_"),
        ("\0<\"", "_x0000__x003C__x0022_"),
        ("", "_x_"),
        ("_", "_"),
        ("x", "x"),
    ] {
        assert_eq!(xml_name(name), mapped, "{name}");
    }
}

#[test]
fn what_xml_cannot_hold_is_base64() {
    for (text, cell) in [
        (&b"\xff"[..], " encoding=\"base64\">/w=="),
        (b"a\0", " encoding=\"base64\">YQA="),
        ("\u{ffff}".as_bytes(), " encoding=\"base64\">77+/"),
        ("\u{fffe}".as_bytes(), " encoding=\"base64\">77++"),
        ("\u{fffd}，\u{7f}\u{85}".as_bytes(), ">\u{fffd}，\u{7f}\u{85}"),
        (b"]]>", ">]]&gt;"),
        (b"  ", ">&#32;&#32;"),
        (b"a\r\n\tb", ">a&#13;&#10;&#9;b"),
    ] {
        let rows = row([Some(text)]);
        let (file, _) = export(&stream(&header(&[("a", Kind::Text)]), &rows), &options());
        let file = String::from_utf8(file).unwrap();
        assert!(file.contains(&format!("<row><a{cell}</a></row>")), "{file}");
        assert_eq!(read_back(file.as_bytes()), [[("a".to_owned(), text.to_vec())]]);
    }
}

proptest! {
    #[test]
    fn any_text_is_read_back(texts in proptest::collection::vec(proptest::option::of(awkward_text()), 1..20), cut in 1usize..200) {
        let header = header(&[("a", Kind::Text), ("b", Kind::Text), ("c", Kind::Integer)]);
        let cells = |text: &Option<String>| [text.clone(), Some("<&>".to_owned()), text.clone()];
        let rows: Vec<u8> = texts
            .iter()
            .flat_map(|text| row(cells(text).iter().map(|cell| cell.as_ref().map(|cell| cell.as_bytes()))))
            .collect();
        let stream = stream(&header, &rows);
        let (file, result) = export(&stream, &options());
        prop_assert_eq!(result, Ok(()));
        let expected: Vec<Vec<(String, Vec<u8>)>> = texts
            .iter()
            .map(|text| {
                let named = ["a", "b", "c"].into_iter().zip(cells(text));
                named.filter_map(|(name, cell)| Some((name.to_owned(), cell?.into_bytes()))).collect()
            })
            .collect();
        prop_assert_eq!(read_back(&file), expected);
        prop_assert_eq!(export_chunks(stream.chunks(cut), &options()).0, file);
    }

    #[test]
    fn any_bytes_are_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..90)) {
        let rows = row([Some(&b"plain"[..]), Some(&bytes)]);
        let (file, result) = export(&stream(&header(&[("a", Kind::Text), ("b", Kind::Text)]), &rows), &options());
        prop_assert_eq!(result, Ok(()));
        prop_assert!(std::str::from_utf8(&file).is_ok());
        prop_assert_eq!(&read_back(&file)[0][1].1, &bytes);
    }

    #[test]
    fn raw_lines_that_no_server_would_send_do_no_harm(line in proptest::collection::vec(any::<u8>(), 0..90)) {
        let line: Vec<u8> = line.into_iter().filter(|byte| !matches!(byte, b'\t' | b'\n')).collect();
        for kind in [Kind::Text, Kind::Timestamp, Kind::Decimal, Kind::Boolean, Kind::Json] {
            let rows = [&line[..], b"\n"].concat();
            let (file, result) = export(&stream(&header(&[("a", kind)]), &rows), &options());
            // Some are control lines of the stream.
            if result.is_ok() {
                read_back(&file);
            }
        }
    }
}
