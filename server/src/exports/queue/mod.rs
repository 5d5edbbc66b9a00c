//! The queue of exports, as workers use it.
//!
//! - `claim` takes the next export for a worker.
//! - `increment` records which rows a run of an incremental schedule has.
//! - `lease` records how far a worker is, and reserves space of the storage.
//! - `end` records how an attempt ends.
//! - `tidy` moves exports whose time has come, or whose worker is gone.

mod claim;
mod end;
mod increment;
mod lease;
mod tidy;

pub(super) use claim::Queue;
pub(super) use end::{Completion, Ended};
pub(super) use lease::{Beat, Lease, LeaseError, Progress};
