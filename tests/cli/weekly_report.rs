//! Every Monday the brand report is in the mail.

use std::io::Read as _;

use decant_tests::cluster::folder;
use decant_tests::exports::{Exports, wait_until};
use decant_tests::program;
use decant_tests::smtp::{Security, Smtp};
use decant_tests::workspaces::{self, ACME, ADMIN, user};
use serde_json::{Value, json};

/// A Monday in the past: the first run is made up for at once.
const MONDAY: &str = "2026-01-05T08:00";

#[tokio::test]
async fn it_is_made_at_its_time_mailed_opened_and_known_by_its_receipt() {
    let smtp = Smtp::start(Security::TlsAndPassword);
    let url = smtp.url();
    let exports = Exports::start_on(
        workspaces::database().await,
        &[
            ("SMTP_URL", url.as_str()),
            ("DECANT_MAIL_FROM", "decant@decant.example"),
            ("DECANT_MAIL_DOMAINS", "acme.example"),
            ("DECANT_SCHEDULE_TICK_SECONDS", "1"),
        ],
    )
    .await;
    let admin = user(&exports.app, ADMIN);
    let schedule = json!({ "exportType": "report", "workspace": ACME, "format": "html", "name": "Brand report",
        "recurrence": "weekly", "zone": "Europe/Berlin", "scheduledAt": MONDAY, "options": { "dateRange": { "start": "2026-01-01" } },
        "delivery": { "email": ["board@acme.example"] } });
    let answer = admin.schedule_export(&schedule).answer().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let id = answer.json::<Value>()["request"]["id"].as_u64().unwrap();

    let mail = smtp.wait_for(1).await.remove(0);
    assert_eq!(
        (mail.to.as_str(), mail.is_encrypted),
        ("board@acme.example", true)
    );
    let shown: Value = admin.show_schedule(id).answer().await.good().json();
    let next = shown["schedule"]["nextRuns"][0]
        .as_str()
        .unwrap()
        .parse::<jiff::Timestamp>()
        .unwrap();
    let next = next
        .to_zoned(jiff::tz::TimeZone::UTC)
        .strftime("%A %H:%M")
        .to_string();
    // Eight o'clock in Berlin, in winter or in summer.
    assert!(
        ["Monday 07:00", "Monday 06:00"].contains(&next.as_str()),
        "{next}"
    );

    let export = shown["schedule"]["lastExportId"].as_str().unwrap();
    let record = wait_until(&admin, export, "completed").await;
    let name = record["fileName"].as_str().unwrap();
    let file = mail.part("application/gzip").expect("the report is attached");
    let mut report = String::new();
    flate2::read::GzDecoder::new(file.as_slice())
        .read_to_string(&mut report)
        .unwrap();
    for part in ["<!DOCTYPE html>", "Acme", "Critical alerts", "<svg", "</html>"] {
        assert!(report.contains(part), "{part}: {report}");
    }

    let folder = folder();
    let receipt = admin.export_receipt(export).answer().await.good().body;
    let key = exports
        .app
        .anonymous()
        .get("/.well-known/decant-receipt-key")
        .answer()
        .await
        .good()
        .body;
    let names = [name, "report.receipt.json", "key.pem"];
    let paths = names.map(|name| folder.path().join(name).display().to_string());
    for (path, content) in paths.iter().zip([&file, &receipt, &key]) {
        std::fs::write(path, content).unwrap();
    }
    let verify = [
        "verify",
        &paths[0],
        "--receipt",
        &paths[1],
        "--receipt-key",
        &paths[2],
    ];
    let verified = program::run(&verify, &[]).await.good().text();
    for part in ["the file of the receipt", "brand-report"] {
        assert!(verified.contains(part), "{part}: {verified}");
    }
}
