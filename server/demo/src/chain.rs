//! The column `provider_chain`: the providers that a request was sent to, one after the other.

use std::fmt::Write;

use super::dice::Dice;
use super::outcome::{Outcome, provider_of};
use super::providers::{Model, PROVIDERS};
use super::texts;

/// Writes a chain that ends at the provider `last`, or returns `None` for SQL null.
pub(crate) fn chain<'a>(
    json: &'a mut String,
    model: &Model,
    last: i64,
    outcome: &Outcome,
    at: i64,
    dice: &mut Dice,
) -> Option<&'a str> {
    // A hub has old and damaged rows, in which the column holds no array. A query for the array's length fails on them.
    match dice.below(2000) {
        0 => return Some("null"),
        1 => return Some(r#"{"id": 1, "name": "not an array"}"#),
        2 => return Some("[]"),
        3 => return Some("7"),
        4..30 => return None,
        _ => {}
    }
    if matches!(outcome, Outcome::Blocked(_)) {
        return dice.once_in(2).then_some("[]");
    }
    let attempts = dice.pick(&[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4, 5]);
    json.clear();
    for attempt in 1..=attempts {
        let is_last = attempt == attempts;
        let id = if is_last { last } else { provider_of(model, dice).0 };
        let provider = &PROVIDERS[id as usize - 1];
        json.push(if attempt == 1 { '[' } else { ',' });
        let at_ms = at / 1000 + attempt * 731;
        let _ = write!(
            json,
            r#"{{"id":{id},"name":{},"attemptNumber":{attempt},"timestamp":{at_ms}"#,
            quoted(provider.name)
        );
        match outcome {
            Outcome::Answered(_) if is_last => {
                let reason = if attempt == 1 {
                    "request_success"
                } else {
                    "retry_success"
                };
                let _ = write!(json, r#","reason":"{reason}","statusCode":200}}"#);
            }
            _ => {
                let message = quoted(dice.pick(&texts::ERRORS));
                let _ = write!(
                    json,
                    r#","reason":"retry_failed","statusCode":502,"errorMessage":{message}}}"#
                );
            }
        }
    }
    json.push(']');
    Some(json)
}

/// Returns the text as a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
