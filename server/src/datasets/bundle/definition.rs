//! A bundle as its TOML file declares it.

use std::collections::BTreeMap;

use api::workspaces::WorkspaceRole;
use jiff::Timestamp;
use serde::Deserialize;
use wasm_export::bundle::{FORMATS, Report};
use wasm_export::options::{Format, Options};

use super::report::check_report;
use crate::auth::Caller;
use crate::datasets::definition::{FileNamePattern, render_file_name};
use crate::datasets::words;

/// The greatest number of parts.
const PARTS_MAX: usize = 50;

/// The most days of a period without a start.
const PERIOD_DAYS_MAX: u16 = 3660;

/// Names that the file itself uses, in lower case.
const RESERVED: &[&str] = &["exportmetadata", "generatedat", "metadata", "totals", "manifest"];

/// A bundle that was checked, as far as that needs no dataset.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Declared")]
pub struct BundleDefinition {
    /// As in addresses: `user-data`.
    pub name: String,
    pub title: String,
    /// The kind of export, in the file: `user_data`.
    pub export_type: String,
    pub access: BundleAccess,
    /// The least role in the workspace that may export it.
    pub export: WorkspaceRole,
    /// The number of days that the period of a request without `start` and `end` has.
    pub period_days: Option<u16>,
    pub formats: Formats,
    /// The name of its files, without the extension. Absent: the bundle's name and the time.
    pub file_name: Option<FileNamePattern>,
    /// In the order of the file.
    pub parts: Vec<Part>,
    /// The report that the HTML file is.
    pub report: Option<Report>,
}

/// Whose rows a bundle has, and who may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BundleAccess {
    /// Administrators alone may have it, with all rows.
    Admin,
    /// Everybody, the own rows. An administrator may name another person.
    Owner,
    /// Members of a workspace that the caller names, with its rows. An administrator may name any.
    Workspace,
}

/// The formats of a bundle: at least one, the default first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formats(Vec<Format>);

impl Formats {
    pub fn all(&self) -> &[Format] {
        &self.0
    }

    pub fn default(&self) -> Format {
        self.0.first().copied().unwrap_or(Format::Json)
    }
}

/// A part of a bundle: the rows of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The name in the file: `usageLogs`.
    pub name: String,
    /// The first one that can be used is taken.
    #[serde(rename = "dataset", deserialize_with = "one_or_several")]
    pub datasets: Vec<String>,
    /// The part has at most one row, which is an object in JSON.
    #[serde(default)]
    pub single: bool,
    /// Without a row of this part, the bundle is refused.
    #[serde(default)]
    pub required: bool,
    /// The part is narrowed to the times that the caller asks for: by the dataset's `range`, or by its parameters `start` and
    /// `end`.
    #[serde(default)]
    pub range: bool,
    /// Filters and parameters of the dataset with a value.
    #[serde(default, deserialize_with = "pairs")]
    pub filters: Vec<(String, String)>,
}

/// The keys of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    name: String,
    title: String,
    export_type: String,
    access: BundleAccess,
    export: Option<WorkspaceRole>,
    period_days: Option<u16>,
    formats: Option<Vec<Format>>,
    default_format: Option<Format>,
    file_name: Option<FileNamePattern>,
    #[serde(rename = "part")]
    parts: Vec<Part>,
    report: Option<Report>,
}

impl BundleDefinition {
    /// Parses a definition.
    ///
    /// # Errors
    /// The mistake, with its line when it is one of TOML.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// Returns the name of a file that this caller exports at this time, with its extension. `slug` is the short name of the
    /// workspace, if it has one.
    #[must_use]
    pub fn file_name(&self, caller: &Caller, slug: Option<&str>, options: &Options, at: Timestamp) -> String {
        render_file_name(
            self.file_name_pattern(caller, slug).as_deref(),
            &self.name,
            options,
            at,
        )
    }

    /// Returns the name of files that this caller exports, with `{date}` and `{time}`. `None`: it is that of the bundle.
    #[must_use]
    pub fn file_name_pattern(&self, caller: &Caller, slug: Option<&str>) -> Option<String> {
        let pattern = self.file_name.as_ref()?;
        Some(pattern.for_caller(&self.name, caller, slug))
    }

    /// Returns whether the names of its files have the workspace.
    #[must_use]
    pub fn has_workspace_in_names(&self) -> bool {
        self.file_name
            .as_ref()
            .is_some_and(FileNamePattern::has_workspace)
    }

    /// Returns a definition without parts, for a file that has none that can be read.
    pub(super) fn unreadable(name: String) -> Self {
        Self {
            title: name.clone(),
            export_type: name.clone(),
            name,
            access: BundleAccess::Admin,
            export: WorkspaceRole::default(),
            period_days: None,
            formats: Formats(FORMATS.to_vec()),
            file_name: None,
            parts: Vec::new(),
            report: None,
        }
    }
}

impl TryFrom<Declared> for BundleDefinition {
    type Error = String;

    fn try_from(declared: Declared) -> Result<Self, String> {
        check_name("bundle", &declared.name, |letter| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-'
        })?;
        check_name("export_type", &declared.export_type, |letter| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'
        })?;
        if declared.title.trim().is_empty() {
            return Err("`title` is blank".to_owned());
        }
        check_parts(&declared.parts)?;
        if declared.export.is_some() && declared.access != BundleAccess::Workspace {
            return Err("`export` needs `access = \"workspace\"`".to_owned());
        }
        if declared.period_days.is_some() && !declared.parts.iter().any(|part| part.range) {
            return Err("`period_days` needs a part with `range = true`".to_owned());
        }
        if !declared
            .period_days
            .is_none_or(|days| (1..=PERIOD_DAYS_MAX).contains(&days))
        {
            return Err(format!("`period_days` is a number from 1 to {PERIOD_DAYS_MAX}"));
        }
        if let Some(report) = &declared.report {
            let parts = declared.parts.iter();
            let parts: Vec<_> = parts.map(|part| (part.name.as_str(), part.single)).collect();
            check_report(report, &parts)?;
        }
        Ok(Self {
            formats: formats(declared.formats, declared.default_format)?,
            name: declared.name,
            title: declared.title,
            export_type: declared.export_type,
            access: declared.access,
            export: declared.export.unwrap_or_default(),
            period_days: declared.period_days,
            file_name: declared.file_name,
            parts: declared.parts,
            report: declared.report,
        })
    }
}

fn formats(formats: Option<Vec<Format>>, default: Option<Format>) -> Result<Formats, String> {
    let mut formats = formats.unwrap_or_else(|| FORMATS.to_vec());
    let words = |formats: &[Format]| {
        let words: Vec<_> = formats.iter().map(|format| format.word()).collect();
        words.join(", ")
    };
    if let Some(format) = formats.iter().find(|format| !FORMATS.contains(format)) {
        return Err(format!(
            "`formats` has `{}`; a bundle can have {}",
            format.word(),
            words(FORMATS)
        ));
    }
    if let Some(default) = default {
        if !formats.contains(&default) {
            return Err(format!(
                "`default_format` is `{}`, and `formats` are {}",
                default.word(),
                words(&formats)
            ));
        }
        formats.retain(|format| *format != default);
        formats.insert(0, default);
    }
    match formats.is_empty() {
        true => Err("`formats` is empty; leave it out to allow all".to_owned()),
        false => Ok(Formats(formats)),
    }
}

fn check_parts(parts: &[Part]) -> Result<(), String> {
    if parts.is_empty() || parts.len() > PARTS_MAX {
        return Err(format!("a bundle has 1 to {PARTS_MAX} `[[part]]`"));
    }
    // Files of an archive and sheets whose names differ by case alone overwrite each other on some systems.
    let mut known: Vec<String> = RESERVED.iter().map(|name| (*name).to_owned()).collect();
    for part in parts {
        let name = &part.name;
        check_name("part", name, |letter| {
            letter.is_ascii_alphanumeric() || letter == '_'
        })?;
        if known.contains(&name.to_ascii_lowercase()) {
            return Err(format!(
                "the part `{name}` has a name that another part or the file itself has"
            ));
        }
        if is_device(name) {
            return Err(format!(
                "the part `{name}` has the name of a device of Windows, which can be no file"
            ));
        }
        known.push(name.to_ascii_lowercase());
        if part.datasets.is_empty() {
            return Err(format!("the part `{name}` names no dataset"));
        }
        if let Some((word, _)) = part.filters.iter().find(|(word, _)| words::is_reserved(word)) {
            return Err(format!(
                "the part `{name}` has `{word}` among its `filters`, which is no filter"
            ));
        }
    }
    Ok(())
}

/// Returns whether Windows can have no file of this name, whatever its extension.
fn is_device(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let numbered = |kind| {
        let number = name.strip_prefix(kind);
        number.is_some_and(|number| number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    matches!(name.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

fn check_name(what: &str, name: &str, is_allowed: impl Fn(char) -> bool) -> Result<(), String> {
    match name.starts_with(|letter: char| letter.is_ascii_lowercase()) && name.chars().all(is_allowed) {
        true => Ok(()),
        false => Err(format!(
            "the {what} name `{name}` has a character that it cannot have; write one like `user-data` of a bundle, `userData` of \
             a part and `user_data` of `export_type`"
        )),
    }
}

fn pairs<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    let filters: BTreeMap<String, String> = BTreeMap::deserialize(deserializer)?;
    Ok(filters.into_iter().collect())
}

fn one_or_several<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Names::deserialize(deserializer)? {
        Names::One(name) => vec![name],
        Names::Several(names) => names,
    })
}

#[cfg(test)]
mod tests;
