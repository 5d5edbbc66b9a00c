use proptest::prelude::*;

use super::*;
use crate::rows::{HEARTBEAT, Kind, failure_line, header_line};
use crate::sample::{end, header, stream};

/// Returns the events of a stream that comes in pieces of this size, and the error at the end.
fn read(stream: &[u8], piece: usize) -> (Vec<String>, Option<ReadError>) {
    let mut reader = Reader::new();
    let mut said = Vec::new();
    for chunk in stream.chunks(piece) {
        let mut events = reader.read(chunk);
        loop {
            match events.next() {
                Ok(None) => break,
                Ok(Some(Event::Row(row))) => match row.cells() {
                    Ok(cells) => said.push(
                        cells
                            .map(|cell| cell.escape_ascii().to_string())
                            .collect::<Vec<_>>()
                            .join("|"),
                    ),
                    Err(error) => return (said, Some(error)),
                },
                Ok(Some(Event::Header(header))) => said.push(format!("header of {}", header.dataset)),
                Ok(Some(Event::Failed(problem))) => said.push(format!("failed: {problem}")),
                Ok(Some(Event::End(end))) => said.push(format!("end after {}", end.rows)),
                Err(error) => return (said, Some(error)),
            }
        }
    }
    (said, None)
}

/// Checks that a stream of two columns has these events, in pieces of any size.
fn check(stream: &[u8], expected: &[&str], error: Option<ReadError>) {
    for piece in [1, 2, 3, 7, 64, stream.len().max(1)] {
        assert_eq!(
            read(stream, piece),
            (
                expected.iter().map(|&said| said.to_owned()).collect(),
                error.clone()
            ),
            "in pieces of {piece}: {}",
            stream.escape_ascii()
        );
    }
}

fn two_columns() -> Header {
    header(&[("id", Kind::Integer), ("name", Kind::Text)])
}

fn with_header(rest: &[u8]) -> Vec<u8> {
    [&header_line(&two_columns()), rest].concat()
}

#[test]
fn a_stream_is_its_header_its_rows_and_its_end() {
    check(
        &stream(&two_columns(), b"1\ta\n2\t\\N\n"),
        &["header of samples", "1|a", r"2|\\N", "end after 2"],
        None,
    );
    check(
        &stream(&two_columns(), b""),
        &["header of samples", "end after 0"],
        None,
    );
}

#[test]
fn heartbeats_are_passed_over_wherever_they_stand() {
    let header = two_columns();
    let beats = [
        HEARTBEAT,
        &header_line(&header),
        HEARTBEAT,
        b"1\ta\n",
        HEARTBEAT,
        b"2\tb\n",
        HEARTBEAT,
    ]
    .concat();
    let stream = [beats, end(&header, b"1\ta\n2\tb\n")].concat();
    check(&stream, &["header of samples", "1|a", "2|b", "end after 2"], None);
}

#[test]
fn a_row_may_begin_with_an_escape_or_null() {
    let rows = b"\\N\ta\n\\\\~\tb\n\\\\.\tc\n\\b\t\\!\n";
    check(
        &stream(&two_columns(), rows),
        &[
            "header of samples",
            r"\\N|a",
            r"\\\\~|b",
            r"\\\\.|c",
            r"\\b|\\!",
            "end after 4",
        ],
        None,
    );
}

#[test]
fn a_failure_is_told_with_what_the_server_says() {
    let problem = Problem {
        title: "The database went away".to_owned(),
        code: "source_failed".to_owned(),
        ..Problem::default()
    };
    let stream = [with_header(b"1\ta\n"), failure_line(&problem)].concat();
    check(
        &stream,
        &["header of samples", "1|a", "failed: The database went away"],
        None,
    );
    check(
        &with_header(b"\\!{}\n"),
        &["header of samples", "failed: the server gave no reason"],
        None,
    );
}

#[test]
fn an_end_record_that_does_not_agree_is_an_error() {
    let rows = b"1\ta\n2\tb\n";
    let said = ["header of samples", "1|a", "2|b"];
    for (end, error) in [
        (
            r#"{"rows":3,"bytes":8,"digest":"0"}"#,
            ReadError::EndRows { said: 3, came: 2 },
        ),
        (
            r#"{"rows":2,"bytes":9,"digest":"0"}"#,
            ReadError::EndBytes { said: 9, came: 8 },
        ),
        (
            r#"{"rows":2,"bytes":8,"digest":"0000000000000000"}"#,
            ReadError::EndDigest,
        ),
    ] {
        check(
            &with_header(&[rows, &b"\\."[..], end.as_bytes(), b"\n"].concat()),
            &said,
            Some(error),
        );
    }
}

#[test]
fn nothing_may_follow_the_end() {
    let said = ["header of samples", "1|a", "end after 1"];
    for extra in [&b"\n"[..], b"x", b"2\tb\n", HEARTBEAT] {
        let stream = [stream(&two_columns(), b"1\ta\n"), extra.to_vec()].concat();
        check(&stream, &said, Some(ReadError::AfterEnd));
    }
}

#[test]
fn what_is_no_stream_is_told_from_one_of_another_version() {
    for first in [
        "<!DOCTYPE html>",
        "",
        "{}",
        "[1]",
        "null",
        r#"\.{"rows":0,"bytes":0,"digest":""}"#,
        r#"{"decant":1}"#,
        "1\ta",
    ] {
        let (said, error) = read(format!("{first}\n").as_bytes(), 5);
        assert_eq!(said, [""; 0]);
        assert!(
            matches!(error, Some(ReadError::NotAStream { .. })),
            "{first}: {error:?}"
        );
    }
    check(
        b"{\"decant\":2,\"new\":true}\n",
        &[],
        Some(ReadError::Version { found: 2 }),
    );
    check(b"\xff\xfe\n", &[], read(b"\xff\xfe\n", 3).1);
}

#[test]
fn a_header_that_contradicts_itself_is_refused() {
    let mut no_order = two_columns();
    no_order.order.push("missing".to_owned());
    let reason = "it has no column `missing` to order by".to_owned();
    check(&header_line(&no_order), &[], Some(ReadError::Header { reason }));
    let mut all_hidden = two_columns();
    all_hidden
        .columns
        .iter_mut()
        .for_each(|column| column.hidden = true);
    let reason = "it shows no column".to_owned();
    check(&header_line(&all_hidden), &[], Some(ReadError::Header { reason }));
}

#[test]
fn a_row_has_a_cell_for_each_column() {
    let said = ["header of samples", "1|a"];
    let cells = |found| {
        Some(ReadError::Cells {
            row: 2,
            expected: 2,
            found,
        })
    };
    check(&with_header(b"1\ta\n2\n"), &said, cells(1));
    check(&with_header(b"1\ta\n\n"), &said, cells(1));
    check(&with_header(b"1\ta\n2\tb\tc\n"), &said, cells(3));
}

#[test]
fn control_lines_that_cannot_be_understood_are_named() {
    let said = ["header of samples", "1|a"];
    for line in [&b"\\?what\n"[..], b"\\\n", b"\\~ \n", b"\\1\n"] {
        check(
            &with_header(&[b"1\ta\n", line].concat()),
            &said,
            Some(ReadError::UnknownControl { row: 2 }),
        );
    }
    for line in [&b"\\.{\n"[..], b"\\.\n", b"\\!oops\n", b"\\.{\"rows\":-1}\n"] {
        let stream = with_header(&[b"1\ta\n", line].concat());
        let (_, error) = read(&stream, 4);
        assert!(
            matches!(error, Some(ReadError::ControlJson { row: 2, .. })),
            "{error:?}"
        );
        check(&stream, &said, error);
    }
}

#[test]
fn a_line_without_end_is_given_up_at_its_limit() {
    let piece = vec![b' '; HEADER_BYTES_MAX / 2 + 1];
    let mut reader = Reader::new();
    assert_eq!(reader.read(&piece).next(), Ok(None));
    assert_eq!(reader.read(&piece).next(), Err(ReadError::HeaderTooLong));

    let long = [
        &header_line(&two_columns())[..],
        &vec![b'x'; ROW_BYTES_MAX],
        b"y\n",
    ]
    .concat();
    let mut reader = Reader::new();
    let mut events = reader.read(&long);
    assert!(matches!(events.next(), Ok(Some(Event::Header(_)))));
    assert_eq!(events.next(), Err(ReadError::RowTooLong { row: 1 }));
}

#[test]
fn the_reader_knows_the_last_whole_row() {
    let mut reader = Reader::new();
    let mut feed = |bytes: &[u8]| {
        let mut events = reader.read(bytes);
        while events.next().unwrap().is_some() {}
        (
            reader.last_row().map(<[u8]>::to_vec),
            reader.rows(),
            reader.bytes(),
        )
    };
    assert_eq!(feed(&with_header(b"")), (None, 0, 0));
    assert_eq!(feed(b"1\ta"), (None, 0, 0));
    assert_eq!(feed(b"\n2\tb"), (Some(b"1\ta".to_vec()), 1, 4));
    assert_eq!(feed(b"b\n3\tc\n4\t"), (Some(b"3\tc".to_vec()), 3, 13));
    assert_eq!(feed(b"d\n\\~\n"), (Some(b"4\td".to_vec()), 4, 17));
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_give_the_same_events(
        rest in "([0-9]{1,3}\t(a|\\\\N|\\\\\\\\|[ -~]{0,90})?\n|\\\\[~.!?]?\\{?\\}?\n|[\t\n\\\\]){0,12}",
        piece in 1_usize..40,
    ) {
        let stream = with_header(rest.as_bytes());
        prop_assert_eq!(read(&stream, piece), read(&stream, stream.len()));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, piece in 1_usize..20) {
        read(&bytes, piece);
        read(&with_header(&bytes), piece);
    }
}
