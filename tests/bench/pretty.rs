//! Pretty-printing of JSON in Chromium, compared with the browser's own.

use decant_tests::browser;
use serde::Deserialize;
use serde_json::Value;

use crate::in_browser::{FLAGS, IN_A_ROUND, files, outcome, understand};
use crate::line::Line;
use crate::outcome::Outcome;
use crate::paths::bench_folder;
use crate::quantity::{megabytes, rate};
use crate::report::Section;
use crate::samples::Samples;
use crate::site::{File, Site};

/// Approximate size of the text in bytes.
const BYTES: u64 = 20_000_000;

/// After one round as a warm-up.
const ROUNDS: usize = 5;

/// Wanted ratio to the browser's time.
const TIMES_AS_FAST: f64 = 5.0;

/// Result of the page's `comparePretty`.
#[derive(Deserialize)]
struct Comparison {
    bodies: [Body; 2],
    memory_bytes: u64,
}

/// One text with the times of each implementation in milliseconds.
#[derive(Deserialize)]
struct Body {
    bytes: u64,
    pieces: Vec<f64>,
    gathered: Vec<f64>,
    strings: Vec<f64>,
    bytes_too: Vec<f64>,
}

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
        let (pieces, gathered) = (speed(body.pieces), speed(body.gathered));
        let (strings, bytes_too) = (speed(body.strings), speed(body.bytes_too));
        lines.extend([
            Line::new(what, pieces)
                .beside("JSON of strings", strings)
                .times_as_fast_at_least(TIMES_AS_FAST),
            Line::new(what, pieces)
                .beside("JSON, TextDecoder and TextEncoder", bytes_too)
                .times_as_fast_at_least(TIMES_AS_FAST),
            Line::new(format!("{what}: into one array"), gathered)
                .beside("JSON of strings", strings)
                .with_times_as_fast(),
        ]);
    }
    lines.push(Line::new("WebAssembly memory", megabytes(told.memory_bytes)));
    Ok(Section {
        title: "JSON laid out for people in Chromium",
        how: format!(
            "The body of a request to a language model, {} MB in one line: many messages with long strings and many \
             escapes. `PrettyJson.push` over its bytes in pieces of 64 KiB and `finish`, as a file is made: each piece of \
             the layout is handed to a JavaScript object's `write`, which looks at its size. Beside it \
             `JSON.stringify(JSON.parse(text), null, 2)` from string to string, which neither decodes nor encodes UTF-8; \
             and the same with `TextDecoder` and `TextEncoder`, which is what it needs to go from bytes to bytes. Without \
             a bound, `PrettyJson` with a `write` that copies all into one new array, which spends most of its time on \
             the system's giving it the memory. All make the same, or the bench fails. MB/s of the text that is read; \
             median of {ROUNDS} rounds of one after the other, after one that does not count. {IN_A_ROUND}",
            BYTES / 1_000_000
        ),
        lines,
    })
}
