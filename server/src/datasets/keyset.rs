//! Keyset pagination: the condition by which a page or a resumed export continues after a row.

use super::catalog::ColumnType;
use super::template::Template;

/// A column of the order, with its value in the cursor.
pub struct Key<'a> {
    /// SQL of the column's value.
    pub column: &'a str,
    pub column_type: &'a ColumnType,
    /// The greatest value comes first. A null is greater than any value.
    pub descending: bool,
    /// As PostgreSQL writes it; `None` is null.
    pub value: Option<&'a str>,
}

/// Adds the condition that a row comes after the row with these values.
pub fn push_after(sql: &mut Template, keys: &[Key<'_>]) {
    // An index on the order can start at a row comparison. The comparison is right only in descending order, where nulls
    // come first, and only when no value is null.
    if !keys.iter().all(|key| key.descending && key.value.is_some()) {
        return push_lexicographic(sql, keys);
    }
    let is_built_in = keys.iter().all(|key| key.column_type.is_built_in);
    sql.push("(")
        .list(keys.iter().map(|key| key.column))
        .push(&format!(") {} (", operator("<", is_built_in)));
    for (at, key) in keys.iter().enumerate() {
        sql.push(if at == 0 { "" } else { ", " })
            .value(key.value.unwrap_or_default(), &key.column_type.in_sql());
    }
    sql.push(")");
}

/// Adds `first key after, or first key equal and the rest after`.
fn push_lexicographic(sql: &mut Template, keys: &[Key<'_>]) {
    let Some((key, rest)) = keys.split_first() else {
        sql.push("false");
        return;
    };
    sql.push("(");
    key.push_after(sql);
    sql.push(" or (");
    key.push_equal(sql);
    sql.push(" and ");
    push_lexicographic(sql, rest);
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
    fn operator(&self, symbol: &str) -> String {
        operator(symbol, self.column_type.is_built_in)
    }

    fn push_equal(&self, sql: &mut Template) {
        sql.push("(").push(self.column);
        match self.value {
            Some(value) => sql
                .push(&format!(") {} ", self.operator("=")))
                .value(value, &self.column_type.in_sql()),
            None => sql.push(") is null"),
        };
    }

    /// Nulls come first in descending order, and last in ascending order.
    fn push_after(&self, sql: &mut Template) {
        match (self.descending, self.value) {
            (true, None) => sql.push("(").push(self.column).push(") is not null"),
            (false, None) => sql.push("false"),
            (true, Some(value)) => sql
                .push("(")
                .push(self.column)
                .push(&format!(") {} ", self.operator("<")))
                .value(value, &self.column_type.in_sql()),
            (false, Some(value)) => {
                sql.push("((")
                    .push(self.column)
                    .push(") is null or (")
                    .push(self.column)
                    .push(&format!(") {} ", self.operator(">")));
                sql.value(value, &self.column_type.in_sql()).push(")")
            }
        };
    }
}
