//! Schedules: exports that are made again and again, or once at a later time.
//!
//! - `timing` computes the times of a schedule in its zone.
//! - `record` is a schedule as it is recorded, and as callers see it.
//! - `new_schedule` is a schedule that is to be recorded, and changes of one.
//! - `create` records new schedules.
//! - `store` finds, lists, changes and deletes schedules.
//! - `due` creates the exports of schedules whose time has come.
//! - `clock` does so every few seconds.
//! - `outcome` records how a run ended.
//!
//! A run is an export like any other one: a worker makes it, with the rights that the schedule's owner has then.

mod clock;
mod create;
mod due;
mod new_schedule;
mod outcome;
mod record;
mod store;
mod timing;

pub use clock::run;
pub use create::ScheduleCreation;
pub use due::Started;
pub use new_schedule::{NewSchedule, NewTimes, ScheduleChanges};
pub(super) use outcome::{StoppedSchedule, completed, failed};
pub use record::ScheduleRecord;
pub use store::{ScheduleListRequest, ScheduleListing};
pub use timing::{RECURRENCE, Recurrence, Timing};
