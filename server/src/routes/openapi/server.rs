//! The operations that show how the server is, and this document.

use api::health::Readiness;
use serde_json::json;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::Type;

use super::entry::{EntryBuilder, get};
use super::parameters as p;

/// The tag of these operations.
pub const SERVER: &str = "Server";

const METRICS_EXAMPLE: &str = "# HELP decant_exports_queued Background exports that wait for a worker of any process, counted to \
     10,000.\n# TYPE decant_exports_queued gauge\ndecant_exports_queued 3\n";

pub fn operations() -> Vec<EntryBuilder> {
    vec![
        get("/healthz", "checkLiveness", "Check that Decant runs")
            .tag(SERVER)
            .public()
            .text("text/plain", "Decant runs.", "alive\n"),
        get("/readyz", "checkReadiness", "Check that Decant can work")
            .tag(SERVER)
            .public()
            .description(
                "Without `verbose` only the exported database is asked. A part that is `failed` and is not the database makes the \
                 answer `degraded`, with 200. `decant work` has this address, too, where `DECANT_LISTEN` is set.",
            )
            .parameters([verbose()])
            .text("text/plain", "The database answers.", "ready\n")
            .answer::<Readiness>("With `verbose`: the database answers.")
            .unavailable::<Readiness>("With `verbose`: the database does not answer.")
            .problems(&[502, 503]),
        get("/metrics", "getMetrics", "Read the metrics")
            .tag(SERVER)
            .description(
                "Prometheus' text format, version 0.0.4. `DECANT_METRICS_TOKEN`, if it is set, is needed as bearer token. \
                 `decant work` has this address, too, where `DECANT_LISTEN` is set.",
            )
            .public()
            .text(
                "text/plain",
                "The metrics. Those of the state database's contents are absent while it is away.",
                METRICS_EXAMPLE,
            )
            .problems(&[401]),
        get("/api/openapi.json", "getOpenApi", "Get this document")
            .tag(SERVER)
            .public()
            .json(
                "An OpenAPI 3.1 document.",
                &json!({ "openapi": "3.1.0", "info": {}, "paths": {} }),
            ),
    ]
}

fn verbose() -> Parameter {
    let verbose = p::query(
        "verbose",
        "Checks each part, and shows the queue of background exports. It needs no value.",
    );
    let flag = p::of_type(Type::Boolean).default(Some(json!(false)));
    verbose.schema(Some(flag.build())).build()
}
