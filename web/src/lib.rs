//! Decant's page: a table of contents.
//!
//! What can be thought without a browser stands on top and is tested natively; the rest is compiled for wasm32
//! only. The page decodes no byte itself: `wasm-export` does, here for the table and in a worker for the file.

pub mod address;
pub mod column_choice;
pub mod cursors;
pub mod database;
pub mod dataset;
pub mod events;
pub mod log_cleanup;
pub mod pace;
pub mod preview;
pub mod restore;
pub mod selection;
pub mod session_requests;
pub mod table_page;
pub mod wall_time;
pub mod wording;

#[cfg(target_arch = "wasm32")]
mod action;
#[cfg(target_arch = "wasm32")]
mod api;
#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(target_arch = "wasm32")]
mod backups;
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
mod remembered;
#[cfg(target_arch = "wasm32")]
mod session;
#[cfg(target_arch = "wasm32")]
mod visitor;
#[cfg(target_arch = "wasm32")]
mod worker;
