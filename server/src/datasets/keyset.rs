//! Keyset pagination: the condition by which a page or a resumed export continues after a row.

use super::column_type::ColumnType;
use super::template::Template;

/// A column of the order, with its value in the cursor.
pub struct Key<'a> {
    /// SQL of the column's value.
    pub column: Template,
    pub column_type: &'a ColumnType,
    /// The greatest value comes first.
    pub descending: bool,
    /// Whether rows without a value come before all others.
    pub nulls_first: bool,
    /// As PostgreSQL writes it; `None` is null.
    pub value: Option<&'a str>,
}

/// Adds the condition that a row comes after the row with these values. No column is null in any row of the query, and every
/// key has a value.
pub fn push_after_without_nulls(sql: &mut Template, keys: &[Key<'_>]) {
    let Some(first) = keys.first() else {
        sql.push("false");
        return;
    };
    // An index on the order can start at a comparison of rows, or at the first column.
    if keys.iter().all(|key| key.descending == first.descending) {
        return push_row_comparison(sql, keys, first.descending);
    }
    first.push_comparison(sql, if first.descending { "<=" } else { ">=" });
    sql.push(" and ");
    push_after(sql, keys);
}

fn push_row_comparison(sql: &mut Template, keys: &[Key<'_>], descending: bool) {
    let is_built_in = keys.iter().all(|key| key.column_type.is_built_in);
    let symbol = if descending { "<" } else { ">" };
    sql.push("(")
        .list(keys.iter().map(|key| &key.column))
        .push(&format!(") {} (", operator(symbol, is_built_in)));
    for (at, key) in keys.iter().enumerate() {
        sql.push(if at == 0 { "" } else { ", " })
            .value(key.value.unwrap_or_default(), &key.column_type.in_sql());
    }
    sql.push(")");
}

/// Adds the condition that a row comes after the row with these values: the first key after, or equal and the rest after.
pub fn push_after(sql: &mut Template, keys: &[Key<'_>]) {
    let Some((key, rest)) = keys.split_first() else {
        sql.push("false");
        return;
    };
    sql.push("(");
    key.push_after(sql);
    sql.push(" or (");
    key.push_equal(sql);
    sql.push(" and ");
    push_after(sql, rest);
    sql.push("))");
}

/// Returns the operator of a column's type. The operators of an extension's type are in the schema of the extension, so the
/// search path finds them. An operator of `pg_catalog` might compare such a value as text.
fn operator(symbol: &str, is_built_in: bool) -> String {
    match is_built_in {
        true => format!("operator(pg_catalog.{symbol})"),
        false => symbol.to_owned(),
    }
}

impl Key<'_> {
    fn push_equal(&self, sql: &mut Template) {
        match self.value {
            Some(_) => self.push_comparison(sql, "="),
            None => self.push_is_null(sql, ""),
        }
    }

    fn push_after(&self, sql: &mut Template) {
        let symbol = if self.descending { "<" } else { ">" };
        match (self.nulls_first, self.value) {
            (true, None) => self.push_is_null(sql, "not "),
            (true, Some(_)) => self.push_comparison(sql, symbol),
            (false, None) => {
                sql.push("false");
            }
            (false, Some(_)) => {
                sql.push("(");
                self.push_is_null(sql, "");
                sql.push(" or ");
                self.push_comparison(sql, symbol);
                sql.push(")");
            }
        }
    }

    fn push_is_null(&self, sql: &mut Template, not: &str) {
        sql.push("(")
            .append(&self.column)
            .push(&format!(") is {not}null"));
    }

    /// Adds the comparison of the column with the value, if there is one.
    fn push_comparison(&self, sql: &mut Template, symbol: &str) {
        let operator = operator(symbol, self.column_type.is_built_in);
        sql.push("(")
            .append(&self.column)
            .push(&format!(") {operator} "))
            .value(self.value.unwrap_or_default(), &self.column_type.in_sql());
    }
}
