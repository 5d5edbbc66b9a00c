use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::fields::{Fields, Sizes, Stop};
use super::*;

/// Returns the folder with dumps of several PostgreSQL releases, which `tests/dumps/make.sh` writes.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dumps")
}

fn file(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn archives() -> Vec<(String, Vec<u8>)> {
    let names = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    let archives: Vec<_> = names
        .filter(|name| name.ends_with(".dump"))
        .map(|name| (name.clone(), file(&name)))
        .collect();
    assert!(archives.len() >= 15, "{}", archives.len());
    archives
}

fn read_by(size: usize, bytes: &[u8]) -> Result<Summary, DumpError> {
    let mut archive = Archive::new();
    for chunk in bytes.chunks(size) {
        archive.push(chunk)?;
    }
    archive.finish()
}

fn read(bytes: &[u8]) -> Result<Summary, DumpError> {
    read_by(usize::MAX, bytes)
}

fn refusal(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

/// Returns the offset of an archive's data.
fn data_start(bytes: &[u8]) -> usize {
    let mut archive = Archive::new();
    bytes
        .iter()
        .position(|&byte| {
            archive.push(&[byte]).unwrap();
            archive.toc().is_some()
        })
        .expect("the table of contents ends")
        + 1
}

/// Returns the offset of the number of entries in an archive of the newest version.
fn count_start(bytes: &[u8]) -> usize {
    let mut fields = Fields::new(
        bytes,
        Sizes {
            integer: 4,
            offset: 8,
        },
    );
    assert!(header::read(&mut fields).is_ok());
    fields.position()
}

#[test]
fn every_release_and_way_of_compression_is_read() {
    for (name, version, compression, release) in [
        ("pg15-none.dump", 14, Compression::None, "15."),
        ("pg15-gzip.dump", 14, Compression::Gzip, "15."),
        ("pg15-file.dump", 14, Compression::Gzip, "15."),
        ("pg16-none.dump", 15, Compression::None, "16."),
        ("pg16-gzip.dump", 15, Compression::Gzip, "16."),
        ("pg16-file.dump", 15, Compression::Gzip, "16."),
        ("pg17-none.dump", 16, Compression::None, "17."),
        ("pg17-gzip.dump", 16, Compression::Gzip, "17."),
        ("pg17-zstd.dump", 16, Compression::Zstd, "17."),
        ("pg17-lz4.dump", 16, Compression::Lz4, "17."),
        ("pg17-file.dump", 16, Compression::Gzip, "17."),
        ("pg18-none.dump", 16, Compression::None, "18."),
        ("pg18-gzip.dump", 16, Compression::Gzip, "18."),
        ("pg18-file.dump", 16, Compression::Gzip, "18."),
    ] {
        let bytes = file(name);
        let summary = read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let header = &summary.header;
        assert_eq!(header.archive_version.minor, version, "{name}");
        assert_eq!(header.compression, compression, "{name}");
        assert_eq!(header.database, "shop", "{name}");
        assert!(header.server_version.starts_with(release), "{name}: {header:?}");
        assert!(header.pg_dump_version.starts_with(release), "{name}: {header:?}");
        let year = header.created.map(|created| created.year());
        assert_eq!(year, Some(2026), "{name}: {header:?}");

        let tables = summary.tables.iter();
        let mut tables: Vec<_> = tables
            .map(|table| (table.schema.as_deref().unwrap(), &*table.name))
            .collect();
        tables.sort_unstable();
        let expected = [
            ("billing", "invoices"),
            ("odd \"schema\" 名", "two\nlines\t\"quoted\""),
            ("public", "empty"),
            ("public", "long"),
            ("public", "users"),
        ];
        assert_eq!(tables, expected, "{name}");
        assert!(summary.tables.iter().all(|table| table.has_data), "{name}");
        assert!(
            summary.tables.iter().all(|table| table.data_bytes > Some(0)),
            "{name}"
        );
        assert_eq!(summary.large_objects.count, 3, "{name}");
        assert_eq!(summary.others["FUNCTION"], 1, "{name}");
        assert_eq!(summary.others["CONSTRAINT"], 2, "{name}");
        assert_eq!(summary.bytes, bytes.len() as u64, "{name}");
    }
}

#[test]
fn the_sizes_are_those_of_the_data() {
    // The rows as `COPY` writes them, and the end mark that pg_dump adds.
    let users: usize = (1..=20)
        .map(|number| format!("{number}\tuser {number}\n").len())
        .sum();
    let end = "\\.\n\n\n".len();
    for name in [
        "pg15-none.dump",
        "pg16-none.dump",
        "pg17-none.dump",
        "pg18-none.dump",
    ] {
        let summary = read(&file(name)).unwrap();
        let size = |table: &str| {
            let found = summary.tables.iter().find(|found| found.name == table).unwrap();
            found.data_bytes.unwrap() as usize
        };
        assert_eq!(size("users"), users + end, "{name}");
        assert_eq!(size("empty"), end, "{name}");
        assert_eq!(size("long"), 3 * 501 + end, "{name}");
        assert_eq!(summary.large_objects.data_bytes, 22 + 500, "{name}");
    }
}

#[test]
fn a_dump_without_rows_and_one_of_rows_alone_are_whole() {
    let definitions = read(&file("pg15-schema-only.dump")).unwrap();
    assert_eq!(definitions.tables.len(), 5);
    assert!(
        definitions
            .tables
            .iter()
            .all(|table| !table.has_data && table.data_bytes.is_none())
    );

    let rows = read(&file("pg15-data-only.dump")).unwrap();
    assert_eq!(rows.tables.len(), 5);
    assert!(rows.tables.iter().all(|table| table.data_bytes.is_some()));
}

#[test]
fn a_name_in_another_encoding_is_shown_as_far_as_it_can_be() {
    let summary = read(&file("pg15-latin1.dump")).unwrap();
    assert_eq!(summary.tables[0].name, "caf�");
}

#[test]
fn the_table_of_contents_is_there_before_the_data() {
    let bytes = file("pg17-zstd.dump");
    let mut archive = Archive::new();
    archive.push(&bytes[..data_start(&bytes)]).unwrap();
    let toc = archive.toc().unwrap();
    let rows: Vec<_> = toc
        .entries
        .iter()
        .filter(|entry| entry.kind == TABLE_DATA)
        .collect();
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|entry| entry.owner == "shop"));
    assert!(
        rows.iter()
            .all(|entry| entry.data == EntryData::Awaited { at: None })
    );

    let summary = Summary::new(toc, archive.bytes());
    assert!(
        summary
            .tables
            .iter()
            .all(|table| table.has_data && table.data_bytes.is_none())
    );
}

#[test]
fn a_summary_is_told_as_json() {
    let json = serde_json::to_value(read(&file("pg17-zstd.dump")).unwrap()).unwrap();
    assert_eq!(json["archive_version"], "1.16");
    assert_eq!(json["compression"], "zstd");
    assert!(
        json["created"].as_str().unwrap().starts_with("2026-11-21T"),
        "{json}"
    );
    assert_eq!(json["tables"][0]["schema"], "billing");
    assert_eq!(json["tables"][0]["has_data"], true);
    assert_eq!(json["large_objects"]["count"], 3);
    assert_eq!(json["others"]["VIEW"], 1);
}

#[test]
fn pieces_of_any_length_make_the_same_summary() {
    for (name, bytes) in archives() {
        let summary = read(&bytes).unwrap();
        for size in [1, 2, 3, 7, 64, 1000, 4096] {
            assert_eq!(read_by(size, &bytes).as_ref(), Ok(&summary), "{name} by {size}");
        }
    }
}

#[test]
fn a_dump_cut_at_any_byte_is_not_whole() {
    for (name, bytes) in archives() {
        let mut archive = Archive::new();
        for (at, byte) in bytes.iter().enumerate() {
            match archive.finish() {
                Err(DumpError::Empty) => assert_eq!(at, 0, "{name}"),
                Err(DumpError::CutShort { at: said, .. } | DumpError::DataMissing { at: said, .. }) => {
                    assert_eq!(said, at as u64, "{name}");
                }
                other => panic!("{name}, cut at {at}: {other:?}"),
            }
            archive.push(&[*byte]).unwrap();
        }
        assert!(archive.finish().is_ok(), "{name}");
    }
}

#[test]
fn an_error_says_where_the_dump_ends() {
    let bytes = file("pg15-none.dump");
    let data = data_start(&bytes);
    let users = memchr::memmem::rfind(&bytes, b"1\tuser 1\n").unwrap();
    let start = format!("{},{:03}", data / 1000, data % 1000);
    let place = format!("{},{:03}", users / 1000, users % 1000);
    for (length, message) in [
        (0, "the file is empty; take the dump again".to_owned()),
        (
            3,
            "the dump ends in the middle of its header, at byte 3: it is cut short; take the dump again".to_owned(),
        ),
        (
            1000,
            "the dump ends in the middle of its table of contents (4 of 34 entries are there), at byte 1,000: \
             it is cut short; take the dump again"
                .to_owned(),
        ),
        (
            data,
            format!(
                "the dump ends at byte {start} without the data of table billing.invoices and of 5 more: \
                 it is cut short; take the dump again"
            ),
        ),
        (
            users,
            format!(
                "the dump ends in the middle of the data of table public.users, at byte {place}: \
                 it is cut short; take the dump again"
            ),
        ),
        (
            bytes.len() - 1,
            "the dump ends in the middle of the data of large objects, at byte 10,309: \
             it is cut short; take the dump again"
                .to_owned(),
        ),
    ] {
        assert_eq!(refusal(&bytes[..length]), message);
    }
}

#[test]
fn a_name_with_a_line_end_is_told_in_one_line() {
    let bytes = file("pg15-none.dump");
    let odd = memchr::memmem::rfind(&bytes, b"\\\\.\\n\n").unwrap();
    let message = refusal(&bytes[..odd]);
    assert!(
        message.contains("table odd \"schema\" 名.two lines \"quoted\","),
        "{message}"
    );
}

#[test]
fn a_file_that_is_something_else_is_named() {
    for (bytes, name) in [
        (file("pg15.sql"), "a dump as SQL text; run it with `psql`"),
        (file("pg15.tar"), "a tar archive"),
        (
            file("pg15-folder.toc.dat"),
            "the table of contents of a dump in the directory",
        ),
        (
            b"\x1f\x8b\x08\x00\x00".to_vec(),
            "compressed with gzip; decompress it first",
        ),
        (b"\xff\xfeP\0G\0D\0M\0P\0".to_vec(), "UTF-16 text"),
        (b"\n<!doctype html>".to_vec(), "a web page"),
        (
            b"{\"title\":\"Unauthorized\"}".to_vec(),
            "a web page or a JSON message",
        ),
        (b"PGDUMP".to_vec(), "of an unknown kind"),
        (vec![0; 10_000], "of an unknown kind"),
    ] {
        let message = refusal(&bytes);
        let expected = format!("the file is not a dump in pg_dump's custom format: it is {name}");
        assert!(message.starts_with(&expected), "{message}");
        assert_eq!(read_by(1, &bytes), read(&bytes));
    }
}

#[test]
fn a_version_that_is_not_known_is_named() {
    let mut bytes = file("pg17-gzip.dump");
    for (version, message) in [
        (
            [1, 17],
            "the dump was made by a newer PostgreSQL: its archive has version 1.17, and this Decant reads up to 1.16; update Decant",
        ),
        (
            [2, 0],
            "the dump was made by a newer PostgreSQL: its archive has version 2.0, and",
        ),
        (
            [1, 9],
            "the dump was made by a very old PostgreSQL: its archive has version 1.9, and",
        ),
        (
            [0, 16],
            "the dump was made by a very old PostgreSQL: its archive has version 0.16, and",
        ),
    ] {
        bytes[MAGIC.len()..][..2].copy_from_slice(&version);
        let refusal = refusal(&bytes);
        assert!(refusal.starts_with(message), "{refusal}");
    }
}

/// Converts an archive of version 1.14 to an older version.
fn written_as(minor: u8, bytes: &[u8]) -> Vec<u8> {
    let count = count_start(bytes);
    let mut old = bytes[..count].to_vec();
    old[MAGIC.len() + 1] = minor;
    let mut kept_from = count;
    let later = later_fields(minor, &bytes[count..]);
    for field in later.unwrap_or_else(|_| panic!("the table of contents is whole")) {
        old.extend_from_slice(&bytes[kept_from..count + field.start]);
        kept_from = count + field.end;
    }
    old.extend_from_slice(&bytes[kept_from..]);
    old
}

/// Returns the ranges of fields that an older version lacks in a table of contents of version 1.14.
fn later_fields(minor: u8, contents: &[u8]) -> Result<Vec<Range<usize>>, Stop> {
    let mut later = Vec::new();
    let mut fields = Fields::new(
        contents,
        Sizes {
            integer: 4,
            offset: 8,
        },
    );
    for _ in 0..fields.integer()? {
        let _numbers = (fields.integer()?, fields.integer()?);
        for _ in ["class", "object", "name", "kind"] {
            fields.skip_text()?;
        }
        let section = fields.position();
        fields.integer()?;
        later.extend((minor < 11).then(|| section..fields.position()));
        for _ in ["definition", "drop", "copy", "schema", "tablespace"] {
            fields.skip_text()?;
        }
        let access_method = fields.position();
        fields.skip_text()?;
        later.extend((minor < 14).then(|| access_method..fields.position()));
        for _ in ["owner", "with oids"] {
            fields.skip_text()?;
        }
        while fields.skip_text()? {}
        let _data = (fields.byte()?, fields.offset()?);
    }
    Ok(later)
}

#[test]
fn archives_of_older_versions_are_read() {
    let bytes = file("pg15-gzip.dump");
    let summary = read(&bytes).unwrap();
    for minor in [10, 11, 12, 13, 14] {
        let old = written_as(minor, &bytes);
        let mut expected = summary.clone();
        expected.header.archive_version.minor = minor;
        expected.bytes = old.len() as u64;
        assert_eq!(read(&old), Ok(expected), "1.{minor}");
    }
}

#[test]
fn bytes_behind_the_end_are_noticed() {
    let bytes = file("pg15-gzip.dump");
    let data = data_start(&bytes);
    for (more, message) in [
        (&b"\n"[..], "the type of a block cannot be 10"),
        (&bytes, "the type of a block cannot be 80"),
        (
            &bytes[data..],
            "there is data of table billing.invoices where there should be none, or it comes twice",
        ),
        (
            b"\x01\0\xff\xff\0\0",
            "there is data of entry 65535, which the table of contents lacks",
        ),
    ] {
        let refusal = refusal(&[&bytes, more].concat());
        assert!(refusal.contains(message), "{refusal}");
    }
    assert!(matches!(
        read(&[&bytes, &b"\x01\0"[..]].concat()),
        Err(DumpError::CutShort {
            part: DumpPart::BlockHeader,
            ..
        })
    ));
}

#[test]
fn data_that_is_not_where_it_should_be_is_noticed() {
    let piped = file("pg15-gzip.dump");
    let mut bytes = file("pg15-file.dump");
    let data = data_start(&bytes);
    assert_eq!(bytes.len(), piped.len());
    // The first entry with data is the first block. Its offset follows its state, 2.
    let place = [&[2][..], &data.to_le_bytes()].concat();
    let at = memchr::memmem::find(&bytes, &place).unwrap();
    bytes[at + 1] ^= 1;
    let message = refusal(&bytes);
    assert!(
        message.contains("the data of table billing.invoices should begin at byte"),
        "{message}"
    );
}

#[test]
fn data_of_the_wrong_kind_is_noticed() {
    let mut bytes = file("pg15-gzip.dump");
    let data = data_start(&bytes);
    bytes[data] = 3;
    let message = refusal(&bytes);
    assert!(
        message.contains("the data of table billing.invoices is of the wrong kind"),
        "{message}"
    );
}

#[test]
fn numbers_that_cannot_be_take_no_memory() {
    let bytes = file("pg15-gzip.dump");
    let count = count_start(&bytes);
    for (at, number, message) in [
        (
            count,
            [0, 0xff, 0xff, 0xff, 0x7f],
            "the number of entries cannot be 2147483647",
        ),
        (count, [1, 1, 0, 0, 0], "the number of entries cannot be -1"),
        (count, [9, 1, 0, 0, 0], "the sign of a number cannot be 9"),
        (count + 5, [0, 0, 0, 0, 0], "the number of an entry cannot be 0"),
        (
            count + 5,
            [0, 0, 0, 0, 0x80],
            "the number of an entry cannot be 2147483648",
        ),
        (
            count + 10,
            [0, 2, 0, 0, 0],
            "the table of contents contradicts itself about the data of encoding ENCODING",
        ),
        (
            count + 15,
            [0, 0xff, 0xff, 0xff, 0x7f],
            "an entry of the table of contents is longer than 67108864 bytes",
        ),
        (count + 15, [1, 2, 0, 0, 0], "the length of a text cannot be -2"),
        (
            data_start(&bytes) + 6,
            [1, 1, 0, 0, 0],
            "the length of a piece of data cannot be -1",
        ),
    ] {
        let mut bytes = bytes.clone();
        bytes[at..at + 5].copy_from_slice(&number);
        let refusal = refusal(&bytes);
        assert!(refusal.contains(message), "{refusal}");
    }
}

#[test]
fn an_error_stays() {
    let mut archive = Archive::new();
    let error = archive.push(&[0; 1000]).unwrap_err();
    assert_eq!(archive.push(&file("pg15-gzip.dump")), Err(error.clone()));
    assert_eq!(archive.finish(), Err(error));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_chunks_make_no_difference(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        has_magic: bool,
        size in 1..50_usize,
    ) {
        let bytes = if has_magic { [&b"PGDMP\x01\x0e\0\x04\x08\x01"[..], &bytes].concat() } else { bytes };
        prop_assert_eq!(read_by(size, &bytes), read(&bytes));
    }

    #[test]
    fn no_change_of_a_real_archive_makes_it_panic(
        (_, mut bytes) in proptest::sample::select(archives()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        length in any::<prop::sample::Index>(),
        is_cut: bool,
        size in 1..5000_usize,
    ) {
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if is_cut {
            bytes.truncate(length.index(bytes.len()));
        }
        prop_assert_eq!(read_by(size, &bytes), read(&bytes));
    }
}
