//! Decant's page in the browser.
//!
//! The first modules need no browser and are tested natively; the others are compiled only for wasm32.
//! Imports run downwards:
//!
//! - The page: `app`, `shell`, `content`, `pages`, `components`.
//! - Running operations: `export_setup`, `export_actions`, `schedule_actions`, `operations`, `background`, `download`, `restore`, `log_cleanup`, `action`.
//! - State: `activity`, `auth`, `bundle_view`, `confirmer`, `navigation`, `dataset_view`, `delivery_form`, `exports_view`, `hub`, `keys`, `line_view`, `load`, `permission_form`, `probe_view`, `saved_options`, `schedule_form`, `schedules_view`, `settings`, `statistics_view`, `theme`, `toasts`, `workspaces`.
//! - The outside: `client` (the server), `laid_out` (its JSON), `worker` (the export worker), `feed` (its events), `browser`, `clipboard`, `focus_keeper`.
//! - Values and texts: the modules that are tested natively.
//!
//! The page formats nothing itself: `wasm-export` writes the cells of the table here, and the file in a
//! worker.

pub mod activity;
pub mod background_request;
pub mod bundle_pages;
pub mod column_choice;
pub mod cursors;
pub mod dataset;
pub mod dataset_groups;
pub mod delivery_draft;
pub mod event_stream;
pub mod export_command;
pub mod filter_chip;
pub mod json_lines;
pub mod keys;
pub mod log_cleanup;
pub mod menu_keys;
pub mod option_labels;
pub mod permission_draft;
pub mod preview;
pub mod probes;
pub mod quick_range;
pub mod restore;
pub mod route;
pub mod row_scope;
pub mod schedule_draft;
pub mod selection;
pub mod statistics;
pub mod table_columns;
pub mod table_page;
pub mod template_choice;
pub mod theme;
pub mod throughput;
pub mod ticks;
pub mod wall_time;
pub mod wording;
pub mod workspace_names;

#[cfg(target_arch = "wasm32")]
mod action;
#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(target_arch = "wasm32")]
mod auth;
#[cfg(target_arch = "wasm32")]
mod background;
#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod bundle_view;
#[cfg(target_arch = "wasm32")]
mod client;
#[cfg(target_arch = "wasm32")]
mod clipboard;
#[cfg(target_arch = "wasm32")]
mod components;
#[cfg(target_arch = "wasm32")]
mod confirmer;
#[cfg(target_arch = "wasm32")]
mod content;
#[cfg(target_arch = "wasm32")]
mod dataset_view;
#[cfg(target_arch = "wasm32")]
mod delivery_form;
#[cfg(target_arch = "wasm32")]
mod download;
#[cfg(target_arch = "wasm32")]
mod export_actions;
#[cfg(target_arch = "wasm32")]
mod export_setup;
#[cfg(target_arch = "wasm32")]
mod exports_view;
#[cfg(target_arch = "wasm32")]
mod feed;
#[cfg(target_arch = "wasm32")]
mod focus_keeper;
#[cfg(target_arch = "wasm32")]
mod hub;
#[cfg(target_arch = "wasm32")]
mod laid_out;
#[cfg(target_arch = "wasm32")]
mod line_view;
#[cfg(target_arch = "wasm32")]
mod load;
#[cfg(target_arch = "wasm32")]
mod navigation;
#[cfg(target_arch = "wasm32")]
mod operations;
#[cfg(target_arch = "wasm32")]
mod pages;
#[cfg(target_arch = "wasm32")]
mod permission_form;
#[cfg(target_arch = "wasm32")]
mod probe_view;
#[cfg(target_arch = "wasm32")]
mod saved_options;
#[cfg(target_arch = "wasm32")]
mod schedule_actions;
#[cfg(target_arch = "wasm32")]
mod schedule_form;
#[cfg(target_arch = "wasm32")]
mod schedules_view;
#[cfg(target_arch = "wasm32")]
mod settings;
#[cfg(target_arch = "wasm32")]
mod shell;
#[cfg(target_arch = "wasm32")]
mod statistics_view;
#[cfg(target_arch = "wasm32")]
mod toasts;
#[cfg(target_arch = "wasm32")]
mod worker;
#[cfg(target_arch = "wasm32")]
mod workspaces;
