//! A bundle of three parts, compared with the three `COPY`s of `psql` one after the other; and its memory in Chromium.

use std::time::Duration;

use decant_tests::browser;
use decant_tests::server::Server;
use serde_json::{Value, json};
use wasm_export::options::Format;

use crate::bed::{BUNDLE, Bed, PARTS};
use crate::client;
use crate::in_browser::{FLAGS, Poured, files, outcome, understand};
use crate::line::Line;
use crate::outcome::Outcome;
use crate::paths::bench_folder;
use crate::process::Process;
use crate::psql::Psql;
use crate::quantity::{megabytes, seconds};
use crate::report::Section;
use crate::samples::{Costs, Samples};
use crate::site::{File, Site};

/// After one round as a warm-up.
const ROUNDS: usize = 5;

/// Bound for the memory of the module.
const MEMORY_MAX_BYTES: u64 = 32_000_000;

pub async fn measure(bed: &Bed, server: &Server) -> Outcome<Section> {
    let mut selects = Vec::new();
    for part in PARTS {
        selects.push(bed.select_of(part).await?);
    }
    let process = Process { id: server.pid() };
    let target = format!("/api/bundles/{BUNDLE}/rows");
    let (mut psql, mut plain) = (Samples::default(), Costs::default());
    one_after_the_other(bed, &selects)?;
    client::read(server, &target, "identity")?;
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        psql.add(one_after_the_other(bed, &selects)?);
        bytes = plain
            .add(process, || client::read(server, &target, "identity"))?
            .bytes;
    }
    let mut lines = vec![
        Line::new("time", seconds(plain.wall.median()))
            .beside("psql, three times", seconds(psql.median()))
            .ratio_at_most(1.20),
        Line::new("server's processor time", seconds(plain.processor.median())),
        Line::new("bytes", megabytes(bytes)),
    ];
    for (format, poured) in poured(client::keep_bundle(server, BUNDLE).await).await? {
        let what = format!("{format}: WebAssembly memory after {} rows", poured.rows);
        lines.push(Line::new(what, megabytes(poured.memory_bytes)).at_most(megabytes(MEMORY_MAX_BYTES)));
    }
    Ok(Section {
        title: "A bundle of three parts",
        how: format!(
            "`GET {target}`: the usage logs in three parts by the rest of their id, read from a TCP connection on loopback and thrown \
             away, beside `psql -c \"copy (…) to stdout (format csv)\" > /dev/null` of the three queries, one after the other. Median \
             of {ROUNDS} rounds after one that does not count. Memory is the module's `memory.buffer.byteLength` after \
             `BundleExport` took the same stream in Chromium as `fetch` gave it."
        ),
        lines,
    })
}

fn one_after_the_other(bed: &Bed, selects: &[String]) -> Outcome<Duration> {
    let mut took = Duration::ZERO;
    for select in selects {
        let psql = Psql { select, ..bed.psql() };
        took += psql.to_nowhere()?;
    }
    Ok(took)
}

/// Makes files of the stream in Chromium.
async fn poured(stream: Vec<u8>) -> Outcome<Vec<(Format, Poured)>> {
    let mut files = files()?;
    files.push(File::read(&bench_folder().join("page/bundle.js"))?);
    files.push(File::of("bundle", stream));
    let site = Site::of(files)?;
    let parts: Vec<_> = PARTS
        .iter()
        .map(|name| json!({ "name": name.replace('-', "_") }))
        .collect();
    let contents = json!({ "name": BUNDLE, "title": "Thirds", "export_type": "bench", "parts": parts });
    let mut told = Vec::new();
    browser::in_browser_with(FLAGS, &site.address, "bench-bundle", async |browser| {
        for format in [Format::Json, Format::Csv, Format::Xlsx] {
            let options = json!({ "format": format });
            let call = format!("pourBundle('{options}', '{contents}')");
            let value: Value = outcome(browser, &call).await;
            told.push((format, value));
            browser.reload().await;
        }
    })
    .await;
    let understood = told
        .into_iter()
        .map(|(format, value)| Ok((format, understand(value)?)));
    understood.collect()
}
