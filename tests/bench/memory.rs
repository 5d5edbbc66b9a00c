//! The server's memory for a raw-row stream, with many rows and with a slow client.

use std::time::Duration;

use decant_tests::server::Server;

use crate::bed::{Bed, MULTIPLIED, TIMES};
use crate::client;
use crate::line::Line;
use crate::outcome::Outcome;
use crate::process::Process;
use crate::quantity::megabytes;
use crate::raw_stream::ROWS;
use crate::report::Section;

/// Bound for the growth of the server, in bytes.
pub const GROWTH_MAX_BYTES: u64 = 16_000_000;

const FEW_ROWS: u64 = 10_000;

/// Bytes per second of a slow client.
const SLOW_BYTES_PER_SECOND: u64 = 1_000_000;

const SLOW_TIME: Duration = Duration::from_secs(12);

pub async fn measure(bed: &Bed) -> Outcome<Section> {
    let few = format!("{ROWS}?limit={FEW_ROWS}");
    let many = format!("/api/datasets/{MULTIPLIED}/rows");
    let (all_count, many_count) = (bed.rows, bed.rows * TIMES);
    let mut lines = Vec::new();
    let mut growth = async |what: String, read: &dyn Fn(&Server) -> Outcome<()>| -> Outcome<()> {
        let grown = growth_after(&bed.server().await, &format!("{ROWS}?limit=1"), read)?;
        lines.push(Line::new(what, megabytes(grown)).at_most(megabytes(GROWTH_MAX_BYTES)));
        Ok(())
    };
    let whole =
        |server: &Server, target: &str, encoding: &str| client::read(server, target, encoding).map(drop);
    growth(format!("{FEW_ROWS} rows"), &|server| {
        whole(server, &few, "identity")
    })
    .await?;
    growth(format!("{all_count} rows"), &|server| {
        whole(server, ROWS, "identity")
    })
    .await?;
    growth(format!("{all_count} rows with zstd"), &|server| {
        whole(server, ROWS, "zstd")
    })
    .await?;
    growth(format!("{many_count} rows"), &|server| {
        whole(server, &many, "identity")
    })
    .await?;
    growth("a client that reads 1 MB/s".to_owned(), &|server| {
        client::read_slowly(server, &many, SLOW_BYTES_PER_SECOND, SLOW_TIME)
    })
    .await?;

    Ok(Section {
        title: "The server's memory while it streams raw rows",
        how: format!(
            "Each line has a server of its own, just started, that has sent one row before, so that what every \
             process needs once does not count and nothing is hidden in what an earlier export left. Growth is the \
             peak during the export (`VmHWM`, reset before by writing 5 to `/proc/<pid>/clear_refs`) less the \
             resident memory before it. The {many_count} rows are the usage logs joined to `generate_series(1, \
             {TIMES})` by a dataset of the bench. The slow client leaves after {} s.",
            SLOW_TIME.as_secs()
        ),
        lines,
    })
}

/// Returns the growth in bytes of a server that has answered the same request before.
pub fn growth_after(server: &Server, first: &str, read: &dyn Fn(&Server) -> Outcome<()>) -> Outcome<u64> {
    client::read(server, first, "identity")?;
    let process = Process { id: server.pid() };
    process.forget_peak()?;
    let before = process.resident_bytes()?;
    read(server)?;
    Ok(process.peak_bytes()?.saturating_sub(before))
}
