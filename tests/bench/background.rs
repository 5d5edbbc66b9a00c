//! Background exports: a stored file beside `psql | gzip`, the queue of many records, servers that do nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use decant_tests::actors::Actor;
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::bed::Bed;
use crate::client;
use crate::line::Line;
use crate::outcome::Outcome;
use crate::process::Process;
use crate::quantity::{megabytes, milliseconds, seconds};
use crate::report::Section;
use crate::samples::Samples;
use crate::schedules;

const ROUNDS: usize = 5;
const STATE: &str = "bench_state";

/// Bound for the memory of a worker.
const MEMORY_MAX_BYTES: u64 = 64_000_000;

const MANY: usize = 10_000;
const MANY_MAX_SECONDS: f64 = 2.0;

/// Records of a thousand persons, a thousand each.
const RECORDS: u64 = 1_000_000;
const ASKED: usize = 21;
const ASKED_MAX_MILLISECONDS: f64 = 5.0;

const IDLE_SERVERS: usize = 20;
const IDLE: Duration = Duration::from_secs(20);
const IDLE_MAX_PERCENT: f64 = 1.0;

/// Finished exports of other persons, and of the administrator as many as of each.
const FILL: &str = "
    insert into decant.data_exports
        (id, subject, caller, credential, role, scope, export_type, dataset, format, status, retention_hours, created_at,
         completed_at, file_bytes, sha256)
      select gen_random_uuid(), case n % 1000 when 0 then 'token:admin' else 'hub:' || n % 1000 end, 'A name', 'key:1',
             'user', '{\"all\":true}', 'dataset', 'usage-logs', 'csv', 'completed', 168, now() - n * interval '1 second', now() - n * interval '1 second', 1, ''
      from generate_series(1, 1000000) n";

/// The time of the claim that the person's last turn belongs to: from the begin of its transaction to its last step.
const CLAIM: &str = "
    select extract(epoch from t.claimed_at - e.started_at)::float8
      from decant.export_turns t join decant.data_exports e on e.subject = t.subject
      where e.started_at <= t.claimed_at and t.subject = 'token:admin' order by e.started_at desc limit 1";

pub async fn measure(bed: &Bed) -> Outcome<Section> {
    let mut connection = PgConnection::connect(&bed.dsn).await?;
    connection
        .execute(AssertSqlSafe(format!("create database {STATE}")))
        .await?;
    connection.close().await?;
    let state = bed.dsn_of(STATE);
    let mut lines = stored_file(bed, &state).await?;
    lines.extend(queue(bed, &state).await?);
    lines.push(idle(bed, &state).await?);
    lines.extend(schedules::lines(bed, &state).await?);
    Ok(Section {
        title: "Background exports",
        how: format!(
            "`POST /api/exports` of the usage logs as CSV with gzip into a folder, from the request until the export is \
             completed, beside `psql -c \"copy (the same query) to stdout (format csv)\" | gzip -1 > FILE`. Median of \
             {ROUNDS} rounds of one after the other, after one that does not count; the memory is the server's greatest, \
             whose worker writes the file. {MANY} exports in one `POST /api/exports/bulk-enqueue`. Then {RECORDS} finished \
             records of 1,000 persons: the status of one and the first page of the list, from the request to the last byte, and \
             the claim, from the begin of its transaction to its last step, median of {ASKED}. From creation to start: both \
             commits, the notification and the claim. At last {IDLE_SERVERS} servers with nothing to \
             do for {} s: the processor time of all processes of PostgreSQL. Then the figures of 90 days of everybody, \
             and a server with 10,000 schedules that looks each second, none of which is due.",
            IDLE.as_secs()
        ),
        lines,
    })
}

async fn server(bed: &Bed, state: &str, workers: &str) -> Server {
    Server::start(&[
        ("DSN", &bed.dsn),
        ("STATE_DSN", state),
        ("EXPORT_MAX_SIZE", "10000000000"),
        ("DECANT_WORKERS", workers),
    ])
    .await
}

fn administrator(server: &Server) -> Actor {
    Actor::new(&server.address).with_token(ADMIN_TOKEN)
}

async fn stored_file(bed: &Bed, state: &str) -> Outcome<Vec<Line>> {
    let server = server(bed, state, "1").await;
    let (admin, process) = (administrator(&server), Process { id: server.pid() });
    let file = bed.file("psql.csv.gz");
    let (mut ours, mut theirs, mut bytes) = (Samples::default(), Samples::default(), 0);
    for round in 0..=ROUNDS {
        let psql = psql_and_gzip(bed, &file)?;
        fs::remove_file(&file)?;
        process.forget_peak()?;
        let (took, stored) = one(&admin).await?;
        if round > 0 {
            theirs.add(psql);
            ours.add(took);
            bytes = stored;
        }
    }
    Ok(vec![
        Line::new("stored file: time", seconds(ours.median()))
            .beside("psql | gzip -1", seconds(theirs.median()))
            .ratio_at_most(1.15),
        Line::new(
            "stored file: memory of the server",
            megabytes(process.peak_bytes()?),
        )
        .at_most(megabytes(MEMORY_MAX_BYTES)),
        Line::new("stored file: bytes", megabytes(bytes)),
    ])
}

/// Makes an export. Returns its time and the bytes of its file.
async fn one(admin: &Actor) -> Outcome<(Duration, u64)> {
    let body = json!({ "dataset": "usage-logs", "format": "csv", "options": { "compression": "gzip" } });
    let begun = Instant::now();
    let created: Value = admin.create_export(&body).answer().await.good().json();
    let id = created["export"]["id"].as_str().ok_or("an export has an id")?;
    loop {
        let shown: Value = admin.show_export(id).answer().await.good().json();
        let export = &shown["export"];
        match export["status"].as_str() {
            Some("completed") => {
                return Ok((begun.elapsed(), export["fileSize"].as_u64().unwrap_or_default()));
            }
            Some("queued" | "processing") => tokio::time::sleep(Duration::from_millis(10)).await,
            _ => return Err(format!("the export ended: {export}").into()),
        }
    }
}

fn psql_and_gzip(bed: &Bed, file: &Path) -> Outcome<Duration> {
    let psql = bed.psql();
    let begun = Instant::now();
    let mut copy = Command::new(&psql.program)
        .args(["-X", "-q", "-d", psql.dsn, "-c"])
        .arg(format!("copy ({}) to stdout (format csv)", psql.select))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let rows = copy.stdout.take().ok_or("its output is piped")?;
    let packed = Command::new("gzip")
        .arg("-1")
        .stdin(rows)
        .stdout(fs::File::create(file)?)
        .status()?;
    match copy.wait()?.success() && packed.success() {
        true => Ok(begun.elapsed()),
        false => Err("psql or gzip failed".into()),
    }
}

async fn queue(bed: &Bed, state: &str) -> Outcome<Vec<Line>> {
    let server = server(bed, state, "0").await;
    let body = json!({ "exports": vec![json!({ "dataset": "usage-logs", "format": "csv" }); MANY] });
    let begun = Instant::now();
    administrator(&server).create_exports(&body).answer().await.good();
    let enqueued = begun.elapsed();
    drop(server);

    let mut connection = PgConnection::connect(state).await?;
    connection.execute("truncate decant.data_exports cascade").await?;
    connection.execute(FILL).await?;
    // As PostgreSQL does it by itself after so many rows.
    connection.execute("vacuum analyze decant.data_exports").await?;
    let id: String =
        sqlx::query_scalar("select id::text from decant.data_exports where subject = 'token:admin' limit 1")
            .fetch_one(&mut connection)
            .await?;
    let server = self::server(bed, state, "1").await;
    let (mut status, mut list, mut claims) = (Samples::default(), Samples::default(), Vec::new());
    for _ in 0..ASKED {
        status.add(client::read(&server, &format!("/api/exports/{id}/status"), "identity")?.took);
        list.add(client::read(&server, "/api/exports", "identity")?.took);
        let one = json!({ "dataset": "usage-logs", "format": "csv", "limit": 1 });
        administrator(&server).create_export(&one).answer().await.good();
        // One after the other, so that none waits for another.
        tokio::time::sleep(Duration::from_millis(500)).await;
        claims.push(
            sqlx::query_scalar::<_, f64>(CLAIM)
                .fetch_one(&mut connection)
                .await?,
        );
    }
    let starts: Vec<f64> = sqlx::query_scalar(
        "select extract(epoch from started_at - created_at)::float8 from decant.data_exports \
         where started_at > created_at and lease_fence > 0",
    )
    .fetch_all(&mut connection)
    .await?;
    connection.close().await?;
    let asked = |what: &str, times: &Samples| {
        Line::new(
            format!("{RECORDS} records: {what}"),
            milliseconds(times.median() * 1000.0),
        )
        .at_most(milliseconds(ASKED_MAX_MILLISECONDS))
    };
    Ok(vec![
        Line::new(
            format!("{MANY} exports in one request"),
            seconds(enqueued.as_secs_f64()),
        )
        .at_most(seconds(MANY_MAX_SECONDS)),
        asked("status", &status),
        asked("list", &list),
        asked("claim", &Samples::from(claims)),
        Line::new(
            format!("{RECORDS} records: from creation to start"),
            milliseconds(Samples::from(starts).median() * 1000.0),
        ),
    ])
}

/// Returns the share of a core that PostgreSQL takes while servers wait for work.
async fn idle(bed: &Bed, state: &str) -> Outcome<Line> {
    let mut servers = Vec::new();
    for _ in 0..IDLE_SERVERS {
        servers.push(server(bed, state, "1").await);
    }
    // The work at the start of a server takes less.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = bed.postgres_processor_time()?;
    tokio::time::sleep(IDLE).await;
    let spent = bed.postgres_processor_time()? - before;
    let percent = spent.as_secs_f64() / IDLE.as_secs_f64() * 100.0;
    let what = format!("{IDLE_SERVERS} idle servers: PostgreSQL's share of a core");
    Ok(
        Line::new(what, crate::quantity::percent(percent))
            .at_most(crate::quantity::percent(IDLE_MAX_PERCENT)),
    )
}
