//! A strict JSON parser (RFC 8259) for documents in pieces of any length.
//!
//! [`crate::pretty`] indents a document with it, and `crate::reading` finds rows. It is Decant's own code, because
//! serde_json needs a whole document in memory, and loses the digits of numbers and the escapes of strings.

mod error;
mod limits;
mod string;
mod text;
mod tokenizer;

pub(crate) use error::Refusal;
pub use error::{Fault, Found, JsonError};
pub use limits::DEPTH_MAX;
pub(crate) use text::decode;
pub(crate) use tokenizer::{Handler, Piece, Shape, Tokenizer};

/// Checks that a text is one JSON document.
///
/// # Errors
/// When it is not JSON. The error names the place and the fault.
pub fn check(text: &[u8]) -> Result<(), JsonError> {
    let mut tokenizer = Tokenizer::new(Shape::One);
    tokenizer.push(text, &mut IgnoreEvents)?;
    tokenizer.finish(&mut IgnoreEvents)
}

/// Ignores all events, for callers that only check a document.
struct IgnoreEvents;

impl Handler for IgnoreEvents {
    fn open(&mut self, _: bool, _: usize) -> Result<(), Refusal> {
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
    fn scalar(&mut self, _: Piece<'_>, _: usize) -> Result<(), Refusal> {
        Ok(())
    }
}
