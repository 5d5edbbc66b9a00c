//! The check of the stored file of a background export.

use decant_tests::actors::Actor;
use decant_tests::exports::{Exports, create, wait_until};
use decant_tests::stored_exports::{Bed, Made, MadeExport, TWO_ROWS};
use serde_json::{Value, json};

async fn verification(admin: &Actor, export: &MadeExport) -> Value {
    let answer: Value = admin.verify_export(&export.id).answer().await.good().json();
    assert_eq!(answer["success"], true);
    let passed = answer["verification"]["success"]
        .as_bool()
        .expect("a report says whether all is well");
    let message = if passed {
        "Export verification passed"
    } else {
        "Export verification failed"
    };
    assert_eq!(answer["message"], message);
    answer["verification"].clone()
}

#[tokio::test]
async fn a_receipt_says_who_took_what_and_outlives_the_file() {
    let bed = Bed::start(&[(
        "DECANT_RECEIPT_KEY",
        "a secret that all servers of the tests share",
    )])
    .await;
    let (admin, anonymous) = (bed.app.admin(), bed.app.anonymous());
    let key = || anonymous.get("/.well-known/decant-receipt-key");
    let key = key().answer().await.good();
    assert_eq!(key.header("content-type"), "application/x-pem-file");
    assert!(
        key.text().starts_with("-----BEGIN PUBLIC KEY-----\n"),
        "{}",
        key.text()
    );

    let export = bed.make(&Made::by_admin(), TWO_ROWS).await;
    let receipt = async || admin.export_receipt(&export.id).answer().await.good();
    let first = receipt().await;
    assert!(first.header("content-disposition").contains(".receipt.json"));
    let signed: Value = first.json();
    for (member, value) in [
        ("export", json!(export.id)),
        ("dataset", json!("usage-logs")),
        ("caller", json!("token:admin")),
        ("subject", json!("token:admin")),
        ("rows", json!(2)),
        ("bytes", json!(TWO_ROWS.len())),
        ("sha256", json!(export.sha256)),
    ] {
        assert_eq!(signed["receipt"][member], value, "{member} {signed}");
    }
    let (user, _) = bed.app.user().await;
    user.export_receipt(&export.id)
        .answer()
        .await
        .problem(403, "forbidden");
    let over = "update decant.data_exports set expires_at = now() - interval '1 hour'";
    bed.state.execute(over.to_owned()).await;
    assert_eq!(
        receipt().await.json::<Value>(),
        signed,
        "the same receipt each time"
    );

    let waits = Made {
        status: "queued",
        ..Made::by_admin()
    };
    let waits = bed.record(&waits, TWO_ROWS).await;
    let without =
        "update decant.data_exports set sha256 = null, file_bytes = null, completed_at = null where id = ";
    bed.state.execute(format!("{without}'{}'", waits.id)).await;
    admin
        .export_receipt(&waits.id)
        .answer()
        .await
        .problem(425, "export_not_ready");
}

#[tokio::test]
async fn a_good_file_passes_and_the_report_is_kept() {
    let bed = Bed::start(&[]).await;
    let admin = bed.app.admin();
    let export = bed.make(&Made::by_admin(), TWO_ROWS).await;
    let report = verification(&admin, &export).await;
    for (member, value) in [
        ("success", json!(true)),
        ("fileExists", json!(true)),
        ("fileSizeMatch", json!(true)),
        ("checksumMatch", json!(true)),
        ("recordCountMatch", json!(true)),
        ("formatValid", json!(true)),
        ("errorDetails", json!([])),
        ("rows", json!(2)),
        ("bytes", json!(TWO_ROWS.len())),
        ("sha256", json!(export.sha256)),
    ] {
        assert_eq!(report[member], value, "{member}");
    }
    let kept: Value = serde_json::from_str(&bed.column(&export, "verification").await.unwrap()).unwrap();
    assert_eq!(kept, report);
    assert!(bed.column(&export, "verified_at").await.is_some());
    let logged = "select level || ' ' || message from decant.export_logs where event_type = 'verify'";
    assert_eq!(
        bed.state.text(logged).await.as_deref(),
        Some("info Export verification passed")
    );
}

#[tokio::test]
async fn each_format_is_checked_as_far_as_it_can_be() {
    let bed = Bed::start(&[]).await;
    let admin = bed.app.admin();
    let gzip = {
        use std::io::Write as _;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(TWO_ROWS).unwrap();
        packed.finish().unwrap()
    };
    for (options, content, rows, is_valid) in [
        (
            json!({ "format": "csv", "compression": "gzip" }),
            gzip.as_slice(),
            Some(2),
            Some(true),
        ),
        (
            json!({ "format": "csv", "header": "none" }),
            &b"1,x\r\n2,y\r\n"[..],
            Some(2),
            Some(true),
        ),
        (
            json!({ "format": "jsonl" }),
            &b"{\"a\":1}\n{\"a\":2}\n"[..],
            Some(2),
            Some(true),
        ),
        (
            json!({ "format": "json" }),
            &b"[{\"a\":1},{\"a\":2}]"[..],
            Some(2),
            Some(true),
        ),
        (
            json!({ "format": "html" }),
            &b"<!DOCTYPE html></html>\n"[..],
            None,
            Some(true),
        ),
        (
            json!({ "format": "markdown" }),
            &b"| a |\n| --- |\n| 1 |\n| 2 |\n"[..],
            Some(2),
            Some(true),
        ),
        (
            json!({ "format": "markdown", "layout": "transcript" }),
            &b"## A\n\n### 1\n"[..],
            None,
            Some(true),
        ),
        (
            json!({ "format": "text" }),
            &b"[10:00:00] OK 200 1ms \n[10:00:01] OK 200 1ms "[..],
            Some(2),
            Some(true),
        ),
    ] {
        let format = options["format"].as_str().unwrap().to_owned();
        let made = Made {
            format: &format,
            options: options.clone(),
            ..Made::by_admin()
        };
        let export = bed.make(&made, content).await;
        let report = verification(&admin, &export).await;
        assert_eq!(report["success"], true, "{options} {report}");
        assert_eq!(report["rows"], json!(rows), "{options}");
        assert_eq!(report["formatValid"], json!(is_valid), "{options}");
        // The report names rows that are not counted.
        let notes = report["notes"].as_array().unwrap();
        assert_eq!(notes.len(), usize::from(rows.is_none()), "{options} {report}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let bed = Bed::start(&[]).await;
    let admin = bed.app.admin();
    let reasons = async |made: &Made<'_>, recorded: &[u8], stored: Option<&[u8]>| {
        let export = bed.record(made, recorded).await;
        if let Some(stored) = stored {
            let path = bed.path(&export.key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, stored).unwrap();
        }
        let report = verification(&admin, &export).await;
        assert_eq!(report["success"], false);
        (report["errorDetails"].to_string(), report)
    };
    let mut changed = TWO_ROWS.to_vec();
    changed[8] = b'7';
    let (reason, report) = reasons(&Made::by_admin(), TWO_ROWS, Some(changed.as_slice())).await;
    assert!(reason.contains("SHA-256"), "{reason}");
    assert_eq!(
        (&report["fileSizeMatch"], &report["checksumMatch"]),
        (&json!(true), &json!(false))
    );

    let (reason, report) = reasons(&Made::by_admin(), TWO_ROWS, Some(&TWO_ROWS[..10])).await;
    assert!(reason.contains("10 bytes instead of"), "{reason}");
    assert_eq!(report["fileSizeMatch"], false);

    let three = Made {
        rows: 3,
        ..Made::by_admin()
    };
    let (reason, report) = reasons(&three, TWO_ROWS, Some(TWO_ROWS)).await;
    assert!(reason.contains("2 rows instead of 3"), "{reason}");
    assert_eq!(report["recordCountMatch"], false);

    let damaged = Made {
        options: json!({ "format": "json" }),
        format: "json",
        ..Made::by_admin()
    };
    let (reason, report) = reasons(&damaged, b"[{\"a\":1}", Some(&b"[{\"a\":1}"[..])).await;
    assert!(reason.contains("not well formed"), "{reason}");
    assert_eq!(
        (&report["formatValid"], &report["checksumMatch"]),
        (&json!(false), &json!(true))
    );

    let (reason, report) = reasons(&Made::by_admin(), TWO_ROWS, None).await;
    assert!(reason.contains("missing"), "{reason}");
    assert_eq!(report["fileExists"], false);

    let queued = Made {
        status: "queued",
        ..Made::by_admin()
    };
    let queued = bed.record(&queued, TWO_ROWS).await;
    admin
        .verify_export(&queued.id)
        .answer()
        .await
        .problem(425, "export_not_ready");
}

#[tokio::test]
async fn the_rows_of_files_that_are_not_read_back_are_counted_in_the_files_of_exports() {
    let exports = Exports::start(&[]).await;
    let admin = exports.app.admin();
    for (dataset, format, options) in [
        ("usage-logs", "xlsx", json!({})),
        (
            "usage-logs",
            "xlsx",
            json!({ "metadata": "true", "header": "none" }),
        ),
        ("usage-logs", "html", json!({ "metadata": "true" })),
        ("usage-logs", "markdown", json!({ "compression": "zip" })),
        ("probe-logs", "text", json!({})),
        ("bulk-data", "xlsx", json!({})),
        ("bulk-data", "html", json!({})),
    ] {
        let body = json!({ "dataset": dataset, "format": format, "options": options });
        let id = create(&admin, &body).await;
        let record = wait_until(&admin, &id, "completed").await;
        let answer: Value = admin.verify_export(&id).answer().await.good().json();
        let report = &answer["verification"];
        assert_eq!(
            (
                &report["success"],
                &report["recordCountMatch"],
                &report["rows"],
                &report["notes"]
            ),
            (&json!(true), &json!(true), &record["recordCount"], &json!([])),
            "{body}: {report}"
        );
        assert!(record["recordCount"].as_u64() > Some(0), "{record}");
    }
}
