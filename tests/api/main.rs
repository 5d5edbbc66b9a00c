//! Decant over HTTP: the real program on a free port, PostgreSQL behind it, nothing but requests from outside.

mod bad_input;
mod datasets;
mod export;
mod front_page;
mod operation;
mod page;
mod rows;
mod scope;
mod settings;
mod sign_in;
mod tokens;
