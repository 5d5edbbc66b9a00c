//! `decant migrate-webhooks`.

use decant_tests::cluster::folder;
use decant_tests::database::{Database, WEBHOOKS};
use decant_tests::program::{self, Outcome};
use decant_tests::server::data_dir;
use tempfile::TempDir;

async fn migrate(database: &Database, data: &TempDir, arguments: &[&str]) -> Outcome {
    let settings = [("DSN", database.dsn.as_str()), data_dir(data)];
    program::run(&[&["migrate-webhooks"], arguments].concat(), &settings).await
}

#[tokio::test]
async fn webhooks_are_listed_without_their_secrets_and_moved_with_yes() {
    let (database, data) = (Database::new().await, folder());
    database.execute(WEBHOOKS).await;
    let listed = migrate(&database, &data, &[]).await.good();
    let list = String::from_utf8(listed.stdout.clone()).unwrap();
    let line = list
        .lines()
        .find(|line| line.contains("hooks.example.com"))
        .unwrap();
    assert!(!list.contains("secret"), "{list}");
    assert!(
        listed.stderr.contains("1 target and 2 bindings"),
        "{}",
        listed.stderr
    );
    assert!(listed.stderr.contains("nothing was changed"), "{}", listed.stderr);
    let targets = "select count(*) from webhook_targets";
    assert_eq!(database.number(targets).await, 0);

    let id = line.split_whitespace().next().unwrap();
    let chosen = format!("{id}=custom");
    let made = migrate(&database, &data, &["--provider", &chosen, "--yes"])
        .await
        .good();
    assert!(
        made.stderr.contains("Made 2 targets and 3 bindings"),
        "{}",
        made.stderr
    );
    assert_eq!(database.number(targets).await, 2);
    let again = migrate(&database, &data, &["--yes"]).await.good();
    assert!(again.stderr.contains("already"), "{}", again.stderr);
}

#[tokio::test]
async fn a_wrong_provider_is_named() {
    let (database, data) = (Database::new().await, folder());
    database.execute(WEBHOOKS).await;
    let refused = migrate(&database, &data, &["--provider", "0=slack"])
        .await
        .refusal();
    assert!(refused.contains("telegram"), "{refused}");
    let refused = migrate(&database, &data, &["--provider", "0=custom"])
        .await
        .refusal();
    assert!(refused.contains("`0` is the id of no webhook"), "{refused}");
}
