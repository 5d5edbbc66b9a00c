use super::*;

const USER_DATA: &str = include_str!("../../../../datasets/bundles/user-data.toml");

fn refusal(text: &str, with: &str) -> String {
    assert!(
        USER_DATA.contains(text),
        "the definition does not contain {text:?}"
    );
    BundleDefinition::parse(&USER_DATA.replacen(text, with, 1)).expect_err("it should be refused")
}

#[test]
fn the_default_format_is_the_first_one() {
    let definition =
        BundleDefinition::parse(&USER_DATA.replace("default_format = \"json\"", "default_format = \"xlsx\""))
            .unwrap();
    assert_eq!(definition.formats.default(), Format::Xlsx);
    assert_eq!(definition.formats.all().len(), 5);
    assert!(definition.parts[0].single && !definition.parts[0].range);
    assert_eq!(definition.parts[0].datasets, ["profile-with-files", "profile"]);
    assert_eq!(
        definition.parts[4].filters,
        [("days".to_owned(), "36500".to_owned())]
    );
}

#[test]
fn the_reference_has_an_example_that_is_read_and_every_key() {
    let reference = include_str!("../../../../../docs/datasets.md");
    let (_, bundles) = reference.split_once("\n## Bundles\n").unwrap();
    let (_, example) = bundles.split_once("```toml\n").unwrap();
    let (example, reports) = example.split_once("```").unwrap();
    assert_eq!(BundleDefinition::parse(example).unwrap().parts.len(), 2);
    let (_, report) = reports.split_once("```toml\n").unwrap();
    let (report, _) = report.split_once("```").unwrap();
    assert!(BundleDefinition::parse(report).unwrap().report.is_some());
    // The refusal of an unknown key lists the known ones.
    for text in [
        format!("nonsense = 1\n{example}"),
        format!("{example}nonsense = 1"),
    ] {
        let refused = BundleDefinition::parse(&text).unwrap_err();
        let (_, keys) = refused.split_once("expected ").unwrap();
        for key in keys.split('`').skip(1).step_by(2) {
            let is_named =
                bundles.contains(&format!("| `{key}` |")) || bundles.contains(&format!("| `[[{key}]]` |"));
            assert!(is_named, "{key} is missing");
        }
    }
}

#[test]
fn a_mistake_in_a_report_is_refused_and_named() {
    const REPORT: &str = include_str!("../../../../datasets/bundles/brand-report.toml");
    let definition = BundleDefinition::parse(REPORT).unwrap();
    assert_eq!(
        (definition.formats.default(), definition.period_days),
        (Format::Html, Some(30))
    );
    assert_eq!(definition.report.unwrap().languages.len(), 3);
    for (text, with, named) in [
        ("access = \"workspace\"", "access = \"admin\"", "`export` needs"),
        ("period_days = 30", "period_days = 0", "1 to 3660"),
        ("range = true", "range = false", "a part with `range = true`"),
        (
            "subject = \"workspace.name\"",
            "subject = \"name\"",
            "`alerts.severity`",
        ),
        (
            "subject = \"workspace.name\"",
            "subject = \"alerts.title\"",
            "`alerts`, which is not `single`",
        ),
        ("period = \"period\"", "period = \"periods\"", "`periods`"),
        ("of = \"alerts.created_at\"", "of = \"news.created_at\"", "`news`"),
        ("part = \"infringements\"", "part = \"news\"", "`news`"),
        ("kind = \"line\"", "kind = \"pie\"", "pie"),
        (
            "heading = \"Critical and high alerts\"",
            "heading = \" \"",
            "`heading`",
        ),
        ("\"pt-BR\"]", "\"en\"]", "twice"),
        ("\"pt-BR\"]", "\"de\"]", "de"),
        ("tone = \"bad\"", "tone = \"red\"", "red"),
        ("figures = \"summary\"", "figure = \"summary\"", "figure"),
    ] {
        assert!(REPORT.contains(text), "{text}");
        let refused = BundleDefinition::parse(&REPORT.replace(text, with)).expect_err(with);
        assert!(refused.contains(named), "{with}: {refused}");
    }
    // A line is counted while the rows pass, so the period must be known.
    let (head, parts) = REPORT.split_once("[[part]]").unwrap();
    let late = parts.replacen(
        "[report]",
        "[[part]]\nname = \"late\"\ndataset = \"report-period\"\nsingle = true\n\n[report]",
        1,
    );
    let late = format!("{head}[[part]]{late}").replace("period = \"period\"", "period = \"late\"");
    assert!(
        BundleDefinition::parse(&late)
            .unwrap_err()
            .contains("must come before `alerts`")
    );
}

#[test]
fn a_mistake_is_refused_and_named() {
    for (text, with, named) in [
        ("name = \"user-data\"", "name = \"User data\"", "`User data`"),
        ("title = \"A person's data\"", "title = \" \"", "`title`"),
        ("access = \"owner\"", "access = \"all\"", "access"),
        ("\"html\"]", "\"markdown\"]", "`markdown`"),
        (
            "default_format = \"json\"",
            "default_format = \"text\"",
            "`default_format`",
        ),
        ("name = \"files\"", "name = \"Keys\"", "`Keys`"),
        ("name = \"files\"", "name = \"keys\"", "`keys`"),
        ("name = \"files\"", "name = \"totals\"", "`totals`"),
        ("name = \"files\"", "name = \"a b\"", "`a b`"),
        ("name = \"files\"", "name = \"com1\"", "`com1`"),
        ("name = \"files\"", "name = \"nul\"", "`nul`"),
        ("single = true", "one = true", "unknown field `one`"),
        ("dataset = \"own-keys\"", "dataset = []", "names no dataset"),
        ("days = \"36500\"", "limit = \"1\"", "`limit`"),
        ("{subject}", "{person}", "{person}"),
        (
            "export_type = \"user_data\"",
            "export_type = \"user data\"",
            "`user data`",
        ),
    ] {
        let refused = refusal(text, with);
        assert!(refused.contains(named), "{with}: {refused}");
    }
    let (head, _) = USER_DATA.split_once("[[part]]").unwrap();
    assert!(
        BundleDefinition::parse(head)
            .unwrap_err()
            .contains("missing field `part`")
    );
}
