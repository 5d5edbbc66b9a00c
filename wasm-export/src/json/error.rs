//! Errors of JSON documents.

use std::fmt;

use super::limits::DEPTH_MAX;

/// Why bytes are not JSON. Lines and columns are counted from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}line {line}, column {column}: {fault}", of_part(self.part))]
pub struct JsonError {
    /// The part of a larger document that the bytes are.
    pub part: Option<&'static str>,
    /// Line of the fault, from 1.
    pub line: u64,
    /// Column of the fault, in characters from 1.
    pub column: u64,
    /// Offset of the fault in bytes.
    pub offset: u64,
    /// The fault at that place.
    pub fault: Fault,
}

/// A fault in a JSON document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The document has another byte than its grammar allows.
    #[error("there is {found} where {expected} is expected")]
    Unexpected {
        /// The tokens that the grammar allows here, in words.
        expected: &'static str,
        /// The byte that is here, or the end.
        found: Found,
    },
    /// A string contains a control character.
    #[error("the control character 0x{0:02x} must be escaped in a string")]
    Control(u8),
    /// The bytes are not UTF-8.
    #[error("the bytes are not UTF-8")]
    NotUtf8,
    /// Arrays and objects are nested too deeply.
    #[error("more than {DEPTH_MAX} arrays and objects lie within each other")]
    TooDeep,
    /// The document is JSON, but its reader refuses it.
    #[error("{0}")]
    Refused(String),
}

/// The byte at the place of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A byte of the document.
    Byte(u8),
    /// The end of the document.
    End,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Byte(byte) if byte.is_ascii_graphic() => write!(f, "`{}`", char::from(byte)),
            Self::Byte(b' ') => f.write_str("a space"),
            Self::Byte(b'\n' | b'\r') => f.write_str("a line end"),
            Self::Byte(byte) => write!(f, "the byte 0x{byte:02x}"),
            Self::End => f.write_str("the end"),
        }
    }
}

fn of_part(part: Option<&str>) -> String {
    part.map_or_else(String::new, |part| format!("`{part}`, "))
}

/// Why a handler refuses a valid document.
pub(crate) type Refusal = String;

/// Texts for the tokens that the grammar allows at a place.
pub(crate) struct Expected;

impl Expected {
    pub(super) const VALUE: &'static str = "a value";
    pub(super) const ITEM_OR_END: &'static str = "a value or `]`";
    pub(super) const KEY: &'static str = "a key in quotes";
    pub(super) const KEY_OR_END: &'static str = "a key in quotes or `}`";
    pub(super) const COLON: &'static str = "`:`";
    pub(super) const COMMA_OR_ARRAY_END: &'static str = "`,` or `]`";
    pub(super) const COMMA_OR_OBJECT_END: &'static str = "`,` or `}`";
    pub(super) const NOTHING: &'static str = "nothing more";
    pub(super) const NEW_LINE: &'static str = "a line end";
    pub(super) const SAME_LINE: &'static str = "the rest of the value";
    pub(super) const DIGIT: &'static str = "a digit";
    pub(super) const FRACTION: &'static str = "`.`, an exponent or the number's end";
    pub(super) const LITERAL: &'static str = "the rest of `true`, `false` or `null`";
    pub(super) const QUOTE: &'static str = "the closing quote";
    pub(super) const ESCAPE: &'static str = "one of `\"\\/bfnrtu`";
    pub(super) const HEX_DIGIT: &'static str = "a hexadecimal digit";
}
