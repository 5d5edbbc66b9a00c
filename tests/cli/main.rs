//! The command line.

mod datasets;
mod demo;
mod doctor;
mod export;
mod out_of_the_box;
