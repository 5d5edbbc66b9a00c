//! JSON (RFC 8259), read strictly and in any pieces. One reader serves all: [`crate::pretty`] lays a document out again,
//! `crate::reading` finds rows in one.

mod error;
mod string;
mod text;
mod tokenizer;

pub(crate) use error::Refusal;
pub use error::{Fault, Found, JsonError};
pub(crate) use text::decode;
pub(crate) use tokenizer::{Handler, Piece, Shape, Tokenizer};

/// How many arrays and objects may lie within each other.
pub const DEPTH_MAX: usize = 512;

/// Reads one document that is here as a whole, and says only whether it is one.
///
/// # Errors
/// When it is not JSON; the error says where and why.
pub fn check(text: &[u8]) -> Result<(), JsonError> {
    let mut tokenizer = Tokenizer::new(Shape::One);
    tokenizer.push(text, &mut IgnoreEvents)?;
    tokenizer.finish(&mut IgnoreEvents)
}

/// Is told, and does nothing of it.
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
