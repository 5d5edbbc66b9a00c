//! The raw-row stream, compared with `psql` on the same query.

use decant_tests::server::Server;

use crate::bed::Bed;
use crate::client;
use crate::line::Line;
use crate::outcome::Outcome;
use crate::process::Process;
use crate::quantity::{megabytes, seconds};
use crate::report::Section;
use crate::samples::{Costs, Samples};

pub const ROWS: &str = "/api/datasets/usage-logs/rows";

/// After one round as a warm-up.
const ROUNDS: usize = 5;

pub fn measure(bed: &Bed, server: &Server) -> Outcome<Section> {
    let process = Process { id: server.pid() };
    let (mut psql, mut plain, mut zstd) = (Samples::default(), Costs::default(), Costs::default());
    bed.psql().to_nowhere()?;
    client::read(server, ROWS, "identity")?;
    let (mut plain_bytes, mut zstd_bytes) = (0, 0);
    for _ in 0..ROUNDS {
        psql.add(bed.psql().to_nowhere()?);
        plain_bytes = plain
            .add(process, || client::read(server, ROWS, "identity"))?
            .bytes;
        zstd_bytes = zstd.add(process, || client::read(server, ROWS, "zstd"))?.bytes;
    }

    let psql = seconds(psql.median());
    Ok(Section {
        title: "Raw rows to a local client",
        how: format!(
            "`GET {ROWS}` without filters, read from a TCP connection on loopback and thrown away, beside `psql -c \
             \"copy (the same query) to stdout (format csv)\" > /dev/null`; the query is the text that the server \
             sends to PostgreSQL, and both reach PostgreSQL by its Unix socket. Median of {ROUNDS} rounds of psql, \
             plain, zstd, after a round that does not count. Processor time is user and system time of \
             `/proc/<pid>/stat`, of the server's process alone, without PostgreSQL's."
        ),
        lines: vec![
            Line::new("time", seconds(plain.wall.median()))
                .beside("psql", psql)
                .ratio_at_most(1.10),
            Line::new("server's processor time", seconds(plain.processor.median())).at_most(seconds(0.6)),
            Line::new("bytes", megabytes(plain_bytes)),
            Line::new("with zstd: time", seconds(zstd.wall.median()))
                .beside("psql", psql)
                .ratio(),
            Line::new(
                "with zstd: server's processor time",
                seconds(zstd.processor.median()),
            ),
            Line::new("with zstd: bytes", megabytes(zstd_bytes)),
        ],
    })
}
