//! Tests of the source itself. They read every crate with `syn` and fail when an import breaks the structure that
//! ARCHITECTURE.md describes, when a document names a file that does not exist, and when SQL is pasted without a reason.
//!
//! A crate of its own, so that it builds in seconds: `cargo test -p structure`.
#![cfg(test)]

mod circles;
mod documents;
mod layers;
mod module_tree;
mod pasted_sql;
mod source_file;
mod violations;
mod workspace;
