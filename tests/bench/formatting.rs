//! CSV of raw rows on one core, compared with the `csv` crate's writer.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use csv::{ByteRecord, Writer};
use wasm_export::{Export, Options};

use crate::line::Line;
use crate::outcome::Outcome;
use crate::quantity::{rate, seconds};
use crate::report::Section;
use crate::samples::Samples;

/// Size of the pieces of raw rows.
const CHUNK_BYTES: usize = 64 * 1024;

const ROUNDS: usize = 5;

/// Wanted output of one core, in bytes per second.
const BYTES_PER_SECOND_MIN: u64 = 800_000_000;

/// Measures on a captured stream.
pub fn measure(stream: &[u8]) -> Outcome<Section> {
    let mut file = Vec::new();
    export(stream, Options::default(), |piece| file.extend_from_slice(piece))?;
    let bytes = file.len() as u64;
    let records = read_back(&file)?;
    drop(file);

    let (mut ours, mut slices, mut quickest) = (Samples::default(), Samples::default(), Samples::default());
    let mut their_bytes = 0;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        export(stream, Options::default(), |piece| {
            black_box(piece);
        })?;
        ours.add(begun.elapsed());
        let (took, written) = write_again(&records, |writer, record| writer.write_record(record))?;
        slices.add(took);
        quickest.add(write_again(&records, |writer, record| writer.write_byte_record(record))?.0);
        their_bytes = written;
    }
    let (ours, slices, quickest) = (ours.median(), slices.median(), quickest.median());
    Ok(Section {
        title: "CSV natively, on one core",
        how: format!(
            "The raw rows of the stream above, in memory, through `Export::push` in pieces of 64 KiB and \
             `Export::finish`: reading, checking the digest, timestamps, guard, CSV, each piece into the same buffer. \
             Beside it the `csv` crate's `Writer` into nothing, on the cells of the finished file, so that all it has \
             to do is to quote: by `write_record`, which takes cells as byte slices, and by its short cut for records \
             of its own reader, `write_byte_record`. Median of {ROUNDS} rounds of one after the other."
        ),
        lines: vec![
            Line::new("output", rate(bytes, ours))
                .beside("csv's write_byte_record", rate(their_bytes, quickest))
                .at_least(rate(BYTES_PER_SECOND_MIN, 1.0)),
            Line::new("time", seconds(ours))
                .beside("csv's write_record", seconds(slices))
                .times_as_fast_at_least(1.0),
            Line::new("time", seconds(ours))
                .beside("csv's write_byte_record", seconds(quickest))
                .times_as_fast_at_least(1.0),
        ],
    })
}

/// Exports a stream piece by piece, and returns the file's size in bytes.
pub fn export(stream: &[u8], options: Options, mut take: impl FnMut(&[u8])) -> Outcome<u64> {
    let mut export = Export::new(options);
    let mut file = Vec::new();
    for chunk in stream.chunks(CHUNK_BYTES) {
        file.clear();
        export.push(chunk, &mut file)?;
        take(&file);
    }
    file.clear();
    let summary = export.finish(&mut file)?;
    take(&file);
    Ok(summary.file_bytes)
}

fn read_back(file: &[u8]) -> Outcome<Vec<ByteRecord>> {
    let reader = csv::ReaderBuilder::new().has_headers(false).from_reader(file);
    Ok(reader.into_byte_records().collect::<Result<_, _>>()?)
}

/// Returns the time that the `csv` crate needs to write the cells, and their size in bytes.
fn write_again(
    records: &[ByteRecord],
    write: impl Fn(&mut Writer<Counter>, &ByteRecord) -> csv::Result<()>,
) -> Outcome<(Duration, u64)> {
    let begun = Instant::now();
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .buffer_capacity(CHUNK_BYTES)
        .from_writer(Counter(0));
    for record in records {
        write(&mut writer, record)?;
    }
    writer.flush()?;
    let took = begun.elapsed();
    Ok((took, writer.get_ref().0))
}

/// Counts the bytes of the `csv` crate and discards them.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += black_box(bytes).len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
