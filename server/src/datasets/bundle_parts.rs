//! A bundle in a database: who may have it, the parts that exist there, and what its file contains.

use std::sync::Arc;

use api::workspaces::WorkspaceRole;
use wasm_export::bundle::{Contents, Part as PartOfFile, Report, options_of_file};
use wasm_export::options::{Format, Options};

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
    /// Checks that this caller may use the bundle. The rows of a workspace are for its members: the caller must be within one.
    ///
    /// # Errors
    /// [`AccessError::Bundle`], [`AccessError::NotAMember`], [`AccessError::RoleTooLow`].
    pub fn check_access(&self, caller: &Caller) -> Result<(), AccessError> {
        let least = self.definition.export;
        match (self.definition.access, caller.membership()) {
            (BundleAccess::Admin, _) if !caller.is_administrator() => {
                Err(AccessError::Bundle(self.definition.name.clone()))
            }
            (BundleAccess::Workspace, None) => Err(AccessError::NotAMember),
            (BundleAccess::Workspace, Some(membership)) if membership.role() < least => {
                Err(AccessError::RoleTooLow(least))
            }
            _ => Ok(()),
        }
    }

    /// Checks that the caller may see the bundle in a list. `role` is their greatest role in any workspace.
    ///
    /// # Errors
    /// As of [`Self::check_access`].
    pub fn check_visible(&self, caller: &Caller, role: Option<WorkspaceRole>) -> Result<(), AccessError> {
        let least = self.definition.export;
        match (self.definition.access, role) {
            (BundleAccess::Workspace, _) if caller.is_administrator() => Ok(()),
            (BundleAccess::Workspace, None) => Err(AccessError::NotAMember),
            (BundleAccess::Workspace, Some(role)) if role < least => Err(AccessError::RoleTooLow(least)),
            (BundleAccess::Workspace, Some(_)) => Ok(()),
            (BundleAccess::Admin | BundleAccess::Owner, _) => self.check_access(caller),
        }
    }
}

impl BundleParts {
    /// Returns the bundle with the parts whose datasets can be used in this database. Returns `None` if there is none of them,
    /// or if a report lacks its subject, period or figures.
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
        let is_there = |name: &&str| parts.iter().any(|(part, _)| part.name == **name);
        let report = bundle.definition.report.as_ref();
        let needed = report.map(Report::needed_parts).unwrap_or_default();
        let is_usable = bundle.unavailable.is_none() && !parts.is_empty() && needed.iter().all(is_there);
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
            report: definition.report.clone(),
        }
    }

    /// Checks the options of a file, and chooses the bundle's default format if `chosen` names none. CSV files come in a zip
    /// archive, whatever compression is chosen.
    ///
    /// # Errors
    /// [`ParameterError::Invalid`] of the parameter `format` or `language`.
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
        if let (Format::Html, Some(report)) = (options.format, &self.bundle.definition.report)
            && let (Some(given), None) = (&options.language, report.language(options.language.as_deref()))
        {
            let words: Vec<_> = report.languages.iter().map(|language| language.word()).collect();
            let problem = format!("is `{given}`; this report can have {}", words.join(", "));
            return Err(ParameterError::invalid("language", problem));
        }
        let options = options_of_file(options);
        wasm_export::Bundle::new(options.clone(), self.contents())
            .map_err(|error| ParameterError::invalid("format", format!("cannot be used: {error}")))?;
        Ok(options)
    }
}
