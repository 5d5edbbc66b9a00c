//! Server-sent events (WHATWG HTML, "Server-sent events"). An event type is an enum that serde tags with `event` and
//! `data`; the stream carries the two on lines of their own. The data also has the event's name as `type`, because clients of the
//! hub read no other line.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The media type of a stream of events.
pub const MEDIA_TYPE: &str = "text/event-stream";

/// Returns the lines of an event, with the empty line that ends it.
///
/// # Errors
/// `event` is not an enum tagged with `event` and `data`, or cannot be serialised.
pub fn to_lines(event: &impl Serialize) -> serde_json::Result<String> {
    #[derive(serde::Deserialize)]
    struct Tagged {
        event: String,
        data: Value,
    }
    let Tagged { event, mut data } = serde_json::from_value(serde_json::to_value(event)?)?;
    if let Value::Object(members) = &mut data {
        members.insert("type".to_owned(), event.clone().into());
    }
    Ok(format!("event: {event}\ndata: {data}\n\n"))
}

/// Returns the event with this name and this JSON as its data.
///
/// # Errors
/// `E` has no event of this name, or `data` does not fit it.
pub fn from_parts<E: DeserializeOwned>(name: &str, data: &str) -> serde_json::Result<E> {
    let name = Value::from(name);
    serde_json::from_str(&format!(r#"{{"event":{name},"data":{data}}}"#))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::restore::{RestoreEvent, RestoreProgress};

    #[test]
    fn an_event_is_read_as_it_is_written() {
        let event = RestoreEvent::Progress(RestoreProgress {
            message: "Counting the rows".to_owned(),
            percent: 86,
        });
        let lines = to_lines(&event).unwrap();
        let data = r#"{"message":"Counting the rows","percent":86,"type":"progress"}"#;
        assert_eq!(lines, format!("event: progress\ndata: {data}\n\n"));
        assert_eq!(from_parts::<RestoreEvent>("progress", data).unwrap(), event);
    }

    #[test]
    fn an_unknown_event_and_broken_data_are_errors() {
        assert!(from_parts::<RestoreEvent>("later", "{}").is_err());
        assert!(from_parts::<RestoreEvent>("progress", "half of it").is_err());
        assert!(from_parts::<RestoreEvent>("\"", "{}").is_err());
        assert!(to_lines(&"no event").is_err());
    }
}
