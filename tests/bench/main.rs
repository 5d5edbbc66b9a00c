//! `make bench`: Decant's speed and memory beside `psql`, the `csv` crate, Papa Parse and the seeds' way, in one run.
//!
//! | module | what |
//! |---|---|
//! | [`bed`] | what everything is measured on: PostgreSQL, demo rows, servers |
//! | [`raw_stream`], [`memory`] | the raw-row stream: time, processor time, memory |
//! | [`formatting`], [`in_browser`] | CSV of raw rows: natively, and as WebAssembly in Chromium |
//! | [`formats`] | every format, beside the JavaScript libraries for it |
//! | [`pretty`] | JSON laid out for people, beside the browser's own |
//! | [`whole_way`], [`command_line`] | whole exports: from the click to the file, and by `decant export` |
//! | [`dump`] | a dump of the database, beside `pg_dump` |
//! | [`node`] | a Node server that does what the seeds describe |
//! | [`client`], [`psql`], [`site`] | who reads, what is beside it, who serves the page |
//! | [`process`], [`samples`] | what the kernel says of a process; the same work again and again |
//! | [`report`], [`mod@line`], [`quantity`], [`machine`] | BENCHMARKS.md |
//!
//! Everything happens on this machine, over loopback and sockets. `BENCH_ROWS` asks for fewer rows, `BENCH_ONLY` for the
//! sections that have this in their name: a trial.

mod bed;
mod client;
mod command_line;
mod dump;
mod formats;
mod formatting;
mod in_browser;
mod line;
mod machine;
mod memory;
mod node;
mod pretty;
mod process;
mod psql;
mod quantity;
mod raw_stream;
mod report;
mod samples;
mod site;
mod whole_way;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bed::Bed;
use machine::Machine;
use report::Report;

/// What a measurement gives, or why there is none.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The demo rows that the bounds are meant for.
const ROWS: u64 = 1_000_000;

/// How long the machine is watched to see whether others use it.
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
        let path = workspace().join("BENCHMARKS.md");
        std::fs::write(&path, text)?;
        say(&format!("written to {}", path.display()));
    } else {
        say("a trial, not all of what the bounds are for: BENCHMARKS.md stays as it is");
    }
    Ok(())
}

/// The sections of the report, in its order.
async fn measure(bed: &Bed, report: &mut Report) -> Outcome<()> {
    let server = bed.server().await;
    if begins("raw rows to a client that throws them away, and psql") {
        report.add(raw_stream::measure(bed, &server)?);
    }
    if begins("the server's memory") {
        report.add(memory::measure(bed).await?);
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

/// Whether a section is wanted; says so.
fn begins(section: &str) -> bool {
    let wanted = only().is_none_or(|only| section.contains(&only));
    if wanted {
        say(section);
    }
    wanted
}

/// What is in the names of the sections that are asked for; `None` for all of them.
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

/// Where the repository is.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_owned)
}

/// Where this program's pages and peers lie.
fn bench_folder() -> PathBuf {
    workspace().join("tests/bench")
}

fn say(what: &str) {
    eprintln!("bench: {what}");
}
