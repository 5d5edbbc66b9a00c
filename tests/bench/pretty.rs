//! JSON laid out for people in Chromium, beside the browser's own.

use decant_tests::browser;
use serde::Deserialize;
use serde_json::Value;

use crate::in_browser::{FLAGS, IN_A_ROUND, files, outcome, understand};
use crate::line::Line;
use crate::quantity::{megabytes, rate};
use crate::report::Section;
use crate::samples::Samples;
use crate::site::{File, Site};
use crate::{Outcome, bench_folder};

/// How long the text is, about.
const BYTES: u64 = 20_000_000;

/// After one round that is not counted.
const ROUNDS: usize = 5;

/// How many times as fast as the browser we should be.
const TIMES_AS_FAST: f64 = 5.0;

/// What the page's `comparePretty` tells.
#[derive(Deserialize)]
struct Comparison {
    bodies: [Body; 2],
    memory_bytes: u64,
}

/// One text: the times of each way in milliseconds.
#[derive(Deserialize)]
struct Body {
    bytes: u64,
    wasm: Vec<f64>,
    strings: Vec<f64>,
    bytes_too: Vec<f64>,
}

/// Measures it.
pub async fn measure() -> Outcome<Section> {
    let mut files = files()?;
    files.push(File::read(&bench_folder().join("page/pretty.js"))?);
    let site = Site::of(files)?;
    let mut told = Value::Null;
    browser::in_browser_with(FLAGS, &site.address, "bench", async |browser| {
        told = outcome(browser, &format!("comparePretty({BYTES}, {ROUNDS})")).await;
    })
    .await;
    let told: Comparison = understand(told)?;

    let mut lines = Vec::new();
    for (body, what) in told
        .bodies
        .into_iter()
        .zip(["all ASCII", "a tenth of the messages Chinese in part"])
    {
        let speed = |times: Vec<f64>| rate(body.bytes, Samples::from(times).median() / 1e3);
        let ours = speed(body.wasm);
        let peers = [
            ("JSON of strings", body.strings),
            ("JSON, TextDecoder and TextEncoder", body.bytes_too),
        ];
        lines.extend(peers.map(|(name, times)| {
            Line::new(what, ours)
                .beside(name, speed(times))
                .times_as_fast_at_least(TIMES_AS_FAST)
        }));
    }
    lines.push(Line::new("WebAssembly memory", megabytes(told.memory_bytes)));
    Ok(Section {
        title: "JSON laid out for people in Chromium",
        how: format!(
            "The body of a request to a language model, {} MB in one line: many messages with long strings and many \
             escapes. `pretty_json` from bytes to bytes, with the copies into and out of the module's memory, beside \
             `JSON.stringify(JSON.parse(text), null, 2)` from string to string: neither decodes or encodes UTF-8; and \
             beside the same with `TextDecoder` and `TextEncoder`, which is what it needs to go from bytes to bytes. \
             They make the same, or the bench fails. MB/s of the text that is read; median of {ROUNDS} rounds of one \
             after the other, after one that does not count. {IN_A_ROUND}",
            BYTES / 1_000_000
        ),
        lines,
    })
}
