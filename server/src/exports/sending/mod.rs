//! Deliveries are sent once their export has ended, by the workers of any server.
//!
//! - `deliverer` takes deliveries while its process runs.
//! - `claim` takes the next one, and records how an attempt ended.
//! - `attempt` is one attempt: it checks the right to the file, and sends.
//! - `link` makes the address of a file.
//! - `webhook` and [`mail`] send; `message` writes the text of a mail.
//!
//! A delivery that fails never changes its export. It is sent at least once: a recipient may get it again if a process dies
//! between the sending and the record of it.

mod attempt;
mod claim;
mod deliverer;
mod link;
pub mod mail;
mod message;
mod webhook;

pub use attempt::Sender;
pub use deliverer::Deliverer;
