//! Probes on the page: which lines a terminal shows, what they say, and their file.

pub mod endpoints;
pub mod line;
pub mod terminal;
pub mod text_file;
