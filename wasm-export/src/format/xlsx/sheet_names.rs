//! Unique and valid names for the sheets of a workbook.

/// The longest name, in UTF-16 code units.
const LENGTH_MAX: usize = 31;

/// Sheets that have no rows of the file: long texts, facts about the file, and totals of hours or days.
pub(super) const LONG_TEXTS: &str = "Long texts";
pub(super) const ABOUT: &str = "About";
pub(super) const HOURLY_TOTALS: &str = "Hourly totals";
pub(super) const DAILY_TOTALS: &str = "Daily totals";

/// The names of all sheets without rows. They stand behind the sheets of rows, in this order.
pub(crate) const WITHOUT_ROWS: [&str; 4] = [LONG_TEXTS, ABOUT, HOURLY_TOTALS, DAILY_TOTALS];

/// The names that are in use.
pub(super) struct SheetNames {
    lowercase: Vec<String>,
}

impl SheetNames {
    pub(super) fn new() -> Self {
        Self {
            // Excel reserves this name.
            lowercase: vec!["history".to_owned()],
        }
    }

    /// Reserves a name like this one: `Usage logs`, or `Usage logs (2)` if it is in use.
    pub(super) fn take(&mut self, wanted: &str) -> String {
        let clean: String = wanted.chars().filter_map(clean).collect();
        let mut number = 1;
        loop {
            let suffix = if number == 1 {
                String::new()
            } else {
                format!(" ({number})")
            };
            let mut name = shortened(&clean, LENGTH_MAX - suffix.len()).to_owned();
            if name.is_empty() {
                name.push_str("Rows");
            }
            name.push_str(&suffix);
            let lowercase = name.to_lowercase();
            if !self.lowercase.contains(&lowercase) {
                self.lowercase.push(lowercase);
                return name;
            }
            number += 1;
        }
    }
}

fn clean(character: char) -> Option<char> {
    match character {
        '[' | ']' | ':' | '*' | '?' | '/' | '\\' => Some('-'),
        '\u{fffe}' | '\u{ffff}' => None,
        control if control.is_control() => None,
        other => Some(other),
    }
}

/// Returns the longest beginning of a name that fits, without spaces and `'` at its ends.
fn shortened(name: &str, units_max: usize) -> &str {
    let is_trimmed = |character: char| character.is_whitespace() || character == '\'';
    let name = name.trim_matches(is_trimmed);
    let mut units = 0;
    let end = name.char_indices().find(|(_, character)| {
        units += character.len_utf16();
        units > units_max
    });
    name[..end.map_or(name.len(), |(at, _)| at)].trim_end_matches(is_trimmed)
}
