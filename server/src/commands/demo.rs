//! `decant demo`.

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use sqlx::{Connection, PgConnection};

use super::Outcome;
use super::reach::Reached;
use crate::config::Settings;
use crate::demo;

/// How much to make up.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Usage rows to add.
    #[arg(long, default_value_t = 100_000)]
    rows: u64,
}

/// Makes the hub's tables where there are none, and adds rows.
pub async fn run(settings: Settings, arguments: &Arguments) -> Outcome {
    let reached = Reached::by(&settings).await?;
    let outcome = fill(&reached, arguments).await;
    reached.leave(outcome).await
}

async fn fill(reached: &Reached, arguments: &Arguments) -> Outcome {
    let bar = ProgressBar::new(arguments.rows);
    let style =
        ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} rows, {per_sec}, {eta} left")?;
    bar.set_style(style);
    let mut connection = PgConnection::connect_with(reached.dsn.options()).await?;
    demo::create_schema(&mut connection).await?;
    let plan = demo::Plan::new(arguments.rows);
    let summary = demo::fill(&mut connection, &plan, |rows| bar.set_position(rows)).await?;
    connection.close().await?;
    bar.finish_and_clear();
    eprintln!(
        "{} usage rows were added in {:.1} s.",
        summary.rows,
        summary.took.as_secs_f64()
    );
    Ok(())
}
