//! Black-box tests of the command line.

mod at_a_terminal;
mod backup;
mod bundles;
mod cleanup;
mod convert;
mod datasets;
mod demo;
mod doctor;
mod export;
mod exports;
mod first_steps;
mod migrate_webhooks;
mod out_of_the_box;
mod receipts;
mod standard_streams;
mod verify;
mod weekly_report;
mod work;
mod workspaces;
