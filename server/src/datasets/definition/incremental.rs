//! How the rows of a dataset come, so that a schedule can export the new ones.

use api::datasets::{Comparison, FilterKind};
use serde::Deserialize;

use super::filter::Filter;

/// The pause that a definition has without `settled_after_seconds`.
const SETTLED_AFTER_SECONDS: u32 = 60;

/// The longest pause: 31 days.
const SETTLED_AFTER_SECONDS_MAX: u32 = 31 * 24 * 60 * 60;

/// A promise about the column of two filters: its value is the start of the transaction that inserts the row, and never changes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incremental {
    /// The filter whose value is the least time.
    pub from: String,
    /// The filter of rows before its value.
    pub before: String,
    /// The newest rows are left to the next run, so that a transaction that has just begun shows, and rows have their last values.
    #[serde(default = "settled_after_seconds")]
    pub settled_after_seconds: u32,
}

fn settled_after_seconds() -> u32 {
    SETTLED_AFTER_SECONDS
}

impl Incremental {
    /// Checks that it names two filters of one column of times.
    ///
    /// # Errors
    /// The mistake.
    pub(super) fn check(&self, filters: &[Filter]) -> Result<(), String> {
        let Self {
            from,
            before,
            settled_after_seconds,
        } = self;
        if !(1..=SETTLED_AFTER_SECONDS_MAX).contains(settled_after_seconds) {
            return Err(format!(
                "`settled_after_seconds` of `[incremental]` must be from 1 to {SETTLED_AFTER_SECONDS_MAX}"
            ));
        }
        bound(filters, "from", from, Comparison::Least)?;
        let last = bound(filters, "before", before, Comparison::Before)?;
        match last.later_than.as_ref() == Some(from) {
            true => Ok(()),
            false => Err(format!(
                "`[incremental]` needs two filters of one column: the filter `{before}` must have `later_than = \"{from}\"`"
            )),
        }
    }
}

/// Returns the filter that a key of `[incremental]` names.
fn bound<'a>(
    filters: &'a [Filter],
    key: &str,
    name: &str,
    comparison: Comparison,
) -> Result<&'a Filter, String> {
    let filter = filters.iter().find(|filter| filter.name == name);
    let problem = match filter {
        None => "which is not declared",
        Some(filter) if filter.kind != FilterKind::Timestamp => "which is not of the kind `timestamp`",
        Some(filter) if filter.r#match != Some(comparison) => match comparison {
            Comparison::Least => "which must have `match = \"least\"`",
            _ => "which must have `match = \"before\"`",
        },
        Some(filter) if filter.many => "which is `many`; it must take one value",
        Some(filter) if filter.admin_only => "which is for administrators; another caller would get all rows",
        Some(filter) => return Ok(filter),
    };
    Err(format!(
        "`{key}` of `[incremental]` names the filter `{name}`, {problem}"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::Definition;

    const EVENTS: &str = r#"
        name = "events"
        title = "Events"
        access = "admin"
        order = ["id"]
        from = "events e"
        [incremental]
        from = "start"
        before = "end"
        settled_after_seconds = 5
        [[column]]
        name = "id"
        label = "ID"
        sql = "e.id"
        [[filter]]
        name = "start"
        label = "From"
        kind = "timestamp"
        sql = "e.at >= {}"
        match = "least"
        [[filter]]
        name = "end"
        label = "Before"
        kind = "timestamp"
        sql = "e.at < {}"
        match = "before"
        later_than = "start"
        [[filter]]
        name = "id"
        label = "ID"
        kind = "integer"
        sql = "e.id = {}"
        match = "equal"
    "#;

    fn refusal(text: &str, with: &str) -> String {
        assert!(EVENTS.contains(text), "{text}");
        Definition::parse(&EVENTS.replacen(text, with, 1)).expect_err("it should be refused")
    }

    #[test]
    fn rows_come_by_two_filters_of_one_column() {
        let incremental = Definition::parse(EVENTS).unwrap().incremental.unwrap();
        assert_eq!(
            (incremental.from.as_str(), incremental.before.as_str()),
            ("start", "end")
        );
        assert_eq!(incremental.settled_after_seconds, 5);
        let without = EVENTS.replacen("settled_after_seconds = 5", "", 1);
        let incremental = Definition::parse(&without).unwrap().incremental.unwrap();
        assert_eq!(incremental.settled_after_seconds, 60);
    }

    #[test]
    fn a_filter_that_cannot_be_a_bound_is_refused_by_name() {
        for (text, with, problem) in [
            (
                "from = \"start\"",
                "from = \"begin\"",
                "`begin`, which is not declared",
            ),
            ("from = \"start\"", "from = \"id\"", "not of the kind `timestamp`"),
            ("before = \"end\"", "before = \"start\"", "`match = \"before\"`"),
            ("from = \"start\"", "from = \"end\"", "`match = \"least\"`"),
            ("later_than = \"start\"", "", "`later_than = \"start\"`"),
            ("match = \"least\"", "match = \"least\"\nmany = true", "is `many`"),
            (
                "match = \"least\"",
                "match = \"least\"\nadmin_only = true",
                "for administrators",
            ),
            (
                "settled_after_seconds = 5",
                "settled_after_seconds = 0",
                "from 1 to 2678400",
            ),
            (
                "settled_after_seconds = 5",
                "settled = 5",
                "unknown field `settled`",
            ),
            ("before = \"end\"", "", "missing field `before`"),
        ] {
            let refused = refusal(text, with);
            assert!(refused.contains(problem), "{text} → {with}: {refused}");
        }
    }
}
