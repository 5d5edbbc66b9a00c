//! Decant over HTTP: the real program on a free port, with PostgreSQL behind it.

mod addresses;
mod audit;
mod audit_log;
mod backups;
mod bad_input;
mod below_a_path;
mod brand_report;
mod bundle_definitions;
mod bundles;
mod cleanup;
mod conversation_exports;
mod conversations;
mod credentials;
mod data_exports;
mod database;
mod datasets;
mod definition_language;
mod docs;
mod export;
mod export_again;
mod export_alerts;
mod export_cleanup;
mod export_delivery_mail;
mod export_delivery_schedules;
mod export_delivery_webhooks;
mod export_encryption;
mod export_files;
mod export_limits;
mod export_links;
mod export_permissions;
mod export_queue;
mod export_rights;
mod export_schedule_increments;
mod export_schedule_runs;
mod export_schedules;
mod export_storage;
mod export_templates;
mod export_verification;
mod exports;
mod file_names;
mod filters;
mod front_page;
mod golden;
mod golden_bundle;
mod hostile_dump;
mod hostile_owners;
mod http_1_0;
mod hub_keys;
mod hub_rows;
mod hub_tables;
mod json_bodies;
mod kinds;
mod ledger_only;
mod managed_servers;
mod merge;
mod methods;
mod metrics;
mod missing_tables;
mod newer_postgresql;
mod older_hub;
mod operation;
mod options_search;
mod own_datasets;
mod owners;
mod page;
mod partitions;
mod poolers;
mod poor_data;
mod private_files;
mod privileges;
mod probes;
mod proxies;
mod readiness;
mod restore;
mod rows;
mod scope;
mod search_path;
mod session_dataset;
mod session_requests;
mod sessions;
mod settings;
mod sign_in;
mod sign_outs;
mod spooled_dumps;
mod state;
mod stored_backups;
mod stream;
mod summary;
mod table_keys;
mod tokens;
mod triggers;
mod usage_by_user;
mod webhooks;
mod workspace_access;
mod workspace_addresses;
mod workspace_datasets;
mod workspace_definitions;
mod workspace_exports;
mod workspace_jobs;

use decant_tests::actors::Request;
use decant_tests::definitions::NUMBERS;
use serde_json::Value;

/// Returns one field, such as `name` or `label`, of each object in a list.
fn each(list: &Value, key: &str) -> Vec<String> {
    let list = list.as_array().expect("this is a list");
    list.iter()
        .map(|one| one[key].as_str().expect("this is a text").to_owned())
        .collect()
}

/// Returns these columns of the rows, each row as one text such as `a|-|3`. A missing value is `-`.
async fn joined_rows(request: Request, columns: &str) -> Vec<String> {
    let answer = request.query("columns", columns).answer().await;
    let rows = answer.raw_rows().whole();
    let asked = columns.split(',').count();
    let text = |row: &Vec<Option<String>>| {
        let cells = row[..asked].iter().map(|cell| cell.as_deref().unwrap_or("-"));
        cells.collect::<Vec<_>>().join("|")
    };
    rows.rows().iter().map(text).collect()
}

/// Returns the definition of numbers, each of which belongs to the user with that id, and a filter by number, still open for keys.
fn numbers_of_owners() -> String {
    NUMBERS.replace("access = \"admin\"", "access = \"owner\"\nowner = \"n\"")
        + r#"
        [[filter]]
        name = "n"
        label = "N"
        kind = "integer"
        sql = "n = {}"
"#
}
