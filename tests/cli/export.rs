//! `decant export`: the same bytes as the other ways, and no incomplete file under the final name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, FAILING, NUMBERS, SLOWLY};
use decant_tests::patience::wait_for;
use decant_tests::program::{self, Outcome};

async fn export(dsn: &str, arguments: &[&str]) -> Outcome {
    program::run(&[&["export"], arguments].concat(), &[("DSN", dsn)]).await
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is ours");
    entries
        .map(|entry| entry.expect("the folder is ours").path())
        .collect()
}

#[tokio::test]
async fn the_format_follows_from_the_files_name() {
    let app = App::start().await;
    let folder = folder();
    let file = folder.path().join("usage.jsonl.gz");
    let arguments = ["usage-logs", "--limit", "100", "-o", file.to_str().unwrap()];
    export(&app.database.dsn, &arguments).await.good();
    let query = [("limit", "100"), ("format", "jsonl"), ("compression", "gzip")];
    assert_eq!(std::fs::read(file).unwrap(), app.admin().usage_file(&query).await);
}

#[tokio::test]
async fn without_an_output_the_definition_names_the_file() {
    let database = Database::new().await;
    let folder = folder();
    let named = NUMBERS.replace("title =", "file_name = \"{dataset} of {subject}\"\ntitle =");
    let definitions = Definitions::of(&[&named]);
    let settings = [("DSN", &*database.dsn), definitions.setting()];
    let arguments = ["export", "numbers", "--format", "jsonl", "--compression", "gzip"];
    let mut command = program::command(&arguments, &settings);
    let output = command
        .current_dir(folder.path())
        .output()
        .await
        .expect("it starts");
    assert!(output.status.success(), "{output:?}");
    let file = folder.path().join("numbers-of-operator.jsonl.gz");
    assert_eq!(files(folder.path()), [file]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("numbers-of-operator.jsonl.gz"));
}

#[tokio::test]
async fn a_name_without_a_known_format_needs_the_option() {
    let app = App::start().await;
    let folder = folder();
    let file = folder.path().join("usage.pdf");
    let arguments = ["usage-logs", "--limit", "3", "-o", file.to_str().unwrap()];
    let refused = export(&app.database.dsn, &arguments).await.refusal();
    assert!(
        refused.contains("usage.pdf") && refused.contains(".csv, "),
        "{refused}"
    );
    assert_eq!(files(folder.path()), [] as [PathBuf; 0]);
    let chosen = [&arguments[..], &["--format", "csv"]].concat();
    export(&app.database.dsn, &chosen).await.good();
    assert_eq!(files(folder.path()), [file]);
}

#[tokio::test]
async fn a_pipe_or_a_link_is_not_replaced() {
    let app = App::start().await;
    let folder = folder();
    let (pipe, file, link) = (
        folder.path().join("pipe"),
        folder.path().join("file.csv"),
        folder.path().join("link.csv"),
    );
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|made| made.success()));
    std::fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let read = pipe.clone();
    let read = tokio::task::spawn_blocking(move || std::fs::read(read).unwrap());
    for path in [&pipe, &link] {
        let arguments = ["usage-logs", "--limit", "3", "-o", path.to_str().unwrap()];
        export(&app.database.dsn, &arguments).await.good();
    }
    let rows = app.admin().usage_file(&[("limit", "3")]).await;
    assert_eq!(read.await.unwrap(), rows);
    assert_eq!(std::fs::read(&file).unwrap(), rows);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(files(folder.path()).len(), 3);
}

#[tokio::test]
async fn two_exports_into_one_file_do_not_mix() {
    let app = App::start().await;
    let (folder, definitions) = (folder(), Definitions::of(&[SLOWLY]));
    let (file, part) = (
        folder.path().join("slowly.csv"),
        folder.path().join("slowly.csv.part"),
    );
    let settings = [("DSN", app.database.dsn.as_str()), definitions.setting()];
    let arguments = ["export", "slowly", "-o", file.to_str().unwrap()];
    let first = program::command(&arguments, &settings).spawn().unwrap();
    wait_for("the first export", Duration::from_secs(60), async || {
        part.exists().then_some(())
    })
    .await;
    let refused = program::run(&arguments, &settings).await.refusal();
    assert!(refused.contains("another command is writing"), "{refused}");
    let first = first.wait_with_output().await.unwrap();
    assert!(first.status.success());
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().count(), 20_001);
    assert_eq!(files(folder.path()), [file]);
}

#[tokio::test]
async fn the_file_equals_the_servers() {
    let app = App::start().await;
    let folder = folder();
    let file = folder.path().join("usage.csv");
    let name = file.to_str().unwrap();
    for (arguments, query) in [
        (vec![], vec![]),
        (
            vec![
                "--exclude-200",
                "--min-retry-count",
                "1",
                "--columns",
                "model,cost_usd",
                "--delimiter",
                "semicolon",
            ],
            vec![
                ("exclude_200", "true"),
                ("min_retry_count", "1"),
                ("columns", "model,cost_usd"),
                ("delimiter", "semicolon"),
            ],
        ),
        (
            vec![
                "--zone",
                "Asia/Shanghai",
                "--timestamps",
                "local",
                "--language",
                "zh-CN",
                "--limit",
                "10",
                "--bom",
                "false",
            ],
            vec![
                ("zone", "Asia/Shanghai"),
                ("timestamps", "local"),
                ("language", "zh-CN"),
                ("limit", "10"),
                ("bom", "false"),
            ],
        ),
    ] {
        let arguments = [
            &["usage-logs", "--format", "csv", "-o", name],
            arguments.as_slice(),
        ]
        .concat();
        let outcome = export(&app.database.dsn, &arguments).await.good();
        assert!(outcome.stdout.is_empty(), "{}", outcome.text());
        let expected = app.admin().usage_file(&query).await;
        assert!(std::fs::read(&file).unwrap() == expected, "{arguments:?}");
        assert_eq!(
            files(folder.path()),
            std::slice::from_ref(&file),
            "nothing else is left behind"
        );
    }
}

#[tokio::test]
async fn a_hyphen_means_standard_output() {
    let app = App::start().await;
    let outcome = export(&app.database.dsn, &["usage-logs", "-o", "-"]).await.good();
    assert!(outcome.stdout == app.admin().usage_file(&[]).await);
}

#[tokio::test]
async fn an_error_is_reported_and_leaves_no_file() {
    let database = Database::new().await;
    let folder = folder();
    let file = folder.path().join("usage.csv");
    let file = file.to_str().unwrap();
    for (arguments, part) in [
        (vec!["no-such-dataset", "-o", file], "no-such-dataset"),
        (vec!["usage-logs", "-o", file, "--format", "docx"], "format"),
        (
            vec!["usage-logs", "-o", file, "--columns", "password"],
            "password",
        ),
        (vec!["usage-logs", "-o", file, "--start", "yesterday"], "start"),
        (
            vec![
                "usage-logs",
                "-o",
                file,
                "--status-code",
                "200); drop table users",
            ],
            "status_code",
        ),
        (
            vec!["usage-logs", "-o", file, "--session", "x", "--session", "y"],
            "session",
        ),
        (vec!["usage-logs", "-o", file, "--colour", "red"], "--colour"),
        (
            vec!["usage-logs", "-o", "/no/such/folder/usage.csv"],
            "/no/such/folder/usage.csv",
        ),
    ] {
        let said = export(&database.dsn, &arguments).await.refusal();
        assert!(said.contains(part), "{arguments:?}: {said}");
        assert_eq!(files(folder.path()), [] as [PathBuf; 0], "{arguments:?}");
    }
}

#[tokio::test]
async fn a_cause_is_printed_once() {
    let database = Database::new().await;
    let said = export(&database.dsn, &["usage-logs", "-o", "/no/such/folder/usage.csv"])
        .await
        .refusal();
    assert_eq!(said.matches("No such file or directory").count(), 1, "{said}");
}

#[tokio::test]
async fn a_failed_export_keeps_the_old_file() {
    let database = Database::new().await;
    let definitions = Definitions::of(&[FAILING]);
    let folder = folder();
    let file = folder.path().join("failing.csv");
    std::fs::write(&file, "an older export").unwrap();
    let settings = [("DSN", database.dsn.as_str()), definitions.setting()];
    let arguments = ["export", "failing", "-o", file.to_str().unwrap()];
    let said = program::run(&arguments, &settings).await.refusal();
    assert!(said.contains("division by zero"), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "an older export");
    assert_eq!(files(folder.path()), [file]);
}

#[tokio::test]
async fn help_names_every_filter_and_every_choice() {
    let help = program::run(&["export", "--help"], &[]).await.good().text();
    for flag in [
        "--start",
        "--end",
        "--exclude-200",
        "--min-retry-count",
        "--columns",
        "--zone",
        "--guard",
        "--output",
    ] {
        assert!(help.contains(flag), "{flag} is missing:\n{help}");
    }
}
