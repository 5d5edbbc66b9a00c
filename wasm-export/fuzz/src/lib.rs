//! The fuzz targets, and what they share.
//!
//! | module | contents |
//! |---|---|
//! | [`targets`] | the body of each target, a function of bytes |
//! | [`formats`] | any rows in any format, read back and compared |
//! | [`pieces`] | bytes cut at any places |
//! | [`table`] | rows of any values, as a server sends them and as a file shows them |
//! | [`choices`] | any options |
//! | [`exporting`] | a stream made into a file, in pieces of any length |
//! | [`reading`] | a file read by Decant's readers, in pieces of any length |
//! | [`reference`](mod@reference) | a file read by readers of other authors |
//!
//! `make fuzz` runs every target for `FUZZ_SECONDS`. `wasm-export/tests/corpus.rs` includes this file as a module and
//! runs the same bodies on the committed corpus; therefore the modules import each other by `super`.

pub mod choices;
pub mod exporting;
pub mod formats;
pub mod pieces;
pub mod reading;
pub mod reference;
pub mod table;
pub mod targets;
