//! Imports run downwards: from what puts the program together to what knows nothing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::module_tree::Tree;
use crate::violations::assert_none;
use crate::workspace;

/// Modules of the server that do one thing each, and do not know who uses them.
const DOMAINS: &[&str] = &[
    "audit",
    "auth",
    "backups",
    "database",
    "datasets",
    "exports",
    "metrics",
    "monitor",
    "permissions",
    "probes",
    "rows",
    "state",
    "storage",
];

/// Where the server is put together.
const UPPER: &[&str] = &["app", "config", "error", "routes"];

/// The one file that turns a request into a caller, or into an HTTP error.
const EXTRACT: &str = "server/src/routes/extract.rs";

#[test]
fn no_domain_of_the_server_imports_what_puts_the_server_together() {
    let imports = server().imports();
    let upward = imports.iter().filter(|import| {
        let top = |path: &Vec<String>| path.first().cloned().unwrap_or_default();
        DOMAINS.contains(&top(&import.from_module).as_str())
            && UPPER.contains(&top(&import.to_module).as_str())
    });
    let found = upward.map(|import| {
        let [from, to] = [&import.from, &import.to].map(|file| workspace::relative(file));
        (format!("{from} imports {to}"), import.line())
    });
    assert_none(&found.collect());
}

/// A handler names all three in its signature, but only this file makes one of the other.
#[test]
fn only_extract_knows_the_app_the_caller_and_the_http_error_together() {
    let server = server();
    let imports = server.imports();
    let mut found = BTreeMap::new();
    let files: BTreeSet<&Path> = server.files().map(|(file, _)| file).collect();
    for file in files {
        let of_file = imports
            .iter()
            .filter(|import| import.from == file && !import.only_for_tests);
        let known: BTreeSet<_> = of_file.filter_map(|import| import.to_module.first()).collect();
        let name = workspace::relative(file);
        let knows_all = ["app", "auth", "error"]
            .iter()
            .all(|module| known.iter().any(|known| known == module));
        if knows_all && !name.starts_with("server/src/routes/") {
            found.insert(name, "  imports app, auth and error\n".to_owned());
        }
    }
    for (file, module) in server.files() {
        let name = workspace::relative(file);
        if name != EXTRACT && !module.extractors.is_empty() {
            let lines = module.extractors.iter().map(|line| format!("  line {line}\n"));
            found.insert(format!("{name} implements FromRequest"), lines.collect());
        }
    }
    assert_none(&found);
}

#[test]
fn the_formatter_and_the_wire_types_depend_on_no_crate_above_them() {
    let mut found = BTreeMap::new();
    for package in workspace::packages() {
        let allowed: &[&str] = match package.name.as_str() {
            "wasm-export" => &[],
            "decant-api" => &["wasm-export"],
            _ => continue,
        };
        for name in package
            .workspace_dependencies()
            .filter(|name| !allowed.contains(name))
        {
            found.insert(format!("{} depends on {name}", package.name), String::new());
        }
    }
    assert_none(&found);
}

/// A match that takes all remaining errors would answer 500 to a new one without a warning of the compiler.
#[test]
fn the_table_of_http_errors_names_every_error() {
    let server = server();
    let table = workspace::root().join("server/src/error.rs");
    let mut files = server.files();
    let (_, module) = files
        .find(|(file, _)| *file == table)
        .expect("server/src/error.rs has the table");
    let arms = &module.catch_all_arms;
    assert!(
        arms.is_empty(),
        "server/src/error.rs has `_ =>` in these lines: {arms:?}"
    );
}

fn server() -> Tree {
    Tree::read(&workspace::root().join("server/src/lib.rs"))
}
