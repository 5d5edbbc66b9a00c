//! PostgreSQL's dumps in the custom format (`pg_dump --format=custom`): what is in one, and whether it is whole.
//!
//! | file | what |
//! |---|---|
//! | `archive` | [`Archive`]: push bytes, finish |
//! | `header`, `toc`, `blocks` | the three parts of an archive, in their order |
//! | `fields` | numbers and texts in them |
//! | `summary` | [`Summary`]: what people want to know of a dump |
//! | `error`, `foreign` | what is wrong with a file, or what else it is |
//!
//! An archive has no end mark. When pg_dump writes it into a pipe, as Decant lets it, its table of contents does not say
//! where the data is either, and the file just ends behind the last block of data. It is whole when it ends there **and**
//! every entry that has data has had its block; where the table of contents does say where the data is, that is compared.
//!
//! What lies within a block is not looked at. It may be packed, and has no checksum even where it is: a bit that flipped
//! there is found, if at all, only by `pg_restore --file=/dev/null`, which unpacks everything.
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
