//! The keys of a definition that describe how the page shows it: `table`, `width`, `role`, `tones`, `match` and `[[quick]]`.

use decant_tests::app::App;
use decant_tests::definitions::NUMBERS;
use serde_json::{Value, json};

use crate::{each, numbers_of_owners};

#[tokio::test]
async fn the_table_of_usage_logs_fits_1280_pixels_with_cost_and_status() {
    let app = App::start().await;
    let (user, _) = app.user().await;
    let all: Value = app.admin().dataset("usage-logs").answer().await.good().json();
    assert_eq!(
        each(&all["table"], "name").join(" "),
        "created_at status_code user_name key_name provider_name model total_tokens cost_usd duration_ms"
    );
    let widths = all["table"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["width"].as_u64().unwrap());
    // The navigation, the edges and a scroll bar take the rest.
    let width: u64 = widths.sum();
    assert!(width <= 1030, "{width}");
    assert_eq!(
        all["table"][1]["tones"],
        json!({ "2*": "good", "4*": "warn", "5*": "bad" })
    );
    assert_eq!(
        each(&all["quick"], "name").join(" "),
        "all today last-7-days last-30-days this-month"
    );
    assert_eq!(all["quick"][2]["filters"], json!({ "start": "7 days" }));
    assert_eq!(all["descending"], true);
    let comparison = |name: &str| {
        let filters = all["filters"].as_array().unwrap();
        filters.iter().find(|filter| filter["name"] == name).unwrap()["match"].clone()
    };
    for (filter, expected) in [("model", "equal"), ("start", "least"), ("end", "before")] {
        assert_eq!(comparison(filter), expected, "{filter}");
    }
    // Files have all columns, and a user who sees only own rows needs no name at each.
    assert_eq!(all["columns"].as_array().unwrap().len(), 19);
    let own: Value = user.dataset("usage-logs").answer().await.good().json();
    assert!(!each(&own["table"], "name").contains(&"user_name".to_owned()));
    assert_eq!(own["table"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn a_definition_without_these_keys_has_its_first_eight_columns() {
    let mut wide = NUMBERS.to_owned();
    for number in 3..=10 {
        wide += &format!("[[column]]\nname = \"c{number}\"\nlabel = \"C\"\nsql = \"{number}\"\n");
    }
    let app = App::start_with_datasets(&[&wide], &[]).await;
    let shown: Value = app.admin().dataset("numbers").answer().await.good().json();
    assert_eq!(
        each(&shown["table"], "name").join(" "),
        "n word c3 c4 c5 c6 c7 c8"
    );
    assert_eq!(shown["quick"], Value::Null);
    assert_eq!(shown["filters"], json!([]));
}

#[tokio::test]
async fn a_table_has_the_columns_with_true_or_else_those_without_false() {
    let with = |key: &str| NUMBERS.replace("name = \"word\"\n", &format!("name = \"word\"\n{key}\n"));
    for (definition, columns) in [
        (with("table = true"), "word"),
        (with("table = false"), "n"),
        (with("role = \"status\""), "word n"),
        (with("role = \"owner\""), "n word"),
    ] {
        let app = App::start_with_datasets(&[&definition], &[]).await;
        let shown: Value = app.admin().dataset("numbers").answer().await.good().json();
        assert_eq!(each(&shown["table"], "name").join(" "), columns, "{definition}");
    }
}

#[tokio::test]
async fn quick_choices_set_parameters_too_and_are_inherited_by_name() {
    let app = App::start().await;
    let sessions: Value = app.admin().dataset("sessions").answer().await.good().json();
    assert_eq!(
        each(&sessions["quick"], "name").join(" "),
        "today last-7-days last-30-days"
    );
    let filters = json!({ "start": "30 days", "days": "31" });
    assert_eq!(
        sessions["quick"][2]["filters"], filters,
        "calendar days, as everywhere"
    );

    let own = "name = \"own\"\ntitle = \"Own\"\nextends = \"usage-logs\"\n\
               [[quick]]\nname = \"today\"\nlabel = \"Since midnight\"\n";
    let app = App::start_with_datasets(&[own], &[]).await;
    let own: Value = app.admin().dataset("own").answer().await.good().json();
    assert_eq!(
        each(&own["quick"], "label").join(", "),
        "All, Since midnight, 7 days, 30 days, This month"
    );
    assert_eq!(own["quick"][1]["filters"], json!({ "start": "today" }));
}

#[tokio::test]
async fn a_quick_choice_with_a_filter_for_administrators_is_not_offered_to_others() {
    let definition = numbers_of_owners()
        + r#"
        admin_only = true
        [[quick]]
        name = "first"
        label = "First"
        filters = { n = "1" }
        "#;
    let app = App::start_with_datasets(&[&definition], &[]).await;
    let (user, _) = app.user().await;
    let all: Value = app.admin().dataset("numbers").answer().await.good().json();
    assert_eq!(each(&all["quick"], "name"), ["first"]);
    let own: Value = user.dataset("numbers").answer().await.good().json();
    assert_eq!(own["quick"], Value::Null);
}

#[tokio::test]
async fn a_mistake_is_named_with_file_and_key() {
    let column = "[[column]]\nname = \"word\"\n";
    let filter = "[[filter]]\nname = \"n\"\nlabel = \"N\"\nkind = \"integer\"\nsql = \"n = {}\"\n";
    let quick = |filters: &str| {
        format!("{NUMBERS}{filter}[[quick]]\nname = \"q\"\nlabel = \"Q\"\nfilters = {filters}\n")
    };
    let cases = [
        (
            NUMBERS.replace(column, &format!("{column}width = 5000\n")),
            "`width` of the column `word`",
        ),
        (
            NUMBERS.replace(column, &format!("{column}role = \"king\"\n")),
            "king",
        ),
        (
            NUMBERS.replace(column, &format!("{column}tones = {{ a = \"blue\" }}\n")),
            "blue",
        ),
        (quick("{ m = \"1\" }"), "`q` names the filter `m`"),
        (quick("{ n = \"today\" }"), "`q` has a value that cannot be used"),
        (
            NUMBERS.replace(column, &format!("{column}hidden = true\ntable = true\n")),
            "`table` cannot be true",
        ),
        (format!("{NUMBERS}{filter}match = \"near\"\n"), "near"),
    ];
    for (definition, part) in cases {
        let app = App::start_with_datasets(&[&definition], &[]).await;
        let shown: Value = app.admin().dataset("numbers").answer().await.good().json();
        let reason = shown["reason"].as_str().expect("a reason");
        assert!(
            reason.contains("numbers.toml") && reason.contains(part),
            "{part}: {reason}"
        );
    }
}
