//! The number of rows of a part, their times, and the way to the database.

use sqlx::PgConnection;

use crate::copy_text::CopyText;
use crate::dice::Dice;
use crate::error::DemoError;
use crate::load::BATCH_BYTES;
use crate::plan::Plan;

/// The usage rows from which on a part has its full size.
const FULL_ROWS: u64 = 100_000;

/// Returns this number as it is for a demo of [`FULL_ROWS`], and less for a smaller demo, but at least `least`. A demo without
/// rows has none.
pub(super) fn scaled(plan: &Plan, full: u64, least: u64) -> u64 {
    match plan.scale {
        0 => 0,
        rows => (full * rows.min(FULL_ROWS) / FULL_ROWS).max(least),
    }
}

/// Sends rows to a table. `write` writes one of them.
pub(super) async fn copy<T>(
    connection: &mut PgConnection,
    table: &str,
    columns: &str,
    rows: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut CopyText, T),
) -> Result<u64, DemoError> {
    let statement = format!("copy public.{table} ({columns}) from stdin");
    // SQL: constant names.
    let mut copy = connection.copy_in_raw(&statement).await?;
    let (mut text, mut count) = (CopyText::default(), 0);
    for row in rows {
        write(&mut text, row);
        count += 1;
        if text.bytes().len() >= BATCH_BYTES {
            copy.send(text.bytes()).await?;
            text.clear();
        }
    }
    copy.send(text.bytes()).await?;
    copy.finish().await?;
    Ok(count)
}

/// Returns the time of one of `count` rows over the period of the demo. A later row has a later time.
pub(super) fn time_of(plan: &Plan, at: u64, count: u64, dice: &mut Dice) -> i64 {
    let (start, end) = (plan.period.start(), plan.period.end());
    let step = (end - start) / count.cast_signed().max(1);
    start + step * at.cast_signed() + dice.below(step.cast_unsigned().max(1)).cast_signed()
}
