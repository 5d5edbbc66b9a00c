//! Faults: clients that leave or read slowly, networks that cut, databases that die, servers that stop, callers who occupy what others need.

mod backups;
mod bundles;
mod cleanup;
mod client_gone;
mod clock;
mod cut_and_resume;
mod database_dies;
mod disk;
mod dump;
mod export_increments;
mod export_storage;
mod export_workers;
mod leftovers;
mod lost_lock;
mod occupied;
mod restore;
mod shutdown;
mod slow_reader;
mod state_database;
mod swap;
