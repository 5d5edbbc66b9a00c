//! Restores a dump, completely or not at all.
//!
//! The file is read to its end and the live database is dumped for safety. Then the dump is restored into a staging
//! database beside the live one. When every row is there, the two databases swap their names in one transaction. The
//! previous database is kept and can be put back. Where Decant's user may not create databases, one transaction replaces
//! the contents of the live database instead.
//!
//! | module | content |
//! |---|---|
//! | `restorer` | takes the lock, starts the task, records the outcome |
//! | `options` | the options of a restore |
//! | `events` | progress and result |
//! | `run` | the steps in their order |
//! | `rollback` | puts a previous database back |
//! | `proof` | a restore that is removed again, to prove a backup |
//! | `checked_dump` | reads the file to its end before anything is changed |
//! | [`row_counts`] | counts the rows of each table |
//! | [`disk_space`] | checks that the rows fit on the disk |
//! | `safety_dump` | dumps the live database first |
//! | [`side_database`] | staging databases and previous databases: create, swap, list, drop |
//! | `load` | runs `pg_restore` |
//! | `catalog` | finds changes that code of the dump has made during the load |
//! | `load_role` | the role that loads a dump into a staging database, and the one that keeps objects without their owner |
//! | `entry_kind` | the kinds of objects that have an owner |
//! | `roles` | the roles that take part in a load |
//! | `definitions` | extensions, policies and tablespaces of a dump |
//! | `privileges` | privileges and default privileges of a dump |
//! | `script` | a script that `pg_restore` writes |
//! | `extensions` | creates the extensions before the load |
//! | `owners` | gives the objects to the owners that the dump names |
//! | `subscriptions` | subscriptions of the live database and of its copies |
//! | `statement` | statements with names from outside |
//! | `sql_tokens` | splits SQL of a table of contents into tokens |
//! | `log_tables` | finds the hub's log and its partitions in a dump |
//! | `missing_tables` | refuses a dump that lacks tables of the live database, or their rows |
//! | `in_place` | replaces the contents of the live database in one transaction |
//! | `large_objects` | copies large objects for `in_place` |
//! | [`merge`], `table_data` | inserts the rows that are missing, table by table |
//! | `pending_transaction` | an open transaction of either |
//! | `outcome` | what became of a commit whose answer was lost |
//! | `comments` | the comments of the database and of its extensions |
//! | `public_schema` | owner, privileges and comment of the schema `public` |
//! | `migrations` | runs the site's SQL files |
//! | `error` | why a dump is not restored |

mod catalog;
mod checked_dump;
mod comments;
mod definitions;
pub mod disk_space;
mod entry_kind;
mod error;
mod events;
mod extensions;
mod in_place;
mod large_objects;
mod load;
mod load_role;
mod log_tables;
pub mod merge;
mod migrations;
mod missing_tables;
mod options;
mod outcome;
mod owners;
mod pending_transaction;
mod privileges;
mod proof;
mod public_schema;
mod restorer;
mod roles;
mod rollback;
pub mod row_counts;
mod run;
mod safety_dump;
mod script;
pub mod side_database;
mod sql_tokens;
mod statement;
mod subscriptions;
mod table_data;

pub use error::RestoreError;
pub use options::{OnDisconnect, RestoreOptions};
pub use restorer::Restorer;
pub(super) use safety_dump::SafetyDumps;
