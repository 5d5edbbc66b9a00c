//! Text for the terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns the text with its control characters escaped, as `\u{1b}`; newlines stay. Names and messages come from files
/// and databases of others. Escape sequences in them would change the terminal, and marks of direction would reorder
/// the line (Unicode Technical Standard 55).
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match is_escaped(character) {
            true => {
                let _ = write!(printable, "{}", character.escape_unicode());
            }
            false => printable.push(character),
        }
    }
    Cow::Owned(printable)
}

fn is_escaped(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_a_terminal_is_escaped() {
        for (text, expected) in [
            ("plain, 中文\n", "plain, 中文\n"),
            ("\u{1b}[2J\u{7}\r", "\\u{1b}[2J\\u{7}\\u{d}"),
            ("\u{9b}31m\u{202e}t\u{61c}xt", "\\u{9b}31m\\u{202e}t\\u{61c}xt"),
        ] {
            assert_eq!(printable(text), expected);
        }
    }
}
