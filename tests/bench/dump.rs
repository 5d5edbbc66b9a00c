//! The streamed dump against `pg_dump` to a file, and against `pg_dump` as the seeds call it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use decant_tests::server::Server;

use crate::bed::Bed;
use crate::line::Line;
use crate::memory::{GROWTH_MAX_BYTES, growth_after};
use crate::quantity::{megabytes, seconds};
use crate::report::Section;
use crate::samples::Samples;
use crate::{Outcome, client};

/// The address of the dump.
const DUMP: &str = "/api/admin/database/export";

/// How Decant has pg_dump compress unless it is told otherwise.
const OURS: &str = "--compress=1";

/// The default of `pg_dump -Fc`, which the seeds use.
const SEEDS: &str = "--compress=6";

/// The seeds' way takes long.
const ROUNDS: usize = 3;

/// A slow client reads this fast,
const SLOW_BYTES_PER_SECOND: u64 = 100_000;

/// and so long.
const SLOW_TIME: Duration = Duration::from_secs(10);

/// Measures it.
pub async fn measure(bed: &Bed, server: &Server) -> Outcome<Section> {
    let file = bed.file("backup.dump");
    let (mut ours, mut same, mut seeds) = (Samples::default(), Samples::default(), Samples::default());
    client::read(server, DUMP, "identity")?;
    let (mut our_bytes, mut seeds_bytes) = (0, 0);
    for _ in 0..ROUNDS {
        same.add(pg_dump(bed, OURS, &file)?);
        seeds.add(pg_dump(bed, SEEDS, &file)?);
        seeds_bytes = file.metadata()?.len();
        let answer = client::read(server, DUMP, "identity")?;
        ours.add(answer.took);
        our_bytes = answer.bytes;
    }
    std::fs::remove_file(&file)?;

    let fast = growth_after(
        &bed.server().await,
        &format!("{DUMP}?mode=excludeLogs"),
        &|server| client::read(server, DUMP, "identity").map(drop),
    )?;
    let slow = growth_after(
        &bed.server().await,
        &format!("{DUMP}?mode=excludeLogs"),
        &|server| client::read_slowly(server, DUMP, SLOW_BYTES_PER_SECOND, SLOW_TIME),
    )?;
    let memory = |what: &str, grown| Line::new(what, megabytes(grown)).at_most(megabytes(GROWTH_MAX_BYTES));
    Ok(Section {
        title: "A dump of the database",
        how: format!(
            "`GET {DUMP}`, read from a TCP connection on loopback and thrown away, beside `pg_dump --format=custom \
             {OURS}`, which is what Decant runs, to a file, and beside `{SEEDS}`, pg_dump's default and the seeds' \
             way; all reach PostgreSQL by its Unix socket. Median of {ROUNDS} rounds of one after the other. Growth of \
             memory as above, after a small dump that does not count, of the server's process alone; the slow client \
             reads {} KB/s and leaves after {} s.",
            SLOW_BYTES_PER_SECOND / 1_000,
            SLOW_TIME.as_secs()
        ),
        lines: vec![
            Line::new("time", seconds(ours.median()))
                .beside("pg_dump, the same", seconds(same.median()))
                .ratio_at_most(1.05),
            Line::new("time", seconds(ours.median()))
                .beside("pg_dump, gzip-6", seconds(seeds.median()))
                .times_as_fast_at_least(2.5),
            Line::new("size", megabytes(our_bytes))
                .beside("pg_dump, gzip-6", megabytes(seeds_bytes))
                .ratio_at_most(1.15),
            memory("server's memory, growth", fast),
            memory("the same, a slow client", slow),
        ],
    })
}

/// How long `pg_dump` takes to write a dump to a file.
fn pg_dump(bed: &Bed, compression: &str, file: &Path) -> Outcome<Duration> {
    let begun = Instant::now();
    let status = Command::new(bed.program("pg_dump"))
        .args(["--format=custom", compression, "--dbname", &bed.dsn, "--file"])
        .arg(file)
        .stdin(Stdio::null())
        .status()?;
    let took = begun.elapsed();
    match status.success() {
        true => Ok(took),
        false => Err(format!("pg_dump ended with {status}").into()),
    }
}
