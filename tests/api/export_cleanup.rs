//! The clean-up of background exports: what is over goes, what belongs to nobody goes, and nothing else.

use std::time::Duration;

use decant_tests::patience::wait_for;
use decant_tests::stored_exports::{Bed, Made, MadeExport, TWO_ROWS};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

const SOON: Duration = Duration::from_secs(20);

async fn clean_up(bed: &Bed) -> Value {
    let result = bed.app.admin().clean_up_exports(&json!({}));
    result.answer().await.good().json()
}

/// Returns the name of the state database as manifests have it.
async fn name_of(bed: &Bed) -> String {
    let name = "select system_identifier || '/' || current_database() from pg_control_system()";
    bed.state.text(name).await.expect("PostgreSQL has a name")
}

fn write_manifest(bed: &Bed, key: &str, state_database: &str) {
    let manifest = json!({
        "version": 1, "stateDatabase": state_database, "export": "x", "fence": 1, "dataset": "usage-logs", "format": "csv",
        "options": {}, "selection": {}, "encryption": "none", "contents": null,
    });
    std::fs::write(bed.path(&format!("{key}.json")), manifest.to_string()).expect("the folder is ours");
}

/// Makes the file of an export without a record.
async fn stray(bed: &Bed, state_database: &str) -> MadeExport {
    let export = bed.make(&Made::by_admin(), TWO_ROWS).await;
    write_manifest(bed, &export.key, state_database);
    bed.state
        .execute(format!(
            "delete from decant.data_exports where id = '{}'",
            export.id
        ))
        .await;
    export
}

#[tokio::test]
async fn files_whose_time_is_over_are_removed_and_their_space_is_given_back() {
    let bed = Bed::start(&[]).await;
    let over = Made {
        expires_in: "-1 hour",
        ..Made::by_admin()
    };
    let (over, kept) = (
        bed.make(&over, TWO_ROWS).await,
        bed.make(&Made::by_admin(), TWO_ROWS).await,
    );
    write_manifest(&bed, &over.key, &name_of(&bed).await);
    let size = TWO_ROWS.len();
    // More than the files, as a crash may leave it.
    bed.state
        .execute("insert into decant.storage_usage (owner, used_bytes) values ('token:admin', 1000000), ('hub:7', 5)")
        .await;

    let before = bed.files();
    let dry = bed.app.admin().clean_up_exports(&json!({ "dryRun": true }));
    let dry: Value = dry.answer().await.good().json();
    assert_eq!(
        (&dry["expired"], &dry["deletedFiles"]),
        (&json!(1), &json!(1)),
        "{dry}"
    );
    assert_eq!(bed.files(), before);
    assert_eq!(bed.column(&over, "file_key").await.as_ref(), Some(&over.key));

    let result = clean_up(&bed).await;
    for (member, value) in [
        ("success", json!(true)),
        ("expired", json!(1)),
        ("deletedFiles", json!(1)),
        ("freedBytes", json!(size)),
        ("orphanFiles", json!(0)),
        ("orphanRecords", json!(0)),
        ("failed", json!([])),
    ] {
        assert_eq!(result[member], value, "{member} {result}");
    }
    assert_eq!(bed.files(), std::slice::from_ref(&kept.key));
    assert_eq!(bed.column(&over, "status").await.as_deref(), Some("expired"));
    assert_eq!(bed.column(&over, "file_key").await, None);
    let usage = "select owner || ' ' || used_bytes from decant.storage_usage order by owner";
    let usage = bed.state.texts(usage).await;
    assert_eq!(
        usage,
        [Some("hub:7 0".to_owned()), Some(format!("token:admin {size}"))]
    );
    let log = bed.app.server.log();
    for action in [
        "export_cleanup_start",
        "export_cleanup_complete",
        "export_expired",
    ] {
        assert!(log.contains(action), "{action}");
    }
    let again = clean_up(&bed).await;
    assert_eq!(
        (&again["expired"], &again["deletedFiles"]),
        (&json!(0), &json!(0))
    );
    let (user, _) = bed.app.user().await;
    user.clean_up_exports(&json!({}))
        .answer()
        .await
        .problem(403, "forbidden");
}

#[tokio::test]
async fn a_storage_without_any_of_the_files_is_not_believed() {
    let bed = Bed::start(&[]).await;
    let mut exports = Vec::new();
    for _ in 0..3 {
        exports.push(bed.make(&Made::by_admin(), TWO_ROWS).await);
    }
    // As if its disk was not mounted.
    for export in &exports {
        std::fs::remove_file(bed.path(&export.key)).unwrap();
    }
    let result = clean_up(&bed).await;
    assert_eq!(
        (&result["success"], &result["orphanRecords"]),
        (&json!(false), &json!(0)),
        "{result}"
    );
    let reason = result["failed"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("STORAGE_URL"), "{reason}");
    for export in &exports {
        assert_eq!(bed.column(export, "status").await.as_deref(), Some("completed"));
    }
    bed.make(&Made::by_admin(), TWO_ROWS).await;
    let result = clean_up(&bed).await;
    assert_eq!(
        (&result["success"], &result["orphanRecords"]),
        (&json!(true), &json!(3)),
        "{result}"
    );
}

#[tokio::test]
async fn a_key_that_decant_did_not_write_is_not_looked_for() {
    let bed = Bed::start(&[]).await;
    bed.make(&Made::by_admin(), TWO_ROWS).await;
    let strange = bed.record(&Made::by_admin(), TWO_ROWS).await;
    let key = "update decant.data_exports set file_key = '../../etc/passwd' where id = ";
    bed.state.execute(format!("{key}'{}'", strange.id)).await;
    let refused = bed.app.admin().download_export(&strange.id).answer().await;
    assert!(
        refused.status >= 400 && !refused.text().contains("root:"),
        "{}",
        refused.text()
    );
    let result = clean_up(&bed).await;
    assert_eq!(
        (&result["success"], &result["orphanRecords"]),
        (&json!(true), &json!(1)),
        "{result}"
    );
}

#[tokio::test]
async fn orphans_are_found_in_both_directions() {
    let bed = Bed::start(&[]).await;
    let name = name_of(&bed).await;
    let stray_of_ours = stray(&bed, &name).await;
    let (of_others, unknown) = (stray(&bed, "1/other").await, stray(&bed, "").await);
    std::fs::remove_file(bed.path(&format!("{}.json", unknown.key))).unwrap();
    // The claim that writes the first file holds, and that of the second one was lost.
    let writing = |fence_of_file| Made {
        status: "processing",
        fence: 2,
        fence_of_file,
        ..Made::by_admin()
    };
    let (held, lost) = (
        bed.make(&writing(2), TWO_ROWS).await,
        bed.make(&writing(1), TWO_ROWS).await,
    );
    // A manifest without its file.
    let begun = stray(&bed, &name).await;
    std::fs::remove_file(bed.path(&begun.key)).unwrap();
    let without_file = bed.record(&Made::by_admin(), TWO_ROWS).await;
    let good = bed.make(&Made::by_admin(), TWO_ROWS).await;
    let others = bed.path("users/hub%3A7/notes.txt");
    std::fs::create_dir_all(others.parent().unwrap()).unwrap();
    std::fs::write(&others, "somebody else's").unwrap();

    let result = clean_up(&bed).await;
    assert_eq!(
        (&result["orphanFiles"], &result["orphanRecords"]),
        (&json!(2), &json!(1)),
        "{result}"
    );
    assert_eq!(result["freedBytes"], json!(2 * TWO_ROWS.len()));
    let mut expected = vec![
        held.key.clone(),
        good.key.clone(),
        of_others.key.clone(),
        format!("{}.json", of_others.key),
        unknown.key.clone(),
        "users/hub%3A7/notes.txt".to_owned(),
    ];
    expected.sort();
    assert_eq!(bed.files(), expected, "{stray_of_ours:?} {lost:?}");
    assert_eq!(
        bed.column(&without_file, "status").await.as_deref(),
        Some("failed")
    );
    assert_eq!(
        bed.column(&without_file, "error_code").await.as_deref(),
        Some("file_missing")
    );
    let failed = bed.app.admin().download_export(&without_file.id).answer().await;
    assert!(
        failed
            .problem(500, "export_failed")
            .detail
            .contains("missing from the storage")
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_removed_is_named_and_left_for_the_next_time() {
    let bed = Bed::start(&[]).await;
    let over = Made {
        expires_in: "-1 hour",
        ..Made::by_admin()
    };
    let (blocked, removed) = (bed.record(&over, TWO_ROWS).await, bed.make(&over, TWO_ROWS).await);
    // A folder in the place of the file.
    std::fs::create_dir_all(bed.path(&blocked.key).join("x")).unwrap();
    let result = clean_up(&bed).await;
    assert_eq!(
        (&result["success"], &result["deletedFiles"]),
        (&json!(false), &json!(1)),
        "{result}"
    );
    assert_eq!(result["failed"][0]["id"], blocked.id.as_str());
    assert!(bed.column(&blocked, "file_key").await.is_some());
    assert_eq!(bed.column(&removed, "file_key").await, None);
    std::fs::remove_dir_all(bed.path(&blocked.key)).unwrap();
    let result = clean_up(&bed).await;
    assert_eq!(
        (&result["success"], &result["deletedFiles"]),
        (&json!(true), &json!(1)),
        "{result}"
    );
}

#[tokio::test]
async fn it_runs_at_its_time_on_one_server_at_once() {
    let bed = Bed::start(&[("EXPORT_CLEANUP_AT", "*/2 * * * * *")]).await;
    let over = Made {
        expires_in: "-1 hour",
        ..Made::by_admin()
    };
    let over = bed.make(&over, TWO_ROWS).await;
    let gone = async || (!bed.path(&over.key).exists()).then_some(());
    wait_for("the file is removed", SOON, gone).await;
    bed.app.server.wait_for_log("export_cleanup_complete", SOON).await;

    let mut other = PgConnection::connect(&bed.state.dsn).await.unwrap();
    let held = async || {
        let free: bool = sqlx::query_scalar("select pg_try_advisory_lock(x'64636e740005'::bigint)")
            .fetch_one(&mut other)
            .await
            .unwrap();
        free.then_some(())
    };
    wait_for("the lock of the clean-up", SOON, held).await;
    let refused = bed.app.admin().clean_up_exports(&json!({})).answer().await;
    refused.problem(409, "cleanup_running");
}

#[tokio::test]
async fn records_go_after_their_time_and_unfinished_files_after_theirs() {
    let bed = Bed::start(&[
        ("EXPORT_ANALYTICS_RETENTION_DAYS", "10"),
        ("DECANT_SCRATCH_SECONDS", "1"),
    ])
    .await;
    let made = |expires_in| Made {
        status: "expired",
        expires_in,
        ..Made::by_admin()
    };
    let (old, young) = (
        bed.record(&made("-11 days"), TWO_ROWS).await,
        bed.record(&made("-9 days"), TWO_ROWS).await,
    );
    let folder = bed.path("users/hub%3A7/exports");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(".upload-x.part"), "left by a crash").unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let result = clean_up(&bed).await;
    assert_eq!(result["removedRecords"], 1, "{result}");
    assert_eq!(bed.column(&old, "status").await, None);
    assert_eq!(bed.column(&young, "status").await.as_deref(), Some("expired"));
    assert!(!folder.join(".upload-x.part").exists());
}
