//! The order of a dataset's rows.

use serde::Deserialize;

/// A column of the order: `name asc` or `name desc`, and `not null` after it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Order {
    pub column: String,
    /// The greatest value comes first.
    pub descending: bool,
    /// The column has a value in every row. Otherwise the rows without one are read by a second query, after all others.
    pub not_null: bool,
}

impl TryFrom<String> for Order {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut words: Vec<_> = text.split_whitespace().collect();
        let not_null = words.ends_with(&["not", "null"]);
        if not_null {
            words.truncate(words.len() - 2);
        }
        let (column, descending) = match words[..] {
            [column] | [column, "asc"] => (column, false),
            [column, "desc"] => (column, true),
            _ => {
                return Err(format!(
                    "the order `{text}` is not the name of a column with `asc` or `desc`, and perhaps `not null`"
                ));
            }
        };
        Ok(Self {
            column: column.to_owned(),
            descending,
            not_null,
        })
    }
}
