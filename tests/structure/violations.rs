//! How a violation is reported.

use std::collections::BTreeMap;

/// Fails if there is a violation. Each has a name, and the lines that cause it.
pub fn assert_none(found: &BTreeMap<String, String>) {
    let all: Vec<_> = found
        .iter()
        .map(|(name, lines)| format!("{name}\n{lines}"))
        .collect();
    assert!(all.is_empty(), "not allowed:\n{}", all.join("\n"));
}
