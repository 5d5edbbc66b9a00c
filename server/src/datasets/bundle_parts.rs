//! A bundle in a database: who may have it, the parts that exist there, and what its file contains.

use std::sync::Arc;

use wasm_export::bundle::{Contents, Part as PartOfFile, options_of_file};
use wasm_export::options::Options;

use super::bundle::{Bundle, BundleAccess, Part};
use super::catalog::{Catalog, Dataset};
use super::query::AccessError;
use crate::auth::Caller;
use crate::parameter::ParameterError;

/// A bundle with the parts that exist in this database.
#[derive(Clone, Debug)]
pub struct BundleParts {
    pub bundle: Arc<Bundle>,
    /// At least one, in the order of the definition.
    pub parts: Vec<(Part, Arc<Dataset>)>,
}

impl Bundle {
    /// Checks that this caller may use the bundle.
    ///
    /// # Errors
    /// [`AccessError::Bundle`].
    pub fn check_access(&self, caller: &Caller) -> Result<(), AccessError> {
        let is_for_all = self.definition.access == BundleAccess::Owner;
        match is_for_all || caller.is_administrator() {
            true => Ok(()),
            false => Err(AccessError::Bundle(self.definition.name.clone())),
        }
    }
}

impl BundleParts {
    /// Returns the bundle with the parts whose datasets can be used in this database, or `None` if there is none of them.
    #[must_use]
    pub fn find(catalog: &Catalog, bundle: &Arc<Bundle>) -> Option<Self> {
        let is_usable = |dataset: &&Arc<Dataset>| dataset.unavailable.is_none();
        let declared = bundle.definition.parts.iter();
        let parts: Vec<_> = declared
            .filter_map(|part| {
                let mut datasets = part.datasets.iter().filter_map(|name| catalog.get(name));
                Some((part.clone(), Arc::clone(datasets.find(is_usable)?)))
            })
            .collect();
        let is_usable = bundle.unavailable.is_none() && !parts.is_empty();
        is_usable.then(|| Self {
            bundle: Arc::clone(bundle),
            parts,
        })
    }

    /// Returns what the file of this bundle contains.
    #[must_use]
    pub fn contents(&self) -> Contents {
        let definition = &self.bundle.definition;
        let part = |(part, _): &(Part, Arc<Dataset>)| PartOfFile {
            name: part.name.clone(),
            single: part.single,
        };
        Contents {
            name: definition.name.clone(),
            title: definition.title.clone(),
            export_type: definition.export_type.clone(),
            export_id: None,
            parts: self.parts.iter().map(part).collect(),
        }
    }

    /// Checks the options of a file, and chooses the bundle's default format if `chosen` names none. CSV files come in a zip
    /// archive, whatever compression is chosen.
    ///
    /// # Errors
    /// [`ParameterError::Invalid`] of the parameter `format`.
    pub fn options(&self, options: Options, is_format_chosen: bool) -> Result<Options, ParameterError> {
        let formats = &self.bundle.definition.formats;
        let mut options = options;
        if !is_format_chosen {
            options.format = formats.default();
        }
        if !formats.all().contains(&options.format) {
            let words: Vec<_> = formats.all().iter().map(|format| format.word()).collect();
            let problem = format!(
                "is `{}`; this bundle can have {}",
                options.format.word(),
                words.join(", ")
            );
            return Err(ParameterError::invalid("format", problem));
        }
        let options = options_of_file(options);
        wasm_export::Bundle::new(options.clone(), self.contents())
            .map_err(|error| ParameterError::invalid("format", format!("cannot be used: {error}")))?;
        Ok(options)
    }
}
