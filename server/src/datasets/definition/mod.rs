//! A dataset as its TOML file declares it.

mod check;
mod column;
mod figure;
mod file_name;
mod filter;
mod highlight;
mod incremental;
mod inherit;
mod order;
mod parameter;
mod quick;
mod quick_values;
mod table;

use api::workspaces::WorkspaceRole;
use jiff::Timestamp;
use serde::Deserialize;
use toml::Table;
use wasm_export::options::{Format, Fraction, Layout, Options};

pub use self::column::Column;
pub use self::figure::Figure;
pub use self::file_name::{FileNamePattern, NamedRows, render as render_file_name};
pub use self::filter::{Choices, Filter, pg_type};
pub use self::highlight::Highlight;
pub use self::incremental::Incremental;
use self::inherit::inherit;
pub use self::inherit::{Sources, inherits};
pub use self::order::Order;
pub use self::parameter::{Parameter, Piece, pieces};
pub use self::quick::Quick;
use crate::auth::Caller;
use crate::file::Allowed;

/// Stands in SQL for the schema of the hub's tables: `{hub}.message_request`.
pub(super) const HUB: &str = "{hub}";

/// Stands in SQL for the schema of the site's own tables, which is found along the search path: `{site}.brand_alerts`.
pub(super) const SITE: &str = "{site}";

/// A dataset: its rows and columns, the callers that may see them, and the filters.
///
/// Its SQL comes from the site and is trusted. A value from a caller never becomes a part of it as text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// As in addresses: `usage-logs`.
    pub name: String,
    pub title: String,
    /// The heading under which the page lists the dataset.
    pub group: Option<String>,
    /// The page lists the dataset. Otherwise its name must be known.
    #[serde(default = "yes")]
    pub listed: bool,
    pub access: Access,
    /// The database that the SQL is run in. Only built-in definitions name it.
    #[serde(default)]
    pub database: RowDatabase,
    /// SQL of the id of the user who owns a row. [`Access::Owner`] requires it.
    pub owner: Option<String>,
    /// SQL of the id of the workspace whose row it is. [`Access::Workspace`] requires it.
    pub workspace: Option<String>,
    /// An administrator may name no workspace, and sees all rows then, also those of none. Only [`Access::Workspace`] has it.
    #[serde(default)]
    pub without_workspace: bool,
    /// The least role in the workspace that may see rows. Absent: any.
    pub read: Option<WorkspaceRole>,
    /// The least role in the workspace that may export rows. Absent: that of `read`.
    pub export: Option<WorkspaceRole>,
    /// The order of pages, exports and cursors, by columns that together are unique.
    pub order: Vec<Order>,
    /// SQL of the time at which a row was created. A resumed export leaves out rows that are newer than its start.
    pub as_of: Option<String>,
    /// The column that `dateRange` narrows.
    pub range: Option<String>,
    /// The formats that the dataset can have, the default first. Absent: all that its columns allow.
    pub formats: Option<Vec<Format>>,
    /// The layouts of a Markdown file, the default first. Absent: all that its columns allow.
    pub layouts: Option<Vec<Layout>>,
    /// The name of its files, without the extension. Absent: the dataset's name and the time.
    pub file_name: Option<FileNamePattern>,
    /// The digits of the seconds' fraction in timestamps of files: `milliseconds`, `seconds`, or six by default.
    pub fraction: Option<Fraction>,
    /// SQL after `from`: tables and joins. `{name}` is the value of the parameter with this name.
    pub from: String,
    /// SQL after `where`, to which the caller's scope and filters are added.
    pub r#where: Option<String>,
    /// In the order of the file.
    #[serde(rename = "column")]
    pub columns: Vec<Column>,
    /// In the order of the page.
    #[serde(rename = "filter", default)]
    pub filters: Vec<Filter>,
    /// How rows come, for schedules whose runs have the new ones. Absent: no schedule can.
    pub incremental: Option<Incremental>,
    /// Values that the SQL of columns, figures and `from` uses.
    #[serde(rename = "parameter", default)]
    pub parameters: Vec<Parameter>,
    /// Values of all rows of a selection, in the order of the page. Absent: the number of rows.
    #[serde(rename = "figure", default = "figure::of_rows")]
    pub figures: Vec<Figure>,
    /// Filters that the page sets with one click, in its order.
    #[serde(default)]
    pub quick: Vec<Quick>,
    /// Rows that a report shows before the others, in the order of the report.
    #[serde(rename = "highlight", default)]
    pub highlights: Vec<Highlight>,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Admin,
    /// An administrator sees all rows, another caller their own.
    Owner,
    /// A caller names a workspace of theirs and sees its rows. An administrator may name any.
    Workspace,
}

/// The database that has the rows of a dataset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowDatabase {
    /// The database that is exported.
    #[default]
    Source,
    /// The one with Decant's own tables.
    State,
}

/// What a caller does with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Look at some of them, or at their number.
    Read,
    /// Take all of a selection away.
    Export,
}

/// Returns the tables that SQL names after a placeholder for their schema.
pub(super) fn tables_in(sql: &str, placeholder: &str) -> Vec<String> {
    let is_of_name = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
    let table_of = |rest: &str| -> Option<String> {
        let name = rest.strip_prefix('.')?;
        Some(name.chars().take_while(is_of_name).collect())
    };
    sql.split(placeholder).skip(1).filter_map(table_of).collect()
}

impl Definition {
    /// Parses a definition that extends no other, and checks all that needs no database.
    ///
    /// # Errors
    /// The mistake, with its line when it is one of TOML.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str::<Self>(text)
            .map_err(|error| error.to_string())?
            .checked()
    }

    /// Parses a definition that may extend one of these sources, and checks all that needs no database.
    ///
    /// # Errors
    /// The mistake.
    pub fn parse_extending(definition: Table, sources: &Sources) -> Result<Self, String> {
        inherit(definition, sources)?
            .try_into::<Self>()
            .map_err(|error| error.to_string())?
            .checked()
    }

    fn checked(self) -> Result<Self, String> {
        self.check()?;
        Ok(self)
    }

    /// Returns a definition without rows and columns, for a file that has none that can be read.
    pub(super) fn unreadable(name: String) -> Self {
        Self {
            title: name.clone(),
            name,
            group: None,
            listed: true,
            access: Access::Admin,
            database: RowDatabase::Source,
            owner: None,
            workspace: None,
            without_workspace: false,
            read: None,
            export: None,
            order: Vec::new(),
            as_of: None,
            range: None,
            formats: None,
            layouts: None,
            file_name: None,
            fraction: None,
            from: String::new(),
            r#where: None,
            columns: Vec::new(),
            filters: Vec::new(),
            incremental: None,
            parameters: Vec::new(),
            figures: figure::of_rows(),
            quick: Vec::new(),
            highlights: Vec::new(),
        }
    }

    /// Returns the tables that the SQL names after a placeholder for their schema: `{hub}.table`, `{site}.table`. Those of
    /// `from` come first, and a table may come several times.
    pub(super) fn tables(&mut self, placeholder: &str) -> Vec<String> {
        self.all_sql()
            .flat_map(|sql| tables_in(sql, placeholder))
            .collect()
    }

    /// Puts the schema of tables, quoted for SQL, into all SQL.
    pub(super) fn set_schema(&mut self, placeholder: &str, schema: &str) {
        for sql in self.all_sql() {
            *sql = sql.replace(placeholder, schema);
        }
    }

    /// Returns whether this caller must name a workspace whose rows they want.
    #[must_use]
    pub fn needs_workspace(&self, caller: &Caller) -> bool {
        self.access == Access::Workspace && !(self.without_workspace && caller.is_administrator())
    }

    /// Returns the least role in a workspace that may see rows, or export them.
    #[must_use]
    pub fn least_role(&self, usage: Usage) -> WorkspaceRole {
        let read = self.read.unwrap_or_default();
        match usage {
            Usage::Read => read,
            Usage::Export => self.export.unwrap_or_default().max(read),
        }
    }

    fn all_sql(&mut self) -> impl Iterator<Item = &mut String> {
        let of_rows = [&mut self.from].into_iter();
        let optional = [
            &mut self.r#where,
            &mut self.owner,
            &mut self.workspace,
            &mut self.as_of,
        ];
        let of_columns = self.columns.iter_mut().map(|column| &mut column.sql);
        let of_figures = self.figures.iter_mut().map(|figure| &mut figure.sql);
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
            .chain(of_figures)
            .chain(of_filters)
    }

    /// Returns the formats and layouts of the files that can be made of it.
    #[must_use]
    pub fn allowed(&self) -> Allowed<'_> {
        Allowed {
            formats: self.formats.as_deref(),
            layouts: self.layouts.as_deref(),
        }
    }

    /// Returns the name of a file with rows that this caller exports at this time, with its extension.
    #[must_use]
    pub fn file_name(&self, caller: &Caller, options: &Options, at: Timestamp) -> String {
        file_name::render(self.file_name_pattern(caller).as_deref(), &self.name, options, at)
    }

    /// Returns the name of files with rows that this caller exports, with `{date}` and `{time}`. `None`: it is that of the dataset.
    #[must_use]
    pub fn file_name_pattern(&self, caller: &Caller) -> Option<String> {
        let pattern = self.file_name.as_ref()?;
        Some(pattern.for_caller(&self.name, caller, None))
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

    /// Returns the position of the filter with this name or alias.
    pub fn filter(&self, name: &str) -> Option<usize> {
        self.filters.iter().position(|filter| filter.is_called(name))
    }

    /// Returns the position of the parameter with this name.
    pub fn parameter(&self, name: &str) -> Option<usize> {
        self.parameters
            .iter()
            .position(|parameter| parameter.name == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const USAGE_LOGS: &str = include_str!("../../../datasets/usage-logs.toml");

    fn refusal(text: &str, with: &str) -> String {
        assert!(
            USAGE_LOGS.contains(text),
            "the definition does not contain {text:?}"
        );
        Definition::parse(&USAGE_LOGS.replacen(text, with, 1)).expect_err("it should be refused")
    }

    #[test]
    fn the_probe_logs_have_what_a_text_file_is_made_of() {
        let definition = Definition::parse(include_str!("../../../datasets/probe-logs.toml")).unwrap();
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
        assert!(refusal("\"id desc not null\"", "\"nr desc\"").contains("`nr`"));
        assert!(refusal("\"id desc not null\"", "\"id down\"").contains("`id down`"));
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
        assert!(refusal("access = \"owner\"", "access = \"all\"").contains("access"));
        assert!(refusal("hidden = true", "secret = true").contains("`id`, which is secret"));
    }

    #[test]
    fn tick_boxes_need_several_values_of_a_shown_column() {
        let refused = |keys: &str| refusal("name = \"session\"", &format!("name = \"session\"\n{keys}"));
        assert!(refused("ticks = \"session_id\"").contains("`many = true`"));
        assert!(refused("many = true\nticks = \"session\"").contains("`session`, which is not declared"));
        assert!(refused("many = true\nticks = \"id\"").contains("`id`, which is hidden"));
    }

    #[test]
    fn a_highlight_names_columns_that_are_shown() {
        let refusal = |highlight: &str| Definition::parse(&format!("{USAGE_LOGS}{highlight}")).unwrap_err();
        let refused = |heading: &str, r#where: &str, columns: &str| {
            refusal(&format!(
                "[[highlight]]\nheading = \"{heading}\"\nwhere = {where}\ncolumns = {columns}\n"
            ))
        };
        let good =
            "[[highlight]]\nheading = \"H\"\nwhere = { status_code = [\"500\"] }\ncolumns = [\"model\"]\n";
        assert_eq!(
            Definition::parse(&format!("{USAGE_LOGS}{good}"))
                .unwrap()
                .highlights
                .len(),
            1
        );
        assert!(refused("H", "{ severity = [\"x\"] }", "[\"model\"]").contains("`severity`"));
        assert!(refused("H", "{ model = [\"x\"] }", "[\"brand\"]").contains("`brand`"));
        assert!(refused("H", "{ model = [\"x\"] }", "[\"id\"]").contains("`id`, which is hidden"));
        assert!(refused("H", "{ model = [] }", "[\"model\"]").contains("no value"));
        assert!(refused("H", "{}", "[\"model\"]").contains("`where` is empty"));
        assert!(refused("H", "{ model = [\"x\"] }", "[]").contains("`columns` is empty"));
        assert!(refused(" ", "{ model = [\"x\"] }", "[\"model\"]").contains("heading"));
        assert!(refused("H", "{ model = \"x\" }", "[\"model\"]").contains("expected a sequence"));
        assert!(refusal(&good.repeat(11)).contains("more than 10"));
    }

    #[test]
    fn the_reference_has_an_example_that_is_read_and_every_key() {
        let reference = include_str!("../../../../docs/datasets.md");
        let (_, example) = reference.split_once("```toml\n").unwrap();
        let (example, _) = example.split_once("```").unwrap();
        let definition = Definition::parse(example).unwrap();
        assert_eq!(definition.columns.len(), 6);

        // The refusal of an unknown key lists the known ones.
        let unknown = [
            "nonsense = 1".to_owned(),
            format!("{example}[[column]]\nnonsense = 1"),
            format!("{example}[[filter]]\nnonsense = 1"),
            format!("{example}[[filter]]\noptions = {{ nonsense = 1 }}"),
            format!("{example}[[filter]]\ncontradicts = {{ nonsense = 1 }}"),
            format!("{example}[[parameter]]\nnonsense = 1"),
            format!("{example}[[figure]]\nnonsense = 1"),
            format!("{example}[[quick]]\nnonsense = 1"),
            format!("{example}[[highlight]]\nnonsense = 1"),
            format!("{example}[incremental]\nnonsense = 1"),
        ];
        for text in unknown {
            let refused = Definition::parse(&text).unwrap_err();
            let (_, keys) = refused.split_once("expected ").unwrap();
            for key in keys.split('`').skip(1).step_by(2) {
                let names = [
                    format!("`{key}`"),
                    format!("`[{key}]`"),
                    format!("`[[{key}]]`"),
                    format!("{{ {key} = "),
                ];
                let is_named = names.iter().any(|name| reference.contains(name));
                assert!(is_named, "{key} is missing");
            }
        }
    }

    #[test]
    fn a_table_of_the_hub_is_found_in_all_sql_of_a_definition() {
        let mut definition = Definition::parse(USAGE_LOGS).unwrap();
        let tables: BTreeSet<_> = definition.tables(HUB).into_iter().collect();
        assert!(
            tables
                .iter()
                .eq(["keys", "message_request", "providers", "users"])
        );
        definition.set_schema(HUB, "\"The hub\"");
        assert!(definition.tables(HUB).is_empty());
        let choices = definition.filters[0].options.as_ref().unwrap();
        assert_eq!(choices.from.as_deref(), Some("\"The hub\".users u"));
        assert!(definition.filters[1].sql.contains("from \"The hub\".keys f"));
    }
}
