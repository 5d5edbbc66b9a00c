//! Exports, dumps, session requests and probes on their way to a file. They continue while the visitor opens other pages.

mod dump;
mod export_run;
mod exporter;
mod picker;
mod probes;
mod receipt;
mod row_cache;
mod runs;
mod save;
mod session_request;

pub use dump::{DumpState, Dumper};
pub use export_run::{BundleParts, ExportRequest, ExportRun};
pub use exporter::Exporter;
pub use picker::{can_pick, picked_file};
pub use probes::download_probes;
pub use receipt::download_receipt;
pub use row_cache::RowCacheEntry;
pub use session_request::{DownloadedFile, download_session, download_session_request};
