//! The frame of the page: navigation, theme, keys, focus.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, in_browser, key};
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

/// A dataset without rows of the hub.
fn dataset(name: &str, more: &str, from: &str) -> String {
    format!(
        "name = \"{name}\"\ntitle = \"The {name}\"\naccess = \"owner\"\nowner = \"owner\"\norder = [\"n desc\"]\n{more}\nfrom = \"{from}\"\n\
         [[column]]\nname = \"n\"\nlabel = \"N\"\nsql = \"n\"\n"
    )
}

const NUMBERS: &str = "(select 1 as n, 1::bigint as owner) numbers";

/// Returns each group with its links.
async fn groups(page: &Browser) -> Value {
    let script = "return [...document.querySelectorAll('[data-testid=group]')].map((group) => \
                  [group.querySelector('h2').textContent, ...[...group.querySelectorAll('a')].map((link) => link.dataset.testid)])";
    page.run(script, vec![]).await
}

#[tokio::test]
async fn datasets_stand_in_groups_and_only_administrators_see_a_broken_one() {
    let orders = dataset("orders", "group = \"Billing\"", NUMBERS);
    let unlisted = dataset("unlisted", "listed = false", NUMBERS);
    let broken = dataset("broken", "group = \"Accounts\"", "missing_table numbers");
    let app = App::start_with_datasets(&[&orders, &unlisted, &broken], &[]).await;
    let (_, who) = app.user().await;
    let title = "datasets_stand_in_groups_and_only_administrators_see_a_broken_one";
    in_browser(&app.server.address, title, async |page| {
        page.sign_in(ADMIN_TOKEN).await;
        page.see("dataset-orders").await;
        let shown = groups(page).await;
        assert_eq!(shown[1], json!(["Accounts", "dataset-broken"]), "{shown}");
        assert_eq!(shown[2], json!(["Billing", "dataset-orders"]), "{shown}");
        assert_eq!(shown[0][0], "Data");
        assert!(
            shown[0]
                .as_array()
                .unwrap()
                .contains(&json!("dataset-usage-logs"))
        );
        page.see("administration").await;

        page.text("dataset-broken", SOON, |text| text.contains('⚠')).await;
        page.click("dataset-broken").await;
        page.text("dataset-unavailable", SOON, |text| text.contains("missing_table"))
            .await;
        // Its address works without a link.
        page.run("location.assign('/unlisted')", vec![]).await;
        page.see("export-start").await;

        page.click("account").await;
        page.click("sign-out").await;
        page.sign_in(&who.key).await;
        page.see("dataset-usage-logs").await;
        let shown = groups(page).await;
        assert!(!shown.to_string().contains("broken"), "{shown}");
        assert!(!page.sees("administration").await);
    })
    .await;
}

/// Opens each page, waits for an element of it, and returns the errors of the console.
async fn errors_of_pages(page: &Browser, pages: &[(&str, &str)]) -> Vec<String> {
    // The first question of the page, before the sign-in, is answered with 401.
    page.console_errors().await;
    let mut errors = Vec::new();
    for (path, element) in pages {
        page.open(path).await;
        page.see(element).await;
        let is_idle = "return document.querySelectorAll('[aria-busy=true]').length === 0";
        let is_idle = async || (page.run(is_idle, vec![]).await == json!(true)).then_some(());
        wait_for(&format!("`{path}` to be loaded"), SOON, is_idle).await;
        errors.extend(page.console_errors().await);
    }
    errors
}

#[tokio::test]
async fn no_page_of_a_hub_leaves_an_error_in_the_console() {
    let app = App::start().await;
    let title = "no_page_of_a_hub_leaves_an_error_in_the_console";
    in_browser(&app.server.address, title, async |page| {
        page.sign_in(ADMIN_TOKEN).await;
        let pages = [
            ("usage-logs", "row-open"),
            ("usage-by-user", "row-open"),
            ("sessions", "row-open"),
            ("probe-logs", "row-open"),
            ("probes", "download-shown"),
            ("admin/sessions", "session-id"),
            ("admin/database", "backups"),
            ("admin/log-cleanup", "cleanup-count"),
        ];
        assert_eq!(errors_of_pages(page, &pages).await, [] as [String; 0]);
    })
    .await;
}

#[tokio::test]
async fn without_the_built_in_datasets_no_page_is_of_a_hub() {
    let orders = dataset("orders", "group = \"Billing\"", NUMBERS);
    let customers = dataset("customers", "", NUMBERS);
    let settings = [("DECANT_BUILT_IN_DATASETS", "false")];
    let app = App::start_with_datasets(&[&orders, &customers], &settings).await;
    let title = "without_the_built_in_datasets_no_page_is_of_a_hub";
    in_browser(&app.server.address, title, async |page| {
        page.sign_in(ADMIN_TOKEN).await;
        page.see("row-open").await;
        let links = json!([
            ["Data", "dataset-customers"],
            ["Billing", "dataset-orders"],
            ["Exports", "background-exports", "schedules", "statistics"],
            ["Administration", "admin-database", "admin-export-permissions"],
        ]);
        let all = "return [...document.querySelectorAll('.navigation .group')].map((group) => \
                   [group.querySelector('h2').textContent, ...[...group.querySelectorAll('a')].map((link) => link.dataset.testid)])";
        assert_eq!(page.run(all, vec![]).await, links);
        let pages = [("orders", "row-open"), ("customers", "row-open"), ("admin/database", "backups")];
        assert_eq!(errors_of_pages(page, &pages).await, [] as [String; 0]);
        for hub in ["probes", "admin/sessions", "admin/log-cleanup"] {
            page.open(hub).await;
            page.see("not-found").await;
        }
        // The first requests of these pages were not sent.
        assert_eq!(page.console_errors().await, [] as [String; 0]);
        let text = "return document.body.textContent";
        for path in ["orders", "admin/database"] {
            page.open(path).await;
            page.see("account").await;
            let text = page.run(text, vec![]).await;
            assert!(!text.as_str().unwrap_or_default().contains("hub"), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_skip_link_is_the_first_tab_stop() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "the_skip_link_is_the_first_tab_stop",
        async |page| {
            for path in ["/", "/admin/database"] {
                if path == "/" {
                    page.sign_in(ADMIN_TOKEN).await;
                } else {
                    page.run("location.assign(arguments[0])", vec![json!(path)]).await;
                    page.see("database-size").await;
                }
                page.press_key(key::TAB).await;
                page.has_focus("skip").await;
                page.press_key(key::ENTER).await;
                let focused = page.run("return document.activeElement.id", vec![]).await;
                assert_eq!(focused, "content", "{path}");
                page.reload().await;
                page.see("account").await;
                page.press_key(key::TAB).await;
                page.has_focus("skip").await;
            }
        },
    )
    .await;
}

#[tokio::test]
async fn the_focus_stays_near_what_is_closed_or_removed() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "the_focus_stays_near_what_is_closed_or_removed",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.click("account").await;
            page.see("keys-open").await;
            page.press_key(key::ESCAPE).await;
            page.has_focus("account").await;

            page.click("account").await;
            page.click("keys-open").await;
            page.see("keys-help").await;
            page.press_key(key::ESCAPE).await;
            page.has_focus("account").await;

            page.click("activity-toggle").await;
            page.has_focus("activity").await;
            page.press_key(key::ESCAPE).await;
            page.has_focus("activity-toggle").await;

            // A result of the tray.
            page.click("export-start").await;
            page.click("export-close").await;
            page.see_no_more("export-done").await;
            page.has_focus("activity").await;

            // The only row of a list.
            page.click("admin-database").await;
            page.click("backup-make").await;
            page.see("backup-remove").await;
            page.see_no_more("backup-running").await;
            page.click("backup-remove").await;
            page.click("confirm-yes").await;
            page.see_no_more("backup").await;
            page.has_focus("backups").await;
        },
    )
    .await;
}

#[tokio::test]
async fn single_letters_are_keys_until_the_visitor_switches_them_off() {
    let app = App::start().await;
    let title = "single_letters_are_keys_until_the_visitor_switches_them_off";
    in_browser(&app.server.address, title, async |page| {
        page.sign_in(ADMIN_TOKEN).await;
        page.press_key('a').await;
        page.has_focus("activity").await;
        page.press_key('a').await;
        page.press_key('?').await;
        page.text("keys-help", SOON, |text| text.contains("activity"))
            .await;
        // Not behind a dialog.
        page.press_key('a').await;
        page.click("keys-close").await;
        assert!(!is_open(page).await);

        // Not in a field.
        page.click("admin-session-requests").await;
        page.fill("session-id", "a?").await;
        assert!(!is_open(page).await);

        page.click("account").await;
        page.click("keys-switch").await;
        page.reload().await;
        page.see("account").await;
        page.press_key('a').await;
        assert!(!is_open(page).await);
        page.click("account").await;
        page.click("keys-switch").await;
        page.press_key(key::ESCAPE).await;
        page.press_key('a').await;
        page.has_focus("activity").await;
    })
    .await;
}

async fn is_open(page: &Browser) -> bool {
    let script = "return !document.querySelector('[data-testid=activity]').hidden";
    page.run(script, vec![]).await == json!(true)
}

#[tokio::test]
async fn the_theme_is_remembered() {
    let app = App::start().await;
    in_browser(&app.server.address, "the_theme_is_remembered", async |page| {
        let is_dark = async |expected: bool| {
            let script = "const [red] = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number); return red < 128";
            let is = async || (page.run(script, vec![]).await == json!(expected)).then_some(());
            wait_for("the colours", SOON, is).await;
        };
        page.sign_in(ADMIN_TOKEN).await;
        // The first question of the page, before the sign-in, is answered with 401.
        page.console_errors().await;
        is_dark(false).await;
        page.choose("theme", "Dark").await;
        is_dark(true).await;
        page.reload().await;
        page.see("theme").await;
        is_dark(true).await;
        page.choose("theme", "Light").await;
        page.prefer_dark().await;
        is_dark(false).await;
        page.choose("theme", "System").await;
        is_dark(true).await;
        assert_eq!(page.console_errors().await, [] as [String; 0]);
    })
    .await;
}
