//! The clock of the database jumps, over daylight saving and back. Each due time of a schedule runs once, on any number of servers.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use decant_embedded::EmbeddedPostgres;
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::patience::wait_for;
use decant_tests::server::Server;
use jiff::Timestamp;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

const SOON: Duration = Duration::from_secs(20);

/// A PostgreSQL whose clock a test moves. Dropping the value ends it.
struct MovedClock {
    postmaster: Child,
    offset: PathBuf,
    dsn: String,
}

impl MovedClock {
    /// Starts one in this folder, with the time of now.
    async fn start(data: &Path) -> Self {
        let embedded = EmbeddedPostgres::start_with(data, &[("fsync", "off")]).await;
        let embedded = embedded.expect("the private PostgreSQL starts");
        let process = PathBuf::from(format!("/proc/{}", embedded.process_id()));
        let command = fs::read_to_string(process.join("cmdline")).expect("it runs");
        let account = fs::metadata(&process).expect("it runs");
        let dsn = embedded.url();
        embedded.stop().await.expect("it stops");
        let arguments: Vec<_> = command.split_terminator('\0').collect();
        let offset = data.join("offset");
        fs::write(&offset, "+0").expect("the folder is ours");
        // The same program once more, with a library that shifts its clock by the number of seconds in a file.
        let postmaster = Command::new(arguments[0])
            .args(&arguments[1..])
            .uid(account.uid())
            .gid(account.gid())
            .env("LD_PRELOAD", library())
            .env("FAKETIME_TIMESTAMP_FILE", &offset)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("PostgreSQL starts");
        let moved = Self {
            postmaster,
            offset,
            dsn,
        };
        wait_for("the database", SOON, async || {
            PgConnection::connect(&moved.dsn).await.ok()
        })
        .await;
        moved
    }

    /// Sets the clock to a time in RFC 3339; from there it goes on.
    fn set(&self, time: &str) {
        let time: Timestamp = time.parse().expect("it is a time");
        let seconds = time.duration_since(Timestamp::now()).as_secs();
        fs::write(&self.offset, format!("{seconds:+}")).expect("the folder is ours");
    }

    /// Returns the due times of the exports that schedules have created, in their order.
    async fn runs(&self) -> Vec<String> {
        let mut connection = PgConnection::connect(&self.dsn).await.expect("it answers");
        let sql = "select to_char(due at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI\"Z\"') from decant.data_exports \
                   where schedule_id is not null order by due, id";
        sqlx::query_scalar(sql)
            .fetch_all(&mut connection)
            .await
            .expect("the table is there")
    }

    /// Waits for so many exports of schedules, and a little longer for more than these.
    async fn wait_for_runs(&self, count: usize) -> Vec<String> {
        wait_for(&format!("{count} runs"), SOON, async || {
            (self.runs().await.len() >= count).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        self.runs().await
    }
}

impl Drop for MovedClock {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.postmaster.id().cast_signed()), Signal::SIGINT);
        let _ = self.postmaster.wait();
    }
}

fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("it is there").flatten();
    let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    libraries
        .find(|library| library.exists())
        .expect("libfaketime is installed: scripts/set-up.sh test")
}

#[tokio::test]
async fn each_time_of_a_schedule_runs_once_over_daylight_saving_and_a_clock_that_is_set_back() {
    let data = folder();
    let clock = MovedClock::start(data.path()).await;
    let settings = [
        ("STATE_DSN", clock.dsn.as_str()),
        ("DECANT_WORKERS", "0"),
        ("DECANT_SCHEDULE_TICK_SECONDS", "1"),
    ];
    let app = App::start_on(Database::new().await, &settings).await;
    let source = ("DSN", app.database.dsn.as_str());
    let _other = Server::start(&[&[source], &settings[..]].concat()).await;
    // Europe/Berlin goes from 02:00 to 03:00 in the night of 28 March 2027, and from 03:00 back to 02:00 in that of 31 October.
    clock.set("2027-03-27T01:29:00Z");
    let schedule = json!({ "exportType": "dataset", "dataset": "usage-logs", "format": "csv", "recurrence": "daily",
        "zone": "Europe/Berlin", "scheduledAt": "2027-03-27T02:30" });
    let answer = app.admin().schedule_export(&schedule).answer().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(clock.runs().await, [""; 0]);

    clock.set("2027-03-27T01:30:10Z");
    assert_eq!(clock.wait_for_runs(1).await, ["2027-03-27T01:30Z"]);
    // Over the hour that this night does not have.
    clock.set("2027-03-28T00:59:58Z");
    let spring = ["2027-03-27T01:30Z", "2027-03-28T01:00Z"];
    assert_eq!(clock.wait_for_runs(2).await, spring);
    clock.set("2027-03-28T01:45:00Z");
    assert_eq!(clock.wait_for_runs(2).await, spring);
    // A clock that is set back by two hours reaches the time once more.
    clock.set("2027-03-27T23:45:00Z");
    assert_eq!(clock.wait_for_runs(2).await, spring);
    clock.set("2027-03-28T01:00:10Z");
    assert_eq!(clock.wait_for_runs(2).await, spring);
    // Seven months in which no server ran are one run, and 02:30 comes twice in the night after.
    clock.set("2027-10-30T12:00:00Z");
    let before = clock.wait_for_runs(3).await;
    assert_eq!(before[2], "2027-03-29T00:30Z");
    clock.set("2027-10-31T00:30:10Z");
    let autumn = clock.wait_for_runs(4).await;
    assert_eq!(autumn[3], "2027-10-31T00:30Z");
    clock.set("2027-10-31T01:30:10Z");
    assert_eq!(clock.wait_for_runs(4).await, autumn);
    clock.set("2027-11-01T01:30:10Z");
    let last = clock.wait_for_runs(5).await;
    assert_eq!(last[4..], ["2027-11-01T01:30Z"]);
}
