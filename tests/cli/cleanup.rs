//! `decant cleanup` and `decant cleanup restore`.

use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::logs::archives;
use decant_tests::program::{self, Outcome};
use decant_tests::s3::S3;
use decant_tests::server::data_dir;
use serde_json::Value;
use tempfile::TempDir;

struct Bed {
    database: Database,
    data: TempDir,
}

impl Bed {
    async fn new() -> Self {
        let database = Database::new().await;
        database.make_ledger().await;
        Self {
            database,
            data: folder(),
        }
    }

    async fn cleanup(&self, arguments: &[&str]) -> Outcome {
        let settings = [
            ("DSN", self.database.dsn.as_str()),
            data_dir(&self.data),
            ("DECANT_CLEANUP_BATCH_ROWS", "300"),
        ];
        program::run(&[&["cleanup"], arguments].concat(), &settings).await
    }
}

#[tokio::test]
async fn rows_are_counted_deleted_and_restored() {
    let bed = Bed::new().await;
    let before = bed.database.contents().await;
    let time = bed.database.log_time(0.5).await;
    let count =
        format!("select count(*) from message_request where created_at < '{time}' and user_id in (1, 2)");
    let matching = bed.database.number(&count).await;
    let chosen = ["--before", &time, "--user", "1", "--user", "2"];

    let counted = bed.cleanup(&[&chosen[..], &["--dry-run"]].concat()).await.good();
    assert!(
        counted.stderr.contains(&format!("{matching} rows match")),
        "{}",
        counted.stderr
    );
    let unasked = bed.cleanup(&chosen).await.refusal();
    assert!(unasked.contains("--yes"), "{unasked}");
    assert_eq!(bed.database.contents().await, before);

    let told = bed
        .cleanup(&[&chosen[..], &["--yes", "--archive-first"]].concat())
        .await
        .good();
    assert!(
        told.text().contains(&format!("{matching} rows were deleted.")),
        "{}",
        told.text()
    );
    assert_eq!(bed.database.number(&count).await, 0);
    let archives = archives(&bed.data.path().join("storage/logs"));
    assert_eq!(archives.len(), 1);
    let file = archives[0].path.to_str().unwrap();
    assert!(told.text().contains(file), "{}", told.text());

    let back = bed.cleanup(&["restore", file]).await.good();
    assert!(
        back.text().starts_with(&format!("{matching} rows were restored")),
        "{}",
        back.text()
    );
    assert_eq!(bed.database.contents().await, before);
    let again = bed.cleanup(&["restore", file]).await.good();
    assert!(
        again.text().starts_with("0 rows were restored"),
        "{}",
        again.text()
    );
    assert_eq!(bed.database.contents().await, before);
}

#[tokio::test]
async fn a_clean_up_without_conditions_is_refused() {
    let bed = Bed::new().await;
    let before = bed.database.contents().await;
    for (arguments, word) in [
        (&["--yes"][..], "--before"),
        (&["--before", "soon", "--yes"], "`--before`"),
        (&["--before", "2999-01-01", "--yes"], "future"),
        (
            &["--before", "2026-01-28", "--after", "2026-01-28", "--yes"],
            "`--after`",
        ),
        (
            &["--before", "2026-01-28", "--status", "1000", "--yes"],
            "`--status`",
        ),
    ] {
        let refusal = bed.cleanup(arguments).await.refusal();
        assert!(refusal.contains(word), "{arguments:?}: {refusal}");
    }
    assert_eq!(bed.database.contents().await, before);
}

#[tokio::test]
async fn a_changed_archive_is_not_restored() {
    let bed = Bed::new().await;
    let time = bed.database.log_time(0.5).await;
    bed.cleanup(&["--before", &time, "--yes", "--archive-first"])
        .await
        .good();
    let after = bed.database.contents().await;
    let path = archives(&bed.data.path().join("storage/logs"))[0].path.clone();
    let whole = std::fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for content in [
        &whole[..whole.len() / 2],
        &flipped,
        &[&whole[..], b"more"].concat(),
        b"",
    ] {
        std::fs::write(&path, content).unwrap();
        let refusal = bed.cleanup(&["restore", path.to_str().unwrap()]).await.refusal();
        assert!(refusal.contains("archive cannot be used"), "{refusal}");
        assert_eq!(bed.database.contents().await, after);
    }
    std::fs::write(&path, &whole).unwrap();
    bed.database
        .execute("alter table message_request drop column client_ip")
        .await;
    let refusal = bed.cleanup(&["restore", path.to_str().unwrap()]).await.refusal();
    assert!(refusal.contains("client_ip"), "{refusal}");
    std::fs::remove_file(path.with_extension("").with_extension("json")).unwrap();
    let refusal = bed.cleanup(&["restore", path.to_str().unwrap()]).await.refusal();
    assert!(refusal.contains("manifest"), "{refusal}");
}

#[tokio::test]
async fn an_archive_that_was_replaced_is_refused() {
    let bed = Bed::new().await;
    let before = bed.database.contents().await;
    let time = bed.database.log_time(0.5).await;
    bed.cleanup(&["--before", &time, "--yes", "--archive-first"])
        .await
        .good();
    let after = bed.database.contents().await;
    let path = archives(&bed.data.path().join("storage/logs"))[0].path.clone();
    let path = path.to_str().unwrap();
    // Another manifest that fits the file, as an older version wrote it.
    let manifest_path = path.replace(".csv.gz", ".json");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&manifest_path).unwrap()).unwrap();
    assert!(manifest["mac"].take().is_string(), "{manifest}");
    std::fs::write(&manifest_path, manifest.to_string()).unwrap();
    let refusal = bed.cleanup(&["restore", path]).await.refusal();
    assert!(refusal.contains("--unverified"), "{refusal}");
    assert_eq!(bed.database.contents().await, after);
    bed.cleanup(&["restore", path, "--unverified"]).await.good();
    assert_eq!(bed.database.contents().await, before);
}

#[tokio::test]
async fn rows_are_restored_whatever_constraints_the_log_has() {
    let bed = Bed::new().await;
    bed.database
        .execute(
            "alter table message_request add place int, add constraint places unique (place) deferrable; \
             update message_request set place = id; \
             alter table message_request add constraint old check (id > 1000000) not valid; \
             comment on constraint old on message_request is 'not for old rows'; \
             create rule changed as on update to message_request do also notify changed",
        )
        .await;
    let constraint = "select pg_get_constraintdef(oid) || obj_description(oid, 'pg_constraint') \
                      from pg_constraint where conname = 'old'";
    let (before, old) = (bed.database.contents().await, bed.database.text(constraint).await);
    let time = bed.database.log_time(0.5).await;
    bed.cleanup(&["--before", &time, "--yes", "--archive-first"])
        .await
        .good();
    let path = archives(&bed.data.path().join("storage/logs"))[0].path.clone();
    bed.cleanup(&["restore", path.to_str().unwrap()]).await.good();
    assert_eq!(bed.database.contents().await, before);
    assert_eq!(bed.database.text(constraint).await, old);
}

#[tokio::test]
async fn rows_are_restored_into_a_changed_log() {
    let bed = Bed::new().await;
    let time = bed.database.log_time(0.5).await;
    let before = bed.database.log_ids().await;
    bed.cleanup(&["--before", &time, "--yes", "--archive-first"])
        .await
        .good();
    let gone = before
        .difference(&bed.database.log_ids().await)
        .next()
        .copied()
        .unwrap();
    bed.database
        .execute(format!(
            "alter table message_request add column later text default 'x'; \
             insert into message_request (id, provider_id, user_id, key, model) values ({gone}, 1, 1, 'k', 'another one')"
        ))
        .await;
    let path = archives(&bed.data.path().join("storage/logs"))[0].path.clone();
    let back = bed.cleanup(&["restore", path.to_str().unwrap()]).await.good();
    assert!(back.text().contains("; 1 were skipped"), "{}", back.text());
    assert_eq!(bed.database.log_ids().await, before);
    let model = format!("select model from message_request where id = {gone}");
    assert_eq!(bed.database.text(&model).await.as_deref(), Some("another one"));
}

#[tokio::test]
async fn no_trigger_fires_while_rows_are_brought_back() {
    let bed = Bed::new().await;
    bed.database
        .execute(
            "create function charge() returns trigger language plpgsql as $$ begin \
             insert into public.usage_ledger values (new.id, 100) \
             on conflict (request_id) do update set cost_usd = excluded.cost_usd; return new; end $$; \
             create trigger charge after insert on message_request for each row execute function charge(); \
             create function keep_away() returns trigger language plpgsql as $$ begin return null; end $$; \
             create trigger keep_away before insert on message_request for each row execute function keep_away(); \
             alter table message_request enable always trigger keep_away; \
             create rule no_more as on insert to message_request do instead nothing",
        )
        .await;
    let states =
        "select tgenabled from pg_trigger where tgrelid = 'message_request'::regclass order by tgname";
    let (before, enabled) = (bed.database.contents().await, bed.database.texts(states).await);
    let time = bed.database.log_time(0.5).await;
    bed.cleanup(&["--before", &time, "--yes", "--archive-first"])
        .await
        .good();
    let path = archives(&bed.data.path().join("storage/logs"))[0].path.clone();
    let after = bed.database.contents().await;
    assert_ne!(after, before);

    bed.database
        .execute(
            "create role brings_back login; grant select, insert on message_request to brings_back; \
             grant all on all sequences in schema public to brings_back",
        )
        .await;
    let dsn = bed.database.dsn.replacen("user=postgres", "user=brings_back", 1);
    let settings = [("DSN", dsn.as_str()), data_dir(&bed.data)];
    let refusal = program::run(&["cleanup", "restore", path.to_str().unwrap()], &settings)
        .await
        .refusal();
    assert!(refusal.contains("own") && refusal.contains("charge"), "{refusal}");
    assert_eq!(bed.database.contents().await, after);

    bed.cleanup(&["restore", path.to_str().unwrap()]).await.good();
    assert_eq!(bed.database.contents().await, before);
    assert_eq!(bed.database.texts(states).await, enabled);
}

#[tokio::test]
async fn archived_rows_of_another_database_are_refused_unless_that_is_permitted() {
    let (bed, other) = (Bed::new().await, Database::new().await);
    let time = bed.database.log_time(0.5).await;
    bed.cleanup(&["--before", &time, "--yes", "--archive-first"])
        .await
        .good();
    let archive = archives(&bed.data.path().join("storage/logs")).remove(0);
    let name = archive
        .path
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a plain name");
    other.execute("delete from message_request").await;
    let restore = async |more: &[&str]| {
        let settings = [("DSN", other.dsn.as_str()), data_dir(&bed.data)];
        program::run(&[&["cleanup", "restore", name], more].concat(), &settings).await
    };
    let refusal = restore(&[]).await.refusal();
    assert!(refusal.contains("of the database `test_"), "{refusal}");
    let rows = "select count(*) from message_request";
    assert_eq!(other.number(rows).await, 0);
    restore(&["--of-another-database"]).await.good();
    assert!(other.number(rows).await > 0);
}

#[tokio::test]
async fn encrypted_archives_are_stored_in_s3_and_restored_by_name() {
    let bed = Bed::new().await;
    let s3 = S3::start().await;
    let before = bed.database.contents().await;
    let time = bed.database.log_time(0.5).await;
    let run = async |passphrase: &str, arguments: &[&str]| {
        let settings = [
            ("DSN", bed.database.dsn.as_str()),
            data_dir(&bed.data),
            ("DECANT_BACKUP_PASSPHRASE", passphrase),
        ];
        let settings = [&settings[..], &s3.settings()].concat();
        program::run(&[&["cleanup"], arguments].concat(), &settings).await
    };
    let right = "the passphrase of these tests";
    let told = run(right, &["--before", &time, "--yes", "--archive-first"])
        .await
        .good()
        .text();
    assert!(told.contains("s3://"), "{told}");
    let (_, name) = told.split_once("/logs/").unwrap_or_else(|| panic!("{told}"));
    let name = name.trim_end().trim_end_matches('.');
    assert!(name.ends_with(".csv.gz.age"), "{told}");
    assert_ne!(bed.database.contents().await, before);

    let refusal = run("a passphrase of somebody else", &["restore", name])
        .await
        .refusal();
    assert!(refusal.contains("another passphrase"), "{refusal}");
    let missing = run(right, &["restore", "logs_of_nobody.csv.gz"]).await.refusal();
    assert!(missing.contains("there is no"), "{missing}");
    run(right, &["restore", name]).await.good();
    assert_eq!(bed.database.contents().await, before);
    let scratch = std::fs::read_dir(bed.data.path().join("scratch")).map_or(0, Iterator::count);
    assert_eq!(scratch, 0, "nothing is left in clear");
}

#[tokio::test]
async fn an_archive_without_its_manifest_is_refused_with_the_name_of_the_manifest() {
    let bed = Bed::new().await;
    let time = bed.database.log_time(0.5).await;
    bed.cleanup(&["--before", &time, "--yes", "--archive-first"])
        .await
        .good();
    let archive = archives(&bed.data.path().join("storage/logs")).remove(0).path;
    let name = archive.file_name().unwrap().to_str().unwrap();
    let copy = bed.data.path().join(name);
    std::fs::copy(&archive, &copy).unwrap();
    let manifest = name.replace(".csv.gz", ".json");
    let refused = bed.cleanup(&["restore", copy.to_str().unwrap()]).await.refusal();
    assert!(
        refused.contains(&manifest) && refused.contains("beside the archive"),
        "{refused}"
    );
    std::fs::remove_file(archive.with_file_name(&manifest)).unwrap();
    std::fs::remove_file(&copy).unwrap();
    let refused = bed.cleanup(&["restore", name]).await.refusal();
    assert!(
        refused.contains(&manifest) && refused.contains("beside the archive"),
        "{refused}"
    );
    let refused = bed.cleanup(&["restore", "logs_none.csv.gz"]).await.refusal();
    assert!(
        refused.contains("logs_none.csv.gz") && !refused.contains(".json"),
        "{refused}"
    );
}

#[tokio::test]
async fn without_a_hub_there_is_nothing_to_clean_up() {
    let bed = Bed::new().await;
    let before = bed.database.contents().await;
    let settings = [
        ("DSN", bed.database.dsn.as_str()),
        data_dir(&bed.data),
        ("DECANT_BUILT_IN_DATASETS", "false"),
    ];
    for arguments in [
        &[
            "cleanup",
            "--before",
            "2100-01-01",
            "--yes",
            "--without-statistics",
        ][..],
        &["cleanup", "restore", "logs.csv.gz"],
        &["migrate-webhooks", "--yes"],
    ] {
        let said = program::run(arguments, &settings).await.refusal();
        assert!(said.contains("DECANT_BUILT_IN_DATASETS"), "{said}");
    }
    assert_eq!(bed.database.contents().await, before);
}
