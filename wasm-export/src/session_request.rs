//! The file of a session's stored request: one JSON document, indented for people.

mod masked_headers;
mod masked_url;
mod secret_names;

pub use masked_headers::mask_headers;
pub use masked_url::mask_url;
pub use secret_names::MASK;

use crate::format::write_json_string;
use crate::json::{self, JsonError};
use crate::pretty::Pretty;

crate::words! {
    /// A part of a stored request.
    Part, "part" {
        /// Address and method of the request.
        #[default]
        Meta = "meta",
        /// Headers of the request.
        Headers = "headers",
        /// Body of the request.
        Body = "body",
        /// The hub's settings that changed the request.
        SpecialSettings = "specialSettings",
    }
}

/// A stored request of a session. Each part is JSON text as it was stored; a missing part is written as null.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionRequest<'a> {
    /// The id of the session.
    pub session_id: &'a str,
    /// The number of the request in its session; `None` where it was asked for as the newest.
    pub sequence: Option<u64>,
    /// Address and method of the request.
    pub meta: Option<&'a [u8]>,
    /// Headers of the request, as the hub stored them.
    pub headers: Option<&'a [u8]>,
    /// Body of the request, as the client sent it.
    pub body: Option<&'a [u8]>,
    /// The hub's settings that changed the request.
    pub special_settings: Option<&'a [u8]>,
    /// The parts that the document has; `None` for all.
    pub only: Option<&'a [Part]>,
}

impl SessionRequest<'_> {
    /// Appends the indented document.
    ///
    /// # Errors
    /// When a part is not JSON. The error names the part.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), JsonError> {
        self.assemble([b"{\n  ", b",\n  ", b": ", b"\n}"], write_pretty, out)
    }

    /// Appends the document as one line of a file. A line end of a part becomes a space: JSON has line ends only between its
    /// tokens.
    ///
    /// # Errors
    /// When a part is not JSON. The error names the part.
    pub fn write_line(&self, out: &mut Vec<u8>) -> Result<(), JsonError> {
        let start = out.len();
        self.write_stored(out)?;
        for byte in &mut out[start..] {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        out.push(b'\n');
        Ok(())
    }

    /// Appends the document with its parts as they were stored. [`Pretty`] makes the file from it.
    ///
    /// # Errors
    /// When a part is not JSON. The error names the part.
    pub fn write_stored(&self, out: &mut Vec<u8>) -> Result<(), JsonError> {
        self.assemble([b"{", b",", b":", b"}"], write_checked, out)
    }

    fn assemble(
        &self,
        [open, comma, colon, close]: [&[u8]; 4],
        write_part: impl Fn(&[u8], &mut Vec<u8>) -> Result<(), JsonError>,
        out: &mut Vec<u8>,
    ) -> Result<(), JsonError> {
        let mut session_id = Vec::new();
        write_json_string(self.session_id.as_bytes(), &mut session_id);
        let sequence = self.sequence.map(|number| number.to_string());
        let sequence = sequence.as_deref().map(str::as_bytes);
        let parts = Part::ALL.iter().copied();
        let parts = parts
            .filter(|part| self.only.is_none_or(|only| only.contains(part)))
            .map(|part| (part.word(), self.part(part)));
        let members = [("sessionId", Some(session_id.as_slice())), ("sequence", sequence)];
        for (index, (name, text)) in members.into_iter().chain(parts).enumerate() {
            out.extend_from_slice(if index == 0 { open } else { comma });
            write_json_string(name.as_bytes(), out);
            out.extend_from_slice(colon);
            write_part(text.unwrap_or(b"null"), out).map_err(|error| JsonError {
                part: Some(name),
                ..error
            })?;
        }
        out.extend_from_slice(close);
        Ok(())
    }

    fn part(&self, part: Part) -> Option<&[u8]> {
        match part {
            Part::Meta => self.meta,
            Part::Headers => self.headers,
            Part::Body => self.body,
            Part::SpecialSettings => self.special_settings,
        }
    }
}

fn write_pretty(text: &[u8], out: &mut Vec<u8>) -> Result<(), JsonError> {
    let mut pretty = Pretty::within(1);
    pretty.push(text, out)?;
    pretty.finish(out)
}

fn write_checked(text: &[u8], out: &mut Vec<u8>) -> Result<(), JsonError> {
    json::check(text)?;
    out.extend_from_slice(text);
    Ok(())
}

/// Returns the name of the file: `session-0199f3a2-seq-3-request.json`. Characters that are unsafe in a file name
/// become `-`.
pub fn file_name(session_id: &str, sequence: Option<u64>) -> String {
    let sequence = sequence.map_or_else(String::new, |number| format!("-seq-{number}"));
    format!("session-{}{sequence}-request.json", short_id(session_id))
}

/// Returns the name of the file with all requests of a session: `session-0199f3a2-requests.jsonl`.
pub fn session_file_name(session_id: &str) -> String {
    format!("session-{}-requests.jsonl", short_id(session_id))
}

fn short_id(session_id: &str) -> String {
    let is_safe = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    session_id
        .chars()
        .take(8)
        .map(|character| if is_safe(character) { character } else { '-' })
        .collect()
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
    fn the_stored_document_laid_out_is_the_file() {
        let request = SessionRequest {
            session_id: "\u{0}\"é",
            sequence: Some(12),
            meta: Some(br#"{"clientUrl":null}"#),
            headers: Some(b"{}"),
            body: Some(b" [1.0, {\"b\":2,\"a\":\"\\u0041\"}]\n"),
            special_settings: None,
            only: None,
        };
        let mut stored = Vec::new();
        request.write_stored(&mut stored).unwrap();
        let mut file = Vec::new();
        write_pretty_whole(&stored, &mut file);
        assert_eq!(String::from_utf8(file).unwrap(), written(&request).unwrap());
    }

    fn write_pretty_whole(text: &[u8], out: &mut Vec<u8>) {
        let mut pretty = Pretty::new();
        pretty.push(text, out).unwrap();
        pretty.finish(out).unwrap();
    }

    #[test]
    fn a_document_of_some_parts_has_them_in_the_order_of_the_file() {
        let request = SessionRequest {
            session_id: "s",
            headers: Some(b"{}"),
            body: Some(b"1.0"),
            only: Some(&[Part::SpecialSettings, Part::Body]),
            ..SessionRequest::default()
        };
        let mut out = Vec::new();
        request.write_stored(&mut out).unwrap();
        let expected = r#"{"sessionId":"s","sequence":null,"body":1.0,"specialSettings":null}"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_line_has_no_line_end_but_its_own() {
        let request = SessionRequest {
            body: Some(b"{\r\n\t\"a\": \"b\\n\"\n}"),
            only: Some(&[Part::Body]),
            ..SessionRequest::default()
        };
        let mut out = Vec::new();
        request.write_line(&mut out).unwrap();
        let expected = "{\"sessionId\":\"\",\"sequence\":null,\"body\":{  \t\"a\": \"b\\n\" }}\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_stored_part_that_is_no_json_is_refused_by_name() {
        let request = SessionRequest {
            body: Some(b"[1,2"),
            ..SessionRequest::default()
        };
        let error = request.write_stored(&mut Vec::new()).unwrap_err();
        assert_eq!(error.part, Some("body"));
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
        assert_eq!(
            session_file_name("0199f3a2-77aa"),
            "session-0199f3a2-requests.jsonl"
        );
    }
}
