//! Commands that ask for confirmation, Ctrl-C, and terminals that are closed.

use std::process::Stdio;
use std::time::Duration;

use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, SLOWLY};
use decant_tests::patience::wait_for;
use decant_tests::program;
use decant_tests::redis::Redis;
use decant_tests::server::data_dir;
use decant_tests::terminal::{CTRL_C, Terminal};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_restore_asks_for_the_name_of_the_database() {
    let database = Database::new().await;
    let (folder, data) = (folder(), folder());
    let settings = [("DSN", database.dsn.as_str()), data_dir(&data)];
    let file = folder.path().join("hub.dump");
    let file = file.to_str().unwrap();
    program::run(&["backup", "-o", file], &settings).await.good();
    let before = database.contents().await;
    database.execute("delete from message_request").await;
    let changed = database.contents().await;
    let name = database.text("select current_database()").await.unwrap();

    let mut terminal = Terminal::start(&["restore", file, "--merge"], &settings);
    terminal
        .shows(&format!("This changes the database `{name}`"))
        .await;
    terminal.press("yes\n").await;
    assert_eq!(terminal.ended().await, 1);
    terminal.shows("nothing was changed").await;
    assert_eq!(database.contents().await, changed);

    let mut terminal = Terminal::start(&["restore", file, "--merge"], &settings);
    terminal.shows("Type its name").await;
    terminal.press(&format!("{name}\n")).await;
    assert_eq!(terminal.ended().await, 0, "{}", terminal.screen());
    assert_eq!(database.contents().await, before);
}

#[tokio::test]
async fn ctrl_c_ends_a_clean_up_after_its_batch() {
    let database = Database::new().await;
    database.make_ledger().await;
    let data = folder();
    let settings = [
        ("DSN", database.dsn.as_str()),
        data_dir(&data),
        ("DECANT_CLEANUP_BATCH_ROWS", "50"),
        ("DECANT_CLEANUP_PAUSE_MS", "500"),
    ];
    let time = database.log_time(1.0).await;
    let count = format!("select count(*) from message_request where created_at < '{time}'");
    let matching = database.number(&count).await;

    let mut terminal = Terminal::start(&["cleanup", "--before", &time], &settings);
    terminal.shows("Type their number").await;
    terminal.press("7\n").await;
    assert_eq!(terminal.ended().await, 1);
    terminal.shows("nothing was deleted").await;

    let mut terminal = Terminal::start(&["cleanup", "--before", &time], &settings);
    terminal.shows("Type their number").await;
    terminal.press(&format!("{matching}\n")).await;
    terminal.shows("50 rows deleted").await;
    terminal.press(CTRL_C).await;
    assert_eq!(terminal.ended().await, 0, "{}", terminal.screen());
    terminal.shows("Stopped: ").await;
    let deleted = matching - database.number(&count).await;
    assert!(0 < deleted && deleted < matching, "{deleted} of {matching}");
    assert_eq!(deleted % 50, 0, "whole batches");
}

#[tokio::test]
async fn ctrl_c_leaves_no_file_of_an_export() {
    let database = Database::new().await;
    let definitions = Definitions::of(&[SLOWLY]);
    let (folder, data) = (folder(), folder());
    let settings = [
        ("DSN", database.dsn.as_str()),
        definitions.setting(),
        data_dir(&data),
    ];
    let file = folder.path().join("slowly.csv");
    let mut terminal = Terminal::start(&["export", "slowly", "-o", file.to_str().unwrap()], &settings);
    let part = folder.path().join("slowly.csv.part");
    let begun = async || part.exists().then_some(());
    wait_for("the file in the making", SOON, begun).await;
    terminal.press(CTRL_C).await;
    assert_eq!(terminal.ended().await, 128 + 2, "{}", terminal.screen());
    terminal.shows("stopped before the end").await;
    assert!(!file.exists() && !part.exists());
    let ended = async || (database.running_copies().await == 0).then_some(());
    wait_for("the end of the query", SOON, ended).await;
}

#[tokio::test]
async fn ctrl_c_leaves_no_file_of_a_dump_and_releases_the_lock() {
    let database = Database::new().await;
    let long = "create table long as select repeat(md5(n::text), 1000) from generate_series(1, 10000) n";
    database.execute(long).await;
    let redis = Redis::start().await;
    let redis_url = redis.url();
    let (folder, data) = (folder(), folder());
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("REDIS_URL", redis_url.as_str()),
        ("DECANT_DUMP_COMPRESSION", "gzip:9"),
        data_dir(&data),
    ];
    let file = folder.path().join("hub.dump");
    let mut terminal = Terminal::start(&["backup", "-o", file.to_str().unwrap()], &settings);
    let part = folder.path().join("hub.dump.part");
    let begun = async || part.exists().then_some(());
    wait_for("the file in the making", SOON, begun).await;
    terminal.press(CTRL_C).await;
    assert_eq!(terminal.ended().await, 128 + 2, "{}", terminal.screen());
    terminal.shows("stopped before the end").await;
    assert!(!file.exists() && !part.exists());
    // Redis would keep the lock of a killed command for minutes.
    let backup = ["backup", "--mode", "excludeLogs", "-o", file.to_str().unwrap()];
    database.execute("drop table long").await;
    program::run(&backup, &settings).await.good();
}

#[tokio::test]
async fn ctrl_c_undoes_a_restore_and_releases_the_lock() {
    let database = Database::new().await;
    let redis = Redis::start().await;
    let redis_url = redis.url();
    let (folder, data, migrations) = (folder(), folder(), folder());
    std::fs::write(migrations.path().join("slowly.sql"), "select pg_sleep(600)").unwrap();
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("REDIS_URL", redis_url.as_str()),
        (
            "DECANT_POST_RESTORE_MIGRATIONS",
            migrations.path().to_str().unwrap(),
        ),
        data_dir(&data),
    ];
    let file = folder.path().join("hub.dump");
    let file = file.to_str().unwrap();
    program::run(&["backup", "-o", file], &settings).await.good();
    database.execute("delete from message_request").await;
    let changed = database.contents().await;
    let databases = "select count(*) from pg_database where datname like current_database() || '%'";
    assert_eq!(database.number(databases).await, 1);

    let mut terminal = Terminal::start(&["restore", file, "--clean", "--yes"], &settings);
    terminal.shows("Migrating").await;
    terminal.press(CTRL_C).await;
    assert_eq!(terminal.ended().await, 128 + 2, "{}", terminal.screen());
    terminal.shows("the database is as it was").await;
    assert_eq!(database.contents().await, changed);
    assert_eq!(database.number(databases).await, 1);
    program::run(&["backup", "-o", file], &settings).await.good();
}

/// Starts a command without its messages.
fn quiet(mut command: Command) -> Child {
    command.stderr(Stdio::null()).spawn().expect("it starts")
}

/// Sends SIGHUP twice, as the kernel and the shell of a closed terminal do. Returns the exit code.
async fn hung_up(mut command: Child) -> Option<i32> {
    let pid = Pid::from_raw(command.id().expect("it runs").cast_signed());
    for _ in 0..2 {
        kill(pid, Signal::SIGHUP).expect("it runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    command.wait().await.expect("it ends").code()
}

#[tokio::test]
async fn a_closed_terminal_ends_an_export_and_a_dump_as_ctrl_c_does() {
    let database = Database::new().await;
    let long = "create table long as select repeat(md5(n::text), 1000) from generate_series(1, 10000) n";
    database.execute(long).await;
    let definitions = Definitions::of(&[SLOWLY]);
    let (folder, data) = (folder(), folder());
    let settings = [
        ("DSN", database.dsn.as_str()),
        definitions.setting(),
        ("DECANT_DUMP_COMPRESSION", "gzip:9"),
        data_dir(&data),
    ];
    let file = folder.path().join("file");
    let part = folder.path().join("file.part");
    for arguments in [&["export", "slowly"][..], &["backup"]] {
        let arguments = [arguments, &["-o", file.to_str().unwrap()]].concat();
        let running = quiet(program::command(&arguments, &settings));
        let begun = async || part.exists().then_some(());
        wait_for("the file in the making", SOON, begun).await;
        assert_eq!(hung_up(running).await, Some(128 + 2), "{arguments:?}");
        assert!(!file.exists() && !part.exists(), "{arguments:?}");
    }
    let ended = async || (database.running_copies().await == 0).then_some(());
    wait_for("the end of the queries", SOON, ended).await;
}

#[tokio::test]
async fn a_closed_terminal_undoes_a_restore() {
    let database = Database::new().await;
    let (folder, data, migrations) = (folder(), folder(), folder());
    std::fs::write(migrations.path().join("slowly.sql"), "select pg_sleep(600)").unwrap();
    let settings = [
        ("DSN", database.dsn.as_str()),
        (
            "DECANT_POST_RESTORE_MIGRATIONS",
            migrations.path().to_str().unwrap(),
        ),
        data_dir(&data),
    ];
    let file = folder.path().join("hub.dump");
    let file = file.to_str().unwrap();
    program::run(&["backup", "-o", file], &settings).await.good();
    let before = database.contents().await;
    let restore = ["restore", file, "--clean", "--yes"];
    let running = quiet(program::command(&restore, &settings));
    let sleeping = "select count(*) from pg_stat_activity where query = 'select pg_sleep(600)' \
                    and datname like current_database() || '%'";
    let migrates = async || (database.number(sleeping).await == 1).then_some(());
    wait_for("the migration", Duration::from_secs(60), migrates).await;
    assert_eq!(hung_up(running).await, Some(128 + 2));
    assert_eq!(database.contents().await, before);
    let databases = "select count(*) from pg_database where datname like current_database() || '%'";
    assert_eq!(database.number(databases).await, 1);
}

#[tokio::test]
async fn a_command_under_nohup_survives_its_terminal() {
    let database = Database::new().await;
    let definitions = Definitions::of(&[SLOWLY]);
    let (folder, data) = (folder(), folder());
    let file = folder.path().join("slowly.csv");
    let mut nohup = Command::new("nohup");
    nohup
        .arg(program::path())
        .args(["export", "slowly", "-o", file.to_str().unwrap()])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs([
            ("DSN", database.dsn.as_str()),
            definitions.setting(),
            data_dir(&data),
        ])
        .kill_on_drop(true);
    let running = quiet(nohup);
    let part = folder.path().join("slowly.csv.part");
    let begun = async || part.exists().then_some(());
    wait_for("the file in the making", SOON, begun).await;
    assert_eq!(hung_up(running).await, Some(0));
    assert!(file.exists());
}
