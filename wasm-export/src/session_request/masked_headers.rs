//! Masks the values of headers whose names show that they are secret, and the secrets in the URLs of the others.

use super::Part;
use super::masked_url::mask_url;
use super::secret_names::{MASK, is_secret};
use crate::format::write_json_string;
use crate::json::{Handler, JsonError, Piece, Refusal, Shape, Tokenizer, decode};

/// Returns headers, which are JSON, with [`MASK`] in the place of each secret value, and of each secret in a URL of another
/// one. All other bytes stay. Headers that are no object have no names, so all their values are masked.
///
/// # Errors
/// When the headers are not JSON. The error names the part.
pub fn mask_headers(headers: &[u8]) -> Result<Vec<u8>, JsonError> {
    let mut masker = Masker {
        text: headers,
        out: Vec::with_capacity(headers.len()),
        copied: 0,
        token_start: 0,
        has_names: false,
        secret_depth: None,
    };
    let mut tokenizer = Tokenizer::new(Shape::One);
    let masked = tokenizer.push(headers, &mut masker);
    masked
        .and_then(|()| tokenizer.finish(&mut masker))
        .map_err(|error| JsonError {
            part: Some(Part::Headers.word()),
            ..error
        })?;
    masker.out.extend_from_slice(&headers[masker.copied..]);
    Ok(masker.out)
}

struct Masker<'a> {
    text: &'a [u8],
    out: Vec<u8>,
    /// The bytes of the text that are in `out`, as they are or masked.
    copied: usize,
    /// Offset of the scalar that is being read.
    token_start: usize,
    /// Whether the outermost value is an object.
    has_names: bool,
    /// Depth of the object whose member has a secret name.
    secret_depth: Option<usize>,
}

impl Masker<'_> {
    fn name(&mut self, name: &[u8], depth: usize) {
        if self.secret_depth.is_some_and(|secret| secret < depth) {
            return;
        }
        let mut text = Vec::new();
        // A name that is no Unicode text cannot be compared.
        let is_secret = match decode(name, &mut text) {
            true => is_secret(&String::from_utf8_lossy(&text)),
            false => true,
        };
        self.secret_depth = is_secret.then_some(depth);
    }

    fn value(&mut self, end: usize) {
        let value = &self.text[self.token_start..end];
        let masked = match self.has_names && self.secret_depth.is_none() {
            _ if value == b"null" => None,
            true => with_masked_url(value),
            false => Some(MASK.to_owned()),
        };
        if let Some(masked) = masked {
            self.out
                .extend_from_slice(&self.text[self.copied..self.token_start]);
            write_json_string(masked.as_bytes(), &mut self.out);
            self.copied = end;
        }
    }
}

/// Returns the text of a JSON value without the secrets of the URL that it is, or `None` if it has none.
fn with_masked_url(value: &[u8]) -> Option<String> {
    if !value.starts_with(b"\"") {
        return None;
    }
    let mut text = Vec::new();
    // Others may read a text that is not Unicode.
    let text = match decode(value, &mut text) {
        true => String::from_utf8(text).ok()?,
        false => return Some(MASK.to_owned()),
    };
    let masked = mask_url(&text);
    (masked != text).then_some(masked)
}

impl Handler for Masker<'_> {
    fn open(&mut self, is_object: bool, depth: usize) -> Result<(), Refusal> {
        if depth == 1 {
            self.has_names = is_object;
        }
        Ok(())
    }

    fn close(&mut self, _is_object: bool, depth: usize, _is_empty: bool) -> Result<(), Refusal> {
        self.secret_depth = self.secret_depth.filter(|secret| *secret != depth);
        Ok(())
    }

    fn member(&mut self, _is_first: bool, _depth: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn colon(&mut self) -> Result<(), Refusal> {
        Ok(())
    }

    fn scalar(&mut self, piece: Piece<'_>, depth: usize) -> Result<(), Refusal> {
        // The text is read as one piece, so the rest of it gives the offset.
        let start = self.text.len() - piece.rest.len();
        if piece.begins {
            self.token_start = start;
        }
        let end = start + piece.length;
        match (piece.ends, piece.is_key) {
            (false, _) => {}
            (true, true) => self.name(&self.text[self.token_start..end], depth),
            (true, false) => self.value(end),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(headers: &str) -> String {
        String::from_utf8(mask_headers(headers.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn only_secret_values_change() {
        for (headers, expected) in [
            (
                r#"{ "Accept" : "*\/*",  "x-n": 1.0e5, "Authorization": "Bearer a\"b", "z":[ ] }"#,
                r#"{ "Accept" : "*\/*",  "x-n": 1.0e5, "Authorization": "***", "z":[ ] }"#,
            ),
            (
                r#"{"set-cookie":["a=1", 2, null],"cookie":{"accept":"x"},"accept":["y"]}"#,
                r#"{"set-cookie":["***", "***", null],"cookie":{"accept":"***"},"accept":["y"]}"#,
            ),
            (
                r#"{"\u0061uthorization":true,"a":{"x-api-key":12,"b":3},"c":4,"\ud800":5}"#,
                r#"{"\u0061uthorization":"***","a":{"x-api-key":"***","b":3},"c":4,"\ud800":"***"}"#,
            ),
            (
                r#"{"referer":"https:\/\/a:b@h\/?x=1&key=c","location":"\/d?e=\u0022","accept":"a;q=0.8","host":"\ud800"}"#,
                r#"{"referer":"https://***@h/?x=1&key=***","location":"\/d?e=\u0022","accept":"a;q=0.8","host":"***"}"#,
            ),
            ("{}", "{}"),
        ] {
            assert_eq!(masked(headers), expected);
        }
    }

    #[test]
    fn without_names_every_value_is_masked() {
        for (headers, expected) in [
            (
                r#"[["authorization", "Bearer x"], {"a": 1}]"#,
                r#"[["***", "***"], {"a": "***"}]"#,
            ),
            (" 12.50 ", r#" "***" "#),
            ("12", r#""***""#),
            (r#""cookie: a""#, r#""***""#),
            ("null", "null"),
        ] {
            assert_eq!(masked(headers), expected);
        }
    }

    #[test]
    fn headers_that_are_no_json_are_refused_by_name() {
        let error = mask_headers(b"{\"cookie\":\n\"a}").unwrap_err();
        assert_eq!((error.part, error.line), (Some("headers"), 2));
    }
}
