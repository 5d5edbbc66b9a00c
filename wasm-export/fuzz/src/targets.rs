//! The bodies of the fuzz targets, each a function of the bytes that a fuzzer or a file of the corpus gives.
//!
//! `fuzz_targets/` runs them under libFuzzer, and `wasm-export/tests/corpus.rs` runs them on the committed corpus.

use arbitrary::{Arbitrary, Result, Unstructured};
use serde::de::IgnoredAny;
use serde_json::Value;
use wasm_export::dump::Archive;
use wasm_export::format::guard::{decode, encode};
use wasm_export::json::{Fault, JsonError};
use wasm_export::options::{Compression, Delimiter};
use wasm_export::pretty::Pretty;
use wasm_export::reading::InputFormat;

use super::choices::Choices;
use super::exporting::{export, stream};
use super::pieces::Cuts;
use super::reading::{self, check};
use super::table::{Table, header, kinds};

/// Checks that [`decode`] undoes the strict guard for any text and delimiter.
///
/// # Panics
/// If the decoded text differs.
pub fn guard(text: &[u8]) {
    for delimiter in Delimiter::ALL {
        let guarded = encode(text, delimiter.byte());
        assert_eq!(decode(&guarded, delimiter.byte()), text);
    }
}

/// Checks that [`Pretty`] accepts the JSON that serde accepts, keeps its values, and lays its own output out the same.
///
/// # Panics
/// If it does not, or the result depends on how the bytes are cut.
pub fn pretty_json(input: &[u8]) {
    let (cuts, text) = Cuts::at_the_end_of(input);
    let laid_out = lay_out(std::iter::once(text));
    assert_eq!(lay_out(cuts.cut(text)), laid_out);
    // serde has no limit on the depth of what it ignores.
    if laid_out
        .as_ref()
        .is_err_and(|error| error.fault == Fault::TooDeep)
    {
        return;
    }
    // serde does not check that the text it ignores is UTF-8.
    let is_json =
        std::str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    assert_eq!(laid_out.is_ok(), is_json, "{laid_out:?}");
    let Ok(laid_out) = laid_out else { return };
    assert!(without_space(text).eq(without_space(&laid_out)));
    // A `Value` cannot hold half of a surrogate pair, or a number outside the range of a float.
    if let Ok(value) = serde_json::from_slice::<Value>(text) {
        assert_eq!(serde_json::from_slice::<Value>(&laid_out).ok(), Some(value));
    }
    let again = lay_out(std::iter::once(laid_out.as_slice()));
    assert_eq!(again, Ok(laid_out));
}

fn lay_out<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<Vec<u8>, JsonError> {
    let mut pretty = Pretty::new();
    let mut out = Vec::new();
    for piece in pieces {
        pretty.push(piece, &mut out)?;
    }
    pretty.finish(&mut out)?;
    Ok(out)
}

fn without_space(text: &[u8]) -> impl Iterator<Item = &u8> {
    text.iter().filter(|byte| !byte.is_ascii_whitespace())
}

/// Exports any bytes as a raw-row stream, in any format and compression.
///
/// # Panics
/// If the export does, or its result depends on how the bytes are cut.
pub fn raw_rows(input: &[u8]) {
    let Some((Choices(options), cuts, AnyStream(stream))) = value_from(input) else {
        return;
    };
    // Nearly every stream is refused. Any refusal is right; a panic is not.
    let _ = export(&stream, &options, &cuts);
}

/// A stream that may break every rule of the format.
#[derive(Debug)]
struct AnyStream(Vec<u8>);

impl<'a> Arbitrary<'a> for AnyStream {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        // Without a valid header in most streams, hardly an input would reach the rows.
        let has_header = u.ratio(7, 8)?;
        if !has_header {
            return Ok(Self(u.arbitrary::<&[u8]>()?.to_vec()));
        }
        let header = header(&kinds(u)?, u.arbitrary()?);
        Ok(Self(stream(&header, u.arbitrary()?)))
    }
}

/// Exports any table in any format and compression, and reads the file back.
///
/// # Panics
/// If a reader finds other cells than the table has.
pub fn formats(input: &[u8]) {
    if let Some((Choices(options), cuts, table)) = value_from::<(_, Cuts, Table)>(input) {
        super::formats::check(&options, &cuts, &table);
    }
}

/// Reads any bytes as CSV.
///
/// # Panics
/// If the reader does, or its result depends on how the bytes are cut.
pub fn read_csv(input: &[u8]) {
    check(input, InputFormat::Csv);
}

/// Reads any bytes as JSON and as JSON lines.
///
/// # Panics
/// If a reader does, or its result depends on how the bytes are cut.
pub fn read_json(input: &[u8]) {
    check(input, InputFormat::Json);
    check(input, InputFormat::Jsonl);
}

/// Reads any bytes as XML.
///
/// # Panics
/// If the reader does, or its result depends on how the bytes are cut.
pub fn read_xml(input: &[u8]) {
    check(input, InputFormat::Xml);
}

/// Reads any bytes as a dump by `pg_dump`.
///
/// # Panics
/// If the reader does, or its result depends on how the bytes are cut.
pub fn read_archive(input: &[u8]) {
    let (cuts, bytes) = Cuts::at_the_end_of(input);
    let mut whole = Archive::new();
    let pushed = whole.push(bytes);
    let mut cut = Archive::new();
    let pushed_cut = cuts.cut(bytes).try_for_each(|piece| cut.push(piece));
    assert_eq!(pushed.is_ok(), pushed_cut.is_ok());
    let summary = |archive: &Archive| archive.finish().map(|summary| format!("{summary:?}"));
    match (summary(&whole), summary(&cut)) {
        (Ok(whole), Ok(cut)) => assert_eq!(whole, cut),
        (Err(whole), Err(cut)) => assert_eq!(whole.to_string(), cut.to_string()),
        (whole, cut) => panic!("{whole:?} and {cut:?}"),
    }
}

/// Decompresses any bytes as gzip, Zstandard and zip.
///
/// # Panics
/// If a reader does, or its result depends on how the bytes are cut.
pub fn unpack(input: &[u8]) {
    let (cuts, bytes) = Cuts::at_the_end_of(input);
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Zip] {
        // Nearly every input is refused. Any refusal is right; a panic is not.
        let _ = reading::unpack(bytes, compression, &cuts);
    }
}

/// Returns the value that these bytes stand for, or `None` when they are too few.
fn value_from<'a, T: Arbitrary<'a>>(input: &'a [u8]) -> Option<T> {
    T::arbitrary_take_rest(Unstructured::new(input)).ok()
}
