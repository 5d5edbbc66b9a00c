//! JSON that others have written: bodies of requests, the key set of JWKS_FILE.
//!
//! serde takes an array for a struct and the last of two members with one name, and its messages name types of Rust. Here
//! such input is refused, and a message names the member, the expected value and the given one. No message shows a value: it
//! may be a secret.

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_json::{Map, Value};

/// Why JSON is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct JsonError {
    /// `token`, or `keys[0].kty`. `None`: the problem is the whole value.
    pub member: Option<String>,
    /// Continues a sentence that begins with the member's name, or with `it`.
    problem: String,
}

/// The usual greatest number of values, counting those within arrays and objects. Each needs some thirty bytes of memory.
pub const VALUES_MAX: usize = 100_000;

/// A JSON value, and the first member that an object in it has twice.
pub struct UniqueMembers {
    value: Value,
    twice: Option<String>,
}

/// Notes about the value that is being read.
struct Notes {
    twice: Option<String>,
    /// Values that may still follow.
    values_left: usize,
}

/// Parses the text of an object with at most [`VALUES_MAX`] values.
///
/// # Errors
/// [`JsonError`].
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, JsonError> {
    parse_up_to(text, VALUES_MAX)
}

/// As [`parse`], with another greatest number of values.
///
/// # Errors
/// [`JsonError`].
pub fn parse_up_to<T: DeserializeOwned>(text: &str, values_max: usize) -> Result<T, JsonError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = UniqueMembers::deserialize_up_to(&mut deserializer, values_max);
    let members = members.and_then(|members| deserializer.end().map(|()| members));
    let refused = |error: serde_json::Error| match error.is_data() {
        true => JsonError::custom(format!(
            "has more than {values_max} values, counting those within others; send it in several requests"
        )),
        false => JsonError::custom(format!("is not JSON: {error}")),
    };
    members.map_err(refused)?.read()
}

impl UniqueMembers {
    /// Converts an object into a value of this type.
    ///
    /// # Errors
    /// [`JsonError`].
    pub fn read<T: DeserializeOwned>(self) -> Result<T, JsonError> {
        if let Some(member) = self.twice {
            return Err(JsonError::custom("is given twice; give it once").within(&member));
        }
        match self.value {
            object @ Value::Object(_) => T::deserialize(Input(object)),
            other => Err(JsonError::invalid_type(unexpected(&other), &"an object")),
        }
    }

    fn deserialize_up_to<'de, D: Deserializer<'de>>(
        deserializer: D,
        values_max: usize,
    ) -> Result<Self, D::Error> {
        let mut notes = Notes {
            twice: None,
            values_left: values_max,
        };
        let value = Reader(&mut notes).deserialize(deserializer)?;
        Ok(Self {
            value,
            twice: notes.twice,
        })
    }
}

impl<'de> Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize_up_to(deserializer, VALUES_MAX)
    }
}

/// Reads a value, and notes the first member that an object has twice. It fails if there are too many values.
struct Reader<'a>(&'a mut Notes);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.0.values_left.checked_sub(1);
        self.0.values_left = left.ok_or_else(|| D::Error::custom("it has too many values"))?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = array.next_element_seed(Reader(&mut *self.0))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = object.next_key::<String>()? {
            let value = object.next_value_seed(Reader(&mut *self.0))?;
            if members.contains_key(&name) {
                self.0.twice.get_or_insert_with(|| name.clone());
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

/// A value whose errors name the member.
struct Input(Value);

impl<'de> Deserializer<'de> for Input {
    type Error = JsonError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(value), _) => visitor.visit_u64(value),
                (None, Some(value)) => visitor.visit_i64(value),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(values) => visitor.visit_seq(Elements {
                values: values.into_iter().enumerate(),
            }),
            Value::Object(members) => visitor.visit_map(Members {
                members: members.into_iter(),
                value: None,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        visitor.visit_newtype_struct(self)
    }

    /// Only words are variants of our types.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        match self.0 {
            Value::String(word) => visitor.visit_enum(IntoDeserializer::<JsonError>::into_deserializer(word)),
            other => Err(JsonError::invalid_type(unexpected(&other), &"a string")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Elements {
    values: std::iter::Enumerate<std::vec::IntoIter<Value>>,
}

impl<'de> SeqAccess<'de> for Elements {
    type Error = JsonError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, JsonError> {
        let Some((at, value)) = self.values.next() else {
            return Ok(None);
        };
        let value = seed.deserialize(Input(value));
        value.map(Some).map_err(|error| error.within(&format!("[{at}]")))
    }
}

struct Members {
    members: serde_json::map::IntoIter,
    /// The member whose name was read.
    value: Option<(String, Value)>,
}

impl<'de> MapAccess<'de> for Members {
    type Error = JsonError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, JsonError> {
        let Some((name, value)) = self.members.next() else {
            return Ok(None);
        };
        self.value = Some((name.clone(), value));
        let key: StringDeserializer<JsonError> = name.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, JsonError> {
        let (name, value) = self
            .value
            .take()
            .ok_or_else(|| JsonError::custom("has a member without a value"))?;
        seed.deserialize(Input(value))
            .map_err(|error| error.within(&name))
    }
}

impl JsonError {
    /// Returns the error of a value that is in this member, or at this place of an array: `[0]`.
    fn within(self, outer: &str) -> Self {
        let member = match self.member {
            None => outer.to_owned(),
            Some(inner) if inner.starts_with('[') => format!("{outer}{inner}"),
            Some(inner) => format!("{outer}.{inner}"),
        };
        Self {
            member: Some(member),
            problem: self.problem,
        }
    }
}

impl serde::de::Error for JsonError {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self {
            member: None,
            problem: problem.to_string(),
        }
    }

    fn invalid_type(given: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format!("must be {} and is {}", wanted(expected), kind(given)))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format!("is out of range; it must be {}", wanted(expected)))
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::custom(format!("cannot be `{word}`; there are {}", known.join(", ")))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Self::custom(format!("is not known here; there are {}", known.join(", "))).within(name)
    }

    fn missing_field(name: &'static str) -> Self {
        Self::custom("is missing").within(name)
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.member {
            Some(member) => write!(formatter, "`{member}` {}", self.problem),
            None => write!(formatter, "it {}", self.problem),
        }
    }
}

/// Returns what serde expects, in words of JSON.
fn wanted(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "a boolean" => "true or false",
        "a sequence" => "an array",
        "a map" => "an object",
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "f32" | "f64" => "a number",
        structure if structure.starts_with("struct ") => "an object",
        word if word.contains("variant identifier") => "a word",
        other => other,
    }
    .to_owned()
}

fn kind(given: Unexpected<'_>) -> &'static str {
    match given {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a whole number",
        Unexpected::Float(_) => "a number",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "an array",
        Unexpected::Map => "an object",
        _ => "a string",
    }
}

fn unexpected(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Unit,
        Value::Bool(value) => Unexpected::Bool(*value),
        Value::Number(_) => Unexpected::Float(0.0),
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}

#[cfg(test)]
mod tests {
    use api::backups::{BackupRequest, BackupRestoreRequest};
    use api::cleanup::CleanupRequest;
    use api::login::SignIn;

    use super::*;

    fn refusal<T: DeserializeOwned>(text: &str) -> String {
        parse::<T>(text).err().expect(text).to_string()
    }

    #[test]
    fn an_object_is_read() {
        assert_eq!(parse::<SignIn>(r#"{"token":"é"}"#).unwrap().token, "é");
        let request: BackupRequest = parse(r#"{"mode":"ledgerOnly"}"#).unwrap();
        assert_eq!(request.mode, api::database::DumpMode::LedgerOnly);
        let cleanup: CleanupRequest = parse(
            r#"{"beforeDate":"2026-01-28","userIds":[3,5],"statusCodeRange":{"min":400,"max":599},"onlyBlocked":null,"dryRun":true}"#,
        )
        .unwrap();
        assert_eq!(cleanup.user_ids, Some(vec![3, 5]));
        assert_eq!(cleanup.status_code_range.unwrap().max, 599);
        assert_eq!(cleanup.only_blocked, None);
    }

    #[test]
    fn the_member_the_expected_value_and_the_given_one_are_named() {
        for (problem, refusal) in [
            (
                "it must be an object and is an array",
                refusal::<SignIn>(r#"["x"]"#),
            ),
            (
                "it must be an object and is a string",
                refusal::<SignIn>(r#""x""#),
            ),
            ("it must be an object and is null", refusal::<SignIn>("null")),
            (
                "`token` must be a string and is a whole number",
                refusal::<SignIn>(r#"{"token":1}"#),
            ),
            (
                "`token` must be a string and is an array",
                refusal::<SignIn>(r#"{"token":["secret"]}"#),
            ),
            ("`token` is missing", refusal::<SignIn>("{}")),
            (
                "`token` is given twice; give it once",
                refusal::<SignIn>(r#"{"token":"a","token":"b"}"#),
            ),
            (
                "`more` is not known here; there are token",
                refusal::<SignIn>(r#"{"token":"a","more":1}"#),
            ),
            (
                "`cleanFirst` must be true or false and is a string",
                refusal::<BackupRestoreRequest>(r#"{"cleanFirst":"yes"}"#),
            ),
            (
                "`mode` cannot be `half`; there are full, excludeLogs, ledgerOnly",
                refusal::<BackupRequest>(r#"{"mode":"half"}"#),
            ),
            (
                "`mode` must be a string and is an array",
                refusal::<BackupRequest>(r#"{"mode":["full"]}"#),
            ),
            (
                "`userIds[1]` must be a whole number and is a string",
                refusal::<CleanupRequest>(r#"{"beforeDate":"","dryRun":true,"userIds":[1,"2"]}"#),
            ),
            (
                "`statusCodeRange.max` is missing",
                refusal::<CleanupRequest>(r#"{"beforeDate":"","dryRun":true,"statusCodeRange":{"min":1}}"#),
            ),
            (
                "`min` is given twice; give it once",
                refusal::<CleanupRequest>(r#"{"statusCodeRange":{"min":1,"min":2}}"#),
            ),
        ] {
            assert_eq!(refusal, problem);
        }
        assert!(refusal::<SignIn>("{").starts_with("it is not JSON: "));
    }
}
