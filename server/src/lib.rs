//! Decant's server: it authenticates, narrows the query to what the caller may see, and passes PostgreSQL's own
//! `COPY` bytes through. What formats them is the `wasm-export` crate, in the visitor's browser or here.
//!
//! | module | what |
//! |---|---|
//! | [`config`] | the settings, from the environment and a TOML file |
//! | [`startup`] | the application: source, catalog, routes; built, run, stopped |
//! | [`dsn`] | the address of a database, for us and for PostgreSQL's programs |
//! | [`source`] | the pools of the database that is exported |
//! | [`datasets`] | declared in TOML; filters; all SQL of datasets |
//! | [`parameter`] | why a parameter is refused; times as they may be written |
//! | [`rows`] | `COPY` to the raw-row stream |
//! | [`encoding`] | the stream compressed as the client accepts it |
//! | [`mod@file`] | raw rows to a finished file, natively |
//! | [`database`] | the database as a whole: dumped, restored, cleaned up, looked at; one at a time |
//! | [`schedule`] | when something is done again and again |
//! | [`storage`] | files kept for longer, in a folder or a bucket |
//! | [`sealed`], [`encryption`], [`hashed`] | what is stored: encrypted, known by its hash |
//! | [`backups`] | dumps in the storage: made and proved on a [`schedule`], removed by age |
//! | [`stored_requests`] | the requests of a session that the hub stores in its Redis |
//! | [`auth`] | who calls, and what that caller may see |
//! | [`audit`] | who did what, in a table of Decant's own |
//! | [`routes`] | the addresses; nothing below this line knows them |
//! | [`commands`] | what `decant` can be told to do |

pub mod app;
pub mod audit;
pub mod auth;
pub mod backups;
pub mod commands;
pub mod config;
pub mod database;
pub mod datasets;
pub mod dsn;
pub mod encoding;
pub mod encryption;
pub mod error;
pub mod file;
pub mod hashed;
pub mod parameter;
pub mod routes;
pub mod rows;
pub mod schedule;
pub mod sealed;
pub mod source;
pub mod startup;
pub mod storage;
pub mod stored_requests;
pub mod telemetry;
