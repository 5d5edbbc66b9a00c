//! The column `provider_chain`: the providers that a request was sent to, one after the other.

use std::fmt::Write;

use super::choice::Choice;
use super::dice::Dice;
use super::outcome::Outcome;
use super::providers::{Model, PROVIDERS};
use super::texts;

/// A request with the provider that it went to last.
pub(crate) struct Sent<'a> {
    pub(crate) choice: &'a Choice,
    pub(crate) model: &'a Model,
    /// The id of the last provider.
    pub(crate) last: i64,
    pub(crate) outcome: &'a Outcome,
    /// In microseconds since 1970.
    pub(crate) at: i64,
}

/// Writes a chain that ends at the last provider, or returns `None` for SQL null.
pub(crate) fn chain<'a>(json: &'a mut String, sent: &Sent<'_>, dice: &mut Dice) -> Option<&'a str> {
    // A hub has old and damaged rows, in which the column holds no array. A query for the array's length fails on them.
    match dice.below(2000) {
        0 => return Some("null"),
        1 => return Some(r#"{"id": 1, "name": "not an array"}"#),
        2 => return Some("[]"),
        3 => return Some("7"),
        4..30 => return None,
        _ => {}
    }
    if matches!(sent.outcome, Outcome::Blocked(_)) {
        return dice.once_in(2).then_some("[]");
    }
    let attempts = dice.pick(&[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4, 5]);
    Some(chain_of(attempts, json, sent, dice))
}

/// Writes a chain with this number of attempts.
pub(crate) fn chain_of<'a>(attempts: i64, json: &'a mut String, sent: &Sent<'_>, dice: &mut Dice) -> &'a str {
    json.clear();
    for attempt in 1..=attempts {
        let is_last = attempt == attempts;
        let id = if is_last {
            sent.last
        } else {
            sent.choice.provider_of(sent.model, dice).0
        };
        let provider = &PROVIDERS[id as usize - 1];
        json.push(if attempt == 1 { '[' } else { ',' });
        let at_ms = sent.at / 1000 + attempt * 731;
        let _ = write!(json, r#"{{"id":{id},"name":"#);
        push_quoted(json, provider.name);
        let _ = write!(json, r#","attemptNumber":{attempt},"timestamp":{at_ms}"#);
        match sent.outcome {
            Outcome::Answered(_) if is_last => {
                let reason = if attempt == 1 {
                    "request_success"
                } else {
                    "retry_success"
                };
                let _ = write!(json, r#","reason":"{reason}","statusCode":200}}"#);
            }
            _ => {
                json.push_str(r#","reason":"retry_failed","statusCode":502,"errorMessage":"#);
                push_quoted(json, dice.pick(&texts::ERRORS));
                json.push('}');
            }
        }
    }
    json.push(']');
    json
}

/// Appends the text as a JSON string.
fn push_quoted(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            _ => json.push(character),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_message_is_a_json_string() {
        let names = PROVIDERS.iter().map(|provider| provider.name);
        for text in names.chain(texts::ERRORS) {
            let mut json = String::new();
            push_quoted(&mut json, text);
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
