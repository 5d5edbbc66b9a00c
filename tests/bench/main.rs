//! `make bench`: Decant's speed and memory beside `psql`, the `csv` crate, JavaScript libraries and the seeds' way.
//!
//! | module | contents |
//! |---|---|
//! | [`bed`] | PostgreSQL, demo rows, servers |
//! | [`raw_stream`], [`memory`] | the raw-row stream: time, processor time, memory |
//! | [`formatting`], [`in_browser`] | CSV of raw rows: natively, and as WebAssembly in Chromium |
//! | [`formats`], [`pretty`] | every format, and pretty-printed JSON, beside JavaScript |
//! | [`whole_way`], [`command_line`] | whole exports: on the page, and by `decant export` |
//! | [`background`] | background exports, their queue, and servers without work |
//! | [`bundles`] | a bundle of three parts, beside three `COPY`s of `psql` |
//! | [`conversations`] | conversations with their turns as JSONL |
//! | [`pages`] | first rows, options and figures of datasets |
//! | [`dump`] | dumps, beside `pg_dump` |
//! | [`node`] | a Node server that works as the seeds describe |
//! | [`client`], [`psql`], [`site`] | the client, `psql`, the server of the bench's pages |
//! | [`process`], [`samples`] | costs of a process, repeated measurements |
//! | [`report`], [`mod@line`], [`quantity`], [`machine`] | BENCHMARKS.md |
//! | [`outcome`], [`paths`] | results, and folders of the repository |
//!
//! All traffic uses loopback and local sockets. For a trial, `BENCH_ROWS` sets the number of rows, and `BENCH_ONLY`
//! selects sections by parts of their names.

mod background;
mod bed;
mod bundles;
mod client;
mod command_line;
mod conversations;
mod dump;
mod formats;
mod formatting;
mod in_browser;
mod line;
mod machine;
mod memory;
mod node;
mod outcome;
mod pages;
mod paths;
mod pretty;
mod process;
mod psql;
mod quantity;
mod raw_stream;
mod report;
mod samples;
mod schedules;
mod site;
mod whole_way;

use std::time::{Duration, Instant};

use bed::Bed;
use decant_tests::benchmarks;
use machine::Machine;
use outcome::Outcome;
use report::Report;

/// Demo rows for which the bounds are meant.
const ROWS: u64 = 1_000_000;

/// Duration of the measurement of the machine's load.
const WATCH: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> Outcome<()> {
    let begun = Instant::now();
    let rows = rows_asked_for()?;
    say(&format!("filling a PostgreSQL of its own with {rows} demo rows"));
    let bed = Bed::make(rows).await?;
    let mut report = Report::new(Machine::look(&bed)?, &bed);
    report.busy_before = machine::busy_share(WATCH)?;
    measure(&bed, &mut report).await?;
    report.busy_after = machine::busy_share(WATCH)?;
    report.took = begun.elapsed();
    bed.stop().await?;

    let text = report.to_string();
    println!("{text}");
    if rows == ROWS && only().is_none() {
        benchmarks::write_report(&text)?;
        say("written to BENCHMARKS.md");
    } else {
        say("a trial, not all of what the bounds are for: BENCHMARKS.md stays as it is");
    }
    Ok(())
}

/// Measures the sections of the report, in its order.
async fn measure(bed: &Bed, report: &mut Report) -> Outcome<()> {
    let server = bed.server().await;
    if begins("raw rows to a client that throws them away, and psql") {
        report.add(raw_stream::measure(bed, &server)?);
    }
    if begins("pages of datasets") {
        report.add(pages::measure(bed).await?);
    }
    if begins("the server's memory") {
        report.add(memory::measure(bed).await?);
    }
    if begins("a bundle of three parts") {
        report.add(bundles::measure(bed, &server).await?);
    }
    if begins("conversations as JSONL") {
        report.add(conversations::measure(bed, &server).await?);
    }
    if begins("background exports") {
        report.add(background::measure(bed).await?);
    }
    if begins("CSV natively") {
        report.add(formatting::measure(
            &client::keep(&server, "usage-logs", None).await,
        )?);
    }
    if begins("CSV in Chromium") {
        let part = client::keep(&server, "usage-logs", Some(in_browser::ROWS)).await;
        let whole = client::keep(&server, "usage-logs", None).await;
        report.add(in_browser::measure(part, whole).await?);
    }
    if begins("every format in Chromium") {
        report.add(formats::measure(&server).await?);
    }
    if begins("pretty JSON in Chromium") {
        report.add(pretty::measure().await?);
    }
    if begins("the whole way in Chromium") {
        report.add(whole_way::measure(bed, &server).await?);
    }
    if begins("the command line") {
        report.add(command_line::measure(bed).await?);
    }
    if begins("a dump of the database") {
        report.add(dump::measure(bed, &server).await?);
        report.add(dump::measure_newer(bed).await?);
    }
    if begins("a Node server as the seeds describe it") {
        report.add(node::measure(bed, &server)?);
    }
    Ok(())
}

/// Returns whether a section is asked for, and prints its name.
fn begins(section: &str) -> bool {
    let wanted = only().is_none_or(|only| section.contains(&only));
    if wanted {
        say(section);
    }
    wanted
}

/// Returns the parts of the names of the sections that `BENCH_ONLY` asks for; `None` for all.
fn only() -> Option<String> {
    std::env::var("BENCH_ONLY").ok().filter(|only| !only.is_empty())
}

fn rows_asked_for() -> Outcome<u64> {
    match std::env::var("BENCH_ROWS") {
        Ok(rows) if !rows.is_empty() => rows
            .parse()
            .map_err(|_| format!("BENCH_ROWS is `{rows}`, which is no number of rows").into()),
        _ => Ok(ROWS),
    }
}

fn say(what: &str) {
    eprintln!("bench: {what}");
}
