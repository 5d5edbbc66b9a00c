//! The words of lists of exports, in an address.

use std::fmt::Display;
use std::str::FromStr;

use api::exports::ExportStatus;
use wasm_export::options::Format;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::exports::ExportError;
use crate::parameter::{ParameterError, check_given_once};
use crate::routes::extract::flag;

/// The number of entries of a page, and the most that it may have.
pub const LIMIT: u32 = 10;
pub const LIMIT_MAX: u32 = 100;

/// The most entries that a page leaves out.
pub const OFFSET_MAX: u64 = 1_000_000_000;

/// The greatest number of characters of a text.
const TEXT_MAX: usize = 200;

/// Checks that all words are known, and each is given once.
pub fn check(pairs: &[(String, String)], words: &[&str]) -> Result<(), ParameterError> {
    check_given_once(pairs)?;
    match pairs.iter().find(|(name, _)| !words.contains(&name.as_str())) {
        Some((name, _)) => Err(ParameterError::Unknown {
            field: name.clone(),
            known: words.join(", "),
        }),
        None => Ok(()),
    }
}

/// Returns the value of a word; a blank one is none.
pub fn text(pairs: &[(String, String)], name: &str) -> Result<Option<String>, ParameterError> {
    let given = pairs
        .iter()
        .find(|(given, value)| given == name && !value.trim().is_empty());
    match given.map(|(_, value)| value.trim()) {
        Some(value) if value.chars().count() > TEXT_MAX || value.contains('\0') => {
            Err(ParameterError::invalid(
                name,
                format!("must have at most {TEXT_MAX} characters, and no NUL"),
            ))
        }
        value => Ok(value.map(str::to_owned)),
    }
}

/// The word by which administrators list those of everybody.
pub const INCLUDE_ALL: &str = "include_all";

/// Returns whether the list is of everybody.
///
/// # Errors
/// [`ExportError::NotAll`] for others than administrators; [`ApiError::Parameter`].
pub fn include_all(pairs: &[(String, String)], caller: &Caller) -> Result<bool, ApiError> {
    let is_of_all = is_true(pairs, INCLUDE_ALL)?;
    match is_of_all && !caller.is_administrator() {
        true => Err(ExportError::NotAll.into()),
        false => Ok(is_of_all),
    }
}

/// Returns whether a word is `true`. It is `false` unless it is given.
///
/// # Errors
/// [`ParameterError::Invalid`] for another value, and if it is given twice.
pub fn is_true(pairs: &[(String, String)], name: &str) -> Result<bool, ParameterError> {
    match text(pairs, name)? {
        None => Ok(false),
        Some(value) => flag(name, &value),
    }
}

/// Returns the value of a word that is a whole number from `min` to `max`.
pub fn number<T: FromStr + PartialOrd + Display>(
    pairs: &[(String, String)],
    name: &str,
    min: T,
    max: T,
) -> Result<Option<T>, ParameterError> {
    let Some(value) = text(pairs, name)? else {
        return Ok(None);
    };
    match value.parse::<T>() {
        Ok(number) if number >= min && number <= max => Ok(Some(number)),
        _ => Err(ParameterError::invalid(
            name,
            format!("must be a whole number from {min} to {max}"),
        )),
    }
}

/// Returns the value of a word that `parse` knows. `expected` says what it must be.
pub fn parsed<T>(
    pairs: &[(String, String)],
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
    expected: &str,
) -> Result<Option<T>, ParameterError> {
    let Some(value) = text(pairs, name)? else {
        return Ok(None);
    };
    match parse(&value) {
        Some(value) => Ok(Some(value)),
        None => Err(ParameterError::invalid(name, format!("must be {expected}"))),
    }
}

/// Returns the value of the word `status`.
pub fn status(pairs: &[(String, String)]) -> Result<Option<ExportStatus>, ParameterError> {
    let expected = "a state of exports, such as completed";
    parsed(pairs, "status", ExportStatus::from_word, expected)
}

/// Returns the value of the word `format`.
pub fn format(pairs: &[(String, String)]) -> Result<Option<Format>, ParameterError> {
    let expected = "a format, such as csv";
    parsed(pairs, "format", |word| Format::from_str(word).ok(), expected)
}
