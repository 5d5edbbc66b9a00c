//! An export of a dataset or a bundle, as permissions see it.

use api::exports::ExportType;
use wasm_export::options::Format;

use super::bundle::Bundle;
use super::catalog::{Catalog, Dataset};
use crate::auth::{Caller, Membership};
use crate::permissions::ExportTarget;

impl Dataset {
    /// Returns the export of rows as a file of one of these formats. The caller is within the workspace, if the rows are of one.
    #[must_use]
    pub fn export_target(&self, caller: &Caller, formats: &[Format]) -> ExportTarget {
        ExportTarget {
            kind: ExportType::Dataset,
            name: self.definition.name.clone(),
            parts: Vec::new(),
            formats: words(formats),
            workspace_role: caller.membership().map(Membership::role),
        }
    }

    /// Returns the export of raw rows, of which a file of each format of the dataset can be made.
    #[must_use]
    pub fn target_of_raw_rows(&self, caller: &Caller) -> ExportTarget {
        let formats = self.definition.formats.as_deref().unwrap_or(Format::ALL);
        self.export_target(caller, formats)
    }
}

impl Bundle {
    /// Returns the export of a file of one of these formats. The caller is within the workspace, if the bundle is of one.
    #[must_use]
    pub fn export_target(&self, caller: &Caller, formats: &[Format]) -> ExportTarget {
        let definition = &self.definition;
        ExportTarget {
            kind: self.export_type(),
            name: definition.name.clone(),
            parts: self.datasets(),
            formats: words(formats),
            workspace_role: caller.membership().map(Membership::role),
        }
    }

    /// Returns the export of raw rows, of which a file of each format of the bundle can be made.
    #[must_use]
    pub fn target_of_raw_rows(&self, caller: &Caller) -> ExportTarget {
        self.export_target(caller, self.definition.formats.all())
    }

    /// Returns the kind of its exports.
    #[must_use]
    pub fn export_type(&self) -> ExportType {
        ExportType::from_word(&self.definition.export_type).unwrap_or(ExportType::Dataset)
    }

    /// Returns the names of the datasets of its parts.
    fn datasets(&self) -> Vec<String> {
        let parts = self.definition.parts.iter();
        parts.flat_map(|part| part.datasets.iter().cloned()).collect()
    }
}

impl Catalog {
    /// Returns the names of the datasets of a bundle's parts; none for a dataset.
    #[must_use]
    pub fn parts_of(&self, name: &str) -> Vec<String> {
        match (
            self.get(name).filter(|dataset| dataset.is_here()),
            self.bundle(name),
        ) {
            (None, Some(bundle)) => bundle.datasets(),
            _ => Vec::new(),
        }
    }
}

fn words(formats: &[Format]) -> Vec<String> {
    formats.iter().map(|format| format.word().to_owned()).collect()
}
