//! `decant exports`: background exports of everybody, and their files.

use decant_tests::cluster::folder;
use decant_tests::exports::{Exports, PATIENCE, create, wait_until};
use decant_tests::patience::wait_for;
use decant_tests::program;
use decant_tests::server::data_dir;
use decant_tests::workspaces::{self, ACME, BETA, NONE, OWNER, user};
use serde_json::{Value, json};
use tempfile::TempDir;

#[tokio::test]
async fn exports_are_listed_shown_cancelled_and_fetched() {
    let exports = Exports::start(&[]).await;
    let (user, _) = exports.app.user().await;
    let csv = create(&user, &json!({ "dataset": "usage-logs", "format": "csv" })).await;
    wait_until(&user, &csv, "completed").await;
    let later = json!({ "dataset": "usage-logs", "format": "json", "scheduledAt": "2999-01-01T00:00:00Z" });
    let later = create(&user, &later).await;
    let (data, storage) = (folder(), exports.storage());
    let settings = [
        ("DSN", exports.app.database.dsn.as_str()),
        ("STATE_DSN", exports.state.dsn.as_str()),
        ("STORAGE_URL", storage.as_str()),
        data_dir(&data),
    ];
    let decant =
        async |arguments: &[&str]| program::run(&[&["exports"], arguments].concat(), &settings).await;
    let listed = decant(&["list"]).await.good().text();
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.starts_with(&later), "{listed}");
    let listed = decant(&["list", "--status", "completed"]).await.good().text();
    assert!(
        listed.starts_with(&csv) && listed.contains("usage-logs.csv"),
        "{listed}"
    );

    let shown: Value =
        serde_json::from_str(&decant(&["show", &csv]).await.good().text()).expect("it is JSON");
    assert_eq!(
        (&shown["export"]["id"], &shown["export"]["status"]),
        (&json!(csv), &json!("completed"))
    );
    assert!(
        shown["logs"].as_array().is_some_and(|logs| logs.len() >= 3),
        "{shown}"
    );

    let cancelled = decant(&["cancel", &later]).await.good().text();
    assert!(cancelled.contains("cancelled"), "{cancelled}");
    let again = decant(&["cancel", &later]).await.refusal();
    assert!(again.contains("has ended already"), "{again}");

    let target = data.path().join("usage.csv.gz");
    let target = target.to_str().expect("the path is UTF-8");
    decant(&["fetch", &csv, "-o", target]).await.good();
    assert_eq!(
        std::fs::read(target).expect("the file is there"),
        exports.file(&csv).await
    );
    let refused = decant(&["fetch", &later, "-o", target]).await.refusal();
    assert!(refused.contains("cancelled"), "{refused}");
    let unknown = decant(&["show", "x"]).await.refusal();
    assert!(unknown.contains("there is no export `x`"), "{unknown}");
    let wrong = decant(&["list", "--status", "done"]).await.refusal();
    assert!(wrong.contains("must be one of"), "{wrong}");
}

#[tokio::test]
async fn without_a_state_database_the_reason_is_given() {
    let exports = Exports::start(&[]).await;
    let data = folder();
    let settings = [
        ("DSN", exports.app.database.dsn.as_str()),
        ("STATE_DSN", "none"),
        data_dir(&data),
    ];
    let refusal = program::run(&["exports", "list"], &settings).await.refusal();
    assert!(refusal.contains("STATE_DSN"), "{refusal}");
}

/// The settings of a command beside the server of these exports, with this data folder and storage.
fn beside<'a>(exports: &'a Exports, data: &'a TempDir, storage: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("DSN", exports.app.database.dsn.as_str()),
        ("STATE_DSN", exports.state.dsn.as_str()),
        ("STORAGE_URL", storage),
        data_dir(data),
    ]
}

#[tokio::test]
async fn an_export_in_the_background_is_made_by_a_worker_with_the_bytes_of_a_direct_one() {
    let exports = Exports::start_on(workspaces::database().await, &[]).await;
    let (data, storage) = (folder(), exports.storage());
    let settings = beside(&exports, &data, &storage);
    let decant = async |arguments: &[&str]| program::run(arguments, &settings).await;
    let target = data.path().join("file");
    let target = target.to_str().expect("the path is UTF-8");
    for (chosen, of_file) in [
        (
            &[
                "alerts",
                "--workspace",
                ACME,
                "--status",
                "new,escalated",
                "--columns",
                "title,status",
            ][..],
            &["--format", "csv", "--locale", "de-DE", "--compression", "none"][..],
        ),
        (
            &[
                "alerts",
                "--workspace",
                ACME,
                "--start",
                "2020-01-01",
                "--limit",
                "7",
                "--zone",
                "Asia/Shanghai",
            ],
            &["--format", "jsonl", "--compression", "gzip", "--sort", "reversed"],
        ),
        (&["brand-report", "--workspace", ACME], &["--format", "xlsx"]),
    ] {
        let arguments = [&["export"], chosen, of_file].concat();
        let queued = decant(&[&arguments[..], &["--background"]].concat()).await.good();
        let id = queued.text().trim().to_owned();
        assert!(
            queued.stderr.contains(&format!("decant exports fetch {id}")),
            "{}",
            queued.stderr
        );
        let record = wait_until(&exports.app.admin(), &id, "completed").await;
        assert_eq!(
            (&record["createdBy"], &record["workspaceId"]),
            (&json!("Operator"), &json!(ACME))
        );
        let fetched = decant(&["exports", "fetch", &id, "-o", "-"]).await.good().stdout;
        // The file of a bundle has the id of its export.
        if chosen[0] == "brand-report" {
            assert!(fetched.starts_with(b"PK"), "{chosen:?}");
            continue;
        }
        decant(&[&arguments[..], &["-o", target]].concat()).await.good();
        assert!(
            fetched == std::fs::read(target).expect("the file is there"),
            "{chosen:?}"
        );
    }
}

#[tokio::test]
async fn what_a_direct_export_refuses_is_refused_in_the_background_and_nothing_is_queued() {
    let exports = Exports::start_on(workspaces::database().await, &[]).await;
    let (data, storage) = (folder(), exports.storage());
    let settings = beside(&exports, &data, &storage);
    for arguments in [
        &["nothing"][..],
        &["alerts"],
        &["alerts", "--workspace", NONE],
        &["alerts", "--workspace", ACME, "--limit", "0"],
        &["alerts", "--workspace", ACME, "--format", "text"],
        &["alerts", "--workspace", ACME, "--severity", "worst"],
        &["usage-logs"],
        &["brand-report"],
        &["brand-report", "--workspace", ACME, "--format", "text"],
        &[
            "brand-report",
            "--workspace",
            ACME,
            "--start",
            "2026-01-02",
            "--end",
            "2026-01-01",
        ],
    ] {
        let arguments = [&["export"], arguments].concat();
        let refused = async |more: &[&str]| {
            let refused = program::run(&[&arguments[..], more].concat(), &settings)
                .await
                .refusal();
            refused.lines().last().map(str::to_owned)
        };
        let background = refused(&["--background"]).await;
        assert_eq!(background, refused(&["-o", "-"]).await, "{arguments:?}");
    }
    for (more, words) in [
        (&["-o", "x.csv"][..], "cannot be used with"),
        (&["--after", "e30"], "all rows"),
    ] {
        let arguments = [&["export", "alerts", "--workspace", ACME, "--background"], more].concat();
        let refused = program::run(&arguments, &settings).await.refusal();
        assert!(refused.contains(words), "{refused}");
    }
    assert_eq!(
        exports
            .state
            .number("select count(*) from decant.data_exports")
            .await,
        0
    );

    let without = [
        ("DSN", exports.app.database.dsn.as_str()),
        ("STATE_DSN", "none"),
        data_dir(&data),
    ];
    let arguments = ["export", "alerts", "--workspace", ACME, "--background"];
    let refused = program::run(&arguments, &without).await.refusal();
    assert!(refused.contains("STATE_DSN"), "{refused}");
}

#[tokio::test]
async fn the_operator_exports_the_audit_log_of_all_and_of_a_workspace() {
    let exports = Exports::start_on(workspaces::database().await, &[]).await;
    let (data, storage) = (folder(), exports.storage());
    let settings = beside(&exports, &data, &storage);
    let body = json!({ "resourceType": "alerts", "format": "csv" });
    let owner = user(&exports.app, OWNER);
    owner.export_workspace(ACME, &body).answer().await.good();
    exports
        .app
        .admin()
        .rows("alerts")
        .query("workspace", BETA)
        .answer()
        .await
        .good();
    let recorded = async || {
        let sql = "select count(*) from decant.audit where details->>'workspace' is not null";
        (exports.state.number(sql).await >= 4).then_some(())
    };
    wait_for("the records", PATIENCE, recorded).await;
    let export = async |more: &[&str]| {
        let arguments = [
            "export",
            "audit-log",
            "-o",
            "-",
            "--format",
            "jsonl",
            "--columns",
            "action,details",
        ];
        program::run(&[&arguments, more].concat(), &settings)
            .await
            .good()
            .text()
    };
    let all = export(&[]).await;
    assert!(all.contains(ACME) && all.contains(BETA), "{all}");
    let of_acme = export(&["--workspace", ACME]).await;
    assert!(
        of_acme.contains("export_created") && !of_acme.contains(BETA),
        "{of_acme}"
    );

    let arguments = [
        "export",
        "audit-log",
        "--background",
        "--workspace",
        ACME,
        "--format",
        "csv",
    ];
    let queued = program::run(&arguments, &settings).await.good().text();
    wait_until(&exports.app.admin(), queued.trim(), "completed").await;

    let without = [
        ("DSN", exports.app.database.dsn.as_str()),
        ("STATE_DSN", "none"),
        data_dir(&data),
    ];
    let refused = program::run(&["export", "audit-log", "-o", "-"], &without)
        .await
        .refusal();
    assert!(refused.contains("STATE_DSN"), "{refused}");
}
