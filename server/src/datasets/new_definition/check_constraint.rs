//! The values that a check constraint allows, read from the SQL that PostgreSQL prints for it.

/// Returns the values of a constraint that is a list of texts and nothing else: `status = ANY (ARRAY['open'::text, …])`.
/// `column` is the name for SQL.
pub fn values(check: &str, column: &str) -> Option<Vec<String>> {
    let (skeleton, values) = literals(check);
    let (left, right) = skeleton.split_once(" = ANY ")?;
    let left: String = left.chars().filter(|letter| !"()".contains(*letter)).collect();
    let left = left.strip_prefix(column)?;
    let is_list = right.trim_start_matches('(').starts_with("ARRAY[")
        && ![" AND ", " OR ", " = ", " || "]
            .iter()
            .any(|other| right.contains(other));
    let is_column = left.is_empty() || left.starts_with("::");
    let are_all_texts = right.matches(',').count() + 1 == values.len();
    (is_list && is_column && are_all_texts).then_some(values)
}

/// Returns the SQL without its literals, and the literals.
fn literals(sql: &str) -> (String, Vec<String>) {
    let (mut skeleton, mut values) = (String::new(), Vec::new());
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => {
                let mut value = String::new();
                while let Some(letter) = letters.next() {
                    if letter != '\'' {
                        value.push(letter);
                    } else if letters.next_if_eq(&'\'').is_some() {
                        value.push('\'');
                    } else {
                        break;
                    }
                }
                values.push(value);
            }
            '"' => {
                skeleton.push('"');
                for letter in letters.by_ref() {
                    skeleton.push(letter);
                    if letter == '"' {
                        break;
                    }
                }
            }
            other => skeleton.push(other),
        }
    }
    (skeleton, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_a_list_are_read_and_no_others() {
        let read = |check: &str| values(check, "status");
        let list = Some(vec!["a".to_owned(), "it's, (b)".to_owned()]);
        assert_eq!(
            read("(status = ANY (ARRAY['a'::text, 'it''s, (b)'::text]))"),
            list
        );
        let varchar = "((status)::text = ANY ((ARRAY['a'::character varying, 'it''s, (b)'::character varying])::text[]))";
        assert_eq!(read(varchar), list);
        for other in [
            "(lower(status) = ANY (ARRAY['a'::text]))",
            "(status <> ALL (ARRAY['a'::text]))",
            "((status = ANY (ARRAY['a'::text])) OR (status IS NULL))",
            "(status = ANY (ARRAY[1, 2]))",
            "(status = 'a'::text)",
            "(status = ANY (ARRAY['a'::text, other]))",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
        assert_eq!(
            values("(\"The 'S\" = ANY (ARRAY['a'::text]))", "\"The 'S\""),
            Some(vec!["a".to_owned()])
        );
    }
}
