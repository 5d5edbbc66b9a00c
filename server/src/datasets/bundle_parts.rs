//! A bundle in a database: who may have it, the parts that exist there, and what its file contains.

use std::sync::Arc;

use api::workspaces::WorkspaceRole;
use wasm_export::bundle::{Contents, Part as PartOfFile, Report, options_of_file};
use wasm_export::options::{Format, Options};

use super::bundle::{Bundle, BundleAccess, Part};
use super::catalog::{Catalog, Dataset};
use super::query::{AccessError, check_role};
use super::unavailable::{Cause, Unavailable};
use crate::auth::{Caller, Membership};
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
        match self.definition.access {
            BundleAccess::Admin if !caller.is_administrator() => {
                Err(AccessError::Bundle(self.definition.name.clone()))
            }
            BundleAccess::Admin | BundleAccess::Owner => Ok(()),
            BundleAccess::Workspace => {
                check_role(caller.membership().map(Membership::role), self.definition.export)
            }
        }
    }

    /// Checks that the caller may see the bundle in a list. `role` is their greatest role in any workspace.
    ///
    /// # Errors
    /// As of [`Self::check_access`].
    pub fn check_visible(&self, caller: &Caller, role: Option<WorkspaceRole>) -> Result<(), AccessError> {
        match self.definition.access {
            BundleAccess::Workspace if caller.is_administrator() => Ok(()),
            BundleAccess::Workspace => check_role(role, self.definition.export),
            BundleAccess::Admin | BundleAccess::Owner => self.check_access(caller),
        }
    }
}

impl BundleParts {
    /// Returns the bundle with its parts, without those whose application is not in this database.
    ///
    /// # Errors
    /// Why the bundle cannot be used: its own mistake, a dataset that is here and cannot be used, or parts that a report needs.
    /// [`Cause::NotHere`] if there is no part in this database.
    pub fn find(catalog: &Catalog, bundle: &Arc<Bundle>) -> Result<Self, Unavailable> {
        if let Some(unavailable) = &bundle.unavailable {
            return Err(unavailable.clone());
        }
        let declared = &bundle.definition.parts;
        let mut parts = Vec::with_capacity(declared.len());
        let mut obstacle = None;
        for part in declared {
            match dataset_of(catalog, &bundle.file, part) {
                Ok(None) => {}
                Ok(Some(dataset)) => parts.push((part.clone(), Arc::clone(dataset))),
                Err(unavailable) => {
                    obstacle.get_or_insert(unavailable);
                }
            }
        }
        let is_there = |name: &&str| parts.iter().any(|(part, _)| part.name == **name);
        let report = bundle.definition.report.as_ref();
        let needed = report.map(Report::needed_parts).unwrap_or_default();
        let missing = needed.iter().find(|name| !is_there(name));
        match (obstacle, missing) {
            (Some(unavailable), _) if !parts.is_empty() || unavailable.cause != Cause::NoTable => {
                Err(unavailable)
            }
            _ if parts.is_empty() => Err(Unavailable {
                reason: "it has none of its datasets".to_owned(),
                cause: Cause::NotHere,
            }),
            (_, Some(missing)) => Err(Unavailable {
                reason: format!("its report needs the part `{missing}`"),
                cause: Cause::NoTable,
            }),
            (_, None) => Ok(Self {
                bundle: Arc::clone(bundle),
                parts,
            }),
        }
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
            let words: Vec<_> = report
                .languages()
                .iter()
                .map(|language| language.word())
                .collect();
            let problem = format!("is `{given}`; this report can have {}", words.join(", "));
            return Err(ParameterError::invalid("language", problem));
        }
        let options = options_of_file(options);
        wasm_export::Bundle::new(options.clone(), self.contents())
            .map_err(|error| ParameterError::invalid("format", format!("cannot be used: {error}")))?;
        Ok(options)
    }
}

/// Returns the first dataset of a part whose application is in this database, or `None`.
///
/// # Errors
/// A dataset that is not declared, or that is here and cannot be used.
fn dataset_of<'a>(
    catalog: &'a Catalog,
    file: &str,
    part: &Part,
) -> Result<Option<&'a Arc<Dataset>>, Unavailable> {
    for name in &part.datasets {
        let Some(dataset) = catalog.get(name) else {
            return Err(Unavailable {
                reason: format!("{file}: part `{}`: there is no dataset `{name}`", part.name),
                cause: Cause::Mistake,
            });
        };
        match &dataset.unavailable {
            None => return Ok(Some(dataset)),
            Some(unavailable) if unavailable.cause == Cause::NotHere => {}
            Some(unavailable) => {
                return Err(Unavailable {
                    reason: format!("part `{}`: {}", part.name, unavailable.reason),
                    cause: unavailable.cause,
                });
            }
        }
    }
    Ok(None)
}
