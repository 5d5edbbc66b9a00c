//! The streamed dump, compared with `pg_dump` to a file and with `pg_dump` at the seeds' settings.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use decant_tests::newer::NewerPostgres;
use decant_tests::server::Server;

use crate::bed::Bed;
use crate::client;
use crate::line::Line;
use crate::memory::{GROWTH_MAX_BYTES, growth_after};
use crate::outcome::Outcome;
use crate::quantity::{megabytes, seconds};
use crate::report::Section;
use crate::samples::Samples;

const DUMP: &str = "/api/admin/database/export";

/// The default of `pg_dump -Fc`, which the seeds use.
const SEEDS: &str = "--compress=6";

/// Fewer, because the seeds' settings are slow.
const ROUNDS: usize = 5;

/// Bytes per second of a slow client.
const SLOW_BYTES_PER_SECOND: u64 = 100_000;

const SLOW_TIME: Duration = Duration::from_secs(10);

/// A database and its `pg_dump`.
struct Source<'a> {
    server: &'a Server,
    dsn: String,
    /// The `pg_dump` of the database's release, in the folder of its other programs.
    pg_dump: PathBuf,
    /// Decant's default compression for this `pg_dump`.
    ours: &'static str,
}

/// Measures dumps of the machine's own PostgreSQL.
pub async fn measure(bed: &Bed, server: &Server) -> Outcome<Section> {
    let source = Source {
        server,
        dsn: bed.dsn.clone(),
        pg_dump: bed.program("pg_dump"),
        ours: "--compress=1",
    };
    let mut lines = source.lines(&bed.file("backup.dump"))?;
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
    lines.push(memory("server's memory, growth", fast));
    lines.push(memory("the same, a slow client", slow));
    Ok(Section {
        title: "A dump of the database",
        how: format!(
            "{} `psql` copies the largest table to nowhere: no dump can be faster. Growth of memory as above, after a \
             small dump that does not count, of the server's process alone; the slow client reads {} KB/s and leaves \
             after {} s.",
            source.how(),
            SLOW_BYTES_PER_SECOND / 1_000,
            SLOW_TIME.as_secs()
        ),
        lines,
    })
}

/// Measures dumps of PostgreSQL 17, whose `pg_dump` supports zstd.
pub async fn measure_newer(bed: &Bed) -> Outcome<Section> {
    let postgres = NewerPostgres::copied();
    let programs = postgres.programs();
    let server = Server::start(&[
        ("PG_BIN_DIR", &programs.display().to_string()),
        ("DECANT_DEMO_ROWS", &bed.demo_rows.to_string()),
    ])
    .await;
    let socket = server.data_dir().join("postgres/socket");
    let source = Source {
        server: &server,
        dsn: format!("postgres:///decant?host={}&user=postgres", socket.display()),
        pg_dump: programs.join("pg_dump"),
        ours: "--compress=zstd:1",
    };
    Ok(Section {
        title: "A dump of the database, PostgreSQL 17",
        how: source.how(),
        lines: source.lines(&bed.file("backup.dump"))?,
    })
}

impl Source<'_> {
    fn how(&self) -> String {
        format!(
            "`GET {DUMP}`, read from a TCP connection on loopback and thrown away, beside `pg_dump --format=custom {}`, \
             which is what Decant runs, to a file, and beside `{SEEDS}`, pg_dump's default and the seeds' way; all \
             reach PostgreSQL by its Unix socket. Median of {ROUNDS} rounds of one after the other.",
            self.ours
        )
    }

    fn lines(&self, file: &Path) -> Outcome<Vec<Line>> {
        let [mut ours, mut same, mut seeds, mut copy] = std::array::from_fn(|_| Samples::default());
        client::read(self.server, DUMP, "identity")?;
        let (mut our_bytes, mut seeds_bytes) = (0, 0);
        for _ in 0..ROUNDS {
            same.add(self.pg_dump(self.ours, file)?);
            seeds.add(self.pg_dump(SEEDS, file)?);
            seeds_bytes = file.metadata()?.len();
            let answer = client::read(self.server, DUMP, "identity")?;
            ours.add(answer.took);
            our_bytes = answer.bytes;
            let copying = ["--command", "copy message_request to stdout", "--dbname"];
            copy.add(took(self.program("psql").args(copying).arg(&self.dsn))?);
        }
        std::fs::remove_file(file)?;
        Ok(vec![
            Line::new("time", seconds(ours.median()))
                .beside("pg_dump, the same", seconds(same.median()))
                .ratio_at_most(1.05),
            Line::new("time", seconds(ours.median()))
                .beside("psql, COPY to nowhere", seconds(copy.median()))
                .ratio(),
            Line::new("time", seconds(ours.median()))
                .beside("pg_dump, gzip-6", seconds(seeds.median()))
                .times_as_fast_at_least(2.5),
            Line::new("size", megabytes(our_bytes))
                .beside("pg_dump, gzip-6", megabytes(seeds_bytes))
                .ratio_at_most(1.15),
        ])
    }

    /// Returns the time that `pg_dump` needs to write a dump to a file.
    fn pg_dump(&self, compression: &str, file: &Path) -> Outcome<Duration> {
        let arguments = ["--format=custom", compression, "--dbname", &self.dsn, "--file"];
        took(self.program("pg_dump").args(arguments).arg(file))
    }

    fn program(&self, name: &str) -> Command {
        Command::new(self.pg_dump.with_file_name(name))
    }
}

fn took(command: &mut Command) -> Outcome<Duration> {
    let begun = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    match status.success() {
        true => Ok(begun.elapsed()),
        false => Err(format!("{:?} ended with {status}", command.get_program()).into()),
    }
}
