//! The file of a session's stored request: its parts in one document, laid out for people.

use crate::format::write_json_string;
use crate::json::JsonError;
use crate::pretty::Pretty;

/// A session's stored request. Each part is JSON text as it was stored; what is absent becomes null.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionRequest<'a> {
    /// The session.
    pub session_id: &'a str,
    /// Which of its requests; `None`: the session stores but one.
    pub sequence: Option<u64>,
    /// The address and the method.
    pub meta: Option<&'a [u8]>,
    /// The headers.
    pub headers: Option<&'a [u8]>,
    /// The body.
    pub body: Option<&'a [u8]>,
    /// The settings that the request was changed by.
    pub special_settings: Option<&'a [u8]>,
}

impl SessionRequest<'_> {
    /// Appends the document.
    ///
    /// # Errors
    /// When a part is not JSON; the error names it.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), JsonError> {
        out.extend_from_slice(b"{\n  \"sessionId\": ");
        write_json_string(self.session_id.as_bytes(), out);
        let sequence = self.sequence.map(|number| number.to_string());
        write_part("sequence", sequence.as_deref().map(str::as_bytes), out)?;
        write_part("meta", self.meta, out)?;
        write_part("headers", self.headers, out)?;
        write_part("body", self.body, out)?;
        write_part("specialSettings", self.special_settings, out)?;
        out.extend_from_slice(b"\n}");
        Ok(())
    }
}

fn write_part(name: &'static str, text: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), JsonError> {
    out.extend_from_slice(format!(",\n  \"{name}\": ").as_bytes());
    let mut pretty = Pretty::within(1);
    pretty
        .push(text.unwrap_or(b"null"), out)
        .and_then(|()| pretty.finish(out))
        .map_err(|error| JsonError {
            part: Some(name),
            ..error
        })
}

/// What the file is called: `session-0199f3a2-seq-3-request.json`. What is unsafe in the name of a file becomes `-`.
#[must_use]
pub fn file_name(session_id: &str, sequence: Option<u64>) -> String {
    let is_safe = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    let id: String = session_id
        .chars()
        .take(8)
        .map(|character| if is_safe(character) { character } else { '-' })
        .collect();
    let sequence = sequence.map_or_else(String::new, |number| format!("-seq-{number}"));
    format!("session-{id}{sequence}-request.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(request: &SessionRequest<'_>) -> Result<String, JsonError> {
        let mut out = Vec::new();
        request.write(&mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn the_parts_stand_in_one_document() {
        let request = SessionRequest {
            session_id: "a\"b",
            sequence: Some(3),
            meta: Some(br#"{"url":"/v1/messages","method":"POST"}"#),
            body: Some(br#" {"max_tokens":1.0,"messages":[]} "#),
            special_settings: Some(b"[]"),
            ..SessionRequest::default()
        };
        assert_eq!(
            written(&request).unwrap(),
            r#"{
  "sessionId": "a\"b",
  "sequence": 3,
  "meta": {
    "url": "/v1/messages",
    "method": "POST"
  },
  "headers": null,
  "body": {
    "max_tokens": 1.0,
    "messages": []
  },
  "specialSettings": []
}"#
        );
    }

    #[test]
    fn an_error_names_the_part() {
        let request = SessionRequest {
            headers: Some(b"{\"a\":\n1,}"),
            ..SessionRequest::default()
        };
        assert_eq!(
            written(&request).unwrap_err().to_string(),
            "`headers`, line 2, column 3: there is `}` where a key in quotes is expected"
        );
    }

    #[test]
    fn a_file_is_named_after_its_session_and_sequence() {
        for (session, sequence, name) in [
            ("0199f3a2-77aa", Some(3), "session-0199f3a2-seq-3-request.json"),
            ("short", None, "session-short-request.json"),
            ("../../etc/passwd", None, "session-------et-request.json"),
            ("é張_:\0x", Some(0), "session---_--x-seq-0-request.json"),
        ] {
            assert_eq!(file_name(session, sequence), name);
        }
    }
}
