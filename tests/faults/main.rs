//! Faults: clients that leave or read slowly, networks that cut, databases that die, servers that stop.

mod backups;
mod cleanup;
mod client_gone;
mod cut_and_resume;
mod database_dies;
mod disk;
mod dump;
mod leftovers;
mod lost_lock;
mod restore;
mod shutdown;
mod slow_reader;
mod state_database;
