//! Situations of a new user: a missing database, an empty one, an encrypted file, a question.

use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::program;
use decant_tests::server::data_dir;
use decant_tests::terminal::Terminal;
use tempfile::TempDir;

const PASSPHRASE: (&str, &str) = ("DECANT_BACKUP_PASSPHRASE", "correct horse battery");

/// Makes an encrypted backup in the data folder, and returns its name.
async fn encrypted_backup(database: &Database, data: &TempDir) -> String {
    let settings = [("DSN", database.dsn.as_str()), data_dir(data), PASSPHRASE];
    let made = program::run(&["backups", "make"], &settings).await.good().text();
    made.split_whitespace()
        .next()
        .expect("the name stands first")
        .to_owned()
}

#[tokio::test]
async fn a_check_fails_where_no_dataset_can_be_used() {
    let database = Database::empty().await;
    let checked = program::run(&["datasets", "check"], &[("DSN", &database.dsn)]).await;
    assert!(
        checked.text().contains("usage-logs: not in this database"),
        "{}",
        checked.text()
    );
    let refused = checked.refusal();
    assert!(refused.contains("no dataset can be used"), "{refused}");
}

#[tokio::test]
async fn without_dsn_and_data_the_demo_is_named() {
    let data = folder();
    let settings = [data_dir(&data)];
    let exported = program::run(&["export", "usage-logs", "-o", "-"], &settings);
    let refused = exported.await.refusal();
    assert!(
        refused.contains("DSN is not set") && refused.contains("decant demo"),
        "{refused}"
    );
    assert!(!refused.contains("DECANT_HUB_SCHEMA"), "{refused}");

    let file = data.path().join("nothing.dump");
    let file = file.to_str().unwrap();
    for dump in [&["backup", "-o", file][..], &["backups", "make"]] {
        let refused = program::run(dump, &settings).await.refusal();
        assert!(refused.contains("nothing to dump"), "{refused}");
    }
    assert!(!std::path::Path::new(file).exists());

    program::run(&["demo", "--rows", "10"], &settings).await.good();
    let again = program::run(&["demo", "--rows", "5"], &settings)
        .await
        .good()
        .stderr;
    assert!(
        again.contains("5 usage rows were added to the 10 that were there"),
        "{again}"
    );
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_refused_with_the_cause() {
    let database = Database::empty().await;
    let name = database.text("select current_database()").await.unwrap();
    let missing = database.dsn.replacen(&name, "no_such_database", 1);
    let refused = program::run(&["datasets", "check"], &[("DSN", &missing)])
        .await
        .refusal();
    assert!(
        refused.contains("database \"no_such_database\" does not exist"),
        "{refused}"
    );
    assert!(!refused.contains("does not answer"), "{refused}");

    let with_tls = format!("{}&sslmode=require", database.dsn.replace("&sslmode=disable", ""));
    let refused = program::run(&["datasets", "check"], &[("DSN", &with_tls)])
        .await
        .refusal();
    assert!(
        refused.contains("TLS") && refused.contains("sslmode"),
        "{refused}"
    );
    assert!(!refused.contains("does not answer"), "{refused}");
}

#[tokio::test]
async fn an_encrypted_backup_is_named_and_restored_with_its_passphrase() {
    let database = Database::new().await;
    let data = folder();
    let name = encrypted_backup(&database, &data).await;
    assert!(name.ends_with(".dump.age"), "{name}");
    let stored = data.path().join("storage/backups").join(&name);
    let stored = stored.to_str().unwrap();
    for command in [&["verify", stored][..], &["convert", stored, "--to", "json"]] {
        let refused = program::run(command, &[]).await.refusal();
        assert!(
            refused.contains("encrypted") && refused.contains("decant restore"),
            "{refused}"
        );
    }

    let bare = [("DSN", database.dsn.as_str()), data_dir(&data)];
    let restore = ["restore", stored, "--merge", "--yes"];
    let copy = data.path().join("copy.dump");
    let fetch = ["backups", "fetch", &name, "-o", copy.to_str().unwrap()];
    for command in [&restore[..], &fetch] {
        let refused = program::run(command, &bare).await.refusal();
        assert!(refused.contains("DECANT_BACKUP_PASSPHRASE"), "{refused}");
        assert!(!refused.contains("manifest"), "{refused}");
    }

    let before = database.contents().await;
    database
        .execute("delete from message_request where id % 2 = 0")
        .await;
    program::run(&restore, &[&bare[..], &[PASSPHRASE]].concat())
        .await
        .good();
    assert_eq!(database.contents().await, before);
}

#[tokio::test]
async fn a_backup_is_removed_only_after_a_question() {
    let database = Database::empty().await;
    let data = folder();
    let settings = [("DSN", database.dsn.as_str()), data_dir(&data), PASSPHRASE];
    let name = encrypted_backup(&database, &data).await;
    let remove = ["backups", "remove", &name];
    let refused = program::run(&remove, &settings).await.refusal();
    assert!(refused.contains("--yes"), "{refused}");
    let mut terminal = Terminal::start(&remove, &settings);
    terminal.shows("for ever").await;
    terminal.press("no\n").await;
    assert_eq!(terminal.ended().await, 1);
    let list = async || program::run(&["backups", "list"], &settings).await.good().text();
    assert!(list().await.contains(&name));
    let mut terminal = Terminal::start(&remove, &settings);
    terminal.shows("for ever").await;
    terminal.press("yes\n").await;
    assert_eq!(terminal.ended().await, 0, "{}", terminal.screen());
    assert_eq!(list().await, "");
}

#[tokio::test]
async fn a_file_is_not_converted_onto_itself() {
    let folder = folder();
    let path = folder.path().join("rows.csv");
    std::fs::write(&path, "a\r\n1\r\n").unwrap();
    let link = folder.path().join("link.csv");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let (path, link) = (path.to_str().unwrap(), link.to_str().unwrap());
    for output in [path, link] {
        let convert = ["convert", path, "-o", output, "--delimiter", "semicolon"];
        let refused = program::run(&convert, &[]).await.refusal();
        assert!(refused.contains("both input and output"), "{refused}");
    }
    assert_eq!(std::fs::read(path).unwrap(), b"a\r\n1\r\n");
}

#[tokio::test]
async fn an_unknown_language_is_refused_by_name() {
    let folder = folder();
    let path = folder.path().join("rows.json");
    std::fs::write(&path, "[{\"a\":1}]").unwrap();
    let path = path.to_str().unwrap();
    for (flag, value) in [
        ("--locale", "deutsch"),
        ("--locale", "xx-YY"),
        ("--language", "de_"),
    ] {
        let convert = ["convert", path, "--to", "csv", flag, value];
        let refused = program::run(&convert, &[]).await.refusal();
        let name = flag.trim_start_matches('-');
        assert!(refused.contains(name) && refused.contains("de-DE"), "{refused}");
    }
    for value in ["de-DE", "zh-Hans-CN", "fr_CH", "EN"] {
        program::run(&["convert", path, "--to", "csv", "--locale", value], &[])
            .await
            .good();
    }
}
