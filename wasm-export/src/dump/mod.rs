//! Reads PostgreSQL's dumps in the custom format (`pg_dump --format=custom`): their contents, and whether they are whole.
//!
//! | file | contents |
//! |---|---|
//! | `archive` | [`Archive`]: push bytes, finish |
//! | `header`, `toc`, `blocks` | the three parts of an archive, in their order |
//! | `fields` | numbers and texts in them |
//! | `summary` | [`Summary`]: tables, sizes, large objects |
//! | `error`, `foreign` | damage in a dump; files of other formats |
//! | `version`, `limits` | versions and sizes that are read |
//!
//! This is Decant's own code, because pg_restore reads a file as a whole, and the browser has no pg_restore.
//!
//! An archive has no end mark. pg_dump writes to a pipe here, so that its table of contents has no offsets of the data, and
//! the file ends behind the last block. It is whole when it ends there **and** each entry with data has had its block.
//! Where the table of contents has offsets, the blocks must be there.
//!
//! The contents of a block are not checked. They may be compressed, and have no checksum. Only
//! `pg_restore --file=/dev/null`, which decompresses everything, can find a damaged byte there.
//!
//! ```
//! use wasm_export::dump::Archive;
//!
//! # let file = include_bytes!("../../tests/dumps/pg17-zstd.dump");
//! let mut archive = Archive::new();
//! for chunk in file.chunks(1000) {
//!     archive.push(chunk)?;
//! }
//! let summary = archive.finish()?;
//! assert_eq!(summary.header.database, "shop");
//! assert_eq!(summary.tables.len(), 5);
//! # Ok::<(), wasm_export::dump::DumpError>(())
//! ```

mod archive;
mod blocks;
mod error;
mod fields;
mod foreign;
mod header;
mod limits;
mod summary;
mod toc;
mod version;

pub use archive::Archive;
pub use error::{DumpError, DumpPart, Fault};
pub use foreign::Foreign;
pub use header::{Compression, Header, MAGIC};
pub use limits::{ENTRIES_MAX, ITEM_BYTES_MAX};
pub use summary::{LargeObjects, Summary, Table};
pub use toc::{Entry, EntryData, LARGE_OBJECTS, TABLE_DATA, Toc};
pub use version::ArchiveVersion;

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
