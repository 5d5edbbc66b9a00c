//! CSV of raw rows in Chromium: the crate as WebAssembly, the seeds' JavaScript, Papa Parse.

use std::time::Duration;

use decant_tests::browser::{self, Browser};
use decant_tests::patience::wait_for;
use serde::Deserialize;
use serde_json::Value;
use wasm_export::Options;

use crate::formatting;
use crate::line::Line;
use crate::outcome::Outcome;
use crate::paths::{bench_folder, workspace};
use crate::quantity::{megabytes, milliseconds};
use crate::report::Section;
use crate::samples::Samples;
use crate::site::{File, Site};

/// Rows for the comparison: as many as JavaScript easily holds as strings.
pub const ROWS: u64 = 200_000;

/// After one round as a warm-up.
const ROUNDS: usize = 5;

/// Rounds of each implementation in the page's `race`.
pub const IN_A_ROUND: &str = "In a round each way is taken again and again for 250 ms at least, and its mean time \
                              counts; the rubbish of the way before is collected in nobody's time.";

/// Lets the page's scripts collect garbage before each measurement, and read exact memory sizes.
pub const FLAGS: &[&str] = &["--enable-precise-memory-info", "--js-flags=--expose-gc"];

/// Bound for all rounds.
const PATIENCE: Duration = Duration::from_secs(180);

/// Result of the page's `compare`; times in milliseconds.
#[derive(Deserialize)]
struct Comparison {
    rows: u64,
    file_bytes: u64,
    wasm: Vec<f64>,
    seeds: Vec<f64>,
    papa: Vec<f64>,
}

/// Result of the page's `pour`.
#[derive(Deserialize)]
pub struct Poured {
    pub rows: u64,
    /// Size of the file in bytes.
    pub file_bytes: u64,
    /// Memory of the module in bytes.
    pub memory_bytes: u64,
}

/// Measures the comparison on a part of the rows, and the memory on all of them.
pub async fn measure(part: Vec<u8>, stream: Vec<u8>) -> Outcome<Section> {
    let part_bytes = formatting::export(&part, Options::default(), |_| {})?;
    let whole_bytes = formatting::export(&stream, Options::default(), |_| {})?;
    let mut files = files()?;
    files.extend([File::of("part", part), File::of("whole", stream)]);
    let site = Site::of(files)?;
    let (mut comparison, mut poured) = (Value::Null, Value::Null);
    browser::in_browser_with(FLAGS, &site.address, "bench", async |browser| {
        comparison = outcome(browser, &format!("compare({ROUNDS})")).await;
        poured = outcome(browser, "pour('{}')").await;
    })
    .await;

    let comparison: Comparison = understand(comparison)?;
    let poured: Poured = understand(poured)?;
    if (comparison.file_bytes, poured.file_bytes) != (part_bytes, whole_bytes) {
        return Err("the browser's files are not as long as the native ones".into());
    }
    Ok(section(comparison, &poured))
}

/// Calls a function of the page and waits for its result.
pub async fn outcome(browser: &Browser, call: &str) -> Value {
    browser.run(&format!("window.{call};"), Vec::new()).await;
    let look = async || match browser.run("return window.outcome;", Vec::new()).await {
        Value::Null => None,
        outcome => Some(outcome),
    };
    wait_for(call, PATIENCE, look).await
}

fn section(comparison: Comparison, poured: &Poured) -> Section {
    let rows = comparison.rows;
    let wasm = Samples::from(comparison.wasm).median();
    let seeds = Samples::from(comparison.seeds).median();
    let papa = Samples::from(comparison.papa).median();
    let how = format!(
        "In one page, {rows} rows. WebAssembly: `RowExport.push` over the raw bytes in pieces of 64 KiB and `finish`: \
         it reads, checks the digest, formats, and hands each piece of the file to a JavaScript object's `write`, \
         which looks at its size. The others get the rows decoded to strings beforehand, not in their time, and need \
         not make bytes of their text: the seeds' `escapeCsvField` on every cell, `join(\",\")`, `join(\"\\n\")` and \
         the byte order mark; Papa Parse's `unparse` of the arrays with its default options. \
         Median of {ROUNDS} rounds of one after the other, after a round that does not count and lets the browser \
         compile all three. {IN_A_ROUND} Memory is the module's `memory.buffer.byteLength` after all rows of the stream were \
         pushed as `fetch` gave them."
    );
    Section {
        title: "CSV in Chromium",
        how,
        lines: vec![
            Line::new("time", milliseconds(wasm))
                .beside("the seeds' JavaScript", milliseconds(seeds))
                .times_as_fast_at_least(5.0),
            Line::new("time", milliseconds(wasm))
                .beside("Papa Parse", milliseconds(papa))
                .times_as_fast_at_least(10.0),
            Line::new(
                format!("WebAssembly memory after {} rows", poured.rows),
                megabytes(poured.memory_bytes),
            )
            .at_most(megabytes(32_000_000)),
        ],
    }
}

/// Returns the page with all its files except rows.
pub fn files() -> Outcome<Vec<File>> {
    let (page, wasm) = (bench_folder().join("page"), workspace().join("target/module"));
    let papa = bench_folder().join("node_modules/papaparse/papaparse.js");
    Ok(vec![
        File::read(&page.join("index.html"))?,
        File::read(&page.join("bench.js"))?,
        File::read(&page.join("ways.js"))?,
        File::read(&page.join("decoded.js"))?,
        File::read(&page.join("seeds.js"))?,
        File::read(&papa)?,
        File::read(&wasm.join("wasm_export.js"))?,
        File::read(&wasm.join("wasm_export_bg.wasm"))?,
    ])
}

/// Returns the page's result, or its error.
pub fn understand<T: serde::de::DeserializeOwned>(told: Value) -> Outcome<T> {
    match told.get("failure") {
        Some(failure) => Err(format!("the page failed: {failure}").into()),
        None => Ok(serde_json::from_value(told)?),
    }
}
