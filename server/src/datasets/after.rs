//! The condition "after this row in the order": where a page or a resumed export goes on.

use super::catalog::ColumnType;
use super::template::Template;

/// One column of the order, with the cursor's value.
pub struct Key<'a> {
    /// The SQL of the column.
    pub column: &'a str,
    /// PostgreSQL's type of the column.
    pub column_type: &'a ColumnType,
    /// Whether the greatest comes first. Nulls are greatest.
    pub descending: bool,
    /// The value in the row after which to go on; `None` is null.
    pub value: Option<&'a str>,
}

/// Adds the condition that a row comes after the one with these values.
pub fn push(sql: &mut Template, keys: &[Key<'_>]) {
    // A row comparison is what an index on the order can begin at. It is right only where nulls come before
    // every value, as they do descending, and where no value is null.
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

/// `first key after, or first key equal and the rest after`.
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

/// PostgreSQL's own operator. The operators of an extension's type are in the extension's schema, which the search path of
/// the site leads to; `pg_catalog` may have one of the same name that compares a text instead.
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

    /// Nulls come first descending and last ascending.
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
