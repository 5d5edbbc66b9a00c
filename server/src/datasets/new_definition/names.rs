//! Names and labels of a definition, made of the names of tables and columns.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::datasets::words::is_reserved;

/// Returns a name of a-z, 0-9 and the joiner: `order_status` for `orderStatus`. Another letter becomes its number in Unicode:
/// `u8ba2`. `first` begins a name that would not begin with a letter.
pub fn plain(name: &str, joiner: char, first: &str) -> String {
    let (mut plain, mut after_lower_case) = (String::new(), false);
    let join = |plain: &mut String| {
        if !plain.is_empty() && !plain.ends_with(joiner) {
            plain.push(joiner);
        }
    };
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() {
            if letter.is_ascii_uppercase() && after_lower_case {
                join(&mut plain);
            }
            plain.push(letter.to_ascii_lowercase());
        } else if letter.is_alphanumeric() {
            join(&mut plain);
            let _ = write!(plain, "u{:x}", u32::from(letter));
            plain.push(joiner);
        } else {
            join(&mut plain);
        }
        after_lower_case = letter.is_ascii_lowercase() || letter.is_ascii_digit();
    }
    let plain = plain.trim_matches(joiner);
    match plain.starts_with(|letter: char| letter.is_ascii_lowercase()) {
        true => plain.to_owned(),
        false => format!("{first}{joiner}{plain}")
            .trim_end_matches(joiner)
            .to_owned(),
    }
}

/// Returns a label for people: the first line of the comment, or the name as words.
pub fn label(comment: Option<&str>, name: &str) -> String {
    let comment = comment.and_then(|comment| comment.lines().map(str::trim).find(|line| !line.is_empty()));
    if let Some(comment) = comment {
        return comment.to_owned();
    }
    let is_snake = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if !name.chars().all(is_snake) {
        return name.to_owned();
    }
    let words = name.split('_').filter(|word| !word.is_empty()).enumerate();
    let words = words.map(|(at, word)| match word {
        "id" | "uuid" | "url" | "ip" | "sku" => word.to_uppercase(),
        _ if at == 0 => word[..1].to_uppercase() + &word[1..],
        _ => word.to_owned(),
    });
    let words = words.collect::<Vec<_>>().join(" ");
    if words.is_empty() { name.to_owned() } else { words }
}

/// Names that are given once each.
#[derive(Debug, Default)]
pub struct Taken(BTreeSet<String>);

impl Taken {
    /// Returns the name, with a number behind it if it is taken.
    pub fn unique(&mut self, name: String, joiner: char) -> String {
        let mut unique = name.clone();
        let mut number = 2;
        while !self.0.insert(unique.clone()) {
            unique = format!("{name}{joiner}{number}");
            number += 1;
        }
        unique
    }

    /// Returns the name of a filter. `_is` is added to a word that has a meaning of its own.
    pub fn filter(&mut self, name: &str) -> String {
        let name = match is_reserved(name) {
            true => format!("{name}_is"),
            false => name.to_owned(),
        };
        self.unique(name, '_')
    }

    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_unique() {
        for (name, made) in [
            ("orderStatus", "order_status"),
            ("Total (EUR)", "total_eur"),
            ("订单 1", "u8ba2_u5355_1"),
            ("2nd", "column_2nd"),
            ("\"", "column"),
            ("größe", "gr_uf6_udf_e"),
        ] {
            assert_eq!(plain(name, '_', "column"), made, "{name}");
        }
        let mut taken = Taken::default();
        let names = ["a", "limit", "a", "limit"].map(|name| taken.filter(name));
        assert_eq!(names, ["a", "limit_is", "a_2", "limit_is_2"]);
    }

    #[test]
    fn a_label_is_the_comment_or_the_name_as_words() {
        assert_eq!(label(Some("\n Who ordered\nmore"), "customer_id"), "Who ordered");
        assert_eq!(label(None, "customer_id"), "Customer ID");
        assert_eq!(label(None, "Total (EUR)"), "Total (EUR)");
        assert_eq!(label(None, "订单"), "订单");
    }
}
