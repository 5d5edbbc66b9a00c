//! JSON (RFC 8259), read strictly and in any pieces. One reader serves all: [`crate::pretty`] lays a document out again,
//! `crate::reading` finds rows in one.

mod error;
mod string;
mod text;
mod walk;

pub(crate) use error::Refusal;
pub use error::{Fault, Found, JsonError};
pub(crate) use text::decode;
pub(crate) use walk::{Piece, Shape, Visit, Walk};

/// How many arrays and objects may lie within each other.
pub const DEPTH_MAX: usize = 512;
