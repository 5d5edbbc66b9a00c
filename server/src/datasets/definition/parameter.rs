//! A parameter of a dataset: a value that the SQL of its columns uses.

use api::datasets::FilterKind;
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// As the query parameter: `includeTimestamps`.
    pub name: String,
    pub label: Option<String>,
    pub kind: FilterKind,
    /// The value without the query parameter.
    pub default: String,
}

/// A piece of a column's SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Sql(&'a str),
    /// The position of a parameter, for which the SQL has `{name}`.
    Parameter(usize),
}

/// Returns the pieces of SQL. Braces around anything but the name of a parameter are SQL.
pub fn pieces<'a>(parameters: &[Parameter], sql: &'a str) -> Vec<Piece<'a>> {
    let placeholder = |rest: &str| {
        let (name, _) = rest.strip_prefix('{')?.split_once('}')?;
        parameters.iter().position(|parameter| parameter.name == name)
    };
    let (mut pieces, mut begin) = (Vec::new(), 0);
    for (at, _) in sql.match_indices('{') {
        if let Some(position) = placeholder(&sql[at..]) {
            pieces.extend([Piece::Sql(&sql[begin..at]), Piece::Parameter(position)]);
            begin = at + parameters[position].name.len() + 2;
        }
    }
    pieces.push(Piece::Sql(&sql[begin..]));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_of_a_parameter_is_a_placeholder() {
        let parameters = [Parameter {
            name: "full".into(),
            label: None,
            kind: FilterKind::Boolean,
            default: "true".into(),
        }];
        let (sql, full) = (Piece::Sql, Piece::Parameter(0));
        assert_eq!(
            pieces(&parameters, "case {full} when '{a,b}' or {full}"),
            [sql("case "), full, sql(" when '{a,b}' or "), full, sql("")]
        );
        assert_eq!(pieces(&parameters, "'{{full}{'"), [sql("'{"), full, sql("{'")]);
    }
}
