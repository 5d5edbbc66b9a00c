//! Workers: they take exports from the queue, make their files and store them.
//!
//! - `workers` takes exports while there is room, until the process stops.
//! - `attempt` makes one export, and records how that ends.
//! - `stored_file` is the file that an attempt writes.

mod attempt;
mod stored_file;
mod workers;

pub use workers::{Parts, Workers};
