//! Background exports in a storm: two servers, three workers, one fault a second.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use decant_tests::actors::Actor;
use decant_tests::benchmarks;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, NUMBERS, SLOWLY};
use decant_tests::exports::Exports;
use decant_tests::nginx::Nginx;
use decant_tests::patience::wait_for;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::redis::Redis;
use decant_tests::s3::S3;
use decant_tests::server::Server;
use decant_tests::worker::Worker;
use futures_util::TryStreamExt as _;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use object_store::ObjectStore as _;
use serde_json::{Value, json};
use tempfile::TempDir;

const EXPORTS: usize = 300;
const WORKERS: usize = 3;

/// Bounds the storm. Unfinished exports are completed without faults afterwards.
const STORM_MAX: Duration = Duration::from_secs(360);
const REST_MAX: Duration = Duration::from_secs(180);

/// A lease in seconds, and a pause of a worker that lasts longer.
const LEASE: &str = "3";
const BEYOND_THE_LEASE: Duration = Duration::from_secs(5);

/// A server that lives through the storm may keep this much more memory than after its first minute.
const GROWTH_MAX: u64 = 64 * 1024 * 1024;

/// The conditions that [`Bed::examine`] checks.
const HELD: &str = "No export was lost, completed twice or without a cause. After the clean-up, each file had its export, no upload was \
    unfinished, and the space in use was the sum of the files. Each file passed its check.\n";

const FORMATS: [&str; 7] = ["csv", "json", "jsonl", "xlsx", "html", "markdown", "xml"];

const FAULTS: [Fault; 10] = [
    Fault::KilledWorker,
    Fault::PausedWorker,
    Fault::KilledServer,
    Fault::KilledRedis,
    Fault::PausedRedis,
    Fault::CrashedPostgres,
    Fault::EndedSessions,
    Fault::RefusingStorage,
    Fault::FailingStorage,
    Fault::PausedStorage,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    KilledWorker,
    PausedWorker,
    KilledServer,
    KilledRedis,
    PausedRedis,
    /// PostgreSQL ends all sessions and recovers when one of its processes is killed.
    CrashedPostgres,
    EndedSessions,
    RefusingStorage,
    /// The storage answers each request with 500 for a second.
    FailingStorage,
    PausedStorage,
}

#[tokio::test]
async fn no_export_is_lost_or_doubled_in_a_storm() {
    let mut bed = Bed::start().await;
    let begun = Instant::now();
    let creating = tokio::spawn(create_all(bed.exports.app.admin()));
    let mut faults: BTreeMap<Fault, usize> = BTreeMap::new();
    let mut memory = None;
    for number in 0.. {
        if begun.elapsed() > STORM_MAX || (creating.is_finished() && bed.unfinished().await == 0) {
            break;
        }
        // A step that has no factor with the number of faults visits all of them in a mixed order.
        let fault = FAULTS[number * 7 % FAULTS.len()];
        bed.strike(fault, number).await;
        *faults.entry(fault).or_default() += 1;
        if memory.is_none() && begun.elapsed() > Duration::from_secs(60) {
            memory = Some(bed.exports.app.server.memory_bytes());
        }
    }
    let storm = begun.elapsed();
    creating.await.expect("all exports are created");
    let finished = async || (bed.unfinished().await == 0).then_some(());
    wait_for("the end of all exports", REST_MAX, finished).await;
    let now = bed.exports.app.server.memory_bytes();
    let table = bed.table(&faults, storm, memory, now).await;
    println!("{table}");
    bed.examine().await;
    let after = memory.expect("the storm lasts longer than a minute");
    assert!(now < after + GROWTH_MAX, "{after} bytes, then {now}");
    benchmarks::write_storm(&format!("{table}\n{HELD}")).expect("BENCHMARKS.md is in the repository");
}

/// Creates the exports one after the other. A refusal while a database is away is tried again with the same key.
async fn create_all(admin: Actor) {
    for number in 0..EXPORTS {
        let dataset = match number % 3 {
            0 => "slowly",
            1 => "numbers",
            _ => "usage-logs",
        };
        let body = json!({ "dataset": dataset, "format": FORMATS[number % FORMATS.len()] });
        let key = format!("export-{number}");
        loop {
            let request = admin.create_export(&body).header("idempotency-key", &key);
            let answer = request.answer().await;
            match answer.status {
                202 => break,
                503 => second().await,
                _ => panic!("{}", answer.text()),
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

struct Bed {
    exports: Exports,
    other: Server,
    workers: Vec<Worker>,
    redis: Redis,
    s3: S3,
    network: Proxy,
    _nginx: Nginx,
    /// Its file `failing` makes the storage answer 500.
    folder: TempDir,
    /// Lives as long as the servers.
    _definitions: Definitions,
    settings: Vec<(String, String)>,
}

impl Bed {
    async fn start() -> Self {
        let (redis, s3, folder) = (Redis::start().await, S3::start().await, folder());
        let nginx = Nginx::with(&format!(
            "location / {{ if (-f {}/failing) {{ return 500; }} client_max_body_size 0; \
             proxy_set_header Host $http_host; proxy_pass http://{}; }}",
            folder.path().display(),
            s3.address()
        ))
        .await;
        let network = Proxy::to(&nginx.address).await;
        let definitions = Definitions::of(&[NUMBERS, SLOWLY]);
        let mut settings: Vec<(String, String)> = s3
            .settings()
            .into_iter()
            .filter(|(name, _)| *name != "AWS_ENDPOINT_URL")
            .chain([definitions.setting()])
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        settings.extend(
            [
                ("AWS_ENDPOINT_URL", format!("http://{}", network.address)),
                ("REDIS_URL", redis.url()),
                ("DECANT_EXPORT_LEASE_SECONDS", LEASE.to_owned()),
                ("DECANT_EXPORTS_PER_USER", "6".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let exports = Exports::start_on(Database::new().await, &without_workers(&settings)).await;
        // The tests' clusters lose the last commits of a crash otherwise.
        let durable = "do $$ begin execute format('alter database %I set synchronous_commit = on', current_database()); end $$";
        exports.state.execute(durable).await;
        exports.state.end_sessions("%").await;
        settings.extend(
            [
                ("DSN", exports.app.database.dsn.as_str()),
                ("STATE_DSN", exports.state.dsn.as_str()),
                ("DECANT_EXPORT_POLL_SECONDS", "1"),
                ("DECANT_EXPORT_RETRY_SECONDS", "1"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let other = Server::start(&without_workers(&settings)).await;
        let mut workers = Vec::new();
        for _ in 0..WORKERS {
            workers.push(Worker::start(&exports, &borrowed(&settings)).await);
        }
        Self {
            exports,
            other,
            workers,
            redis,
            s3,
            network,
            _nginx: nginx,
            folder,
            _definitions: definitions,
            settings,
        }
    }

    /// Makes a fault and mends it. It takes about a second.
    async fn strike(&mut self, fault: Fault, number: usize) {
        let worker = number / FAULTS.len() % WORKERS;
        match fault {
            Fault::KilledWorker => {
                self.workers[worker].crash().await;
                second().await;
                self.workers[worker] = Worker::start(&self.exports, &borrowed(&self.settings)).await;
            }
            Fault::PausedWorker => {
                self.workers[worker].pause();
                tokio::time::sleep(BEYOND_THE_LEASE).await;
                self.workers[worker].go_on();
            }
            Fault::KilledServer => {
                self.other.crash().await;
                self.other = Server::start(&without_workers(&self.settings)).await;
            }
            Fault::KilledRedis => {
                self.redis.crash();
                second().await;
                self.redis.start_again().await;
            }
            Fault::PausedRedis => {
                self.redis.pause();
                second().await;
                self.redis.go_on();
            }
            Fault::CrashedPostgres => {
                let pids = self.exports.state.decant_sessions("%").await;
                if let Some(pid) = pids.first() {
                    let pid = i32::try_from(*pid).expect("a process id is small");
                    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("the session runs");
                }
                second().await;
            }
            Fault::EndedSessions => {
                self.exports.state.end_sessions("%").await;
                self.exports.app.database.end_sessions("%").await;
                second().await;
            }
            Fault::RefusingStorage => {
                self.network.set(Behavior::Refusing);
                second().await;
                self.network.set(Behavior::Normal);
            }
            Fault::FailingStorage => {
                let failing = self.folder.path().join("failing");
                std::fs::write(&failing, "").expect("the folder is ours");
                second().await;
                std::fs::remove_file(&failing).expect("the file is ours");
            }
            Fault::PausedStorage => {
                self.s3.pause();
                second().await;
                self.s3.go_on();
            }
        }
    }

    async fn number(&self, sql: &str) -> u64 {
        self.exports.state.number(sql).await
    }

    async fn unfinished(&self) -> u64 {
        self.count("status not in ('completed', 'failed', 'cancelled')")
            .await
    }

    /// Returns what the storm was and what became of the exports, as Markdown.
    async fn table(
        &self,
        faults: &BTreeMap<Fault, usize>,
        storm: Duration,
        memory_before: Option<u64>,
        memory: u64,
    ) -> String {
        let faults: Vec<_> = faults
            .iter()
            .map(|(fault, count)| format!("{count} {fault:?}"))
            .collect();
        let completed = self.count("status = 'completed'").await;
        let again = self
            .number("select count(*) from decant.export_logs where event_type = 'retry'")
            .await;
        let causes = "select count(*) || ' ' || error_code || ': ' || left(error_message, 100) \
                      from decant.data_exports where status = 'failed' group by error_code, left(error_message, 100) \
                      order by count(*) desc, 1";
        let causes: Vec<_> = self
            .exports
            .state
            .texts(causes)
            .await
            .into_iter()
            .flatten()
            .collect();
        let rows = [
            ("exports", EXPORTS.to_string()),
            ("completed", completed.to_string()),
            ("failed, with their causes", causes.join("; ")),
            ("attempts that were repeated", again.to_string()),
            ("time", format!("{} s", storm.as_secs())),
            ("faults", faults.join(", ")),
            (
                "memory of the server after a minute, and at the end",
                match memory_before {
                    Some(before) => format!("{} MB, {} MB", before / 1_000_000, memory / 1_000_000),
                    None => format!("not measured, {} MB", memory / 1_000_000),
                },
            ),
        ];
        let rows: String = rows
            .iter()
            .map(|(name, value)| format!("| {name} | {} |\n", value.replace('|', "\\|").replace('\n', " ")))
            .collect();
        format!(
            "Written by `make soak`, on {}: two servers, {WORKERS} workers with a lease of {LEASE} s, PostgreSQL, Redis and an S3 \
             service, a debug build. Exports of {} formats, and about one fault a second until all exports have ended, at most {} s. \
             Then a clean-up, and `verify` reads each file.\n\n| What | Value |\n| --- | --- |\n{rows}",
            jiff::Timestamp::now().strftime("%Y-%m-%d"),
            FORMATS.len(),
            STORM_MAX.as_secs()
        )
    }

    /// Returns the number of exports that meet the condition.
    async fn count(&self, condition: &str) -> u64 {
        self.number(&format!(
            "select count(*) from decant.data_exports where {condition}"
        ))
        .await
    }

    /// Checks what must hold after any storm.
    ///
    /// # Panics
    /// If an export is lost, doubled or without a cause, or a file or an unfinished upload belongs to none.
    async fn examine(&self) {
        let admin = self.exports.app.admin();
        assert_eq!(self.count("true").await, EXPORTS as u64);
        let without_cause = "status = 'failed' and (error_code is null or error_message is null)";
        assert_eq!(self.count(without_cause).await, 0);
        assert_eq!(self.count("status = 'cancelled'").await, 0);
        let completed = self.count("status = 'completed'").await;
        // An export has three attempts. Each second has a fault, so that some exports meet three.
        assert!(
            completed * 3 >= EXPORTS as u64 * 2,
            "only {completed} are completed"
        );
        let doubled = "select count(*) from (select from decant.export_logs where event_type = 'complete' \
                       group by export_id having count(*) > 1) twice";
        assert_eq!(self.number(doubled).await, 0);
        // Killed workers leave files and parts behind. One clean-up removes all of them.
        admin.clean_up_exports(&json!({})).answer().await.good();
        let dry = admin.clean_up_exports(&json!({ "dryRun": true }));
        let dry: Value = dry.answer().await.good().json();
        assert_eq!(
            (&dry["orphanFiles"], &dry["failed"]),
            (&json!(0), &json!([])),
            "{dry}"
        );
        let objects: Vec<_> = self
            .s3
            .client()
            .list(None)
            .try_collect()
            .await
            .expect("the bucket is listed");
        // Each file has a manifest beside it.
        assert_eq!(objects.len() as u64, completed * 2);
        let used = self
            .number("select coalesce(sum(used_bytes), 0)::bigint from decant.storage_usage")
            .await;
        let stored = self
            .number("select sum(file_bytes)::bigint from decant.data_exports where status = 'completed'")
            .await;
        assert_eq!(used, stored);
        let ids = "select id from decant.data_exports where status = 'completed'";
        for id in self.exports.state.texts(ids).await.into_iter().flatten() {
            let report: Value = admin.verify_export(&id).answer().await.good().json();
            assert_eq!(report["verification"]["success"], true, "{report}");
        }
    }
}

fn borrowed(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn without_workers(settings: &[(String, String)]) -> Vec<(&str, &str)> {
    [borrowed(settings), vec![("DECANT_WORKERS", "0")]].concat()
}

async fn second() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}
