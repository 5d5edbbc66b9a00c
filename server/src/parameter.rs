//! Parameters of requests and commands: why one is refused, and how a time may be written.

use std::collections::HashSet;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use wasm_export::zone::Zone;

/// Why a parameter is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ParameterError {
    #[error("`{field}` is not a parameter here; there are {known}")]
    Unknown { field: String, known: String },
    /// The value is not of the parameter's kind.
    #[error("`{field}` {problem}")]
    Invalid { field: String, problem: String },
    /// The value contradicts another parameter, or the parameter is given twice.
    #[error("`{field}` {problem}")]
    Contradictory { field: String, problem: String },
}

impl ParameterError {
    /// Returns the error of a value that is not of its parameter's kind. `problem` continues a sentence that begins with the
    /// parameter's name.
    pub fn invalid(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.into(),
            problem: problem.into(),
        }
    }

    /// Returns the error of a value that cannot be together with another one. `problem` continues a sentence that begins with the
    /// parameter's name.
    pub fn contradictory(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Contradictory {
            field: field.into(),
            problem: problem.into(),
        }
    }

    /// Returns the error of a parameter that may be given once.
    pub fn given_twice(field: impl Into<String>) -> Self {
        Self::Contradictory {
            field: field.into(),
            problem: "is given twice; give it once".to_owned(),
        }
    }

    /// Returns the name of the refused parameter.
    pub fn field(&self) -> &str {
        match self {
            Self::Unknown { field, .. } | Self::Invalid { field, .. } | Self::Contradictory { field, .. } => {
                field
            }
        }
    }
}

/// Checks that no parameter has two values. A blank value is none, because a form also sends its empty fields.
///
/// # Errors
/// [`ParameterError::Contradictory`] that names the parameter.
pub fn check_given_once<'a>(
    pairs: impl IntoIterator<Item = &'a (String, String)>,
) -> Result<(), ParameterError> {
    let mut given = HashSet::new();
    let with_value = pairs.into_iter().filter(|(_, value)| !value.trim().is_empty());
    for (name, _) in with_value {
        if !given.insert(name) {
            return Err(ParameterError::given_twice(name));
        }
    }
    Ok(())
}

/// Parses a time: RFC 3339, a date, a date and a time, or milliseconds since 1970. A time without a zone is in `zone`.
///
/// # Errors
/// [`ParameterError::Invalid`] that names the parameter `name`.
pub fn parse_time(name: &str, value: &str, zone: &Zone) -> Result<Timestamp, ParameterError> {
    let value = value.trim();
    let milliseconds = || {
        value
            .parse()
            .ok()
            .and_then(|number| Timestamp::from_millisecond(number).ok())
    };
    let in_zone = |local: DateTime| zone.time_zone().to_ambiguous_timestamp(local).compatible().ok();
    let local = || {
        value
            .parse::<DateTime>()
            .or_else(|_| value.parse::<Date>().map(|date| date.at(0, 0, 0, 0)))
            .ok()
    };
    let time = value
        .parse::<Timestamp>()
        .ok()
        .or_else(milliseconds)
        .or_else(|| local().and_then(in_zone));
    time.ok_or_else(|| {
        let problem = "is not a time; write 2026-01-28, 2026-01-28T12:00, 2026-01-28T12:00:00Z or milliseconds \
                       since 1970";
        ParameterError::invalid(name, problem)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_may_be_written_in_several_ways_and_means_the_callers_zone() {
        let zone = "Asia/Shanghai".parse().unwrap();
        for start in [
            "2026-01-27T16:00:00Z",
            "2026-01-28T00:00:00+08:00",
            "2026-01-28",
            "2026-01-28 00:00",
            "1769529600000",
        ] {
            let time = parse_time("start", start, &zone).unwrap();
            assert_eq!(time.to_string(), "2026-01-27T16:00:00Z", "{start}");
        }
        assert_eq!(
            parse_time("start", "yesterday", &zone).unwrap_err().field(),
            "start"
        );
    }
}
