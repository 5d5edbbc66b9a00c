//! Probes on the page: which lines a terminal shows, what they say, and their file.

pub mod endpoints;
#[cfg(target_arch = "wasm32")]
pub mod feed;
pub mod line;
pub mod terminal;
pub mod text_file;
