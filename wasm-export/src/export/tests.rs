use proptest::prelude::*;

use super::*;
use crate::rows::{Kind, failure_line, header_line};
use crate::sample::{any_options, awkward_text, cursor, end, export, export_chunks, header, row, stream};

fn three_rows() -> (Header, &'static [u8]) {
    let header = header(&[
        ("id", Kind::Integer),
        ("name", Kind::Text),
        ("at", Kind::Timestamp),
    ]);
    (
        header,
        b"1\ta, b\t2026-01-28 12:34:56+00\n2\t=x\t\\N\n3\tc\t2026-01-28 12:34:57.5+00\n",
    )
}

/// Returns the stream that a server sends for a request after a cursor.
fn continued(header: &Header, rows: &[u8], after: Option<&str>) -> Vec<u8> {
    let lines = rows.split_inclusive(|&byte| byte == b'\n');
    let cursor = |line: &[u8]| header.cursor(&line[..line.len() - 1]);
    let rest: Vec<u8> = match after {
        None => rows.to_vec(),
        Some(after) => lines
            .skip_while(|line| cursor(line).as_deref() != Some(after))
            .skip(1)
            .flatten()
            .copied()
            .collect(),
    };
    stream(header, &rest)
}

#[test]
fn a_finished_export_tells_what_it_is() {
    let (header, rows) = three_rows();
    let mut export = Export::new(Options::default());
    let mut file = Vec::new();
    assert_eq!((export.header(), export.resume_point()), (None, None));
    export.push(&stream(&header, rows), &mut file).unwrap();
    let summary = export.finish(&mut file).unwrap();
    assert_eq!(
        summary,
        Summary {
            rows: 3,
            raw_bytes: rows.len() as u64,
            file_bytes: file.len() as u64,
            columns: vec!["id".to_owned(), "name".to_owned(), "at".to_owned()],
            cursor: cursor("3"),
        }
    );
    assert_eq!(export.header(), Some(&header));
    assert_eq!(
        export.progress(),
        Progress {
            rows: 3,
            raw_bytes: rows.len() as u64,
            file_bytes: file.len() as u64
        }
    );
    assert_eq!(export.push(b"x", &mut file), Err(ExportError::Finished));
    assert_eq!(export.finish(&mut file), Err(ExportError::Finished));
}

#[test]
fn an_export_of_no_rows_is_whole() {
    let (header, _) = three_rows();
    assert_eq!(
        export(&stream(&header, b""), &Options::default()),
        ("\u{feff}\"id\",name,at\r\n".into(), Ok(()))
    );
}

#[test]
fn a_stream_cut_anywhere_never_finishes() {
    let (header, rows) = three_rows();
    let stream = stream(&header, rows);
    for length in 0..stream.len() {
        let (file, result) = export(&stream[..length], &Options::default());
        let lines = file.iter().filter(|&&byte| byte == b'\n').count() as u64;
        assert_eq!(
            result,
            Err(ExportError::Interrupted {
                rows: lines.saturating_sub(1)
            }),
            "cut at {length}"
        );
    }
}

#[test]
fn a_changed_byte_never_goes_unnoticed() {
    let (header, rows) = three_rows();
    let stream = stream(&header, rows);
    let begin = header_line(&header).len();
    for at in begin..stream.len() {
        let mut damaged = stream.clone();
        damaged[at] ^= 1;
        // The cursor in the end record is the only part of a stream without a digest.
        let cursor_begin = stream.len() - r#"Mw"}"#.len() - 1;
        if !(cursor_begin - 10..stream.len() - 3).contains(&at) {
            assert!(
                export(&damaged, &Options::default()).1.is_err(),
                "changed at {at}"
            );
        }
    }
}

#[test]
fn an_error_stays() {
    let (header, _) = three_rows();
    let mut export = Export::new(Options::default());
    let mut file = Vec::new();
    let error = export
        .push(&[header_line(&header), b"1\n".to_vec()].concat(), &mut file)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 1 has 1 cells where the header has 3 columns"
    );
    assert!(!error.is_resumable());
    assert_eq!(export.push(b"1\ta\tb\n", &mut file), Err(error.clone()));
    export.resume();
    assert_eq!(export.push(&stream(&header, b""), &mut file), Err(error.clone()));
    assert_eq!(export.finish(&mut file), Err(error));
}

#[test]
fn a_failure_on_the_server_is_told_and_can_be_resumed() {
    let (header, rows) = three_rows();
    let problem = Problem {
        detail: "The database went away.".to_owned(),
        ..Problem::default()
    };
    let first = [
        header_line(&header),
        b"1\ta, b\t2026-01-28 12:34:56+00\n".to_vec(),
        failure_line(&problem),
    ]
    .concat();
    let mut export = Export::new(Options::default());
    let mut file = Vec::new();
    let error = export.push(&first, &mut file).unwrap_err();
    assert_eq!(error, ExportError::Failed(Box::new(problem)));
    assert_eq!(export.finish(&mut file), Err(error));
    let point = export.resume_point().unwrap();
    assert_eq!(
        point,
        ResumePoint {
            cursor: cursor("1"),
            as_of: header.as_of.clone()
        }
    );
    export.resume();
    export
        .push(&continued(&header, rows, point.cursor.as_deref()), &mut file)
        .unwrap();
    assert_eq!(export.finish(&mut file).unwrap().rows, 3);
    assert_eq!(
        file,
        crate::sample::export(&stream(&header, rows), &Options::default()).0
    );
}

#[test]
fn an_export_that_is_cut_anywhere_and_resumed_is_the_same_file() {
    let (header, rows) = three_rows();
    let whole = stream(&header, rows);
    let (expected, _) = export(&whole, &Options::default());
    for cut in 0..whole.len() {
        let mut export = Export::new(Options::default());
        let mut file = Vec::new();
        export.push(&whole[..cut], &mut file).unwrap();
        let after = export.resume_point().and_then(|point| point.cursor);
        export.resume();
        export
            .push(&continued(&header, rows, after.as_deref()), &mut file)
            .unwrap();
        let summary = export.finish(&mut file).unwrap();
        assert_eq!(file, expected, "cut at {cut}");
        assert_eq!(
            (summary.rows, summary.raw_bytes),
            (3, rows.len() as u64),
            "cut at {cut}"
        );
        assert_eq!(
            (summary.file_bytes, summary.cursor),
            (file.len() as u64, cursor("3")),
            "cut at {cut}"
        );
    }
}

#[test]
fn a_resumed_export_can_be_cut_again() {
    let (header, rows) = three_rows();
    let mut export = Export::new(Options::default());
    let mut file = Vec::new();
    for _ in 0..4 {
        let after = export.resume_point().and_then(|point| point.cursor);
        export.resume();
        let stream = continued(&header, rows, after.as_deref());
        let cut = header_line(&header).len() + 35;
        export.push(&stream[..cut.min(stream.len())], &mut file).unwrap();
    }
    assert_eq!(export.resume_point().unwrap().cursor, cursor("3"));
    export.resume();
    export
        .push(&continued(&header, rows, cursor("3").as_deref()), &mut file)
        .unwrap();
    let summary = export.finish(&mut file).unwrap();
    assert_eq!((summary.rows, summary.cursor), (3, cursor("3")));
    assert_eq!(
        file,
        crate::sample::export(&stream(&header, rows), &Options::default()).0
    );
}

#[test]
fn a_stream_with_other_columns_continues_nothing() {
    let (first, rows) = three_rows();
    let mut export = Export::new(Options::default());
    let mut file = Vec::new();
    export
        .push(&[header_line(&first), rows.to_vec()].concat(), &mut file)
        .unwrap();
    export.resume();
    let other = header(&[("id", Kind::Integer), ("name", Kind::Text)]);
    assert_eq!(
        export.push(&stream(&other, b"4\td\n"), &mut file),
        Err(ExportError::HeaderChanged)
    );
}

#[test]
fn the_estimate_and_the_moment_of_a_continuing_stream_may_differ() {
    let (header, rows) = three_rows();
    let mut export = Export::new(Options::default());
    let mut file = Vec::new();
    export
        .push(&[header_line(&header), rows.to_vec()].concat(), &mut file)
        .unwrap();
    export.resume();
    let later = Header {
        estimated_rows: None,
        ..header
    };
    assert_eq!(export.push(&stream(&later, b""), &mut file), Ok(()));
}

proptest! {
    #[test]
    fn any_pieces_give_the_same_file(
        texts in proptest::collection::vec((awkward_text(), proptest::option::of(awkward_text())), 0..6),
        options in any_options(),
        sizes in proptest::collection::vec(1_usize..50, 1..60),
        damage in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        let header = header(&[("a", Kind::Text), ("b", Kind::Text)]);
        let rows: Vec<u8> = texts.iter().flat_map(|(a, b)| row([Some(a.as_bytes()), b.as_deref().map(str::as_bytes)])).collect();
        let mut stream = [header_line(&header), rows.clone(), end(&header, &rows)].concat();
        if let Some(damage) = damage {
            let at = damage.index(stream.len());
            stream[at] ^= 0x01;
        }
        let mut rest = stream.as_slice();
        let mut pieces = Vec::new();
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        prop_assert_eq!(export_chunks(pieces, &options), export(&stream, &options));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, options in any_options()) {
        let (header, _) = three_rows();
        let (_, result) = export(&[header_line(&header), bytes].concat(), &options);
        prop_assert!(result.is_err());
    }
}
