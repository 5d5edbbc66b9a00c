//! `decant export --workspace`, and `decant datasets check` where there are workspaces or none.

use decant_tests::database::Database;
use decant_tests::program;
use decant_tests::workspaces::{self, ACME, NONE};

#[tokio::test]
async fn the_operator_exports_the_rows_of_any_workspace() {
    let database = workspaces::database().await;
    let dsn = [("DSN", database.dsn.as_str())];
    let export = async |more: &[&str]| {
        let arguments = [
            "export",
            "alerts",
            "-o",
            "-",
            "--format",
            "jsonl",
            "--columns",
            "title,brand",
        ];
        program::run(&[&arguments, more].concat(), &dsn).await
    };
    let exported = export(&["--workspace", ACME, "--status", "new,escalated"])
        .await
        .good()
        .text();
    let expected = format!(
        "select count(*) from brand_alerts where workspace_id = '{ACME}' and status in ('new', 'escalated')"
    );
    assert_eq!(exported.lines().count() as u64, database.number(&expected).await);
    assert!(
        exported.lines().all(|line| line.contains("Acme brand")),
        "{exported}"
    );

    for (more, words) in [
        (&["--workspace", NONE][..], "there is no workspace"),
        (&["--workspace", "no id"], "there is no workspace"),
        (&[], "--workspace"),
    ] {
        let refused = export(more).await.refusal();
        assert!(refused.contains(words), "{refused}");
    }
}

#[tokio::test]
async fn a_check_says_whether_the_tables_are_here() {
    let database = workspaces::database().await;
    let checked = program::run(&["datasets", "check"], &[("DSN", &database.dsn)])
        .await
        .good();
    for name in workspaces::DATASETS {
        assert!(
            checked.text().contains(&format!("{name}: good")),
            "{}",
            checked.text()
        );
    }
    let database = Database::new().await;
    let checked = program::run(&["datasets", "check"], &[("DSN", &database.dsn)])
        .await
        .good();
    assert!(
        checked.text().contains("alerts: not here: no table brand_alerts"),
        "{}",
        checked.text()
    );
    assert_eq!(checked.stderr, "");
}

#[tokio::test]
async fn a_definition_of_the_site_that_names_a_missing_table_is_still_named() {
    let definition = "name = \"site-alerts\"\ntitle = \"Alerts\"\nextends = \"alerts\"\n";
    let definitions = decant_tests::definitions::Definitions::of(&[definition]);
    let database = Database::new().await;
    let settings = [("DSN", database.dsn.as_str()), definitions.setting()];
    let checked = program::run(&["datasets", "check"], &settings).await.good();
    let text = checked.text();
    assert!(
        text.contains("site-alerts: not in this database: ") && text.contains("no table brand_alerts"),
        "{text}"
    );
}
