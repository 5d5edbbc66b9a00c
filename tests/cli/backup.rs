//! `decant backup` and `decant restore`.

use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::dumps::restored;
use decant_tests::program;

#[tokio::test]
async fn a_backup_is_a_whole_dump_and_restores() {
    let database = Database::new().await;
    let before = database.contents().await;
    let (folder, data) = (folder(), folder());
    let file = folder.path().join("hub.dump");
    let file = file.to_str().unwrap();
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("DECANT_DATA_DIR", data.path().to_str().unwrap()),
    ];
    let made = program::run(&["backup", "-o", file], &settings).await.good();
    assert!(made.stderr.contains("a whole dump"), "{}", made.stderr);
    assert!(!std::path::Path::new(&format!("{file}.part")).exists());
    let dump = std::fs::read(file).unwrap();
    assert_eq!(restored(&dump).await.contents().await, before);

    database.execute("delete from message_request").await;
    let nowhere = program::run(&["restore", "no.dump", "--clean", "--yes"], &settings).await;
    let refusal = nowhere.refusal();
    assert!(
        refusal.contains("no.dump cannot be read: No such file"),
        "{refusal}"
    );
    let unasked = program::run(&["restore", file, "--clean"], &settings).await;
    assert!(unasked.refusal().contains("--yes"));
    let undecided = program::run(&["restore", file, "--yes"], &settings).await;
    assert!(undecided.refusal().contains("--clean"));
    let merged = program::run(&["restore", file, "--merge", "--yes"], &settings)
        .await
        .good();
    assert!(
        merged.text().contains("public.message_request"),
        "{}",
        merged.text()
    );
    assert_eq!(database.contents().await, before);

    database.execute("drop table message_request cascade").await;
    let told = program::run(&["restore", file, "--clean", "--yes"], &settings)
        .await
        .good();
    assert!(told.text().contains("is kept as"), "{}", told.text());
    assert_eq!(database.contents().await, before);

    std::fs::write(file, &dump[..dump.len() / 2]).unwrap();
    let refused = program::run(&["restore", file, "--clean", "--yes"], &settings).await;
    assert!(refused.refusal().contains("cut short"));
    assert_eq!(database.contents().await, before);
}

#[tokio::test]
async fn a_restore_is_rolled_back_from_the_command_line() {
    let database = Database::new().await;
    let (folder, data) = (folder(), folder());
    let file = folder.path().join("hub.dump");
    let file = file.to_str().unwrap();
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("DECANT_DATA_DIR", data.path().to_str().unwrap()),
    ];
    let nothing = program::run(&["restore", "--roll-back", "--yes"], &settings).await;
    assert!(nothing.refusal().contains("no restore has left"));
    program::run(&["backup", "-o", file], &settings).await.good();
    let dumped = database.contents().await;
    database.execute("create table later (id int)").await;
    let changed = database.contents().await;

    let clean = ["restore", file, "--clean", "--yes"];
    let refused = program::run(&clean, &settings).await.refusal();
    assert!(
        refused.contains("public.later") && refused.contains("--allow-missing-tables"),
        "{refused}"
    );
    let allowed = [&clean[..], &["--allow-missing-tables"]].concat();
    program::run(&allowed, &settings).await.good();
    assert_eq!(database.contents().await, dumped);
    let told = program::run(&["restore", "--roll-back", "--yes"], &settings)
        .await
        .good();
    assert!(told.text().contains("is kept as"), "{}", told.text());
    assert_eq!(database.contents().await, changed);

    program::run(&allowed, &settings).await.good();
    let several = program::run(&["restore", "--roll-back", "--yes"], &settings).await;
    let several = several.refusal();
    let previous = several.lines().find_map(|line| {
        let name = line.split_whitespace().next()?;
        name.contains("_before_").then_some(name)
    });
    let named = ["restore", "--roll-back", previous.unwrap(), "--yes"];
    program::run(&named, &settings).await.good();
    assert_eq!(database.contents().await, changed);

    let listed = program::run(&["previous", "list"], &settings).await.good();
    let listed = listed.text().to_string();
    let names: Vec<_> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(names.len(), 2, "{listed}");
    let removing = ["previous", "remove", names[0]];
    let unasked = program::run(&removing, &settings).await;
    assert!(unasked.refusal().contains("--yes"));
    let confirmed = [&removing[..], &["--yes"]].concat();
    program::run(&confirmed, &settings).await.good();
    let left = program::run(&["previous", "list"], &settings).await.good();
    assert!(!left.text().contains(names[0]) && left.text().contains(names[1]));
    let unknown = program::run(&confirmed, &settings).await.refusal();
    assert!(unknown.contains("There is no database"), "{unknown}");
}

#[tokio::test]
async fn an_old_safety_dump_is_named_before_it_is_removed_and_that_of_a_merge_stays() {
    let database = Database::empty().await;
    database.execute("create table rows (id int)").await;
    let (folder, data) = (folder(), folder());
    let file = folder.path().join("rows.dump");
    let file = file.to_str().unwrap();
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("DECANT_DATA_DIR", data.path().to_str().unwrap()),
        ("DECANT_SAFETY_DUMPS", "1"),
    ];
    program::run(&["backup", "-o", file], &settings).await.good();
    let mut told = String::new();
    for mode in ["--merge", "--clean", "--clean"] {
        let restored = program::run(&["restore", file, mode, "--yes"], &settings).await;
        told = restored.good().stderr;
    }
    let removed = told
        .lines()
        .find(|line| line.contains("Removing the old safety dump"));
    assert!(
        removed.is_some_and(|line| line.contains("before-restore_")),
        "{told}"
    );
    let left = std::fs::read_dir(data.path().join("safety")).unwrap();
    let mut left: Vec<_> = left
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert!(
        left.len() == 2 && left[0].starts_with("before-merge_"),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_backup_that_fails_leaves_no_file() {
    let database = Database::new().await;
    let folder = folder();
    let file = folder.path().join("hub.dump");
    let file = file.to_str().unwrap();
    let dsn = database.dsn_of(&database.make_plain_role().await);
    let failed = program::run(&["backup", "-o", file], &[("DSN", &dsn)]).await;
    assert!(failed.refusal().contains("permission denied"));
    let ledger = ["backup", "--mode", "ledgerOnly", "-o", file];
    let refused = program::run(&ledger, &[("DSN", &database.dsn)]).await.refusal();
    assert!(
        refused.contains("dumps the table usage_ledger, which this database does not have"),
        "{refused}"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn backups_in_the_storage_are_made_listed_proved_fetched_and_removed() {
    let database = Database::new().await;
    let before = database.contents().await;
    let (folder, data) = (folder(), folder());
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("DECANT_DATA_DIR", data.path().to_str().unwrap()),
        ("STORAGE_URL", folder.path().to_str().unwrap()),
        ("DECANT_BACKUP_PASSPHRASE", "correct horse battery staple"),
    ];
    let made = program::run(&["backups", "make"], &settings).await.good().text();
    let name = made.split_whitespace().next().unwrap().to_owned();
    assert!(
        name.ends_with(".dump.age") && made.contains("not proved"),
        "{made}"
    );
    let proved = program::run(&["backups", "prove", &name], &settings).await.good();
    assert!(proved.text().contains("proved"), "{}", proved.text());
    let listed = program::run(&["backups", "list"], &settings).await.good();
    assert_eq!(listed.text(), proved.text());

    let file = data.path().join("fetched.dump");
    let fetch = ["backups", "fetch", &name, "-o", file.to_str().unwrap()];
    program::run(&fetch, &settings).await.good();
    assert_eq!(
        restored(&std::fs::read(&file).unwrap()).await.contents().await,
        before
    );

    program::run(&["backups", "remove", &name, "--yes"], &settings)
        .await
        .good();
    assert_eq!(
        program::run(&["backups", "list"], &settings).await.good().text(),
        ""
    );
    let gone = program::run(&fetch, &settings).await;
    assert!(gone.refusal().contains(&name));
}

#[tokio::test]
async fn commands_are_recorded_in_the_audit() {
    let (database, state) = (Database::new().await, Database::empty().await);
    let (folder, data) = (folder(), folder());
    let file = folder.path().join("hub.dump");
    let file = file.to_str().unwrap();
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("STATE_DSN", state.dsn.as_str()),
        ("DECANT_DATA_DIR", data.path().to_str().unwrap()),
    ];
    program::run(&["backup", "-o", file], &settings).await.good();
    program::run(&["restore", file, "--clean", "--yes"], &settings)
        .await
        .good();
    std::fs::write(file, b"PGDMP and no more").unwrap();
    let _ = program::run(&["restore", file, "--clean", "--yes"], &settings)
        .await
        .refusal();
    let done = "select string_agg(action, ' ' order by id) from decant.audit where caller = 'Operator' \
                and action ~ 'complete|error|initiated'";
    assert_eq!(
        state.text(done).await.as_deref(),
        Some(
            "database_export_initiated pg_dump_complete database_import_initiated database_import_complete \
             database_import_initiated database_import_error"
        )
    );
}
