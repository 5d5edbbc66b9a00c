//! The figures of exports: their charts, and the rows of the table for administrators.

pub mod charts;
pub mod health;
