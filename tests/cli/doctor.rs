//! `decant doctor`.

use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::program::{self, Settings};
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::redis::Redis;
use decant_tests::s3::S3;
use decant_tests::server::data_dir;
use decant_tests::smtp::{Security, Smtp};

#[tokio::test]
async fn a_complete_machine_passes() {
    let (database, data) = (Database::new().await, folder());
    let data = data_dir(&data);
    let listen = ("DECANT_LISTEN", "127.0.0.1:0");
    for settings in [
        vec![data, listen],
        vec![data, listen, ("DSN", database.dsn.as_str())],
    ] {
        let report = program::run(&["doctor"], &settings).await.good().text();
        assert!(
            report.contains("PostgreSQL") && !report.contains("missing"),
            "{report}"
        );
    }
}

#[tokio::test]
async fn each_missing_program_has_a_line() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = [
        ("DSN", "postgres://u:hunter2@127.0.0.1:1/x"),
        ("DECANT_WAIT_SECONDS", "1"),
        ("DECANT_DATA_DIR", "/proc/no-such-folder"),
        ("DECANT_LISTEN", &taken.local_addr().unwrap().to_string()),
    ];
    let outcome = program::run(&["doctor"], &settings).await;
    let report = outcome.text();
    assert_ne!(outcome.code, Some(0), "{report}");
    let missing: Vec<_> = report
        .lines()
        .filter(|line| line.starts_with("missing"))
        .collect();
    for part in ["database", "data folder", "address"] {
        assert!(
            missing.iter().any(|line| line.contains(part)),
            "{part} is missing:\n{report}"
        );
    }
    assert!(!report.contains("hunter2"), "{report}");
}

/// Returns the line of a check, and whether the program said that all are good.
async fn line(settings: Settings<'_>, check: &str) -> (String, bool) {
    let data = folder();
    let ours = [
        data_dir(&data),
        ("DECANT_LISTEN", "127.0.0.1:0"),
        ("STATE_DSN", "none"),
    ];
    let outcome = program::run(&["doctor"], &[&ours, settings].concat()).await;
    let report = outcome.text();
    let mut lines = report.lines().filter(|line| {
        let rest = line.strip_prefix("good ").or(line.strip_prefix("missing "));
        rest.is_some_and(|rest| rest.trim_start().starts_with(&format!("{check}:")))
    });
    let found = lines.next().unwrap_or_else(|| panic!("no {check} in:\n{report}"));
    (found.to_owned(), outcome.code == Some(0))
}

/// Asserts that a check fails, with these words in its line.
async fn fails(settings: Settings<'_>, check: &str, words: &[&str]) {
    let (line, is_good) = line(settings, check).await;
    assert!(line.starts_with("missing") && !is_good, "{line}");
    for word in words {
        assert!(line.contains(word), "`{word}` is not in: {line}");
    }
    for secret in ["of these-tests", "of%20these", "a-secret/of", "hunter2"] {
        assert!(!line.contains(secret), "{line}");
    }
}

#[tokio::test]
async fn a_small_file_is_written_to_the_storage_read_and_removed() {
    let (database, storage) = (Database::empty().await, folder());
    let dsn = ("DSN", database.dsn.as_str());
    let path = storage.path().display().to_string();
    let (line, is_good) = line(&[dsn, ("STORAGE_URL", &path)], "storage").await;
    assert!(line.starts_with("good") && is_good, "{line}");
    assert_eq!(std::fs::read_dir(storage.path()).unwrap().count(), 0);
    let file = storage.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let path = file.display().to_string();
    fails(
        &[dsn, ("STORAGE_URL", &path)],
        "storage",
        &["cannot be written", &path, "STORAGE_URL"],
    )
    .await;
}

#[tokio::test]
async fn a_mail_server_is_tried_with_its_password_and_gets_no_mail() {
    let (database, smtp) = (Database::empty().await, Smtp::start(Security::TlsAndPassword));
    let ours = [
        ("DSN", database.dsn.as_str()),
        ("DECANT_MAIL_FROM", "decant@decant.example"),
    ];
    let url = smtp.url();
    let with = |url| [&ours[..], &[("SMTP_URL", url)]].concat();
    let (line, is_good) = line(&with(url.as_str()), "SMTP_URL").await;
    assert!(line.starts_with("good") && is_good, "{line}");
    let wrong = url.replace("of%20these", "hunter2");
    fails(
        &with(wrong.as_str()),
        "SMTP_URL",
        &["535", "password in SMTP_URL"],
    )
    .await;
    // Its certificate has no known signer.
    let required = format!("{url}?tls=required");
    fails(&with(required.as_str()), "SMTP_URL", &["certificate"]).await;
    fails(&with("smtp://127.0.0.1:1"), "SMTP_URL", &["cannot be used"]).await;
    assert!(smtp.mails().is_empty());
}

#[tokio::test]
async fn a_bucket_is_tried_with_its_keys() {
    let (database, s3) = (Database::empty().await, S3::start().await);
    let proxy = Proxy::to(s3.address()).await;
    proxy.set(Behavior::Refusing);
    let endpoint = format!("http://{}", proxy.address);
    let with = |name: &'static str, value| {
        let settings = s3.settings().into_iter().filter(|(known, _)| *known != name);
        let ours = [("DSN", database.dsn.as_str()), (name, value)];
        settings.chain(ours).collect::<Vec<_>>()
    };
    let (line, is_good) = line(&with("AWS_REGION", "us-east-1"), "storage").await;
    assert!(line.starts_with("good") && is_good, "{line}");
    let wrong_key = with("AWS_SECRET_ACCESS_KEY", "hunter2-hunter2");
    let silent = with("AWS_ENDPOINT_URL", endpoint.as_str());
    tokio::join!(
        fails(&wrong_key, "storage", &["cannot be written", "keys"]),
        fails(&silent, "storage", &["cannot be written", "AWS_ENDPOINT_URL"]),
    );
    assert_eq!(s3.objects("hub backups/é").await, [""; 0]);
}

#[tokio::test]
async fn a_redis_that_does_not_answer_is_named_by_its_setting() {
    let (database, mut redis) = (Database::empty().await, Redis::start().await);
    let (dsn, url) = (("DSN", database.dsn.as_str()), redis.url());
    let settings = [dsn, ("REDIS_URL", url.as_str())];
    let (line, _) = line(&settings, "REDIS_URL").await;
    assert!(line.starts_with("good"), "{line}");
    let wrong = url.replace("pass=", "pass=hunter2");
    fails(
        &[dsn, ("DECANT_REDIS_URL", &wrong)],
        "DECANT_REDIS_URL",
        &["password"],
    )
    .await;
    redis.crash();
    fails(&settings, "REDIS_URL", &["does not answer", "Start that Redis"]).await;
}

#[tokio::test]
async fn the_tables_of_the_state_database_are_tried_and_left_as_they_were() {
    let (database, state) = (Database::empty().await, Database::empty().await);
    let dsn = ("DSN", database.dsn.as_str());
    let has_schema = "select 1::text from pg_namespace where nspname = 'decant'";
    let (new, is_good) = line(&[dsn, ("STATE_DSN", &state.dsn)], "state database").await;
    assert!(new.contains("will make Decant's tables") && is_good, "{new}");
    assert_eq!(state.text(has_schema).await, None);
    fails(
        &[dsn, ("STATE_DSN", &database.dsn)],
        "state database",
        &["database of DSN"],
    )
    .await;
    let name = state.text("select current_database()").await.unwrap();
    let role = format!("doctor_{name}");
    state.execute(format!("create role {role} login")).await;
    let refused = state.dsn_of(&role);
    fails(
        &[dsn, ("STATE_DSN", &refused)],
        "state database",
        &["create schema decant"],
    )
    .await;
    state.execute(format!("drop role {role}")).await;
}

#[tokio::test]
async fn older_and_newer_tables_of_the_state_database_are_told_apart() {
    let (database, state) = (Database::empty().await, Database::empty().await);
    let settings = [("DSN", database.dsn.as_str()), ("STATE_DSN", state.dsn.as_str())];
    drop(decant_tests::server::Server::start(&settings).await);
    let (current, _) = line(&settings, "state database").await;
    assert!(current.contains("up to date"), "{current}");
    let newest = "(select max(version) from decant.schema_migrations)";
    // The first migration made this table; later ones made the others.
    state
        .execute(
            "do $$ declare t record; begin \
             for t in select relname, relkind from pg_class where relnamespace = 'decant'::regnamespace \
                 and relkind in ('r', 'v') and relname not in ('audit', 'schema_migrations') order by relkind desc loop \
             execute format('drop %s if exists decant.%I cascade', case t.relkind when 'v' then 'view' else 'table' end, t.relname); \
             end loop; end $$; delete from decant.schema_migrations where version > 1",
        )
        .await;
    let (older, is_good) = line(&settings, "state database").await;
    assert!(older.contains("at its next start") && is_good, "{older}");
    assert_eq!(
        state
            .text("select to_regclass('decant.data_exports')::text")
            .await,
        None
    );
    state
        .execute(format!(
            "update decant.schema_migrations set version = 900 where version = {newest}"
        ))
        .await;
    fails(&settings, "state database", &["newer Decant"]).await;
}
