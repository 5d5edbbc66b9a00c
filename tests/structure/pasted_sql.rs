//! Each call of the server that runs SQL from a `String` has a comment with the reason why that is safe.
//!
//! `sqlx` takes a `&'static str` as it is. Any other text needs `AssertSqlSafe`, and `raw_sql`, `copy_in_raw` and
//! `copy_out_raw` take any text. Above such a call, or above its statement, stands a comment `// SQL: ` with the reason.

use std::collections::BTreeMap;
use std::path::Path;

use crate::module_tree::Tree;
use crate::violations::assert_none;
use crate::workspace;

const REASON: &str = "// SQL: ";

#[test]
fn every_call_that_runs_pasted_sql_has_a_reason() {
    let mut found = BTreeMap::new();
    let mut calls = 0;
    for root in [
        "server/src/lib.rs",
        "server/demo/src/lib.rs",
        "server/embedded/src/lib.rs",
    ] {
        for (file, module) in Tree::read(&workspace::root().join(root)).program_files() {
            calls += module.sql_calls.len();
            let lines = without_reason(file, &module.sql_calls);
            if !lines.is_empty() {
                let name = format!("{} runs SQL without `{REASON}…`", workspace::relative(file));
                found.insert(name, lines.concat());
            }
        }
    }
    assert!(calls > 30, "only {calls} calls were found");
    assert_none(&found);
}

/// Returns a text for each call without a reason. A call is given by its line and the first line of its statement.
fn without_reason(file: &Path, calls: &[(usize, usize)]) -> Vec<String> {
    let text = std::fs::read_to_string(file).expect("it was parsed");
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let has_reason = |line: usize| {
        let above = lines[..line - 1].iter().rev();
        let mut comments = above.take_while(|line| line.starts_with("//"));
        comments.any(|line| line.starts_with(REASON))
    };
    let without = calls
        .iter()
        .filter(|(call, statement)| !has_reason(*call) && !has_reason(*statement));
    without
        .map(|(call, _)| format!("  line {call}: {}\n", lines[call - 1]))
        .collect()
}
