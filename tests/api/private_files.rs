//! Other users of the machine read none of Decant's files.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::dumps::completed;
use decant_tests::patience::wait_for;
use decant_tests::program;
use decant_tests::server::Server;
use serde_json::Value;

/// Returns the files and folders, and their rights, that others have rights to.
fn open_to_others(folder: &Path) -> Vec<(PathBuf, u32)> {
    let rights =
        |path: &Path| fs::symlink_metadata(path).map_or(0, |found| found.permissions().mode() & 0o777);
    let mut found = vec![(folder.to_owned(), rights(folder))];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path().is_dir() {
            true => found.extend(open_to_others(&entry.path())),
            false => found.push((entry.path(), rights(&entry.path()))),
        }
    }
    found.retain(|(_, rights)| rights & 0o077 != 0);
    found
}

#[tokio::test]
async fn backups_dumps_secrets_and_records_are_for_their_owner_only() {
    let parent = folder();
    let (data, storage) = (parent.path().join("data"), parent.path().join("storage"));
    let (data_dir, storage_url) = (data.to_str().unwrap(), storage.to_str().unwrap());
    let settings = [("DECANT_DATA_DIR", data_dir), ("STORAGE_URL", storage_url)];
    let app = App::start_on(Database::new().await, &settings).await;
    let dump = app.admin().dump().answer().await.good().body;
    app.admin().make_backup().answer().await.good();
    wait_for("the backup", Duration::from_secs(60), async || {
        let overview: Value = app.admin().backups().answer().await.good().json();
        overview["backups"].get(0).cloned()
    })
    .await;
    completed(
        app.admin()
            .import(&dump, &[("cleanFirst", "true")])
            .answer()
            .await,
    );
    let file = parent.path().join("hub.dump");
    let command = [&settings[..], &[("DSN", app.database.dsn.as_str())]].concat();
    program::run(&["backup", "-o", file.to_str().unwrap()], &command)
        .await
        .good();
    for made in ["safety", "scratch", "manifest.secret", "last-dump.json"] {
        assert!(data.join(made).exists(), "{made}");
    }
    assert_eq!(fs::read_dir(storage.join("backups")).unwrap().count(), 2);
    for folder in [&data, &storage] {
        assert_eq!(open_to_others(folder), []);
    }
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn wider_rights_of_an_older_version_are_withdrawn_with_a_warning() {
    let (data, storage) = (folder(), folder());
    let older = [
        data.path().to_owned(),
        data.path().join("safety"),
        storage.path().join("backups"),
        storage.path().join("logs"),
    ];
    for folder in &older {
        fs::create_dir_all(folder).unwrap();
        fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    }
    let database = Database::new().await;
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("DECANT_DATA_DIR", data.path().to_str().unwrap()),
        ("STORAGE_URL", storage.path().to_str().unwrap()),
    ];
    let server = Server::start(&settings).await;
    for folder in &older {
        let mode = fs::metadata(folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{}", folder.display());
        assert!(
            server.log().contains(&*folder.to_string_lossy()),
            "{}",
            server.log()
        );
    }
    // The storage's own folder may have other contents.
    let mode = fs::metadata(storage.path()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o755);
}
