//! The probes on show as a text file.

use api::probes::Probe;
use wasm_export::rows::Problem;
use wasm_export::{Zone, file_name};

use super::session_request::{DownloadedFile, PendingFile};
use crate::browser;
use crate::probes::text_file::{DATASET, file_options, text_file};

/// Saves these probes, the oldest first.
///
/// # Errors
/// The formatter refuses the rows (`not_formatted`); the browser cannot store the file (`not_written`).
pub async fn download_probes(probes: Vec<Probe>, zone: Zone) -> Result<DownloadedFile, Problem> {
    let options = file_options(zone);
    let name = file_name(DATASET, &options, browser::now_seconds());
    let bytes = text_file(probes.iter(), options).map_err(|error| Problem {
        title: "The lines could not be written".to_owned(),
        detail: format!("{error}."),
        code: "not_formatted".to_owned(),
        ..Problem::default()
    })?;
    let mut file = PendingFile::new();
    file.write(&bytes).await?;
    file.save(name).await
}
