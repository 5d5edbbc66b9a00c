//! The page in headless Chromium: a visitor signs in, narrows rows, takes a file away.

mod export;
mod resume;
mod sign_in;
mod table;

/// The number in a text such as `1,234 rows`.
fn number_in(text: &str) -> Option<u64> {
    text.chars()
        .filter(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .ok()
}
