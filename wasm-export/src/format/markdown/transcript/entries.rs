//! Reads a JSON array of texts or of flat objects, such as the reviews of a conversation.

use crate::json::{Handler, Piece, Refusal, Shape, Tokenizer, decode};

/// The items of a JSON array.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entries {
    Texts(Vec<String>),
    /// The members of each object in its order, without nulls. Numbers keep their digits.
    Objects(Vec<Vec<Member>>),
}

/// A name with its value.
pub(super) type Member = (String, String);

/// Returns the items of a JSON array whose items are all texts, or all objects without objects or arrays in them. An empty
/// array has no texts. Returns `None` for any other text.
pub(super) fn read(json: &[u8]) -> Option<Entries> {
    let mut reader = Reader::default();
    let mut tokenizer = Tokenizer::new(Shape::One);
    tokenizer.push(json, &mut reader).ok()?;
    tokenizer.finish(&mut reader).ok()?;
    let is_array = reader.depth_max > 0 && !reader.is_other;
    match (reader.texts.is_empty(), reader.objects.is_empty()) {
        (_, true) if is_array => Some(Entries::Texts(reader.texts)),
        (true, false) if is_array => Some(Entries::Objects(reader.objects)),
        _ => None,
    }
}

#[derive(Default)]
struct Reader {
    texts: Vec<String>,
    objects: Vec<Vec<Member>>,
    /// The name of the current member.
    name: String,
    depth_max: usize,
    /// The document is something else.
    is_other: bool,
    /// The token that is being read.
    token: Vec<u8>,
}

impl Reader {
    /// Returns the text of the token that has ended.
    fn text(&self) -> String {
        let mut decoded = Vec::new();
        let text = match self.token.starts_with(b"\"") && decode(&self.token, &mut decoded) {
            true => &decoded,
            false => &self.token,
        };
        String::from_utf8_lossy(text).into_owned()
    }

    /// Takes a value that has ended.
    fn take(&mut self, depth: usize) {
        let (value, is_text) = (self.text(), self.token.starts_with(b"\""));
        match (depth, self.objects.last_mut()) {
            (1, _) if is_text => self.texts.push(value),
            (2, Some(_)) if self.token == b"null" => {}
            (2, Some(object)) => object.push((std::mem::take(&mut self.name), value)),
            _ => self.is_other = true,
        }
    }
}

impl Handler for Reader {
    fn open(&mut self, is_object: bool, depth: usize) -> Result<(), Refusal> {
        self.depth_max = self.depth_max.max(depth);
        match (depth, is_object) {
            (1, false) => {}
            (2, true) => self.objects.push(Vec::new()),
            _ => self.is_other = true,
        }
        Ok(())
    }

    fn close(&mut self, _: bool, _: usize, _: bool) -> Result<(), Refusal> {
        Ok(())
    }

    fn member(&mut self, _: bool, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn colon(&mut self) -> Result<(), Refusal> {
        Ok(())
    }

    fn scalar(&mut self, piece: Piece<'_>, depth: usize) -> Result<(), Refusal> {
        if piece.begins {
            self.token.clear();
        }
        self.token.extend_from_slice(&piece.rest[..piece.length]);
        match (piece.ends, piece.is_key) {
            (true, true) => self.name = self.text(),
            (true, false) => self.take(depth),
            (false, _) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;

    fn objects(json: &str) -> Vec<String> {
        let Some(Entries::Objects(objects)) = read(json.as_bytes()) else {
            panic!("{json} has no objects");
        };
        let joined = |object: &Vec<Member>| {
            let members = object.iter().map(|(name, value)| format!("{name}={value}"));
            members.collect::<Vec<_>>().join("&")
        };
        objects.iter().map(joined).collect()
    }

    #[test]
    fn texts_and_flat_objects_are_read() {
        let texts = |texts: &[&str]| {
            Some(Entries::Texts(
                texts.iter().map(|text| (*text).to_owned()).collect(),
            ))
        };
        assert_eq!(read(b"[]"), texts(&[]));
        assert_eq!(read(br#"[ "a", "\u00e9\n" ]"#), texts(&["a", "é\n"]));
        let reviews = r#"[{"by": 12345678901234567890, "at": "now", "comment": null}, {}, {"score": 1.50}]"#;
        assert_eq!(
            objects(reviews),
            ["by=12345678901234567890&at=now", "", "score=1.50"]
        );
    }

    #[test]
    fn anything_else_is_none() {
        for json in [
            "",
            "{",
            "1",
            "null",
            "{}",
            r#"{"a":["b"]}"#,
            "[1]",
            "[[]]",
            r#"["a",{}]"#,
            r#"[{"a":[]}]"#,
            r#"[{"a":{}}]"#,
            r#"[{},"a"]"#,
            "[null]",
        ] {
            assert_eq!(read(json.as_bytes()), None, "{json}");
        }
    }
}
