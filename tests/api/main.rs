//! Decant over HTTP: the real program on a free port, PostgreSQL behind it, nothing but requests from outside.

mod addresses;
mod audit;
mod backups;
mod bad_input;
mod cleanup;
mod database;
mod datasets;
mod export;
mod filters;
mod front_page;
mod golden;
mod hub_keys;
mod newer_postgresql;
mod operation;
mod own_datasets;
mod page;
mod restore;
mod rows;
mod scope;
mod search_path;
mod sessions;
mod settings;
mod sign_in;
mod stream;
mod tokens;
mod triggers;

use serde_json::Value;

/// Names or labels of a list of columns or filters.
fn each(list: &Value, key: &str) -> Vec<String> {
    let list = list.as_array().expect("this is a list");
    list.iter()
        .map(|one| one[key].as_str().expect("this is a text").to_owned())
        .collect()
}
