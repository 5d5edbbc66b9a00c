//! `decant verify` of dumps that pg_dump wrote into a pipe.

use std::path::Path;

use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::program;
use tokio::process::Command;
use wasm_export::dump::{Archive, DumpError, TABLE_DATA};

fn postgres_program(name: &str) -> Command {
    Command::new(
        decant_embedded::binaries()
            .expect("PostgreSQL is here")
            .program(name),
    )
}

/// Dumps the database by pg_dump with this compression level.
async fn dumped(database: &Database, compression: &str) -> Vec<u8> {
    let output = postgres_program("pg_dump")
        .args([
            "--format=custom",
            "--compress",
            compression,
            "--dbname",
            &database.dsn,
        ])
        .output()
        .await
        .expect("pg_dump is beside PostgreSQL");
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

async fn verified(path: &Path) -> program::Outcome {
    program::run(&["verify", path.to_str().expect("the path is ASCII")], &[]).await
}

#[tokio::test]
async fn a_whole_dump_is_distinguished_from_a_cut_one() {
    let database = Database::new().await;
    let dump = dumped(&database, "6").await;
    let folder = folder();
    // A dump is recognised by its content under any name.
    let whole = folder.path().join("download.bin");
    std::fs::write(&whole, &dump).unwrap();
    let sentence = verified(&whole).await.good().text();
    assert!(sentence.contains(": a whole dump of 2"), "{sentence}");
    assert!(sentence.contains(", archive version 1."), "{sentence}");
    assert!(
        sentence
            .trim_end()
            .ends_with(&format!(" {} bytes in all", dump.len())),
        "{sentence}"
    );

    let cut = folder.path().join("cut.dump");
    std::fs::write(&cut, &dump[..dump.len() - 1]).unwrap();
    let refusal = verified(&cut).await.refusal();
    assert!(
        refusal.contains("cut.dump: the dump ends in the middle of the data of "),
        "{refusal}"
    );
    assert!(
        refusal.contains("it is cut short; take the dump again"),
        "{refusal}"
    );

    // A damaged dump is recognised by its name.
    let empty = folder.path().join("empty.dump");
    std::fs::write(&empty, "").unwrap();
    let refusal = verified(&empty).await.refusal();
    assert!(refusal.contains("empty.dump: the file is empty"), "{refusal}");
}

#[tokio::test]
async fn a_large_dump_is_not_whole_if_cut_at_any_place() {
    let database = Database::new().await;
    for compression in ["0", "1"] {
        let dump = dumped(&database, compression).await;
        assert!(dump.len() > 200_000, "{}", dump.len());
        let mut archive = Archive::new();
        for piece in dump.chunks(97) {
            let cut = archive.finish();
            let is_noticed = matches!(
                cut,
                Err(DumpError::Empty | DumpError::CutShort { .. } | DumpError::DataMissing { .. })
            );
            assert!(is_noticed, "cut at {}: {cut:?}", archive.bytes());
            archive.push(piece).unwrap();
        }
        let summary = archive.finish().unwrap();
        let requests = summary
            .tables
            .iter()
            .find(|table| table.name == "message_request");
        assert!(requests.unwrap().data_bytes > Some(65_536), "{requests:?}");
    }
}

#[tokio::test]
async fn pg_restore_leaves_out_what_a_list_of_its_entries_leaves_out() {
    let database = Database::new().await;
    let dump = dumped(&database, "1").await;
    let mut archive = Archive::new();
    archive.push(&dump).unwrap();
    let entries = archive.toc().unwrap().entries.iter();
    let wanted = entries.filter(|entry| (&*entry.kind, &*entry.name) != (TABLE_DATA, "message_request"));
    let list: String = wanted.map(|entry| format!("{};\n", entry.dump_id)).collect();

    let folder = folder();
    let (dump_path, list_path) = (folder.path().join("all.dump"), folder.path().join("list"));
    std::fs::write(&dump_path, &dump).unwrap();
    std::fs::write(&list_path, list).unwrap();
    let output = postgres_program("pg_restore")
        .args(["--file=-", "--use-list"])
        .args([&list_path, &dump_path])
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let sql = String::from_utf8(output.stdout).unwrap();
    assert!(sql.contains("CREATE TABLE public.message_request "));
    assert!(sql.contains("COPY public.users "));
    assert!(!sql.contains("COPY public.message_request "));
}
