//! The query parameters and options with a fixed meaning. A filter of a dataset cannot have one of these names.

use crate::file;
use crate::parameter::ParameterError;

/// The name-value pairs of an address or a command line.
pub type PairList = Vec<(String, String)>;

/// The parameter by which columns that are `system` are not left out.
pub const SYSTEM_FIELDS: &str = "includeSystemFields";

/// The parameter that names the workspace of a dataset with `access = "workspace"`. Another dataset may have a filter of this
/// name.
pub const WORKSPACE: &str = "workspace";

/// The parameters of a selection that are not filters, each with its help.
pub const SELECTION: &[(&str, &str)] = &[
    ("columns", "Columns and their order, by name, separated by commas"),
    (
        "sort",
        "`reversed`: the dataset's order the other way round [default: declared; of a text file without a limit, the \
         oldest row first]",
    ),
    ("limit", "At most this many rows"),
    ("after", "Continue after the row of this cursor"),
    ("as_of", "The start time of the export that is resumed"),
    (
        "zone",
        "Time zone of the file, and of times without a zone [default: UTC]",
    ),
    (
        SYSTEM_FIELDS,
        "Do not leave out the columns that describe the system",
    ),
];

/// Options of `decant export` that choose neither rows nor the form of the file.
const COMMAND_LINE: &[&str] = &["background", "config", "dataset", "help", "output"];

/// Returns whether a filter cannot have this name.
pub fn is_reserved(name: &str) -> bool {
    let of_selection = SELECTION.iter().map(|(word, _)| *word);
    let of_file = file::WORDS.iter().map(|(word, _)| *word);
    of_selection
        .chain(of_file)
        .chain(COMMAND_LINE.iter().copied())
        .any(|word| word == name)
}

/// Takes the workspace out of the parameters. A blank one is none.
///
/// # Errors
/// It is given twice.
pub fn take_workspace(mut pairs: PairList) -> Result<(Option<String>, PairList), ParameterError> {
    let given = pairs.extract_if(.., |(name, _)| name == WORKSPACE);
    let mut given: Vec<_> = given
        .map(|(_, workspace)| workspace)
        .filter(|workspace| !workspace.trim().is_empty())
        .collect();
    match given.len() {
        0 | 1 => Ok((given.pop(), pairs)),
        _ => Err(ParameterError::given_twice(WORKSPACE)),
    }
}
