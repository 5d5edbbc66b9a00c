//! Probes as a stream, and their endpoints.

use std::time::Duration;

use decant_tests::actors::{Actor, Query};
use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;
use reqwest::Response;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::time::timeout;

/// Bound for an event that must come.
const SOON: Duration = Duration::from_secs(60);

/// The last row of the log.
const NEWEST: &str = "select max(id) from provider_endpoint_probe_logs";

/// The events of a stream, one after the other.
struct Events {
    response: Response,
    text: String,
}

#[derive(Debug)]
struct Event {
    id: i64,
    name: String,
    data: Value,
}

impl Events {
    async fn open(actor: &Actor, query: Query<'_>) -> Self {
        Self::open_after(actor, query, "").await
    }

    /// Goes on after an event, unless its id is empty.
    async fn open_after(actor: &Actor, query: Query<'_>, last: &str) -> Self {
        let request = actor.probes().queries(query);
        let request = match last {
            "" => request,
            last => request.header("last-event-id", last),
        };
        let response = request.open().await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            text: String::new(),
        }
    }

    /// Returns the next part of the stream that ends in an empty line: an event, or a comment.
    async fn block(&mut self) -> String {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return block;
            }
            let chunk = timeout(SOON, self.response.chunk())
                .await
                .expect("an event comes");
            let chunk = chunk.expect("the connection holds").expect("the stream goes on");
            self.text += std::str::from_utf8(&chunk).expect("events are text");
        }
    }

    async fn next(&mut self) -> Event {
        loop {
            let block = self.block().await;
            if block.starts_with(':') {
                continue;
            }
            let field = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap_or_else(|| panic!("{name} is missing in {block}"))
            };
            return Event {
                id: field("id: ").parse().expect("an id is a number"),
                name: field("event: ").to_owned(),
                data: serde_json::from_str(field("data: ")).expect("data is JSON"),
            };
        }
    }

    /// Waits for the end of the stream.
    async fn end(&mut self) {
        let end = async { while let Ok(Some(_)) = self.response.chunk().await {} };
        timeout(SOON, end).await.expect("the stream ends");
    }

    /// Returns the ids of the next probes.
    async fn ids(&mut self, number: usize) -> Vec<i64> {
        let mut ids = Vec::new();
        while ids.len() < number {
            let event = self.next().await;
            assert_eq!(event.name, "probe", "{event:?}");
            ids.push(event.data["id"].as_i64().expect("an id is a number"));
        }
        ids
    }
}

/// Writes a probe of the first endpoint, and returns its id.
async fn probe(database: &Database, message: &str) -> i64 {
    database.execute(insert(message)).await;
    newest(database).await
}

fn insert(message: &str) -> String {
    format!(
        "insert into provider_endpoint_probe_logs (endpoint_id, source, ok, status_code, error_type, error_message) \
         values (1, 'manual', false, 503, 'http_5xx', '{message}')"
    )
}

async fn newest(database: &Database) -> i64 {
    i64::try_from(database.number(NEWEST).await).expect("an id is a serial")
}

async fn ids(database: &Database, condition: &str) -> Vec<i64> {
    let sql = format!("select id from provider_endpoint_probe_logs where {condition} order by id");
    let ids = database.texts(&sql).await;
    let ids = ids.iter().flatten();
    ids.map(|id| id.parse().expect("an id is a number")).collect()
}

fn last<T: Clone>(of: &[T], number: usize) -> Vec<T> {
    of[of.len() - number..].to_vec()
}

#[tokio::test]
async fn the_last_probes_come_first_and_then_each_new_one_once() {
    let app = App::start().await;
    let all = ids(&app.database, "true").await;
    let mut events = Events::open(&app.admin(), &[]).await;
    assert_eq!(events.ids(100).await, last(&all, 100));
    let new = probe(&app.database, "connect ETIMEDOUT").await;
    let event = events.next().await;
    assert_eq!((event.id, &*event.name), (new, "probe"));
    let time = event.data["createdAt"].as_str().expect("a time is text");
    assert_eq!(
        event.data,
        json!({
            "type": "probe", "id": new, "createdAt": time, "endpointId": 1, "endpoint": "main", "vendor": event.data["vendor"],
            "source": "manual", "ok": false, "statusCode": 503, "latencyMs": null, "errorType": "http_5xx",
            "errorMessage": "connect ETIMEDOUT"
        })
    );
    assert!(
        event.data["vendor"].is_string() && time.ends_with('Z'),
        "{}",
        event.data
    );
    // Another stream does not disturb the first one, and has the row in its backlog, but not again.
    let mut other = Events::open(&app.admin(), &[("backlog", "1")]).await;
    let next = probe(&app.database, "again").await;
    assert_eq!(other.ids(2).await, [new, next]);
    assert_eq!(events.ids(1).await, [next]);
}

#[tokio::test]
async fn a_row_that_is_committed_late_comes_once() {
    let app = App::start().await;
    let mut events = Events::open(&app.admin(), &[("backlog", "0")]).await;
    let mut open = PgConnection::connect(&app.database.dsn)
        .await
        .expect("PostgreSQL answers");
    let mut transaction = open.begin().await.expect("a transaction begins");
    let sql = sqlx::AssertSqlSafe(insert("late"));
    transaction.execute(sql).await.expect("the row is written");
    let after = probe(&app.database, "early").await;
    assert_eq!(events.ids(1).await, [after]);
    transaction.commit().await.expect("the row is committed");
    let late = events.next().await;
    // A client that goes on after it must not get the other one again.
    assert_eq!((late.id, &late.data["id"]), (after, &json!(after - 1)));
    let end = probe(&app.database, "end").await;
    assert_eq!(events.ids(1).await, [end]);
}

#[tokio::test]
async fn filters_narrow_the_backlog_and_new_probes() {
    let app = App::start().await;
    let admin = app.admin();
    for (name, value, condition) in [
        ("endpoint", "2", "endpoint_id = 2"),
        ("source", "runtime", "source = 'runtime'"),
        ("status_code", "200", "status_code = 200"),
        (
            "search",
            "TimeOut",
            "strpos(lower(concat_ws(chr(10), error_message, error_type, status_code)), 'timeout') > 0",
        ),
    ] {
        let expected = ids(&app.database, condition).await;
        let mut events = Events::open(&admin, &[(name, value), ("backlog", "20")]).await;
        assert_eq!(events.ids(20).await, last(&expected, 20), "{name}");
    }
    let mut events = Events::open(
        &admin,
        &[("search", "50%_X"), ("source", "manual"), ("backlog", "5")],
    )
    .await;
    probe(&app.database, "something else").await;
    let expected = probe(&app.database, "used 50%_x of it").await;
    assert_eq!(events.ids(1).await, [expected]);
    for (name, value) in [("backlog", "1001"), ("endpoint", "x"), ("limit", "1")] {
        let answer = admin.probes().query(name, value).answer().await;
        let problem: Value = answer.json();
        assert_eq!((answer.status, &problem["field"]), (400, &json!(name)));
    }
}

#[tokio::test]
async fn a_client_goes_on_after_its_last_event_and_hears_of_pruned_rows() {
    let app = App::start().await;
    let admin = app.admin();
    let all = ids(&app.database, "true").await;
    let before = all[all.len() - 4];
    let mut events = Events::open_after(&admin, &[], &before.to_string()).await;
    assert_eq!(events.ids(3).await, last(&all, 3));

    // Too many rows are a gap before the last thousand.
    let mut events = Events::open_after(&admin, &[], "0").await;
    let gap = events.next().await;
    let kept = last(&all, 1000);
    assert_eq!((&*gap.name, gap.id), ("gap", kept[0] - 1));
    assert_eq!(gap.data, json!({ "type": "gap", "from": 1, "to": kept[0] - 1 }));
    assert_eq!(events.ids(1000).await, kept);

    let prune = format!(
        "delete from provider_endpoint_probe_logs where id <= {}",
        before + 1
    );
    app.database.execute(prune).await;
    let mut events = Events::open_after(&admin, &[], &(before - 5).to_string()).await;
    let gap = events.next().await;
    assert_eq!(
        gap.data,
        json!({ "type": "gap", "from": before - 4, "to": before + 1 })
    );
    assert_eq!(events.ids(2).await, last(&all, 2));

    // An id of another database, which a restore has replaced.
    let mut events = Events::open_after(&admin, &[("backlog", "1")], "999999").await;
    assert_eq!(events.ids(1).await, last(&all, 1));
    let wrong = admin.probes().header("last-event-id", "x").answer().await;
    wrong.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_silent_stream_has_a_heartbeat_and_ends_with_the_server() {
    let mut app = App::start_with(&[("DECANT_HEARTBEAT_SECONDS", "1")]).await;
    let mut events = Events::open(&app.admin(), &[("backlog", "0")]).await;
    assert!(events.block().await.starts_with(':'));
    app.server.ask_to_stop();
    events.end().await;
    assert_eq!(app.server.ended().await, Some(0));
}

#[tokio::test]
async fn streams_are_limited_and_a_place_becomes_free() {
    let app = App::start_with(&[("DECANT_STREAMS_MAX", "2")]).await;
    let admin = app.admin();
    let _first = Events::open(&admin, &[]).await;
    let second = Events::open(&admin, &[]).await;
    let refused = admin.probes().answer().await;
    refused.problem(503, "streams_busy");
    assert!(!refused.header("retry-after").is_empty());
    drop(second);
    wait_for("a free place", SOON, async || {
        let response = admin.probes().open().await;
        (response.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_caller_has_a_limited_number_of_streams() {
    let app = App::start_with(&[("DECANT_STREAMS_PER_CALLER", "1")]).await;
    let admin = app.admin();
    let _first = Events::open(&admin, &[]).await;
    admin.probes().answer().await.problem(429, "share_used");
    let other = app.database.new_user("Another administrator").await;
    let promote = format!("update users set role = 'admin' where id = {}", other.id);
    app.database.execute(&promote).await;
    let _other = Events::open(&app.anonymous().with_token(&other.key), &[]).await;
}

#[tokio::test]
async fn a_sign_out_ends_the_streams_of_the_session() {
    let app = App::start_with(&[("DECANT_HEARTBEAT_SECONDS", "1")]).await;
    let sign_in = app.anonymous().login(ADMIN_TOKEN).answer().await.good();
    let session = app.anonymous().with_session(&sign_in);
    let mut of_session = Events::open(&session, &[("backlog", "0")]).await;
    let mut of_token = Events::open(&app.admin(), &[("backlog", "0")]).await;
    assert!(of_session.block().await.starts_with(':'));
    session.logout().answer().await.good();
    of_session.end().await;
    let new = probe(&app.database, "after the sign-out").await;
    assert_eq!(of_token.ids(1).await, [new]);
}

#[tokio::test]
async fn all_streams_share_the_queries_and_none_runs_without_a_stream() {
    let app = App::start().await;
    let admin = app.admin();
    // Sequential and index scans of the log, which each query of the feed adds to.
    let scans = async || {
        let sql = "select seq_scan + coalesce(idx_scan, 0) from pg_stat_user_tables \
                   where relname = 'provider_endpoint_probe_logs'";
        app.database.number(sql).await
    };
    const STREAMS: u64 = 20;
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(Events::open(&admin, &[("backlog", "1")]).await);
    }
    for stream in &mut streams {
        stream.ids(1).await;
    }
    let new = probe(&app.database, "seen by all").await;
    for stream in &mut streams {
        assert_eq!(stream.ids(1).await, [new]);
    }
    let before = scans().await;
    let rounds = 5;
    for round in 0..rounds {
        let new = probe(&app.database, &format!("round {round}")).await;
        assert_eq!(streams[0].ids(1).await, [new]);
    }
    // One query for all has a few scans. A query for each stream would have as many as there are streams.
    let of_a_round = (scans().await - before) / rounds;
    assert!(of_a_round < STREAMS, "{of_a_round} scans a round");
    drop(streams);
    // Each session of PostgreSQL reports its scans at most once a second, so a feed that ran on would show.
    wait_for("the end of the feed", SOON, async || {
        let before = scans().await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        (scans().await == before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_log_that_begins_again_ends_the_streams() {
    let app = App::start().await;
    let mut events = Events::open(&app.admin(), &[("backlog", "1")]).await;
    events.ids(1).await;
    app.database
        .execute("truncate provider_endpoint_probe_logs restart identity")
        .await;
    probe(&app.database, "the first one").await;
    events.end().await;
}

/// More than the buffers of a connection and the probes that the server keeps for a slow client.
const MANY: usize = 3000;

#[tokio::test]
async fn a_client_that_does_not_read_gets_a_gap() {
    let app = App::start().await;
    let admin = app.admin();
    let mut slow = Events::open(&admin, &[("backlog", "0")]).await;
    let mut quick = Events::open(&admin, &[("backlog", "0"), ("search", "end of many")]).await;
    let many = format!(
        "insert into provider_endpoint_probe_logs (endpoint_id, source, ok, error_message) \
         select 1, 'manual', false, repeat('x', 10000) from generate_series(1, {MANY})"
    );
    app.database.execute(many).await;
    let end = probe(&app.database, "end of many").await;
    assert_eq!(quick.ids(1).await, [end]);
    let (mut probes, mut gaps, mut next) = (0, 0, end - MANY as i64);
    loop {
        let event = slow.next().await;
        if event.name == "gap" {
            assert_eq!(event.data["from"], json!(next));
            next = event.data["to"].as_i64().expect("an id is a number") + 1;
            gaps += 1;
            continue;
        }
        assert_eq!(event.data["id"], json!(next));
        (probes, next) = (probes + 1, next + 1);
        if event.data["id"] == json!(end) {
            break;
        }
    }
    assert!(gaps > 0 && probes < MANY, "{gaps} gaps, {probes} probes");
}

#[tokio::test]
async fn the_stream_ends_when_the_table_is_replaced() {
    let app = App::start().await;
    let mut events = Events::open(&app.admin(), &[("backlog", "0")]).await;
    let replace = "alter table provider_endpoint_probe_logs rename to old_logs; \
                   create table provider_endpoint_probe_logs (like old_logs including all)";
    app.database.execute(replace).await;
    events.end().await;
    // The first row of the new table comes, although its id is below the last event.
    app.database
        .execute(
            insert("new")
                .replace("(endpoint_id", "(id, endpoint_id")
                .replace("(1,", "(7, 1,"),
        )
        .await;
    let mut events = Events::open_after(&app.admin(), &[], "5000").await;
    assert_eq!(events.ids(1).await, [7]);
}

#[tokio::test]
async fn the_endpoints_have_their_last_probe_and_their_uptime() {
    let app = App::start().await;
    let answer = app.admin().probe_endpoints().answer().await.good();
    let endpoints: Value = answer.json();
    let endpoints = endpoints.as_array().expect("endpoints are a list");
    assert_eq!(endpoints.len(), 8);
    let list = "select id from provider_endpoints order by id";
    for id in app.database.texts(list).await.iter().flatten() {
        let endpoint = endpoints
            .iter()
            .find(|endpoint| endpoint["id"].as_u64() == id.parse().ok());
        let endpoint = endpoint.expect("each endpoint is listed");
        let window = format!(
            "endpoint_id = {id} and created_at > now() - interval '24 hours' and created_at <= now()"
        );
        let count = async |condition: &str| {
            let sql =
                format!("select count(*) from provider_endpoint_probe_logs where {window} and {condition}");
            app.database.number(&sql).await as f64
        };
        let uptime = endpoint["uptime24h"].as_f64().expect("it was probed");
        // A row may have left the 24 hours since the answer.
        assert!(
            (uptime - count("ok").await / count("true").await).abs() < 0.01,
            "{endpoint}"
        );
        let hours = endpoint["hours"].as_array().expect("hours are a list");
        let sum: u64 = hours.iter().filter_map(|hour| hour["probes"].as_u64()).sum();
        assert_eq!(hours.len(), 24);
        assert!((sum as f64 - count("true").await).abs() < 3.0, "{endpoint}");
        let last = format!("select last_probe_status_code from provider_endpoints where id = {id}");
        let last = app
            .database
            .text(&last)
            .await
            .unwrap_or_else(|| "null".to_owned());
        assert_eq!(endpoint["lastStatusCode"].to_string(), last);
    }
    app.database
        .execute("update provider_endpoints set deleted_at = now() where id = 1")
        .await;
    let answer = app.admin().probe_endpoints().answer().await.good();
    assert_eq!(answer.json::<Vec<Value>>().len(), 7);
    // An older hub has no such column.
    app.database
        .execute("alter table provider_endpoints drop column deleted_at")
        .await;
    let answer = app.admin().probe_endpoints().answer().await.good();
    assert_eq!(answer.json::<Vec<Value>>().len(), 8);
}

#[tokio::test]
async fn secrets_in_the_address_of_an_endpoint_are_masked() {
    let app = App::start().await;
    app.database
        .execute(
            "update provider_endpoints set label = null, url = 'https://me:word@h/v1?key=abc' where id = 1",
        )
        .await;
    let endpoints = app.admin().probe_endpoints().answer().await.good();
    assert!(
        endpoints.text().contains("https://***@h/v1?key=***"),
        "{}",
        endpoints.text()
    );
    let mut events = Events::open(&app.admin(), &[("backlog", "0")]).await;
    probe(&app.database, "of a secret address").await;
    assert_eq!(events.next().await.data["endpoint"], "https://***@h/v1?key=***");
}

#[tokio::test]
async fn probes_are_for_administrators_of_a_hub_with_probe_logs() {
    let app = App::start().await;
    let (user, _) = app.user().await;
    user.probes().answer().await.problem(403, "forbidden");
    user.probe_endpoints().answer().await.problem(403, "forbidden");
    app.anonymous()
        .probes()
        .answer()
        .await
        .problem(401, "unauthenticated");
    app.database
        .execute("alter table provider_endpoint_probe_logs rename to other")
        .await;
    app.admin().probes().answer().await.problem(404, "no_probes");
    app.admin()
        .probe_endpoints()
        .answer()
        .await
        .problem(404, "no_probes");
    app.database
        .execute("create view provider_endpoint_probe_logs as select * from other")
        .await;
    app.admin()
        .probes()
        .answer()
        .await
        .problem(409, "hub_table_refused");

    let no_hub = [("DECANT_BUILT_IN_DATASETS", "false")];
    let other = App::start_with(&no_hub).await;
    other.admin().probes().answer().await.problem(404, "no_hub");
    other
        .admin()
        .probe_endpoints()
        .answer()
        .await
        .problem(404, "no_hub");
}

#[tokio::test]
async fn poor_rows_do_not_stop_the_stream() {
    let app = App::start().await;
    app.database
        .execute(
            "insert into provider_endpoint_probe_logs (endpoint_id, ok, created_at) values (7, true, 'infinity'), \
             (7, true, null), (7, false, '294276-12-31'); \
             update provider_endpoints set last_probed_at = '-infinity' where id = 7",
        )
        .await;
    let mut events = Events::open(&app.admin(), &[("backlog", "3")]).await;
    for _ in 0..3 {
        let event = events.next().await;
        assert_eq!(event.data["createdAt"], Value::Null, "{event:?}");
    }
    app.admin().probe_endpoints().answer().await.good();
}

/// Returns the messages of the demo's failures, in this order of the log.
async fn messages(database: &Database, order: &str) -> Vec<String> {
    let sql = format!(
        "select replace(error_message, E'\\n', '⏎') from provider_endpoint_probe_logs where not ok \
         order by created_at {order}, id {order}"
    );
    database.texts(&sql).await.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_text_file_has_the_oldest_probe_first_unless_an_order_or_a_limit_is_given() {
    let app = App::start().await;
    let (oldest, newest) = (
        messages(&app.database, "asc").await,
        messages(&app.database, "desc").await,
    );
    let file = async |query: Query<'_>| {
        let query = [query, &[("format", "text"), ("failed", "true")]].concat();
        let answer = app
            .admin()
            .export("probe-logs")
            .queries(&query)
            .answer()
            .await
            .good();
        assert!(
            answer.header("content-disposition").contains(".txt"),
            "{:?}",
            answer.headers
        );
        answer.text()
    };
    let has_in_order = |text: &str, messages: &[String]| {
        let lines: Vec<_> = text.lines().collect();
        lines.len() == messages.len()
            && lines
                .iter()
                .zip(messages)
                .all(|(line, message)| line.ends_with(message))
    };
    assert!(has_in_order(&file(&[]).await, &oldest));
    assert!(has_in_order(&file(&[("sort", "reversed")]).await, &oldest));
    assert!(has_in_order(&file(&[("sort", "declared")]).await, &newest));
    assert!(has_in_order(&file(&[("limit", "7")]).await, &newest[..7]));

    let arguments = ["export", "probe-logs", "--format=text", "--failed", "-o", "-"];
    let settings = [("DSN", app.database.dsn.as_str())];
    let printed = decant_tests::program::run(&arguments, &settings).await.good();
    assert_eq!(String::from_utf8_lossy(&printed.stdout), file(&[]).await);
}
