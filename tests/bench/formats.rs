//! Every format: natively, and as WebAssembly in Chromium beside the usual JavaScript libraries.

use std::hint::black_box;
use std::time::Instant;

use decant_tests::browser;
use decant_tests::server::Server;
use serde::Deserialize;
use serde_json::Value;
use wasm_export::Options;
use wasm_export::options::Format;

use crate::bed::MANY_PROBES;
use crate::in_browser::{FLAGS, IN_A_ROUND, Poured, files, outcome, understand};
use crate::line::Line;
use crate::outcome::Outcome;
use crate::paths::bench_folder;
use crate::process::Process;
use crate::quantity::{Quantity, megabytes, throughput};
use crate::report::Section;
use crate::samples::Samples;
use crate::site::{File, Site};
use crate::{client, formatting};

/// Rows for the comparisons; fewer for XLSX, for which JavaScript is slow.
const ROWS: u64 = 100_000;
const XLSX_ROWS: u64 = 50_000;

/// After one round as a warm-up.
const ROUNDS: usize = 5;

/// Wanted ratio to the others' time.
const TIMES_AS_FAST: f64 = 5.0;
const XLSX_TIMES_AS_FAST: f64 = 10.0;

/// Bound for the memory of a workbook of all rows, in bytes.
const XLSX_MEMORY_MAX_BYTES: u64 = 64_000_000;

/// The libraries, by the names under which the page loads them.
const LIBRARIES: &[(&str, &str)] = &[
    ("csv-stringify.js", "csv-stringify/dist/iife/sync.js"),
    ("handlebars.min.js", "handlebars/dist/handlebars.min.js"),
    ("markdown-table.js", "markdown-table/index.js"),
    ("fxbuilder.min.js", "fast-xml-parser/lib/fxbuilder.min.js"),
    ("xlsx.full.min.js", "xlsx/dist/xlsx.full.min.js"),
    ("exceljs.min.js", "exceljs/dist/exceljs.min.js"),
];

/// Minimal code instead of a library. These have no bound.
const LEAN: &[&str] = &["a template", "markdown-table, not padded"];

/// Result of the page's `compareFormat`.
#[derive(Deserialize)]
pub struct Comparison {
    rows: u64,
    wasm: Way,
    peers: Vec<Way>,
}

/// One implementation; its times in milliseconds.
#[derive(Deserialize)]
struct Way {
    name: String,
    times: Vec<f64>,
    file_bytes: u64,
    memory_bytes: u64,
}

impl Way {
    fn speed(&self, rows: u64) -> Quantity {
        let milliseconds = Samples::from(self.times.clone()).median();
        throughput(rows, self.file_bytes, milliseconds / 1e3)
    }
}

struct Streams {
    rows: Vec<u8>,
    xlsx_rows: Vec<u8>,
    probes: Vec<u8>,
    whole: Vec<u8>,
}

impl Streams {
    async fn keep(server: &Server) -> Self {
        Self {
            rows: client::keep(server, "usage-logs", Some(ROWS)).await,
            xlsx_rows: client::keep(server, "usage-logs", Some(XLSX_ROWS)).await,
            probes: client::keep(server, MANY_PROBES, Some(ROWS)).await,
            whole: client::keep(server, "usage-logs", None).await,
        }
    }

    /// Returns the stream for a format, and its name on the site.
    fn of(&self, format: Format) -> (&'static str, &[u8]) {
        match format {
            Format::Text => ("probes", &self.probes),
            Format::Xlsx => ("xlsx-rows", &self.xlsx_rows),
            _ => ("rows", &self.rows),
        }
    }

    fn site(&self) -> Outcome<Site> {
        let mut files = files()?;
        files.push(File::read(&bench_folder().join("page/formats.js"))?);
        for (name, path) in LIBRARIES {
            let path = bench_folder().join("node_modules").join(path);
            files.push(File::read_as(name, &path)?);
        }
        let streams = [Format::Csv, Format::Text, Format::Xlsx].map(|format| self.of(format));
        files.extend(streams.map(|(name, stream)| File::of(name, stream.to_vec())));
        files.push(File::of("whole", self.whole.clone()));
        Site::of(files)
    }
}

pub async fn measure(server: &Server) -> Outcome<Section> {
    let streams = Streams::keep(server).await;
    // First, because later it would reuse memory of other exports.
    let (native_bytes, native_growth) = workbook(&streams.whole)?;
    let site = streams.site()?;
    let mut told = Vec::new();
    let mut poured = Value::Null;
    browser::in_browser_with(FLAGS, &site.address, "bench", async |browser| {
        for &format in Format::ALL {
            let (name, _) = streams.of(format);
            told.push(outcome(browser, &format!("compareFormat('{format}', '{name}', {ROUNDS})")).await);
            browser.reload().await;
        }
        poured = outcome(browser, r#"pour('{"format":"xlsx"}')"#).await;
    })
    .await;

    let mut lines = Vec::new();
    for (&format, told) in Format::ALL.iter().zip(told) {
        let (_, stream) = streams.of(format);
        lines.extend(compared(format, stream, &understand(told)?)?);
    }
    let poured: Poured = understand(poured)?;
    if native_bytes != poured.file_bytes {
        return Err("the browser's workbook of all rows is not as long as the native one".into());
    }
    lines.extend(
        [
            ("WebAssembly memory", poured.memory_bytes),
            ("natively, growth", native_growth),
        ]
        .map(|(what, bytes)| {
            Line::new(format!("xlsx of {} rows: {what}", poured.rows), megabytes(bytes))
                .at_most(megabytes(XLSX_MEMORY_MAX_BYTES))
        }),
    );
    Ok(Section {
        title: "Every format, natively and in Chromium",
        how: how(),
        lines,
    })
}

/// Returns the lines of one format.
pub fn compared(format: Format, stream: &[u8], told: &Comparison) -> Outcome<Vec<Line>> {
    let (bytes, seconds) = natively(format, stream)?;
    if bytes != told.wasm.file_bytes {
        return Err(format!("the browser's {format} is not as long as the native one").into());
    }
    let rows = told.rows;
    let mut lines = vec![Line::new(
        format!("{format} natively"),
        throughput(rows, bytes, seconds),
    )];
    lines.extend(told.peers.iter().map(|peer| {
        let line = Line::new(format!("{format} in Chromium"), told.wasm.speed(rows))
            .beside(&peer.name, peer.speed(rows));
        match format {
            _ if LEAN.contains(&peer.name.as_str()) => line.with_times_as_fast(),
            Format::Xlsx => line.times_as_fast_at_least(XLSX_TIMES_AS_FAST),
            _ => line.times_as_fast_at_least(TIMES_AS_FAST),
        }
    }));
    lines.extend(told.peers.iter().map(|peer| {
        Line::new(format!("{format}: memory"), megabytes(told.wasm.memory_bytes))
            .beside(&peer.name, megabytes(peer.memory_bytes))
            .times_less()
    }));
    Ok(lines)
}

/// Returns the size of the file in bytes, and the time in seconds.
fn natively(format: Format, stream: &[u8]) -> Outcome<(u64, f64)> {
    let (mut bytes, mut times) = (0, Samples::default());
    for round in 0..=ROUNDS {
        let begun = Instant::now();
        bytes = formatting::export(stream, options(format), |piece| {
            black_box(piece);
        })?;
        if round > 0 {
            times.add(begun.elapsed());
        }
    }
    Ok((bytes, times.median()))
}

/// Returns the size of a workbook of all rows, and the growth of this process meanwhile, both in bytes.
fn workbook(stream: &[u8]) -> Outcome<(u64, u64)> {
    let process = Process {
        id: std::process::id(),
    };
    process.forget_peak()?;
    let before = process.resident_bytes()?;
    let bytes = formatting::export(stream, options(Format::Xlsx), |_| {})?;
    Ok((bytes, process.peak_bytes()?.saturating_sub(before)))
}

fn options(format: Format) -> Options {
    Options {
        format,
        ..Options::default()
    }
}

fn how() -> String {
    format!(
        "{ROWS} usage logs, {XLSX_ROWS} for xlsx, and for text {ROWS} probe logs, the demo's multiplied. Natively: the \
         raw rows in memory through `Export` in pieces of 64 KiB on one core, each piece into the same buffer. In \
         Chromium: `RowExport` over the same bytes in the same pieces, which are handed to a `write` that looks at \
         their size; it reads, checks the digest, formats, and packs xlsx. The others get the rows decoded beforehand, \
         not in their time: as arrays of strings (csv, markdown, html), objects of numbers, booleans, strings and \
         nulls (json, jsonl, text), objects of strings (xml), arrays of numbers, strings and `Date`s (xlsx). They may \
         leave it at a string where they make one, and are called as their users do: \
         `csv_stringify_sync.stringify`; Papa Parse's `unparse`; `JSON.stringify` of all rows, or of each and \
         `join(\"\\n\")`, and the same with the `TextEncoder` that a file needs; markdown-table, which pads and escapes \
         nothing; a compiled template of Handlebars; fast-xml-parser's `XMLBuilder`; SheetJS with dense sheets and \
         compression to an array; ExcelJS's `addRows` and `writeBuffer`. Beside them, without a bound, the least that \
         can be written: markdown-table told not to pad, and templates of `map` and `join`, html with `&<>\"'` escaped, \
         text with times cut out of the string and of the five columns alone that a line shows. Our html is a report \
         with a summary of the columns besides. Median of {ROUNDS} rounds of one after \
         the other, after one that does not count. {IN_A_ROUND} The page is loaded anew for each format, and so is the module. \
         Memory is the module's whole `memory.buffer.byteLength`, which never shrinks, after all rounds; of the others \
         it is by how much `performance.memory.usedJSHeapSize` has grown from just after a collection to when the file \
         is done, and the length of the buffer if it is one: less than their peak, since what was collected meanwhile \
         is not in it, nor buffers in between, nor the rows that they need as a whole beforehand. The last two lines \
         are of the whole stream, as `fetch` gave it and from memory; growth is the peak of resident memory less what \
         it was before."
    )
}
