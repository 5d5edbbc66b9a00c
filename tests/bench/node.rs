//! The peer: a Node server that does what the seeds describe.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use decant_tests::server::Server;

use crate::bed::Bed;
use crate::client;
use crate::line::Line;
use crate::outcome::Outcome;
use crate::paths::bench_folder;
use crate::process::Process;
use crate::quantity::{megabytes, seconds};
use crate::raw_stream::ROWS;
use crate::report::Section;
use crate::samples::Costs;

const EXPORT: &str = "/api/datasets/usage-logs/export?format=csv";

const ROUNDS: usize = 3;

/// Names of the peer's columns: those of usage-logs and the hidden id.
const COLUMNS: &str = "created_at, user_name, key_name, provider_name, model, original_model, endpoint, status_code, \
    input_tokens, output_tokens, cache_write_5m, cache_write_1h, cache_read, total_tokens, cost_usd, duration_ms, \
    session_id, retry_count, id";

pub fn measure(bed: &Bed, server: &Server) -> Outcome<Section> {
    let peer = Peer::start(bed)?;
    let (ours, theirs) = (
        Process { id: server.pid() },
        Process {
            id: peer.process.id(),
        },
    );
    let (mut export, mut rows, mut node) = (Costs::default(), Costs::default(), Costs::default());
    let (mut export_peak, mut rows_peak) = (0, 0);
    for _ in 0..ROUNDS {
        node.add(theirs, || client::read_from(&peer.address, "/export", "identity"))?;
        ours.forget_peak()?;
        export.add(ours, || client::read(server, EXPORT, "identity"))?;
        export_peak = export_peak.max(ours.peak_bytes()?);
        ours.forget_peak()?;
        rows.add(ours, || client::read(server, ROWS, "identity"))?;
        rows_peak = rows_peak.max(ours.peak_bytes()?);
    }

    let node_wall = seconds(node.wall.median());
    let node_processor = seconds(node.processor.median());
    let node_peak = megabytes(theirs.peak_bytes()?);
    let beside = |what: &str, ours, node| {
        Line::new(what, ours)
            .beside("Node as in the seeds", node)
            .times_less()
    };
    Ok(Section {
        title: "A Node server as the seeds describe it",
        how: format!(
            "tests/bench/peer/server.mjs: the driver `pg` selects all rows by the same query, `escapeCsvField` and \
             `join` make one string of them with a byte order mark, and it is sent. Beside it Decant's file made on \
             the server (`{EXPORT}`) and its raw rows, which the browser makes the file of. The same client reads \
             all three and throws them away. Processor time is the server process's own; memory is the peak of its \
             whole resident memory (`VmHWM`). Median of {ROUNDS} rounds of one after the other; of memory, the most."
        ),
        lines: vec![
            beside(
                "file made on the server: time",
                seconds(export.wall.median()),
                node_wall,
            ),
            beside(
                "file made on the server: processor time",
                seconds(export.processor.median()),
                node_processor,
            ),
            beside(
                "file made on the server: memory",
                megabytes(export_peak),
                node_peak,
            ),
            beside("raw rows: time", seconds(rows.wall.median()), node_wall),
            beside(
                "raw rows: processor time",
                seconds(rows.processor.median()),
                node_processor,
            ),
            beside("raw rows: memory", megabytes(rows_peak), node_peak),
        ],
    })
}

/// Dropping the value ends the Node server.
struct Peer {
    process: Child,
    address: String,
}

impl Peer {
    fn start(bed: &Bed) -> Outcome<Self> {
        let select = format!("select * from ({}) as logs({COLUMNS})", bed.select);
        let process = Command::new("node")
            // Node's default heap limit is too small, because the peer holds all rows and then the whole file.
            .arg("--max-old-space-size=8192")
            .arg(bench_folder().join("peer/server.mjs"))
            .env("DSN", &bed.dsn)
            .env("SELECT", select)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut peer = Self {
            process,
            address: String::new(),
        };
        let stdout = peer.process.stdout.take().ok_or("node's stdout is piped")?;
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address)?;
        if address.is_empty() {
            return Err("the Node server ended before it listened".into());
        }
        address.trim().clone_into(&mut peer.address);
        Ok(peer)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // This fails only if the process has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
