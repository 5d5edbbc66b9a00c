//! Decant's page in the browser.
//!
//! The first modules need no browser and are tested natively; the others are compiled only for wasm32.
//! Imports run downwards:
//!
//! - The page: `app`, `shell`, `pages`, `components`.
//! - Running operations: `download`, `restore`, `log_cleanup`, `action`.
//! - State: `auth`, `navigation`, `dataset_view`, `line_view`, `load`, `saved_options`, `toasts`.
//! - The outside: `client` (the server), `laid_out` (its JSON), `worker` (the export worker), `browser`.
//! - Values and texts: the modules that are tested natively.
//!
//! The page formats nothing itself: `wasm-export` writes the cells of the table here, and the file in a
//! worker.

pub mod column_choice;
pub mod cursors;
pub mod dataset;
pub mod event_stream;
pub mod json_lines;
pub mod log_cleanup;
pub mod preview;
pub mod restore;
pub mod route;
pub mod selection;
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
mod laid_out;
#[cfg(target_arch = "wasm32")]
mod line_view;
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
