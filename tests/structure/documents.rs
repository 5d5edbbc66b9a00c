//! Every file and folder that a document names exists, and so does every test that the table of threats names.

use std::path::Path;

use crate::workspace;

const DOCUMENTS: &[&str] = &[
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "README.md",
    "docs/datasets.md",
    "docs/monitoring.md",
    THREATS,
];

/// The table of threats. Its last column names tests.
const THREATS: &str = "docs/security.md";

/// Names with these endings are files of the workspace; other names in backticks may be anything.
const ENDINGS: &[&str] = &[".rs", ".sql", ".sh", ".md", ".css", ".js", ".py", ".xsd"];

/// Folders with build output and other people's code.
const NOT_SOURCE: &[&str] = &["target", "node_modules", "dist", ".git", "corpus", "artifacts"];

#[test]
fn every_file_that_a_document_names_exists() {
    let root = workspace::root();
    let mut present = Vec::new();
    list(root, &mut present);
    let documents = DOCUMENTS.iter().filter(|name| root.join(name).exists());
    let missing: Vec<_> = documents
        .flat_map(|name| {
            let text = std::fs::read_to_string(root.join(name)).expect("the document is text");
            let missing = names(&text)
                .into_iter()
                .filter(|(_, name)| !exists(name, &present));
            missing
                .map(|(line, missing)| format!("{name}:{line} names {missing}"))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(
        missing.is_empty(),
        "there is no such file:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_test_that_the_table_of_threats_names_exists() {
    let root = workspace::root();
    let mut present = Vec::new();
    list(root, &mut present);
    let sources = present.iter().filter(|path| path.ends_with(".rs"));
    let sources: Vec<_> = sources
        .map(|path| std::fs::read_to_string(root.join(path)).expect("a source file is text"))
        .collect();
    let threats = std::fs::read_to_string(root.join(THREATS)).expect("the document is text");
    let rows = threats.lines().filter(|line| line.starts_with("| ")).skip(1);
    for row in rows {
        let tests = row
            .trim_end_matches([' ', '|'])
            .rsplit('|')
            .next()
            .unwrap_or_default();
        let names: Vec<_> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "a row names no test: {row}");
        for name in names.iter().filter(|name| !name.ends_with(".rs")) {
            let function = format!("fn {}()", name.rsplit("::").next().unwrap_or_default());
            let exists = sources.iter().any(|source| source.contains(&function));
            assert!(exists, "there is no test {name}: {row}");
        }
    }
}

#[test]
fn names_of_files_are_found_in_backticks_and_links() {
    let text = "See [it](docs/it.png), [that](https://example.org/a.rs) and [below](#below).\n\
                `a/b.rs` or `server/src/{x,y/z}.rs`, not `text/csv`, `/api/rows` or `target/release/decant`; `web/`.";
    let found: Vec<_> = names(text)
        .into_iter()
        .map(|(line, name)| format!("{line} {name}"))
        .collect();
    let expected = [
        "1 docs/it.png",
        "2 a/b.rs",
        "2 server/src/x.rs",
        "2 server/src/y/z.rs",
        "2 web/",
    ];
    assert_eq!(found, expected);
}

/// Returns the names of files and folders in a Markdown text, each with its line.
fn names(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let links = links.filter(|link| !link.starts_with('#') && !link.contains("://"));
        let quoted = line.split('`').skip(1).step_by(2).filter(|name| is_path(name));
        for name in links.chain(quoted) {
            let name = name.split('#').next().unwrap_or(name);
            found.extend(alternatives(name).into_iter().map(|name| (index + 1, name)));
        }
    }
    found
}

fn is_path(name: &str) -> bool {
    let first = name.split('/').next().unwrap_or_default();
    let characters = name
        .chars()
        .all(|char| char.is_ascii_alphanumeric() || "/._-{},*".contains(char));
    let is_source = name.split('/').all(|part| !NOT_SOURCE.contains(&part));
    let of_workspace = !first.is_empty() && name.contains('/') && workspace::root().join(first).exists();
    characters
        && is_source
        && (of_workspace
            || ENDINGS
                .iter()
                .any(|ending| name.ends_with(ending) && name != *ending))
}

/// `a/{b,c}.rs` names `a/b.rs` and `a/c.rs`.
fn alternatives(name: &str) -> Vec<String> {
    let braces = name
        .split_once('{')
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    match braces {
        Some((before, (inner, after))) => {
            let each = inner.split(',');
            each.flat_map(|inner| alternatives(&format!("{before}{}{after}", inner.trim())))
                .collect()
        }
        None => vec![name.to_owned()],
    }
}

/// A document may leave out the first folders of a path; `*` stands for any part of a name.
fn exists(name: &str, present: &[String]) -> bool {
    let name = name.trim_start_matches("./").trim_end_matches('/');
    let fits = |path: &str| match name.split_once('*') {
        Some((before, after)) => {
            let at = path.strip_suffix(after).and_then(|path| path.find(before));
            at.is_some_and(|at| at == 0 || path.as_bytes()[at - 1] == b'/')
        }
        None => path == name || path.strip_suffix(name).is_some_and(|outer| outer.ends_with('/')),
    };
    present.iter().any(|path| fits(path))
}

fn list(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let (path, name) = (entry.path(), entry.file_name());
        if name.to_str().is_some_and(|name| NOT_SOURCE.contains(&name)) {
            continue;
        }
        found.push(workspace::relative(&path));
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(&path, found);
        }
    }
}
