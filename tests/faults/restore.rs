//! Restores that fail: the live database is either the old one or the new one, and whole.

use std::io::Write as _;
use std::time::Duration;

use decant_tests::actors::{Actor, rest_of};
use decant_tests::app::App;
use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::dumps::{completed, copies, failed, restored};
use decant_tests::patience::{wait_for, wait_up_to};
use decant_tests::server::{ADMIN_TOKEN, Server};
use decant_tests::small_disk::SmallDisk;
use tokio::io::AsyncWriteExt as _;

const CLEAN: &[(&str, &str)] = &[("cleanFirst", "true")];

async fn dump(app: &App) -> Vec<u8> {
    app.admin().dump().answer().await.good().body
}

/// Deletes rows, so that the live database differs from its dump.
async fn change(app: &App) {
    app.database
        .execute("delete from message_request where id % 2 = 0")
        .await;
}

#[tokio::test]
async fn a_damaged_dump_changes_nothing() {
    let app = App::start().await;
    let dump = dump(&app).await;
    change(&app).await;
    let before = app.database.contents().await;
    for part in [1, 3, 6, 9] {
        let cut = &dump[..dump.len() * part / 10];
        let why = failed(app.admin().import(cut, CLEAN).answer().await);
        assert!(why.contains("not a dump that can be restored"), "{why}");
    }
    let why = failed(app.admin().import(&dump[..dump.len() - 1], CLEAN).answer().await);
    assert!(why.contains("cut short") || why.contains("ends"), "{why}");
    // In the compressed rows of the largest table, where only decompression finds it.
    let mut flipped = dump.clone();
    let middle = flipped.len() * 2 / 3;
    flipped[middle] ^= 0x10;
    let why = failed(app.admin().import(&flipped, CLEAN).answer().await);
    assert!(
        why.contains("damaged") || why.contains("could not be restored"),
        "{why}"
    );
    assert_eq!(app.database.contents().await, before);
    assert!(copies(&app.admin()).await.is_empty());
}

#[tokio::test]
async fn a_dump_of_a_newer_archive_version_changes_nothing() {
    let app = App::start().await;
    let mut dump = dump(&app).await;
    // The version follows the magic bytes `PGDMP`.
    dump[6] = 99;
    let why = failed(app.admin().import(&dump, CLEAN).answer().await);
    assert!(why.contains("newer"), "{why}");
}

#[tokio::test]
async fn a_dump_of_a_newer_postgresql_is_refused_with_both_versions() {
    let app = App::start().await;
    let dump = include_bytes!("../../wasm-export/tests/dumps/pg17-gzip.dump");
    let before = app.database.contents().await;
    for fields in [CLEAN, &[("cleanFirst", "false")]] {
        let why = failed(app.admin().import(dump, fields).answer().await);
        assert!(
            why.contains("pg_dump 17.") && why.contains("here is PostgreSQL 15"),
            "{why}"
        );
    }
    assert_eq!(app.database.contents().await, before);
}

#[tokio::test]
async fn privileges_of_missing_roles_become_warnings() {
    let app = App::start().await;
    app.database
        .execute("create role only_there; grant select on users to only_there; alter table keys owner to only_there")
        .await;
    let dump = dump(&app).await;
    let before = app.database.contents().await;
    app.database
        .execute("reassign owned by only_there to postgres; drop owned by only_there; drop role only_there")
        .await;
    let restored = completed(app.admin().import(&dump, CLEAN).answer().await);
    let warnings = restored["warnings"].to_string();
    assert!(warnings.contains("only_there"), "{warnings}");
    assert_eq!(app.database.contents().await, before);
}

#[tokio::test]
async fn a_failed_migration_changes_nothing_and_a_good_one_is_applied() {
    let migrations = folder();
    let write = |name: &str, sql: &str| {
        let mut file = std::fs::File::create(migrations.path().join(name)).unwrap();
        file.write_all(sql.as_bytes()).unwrap();
    };
    let setting = (
        "DECANT_POST_RESTORE_MIGRATIONS",
        migrations.path().to_str().unwrap(),
    );
    let app = App::start_with(&[setting]).await;
    let dump = dump(&app).await;
    change(&app).await;
    let before = app.database.contents().await;
    write(
        "001.sql",
        "create table migrated (id int); insert into migrated values (1);",
    );
    write("002.sql", "insert into migrated select 2; select 1 / 0;");
    let why = failed(app.admin().import(&dump, CLEAN).answer().await);
    assert!(
        why.contains("002.sql") && why.contains("division by zero"),
        "{why}"
    );
    assert_eq!(app.database.contents().await, before);
    assert!(copies(&app.admin()).await.is_empty());

    write("002.sql", "insert into migrated select 2;");
    completed(app.admin().import(&dump, CLEAN).answer().await);
    assert_eq!(app.database.number("select sum(id) from migrated").await, 3);
}

#[tokio::test]
async fn a_server_killed_during_a_restore_leaves_the_old_or_the_new_database() {
    let mut app = App::start_on(Database::with_rows(20_000).await, &[]).await;
    let dump = dump(&app).await;
    let whole = app.database.contents().await;
    for phase in [
        "Reading the file",
        "The file is whole",
        "Dumped the database for safety",
        "Restoring public.message_request",
        "Counting the rows",
        "Putting the restored database",
    ] {
        change(&app).await;
        let changed = app.database.contents().await;
        let import = tokio::spawn(app.admin().import(&dump, CLEAN).answer());
        app.server.wait_for_log(phase, Duration::from_secs(60)).await;
        app.server.crash().await;
        let _ = import.await;
        // The sessions of the dead server's programs end by themselves.
        let ended = async || app.database.decant_sessions("%").await.is_empty().then_some(());
        wait_for("pg_restore to end", Duration::from_secs(10), ended).await;
        let contents = app.database.contents().await;
        assert!(
            contents == changed || contents == whole,
            "{phase}: neither old nor new"
        );

        app.server = Server::start(&[("DSN", &app.database.dsn)]).await;
        // The lock ended with its connection, and the side databases are listed and can be removed.
        for copy in copies(&app.admin()).await {
            let name = copy["name"].as_str().unwrap();
            app.admin().remove_copy(name).answer().await.good();
        }
        completed(app.admin().import(&dump, CLEAN).answer().await);
        assert_eq!(app.database.contents().await, whole, "{phase}");
        for copy in copies(&app.admin()).await {
            let name = copy["name"].as_str().unwrap();
            app.admin().remove_copy(name).answer().await.good();
        }
    }
    // The roles that loaded the dumps are gone, too.
    let roles = "select count(*) from pg_roles where rolname like 'decant\\_load%' \
                 and shobj_description(oid, 'pg_authid') like '%\"' || current_database() || '\"%'";
    assert_eq!(app.database.number(roles).await, 0);
}

#[tokio::test]
async fn a_server_killed_in_a_restore_of_one_transaction_leaves_the_old_or_the_new_rows() {
    const MERGE: &[(&str, &str)] = &[("cleanFirst", "false")];
    let app = App::start_on(Database::with_rows(20_000).await, &[]).await;
    let mut owners = app.server_of_owner(&[]).await;
    let dsn = app.database.dsn.replacen(
        "user=postgres",
        &format!(
            "user=owner_of_{}",
            app.database.text("select current_database()").await.unwrap()
        ),
        1,
    );
    let dump = dump(&app).await;
    let whole = app.database.contents().await;
    for (phase, fields) in [
        ("in one transaction", CLEAN),
        ("Restoring public.message_request", CLEAN),
        ("Counting the rows", CLEAN),
        ("Inserting the missing rows of public.message_request", MERGE),
    ] {
        change(&app).await;
        let changed = app.database.contents().await;
        let admin = Actor::new(&owners.address).with_token(ADMIN_TOKEN);
        let import = tokio::spawn(admin.import(&dump, fields).answer());
        owners.wait_for_log(phase, Duration::from_secs(60)).await;
        owners.crash().await;
        let _ = import.await;
        let ended = async || {
            let sql = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and usename <> 'postgres'";
            (app.database.number(sql).await == 0).then_some(())
        };
        wait_for("its programs to end", Duration::from_secs(10), ended).await;
        let contents = app.database.contents().await;
        assert!(
            contents == changed || contents == whole,
            "{phase}: neither old nor new"
        );
        owners = Server::start(&[("DSN", &dsn)]).await;
        let admin = Actor::new(&owners.address).with_token(ADMIN_TOKEN);
        completed(admin.import(&dump, fields).answer().await);
        assert_eq!(app.database.contents().await, whole, "{phase}");
    }
}

#[tokio::test]
async fn an_interrupted_upload_leaves_no_file() {
    let app = App::start().await;
    let dump = dump(&app).await;
    let before = app.database.contents().await;
    let mut stream = tokio::net::TcpStream::connect(&app.server.address).await.unwrap();
    let head = format!(
        "POST /api/admin/database/import HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\n\r\n\
         --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x.dump\"\r\n\r\n",
        app.server.address,
        ADMIN_TOKEN,
        dump.len() + 500
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&dump[..dump.len() / 2]).await.unwrap();
    let scratch = app.server.data_dir().join("scratch");
    let files = || std::fs::read_dir(&scratch).map_or(0, Iterator::count);
    let arrived = async || (files() == 1).then_some(());
    wait_for("the upload", Duration::from_secs(5), arrived).await;
    drop(stream);
    let gone = async || (files() == 0).then_some(());
    wait_for("the upload to be removed", Duration::from_secs(5), gone).await;
    assert_eq!(app.database.contents().await, before);
    app.admin().dump().answer().await.good();
}

#[tokio::test]
async fn a_restore_continues_when_its_client_disconnects() {
    let app = App::start().await;
    let dump = dump(&app).await;
    let whole = app.database.contents().await;
    change(&app).await;
    let mut import = app.admin().import(&dump, CLEAN).open().await;
    import.chunk().await.unwrap().unwrap();
    drop(import);
    let finished = async || {
        app.server
            .log()
            .contains("database_import_complete")
            .then_some(())
    };
    wait_for("the restore", Duration::from_secs(30), finished).await;
    assert_eq!(app.database.contents().await, whole);
}

#[tokio::test]
async fn a_restore_ends_running_exports_and_succeeds() {
    let app = App::start_on(Database::with_rows(60_000).await, &[]).await;
    let dump = dump(&app).await;
    let mut export = app.admin().rows("usage-logs").open().await;
    export.chunk().await.unwrap().unwrap();
    completed(app.admin().import(&dump, CLEAN).answer().await);
    let (rest, broken) = rest_of(export).await;
    let end = String::from_utf8_lossy(&rest[rest.len().saturating_sub(2000)..]).into_owned();
    let last = end.lines().last().unwrap_or_default();
    assert!(
        broken || last.starts_with("\\!") || last.starts_with("\\."),
        "{last}"
    );
    app.admin().usage_rows(&[]).await;
}

#[tokio::test]
async fn an_upload_left_by_a_crash_is_removed() {
    let data = folder();
    let scratch = data.path().join("scratch");
    std::fs::create_dir(&scratch).unwrap();
    std::fs::write(scratch.join("left by a crash.dump"), "PGDMP").unwrap();
    let database = Database::new().await;
    let settings = [
        ("DSN", database.dsn.as_str()),
        ("DECANT_SCRATCH_SECONDS", "1"),
        ("DECANT_DATA_DIR", data.path().to_str().unwrap()),
    ];
    let _server = Server::start(&settings).await;
    let swept = async || {
        std::fs::read_dir(&scratch)
            .is_ok_and(|mut files| files.next().is_none())
            .then_some(())
    };
    wait_for("the sweep", Duration::from_secs(5), swept).await;
}

#[tokio::test]
async fn messages_in_another_language_are_understood() {
    let app = App::start().await;
    // If the catalogue is not installed, PostgreSQL answers in English, and the test still passes.
    let set = "do $$ begin execute format('alter database %I set lc_messages to %L', current_database(), 'de_DE.UTF-8'); \
               exception when others then null; end $$";
    app.database.execute(set).await;
    let dump = dump(&app).await;
    change(&app).await;
    completed(app.admin().import(&dump, CLEAN).answer().await);
}

#[tokio::test]
async fn the_safety_dump_holds_the_database_before_the_restore() {
    let app = App::start().await;
    let dump = dump(&app).await;
    change(&app).await;
    let changed = app.database.contents().await;
    let told = completed(app.admin().import(&dump, CLEAN).answer().await);
    let safety = std::fs::read(told["safetyDump"].as_str().unwrap()).unwrap();
    assert_eq!(restored(&safety).await.contents().await, changed);
}

#[tokio::test]
async fn a_restore_whose_pg_restore_is_terminated_changes_nothing() {
    let app = App::start_on(Database::with_rows(20_000).await, &[]).await;
    let dump = dump(&app).await;
    change(&app).await;
    let before = app.database.contents().await;
    let import = tokio::spawn(app.admin().import(&dump, CLEAN).answer());
    let killed = async || app.database.end_sessions("pg_restore").await.then_some(());
    wait_up_to(Duration::from_secs(30), killed)
        .await
        .expect("pg_restore connects");
    let why = failed(import.await.unwrap());
    assert!(why.contains("could not be restored"), "{why}");
    assert_eq!(app.database.contents().await, before);
    assert!(copies(&app.admin()).await.is_empty());
}

#[tokio::test]
async fn a_full_disk_changes_nothing() {
    let disk = SmallDisk::of_bytes(2_000_000);
    let data_dir = ("DECANT_DATA_DIR", disk.path().to_str().unwrap());
    // All of the disk may be used, so that PostgreSQL's own programs find it full.
    let no_reserve = ("DECANT_DISK_RESERVE_MB", "0");
    let app = App::start_on(Database::with_rows(50_000).await, &[data_dir, no_reserve]).await;
    let dump = dump(&app).await;
    let without_logs = app
        .admin()
        .dump()
        .query("mode", "excludeLogs")
        .answer()
        .await
        .good()
        .body;
    assert!(dump.len() > 2_000_000 && without_logs.len() < 1_000_000);
    let before = app.database.contents().await;

    // There is no room for the upload.
    let refused = app.admin().import(&dump, CLEAN).answer().await;
    let detail = refused.problem(507, "upload_failed").detail;
    assert!(detail.contains("MB free"), "{detail}");
    // There is room for the upload, but not for the safety dump.
    let fields = [("cleanFirst", "true"), ("allowMissingTables", "true")];
    let why = failed(app.admin().import(&without_logs, &fields).answer().await);
    assert!(
        why.contains("safety dump") && why.contains("No space left"),
        "{why}"
    );

    assert_eq!(app.database.contents().await, before);
    assert!(copies(&app.admin()).await.is_empty());
    for folder in ["scratch", "safety"] {
        let left = std::fs::read_dir(disk.path().join(folder)).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{folder}");
    }
    // The lock is free again.
    app.admin().dump().answer().await.good();
}

#[tokio::test]
async fn a_restore_is_refused_if_the_databases_disk_has_too_little_space() {
    let large = App::start_on(Database::with_rows(60_000).await, &[]).await;
    let dump = dump(&large).await;
    let disk = SmallDisk::of_bytes(300_000_000);
    // A server with a private PostgreSQL on that disk.
    let settings = [
        ("DECANT_DATA_DIR", disk.path().to_str().unwrap()),
        ("DECANT_DEMO_ROWS", "500"),
    ];
    let server = Server::start(&settings).await;
    let admin = Actor::new(&server.address).with_token(ADMIN_TOKEN);
    let rows = admin.usage_count(&[]).await;
    let free = nix::sys::statvfs::statvfs(disk.path()).unwrap();
    let free = free.blocks_available() * free.fragment_size();
    std::fs::write(disk.path().join("filler"), vec![0; free as usize - 80_000_000]).unwrap();
    let why = failed(admin.import(&dump, CLEAN).answer().await);
    assert!(
        why.contains("MB free") && why.contains("Nothing was changed"),
        "{why}"
    );
    assert!(copies(&admin).await.is_empty());
    assert_eq!(admin.usage_count(&[]).await, rows);

    std::fs::remove_file(disk.path().join("filler")).unwrap();
    // The demo has tables that the dump lacks.
    let fields = [("cleanFirst", "true"), ("allowMissingTables", "true")];
    let _ = completed(admin.import(&dump, &fields).answer().await);
    assert!(admin.usage_count(&[]).await > 50_000);
}

#[tokio::test]
async fn a_restore_without_a_client_finishes_or_stops_as_configured() {
    // The migration keeps the restore running until the server has noticed that its client is gone.
    let migrations = folder();
    std::fs::write(migrations.path().join("slowly.sql"), "select pg_sleep(3)").unwrap();
    for (setting, is_restored) in [("finish", true), ("stop", false)] {
        let settings = [
            ("DECANT_RESTORE_UNFOLLOWED", setting),
            (
                "DECANT_POST_RESTORE_MIGRATIONS",
                migrations.path().to_str().unwrap(),
            ),
        ];
        let app = App::start_on(Database::with_rows(20_000).await, &settings).await;
        let dump = dump(&app).await;
        let whole = app.database.contents().await;
        change(&app).await;
        let changed = app.database.contents().await;
        let mut answer = app.admin().import(&dump, CLEAN).open().await;
        answer.chunk().await.expect("the restore has begun");
        drop(answer);
        // It logs its result before it releases the lock.
        let ended = async || {
            let log = app.server.log();
            (log.contains("database_import_complete") || log.contains("database_import_error")).then_some(())
        };
        wait_for("the end", Duration::from_secs(60), ended).await;
        let free = async || {
            app.admin()
                .dump()
                .query("mode", "excludeLogs")
                .answer()
                .await
                .status
                .eq(&200)
                .then_some(())
        };
        wait_for("the lock", Duration::from_secs(20), free).await;
        let expected = if is_restored { whole } else { changed };
        assert_eq!(app.database.contents().await, expected, "{setting}");
        assert_eq!(
            copies(&app.admin()).await.len(),
            usize::from(is_restored),
            "{setting}"
        );
    }
}
