//! `decant datasets new`: writes the definition of a table or a view.
//!
//! - `table` reads the table from PostgreSQL's catalogue.
//! - `check_constraint` reads the values of a check constraint.
//! - `names` makes names and labels.
//!
//! The definition needs no change to be used: all its SQL has quoted names and names the schema of each operator.

mod check_constraint;
mod names;
mod table;

use api::datasets::FilterKind;
use sqlx::PgConnection;

use self::names::{Taken, label, plain};
use self::table::{Column, Table};
use super::catalog::Catalog;
use super::secret_names::looks_secret;
use crate::hub_tables::HubTables;
use crate::source::database_message;

/// A definition, as the text of its TOML file.
#[derive(Debug)]
pub struct NewDefinition {
    /// Of the dataset, and of the file.
    pub name: String,
    pub text: String,
}

/// Why no definition can be written.
#[derive(Debug, thiserror::Error)]
pub enum NewDefinitionError {
    #[error(
        "there is no table or view `{0}` in the search path; write its schema before it, as in shop.orders"
    )]
    NoTable(String),
    #[error(
        "{table} has no unique index over all rows whose columns may be shown and have no null. Name the columns that \
         together are unique: --order {example}"
    )]
    NoKey { table: String, example: String },
    #[error("{table} has no column `{column}` that may be the order; its columns are {columns}")]
    NoColumn {
        table: String,
        column: String,
        columns: String,
    },
    #[error("all columns of {0} look secret, or the role of DSN may not read them (GRANT SELECT ON {0})")]
    NothingToShow(String),
    #[error("the database cannot be asked about the table: {}", database_message(.0))]
    Database(#[from] sqlx::Error),
}

/// Writes a definition of each table. `order` replaces the columns of the primary key.
///
/// # Errors
/// [`NewDefinitionError`].
pub async fn write(
    tables: &[String],
    order: &[String],
    connection: &mut PgConnection,
) -> Result<Vec<NewDefinition>, NewDefinitionError> {
    let built_in = Catalog::built_in(&HubTables::default());
    let mut taken = Taken::default();
    for dataset in built_in.iter() {
        taken.unique(dataset.definition.name.clone(), '-');
    }
    let mut definitions = Vec::new();
    for name in tables {
        let table = Table::read(name, connection).await?;
        let table = table.ok_or_else(|| NewDefinitionError::NoTable(name.clone()))?;
        let name = taken.unique(plain(&table.name, '-', "table"), '-');
        let text = definition(&name, &table, order)?;
        definitions.push(NewDefinition { name, text });
    }
    Ok(definitions)
}

/// A column that the dataset has.
struct Shown<'a> {
    column: &'a Column,
    name: String,
    label: String,
    sql: String,
}

fn definition(name: &str, table: &Table, order: &[String]) -> Result<String, NewDefinitionError> {
    let mut taken = Taken::default();
    let shown: Vec<_> = table
        .columns
        .iter()
        .filter(|column| column.is_readable && !is_secret(column))
        .map(|column| Shown {
            name: taken.unique(plain(&column.name, '_', "column"), '_'),
            label: label(column.comment.as_deref(), &column.name),
            sql: format!("t.{}", without_braces(&column.sql)),
            column,
        })
        .collect();
    if shown.is_empty() {
        return Err(NewDefinitionError::NothingToShow(table.sql.clone()));
    }
    let order = order_of(table, &shown, order)?;
    let mut text = String::new();
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    line(format!(
        "# Made by `decant datasets new` from the table {}. docs/datasets.md explains each key.",
        quoted(&table.sql)
    ));
    line("# Only administrators see it. For users who see their own rows, write access = \"owner\", and owner = the".into());
    line("# SQL of the id of the user who owns a row.".into());
    let key = |key: &str, text: &str| format!("{key} = {}", quoted(text));
    line(key("name", name));
    line(key("title", &label(table.comment.as_deref(), &table.name)));
    line("access = \"admin\"".into());
    line(format!("order = [{}]", order.join(", ")));
    let times = |column: &Shown<'_>| column.column.filter_kind() == Some(FilterKind::Timestamp);
    if let Some(range) = shown.iter().find(|shown| shown.column.is_indexed && times(shown)) {
        line(key("range", &range.name));
    }
    line(key("from", &format!("{} t", without_braces(&table.sql))));
    for column in &table.columns {
        if let Some(shown) = shown.iter().find(|shown| shown.column.number == column.number) {
            line(format!(
                "\n[[column]]\nname = {}\nlabel = {}\nsql = {}",
                quoted(&shown.name),
                quoted(&shown.label),
                quoted(&shown.sql)
            ));
        } else {
            let reason = match column.is_readable {
                true => {
                    "looks secret. To let administrators ask for it by its name, add it with secret = true"
                }
                false => "may not be read by the role of DSN",
            };
            line(format!(
                "\n# Left out: the column {} {reason}.",
                quoted(&column.name)
            ));
        }
    }
    let mut taken = Taken::default();
    let lone_key = match table.keys.first().map(Vec::as_slice) {
        Some([number]) => Some(*number),
        _ => None,
    };
    for shown in &shown {
        for filter in filters(shown, &mut taken) {
            line(filter);
        }
        if lone_key == Some(shown.column.number) && shown.name == "id" && !taken.contains("ids") {
            line(format!("aliases = [{}]", quoted(&taken.filter("ids"))));
        }
    }
    Ok(text)
}

fn is_secret(column: &Column) -> bool {
    !column.is_enum && looks_secret(&column.name, &column.base_type)
}

/// Returns the elements of `order`, the newest rows first: the wanted columns, or those of the first unique index that has no
/// column that looks secret. An index without nulls comes first, because others do not hold the rows with nulls apart.
fn order_of(
    table: &Table,
    shown: &[Shown<'_>],
    wanted: &[String],
) -> Result<Vec<String>, NewDefinitionError> {
    let of_numbers = |key: &Vec<i16>| -> Option<Vec<&Shown<'_>>> {
        key.iter()
            .map(|number| {
                let column = table.numbered(*number)?;
                shown.iter().find(|shown| shown.column.number == column.number)
            })
            .collect()
    };
    let columns: Vec<_> = if wanted.is_empty() {
        let keys: Vec<_> = table.keys.iter().filter_map(of_numbers).collect();
        let is_whole = |key: &&Vec<&Shown<'_>>| key.iter().all(|shown| shown.column.not_null);
        let key = keys.iter().find(is_whole).or_else(|| keys.first());
        key.cloned().ok_or_else(|| NewDefinitionError::NoKey {
            table: table.sql.clone(),
            example: shown
                .first()
                .map_or_else(String::new, |shown| shown.column.sql.clone()),
        })?
    } else {
        let find = |name: &String| {
            let column = table.column(name);
            column
                .and_then(|column| shown.iter().find(|shown| shown.column.number == column.number))
                .ok_or_else(|| NewDefinitionError::NoColumn {
                    table: table.sql.clone(),
                    column: name.clone(),
                    columns: shown
                        .iter()
                        .map(|shown| &*shown.column.name)
                        .collect::<Vec<_>>()
                        .join(", "),
                })
        };
        wanted.iter().map(find).collect::<Result<_, _>>()?
    };
    let element = |shown: &&Shown<'_>| {
        let not_null = if shown.column.not_null { " not null" } else { "" };
        quoted(&format!("{} desc{not_null}", shown.name))
    };
    Ok(columns.iter().map(element).collect())
}

impl Column {
    /// Returns the kind of a filter's value. Other types have no filter.
    fn filter_kind(&self) -> Option<FilterKind> {
        Some(match self.base_type.as_str() {
            _ if self.is_enum => FilterKind::Text,
            "int2" | "int4" | "int8" => FilterKind::Integer,
            "numeric" | "float4" | "float8" => FilterKind::Decimal,
            "text" | "varchar" | "bpchar" | "name" => FilterKind::Text,
            "uuid" => FilterKind::Uuid,
            "date" => FilterKind::Date,
            "timestamp" | "timestamptz" => FilterKind::Timestamp,
            "bool" => FilterKind::Boolean,
            _ => return None,
        })
    }
}

/// Returns the filters of a column with an index, a foreign key or a list of values.
fn filters(shown: &Shown<'_>, taken: &mut Taken) -> Vec<String> {
    let Shown {
        column,
        name,
        label,
        sql,
    } = shown;
    let is_wanted = column.is_indexed || column.reference.is_some() || !column.values.is_empty();
    let (true, Some(kind)) = (is_wanted, column.filter_kind()) else {
        return Vec::new();
    };
    let mut filter = |name: &str, label: &str, condition: &str| {
        let (name, kind) = (taken.filter(name), word(kind));
        let text = format!(
            "\n[[filter]]\nname = {}\nlabel = {}\nkind = \"{kind}\"\nsql = {}",
            quoted(&name),
            quoted(label),
            quoted(&format!("{sql}{condition}"))
        );
        (name, text)
    };
    let mut bounds = |low: (&str, &str), high: (&str, &str, &str)| {
        let at_least = " operator(pg_catalog.>=) {}";
        let (low, first) = filter(
            &format!("{name}_{}", low.0),
            &format!("{label}, {}", low.1),
            at_least,
        );
        let below = format!(" operator(pg_catalog.{}) {{}}", high.2);
        let (_, mut second) = filter(
            &format!("{name}_{}", high.0),
            &format!("{label}, {}", high.1),
            &below,
        );
        if kind == FilterKind::Timestamp {
            second.push_str(&format!("\nlater_than = {}", quoted(&low)));
        }
        vec![first, second]
    };
    match kind {
        FilterKind::Timestamp => bounds(("from", "from"), ("before", "before", "<")),
        FilterKind::Date => bounds(("from", "from"), ("to", "to", "<=")),
        FilterKind::Decimal => bounds(("min", "at least"), ("max", "at most", "<=")),
        FilterKind::Boolean => vec![filter(name, label, "").1],
        FilterKind::Integer | FilterKind::Text | FilterKind::Uuid => {
            let cast = match column.is_enum {
                true => format!("::{}[]", without_braces(&column.type_sql)),
                false => String::new(),
            };
            let condition = format!(" operator(pg_catalog.=) any ({{}}{cast})");
            let (_, mut text) = filter(name, label, &condition);
            text.push_str("\nmany = true");
            if !column.values.is_empty() {
                let values: Vec<_> = column.values.iter().map(|value| quoted(value)).collect();
                text.push_str(&format!("\nvalues = [{}]", values.join(", ")));
            } else if let Some(reference) = &column.reference {
                let value = format!("f.{}", without_braces(&reference.column));
                let named = reference
                    .label
                    .as_deref()
                    .map(|label| format!("f.{}", without_braces(label)));
                text.push_str(&format!(
                    "\noptions = {{ value = {}, label = {}, from = {} }}",
                    quoted(&value),
                    quoted(named.as_ref().unwrap_or(&value)),
                    quoted(&format!("{} f", without_braces(&reference.table)))
                ));
            }
            vec![text]
        }
    }
}

fn word(kind: FilterKind) -> &'static str {
    match kind {
        FilterKind::Integer => "integer",
        FilterKind::Text => "text",
        FilterKind::Timestamp => "timestamp",
        FilterKind::Boolean => "boolean",
        FilterKind::Decimal => "decimal",
        FilterKind::Uuid => "uuid",
        FilterKind::Date => "date",
    }
}

/// Returns a name for SQL without braces, which have a meaning in the SQL of a definition. PostgreSQL reads their numbers in
/// Unicode within `U&"…"` (sql-syntax-lexical, "Identifiers and Key Words").
fn without_braces(sql: &str) -> String {
    if !sql.contains(['{', '}']) {
        return sql.to_owned();
    }
    let escaped = |part: &str| match part.contains(['{', '}']) {
        true => {
            let part = part.replace('\\', "\\\\");
            format!("U&{}", part.replace('{', "\\007b").replace('}', "\\007d"))
        }
        false => part.to_owned(),
    };
    parts(sql).into_iter().map(escaped).collect::<Vec<_>>().join(".")
}

/// Returns the parts of a name for SQL, which are separated by points outside of quotes.
fn parts(sql: &str) -> Vec<&str> {
    let mut is_quoted = false;
    sql.split(|letter: char| {
        is_quoted ^= letter == '"';
        letter == '.' && !is_quoted
    })
    .collect()
}

/// Returns the text in quotes, as a string of TOML. Strings of JSON are strings of TOML, but for DEL.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_quotes_is_read_back_as_it_was() {
        for text in [
            "",
            "a\"b\\c",
            "1\n2\t3\r\u{1}\u{7f}",
            "订单 {} {hub} 'q'",
            "\u{85}\u{2028}",
        ] {
            let table: toml::Table = format!("a = {}", quoted(text)).parse().unwrap();
            assert_eq!(table["a"].as_str(), Some(text));
        }
    }

    #[test]
    fn braces_of_names_are_written_by_their_numbers() {
        assert_eq!(without_braces("public.\"a.b\""), "public.\"a.b\"");
        assert_eq!(
            without_braces("public.\"a.{}\\\""),
            "public.U&\"a.\\007b\\007d\\\\\""
        );
    }
}
