//! Probes of the endpoints of a hub's providers, as they happen.
//!
//! | module | content |
//! |---|---|
//! | [`request`] | what a client asks a stream for |
//! | [`feed`] | reads new probes once a second for all streams together |
//! | [`stream`] | the probes of one stream: those from before it, then those of the feed |
//! | `position` | which probes the feed has read |
//! | `log` | reads the hub's tables |
//! | [`endpoints`] | the endpoints, with their last 24 hours |
//! | `error` | why probes cannot be read |

pub mod endpoints;
mod error;
pub mod feed;
mod log;
mod position;
pub mod request;
pub mod stream;

pub use error::ProbeError;
pub use feed::ProbeFeed;
