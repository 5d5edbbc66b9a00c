//! Bundles as their files declare them: several datasets in one file, from one snapshot of the database.

mod definition;
mod report;

pub use self::definition::{BundleAccess, BundleDefinition, Part};
use self::report::check_columns;
pub(super) use self::report::has_period_parameters;
use super::definition::{Access, Definition, RowDatabase};
use super::selection::Selection;
use super::unavailable::{Cause, Unavailable};

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
    (
        "brand-report.toml",
        include_str!("../../../datasets/bundles/brand-report.toml"),
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

    /// Compares the parts with the definitions of the datasets that they name, as far as these are known. The bundle must not
    /// have the name of a dataset.
    pub(super) fn check_parts<'d>(
        &mut self,
        is_dataset: bool,
        definition: impl Fn(&str) -> Option<&'d Definition>,
    ) {
        if self.unavailable.is_some() {
            return;
        }
        let name = &self.definition.name;
        let problem = match is_dataset {
            true => Some(format!(
                "there is a dataset `{name}`; give the bundle another name"
            )),
            false => self.definition.parts.iter().find_map(|part| {
                let known = part.datasets.iter().filter_map(|name| definition(name));
                let mut checked = known.map(|known| check_part(part, &self.definition, known));
                let problem = checked.find_map(Result::err)?;
                Some(format!("part `{}`: {problem}", part.name))
            }),
        };
        self.unavailable = problem.map(|problem| mistake(format!("{}: {problem}", self.file)));
    }
}

fn check_part(part: &Part, bundle: &BundleDefinition, definition: &Definition) -> Result<(), String> {
    let name = &definition.name;
    // All parts are of one snapshot, which the state database does not have.
    if definition.database != RowDatabase::Source {
        return Err(format!(
            "the dataset `{name}` is of another database, and all parts of a bundle are of one"
        ));
    }
    match (bundle.access, definition.access) {
        (BundleAccess::Owner, Access::Admin) => {
            return Err(format!(
                "the dataset `{name}` is for administrators, and the bundle for everybody"
            ));
        }
        (BundleAccess::Owner | BundleAccess::Admin, Access::Workspace) => {
            return Err(format!(
                "the dataset `{name}` is of workspaces, and the bundle of none"
            ));
        }
        // Its rows would be those of a user or of all workspaces.
        (BundleAccess::Workspace, Access::Admin | Access::Owner) => {
            return Err(format!(
                "the bundle is of workspaces, and the dataset `{name}` is not; it needs `access = \"workspace\"`"
            ));
        }
        _ => {}
    }
    if part.range && definition.range.is_none() && !has_period_parameters(definition) {
        return Err(format!(
            "the dataset `{name}` declares no `range`, nor parameters `start` and `end` of the kind `timestamp`"
        ));
    }
    if let Some(report) = &bundle.report {
        check_columns(report, &part.name, definition)?;
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
