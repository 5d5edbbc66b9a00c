//! Disks that become full: what would fill them is refused before.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::database::Database;
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;
use decant_tests::small_disk::SmallDisk;
use nix::sys::statvfs::statvfs;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PATIENCE: Duration = Duration::from_secs(60);

const DISK_BYTES: u64 = 32 * 1024 * 1024;

/// So much stays free.
const RESERVE: (&str, &str) = ("DECANT_DISK_RESERVE_MB", "16");
const RESERVE_BYTES: u64 = 16 * 1024 * 1024;

/// What lies between the reserve and a full disk, minus the pieces between two looks at the disk.
const FREE_MIN: u64 = RESERVE_BYTES - 9 * 1024 * 1024;

#[tokio::test]
async fn an_upload_that_would_fill_the_disk_is_refused_before() {
    let disk = SmallDisk::of_bytes(DISK_BYTES);
    let data_dir = ("DECANT_DATA_DIR", disk.path().to_str().unwrap());
    let app = App::start_with(&[data_dir, RESERVE]).await;
    // A body of known length is refused before it is read.
    let large = [&b"PGDMP"[..], &vec![0; 20 * 1024 * 1024]].concat();
    let refused = app
        .admin()
        .import(&large, &[("cleanFirst", "true")])
        .answer()
        .await;
    let problem = refused.problem(507, "upload_failed");
    assert!(
        problem.detail.contains("DECANT_DISK_RESERVE_MB"),
        "{}",
        problem.detail
    );

    // A body of unknown length is refused while it arrives.
    let mut stream = tokio::net::TcpStream::connect(&app.server.address).await.unwrap();
    let head = format!(
        "POST /api/admin/database/import HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {ADMIN_TOKEN}\r\n\
         content-type: multipart/form-data; boundary=b\r\ntransfer-encoding: chunked\r\n\r\n",
        app.server.address,
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let part = b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x.dump\"\r\n\r\nPGDMP";
    let piece = vec![0; 1024 * 1024];
    let mut free = u64::MAX;
    for chunk in [&part[..]].into_iter().chain((0..30).map(|_| &piece[..])) {
        let size = format!("{:x}\r\n", chunk.len());
        let sent = async {
            stream.write_all(size.as_bytes()).await?;
            stream.write_all(chunk).await?;
            stream.write_all(b"\r\n").await
        };
        if sent.await.is_err() {
            break;
        }
        let now = statvfs(disk.path()).unwrap();
        free = free.min(now.blocks_available() * now.fragment_size());
    }
    assert!(free >= FREE_MIN, "only {free} bytes were free");
    let mut answer = vec![0; 16];
    let read = stream.read(&mut answer).await.unwrap_or(0);
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(read == 0 || answer.contains(" 507"), "{answer}");
    let scratch = disk.path().join("scratch");
    let emptied = async || (std::fs::read_dir(&scratch).map_or(0, Iterator::count) == 0).then_some(());
    wait_for("the upload to be removed", PATIENCE, emptied).await;
}

#[tokio::test]
async fn a_backup_and_a_proof_that_would_fill_the_disk_are_refused_before() {
    let (data, storage) = (SmallDisk::of_bytes(DISK_BYTES), SmallDisk::of_bytes(DISK_BYTES));
    let settings = [
        ("DECANT_DATA_DIR", data.path().to_str().unwrap()),
        ("STORAGE_URL", storage.path().to_str().unwrap()),
        ("DECANT_DUMP_COMPRESSION", "none"),
        RESERVE,
    ];
    let app = App::start_on(Database::with_rows(2_000).await, &settings).await;
    let ended = async |what: &str| {
        wait_for(what, PATIENCE, async || {
            let overview: Value = app.admin().backups().answer().await.good().json();
            overview["running"].is_null().then_some(overview)
        })
        .await
    };
    app.admin().make_backup().answer().await.good();
    let overview = ended("the backup").await;
    assert_eq!(overview["failure"], Value::Null);
    let name = overview["backups"][0]["name"].as_str().unwrap().to_owned();

    // The disk of the data folder has less space than the dump and the reserve need.
    let fill = |disk: &SmallDisk| {
        let free = statvfs(disk.path()).unwrap();
        let free = free.blocks_available() * free.fragment_size();
        let filler = vec![0; usize::try_from(free - RESERVE_BYTES).unwrap()];
        std::fs::write(disk.path().join("filler"), filler).unwrap();
    };
    fill(&data);
    app.admin().with_backup(&name, "prove").answer().await.good();
    let overview = ended("the proof").await;
    let why = overview["failure"]["reason"].as_str().unwrap_or_default();
    assert!(why.contains("DECANT_DISK_RESERVE_MB"), "{overview}");
    // That says nothing about the backup.
    assert_eq!(overview["backups"][0]["proof"], Value::Null);

    fill(&storage);
    std::fs::write(storage.path().join("more"), [0; 65_536]).unwrap();
    app.admin().make_backup().answer().await.good();
    let overview = ended("the other backup").await;
    let why = overview["failure"]["reason"].as_str().unwrap_or_default();
    assert!(
        why.contains("could not be stored") && why.contains("DECANT_DISK_RESERVE_MB"),
        "{overview}"
    );
    assert_eq!(overview["backups"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_spooled_dump_that_would_fill_the_disk_is_refused_and_makes_room_for_others() {
    let disk = SmallDisk::of_bytes(DISK_BYTES);
    let settings = [
        ("DECANT_DATA_DIR", disk.path().to_str().unwrap()),
        RESERVE,
        ("DECANT_DUMP_COMPRESSION", "none"),
    ];
    let app = App::start_on(Database::with_rows(40_000).await, &settings).await;
    let admin = app.admin();
    let spooled = || admin.dump().query("spool", "true");
    let small = spooled().query("mode", "excludeLogs").answer().await.good();
    let problem = spooled().answer().await.problem(507, "no_space");
    assert!(
        problem.detail.contains("DECANT_DISK_RESERVE_MB"),
        "{}",
        problem.detail
    );
    let status: Value = admin.database_status().answer().await.good().json();
    assert_eq!(status["lastDump"]["ending"]["state"], "failed");
    assert_eq!(status["lock"], Value::Null);
    // The small one had to go, too, and is made again.
    let rest = spooled()
        .query("mode", "excludeLogs")
        .header("range", "bytes=10-")
        .header("if-range", small.header("etag"));
    let again = rest.answer().await.good();
    assert_eq!(again.status, 200);
    assert_ne!(again.header("etag"), small.header("etag"));
}
