//! Measures how fast a core formats rows like a gateway's usage log, compared with the writer of the `csv` crate.
//!
//!     cargo run --release -p wasm-export --example formatting_speed [ROWS [NAME]]

use std::time::{Duration, Instant};

use wasm_export::rows::{Column, Digest, End, Header, Kind, end_line, header_line, unescape};
use wasm_export::{Export, Options};

/// The length of a piece from the network, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;
/// Runs of each measurement, the fastest of which counts.
const TURNS: usize = 7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: usize = std::env::args().nth(1).map_or(Ok(300_000), |rows| rows.parse())?;
    let wanted = std::env::args().nth(2).unwrap_or_default();
    let rows: Vec<u8> = (0..rows).flat_map(usage_row).collect();
    println!("{} MB of raw rows", rows.len() / 1_000_000);
    for (name, options) in [
        ("strict, UTC", r"{}"),
        ("strict, Asia/Shanghai", r#"{"zone":"Asia/Shanghai"}"#),
        ("strict, local Berlin, `;` and decimal comma", {
            r#"{"zone":"Europe/Berlin","timestamps":"local","delimiter":"semicolon","decimal":"comma"}"#
        }),
        ("seeds", r#"{"guard":"seeds"}"#),
        ("none", r#"{"guard":"none","newline":"lf"}"#),
        ("strict, gzip", r#"{"compression":"gzip"}"#),
        ("strict, zstd", r#"{"compression":"zstd"}"#),
        ("json", r#"{"format":"json"}"#),
        (
            "jsonl, Asia/Shanghai",
            r#"{"format":"jsonl","zone":"Asia/Shanghai"}"#,
        ),
        ("xml", r#"{"format":"xml"}"#),
        ("markdown", r#"{"format":"markdown"}"#),
        ("html", r#"{"format":"html"}"#),
        ("xlsx", r#"{"format":"xlsx"}"#),
    ] {
        if !name.contains(&wanted) {
            continue;
        }
        let options: Options = serde_json::from_str(options)?;
        let (time, bytes) = quickest(|| export(&rows, &options));
        report(name, time, bytes);
    }
    let (time, bytes) = quickest(|| csv_crate(&rows));
    report("the csv crate's writer", time, bytes);
    Ok(())
}

fn report(name: &str, time: Duration, bytes: usize) {
    let rate = bytes as f64 / time.as_secs_f64() / 1e6;
    println!(
        "{name:45} {:7.1} ms  {rate:6.0} MB/s of output",
        time.as_secs_f64() * 1e3
    );
}

fn quickest(mut way: impl FnMut() -> (Duration, usize)) -> (Duration, usize) {
    (0..TURNS).map(|_| way()).min().unwrap_or_default()
}

/// Runs a whole `Export`: reading, digest, formatting. The output is discarded.
fn export(rows: &[u8], options: &Options) -> (Duration, usize) {
    let mut digest = Digest::new();
    digest.update(rows);
    let count = rows.iter().filter(|&&byte| byte == b'\n').count() as u64;
    let end = end_line(&End {
        rows: count,
        bytes: rows.len() as u64,
        digest: digest.hex(),
        cursor: None,
    });
    let header = header_line(&header());
    let mut out = Vec::new();
    let begun = Instant::now();
    let mut export = Export::new(options.clone());
    for chunk in std::iter::once(&header[..])
        .chain(rows.chunks(CHUNK_BYTES))
        .chain([&end[..]])
    {
        out.clear();
        export.push(chunk, &mut out).expect("the stream is whole");
        std::hint::black_box(&out);
    }
    let summary = export.finish(&mut out).expect("the stream is whole");
    (begun.elapsed(), summary.file_bytes as usize)
}

/// Runs the writer alone, on cells that were decoded before.
fn csv_crate(rows: &[u8]) -> (Duration, usize) {
    let cell = |raw: &[u8]| {
        if raw == b"\\N" {
            Vec::new()
        } else {
            unescape(raw).into_owned()
        }
    };
    let cells = |line: &[u8]| {
        line.split(|&byte| byte == b'\t')
            .take(18)
            .map(cell)
            .collect::<Vec<_>>()
    };
    let rows: Vec<Vec<Vec<u8>>> = rows
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(cells)
        .collect();
    let mut out = Vec::new();
    let mut bytes = 0;
    let begun = Instant::now();
    for some in rows.chunks(CHUNK_BYTES / 200) {
        out.clear();
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(&mut out);
        for row in some {
            writer.write_record(row).expect("a Vec takes every byte");
        }
        drop(writer);
        bytes += std::hint::black_box(&out).len();
    }
    (begun.elapsed(), bytes)
}

fn header() -> Header {
    let columns = [
        ("created_at", Kind::Timestamp),
        ("user_name", Kind::Text),
        ("key_name", Kind::Text),
        ("provider_name", Kind::Text),
        ("model", Kind::Text),
        ("original_model", Kind::Text),
        ("endpoint", Kind::Text),
        ("status_code", Kind::Integer),
        ("input_tokens", Kind::Integer),
        ("output_tokens", Kind::Integer),
        ("cache_creation_5m_input_tokens", Kind::Integer),
        ("cache_creation_1h_input_tokens", Kind::Integer),
        ("cache_read_input_tokens", Kind::Integer),
        ("total_tokens", Kind::Integer),
        ("cost_usd", Kind::Decimal),
        ("duration_ms", Kind::Integer),
        ("session_id", Kind::Text),
        ("retry_count", Kind::Integer),
        ("id", Kind::Integer),
    ];
    let column = |(name, kind): (&str, Kind)| Column {
        name: name.to_owned(),
        label: name.to_owned(),
        labels: Default::default(),
        kind,
        pg_type: String::new(),
        hidden: name == "id",
    };
    Header {
        decant: 1,
        part: None,
        dataset: "usage-logs".to_owned(),
        title: "Usage logs".to_owned(),
        columns: columns.map(column).to_vec(),
        order: vec!["created_at".to_owned(), "id".to_owned()],
        reversed: false,
        as_of: "2026-01-28T12:00:00Z".to_owned(),
        zone: "UTC".to_owned(),
        fraction: None,
        highlights: Vec::new(),
        filters: Default::default(),
        estimated_rows: None,
    }
}

/// Returns a row as COPY writes it. Most cells are plain. Some are null, or contain a comma, a quote, a formula, or a
/// character outside ASCII.
fn usage_row(index: usize) -> Vec<u8> {
    let dice = (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let pick = |choices: &[&'static str], by: u64| choices[(dice / by) as usize % choices.len()];
    let user = pick(
        &[
            "alice",
            "bob.smith",
            "Müller, Jörg",
            "张伟",
            "carol",
            "dave \"dd\" jones",
            "erin",
            "frank",
        ],
        3,
    );
    let key = pick(
        &[
            "default",
            "ci-runner",
            "laptop",
            "=cmd|' /C calc'!A0",
            "prod-eu-1",
            "prod-us-2",
        ],
        7,
    );
    let provider = pick(
        &[
            "anthropic-main",
            "bedrock-eu",
            "vertex-us",
            "\\N",
            "anthropic-backup",
        ],
        11,
    );
    let model = pick(
        &[
            "claude-sonnet-4-5-20250929",
            "claude-opus-4-1-20250805",
            "claude-haiku-4-5-20251001",
        ],
        13,
    );
    let original = pick(
        &["claude-sonnet-4-5-20250929", "\\N", "claude-opus-4-1-20250805"],
        17,
    );
    let status = pick(&["200", "200", "200", "200", "429", "500", "\\N"], 19);
    let (input, output, read) = (dice % 9000, dice / 5 % 4000, dice / 23 % 100_000);
    let (second, minute, hour, day) = (
        59 - index % 60,
        59 - index / 60 % 60,
        23 - index / 3600 % 24,
        28 - index / 86_400 % 28,
    );
    format!(
        "2026-01-{day:02} {hour:02}:{minute:02}:{second:02}.{:06}+00\t{user}\t{key}\t{provider}\t{model}\t{original}\t\
         /v1/messages\t{status}\t{input}\t{output}\t0\t{}\t{read}\t{}\t0.{:015}\t{}\t\
         {:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}\t{}\t{}\n",
        dice % 1_000_000,
        dice % 700,
        input + output + read,
        dice * 977 % 100_000_000_000_000,
        dice % 60_000,
        dice & 0xffff_ffff,
        dice >> 8 & 0xffff,
        dice & 0xfff,
        dice >> 4 & 0xfff,
        dice.wrapping_mul(31) & 0xffff_ffff_ffff,
        dice % 3,
        10_000_000 - index,
    )
    .into_bytes()
}
