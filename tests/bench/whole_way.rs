//! From the click on "Export CSV" to the finished file, in Chromium, on the real page.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use decant_tests::browser::{self, Browser, EXPORT_PATIENCE};
use decant_tests::patience::wait_for;
use decant_tests::program;
use decant_tests::server::{ADMIN_TOKEN, Server};
use serde::Deserialize;
use serde_json::Value;

use crate::bed::Bed;
use crate::line::Line;
use crate::outcome::Outcome;
use crate::quantity::{milliseconds, seconds};
use crate::report::Section;
use crate::samples::Samples;

const ROUNDS: usize = 3;

/// The browser reports tasks of its main thread that are longer than this (W3C, Long Tasks API).
const LONG_TASK_MS: f64 = 50.0;

/// Records in the page the time of the click, the time of the success message, and the length of every long task. In
/// milliseconds; times since 1970.
const WATCH: &str = "
    const watch = window.watch = { clicked: 0, told: 0, tasks: [] };
    new PerformanceObserver((list) => watch.tasks.push(...list.getEntries().map((task) => task.duration)))
        .observe({ type: 'longtask' });
    document.addEventListener('click', (click) => {
        watch.clicked ||= performance.timeOrigin + click.timeStamp;
    }, { capture: true });
    const look = new MutationObserver(() => {
        if (document.querySelector('[data-testid=\"toast-success\"]')) {
            watch.told = performance.timeOrigin + performance.now();
            look.disconnect();
        }
    });
    look.observe(document.body, { childList: true, subtree: true });";

#[derive(Deserialize)]
struct Watched {
    clicked: f64,
    told: f64,
    tasks: Vec<f64>,
}

/// Results of the rounds, in seconds.
#[derive(Default)]
struct Rounds {
    psql: Samples,
    told: Samples,
    finished: Samples,
    longest_task_ms: f64,
    file_bytes: Vec<u64>,
    zone: String,
}

pub async fn measure(bed: &Bed, server: &Server) -> Outcome<Section> {
    let mut rounds = Rounds::default();
    let mut outcome = Ok(());
    browser::in_browser(&server.address, "bench-whole-way", async |browser| {
        outcome = run(bed, browser, &mut rounds).await;
    })
    .await;
    outcome?;
    let expected = command_line_bytes(bed, &rounds.zone).await?;
    if rounds.file_bytes.iter().any(|bytes| *bytes != expected) {
        let bytes = rounds.file_bytes;
        return Err(
            format!("the browser's files have {bytes:?} bytes, the command line's {expected}").into(),
        );
    }
    Ok(section(&rounds))
}

async fn run(bed: &Bed, browser: &Browser, rounds: &mut Rounds) -> Outcome<()> {
    browser.sign_in(ADMIN_TOKEN).await;
    let zone = "return Intl.DateTimeFormat().resolvedOptions().timeZone;";
    rounds.zone = serde_json::from_value(browser.run(zone, Vec::new()).await)?;
    for _ in 0..ROUNDS {
        browser.reload().await;
        settled(browser).await;
        rounds.psql.add(bed.psql().to_nowhere()?);
        browser.run(WATCH, Vec::new()).await;
        browser.click("export-start").await;
        let file = browser.download().await;
        let watched = watched(browser).await?;
        let metadata = std::fs::metadata(&file)?;
        // Chromium renames the file when it is complete, and does nothing to it afterwards.
        let finished = metadata.ctime() as f64 * 1e3 + metadata.ctime_nsec() as f64 / 1e6;
        let since_click = |time: f64| Duration::try_from_secs_f64((time - watched.clicked) / 1e3);
        rounds.told.add(since_click(watched.told)?);
        rounds.finished.add(since_click(finished.max(watched.told))?);
        rounds.file_bytes.push(metadata.len());
        let longest = watched.tasks.iter().copied().fold(0.0, f64::max);
        rounds.longest_task_ms = rounds.longest_task_ms.max(longest);
        std::fs::remove_file(&file)?;
    }
    Ok(())
}

/// Waits until the page shows its rows and their number, so that nothing runs beside the export.
async fn settled(browser: &Browser) {
    browser.see("export-start").await;
    browser
        .text("row-count", EXPORT_PATIENCE, |text| {
            text.contains(|letter: char| letter.is_ascii_digit())
        })
        .await;
}

/// Waits for the success message, and returns the record.
async fn watched(browser: &Browser) -> Outcome<Watched> {
    let look = async || {
        let watched: Value = browser.run("return window.watch;", Vec::new()).await;
        (watched["told"].as_f64()? > 0.0).then_some(watched)
    };
    let watched = wait_for("the page's good news", EXPORT_PATIENCE, look).await;
    Ok(serde_json::from_value(watched)?)
}

/// Returns the size of the same file from the command line.
async fn command_line_bytes(bed: &Bed, zone: &str) -> Outcome<u64> {
    let path = bed.file("whole-way.csv");
    let output = path.display().to_string();
    let arguments = [
        "export",
        "usage-logs",
        "--format",
        "csv",
        "--zone",
        zone,
        "-o",
        &output,
    ];
    program::run(&arguments, &[("DSN", &bed.dsn)]).await.good();
    let bytes = Path::new(&path).metadata()?.len();
    std::fs::remove_file(&path)?;
    Ok(bytes)
}

fn section(rounds: &Rounds) -> Section {
    let psql = seconds(rounds.psql.median());
    Section {
        title: "The whole way in Chromium",
        how: format!(
            "The real page of the real server, signed in; one click on *Export CSV*, all rows into the downloads. \
             The time begins with the click event. The page's message comes when the file is whole in the browser's \
             own storage; the file is finished when Chromium has copied it to the downloads folder and given it its \
             name (the file's change time). Its size is that of the command line's file. Beside it `psql > \
             /dev/null` as above, once before each export. Median of {ROUNDS} rounds; of the tasks the longest of \
             all rounds, where 0 means that the browser reported none, which it does from {LONG_TASK_MS} ms on."
        ),
        lines: vec![
            Line::new("click to finished file", seconds(rounds.finished.median()))
                .beside("psql", psql)
                .ratio_at_most(1.6),
            Line::new("click to the page's message", seconds(rounds.told.median()))
                .beside("psql", psql)
                .ratio(),
            Line::new(
                "longest task of the page's main thread",
                milliseconds(rounds.longest_task_ms),
            )
            .at_most(milliseconds(100.0)),
        ],
    }
}
