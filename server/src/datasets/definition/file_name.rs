//! The name of a dataset's files: `orders_{subject}_{date}`.

use jiff::Timestamp;
use serde::Deserialize;
use wasm_export::Options;
use wasm_export::file_name::{ending, file_name};

use crate::auth::{Caller, Scope, Subject};

/// The greatest number of characters before the extension.
const LENGTH_MAX: usize = 120;

/// A pattern with placeholders in braces, without an extension.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct FileNamePattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Placeholder),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placeholder {
    Dataset,
    Scope,
    Subject,
    Workspace,
    Date,
    Time,
}

impl Placeholder {
    const ALL: [(&str, Self); 6] = [
        ("dataset", Self::Dataset),
        ("scope", Self::Scope),
        ("subject", Self::Subject),
        ("workspace", Self::Workspace),
        ("date", Self::Date),
        ("time", Self::Time),
    ];
}

impl FileNamePattern {
    /// Returns whether names have the workspace.
    pub fn has_workspace(&self) -> bool {
        self.0.contains(&Part::Value(Placeholder::Workspace))
    }
}

impl TryFrom<String> for FileNamePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (mut parts, mut rest) = (Vec::new(), text.as_str());
        while let Some((before, after)) = rest.split_once('{') {
            let name = after.split_once('}');
            let known = name.and_then(|(name, rest)| {
                let placeholder = Placeholder::ALL.iter().find(|(known, _)| *known == name)?;
                Some((placeholder.1, rest))
            });
            let Some((placeholder, after)) = known else {
                return Err(format!(
                    "`file_name` is `{text}`; the placeholders are {}",
                    Placeholder::ALL.map(|(name, _)| format!("{{{name}}}")).join(", ")
                ));
            };
            parts.extend([Part::Text(before.to_owned()), Part::Value(placeholder)]);
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        match text.trim().is_empty() || text.contains('}') && !text.contains('{') {
            true => Err(format!("`file_name` is `{text}`, which names no file")),
            false => Ok(Self(parts)),
        }
    }
}

/// Returns the name of a file with rows of a dataset that this caller exports at this time, with its extension. Date and
/// time are those of the file's zone. `slug` is the short name of the caller's workspace, which otherwise has its id. All but ASCII letters, digits, `_` and `-` become hyphens, because a header and a shell take these everywhere.
pub fn render(
    pattern: Option<&FileNamePattern>,
    dataset: &str,
    caller: &Caller,
    slug: Option<&str>,
    options: &Options,
    at: Timestamp,
) -> String {
    let Some(FileNamePattern(parts)) = pattern else {
        return file_name(dataset, options, at.as_second());
    };
    let at = options.zone.time_zone().to_datetime(at);
    let name = parts.iter().map(|part| match part {
        Part::Text(text) => text.clone(),
        Part::Value(Placeholder::Dataset) => dataset.to_owned(),
        Part::Value(Placeholder::Scope) => match caller.scope() {
            Scope::All => "all".to_owned(),
            Scope::Owner(_) => "own".to_owned(),
            Scope::Workspace(id) => id,
        },
        Part::Value(Placeholder::Subject) => subject(&caller.subject),
        Part::Value(Placeholder::Workspace) => slug.or(caller.workspace()).unwrap_or_default().to_owned(),
        Part::Value(Placeholder::Date) => at.strftime("%Y-%m-%d").to_string(),
        Part::Value(Placeholder::Time) => at.strftime("%H%M%S").to_string(),
    });
    let safe = |letter: char| match letter.is_ascii_alphanumeric() || letter == '_' {
        true => letter,
        false => '-',
    };
    let name = name.collect::<String>();
    let name: String = name.chars().map(safe).take(LENGTH_MAX).collect();
    format!("{name}.{}", ending(options))
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::HubUser(id) => id.to_string(),
        Subject::Jwt(subject) => subject.clone(),
        Subject::AdminToken => "admin".to_owned(),
        Subject::Operator => "operator".to_owned(),
    }
}
