//! The request for a clean-up. HTTP, the command line and the schedule all parse it here.

use api::cleanup::StatusCodeRange;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use wasm_export::Zone;

use crate::parameter::{ParameterError, parse_time};

/// The known fields, for the message about an unknown one.
const FIELDS: &str = "beforeDate, afterDate, userIds, providerIds, statusCodes, statusCodeRange, onlyBlocked, dryRun, \
                      archiveFirst, withoutStatistics";

/// Longer lists are refused: they would make the statement too large.
const LIST_MAX: usize = 1000;

/// The greatest status code. The hub writes codes beyond those of HTTP, too.
const STATUS_CODE_MAX: i32 = 999;

/// Selects rows of the log. `before_date` always lies in the past, so a clean-up never reaches rows that are being written.
/// Contradictory conditions have been refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conditions {
    before_date: Timestamp,
    /// Rows of exactly this time are included.
    #[serde(skip_serializing_if = "Option::is_none")]
    after_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_ids: Option<Vec<i32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_ids: Option<Vec<i32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_codes: Option<Vec<i32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code_range: Option<StatusCodeRange>,
    /// Only requests that the hub has blocked.
    only_blocked: bool,
}

/// How rows are deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CleanupOptions {
    /// Writes the rows to an archive first, and deletes only rows that were read back from it.
    pub archive_first: bool,
    /// Deletes rows although `usage_ledger` does not keep the statistics of all of them.
    pub without_statistics: bool,
}

/// Whether a clean-up counts the rows or deletes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    DryRun,
    Delete(CleanupOptions),
}

/// The request for a clean-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanupRequest {
    pub conditions: Conditions,
    pub task: Task,
}

impl CleanupRequest {
    /// Parses the fields of a JSON object.
    ///
    /// # Errors
    /// The first field that is missing, has the wrong type, contradicts another one, or is unknown.
    pub fn parse(fields: Map<String, Value>) -> Result<Self, ParameterError> {
        let mut fields = Fields(fields);
        let conditions = Conditions::take(&mut fields)?;
        let dry_run = fields.flag("dryRun")?.ok_or_else(|| {
            invalid(
                "dryRun",
                "must be given: true counts the rows, false deletes them",
            )
        })?;
        let options = CleanupOptions {
            archive_first: fields.flag("archiveFirst")?.unwrap_or(false),
            without_statistics: fields.flag("withoutStatistics")?.unwrap_or(false),
        };
        fields.finish()?;
        let task = if dry_run {
            Task::DryRun
        } else {
            Task::Delete(options)
        };
        Ok(Self { conditions, task })
    }
}

impl Conditions {
    /// Selects all rows before this time.
    #[must_use]
    pub fn before(time: Timestamp) -> Self {
        Self {
            before_date: time,
            after_date: None,
            user_ids: None,
            provider_ids: None,
            status_codes: None,
            status_code_range: None,
            only_blocked: false,
        }
    }

    fn take(fields: &mut Fields) -> Result<Self, ParameterError> {
        let before_date = fields.time("beforeDate")?.ok_or_else(|| {
            invalid(
                "beforeDate",
                "must be given: there is no clean-up without a condition, and none without an end",
            )
        })?;
        if before_date > Timestamp::now() {
            return Err(invalid(
                "beforeDate",
                "lies in the future: rows that are yet to come would be deleted",
            ));
        }
        let conditions = Self {
            before_date,
            after_date: fields.time("afterDate")?,
            user_ids: fields.numbers("userIds", i32::MAX)?,
            provider_ids: fields.numbers("providerIds", i32::MAX)?,
            status_codes: fields.numbers("statusCodes", STATUS_CODE_MAX)?,
            status_code_range: fields.range("statusCodeRange")?,
            only_blocked: fields.flag("onlyBlocked")?.unwrap_or(false),
        };
        conditions.refuse_contradictions()?;
        Ok(conditions)
    }

    fn refuse_contradictions(&self) -> Result<(), ParameterError> {
        let Self { before_date, .. } = self;
        if let Some(after) = self.after_date.filter(|after| after >= before_date) {
            let problem = format!(
                "({after}) must be earlier than `beforeDate` ({before_date}), or there can be no rows"
            );
            return Err(ParameterError::contradictory("afterDate", problem));
        }
        if let (Some(codes), Some(StatusCodeRange { min, max })) =
            (&self.status_codes, self.status_code_range)
            && let Some(code) = codes.iter().find(|code| !(min..=max).contains(*code))
        {
            let problem =
                format!("names {code}, which is not in `statusCodeRange`: there can be no such rows");
            return Err(ParameterError::contradictory("statusCodes", problem));
        }
        Ok(())
    }
}

/// The values for the placeholders of the SQL condition, in their order.
impl Conditions {
    pub(super) fn before_date(&self) -> String {
        self.before_date.to_string()
    }

    pub(super) fn after_date(&self) -> Option<String> {
        self.after_date.map(|after| after.to_string())
    }

    pub(super) fn lists(&self) -> [Option<&[i32]>; 3] {
        [&self.user_ids, &self.provider_ids, &self.status_codes].map(Option::as_deref)
    }

    pub(super) fn status_code_bounds(&self) -> (Option<i32>, Option<i32>) {
        self.status_code_range
            .map(|StatusCodeRange { min, max }| (min, max))
            .unzip()
    }

    pub(super) fn only_blocked(&self) -> bool {
        self.only_blocked
    }
}

/// The fields that have not been parsed yet. A field with the value null counts as missing.
struct Fields(Map<String, Value>);

impl Fields {
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    fn flag(&mut self, name: &str) -> Result<Option<bool>, ParameterError> {
        let read = |value: Value| {
            value
                .as_bool()
                .ok_or_else(|| invalid(name, "must be true or false"))
        };
        self.take(name).map(read).transpose()
    }

    fn time(&mut self, name: &str) -> Result<Option<Timestamp>, ParameterError> {
        let read = |value: Value| {
            let text = value
                .as_str()
                .ok_or_else(|| invalid(name, "must be a text such as \"2026-01-28T12:00:00Z\""))?;
            let time = parse_time(name, text, &Zone::default())?;
            match time < Timestamp::UNIX_EPOCH {
                true => Err(invalid(name, "lies before 1970, when there was no log")),
                false => Ok(time),
            }
        };
        self.take(name).map(read).transpose()
    }

    fn numbers(&mut self, name: &str, max: i32) -> Result<Option<Vec<i32>>, ParameterError> {
        let read = |value: Value| {
            let wrong = || {
                let problem = format!("must be a list of 1 to {LIST_MAX} whole numbers from 0 to {max}");
                invalid(name, problem)
            };
            let list = value.as_array().ok_or_else(wrong)?;
            if list.is_empty() || list.len() > LIST_MAX {
                return Err(wrong());
            }
            let numbers = list.iter().map(|value| number(value, max).ok_or_else(wrong));
            numbers.collect()
        };
        self.take(name).map(read).transpose()
    }

    fn range(&mut self, name: &str) -> Result<Option<StatusCodeRange>, ParameterError> {
        let read = |value: Value| {
            let bounds = value.as_object().filter(|bounds| bounds.len() == 2);
            let bound = |name| bounds.and_then(|bounds| number(bounds.get(name)?, STATUS_CODE_MAX));
            let (Some(min), Some(max)) = (bound("min"), bound("max")) else {
                let problem = format!(
                    "must be an object of `min` and `max`, whole numbers from 0 to {STATUS_CODE_MAX}"
                );
                return Err(invalid(name, problem));
            };
            match min <= max {
                true => Ok(StatusCodeRange { min, max }),
                false => Err(ParameterError::contradictory(
                    name,
                    "has a `min` above its `max`: there can be no rows",
                )),
            }
        };
        self.take(name).map(read).transpose()
    }

    fn finish(self) -> Result<(), ParameterError> {
        match self.0.into_iter().next() {
            Some((field, _)) => Err(ParameterError::Unknown {
                field,
                known: FIELDS.to_owned(),
            }),
            None => Ok(()),
        }
    }
}

fn number(value: &Value, max: i32) -> Option<i32> {
    let number = i32::try_from(value.as_i64()?).ok()?;
    (0..=max).contains(&number).then_some(number)
}

fn invalid(field: &str, problem: impl Into<String>) -> ParameterError {
    ParameterError::invalid(field, problem)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(fields: Value) -> Result<CleanupRequest, ParameterError> {
        let Value::Object(fields) = fields else {
            panic!("{fields} is no object")
        };
        CleanupRequest::parse(fields)
    }

    #[test]
    fn the_fields_of_the_hub_are_understood() {
        let request = parsed(json!({
            "beforeDate": "2026-01-28T00:00:00+08:00", "afterDate": "2026-01-01", "userIds": [3, 5], "providerIds": null,
            "statusCodes": [500], "statusCodeRange": {"min": 400, "max": 599}, "onlyBlocked": true, "dryRun": false,
            "archiveFirst": true,
        }))
        .unwrap();
        let conditions = serde_json::to_value(&request.conditions).unwrap();
        assert_eq!(
            conditions,
            json!({
                "beforeDate": "2026-01-27T16:00:00Z", "afterDate": "2026-01-01T00:00:00Z", "userIds": [3, 5],
                "statusCodes": [500], "statusCodeRange": {"min": 400, "max": 599}, "onlyBlocked": true,
            })
        );
        let options = CleanupOptions {
            archive_first: true,
            without_statistics: false,
        };
        assert_eq!(request.task, Task::Delete(options));
        let request = parsed(json!({"beforeDate": "2026-01-28", "dryRun": true})).unwrap();
        assert_eq!(request.task, Task::DryRun);
        assert_eq!(
            request.conditions,
            Conditions::before("2026-01-28T00:00:00Z".parse().unwrap())
        );
    }

    #[test]
    fn invalid_fields_are_refused_by_name() {
        for (more, field) in [
            (json!({"beforeDate": null}), "beforeDate"),
            (json!({"beforeDate": ""}), "beforeDate"),
            (json!({"beforeDate": 1769529600000_i64}), "beforeDate"),
            (json!({"beforeDate": "yesterday"}), "beforeDate"),
            (json!({"beforeDate": "9999-01-01"}), "beforeDate"),
            (json!({"beforeDate": "-009999-01-01T00:00:00Z"}), "beforeDate"),
            (json!({"afterDate": "2026-01-28"}), "afterDate"),
            (json!({"afterDate": "2026-01-29"}), "afterDate"),
            (json!({"dryRun": null}), "dryRun"),
            (json!({"dryRun": "false"}), "dryRun"),
            (json!({"userIds": []}), "userIds"),
            (json!({"userIds": "1; drop table users"}), "userIds"),
            (json!({"userIds": ["1"]}), "userIds"),
            (json!({"userIds": [1.5]}), "userIds"),
            (json!({"userIds": [4294967297_i64]}), "userIds"),
            (json!({"userIds": vec![1; 1001]}), "userIds"),
            (json!({"providerIds": 7}), "providerIds"),
            (json!({"statusCodes": [1000]}), "statusCodes"),
            (
                json!({"statusCodes": [200], "statusCodeRange": {"min": 500, "max": 599}}),
                "statusCodes",
            ),
            (json!({"statusCodeRange": {"min": 500}}), "statusCodeRange"),
            (
                json!({"statusCodeRange": {"min": 500, "max": 599, "step": 1}}),
                "statusCodeRange",
            ),
            (
                json!({"statusCodeRange": {"min": 599, "max": 500}}),
                "statusCodeRange",
            ),
            (json!({"onlyBlocked": 1}), "onlyBlocked"),
            (json!({"archiveFirst": "yes"}), "archiveFirst"),
            (json!({"before_date": "2026-01-28"}), "before_date"),
        ] {
            let mut fields = json!({"beforeDate": "2026-01-28", "dryRun": true});
            for (name, value) in more.as_object().unwrap() {
                fields[name] = value.clone();
            }
            let error = parsed(fields.clone()).expect_err(&fields.to_string());
            assert_eq!(error.field(), field, "{fields}: {error}");
        }
    }
}
