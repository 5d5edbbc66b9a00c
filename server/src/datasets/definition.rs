//! A dataset as its TOML file declares it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::selection;
use crate::file;

/// Words of the command line that no filter may be called, besides those that say what the rows and the file are.
const RESERVED_WORDS: &[&str] = &["config", "dataset", "help", "output"];

/// A dataset: which rows, which columns, who may see them, how they can be narrowed.
///
/// Its SQL is the site's own and is trusted; values from callers never become part of it as text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// The name in addresses: `usage-logs`.
    pub name: String,
    /// The name for people.
    pub title: String,
    /// Who may see its rows.
    pub access: Access,
    /// With [`Access::Owner`]: the SQL of the id of the user whose row it is.
    pub owner: Option<String>,
    /// `name asc` or `name desc` of columns that together are unique: the order of pages, exports and cursors.
    pub order: Vec<Order>,
    /// The SQL of the time at which a row came to be. A resumed export leaves out what came after its beginning.
    pub as_of: Option<String>,
    /// What stands after `from`.
    pub from: String,
    /// What stands after `where`, without the caller's part.
    pub r#where: Option<String>,
    /// The columns, in the file's order.
    #[serde(rename = "column")]
    pub columns: Vec<Column>,
    /// The filters, in the page's order.
    #[serde(rename = "filter", default)]
    pub filters: Vec<Filter>,
}

/// Who may see a dataset's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Administrators only.
    Admin,
    /// Administrators see all rows, everyone else their own.
    Owner,
}

/// One column of a dataset.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The name programs use.
    pub name: String,
    /// The name people read.
    pub label: String,
    /// The same in other languages, by BCP 47 tag.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The SQL of its value.
    pub sql: String,
    /// Only for the order and the cursor: it never reaches a file.
    #[serde(default)]
    pub hidden: bool,
    /// Left out unless an administrator asks for it by name.
    #[serde(default)]
    pub secret: bool,
}

/// One filter of a dataset.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// The word in addresses.
    pub name: String,
    /// The name for people.
    pub label: String,
    /// What its value is.
    pub kind: FilterKind,
    /// The condition; `{}` stands for the value. A boolean filter has no `{}`: `true` adds the condition.
    pub sql: String,
    /// For administrators: whoever sees only their own rows is not narrowed by it, whatever they ask for.
    #[serde(default)]
    pub admin_only: bool,
    /// Where the values to choose from come from.
    pub options: Option<Choices>,
    /// The name of a timestamp filter whose value must be earlier than this one's.
    pub later_than: Option<String>,
    /// A value of another filter with which this one can have no rows.
    pub contradicts: Option<Contradiction>,
}

/// What a filter's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FilterKind {
    /// A whole number.
    Integer,
    /// Any text.
    Text,
    /// A point in time.
    Timestamp,
    /// On or off.
    Boolean,
}

/// The values that a filter offers: distinct ones of the caller's own rows, or of a table of their own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// The SQL of the value.
    pub value: String,
    /// The SQL of what people read.
    pub label: String,
    /// Another table to take them from, quicker than the dataset's own rows.
    pub from: Option<String>,
    /// The SQL of the id of the user whose choice it is; needed with `from` where non-administrators choose.
    pub owner: Option<String>,
}

/// Two filters that cannot both hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contradiction {
    /// The other filter.
    pub filter: String,
    /// The value of the other filter that contradicts.
    pub value: String,
}

/// One column of the order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Order {
    /// The column's name.
    pub column: String,
    /// Whether the greatest comes first. Nulls are greatest, as PostgreSQL has it.
    pub descending: bool,
}

impl TryFrom<String> for Order {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (column, direction) = text.split_once(' ').unwrap_or((&text, "asc"));
        let descending = match direction.trim() {
            "asc" => false,
            "desc" => true,
            other => {
                return Err(format!(
                    "`{other}` is neither `asc` nor `desc` in the order `{text}`"
                ));
            }
        };
        Ok(Self {
            column: column.to_owned(),
            descending,
        })
    }
}

impl FilterKind {
    /// The PostgreSQL type that a value of this kind is cast to.
    #[must_use]
    pub fn pg_type(self) -> &'static str {
        match self {
            Self::Integer => "bigint",
            Self::Text => "pg_catalog.text",
            Self::Timestamp => "pg_catalog.timestamptz",
            Self::Boolean => "boolean",
        }
    }
}

impl Definition {
    /// Reads a definition and checks what can be checked without a database.
    ///
    /// # Errors
    /// What is wrong, with the line where TOML knows it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let definition: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        definition.check()?;
        Ok(definition)
    }

    /// The position of the column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The position of a column of the order.
    ///
    /// # Panics
    /// Never for an order of this definition: it has been checked.
    #[must_use]
    pub fn position_of(&self, order: &Order) -> usize {
        self.column(&order.column)
            .expect("a definition's order names its columns")
    }

    /// The position of the filter of this name.
    #[must_use]
    pub fn filter(&self, name: &str) -> Option<usize> {
        self.filters.iter().position(|filter| filter.name == name)
    }

    fn check(&self) -> Result<(), String> {
        check_name("dataset", &self.name, '-')?;
        if self.access == Access::Owner && self.owner.is_none() {
            return Err(
                "`access = \"owner\"` needs `owner`, the SQL of the id of the user whose row it is".into(),
            );
        }
        if self.columns.iter().all(|column| column.hidden || column.secret) {
            return Err("there is no `[[column]]` that people may see".into());
        }
        if self.order.is_empty() {
            return Err("`order` is empty; name columns that together are unique".into());
        }
        for order in &self.order {
            if self.column(&order.column).is_none() {
                return Err(format!(
                    "`order` names the column `{}`, which is not declared",
                    order.column
                ));
            }
        }
        no_name_twice("column", self.columns.iter().map(|column| column.name.as_str()))?;
        no_name_twice("filter", self.filters.iter().map(|filter| filter.name.as_str()))?;
        self.columns
            .iter()
            .try_for_each(|column| check_name("column", &column.name, '_'))?;
        self.filters
            .iter()
            .try_for_each(|filter| self.check_filter(filter))
    }

    fn check_filter(&self, filter: &Filter) -> Result<(), String> {
        let name = &filter.name;
        check_name("filter", name, '_')?;
        if is_reserved(name) {
            return Err(format!(
                "a filter cannot be called `{name}`: the word has a meaning of its own"
            ));
        }
        let takes_value = filter.sql.contains("{}");
        if takes_value == (filter.kind == FilterKind::Boolean) {
            return Err(match takes_value {
                true => {
                    format!("the boolean filter `{name}` takes no value: its `sql` must not contain `{{}}`")
                }
                false => {
                    format!("the `sql` of the filter `{name}` must contain `{{}}`, where the value goes")
                }
            });
        }
        let others = filter
            .later_than
            .iter()
            .chain(filter.contradicts.as_ref().map(|other| &other.filter));
        for other in others {
            if self.filter(other).is_none() {
                return Err(format!(
                    "the filter `{name}` names the filter `{other}`, which is not declared"
                ));
            }
        }
        let foreign = filter
            .options
            .as_ref()
            .is_some_and(|choices| choices.from.is_some() && choices.owner.is_none());
        if foreign && self.access == Access::Owner && !filter.admin_only {
            return Err(format!(
                "the options of `{name}` have a `from` of their own, so they need an `owner` too"
            ));
        }
        Ok(())
    }
}

fn is_reserved(name: &str) -> bool {
    let of_rows = selection::WORDS.iter().map(|(word, _)| *word);
    let words = of_rows.chain(file::WORDS.iter().map(|(word, _)| *word));
    words
        .chain(RESERVED_WORDS.iter().copied())
        .any(|word| word == name)
}

fn check_name(what: &str, name: &str, joiner: char) -> Result<(), String> {
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == joiner;
    match name.chars().all(plain) && name.starts_with(|letter: char| letter.is_ascii_lowercase()) {
        true => Ok(()),
        false => Err(format!(
            "the {what} name `{name}` must be of a-z, 0-9 and `{joiner}`, beginning with a letter"
        )),
    }
}

fn no_name_twice<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("the {what} `{name}` is declared twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE_LOGS: &str = include_str!("../../datasets/usage-logs.toml");

    fn refusal(text: &str, with: &str) -> String {
        assert!(
            USAGE_LOGS.contains(text),
            "the definition does not contain {text:?}"
        );
        Definition::parse(&USAGE_LOGS.replacen(text, with, 1)).expect_err("it should be refused")
    }

    #[test]
    fn the_probe_logs_have_what_a_text_file_is_made_of() {
        let definition = Definition::parse(include_str!("../../datasets/probe-logs.toml")).unwrap();
        assert_eq!(definition.access, Access::Admin);
        for name in ["created_at", "ok", "status_code", "latency_ms", "error_message"] {
            assert!(
                definition
                    .column(name)
                    .is_some_and(|at| !definition.columns[at].hidden)
            );
        }
    }

    #[test]
    fn the_usage_logs_have_the_eighteen_columns_of_the_seeds() {
        let definition = Definition::parse(USAGE_LOGS).unwrap();
        let labels: Vec<_> = definition
            .columns
            .iter()
            .filter(|c| !c.hidden)
            .map(|c| c.label.as_str())
            .collect();
        assert_eq!(
            labels,
            [
                "Time",
                "User",
                "Key",
                "Provider",
                "Model",
                "Original Model",
                "Endpoint",
                "Status Code",
                "Input Tokens",
                "Output Tokens",
                "Cache Write 5m",
                "Cache Write 1h",
                "Cache Read",
                "Total Tokens",
                "Cost (USD)",
                "Duration (ms)",
                "Session ID",
                "Retry Count"
            ]
        );
    }

    #[test]
    fn a_mistake_is_refused_and_named() {
        assert!(
            refusal(
                "name = \"model\"\nlabel = \"Model\"\nlabels",
                "name = \"Model\"\nlabels"
            )
            .contains("missing field")
        );
        assert!(refusal("owner = \"m.user_id\"", "").contains("needs `owner`"));
        assert!(refusal("\"id desc\"", "\"nr desc\"").contains("`nr`"));
        assert!(refusal("\"id desc\"", "\"id down\"").contains("`down`"));
        assert!(refusal("name = \"endpoint\"", "name = \"model\"").contains("declared twice"));
        assert!(refusal("name = \"session\"", "name = \"limit\"").contains("meaning of its own"));
        assert!(refusal("sql = \"m.session_id = {}\"", "sql = \"true\"").contains("must contain `{}`"));
        assert!(refusal("later_than = \"start\"", "later_than = \"begin\"").contains("`begin`"));
        assert!(refusal(", owner = \"k.user_id\"", "").contains("need an `owner`"));
        assert!(refusal("access = \"owner\"", "access = \"all\"").contains("access"));
    }
}
