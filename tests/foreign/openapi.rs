//! The API, asked by a fuzzer that knows it only from its own OpenAPI document.

use std::ffi::OsStr;

use decant_tests::actors::Actor;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::exports::{Exports, create, wait_until};
use decant_tests::redis::Redis;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::json;

use crate::programs::{PYTHON, run};

/// `make fuzz` sets the seconds that a caller's run takes. Its seed is a new one then.
const SECONDS: &str = "FUZZ_SECONDS";

/// The checks of each answer: no 5xx, and a status, a media type and a body that the document describes.
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";

/// Streams that end with the connection only, and the restore of a backup: it takes the database away from other requests.
const LEFT_OUT: &str = "/events$|/probes/stream$|/backups/[^/]+/restore$";

const SESSION: &str = "sess_4f9c";

#[tokio::test]
async fn no_request_of_an_administrator_gets_an_answer_outside_the_document() {
    let bed = Bed::start().await;
    bed.fuzz(&bed.exports.app.admin(), ADMIN_TOKEN).await;
}

#[tokio::test]
async fn no_request_of_a_user_gets_an_answer_outside_the_document() {
    let bed = Bed::start().await;
    let (user, of_hub) = bed.exports.app.user().await;
    bed.fuzz(&user, &of_hub.key).await;
}

/// A server with all that the document names: conversations, workspaces, stored requests and background exports.
struct Bed {
    exports: Exports,
    /// Lives as long as the server.
    _redis: Redis,
}

impl Bed {
    async fn start() -> Self {
        let redis = Redis::start().await;
        redis.store_whole_request(SESSION, 2, "{}").await;
        let database = Database::with_demo("conversations,brands,files").await;
        let exports = Exports::start_on(database, &[("REDIS_URL", redis.url().as_str())]).await;
        Self {
            exports,
            _redis: redis,
        }
    }

    /// Asks every operation as this caller.
    async fn fuzz(&self, caller: &Actor, token: &str) {
        let export = create(caller, &json!({ "dataset": "usage-logs", "format": "csv" })).await;
        wait_until(caller, &export, "completed").await;
        let folder = folder();
        let configuration = folder.path().join("schemathesis.toml");
        std::fs::write(&configuration, words(&export)).expect("the folder takes files");
        let address = format!("http://{}", self.exports.app.server.address);
        let document = format!("{address}/api/openapi.json");
        let header = format!("Authorization: Bearer {token}");
        let seconds = std::env::var(SECONDS).ok();
        let amount: &[&str] = match &seconds {
            Some(seconds) => &["--phases", "fuzzing,stateful", "--max-time", seconds],
            None => &[
                "--phases",
                "examples,coverage,fuzzing",
                "--max-examples",
                "3",
                "--seed",
                "1",
            ],
        };
        let mut arguments: Vec<&OsStr> = ["-m", "schemathesis.cli", "--no-color", "--config-file"]
            .map(OsStr::new)
            .to_vec();
        arguments.push(configuration.as_os_str());
        arguments.extend(["run", &document, "--url", &address, "--header", &header].map(OsStr::new));
        arguments.extend(["--checks", CHECKS, "--exclude-path-regex", LEFT_OUT].map(OsStr::new));
        arguments.extend(["--continue-on-failure", "--request-timeout", "30"].map(OsStr::new));
        arguments.extend(amount.iter().map(OsStr::new));
        run(PYTHON, &arguments);
    }
}

/// Half of the ids and names that the fuzzer sends are these: others find nothing.
fn words(export: &str) -> String {
    format!(
        r#"
[cache]
enabled = false
[generation]
database = "none"
[dictionaries.ids]
values = ["{export}", "{SESSION}"]
[dictionaries.names]
values = ["usage-logs", "conversations", "alerts", "user-data", "brand-report"]
[parameters]
"path.id" = {{ dictionary = "ids", probability = 0.5 }}
"path.name" = {{ dictionary = "names", probability = 0.5 }}
"#
    )
}
