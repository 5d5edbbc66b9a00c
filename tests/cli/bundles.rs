//! `decant export` and `decant verify` of bundles.

use std::path::Path;

use decant_tests::cluster::folder;
use decant_tests::database::Database;
use decant_tests::definitions::{Definitions, FAILING, NUMBERS};
use decant_tests::program::{self, Outcome};
use decant_tests::workspaces::{self, ACME, BETA, NONE};
use serde_json::Value;

async fn export(dsn: &str, arguments: &[&str]) -> Outcome {
    program::run(&[&["export"], arguments].concat(), &[("DSN", dsn)]).await
}

async fn verify(path: &Path) -> Outcome {
    program::run(&["verify", path.to_str().expect("the path is ASCII")], &[]).await
}

#[tokio::test]
async fn a_bundles_name_is_taken_where_a_datasets_is_and_its_files_are_verified() {
    let database = Database::new().await;
    let user = database.busy_user().await;
    let (folder, id) = (folder(), user.id.to_string());
    let rows = database.usage_rows(&format!("m.user_id = {id}")).await;
    let said = format!("usageLogs: {rows}");
    for name in ["me.json", "me.json.gz", "me.xml", "me.zip", "me.csv.zip"] {
        let path = folder.path().join(name);
        let arguments = ["user-data", "--user", &id, "-o", path.to_str().unwrap()];
        let written = export(&database.dsn, &arguments).await.good();
        assert!(written.stderr.contains(&said), "{}", written.stderr);
        let sentence = verify(&path).await.good().text();
        assert!(
            sentence.contains("a bundle of ") && sentence.contains("userData: 1"),
            "{sentence}"
        );
        assert!(sentence.contains(&said), "{name}: {sentence}");
    }
    let json: Value = serde_json::from_slice(&std::fs::read(folder.path().join("me.json")).unwrap()).unwrap();
    assert_eq!(json["userData"]["user_id"], user.id);

    // Formats that are not read back have the number of all rows.
    for name in ["me.xlsx", "me.html"] {
        let path = folder.path().join(name);
        let arguments = ["user-data", "--user", &id, "-o", path.to_str().unwrap()];
        let written = export(&database.dsn, &arguments).await.good();
        let rows = verify(&path).await.good().text();
        let (_, rows) = rows.trim().split_once(": ").unwrap();
        assert!(
            written.stderr.contains(&format!("\n{rows}, ")),
            "{rows} {}",
            written.stderr
        );
    }
}

#[tokio::test]
async fn damage_of_a_bundle_is_found() {
    let database = Database::new().await;
    let user = database.busy_user().await;
    let (folder, id) = (folder(), user.id.to_string());
    let damaged = async |name: &str, damage: &dyn Fn(&mut Vec<u8>)| {
        let path = folder.path().join(name);
        let arguments = ["user-data", "--user", &id, "-o", path.to_str().unwrap()];
        export(&database.dsn, &arguments).await.good();
        let mut file = std::fs::read(&path).unwrap();
        damage(&mut file);
        std::fs::write(&path, file).unwrap();
        verify(&path).await.refusal()
    };
    let replace = |from: &'static str, to: &'static str| {
        move |file: &mut Vec<u8>| {
            let text = String::from_utf8(std::mem::take(file)).unwrap();
            assert!(text.contains(from), "{from}");
            *file = text.replacen(from, to, 1).into_bytes();
        }
    };
    let totals = damaged(
        "a.json",
        &replace("\"totals\":{\"userData\":1", "\"totals\":{\"userData\":2"),
    )
    .await;
    assert!(
        totals.contains("`totals` announces the rows {userData: 2"),
        "{totals}"
    );
    let cut = damaged("b.json", &|file| file.truncate(file.len() / 2)).await;
    assert!(cut.contains("b.json"), "{cut}");
    let part = damaged("c.xml", &replace("<end rows=\"1\"/>", "<end rows=\"7\"/>")).await;
    assert!(part.contains("announces 7 rows, but there are 1"), "{part}");
    let parts = damaged("d.xml", &replace("<end parts=\"", "<end parts=\"1")).await;
    assert!(parts.contains("parts, but there are"), "{parts}");
    let packed = damaged("e.zip", &|file| file[200] ^= 1).await;
    assert!(packed.contains("e.zip"), "{packed}");
    let cut = damaged("f.zip", &|file| file.truncate(file.len() - 10)).await;
    assert!(cut.contains("f.zip"), "{cut}");
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused_and_leaves_no_file() {
    let database = Database::new().await;
    let definitions = Definitions::of(&[NUMBERS, FAILING]);
    definitions.write_bundle(
        "name = \"bad\"\ntitle = \"T\"\nexport_type = \"test\"\naccess = \"admin\"\n\
         [[part]]\nname = \"first\"\ndataset = \"numbers\"\n[[part]]\nname = \"second\"\ndataset = \"failing\"\n",
    );
    let settings = [("DSN", &*database.dsn), definitions.setting()];
    let folder = folder();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (arguments, said) in [
        (vec!["user-data", "-o", &path("a.json")], "--user ID"),
        (vec!["user-data", "--user", "1", "-o", &path("a.csv")], ".zip"),
        (
            vec![
                "user-data",
                "--user",
                "1",
                "--format",
                "markdown",
                "-o",
                &path("a"),
            ],
            "this bundle can have json",
        ),
        (
            vec!["user-data", "--user", "1", "--after", "x", "-o", &path("a.json")],
            "snapshot",
        ),
        (
            vec!["bulk-data", "--user", "1", "-o", &path("a.json")],
            "`userId` is not a parameter",
        ),
        (vec!["bad", "-o", &path("a.json")], "division by zero"),
        (vec!["bad", "-o", &path("a.zip")], "division by zero"),
        (
            vec!["nonsense"],
            "the bundles are user-data, bulk-data, brand-report, bad",
        ),
    ] {
        let arguments = [&["export"][..], &arguments].concat();
        let refused = program::run(&arguments, &settings).await.refusal();
        assert!(refused.contains(said), "{arguments:?}: {refused}");
    }
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "a file is left");
}

#[tokio::test]
async fn bundles_are_listed_and_checked_with_the_datasets() {
    let database = Database::new().await;
    let definitions = Definitions::of(&[NUMBERS]);
    let bundle = |name: &str, dataset: &str| {
        format!(
            "name = \"{name}\"\ntitle = \"T\"\nexport_type = \"test\"\naccess = \"admin\"\n\
             [[part]]\nname = \"rows\"\ndataset = \"numbers\"\n[[part]]\nname = \"more\"\ndataset = \"{dataset}\"\n"
        )
    };
    definitions.write_bundle(&bundle("partly", "saved-files"));
    let settings = [("DSN", &*database.dsn), definitions.setting()];
    let listed = program::run(&["datasets", "list"], &settings).await.good().text();
    assert!(listed.contains("partly: T\n  parts: rows, more\n"), "{listed}");
    let checked = program::run(&["datasets", "check"], &settings)
        .await
        .good()
        .text();
    assert!(
        checked.contains("partly: good, without more (saved-files)"),
        "{checked}"
    );

    definitions.write_bundle(&bundle("numbers", "numbers"));
    let checked = program::run(&["datasets", "check"], &settings).await;
    assert!(checked.text().contains("there is a dataset `numbers`"));
}

#[tokio::test]
async fn the_report_of_a_workspace_is_written_and_verified() {
    let database = workspaces::database().await;
    let folder = folder();
    let times = ["--start", "2026-01-01", "--end", "2026-01-31"];
    let report = async |workspace: &str, name: &str, more: &[&str]| {
        let path = folder.path().join(name);
        let fixed = [
            "brand-report",
            "--workspace",
            workspace,
            "-o",
            path.to_str().unwrap(),
        ];
        export(&database.dsn, &[&fixed[..], &times, more].concat())
            .await
            .good();
        path
    };
    let page = report(ACME, "report.html", &["--language", "zh-CN"]).await;
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<html lang=\"zh-CN\">") && page.contains("品牌监测报告"));
    assert!(page.contains("Acme") && !page.contains("Beta"));

    let json = report(BETA, "report.json", &[]).await;
    let sentence = verify(&json).await.good().text();
    assert!(
        sentence.contains("alerts: 300") && sentence.contains("summary: 1"),
        "{sentence}"
    );
    let file: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert_eq!(
        (&file["workspace"]["slug"], &file["summary"]["totalAlerts"]),
        (&"beta".into(), &300.into())
    );
    report(ACME, "report.xlsx", &[]).await;

    let path = folder.path().join("refused.html");
    let path = path.to_str().unwrap();
    for (arguments, said) in [
        (vec!["brand-report", "-o", path], "--workspace"),
        (
            vec!["brand-report", "--workspace", NONE, "-o", path],
            "there is no workspace",
        ),
        (
            vec![
                "brand-report",
                "--workspace",
                ACME,
                "--language",
                "de",
                "-o",
                path,
            ],
            "en, zh-CN, pt-BR",
        ),
        (
            vec!["brand-report", "--workspace", ACME, "--format", "csv", "-o", path],
            "html, json, xlsx",
        ),
    ] {
        let refused = export(&database.dsn, &arguments).await.refusal();
        assert!(refused.contains(said), "{arguments:?}: {refused}");
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        3,
        "a file is left"
    );
}
