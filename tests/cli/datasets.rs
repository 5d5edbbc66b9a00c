//! `decant datasets`.

use decant_tests::actors::Actor;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, NUMBERS};
use decant_tests::program;
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde_json::Value;

#[tokio::test]
async fn the_list_names_datasets_columns_and_filters() {
    let list = program::run(&["datasets", "list"], &[]).await.good().text();
    for word in [
        "usage-logs",
        "created_at",
        "retry_count",
        "min_retry_count",
        "exclude_200",
    ] {
        assert!(list.contains(word), "{word} is missing:\n{list}");
    }
}

#[tokio::test]
async fn a_broken_file_takes_away_only_its_own_dataset() {
    let database = Database::new().await;
    let folder = folder();
    for (file, text) in [
        ("good.toml", NUMBERS.as_bytes()),
        ("syntax.toml", b"name = \"broken"),
        ("mistake.toml", b"name = \"mistaken\"\ntitle = 7\n"),
        ("bytes.toml", b"name = \"\xff\""),
        (
            "secret.toml",
            NUMBERS
                .replace("name = \"numbers\"", "name = \"secretive\"")
                .replace("sql = \"n\"", "sql = \"n\"\nsecret = true")
                .as_bytes(),
        ),
    ] {
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    let broken = ["syntax", "mistaken", "bytes", "secretive"];
    let dsn = ("DSN", database.dsn.as_str());
    let setting = ("DECANT_DATASETS_DIR", folder.path().to_str().unwrap());
    for arguments in [
        &["--version"][..],
        &["--help"],
        &["export", "--help"],
        &["verify", "--help"],
    ] {
        program::run(arguments, &[setting]).await.good();
    }
    let file = folder.path().join("rows.csv");
    std::fs::write(&file, "a,b\n1,2\n").unwrap();
    let verify = ["verify", file.to_str().unwrap()];
    program::run(&verify, &[setting]).await.good();
    let doctor = program::run(&["doctor"], &[dsn, setting]).await;
    assert!(
        doctor.text().contains("bytes.toml"),
        "{} {}",
        doctor.text(),
        doctor.stderr
    );
    let list = program::run(&["datasets", "list"], &[setting])
        .await
        .good()
        .text();

    let checked = program::run(&["datasets", "check"], &[dsn, setting]).await;
    assert_ne!(checked.code, Some(0));
    for name in broken {
        let line = format!("{name}: wrong: ");
        assert!(checked.text().contains(&line), "{}", checked.text());
        assert!(list.contains(&line), "{list}");
    }
    assert!(checked.text().contains("numbers: good"), "{}", checked.text());
    assert!(
        checked.text().contains("`n`, which is secret"),
        "{}",
        checked.text()
    );

    let exported = program::run(&["export", "numbers", "-o", "-"], &[dsn, setting]).await;
    assert!(exported.good().text().contains("three"));
    let refused = program::run(&["export", "mistaken", "-o", "-"], &[dsn, setting])
        .await
        .refusal();
    assert!(refused.contains("mistake.toml"), "{refused}");

    let server = Server::start(&[dsn, setting]).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let listed: Value = admin.datasets().answer().await.good().json();
    for name in broken {
        let listed = listed["datasets"].as_array().unwrap();
        let dataset = listed.iter().find(|dataset| dataset["name"] == name).unwrap();
        assert_eq!(dataset["available"], false);
        assert!(dataset["reason"].as_str().unwrap().contains(".toml"), "{dataset}");
        let refused = admin.rows(name).answer().await;
        refused.problem(503, "dataset_unavailable");
    }
    admin.rows("numbers").answer().await.raw_rows().whole();

    let missing = [dsn, ("DECANT_DATASETS_DIR", "/no/such/folder")];
    program::run(&["--version"], &missing).await.good();
    program::run(&verify, &missing).await.good();
    let refused = program::run(&["datasets", "list"], &missing).await.refusal();
    assert!(refused.contains("/no/such/folder"), "{refused}");
}

#[tokio::test]
async fn check_passes_good_definitions_and_fails_wrong_ones() {
    let database = Database::new().await;
    let good = program::run(&["datasets", "check"], &[("DSN", &database.dsn)])
        .await
        .good()
        .text();
    assert!(good.contains("usage-logs: good"), "{good}");

    let definitions = Definitions::of(&[&NUMBERS.replace("sql = \"word\"", "sql = \"wort\"")]);
    let settings = [("DSN", database.dsn.as_str()), definitions.setting()];
    let outcome = program::run(&["datasets", "check"], &settings).await;
    let told = outcome.text();
    assert_ne!(outcome.code, Some(0), "{told}");
    for part in ["numbers.toml", "column `word`", "column \"wort\" does not exist"] {
        assert!(told.contains(part), "{part} is missing:\n{told}");
    }
}
