//! Decant's page: a table of contents.
//!
//! What can be thought without a browser stands on top and is tested natively; the rest is compiled for wasm32
//! only. The page decodes no byte itself: `wasm-export` does, here for the table and in a worker for the file.

pub mod column_choice;
pub mod cursors;
pub mod database;
pub mod dataset;
pub mod event_stream;
pub mod log_cleanup;
pub mod preview;
pub mod restore;
pub mod route;
pub mod selection;
pub mod session_requests;
pub mod table_page;
pub mod throughput;
pub mod wall_time;
pub mod wording;

#[cfg(target_arch = "wasm32")]
mod action;
#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(target_arch = "wasm32")]
mod auth;
#[cfg(target_arch = "wasm32")]
mod backups;
#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod client;
#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod dataset_view;
#[cfg(target_arch = "wasm32")]
mod download;
#[cfg(target_arch = "wasm32")]
mod load;
#[cfg(target_arch = "wasm32")]
mod navigation;
#[cfg(target_arch = "wasm32")]
mod pages;
#[cfg(target_arch = "wasm32")]
mod saved_options;
#[cfg(target_arch = "wasm32")]
mod shell;
#[cfg(target_arch = "wasm32")]
mod toasts;
#[cfg(target_arch = "wasm32")]
mod worker;
