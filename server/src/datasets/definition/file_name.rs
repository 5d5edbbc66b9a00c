//! The name of a dataset's files: `orders_{subject}_{date}`.

use jiff::Timestamp;
use serde::Deserialize;
use wasm_export::Options;
use wasm_export::file_name::{file_name, fill, from_pattern};

use crate::auth::{Caller, Scope, Subject};

/// A pattern with placeholders in braces, without an extension.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct FileNamePattern(String);

const DATASET: &str = "dataset";
const SCOPE: &str = "scope";
const SUBJECT: &str = "subject";

/// The short name of a workspace, or its id.
const WORKSPACE: &str = "workspace";

/// All that a pattern may have in braces.
const PLACEHOLDERS: [&str; 6] = [DATASET, SCOPE, SUBJECT, WORKSPACE, "date", "time"];

impl FileNamePattern {
    /// Returns whether names have the workspace.
    pub fn has_workspace(&self) -> bool {
        self.0.contains("{workspace}")
    }
}

impl TryFrom<String> for FileNamePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut rest = text.as_str();
        while let Some((_, after)) = rest.split_once('{') {
            let known = after
                .split_once('}')
                .filter(|(name, _)| PLACEHOLDERS.contains(name));
            let Some((_, after)) = known else {
                return Err(format!(
                    "`file_name` is `{text}`; the placeholders are {}",
                    PLACEHOLDERS.map(|name| format!("{{{name}}}")).join(", ")
                ));
            };
            rest = after;
        }
        match text.trim().is_empty() || text.contains('}') && !text.contains('{') {
            true => Err(format!("`file_name` is `{text}`, which names no file")),
            false => Ok(Self(text)),
        }
    }
}

/// Whose rows the files have that a browser names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedRows {
    /// Those that the caller may see.
    OfCaller,
    /// Those of a workspace that the browser chooses.
    OfWorkspace,
    /// Those of a person whom the browser names, or of the caller.
    OfPerson,
}

impl FileNamePattern {
    /// Returns the pattern for a browser, with all that only the server knows. It has `{date}`, `{time}`, and the scope or the
    /// subject that the browser chooses.
    #[must_use]
    pub fn for_browser(&self, dataset: &str, caller: &Caller, rows: NamedRows) -> String {
        let Self(text) = self;
        fill(text, |name| match (name, rows) {
            (SCOPE | WORKSPACE, NamedRows::OfWorkspace) | (SUBJECT, NamedRows::OfPerson) => None,
            _ => value(name, dataset, caller, None),
        })
    }
}

impl FileNamePattern {
    /// Returns the pattern with all but `{date}` and `{time}`, for files with rows of a dataset that this caller exports. `slug` is
    /// the short name of the caller's workspace; without it, the name has the id.
    #[must_use]
    pub fn for_caller(&self, dataset: &str, caller: &Caller, slug: Option<&str>) -> String {
        fill(&self.0, |name| value(name, dataset, caller, slug))
    }
}

/// Returns the name of a file that is made at this time, with its extension. Date and time are those of the file's zone. `pattern`
/// has no other placeholders than these; without it, the name is that of the dataset. All but ASCII letters, digits, `_` and `-`
/// become hyphens, because a header and a shell take these everywhere.
pub fn render(pattern: Option<&str>, dataset: &str, options: &Options, at: Timestamp) -> String {
    match pattern {
        Some(pattern) => from_pattern(pattern, options, at.as_second()),
        None => file_name(dataset, options, at.as_second()),
    }
}

/// Returns the value of a placeholder that depends on the caller.
fn value(name: &str, dataset: &str, caller: &Caller, slug: Option<&str>) -> Option<String> {
    match name {
        DATASET => Some(dataset.to_owned()),
        SCOPE => Some(match caller.scope() {
            Scope::All => "all".to_owned(),
            Scope::Owner(_) => "own".to_owned(),
            Scope::Workspace(id) => id,
        }),
        SUBJECT => Some(subject(&caller.subject)),
        WORKSPACE => Some(slug.or(caller.workspace()).unwrap_or_default().to_owned()),
        _ => None,
    }
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::HubUser(id) => id.to_string(),
        Subject::Jwt(subject) => subject.clone(),
        Subject::AdminToken => "admin".to_owned(),
        Subject::Operator => "operator".to_owned(),
    }
}
