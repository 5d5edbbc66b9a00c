//! The deletion of old rows from the hub's log: the conditions of the form.

#[cfg(target_arch = "wasm32")]
pub mod form;
#[cfg(target_arch = "wasm32")]
pub mod run;

use api::cleanup::{CleanupRequest, StatusCodeRange};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    Days(u32),
    /// A day that the visitor enters.
    OwnDay,
}

/// The fields of the form as they are typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConditionFields {
    pub users: String,
    pub providers: String,
    pub status_codes: String,
    pub only_blocked: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The id of the field on the page.
    pub field: &'static str,
    pub problem: &'static str,
}

impl Age {
    pub const FIRST: Self = Self::Days(30);

    pub const ALL: &[Self] = &[
        Self::Days(7),
        Self::Days(30),
        Self::Days(90),
        Self::Days(180),
        Self::OwnDay,
    ];

    pub fn title(self) -> String {
        match self {
            Self::Days(days) => format!("{days} days"),
            Self::OwnDay => "Custom date".to_owned(),
        }
    }

    pub fn testid(self) -> String {
        match self {
            Self::Days(days) => format!("cleanup-days-{days}"),
            Self::OwnDay => "cleanup-own-day".to_owned(),
        }
    }
}

impl ConditionFields {
    /// Returns the conditions of the request. `before` is exclusive, `after` inclusive; both are RFC 3339.
    ///
    /// # Errors
    /// The first field whose text cannot be parsed.
    pub fn conditions(&self, before: &str, after: Option<&str>) -> Result<CleanupRequest, FieldError> {
        let (status_codes, status_code_range) = match status_codes(&self.status_codes)? {
            None => (None, None),
            Some(StatusCodes::List(codes)) => (Some(codes), None),
            Some(StatusCodes::Range(range)) => (None, Some(range)),
        };
        Ok(CleanupRequest {
            before_date: before.to_owned(),
            after_date: after.map(str::to_owned),
            user_ids: numbers("users", &self.users)?,
            provider_ids: numbers("providers", &self.providers)?,
            status_codes,
            status_code_range,
            only_blocked: self.only_blocked.then_some(true),
            ..CleanupRequest::default()
        })
    }
}

enum StatusCodes {
    List(Vec<i32>),
    Range(StatusCodeRange),
}

/// Parses a list, `429, 500`, or a range, `500-599`.
fn status_codes(text: &str) -> Result<Option<StatusCodes>, FieldError> {
    let wrong = || FieldError {
        field: "status-codes",
        problem: "Enter status codes (429, 500) or a range (500-599).",
    };
    match text.split_once('-') {
        Some((min, max)) => {
            let number = |text: &str| number(text.trim()).ok_or_else(wrong);
            let (min, max) = (number(min)?, number(max)?);
            Ok(Some(StatusCodes::Range(StatusCodeRange { min, max })))
        }
        None => {
            let codes = numbers("status-codes", text).map_err(|_| wrong())?;
            Ok(codes.map(StatusCodes::List))
        }
    }
}

fn numbers(field: &'static str, text: &str) -> Result<Option<Vec<i32>>, FieldError> {
    let words = text.split([',', ' ', ';']).filter(|word| !word.is_empty());
    let numbers: Option<Vec<_>> = words.map(number).collect();
    let numbers = numbers.ok_or(FieldError {
        field,
        problem: "Enter numbers, separated by commas: 3, 17.",
    })?;
    Ok((!numbers.is_empty()).then_some(numbers))
}

/// Ids and status codes are never negative.
fn number(text: &str) -> Option<i32> {
    text.parse().ok().filter(|number| *number >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "2026-01-28T00:00:00.000Z";

    #[test]
    fn conditions_are_those_that_were_typed() {
        let conditions = |fields: &ConditionFields| fields.conditions(BEFORE, None).unwrap();
        let only_before = CleanupRequest {
            before_date: BEFORE.to_owned(),
            ..CleanupRequest::default()
        };
        assert_eq!(conditions(&ConditionFields::default()), only_before);
        let fields = ConditionFields {
            users: " 3, 17 ".to_owned(),
            providers: "5".to_owned(),
            status_codes: "500 - 599".to_owned(),
            only_blocked: true,
        };
        let expected = CleanupRequest {
            user_ids: Some(vec![3, 17]),
            provider_ids: Some(vec![5]),
            status_code_range: Some(StatusCodeRange { min: 500, max: 599 }),
            only_blocked: Some(true),
            ..only_before
        };
        assert_eq!(conditions(&fields), expected);
        let after = "2026-01-01T00:00:00.000Z";
        let with_after = ConditionFields::default().conditions(BEFORE, Some(after));
        assert_eq!(with_after.unwrap().after_date.as_deref(), Some(after));
    }

    #[test]
    fn a_mistake_is_named_by_its_field() {
        for (users, status_codes, field) in [
            ("three", "", "users"),
            ("-3", "", "users"),
            ("", "ok", "status-codes"),
            ("", "500-", "status-codes"),
            ("", "500-510-520", "status-codes"),
        ] {
            let typed = ConditionFields {
                users: users.to_owned(),
                status_codes: status_codes.to_owned(),
                ..ConditionFields::default()
            };
            let mistake = typed.conditions(BEFORE, None).expect_err(field);
            assert_eq!(mistake.field, field);
        }
    }
}
