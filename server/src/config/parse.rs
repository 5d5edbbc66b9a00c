//! Parsers of settings. An error is the predicate of a sentence whose subject is the setting. It never quotes the value,
//! which may be a secret.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use secrecy::{ExposeSecret, SecretString};

use crate::state::LIFETIME_MAX;

/// A hundred years: rows that are kept longer are kept for ever.
const DAYS_MAX: u32 = 36_500;

pub(super) type Parsed<T> = Result<T, String>;

/// Parses the trimmed text by its type's `FromStr`. Errors of that type must not quote the text.
pub(super) fn from_str<T: FromStr<Err: Display>>(text: &str) -> Parsed<T> {
    text.trim()
        .parse()
        .map_err(|error: T::Err| format!("cannot be used: {error}"))
}

/// Parses one of the words of an enum.
pub(super) fn word<T: ValueEnum>(text: &str) -> Parsed<T> {
    T::from_str(text.trim(), false).map_err(|_| {
        let words = T::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value);
        let words: Vec<_> = words.map(|word| word.get_name().to_owned()).collect();
        format!("must be {}", words.join(" or "))
    })
}

pub(super) fn flag(text: &str) -> Parsed<bool> {
    text.trim()
        .parse()
        .map_err(|_| "must be true or false".to_owned())
}

pub(super) fn number<T: FromStr>(text: &str) -> Parsed<T> {
    text.trim()
        .parse()
        .map_err(|_| "must be a whole number that is neither negative nor too large".to_owned())
}

pub(super) fn socket_address(text: &str) -> Parsed<SocketAddr> {
    text.trim()
        .parse()
        .map_err(|_| "must be an IP address and a port, such as 127.0.0.1:8080".to_owned())
}

// Blanks at either end may belong to a text, a path and a secret, so these are not trimmed.

pub(super) fn text(text: &str) -> Parsed<String> {
    Ok(text.to_owned())
}

pub(super) fn name(text: &str) -> Parsed<String> {
    match text.trim() {
        "" => Err("is empty".to_owned()),
        name => Ok(name.to_owned()),
    }
}

pub(super) fn path(text: &str) -> Parsed<PathBuf> {
    Ok(text.into())
}

pub(super) fn secret<const LENGTH_MIN: usize>(text: &str) -> Parsed<SecretString> {
    let secret = SecretString::from(text);
    match secret.expose_secret().chars().count() < LENGTH_MIN {
        true => Err(format!("is too short: it needs at least {LENGTH_MIN} characters")),
        false => Ok(secret),
    }
}

pub(super) fn at_least_one(text: &str) -> Parsed<u32> {
    let number = text.trim().parse().ok();
    number
        .filter(|number| *number > 0)
        .ok_or_else(|| "must be a whole number of at least 1".to_owned())
}

pub(super) fn days(text: &str) -> Parsed<u32> {
    let days = text.trim().parse().ok();
    days.filter(|days| (1..=DAYS_MAX).contains(days))
        .ok_or_else(|| format!("must be a whole number from 1 to {DAYS_MAX}"))
}

pub(super) fn milliseconds(text: &str) -> Parsed<Duration> {
    number(text).map(Duration::from_millis)
}

pub(super) fn seconds(text: &str) -> Parsed<Duration> {
    number(text).map(Duration::from_secs)
}

pub(super) fn at_least_one_second(text: &str) -> Parsed<Duration> {
    at_least_one(text).map(|seconds| Duration::from_secs(seconds.into()))
}

pub(super) fn at_least_one_minute(text: &str) -> Parsed<Duration> {
    at_least_one(text).map(|minutes| Duration::from_secs(u64::from(minutes) * 60))
}

pub(super) fn session_hours(text: &str) -> Parsed<Duration> {
    let max = LIFETIME_MAX.as_secs() / 3600;
    match at_least_one(text).map(u64::from)? {
        hours if hours > max => Err(format!("must be at most {max}, a leap year")),
        hours => Ok(Duration::from_secs(hours * 3600)),
    }
}

/// Returns the number of bytes; a megabyte has 1024 x 1024.
pub(super) fn megabytes(text: &str) -> Parsed<u64> {
    at_least_one(text).map(|megabytes| u64::from(megabytes) * 1024 * 1024)
}

/// Returns a number of bytes, at least one.
pub(super) fn bytes(text: &str) -> Parsed<u64> {
    match number(text)? {
        0 => Err("must be at least 1".to_owned()),
        bytes => Ok(bytes),
    }
}

/// As [`megabytes`], and 0 is allowed.
pub(super) fn megabytes_or_none(text: &str) -> Parsed<u64> {
    number::<u32>(text).map(|megabytes| u64::from(megabytes) * 1024 * 1024)
}

pub(super) fn redis_url(text: &str) -> Parsed<redis::Client> {
    // The error of the parser may quote a part of the URL.
    redis::Client::open(text.trim()).map_err(|_| {
        "is not a Redis URL: redis://user:password@host:6379/0, rediss://… for TLS, or unix:///path/to/socket; \
         percent-encode reserved characters"
            .to_owned()
    })
}

/// Returns whether the status is 401.
pub(super) fn status_401(text: &str) -> Parsed<bool> {
    match text.trim() {
        "401" => Ok(true),
        "403" => Ok(false),
        _ => Err("must be 403 or 401".to_owned()),
    }
}
