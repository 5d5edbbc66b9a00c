//! The condition "after this row in the order": where a page or a resumed export goes on.

use super::template::Template;

/// One column of the order, with the cursor's value.
pub struct Key<'a> {
    /// The SQL of the column.
    pub column: &'a str,
    /// PostgreSQL's name of its type.
    pub pg_type: &'a str,
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
    sql.push("(")
        .list(keys.iter().map(|key| key.column))
        .push(") < (");
    for (at, key) in keys.iter().enumerate() {
        sql.push(if at == 0 { "" } else { ", " })
            .value(key.value.unwrap_or_default(), key.pg_type);
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

impl Key<'_> {
    fn push_equal(&self, sql: &mut Template) {
        sql.push("(").push(self.column);
        match self.value {
            Some(value) => sql.push(") = ").value(value, self.pg_type),
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
                .push(") < ")
                .value(value, self.pg_type),
            (false, Some(value)) => {
                sql.push("((")
                    .push(self.column)
                    .push(") is null or (")
                    .push(self.column)
                    .push(") > ");
                sql.value(value, self.pg_type).push(")")
            }
        };
    }
}
