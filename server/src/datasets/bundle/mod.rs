//! Bundles: several datasets in one file, from one snapshot of the database.
//!
//! - `definition` parses the TOML file of a bundle.
//! - `request` parses what a caller asks of a bundle, and makes the selection of each part.

mod definition;
mod request;

use std::sync::Arc;

use wasm_export::bundle::{Contents, Part as PartOfFile};
use wasm_export::options::{Compression, Format, Options};

pub use self::definition::{BundleAccess, BundleDefinition, Part};
pub use self::request::{BundleRequest, PARAMETERS, RequestError};
use super::catalog::{Cause, Dataset, Unavailable};
use super::definition::Access;
use super::query::AccessError;
use super::selection::Selection;
use crate::auth::{Caller, Scope};
use crate::parameter::ParameterError;

/// The bundles that are compiled in: file name and text.
pub(super) const BUILT_IN: &[(&str, &str)] = &[
    (
        "user-data.toml",
        include_str!("../../../datasets/bundles/user-data.toml"),
    ),
    (
        "bulk-data.toml",
        include_str!("../../../datasets/bundles/bulk-data.toml"),
    ),
];

/// A bundle as its file declares it.
#[derive(Clone, Debug)]
pub struct Bundle {
    pub definition: BundleDefinition,
    /// `None`: the bundle can be used, if one of its datasets can be.
    pub unavailable: Option<Unavailable>,
    /// The definition is compiled in.
    pub(super) is_built_in: bool,
    pub(super) file: String,
}

/// A bundle with the parts that exist in this database.
#[derive(Clone, Debug)]
pub struct BundleParts {
    pub bundle: Arc<Bundle>,
    /// At least one, in the order of the definition.
    pub parts: Vec<(Part, Arc<Dataset>)>,
}

impl Bundle {
    pub(super) fn read(file: String, text: Result<&str, String>, is_built_in: bool) -> Self {
        let parsed = text.as_ref().map_err(Clone::clone);
        let (definition, unavailable) = match parsed.and_then(|text| BundleDefinition::parse(text)) {
            Ok(definition) => (definition, None),
            Err(problem) => {
                let name = text_name(text.unwrap_or_default()).unwrap_or_else(|| stem(&file));
                let reason = format!("{file}: {}", problem.trim_end());
                (BundleDefinition::unreadable(name), Some(mistake(reason)))
            }
        };
        Self {
            definition,
            unavailable,
            is_built_in,
            file,
        }
    }

    /// Compares the parts with the datasets that they name, as far as these are known.
    pub(super) fn check_parts<'d>(&mut self, dataset: impl Fn(&str) -> Option<&'d Dataset>) {
        if self.unavailable.is_some() {
            return;
        }
        let name = &self.definition.name;
        let problem = match dataset(name) {
            Some(_) => Some(format!(
                "there is a dataset `{name}`; give the bundle another name"
            )),
            None => self.definition.parts.iter().find_map(|part| {
                let dataset = dataset(&part.dataset).filter(|dataset| dataset.unavailable.is_none())?;
                let problem = check_part(part, self.definition.access, dataset).err()?;
                Some(format!("part `{}`: {problem}", part.name))
            }),
        };
        self.unavailable = problem.map(|problem| mistake(format!("{}: {problem}", self.file)));
    }

    /// Checks that this caller may use the bundle.
    ///
    /// # Errors
    /// [`AccessError::Bundle`].
    pub fn check_access(&self, caller: &Caller) -> Result<(), AccessError> {
        let is_for_all = self.definition.access == BundleAccess::Owner;
        match is_for_all || caller.scope() == Scope::All {
            true => Ok(()),
            false => Err(AccessError::Bundle(self.definition.name.clone())),
        }
    }
}

impl BundleParts {
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
        if options.format == Format::Csv {
            options.compression = Compression::Zip;
        }
        wasm_export::Bundle::new(options.clone(), self.contents())
            .map_err(|error| ParameterError::invalid("format", format!("cannot be used: {error}")))?;
        Ok(options)
    }
}

fn check_part(part: &Part, access: BundleAccess, dataset: &Dataset) -> Result<(), String> {
    let definition = &dataset.definition;
    if access == BundleAccess::Owner && definition.access == Access::Admin {
        return Err(format!(
            "the dataset `{}` is for administrators, and the bundle for everybody",
            definition.name
        ));
    }
    if part.range && definition.range.is_none() {
        return Err(format!("the dataset `{}` declares no `range`", definition.name));
    }
    Selection::parse(definition, &part.filters)
        .map(drop)
        .map_err(|error| error.to_string())
}

fn mistake(reason: String) -> Unavailable {
    Unavailable {
        reason,
        cause: Cause::Mistake,
    }
}

/// Returns the name of a bundle whose definition is wrong elsewhere.
fn text_name(text: &str) -> Option<String> {
    let table: toml::Table = text.parse().ok()?;
    Some(table.get("name")?.as_str()?.to_owned())
}

fn stem(file: &str) -> String {
    let stem = std::path::Path::new(file).file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// Returns why neither of two files of a site counts: they have one name, and the order of files means nothing.
pub(super) fn twice(one: &Bundle, other: &Bundle) -> Unavailable {
    mistake(format!(
        "{} and {} both have the name `{}`; give one of them another name",
        one.file, other.file, one.definition.name
    ))
}
