//! Known violations: the list may only shrink.

use std::collections::BTreeMap;

/// Fails on a violation that is not known, and on a known one that is gone. Violations come with their lines.
///
/// A known circle may lose members: `place: a b` fulfils a known `place: a b c`.
pub fn compare(found: BTreeMap<String, String>, known: &[&str]) {
    let covers = |known: &str, found: &str| {
        known == found
            || known
                .split_once(": ")
                .zip(found.split_once(": "))
                .is_some_and(|((place, all), (at, some))| {
                    let all: Vec<_> = all.split(' ').collect();
                    place == at && some.split(' ').all(|member| all.contains(&member))
                })
    };
    let new = found
        .iter()
        .filter(|(key, _)| !known.iter().any(|known| covers(known, key)));
    let new: Vec<_> = new.map(|(key, lines)| format!("{key}\n{lines}")).collect();
    let is_gone = |known: &&&str| !found.keys().any(|key| covers(known, key));
    let gone: Vec<_> = known.iter().filter(is_gone).collect();
    assert!(new.is_empty(), "not allowed:\n{}", new.join("\n"));
    assert!(
        gone.is_empty(),
        "no longer there; remove it from the list: {gone:#?}"
    );
}
