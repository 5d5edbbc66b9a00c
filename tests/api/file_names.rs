//! `file_name` of a definition.

use decant_tests::app::App;
use decant_tests::definitions::NUMBERS;
use serde_json::Value;

fn named(name: &str, pattern: &str) -> String {
    let definition = NUMBERS.replace(
        "name = \"numbers\"",
        &format!("name = \"{name}\"\nfile_name = '{pattern}'"),
    );
    definition.replace("access = \"admin\"", "access = \"owner\"\nowner = \"n\"")
}

#[tokio::test]
async fn a_definition_names_its_files_with_safe_characters() {
    let day = named("day", "{dataset}_{scope} of {subject}/../{date}");
    let plain = named("plain", "r\u{e9}port; \"x\"");
    let app = App::start_with_datasets(&[&day, &plain], &[]).await;
    let (user, who) = app.user().await;
    let name = async |actor: &decant_tests::actors::Actor, dataset: &str, compression: &str| {
        let export = actor
            .export(dataset)
            .query("format", "csv")
            .query("compression", compression);
        export
            .answer()
            .await
            .good()
            .header("content-disposition")
            .to_owned()
    };
    let of_user = name(&user, "day", "gzip").await;
    let begin = format!("attachment; filename=\"day_own-of-{}----", who.id);
    assert!(
        of_user.starts_with(&begin) && of_user.ends_with(".csv.gz\""),
        "{of_user}"
    );
    let of_admin = name(&app.admin(), "day", "zip").await;
    assert!(
        of_admin.starts_with("attachment; filename=\"day_all-of-admin----"),
        "{of_admin}"
    );
    assert!(of_admin.ends_with(".zip\""), "{of_admin}");
    let safe = name(&app.admin(), "plain", "none").await;
    assert!(!safe.contains(';') || safe.matches(';').count() <= 2, "{safe}");
    assert!(safe.contains("port---x") && !safe.contains('\n'), "{safe}");
}

#[tokio::test]
async fn an_unknown_placeholder_is_refused_by_its_key() {
    let definitions = [
        named("unknown", "{dataset}-{rows}"),
        named("open", "{dataset"),
        named("empty", " "),
    ];
    let [unknown, open, empty] = &definitions;
    let app = App::start_with_datasets(&[unknown, open, empty], &[]).await;
    for name in ["unknown", "open", "empty"] {
        let shown: Value = app.admin().dataset(name).answer().await.good().json();
        let reason = shown["reason"].as_str().expect("a reason");
        assert!(
            reason.contains(&format!("{name}.toml")) && reason.contains("`file_name`"),
            "{reason}"
        );
    }
}
