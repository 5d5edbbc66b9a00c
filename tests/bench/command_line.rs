//! `decant export` to a file, compared with `psql` to a file.

use std::process::Stdio;
use std::time::Instant;

use decant_tests::program;

use crate::bed::Bed;
use crate::line::Line;
use crate::outcome::Outcome;
use crate::quantity::{megabytes, seconds};
use crate::report::Section;
use crate::samples::Samples;

const ROUNDS: usize = 5;

pub async fn measure(bed: &Bed) -> Outcome<Section> {
    let (ours_path, psql_path) = (bed.file("decant.csv"), bed.file("psql.csv"));
    let output = ours_path.display().to_string();
    let arguments = ["export", "usage-logs", "--format", "csv", "-o", &output];
    let (mut ours, mut psql, mut bytes) = (Samples::default(), Samples::default(), 0);
    for _ in 0..ROUNDS {
        psql.add(bed.psql().to_file(&psql_path)?);
        std::fs::remove_file(&psql_path)?;

        let mut command = program::command(&arguments, &[("DSN", &bed.dsn)]);
        let begun = Instant::now();
        let status = command.stderr(Stdio::null()).status().await?;
        ours.add(begun.elapsed());
        if !status.success() {
            return Err(format!("decant export ended with {status}").into());
        }
        bytes = ours_path.metadata()?.len();
        std::fs::remove_file(&ours_path)?;
    }
    Ok(Section {
        title: "The command line to a file",
        how: format!(
            "`decant export usage-logs --format csv -o FILE` beside `psql -c \"copy (the same query) to stdout \
             (format csv)\" > FILE`, on the same disk. Decant's time includes that it forces the file to the disk \
             before it gives it its name; psql's does not, and what psql wrote is forced to the disk after its time \
             has ended. Median of {ROUNDS} rounds of one after the other."
        ),
        lines: vec![
            Line::new("time", seconds(ours.median()))
                .beside("psql", seconds(psql.median()))
                .ratio_at_most(1.15),
            Line::new("bytes", megabytes(bytes)),
        ],
    })
}
