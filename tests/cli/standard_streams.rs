//! Commands whose standard output or standard error takes no more.

use std::fs::{File, OpenOptions};
use std::process::Stdio;

use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::program::{self, Settings};
use decant_tests::server::data_dir;

fn full_disk() -> File {
    OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has /dev/full")
}

/// Returns a pipe whose reader has ended.
fn closed_pipe() -> impl Into<Stdio> {
    let (_, writer) = std::io::pipe().expect("the system has pipes");
    writer
}

/// Runs the command with this standard output, and returns exit code and standard error.
async fn with_stdout(
    stdout: impl Into<Stdio>,
    arguments: &[&str],
    settings: Settings<'_>,
) -> (Option<i32>, String) {
    let mut command = program::command(arguments, settings);
    let running = command
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let output = running.wait_with_output().await.expect("it ends");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[tokio::test]
async fn a_command_whose_output_takes_nothing_fails_without_a_panic() {
    let database = Database::new().await;
    let (folder, data) = (folder(), folder());
    let settings = [("DSN", database.dsn.as_str()), data_dir(&data)];
    let file = folder.path().join("x.csv");
    std::fs::write(&file, "a,b\r\n1,2\r\n").unwrap();
    let file = file.to_str().unwrap();
    program::run(&["backups", "make"], &settings).await.good();
    for arguments in [
        &["verify", file][..],
        &["datasets", "list"],
        &["datasets", "check"],
        &["backups", "list"],
        &["backups", "list", "--all"],
        &["backups", "make"],
        &["doctor"],
        &["convert", file, "--to", "json"],
        &["export", "usage-logs", "-o", "-"],
    ] {
        let (code, stderr) = with_stdout(full_disk(), arguments, &settings).await;
        assert_eq!(code, Some(1), "{arguments:?}: {stderr}");
        let last = stderr.lines().last().unwrap_or_default();
        assert_eq!(
            last, "decant: standard output cannot be written: No space left on device (os error 28)",
            "{arguments:?}: {stderr}"
        );
    }
    for arguments in [
        &["verify", file][..],
        &["datasets", "list"],
        &["backups", "list"],
        &["doctor"],
        &["convert", file, "--to", "json"],
        &["export", "usage-logs", "-o", "-"],
    ] {
        // As a program that SIGPIPE ends.
        let ended = with_stdout(closed_pipe(), arguments, &settings).await;
        assert_eq!(ended, (Some(128 + 13), String::new()), "{arguments:?}");
    }
}

#[tokio::test]
async fn a_command_that_cannot_report_an_error_still_fails_with_its_exit_code() {
    let mut command = program::command(&["verify", "/is/not/here.csv"], &[]);
    let ended = command.stderr(full_disk()).stdout(Stdio::null()).status().await;
    assert_eq!(ended.expect("it starts").code(), Some(1));
}
