//! Black-box tests of Decant: the real program on a free port, a real PostgreSQL, a real browser, and no mocks.
//!
//! | module | contents |
//! |---|---|
//! | [`app`] | a server on a database of its own |
//! | [`actors`] | HTTP clients, with one method for each endpoint |
//! | [`contract`] | the check of each answer against the server's OpenAPI document |
//! | [`answer`], [`problem`], [`raw_rows`], [`dumps`] | answers: problems, raw-row streams, dumps and events |
//! | [`program`], [`terminal`], [`server`], [`worker`] | the program: a command, a command at a terminal, `decant serve`, `decant work` |
//! | [`metrics`] | metrics in Prometheus' text format |
//! | [`cluster`], [`database`], [`newer`] | PostgreSQL, a database for each test, PostgreSQL 17 |
//! | [`hostile`] | a role that puts its functions in the place of PostgreSQL's |
//! | [`logs`] | clean-ups of the hub's log, and its archives |
//! | [`redis`](mod@redis), [`s3`], [`smtp`] | Redis, an S3 service, a mail server |
//! | [`webhook_receiver`] | a receiver of webhooks whose answers a test chooses |
//! | [`proxy`], [`nginx`], [`pgbouncer`], [`small_disk`] | a network that cuts, stalls and crawls; a proxy; a pooler; a full disk |
//! | [`definitions`], [`golden`] | dataset definitions, the golden corpus |
//! | [`stored_exports`] | background exports whose record and file a test makes itself |
//! | [`increments`] | a table of events, and incremental schedules of its rows |
//! | [`tokens`] | JWTs, valid and forged |
//! | [`workspaces`] | workspaces with members and rows of brand monitoring |
//! | [`browser`], [`driver`] | headless Chromium |
//! | [`benchmarks`] | BENCHMARKS.md |
//! | [`http`](mod@http), [`patience`] | the HTTP client, waiting within a bound |
//!
//! A helper panics where a test cannot continue, for example if a program does not start.
//!
//! The tests are in `api/` (HTTP), `cli/` (the command line), `browser/` (the page), `foreign/` (files in other
//! programs), `faults/`, `soak/` (long storms) and `structure/` (imports). They run the program that `DECANT_BIN` names.

pub mod actors;
pub mod answer;
pub mod app;
pub mod benchmarks;
pub mod browser;
pub mod cluster;
pub mod contract;
pub mod database;
pub mod definitions;
pub mod driver;
pub mod dumps;
pub mod exports;
pub mod golden;
pub mod hostile;
pub mod http;
pub mod increments;
pub mod logs;
pub mod metrics;
pub mod newer;
pub mod nginx;
pub mod patience;
pub mod pause;
pub mod pgbouncer;
pub mod problem;
pub mod program;
pub mod proxy;
pub mod raw_rows;
pub mod redis;
pub mod s3;
pub mod server;
pub mod small_disk;
pub mod smtp;
pub mod stored_exports;
pub mod terminal;
pub mod tokens;
pub mod webhook_receiver;
pub mod worker;
pub mod workspaces;
pub mod zip;
