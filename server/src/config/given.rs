//! The texts of settings, from the environment and the settings file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::parse::Parsed;

/// A setting that cannot be used. The value is never part of the text: it may be a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    #[error("the settings file {path}: {problem}")]
    File { path: PathBuf, problem: String },
    #[error("{path}: there is no setting `{name}`; `decant serve --help` lists them")]
    Unknown { path: PathBuf, name: String },
    #[error("the setting {name} {problem}")]
    Invalid { name: &'static str, problem: String },
}

/// The texts that are set, before they are parsed.
pub(super) struct Given {
    pub environment: fn(&str) -> Option<String>,
    pub file: BTreeMap<String, String>,
}

impl Given {
    /// Returns the text of a setting. An empty variable counts as unset: many deployment tools cannot remove one.
    fn text(&self, name: &str) -> Option<String> {
        let value = (self.environment)(name).or_else(|| self.file.get(name).cloned());
        value.filter(|value| !value.trim().is_empty())
    }

    pub fn value<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Parsed<T>,
    ) -> Result<Option<T>, SettingError> {
        let text = self.text(name);
        let value = text.as_deref().map(parse).transpose();
        value.map_err(|problem| SettingError::Invalid { name, problem })
    }

    pub fn value_or<T>(
        &self,
        name: &'static str,
        default: &str,
        parse: impl FnOnce(&str) -> Parsed<T>,
    ) -> Result<T, SettingError> {
        let text = self.text(name);
        let value = parse(text.as_deref().unwrap_or(default));
        value.map_err(|problem| SettingError::Invalid { name, problem })
    }
}

/// Reads a settings file.
pub(super) fn read_file(
    path: &Path,
    is_known: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, String>, SettingError> {
    let wrong = |problem: String| SettingError::File {
        path: path.to_owned(),
        problem,
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    // The full error of the parser quotes the line, which may hold a secret. So only its number is shown.
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error
            .span()
            .map_or(0, |span| text[..span.start].matches('\n').count() + 1);
        wrong(format!("is not TOML in line {line}: {}", error.message()))
    })?;
    let entry = |(name, value): (String, toml::Value)| {
        if !is_known(&name) {
            return Err(SettingError::Unknown {
                path: path.to_owned(),
                name,
            });
        }
        match value {
            toml::Value::String(text) => Ok((name, text)),
            toml::Value::Integer(number) => Ok((name, number.to_string())),
            toml::Value::Boolean(flag) => Ok((name, flag.to_string())),
            _ => Err(wrong(format!(
                "`{name}` must be a string, an integer or a boolean"
            ))),
        }
    };
    table.into_iter().map(entry).collect()
}
