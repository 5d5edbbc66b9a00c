//! Decant's server. It authenticates a caller, narrows a query to the rows that the caller may see, and passes PostgreSQL's
//! own `COPY` bytes through. The crate `wasm-export` formats them, in the visitor's browser or natively in the server.
//!
//! | module | contents |
//! |---|---|
//! | [`commands`] | the commands of `decant` |
//! | [`startup`] | builds the application from the settings, runs and stops it |
//! | [`config`] | the settings, from the environment and a TOML file |
//! | [`app`] | the state that handlers share |
//! | [`routes`] | the addresses and their handlers |
//! | [`error`] | errors as HTTP answers |
//! | [`telemetry`] | the log, and the headers that every answer has |
//! | [`auth`] | verifies callers and determines which rows they may see |
//! | [`datasets`] | datasets declared in TOML, their filters, all of their SQL |
//! | [`parameter`] | why a parameter is refused; the notations of a time |
//! | [`rows`] | `COPY` to the raw-row stream |
//! | `pour` | rows through a formatter into a file, on two threads |
//! | [`mod@file`] | raw rows to a finished file, natively |
//! | [`encoding`] | HTTP compression of streams |
//! | [`database`] | dump, restore, log clean-up and status of the database; one operation at a time |
//! | [`backups`] | scheduled dumps in the storage: made, proved, removed by age |
//! | [`exports`] | exports in the background, and their files |
//! | [`schedule`] | times of day and cron expressions |
//! | [`storage`] | files in a folder or a bucket, encrypted and hashed |
//! | [`stored_requests`] | the requests of a session, which the hub stores in its Redis |
//! | [`probes`] | probes of the hub's endpoints, streamed as they happen |
//! | [`webhooks`] | moves a hub's webhooks to its targets |
//! | [`audit`] | records of every operation, in a table of Decant's own |
//! | [`hub_tables`] | the hub's tables, and whether their owner is trusted |
//! | [`state`] | the state database: Decant's own tables |
//! | [`permissions`] | permissions of people and roles for exports |
//! | [`json_input`] | JSON that others have written, read strictly |
//! | [`base_path`] | the path below which a proxy publishes Decant |
//! | [`metrics`], [`monitor`] | metrics of the domains; health and metrics of the process |
//! | [`listener`] | the socket of the server, and limits on connections that stall |
//! | `network` | the network that a client's address stands for |
//! | [`shares`] | what one caller may use at the same time |
//! | [`source`] | the connection pools of the database that is exported |
//! | [`free_space`] | the space that stays free on a disk |
//! | [`private_folder`] | folders for this user only, and the sweep of what crashes leave in them |
//! | `cached` | a value that is made anew when it is too old |
//! | `recent_map` | a bounded map that keeps its newest entries for some time |
//! | [`pooler`] | connection poolers between Decant and the database |
//! | [`dsn`] | the address of a database, for sqlx and for PostgreSQL's programs |
//!
//! The crates `decant-embedded` and `decant-demo` have the private PostgreSQL and the data in it.

pub mod app;
pub mod audit;
pub mod auth;
pub mod backups;
pub mod base_path;
mod cached;
pub mod commands;
pub mod config;
pub mod database;
pub mod datasets;
pub mod dsn;
pub mod encoding;
pub mod error;
pub mod exports;
pub mod file;
pub mod free_space;
mod hex;
pub mod hub_tables;
pub mod json_input;
pub mod listener;
pub mod metrics;
pub mod monitor;
mod network;
pub mod parameter;
pub mod permissions;
pub mod pooler;
pub mod pour;
pub mod private_folder;
pub mod probes;
mod recent_map;
pub mod routes;
pub mod rows;
pub mod schedule;
pub mod shares;
pub mod source;
pub mod startup;
pub mod state;
pub mod storage;
pub mod stored_requests;
pub mod telemetry;
pub mod webhooks;
