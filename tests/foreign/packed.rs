//! Compressed files, decompressed by other programs.

use std::ffi::OsStr;

use crate::held::Held;
use crate::programs::{PYTHON, run, run_if_there};

#[tokio::test]
async fn compressed_files_hold_the_file() {
    let held = Held::usage_logs().await;
    let folder = held.folder();
    let plain = std::fs::read(held.export("usage-logs.csv", &[]).await).unwrap();
    let [gzip, zip, zstd] = [
        held.export("packed.gz", &["--compression", "gzip"]).await,
        held.export("packed.zip", &["--compression", "zip"]).await,
        held.export("packed.zst", &["--compression", "zstd"]).await,
    ];

    run(
        PYTHON,
        &[
            OsStr::new("-m"),
            OsStr::new("gzip"),
            OsStr::new("-d"),
            gzip.as_os_str(),
        ],
    );
    assert!(
        std::fs::read(folder.join("packed")).unwrap() == plain,
        "Python's gzip"
    );
    let unzipped = folder.join("unzipped");
    run(
        PYTHON,
        &[
            OsStr::new("-m"),
            OsStr::new("zipfile"),
            OsStr::new("-e"),
            zip.as_os_str(),
            unzipped.as_os_str(),
        ],
    );
    assert!(
        std::fs::read(unzipped.join("usage-logs.csv")).unwrap() == plain,
        "Python's zipfile"
    );

    for (program, flags, file) in [
        ("gzip", "-dc", &gzip),
        ("unzip", "-p", &zip),
        ("zstd", "-dc", &zstd),
    ] {
        if let Some(unpacked) = run_if_there(program, &[OsStr::new(flags), file.as_os_str()]) {
            assert!(unpacked == plain, "{program}");
        }
    }
}
