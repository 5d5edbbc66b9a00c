//! Bundles that a site declares.

use decant_tests::app::App;
use decant_tests::definitions::{Definitions, NUMBERS};
use serde_json::Value;

use crate::each;

fn bundle(name: &str, dataset: &str, more: &str) -> String {
    format!(
        "name = \"{name}\"\ntitle = \"Title\"\nexport_type = \"test\"\naccess = \"admin\"\n\
         [[part]]\nname = \"rows\"\ndataset = \"{dataset}\"\n{more}"
    )
}

#[tokio::test]
async fn a_wrong_bundle_is_unavailable_with_its_reason_and_the_others_work() {
    let definitions = Definitions::of(&[NUMBERS]);
    let wrong = [
        (bundle("broken", "numbers", "nonsense = 1\n"), "nonsense"),
        (bundle("numbers", "numbers", ""), "there is a dataset `numbers`"),
        (
            bundle("timeless", "numbers", "range = true\n"),
            "declares no `range`",
        ),
        (
            bundle("filtered", "numbers", "filters = { colour = \"red\" }\n"),
            "`colour`",
        ),
        (
            bundle("open", "numbers", "").replace("\"admin\"", "\"owner\""),
            "`numbers` is for administrators",
        ),
        (
            bundle("foreign", "numbers", "").replace("\"admin\"", "\"workspace\""),
            "the bundle is of workspaces, and the dataset `numbers` is not",
        ),
        (
            bundle("undeclared", "nowhere", ""),
            "there is no dataset `nowhere`",
        ),
        (
            bundle("unmapped", "alerts", ""),
            "`alerts` is of workspaces, and the bundle of none",
        ),
        (
            bundle(
                "unreported",
                "numbers",
                "[report]\n[[report.chart]]\nkind = \"bars\"\nof = \"rows.colour\"\nheading = \"H\"\n",
            ),
            "the column `colour`, which the dataset `numbers` does not declare",
        ),
    ];
    for (text, _) in &wrong {
        definitions.write_bundle(text);
    }
    definitions.write_bundle(&bundle("plain", "numbers", ""));
    definitions.write_bundle(&bundle("absent", "saved-files", ""));
    let app = App::start_with(&[definitions.setting()]).await;
    let (user, _) = app.user().await;

    let listed: Value = app.admin().bundles().answer().await.good().json();
    let of = |name: &str| {
        let bundles = listed["bundles"].as_array().unwrap();
        bundles.iter().find(|bundle| bundle["name"] == name)
    };
    for (text, reason) in &wrong {
        let name = text.split('"').nth(1).unwrap();
        let bundle = of(name).unwrap_or_else(|| panic!("{name} is not listed"));
        assert_eq!(bundle["available"], false, "{name}");
        let said = bundle["reason"].as_str().unwrap();
        assert!(
            said.contains(reason) && said.contains(&format!("{name}.toml")),
            "{said}"
        );
        let refused = app.admin().bundle_rows(name).answer().await;
        assert!(refused.problem(503, "bundle_unavailable").detail.contains(reason));
    }
    assert!(of("absent").is_none(), "a bundle without a part is not listed");
    assert_eq!(of("plain").unwrap()["parts"][0]["dataset"], "numbers");
    let listed: Value = user.bundles().answer().await.good().json();
    assert_eq!(each(&listed["bundles"], "name"), ["user-data"]);
}

#[tokio::test]
async fn a_dataset_that_is_here_and_cannot_be_used_makes_the_bundle_unavailable() {
    let broken = NUMBERS
        .replace("name = \"numbers\"", "name = \"broken\"")
        .replace("sql = \"word\"", "sql = \"wort\"");
    let definitions = Definitions::of(&[NUMBERS, &broken]);
    let more = "[[part]]\nname = \"more\"\ndataset = \"broken\"\n";
    definitions.write_bundle(&bundle("half", "numbers", more));
    let app = App::start_with(&[definitions.setting()]).await;
    let refused = app.admin().bundle_export("half").answer().await;
    let refused = refused.problem(503, "bundle_unavailable");
    for said in ["part `more`: ", "broken.toml"] {
        assert!(refused.detail.contains(said), "{}", refused.detail);
    }
    let listed: Value = app.admin().bundles().answer().await.good().json();
    assert_eq!(
        listed["bundles"].as_array().unwrap().last().unwrap()["available"],
        false
    );
}

#[tokio::test]
async fn a_bundle_of_a_site_replaces_the_built_in_one() {
    let definitions = Definitions::of(&[NUMBERS]);
    definitions.write_bundle(&bundle("bulk-data", "numbers", ""));
    let app = App::start_with(&[definitions.setting()]).await;
    let file = app.admin().bundle_export("bulk-data").answer().await.good();
    let file: Value = file.json();
    assert_eq!(file["rows"][0]["word"], "three");
    assert_eq!(file["users"], Value::Null);
}
