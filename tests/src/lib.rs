//! Decant from outside: the real program on a free port, a real PostgreSQL, a real browser. No mocks.
//!
//! | module | what |
//! |---|---|
//! | [`app`] | a server on a database of its own |
//! | [`actors`] | who talks to it, one method for each endpoint |
//! | [`answer`] | what a server answered: a body, a problem |
//! | [`raw_rows`] | a raw-row stream, taken apart by rules of its own |
//! | [`program`] | the program `decant`, as a command |
//! | [`terminal`] | the same at a terminal |
//! | [`server`] | a running `decant serve` |
//! | [`dumps`] | dumps, read by PostgreSQL's own programs |
//! | [`logs`] | the hub's log cleaned up, and its archives |
//! | [`cluster`], [`database`] | PostgreSQL; a database of its own for each test |
//! | [`hostile`] | a role that puts its functions in the place of PostgreSQL's |
//! | [`newer`] | PostgreSQL 17 |
//! | [`redis`](mod@redis) | Redis, killed and paused |
//! | [`s3`] | an S3 service |
//! | [`small_disk`] | a disk that is soon full |
//! | [`definitions`] | datasets of a site's own |
//! | [`tokens`] | signed tokens, true and forged |
//! | [`proxy`] | a network that cuts, stalls and crawls |
//! | [`browser`], [`driver`] | headless Chromium, driven by what a visitor sees |
//! | [`http`](mod@http) | the HTTP client of all of these |
//! | [`patience`] | waiting for something, within a bound |
//!
//! The tests themselves: `api/` (over HTTP), `cli/` (the command line), `foreign/` (files read by programs that are not
//! ours), `faults/` (things that break), `browser/` (the page). They run the program that `DECANT_BIN` names, else the one built beside them.

pub mod actors;
pub mod answer;
pub mod app;
pub mod browser;
pub mod cluster;
pub mod database;
pub mod definitions;
pub mod driver;
pub mod dumps;
pub mod golden;
pub mod hostile;
pub mod http;
pub mod logs;
pub mod newer;
pub mod patience;
pub mod program;
pub mod proxy;
pub mod raw_rows;
pub mod redis;
pub mod s3;
pub mod server;
pub mod small_disk;
pub mod terminal;
pub mod tokens;
