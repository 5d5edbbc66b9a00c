//! The state database: Decant's own tables, in the schema `decant` of the database of STATE_DSN. Where STATE_DSN is unset,
//! that is the database `decant_state` of the private PostgreSQL. Servers with the same state database share its contents.
//!
//! | module | content |
//! |---|---|
//! | `options` | where the state database is |
//! | `database` | the connections, and what happens while the database is away |
//! | `schema` | checks a database and brings its tables up to date |
//! | `sign_outs` | sessions that ended before their time |
//! | `attempts` | wrong credentials, counted by address |
//! | [`json`] | rows as JSON |
//! | `error` | why the database cannot be used |
//!
//! While it is away, no export begins, because its permissions are unknown. The process uses what it remembers itself, and refuses sessions
//! of administrators.

mod attempts;
mod database;
mod error;
pub mod json;
mod options;
mod schema;
mod sign_outs;

pub use attempts::{Attempt, Attempts, Failures};
pub(crate) use database::Purpose;
pub use database::State;
pub use error::StateError;
pub use options::Options;
pub use schema::{RunningDatabase, SchemaVersion};
pub use sign_outs::{LIFETIME_MAX, SessionIdentity, SignOuts, Unanswered};
