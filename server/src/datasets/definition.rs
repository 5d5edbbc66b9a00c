//! A dataset as its TOML file declares it.

use std::collections::{BTreeMap, BTreeSet};

use api::datasets::FilterKind;
use serde::Deserialize;
use wasm_export::options::Fraction;

use super::words::is_reserved;

/// Stands in SQL for the schema of the hub's tables: `{hub}.message_request`.
const HUB: &str = "{hub}";

/// A dataset: its rows and columns, the callers that may see them, and the filters.
///
/// Its SQL comes from the site and is trusted. A value from a caller never becomes a part of it as text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// As in addresses: `usage-logs`.
    pub name: String,
    pub title: String,
    pub access: Access,
    /// SQL of the id of the user who owns a row. [`Access::Owner`] requires it.
    pub owner: Option<String>,
    /// The order of pages, exports and cursors, by columns that together are unique.
    pub order: Vec<Order>,
    /// SQL of the time at which a row was created. A resumed export leaves out rows that are newer than its start.
    pub as_of: Option<String>,
    /// The digits of the seconds' fraction in timestamps of files: `milliseconds`, `seconds`, or six by default.
    pub fraction: Option<Fraction>,
    /// SQL after `from`: tables and joins.
    pub from: String,
    /// SQL after `where`, to which the caller's scope and filters are added.
    pub r#where: Option<String>,
    /// In the order of the file.
    #[serde(rename = "column")]
    pub columns: Vec<Column>,
    /// In the order of the page.
    #[serde(rename = "filter", default)]
    pub filters: Vec<Filter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Admin,
    /// An administrator sees all rows, another caller their own.
    Owner,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// For programs: `status_code`.
    pub name: String,
    pub label: String,
    /// Labels in other languages, by BCP 47 tag.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// SQL of the value.
    pub sql: String,
    /// Only for the order and the cursor. It never reaches a file.
    #[serde(default)]
    pub hidden: bool,
    /// Left out, unless an administrator chooses it by name.
    #[serde(default)]
    pub secret: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// As the query parameter: `status_code`.
    pub name: String,
    pub label: String,
    pub kind: FilterKind,
    /// SQL of the condition, with `{}` for the value. A boolean filter has no `{}`: its `true` adds the condition.
    pub sql: String,
    /// Only for administrators. It has no effect for another caller, who sees only their own rows.
    #[serde(default)]
    pub admin_only: bool,
    /// The values that it offers.
    pub options: Option<Choices>,
    /// Name of a timestamp filter whose value must be earlier than the value of this filter.
    pub later_than: Option<String>,
    /// A value of another filter with which no row can match.
    pub contradicts: Option<Contradiction>,
}

/// The values that a filter offers: distinct values of the caller's rows, or of another table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    /// SQL of the value.
    pub value: String,
    /// SQL of the label.
    pub label: String,
    /// SQL after `from`, when another table is quicker than the dataset's rows.
    pub from: Option<String>,
    /// SQL of the id of the user who may choose a value. `from` requires it, unless only administrators choose.
    pub owner: Option<String>,
}

/// Two filters that cannot both hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contradiction {
    pub filter: String,
    /// Its value that contradicts.
    pub value: String,
}

/// A column of the order: `name asc` or `name desc`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Order {
    pub column: String,
    /// The greatest value comes first. As in PostgreSQL, a null is greater than any value.
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

/// Returns the PostgreSQL type of the value, for a cast.
pub fn pg_type(kind: FilterKind) -> &'static str {
    match kind {
        FilterKind::Integer => "bigint",
        FilterKind::Text => "pg_catalog.text",
        FilterKind::Timestamp => "pg_catalog.timestamptz",
        FilterKind::Boolean => "boolean",
    }
}

impl Definition {
    /// Parses a definition, and checks all that needs no database.
    ///
    /// # Errors
    /// The mistake, with its line when it is one of TOML.
    pub fn parse(text: &str) -> Result<Self, String> {
        let definition: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        definition.check()?;
        Ok(definition)
    }

    /// Returns a definition without rows and columns, for a file that has none that can be read.
    pub(super) fn unreadable(name: String) -> Self {
        Self {
            title: name.clone(),
            name,
            access: Access::Admin,
            owner: None,
            order: Vec::new(),
            as_of: None,
            fraction: None,
            from: String::new(),
            r#where: None,
            columns: Vec::new(),
            filters: Vec::new(),
        }
    }

    /// Returns the hub's tables that the SQL names as `{hub}.table`.
    pub(super) fn hub_tables(&mut self) -> BTreeSet<String> {
        let is_of_name = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
        let table_of = |rest: &str| -> Option<String> {
            let name = rest.strip_prefix('.')?;
            Some(name.chars().take_while(is_of_name).collect())
        };
        let mut tables = BTreeSet::new();
        for sql in self.all_sql() {
            tables.extend(sql.split(HUB).skip(1).filter_map(table_of));
        }
        tables
    }

    /// Puts the schema of the hub's tables, quoted for SQL, into all SQL.
    pub(super) fn set_hub_schema(&mut self, schema: &str) {
        for sql in self.all_sql() {
            *sql = sql.replace(HUB, schema);
        }
    }

    fn all_sql(&mut self) -> impl Iterator<Item = &mut String> {
        let of_rows = [&mut self.from].into_iter();
        let optional = [&mut self.r#where, &mut self.owner, &mut self.as_of];
        let of_columns = self.columns.iter_mut().map(|column| &mut column.sql);
        let of_filters = self.filters.iter_mut().flat_map(|filter| {
            let of_choices = filter.options.iter_mut().flat_map(|choices| {
                let optional = [&mut choices.from, &mut choices.owner];
                [&mut choices.value, &mut choices.label]
                    .into_iter()
                    .chain(optional.into_iter().flatten())
            });
            [&mut filter.sql].into_iter().chain(of_choices)
        });
        of_rows
            .chain(optional.into_iter().flatten())
            .chain(of_columns)
            .chain(of_filters)
    }

    /// Returns the position of the column with this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Returns the position of a column of the order.
    ///
    /// # Panics
    /// Never for an order of this definition, because [`Self::parse`] checks it.
    pub fn position_of(&self, order: &Order) -> usize {
        self.column(&order.column)
            .expect("a definition's order names its columns")
    }

    /// Returns the position of the filter with this name.
    pub fn filter(&self, name: &str) -> Option<usize> {
        self.filters.iter().position(|filter| filter.name == name)
    }

    fn check(&self) -> Result<(), String> {
        check_name("dataset", &self.name, '-')?;
        if self.access == Access::Owner && self.owner.is_none() {
            return Err(
                "`access = \"owner\"` needs `owner`, the SQL of the id of the user who owns a row".into(),
            );
        }
        if self.columns.iter().all(|column| column.hidden || column.secret) {
            return Err("every `[[column]]` is hidden or secret; at least one must be shown".into());
        }
        if self.order.is_empty() {
            return Err("`order` is empty; name columns that together are unique".into());
        }
        for order in &self.order {
            match self.column(&order.column).map(|position| &self.columns[position]) {
                Some(Column { secret: false, .. }) => {}
                // Each row and each cursor has the values of the order, for every caller.
                Some(_) => {
                    return Err(format!(
                        "`order` names the column `{}`, which is secret; each cursor would show its value",
                        order.column
                    ));
                }
                None => {
                    return Err(format!(
                        "`order` names the column `{}`, which is not declared",
                        order.column
                    ));
                }
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
                "a filter cannot be called `{name}`: this parameter has a meaning of its own"
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
        assert!(
            refusal(
                "sql = \"m.session_id operator(pg_catalog.=) {}\"",
                "sql = \"true\""
            )
            .contains("must contain `{}`")
        );
        assert!(refusal("later_than = \"start\"", "later_than = \"begin\"").contains("`begin`"));
        assert!(refusal(", owner = \"k.user_id\"", "").contains("need an `owner`"));
        assert!(refusal("access = \"owner\"", "access = \"all\"").contains("access"));
        assert!(refusal("hidden = true", "secret = true").contains("`id`, which is secret"));
    }

    #[test]
    fn a_table_of_the_hub_is_found_in_all_sql_of_a_definition() {
        let mut definition = Definition::parse(USAGE_LOGS).unwrap();
        let tables = ["keys", "message_request", "providers", "users"];
        assert!(definition.hub_tables().iter().eq(&tables));
        definition.set_hub_schema("\"The hub\"");
        assert!(definition.hub_tables().is_empty());
        let choices = definition.filters[0].options.as_ref().unwrap();
        assert_eq!(choices.from.as_deref(), Some("\"The hub\".users u"));
        assert!(definition.filters[1].sql.contains("from \"The hub\".keys f"));
    }
}
