//! Workspaces on the page: the choice of one, rows that never mix, and what a visitor sees who may not see them.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, in_browser};
use decant_tests::database::{Database, HubUser};
use decant_tests::definitions::Definitions;
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;
use decant_tests::workspaces::{ACME, BETA, NONE, TABLES};
use serde_json::json;

const SOON: Duration = Duration::from_secs(20);

/// A hub with the tables of workspaces, and one of its users: owner of Acme, member of Beta.
struct Brands {
    app: App,
    user: HubUser,
}

impl Brands {
    async fn start(definitions: &[&str]) -> Self {
        let (database, user) = brands().await;
        let definitions = Definitions::of(definitions);
        let settings = [definitions.setting(), ("DECANT_MEMBERSHIP_SECONDS", "0")];
        let app = App::start_on(database, &settings).await;
        Self { app, user }
    }

    async fn leave(&self, workspace: &str) {
        let leave = format!(
            "delete from workspace_members where workspace_id = '{workspace}' and user_id = {}",
            self.user.id
        );
        self.app.database.execute(leave).await;
    }

    /// Returns the file of the server itself.
    async fn file(&self, workspace: &str) -> Vec<u8> {
        let user = self.app.anonymous().with_token(&self.user.key);
        let export = user.export("alerts").query("workspace", workspace);
        let export = export.query("severity", "critical").query("zone", "UTC");
        export.answer().await.good().body
    }
}

/// Returns a hub with the tables of workspaces, and one of its users: owner of Acme, member of Beta.
pub async fn brands() -> (Database, HubUser) {
    let database = Database::new().await;
    // The hub has users of its own.
    let of_users =
        |line: &&str| line.starts_with("create table users") || line.starts_with("insert into users");
    let tables: Vec<_> = TABLES.lines().filter(|line| !of_users(line)).collect();
    database.execute(tables.join("\n")).await;
    let user = database.new_user("Ada").await;
    let join = format!(
        "insert into workspace_members values ('{ACME}', {0}, 'OWNER'), ('{BETA}', {0}, 'MEMBER')",
        user.id
    );
    database.execute(join).await;
    (database, user)
}

/// Waits until the page shows rows of this workspace alone.
async fn shows(page: &Browser, name: &str, other: &str) {
    page.text("of-workspace", SOON, |text| text == name).await;
    let rows = page
        .text("rows", SOON, |text| text.contains(&format!("{name} ")))
        .await;
    assert!(!rows.contains(&format!("{other} ")), "{rows}");
}

async fn address(page: &Browser) -> String {
    let address = page
        .run("return location.pathname + location.search", vec![])
        .await;
    address.as_str().unwrap_or_default().to_owned()
}

async fn has_address(page: &Browser, right: impl Fn(&str) -> bool) {
    let look = async || right(&address(page).await).then_some(());
    wait_for("the address", SOON, look).await;
}

async fn choose_workspace(page: &Browser, id: &str) {
    let choose = "const select = document.querySelector('[data-testid=workspace]'); \
                  select.value = arguments[0]; select.dispatchEvent(new Event('change', { bubbles: true }))";
    page.see("workspace").await;
    page.run(choose, vec![json!(id)]).await;
}

async fn downloaded(page: &Browser) -> Vec<u8> {
    let path = page.download().await;
    let file = std::fs::read(&path).expect("the file is there");
    std::fs::remove_file(path).expect("the folder is ours");
    file
}

#[tokio::test]
async fn another_workspace_keeps_the_page_and_its_filters_and_never_the_rows() {
    let brands = Brands::start(&[]).await;
    in_browser(
        &brands.app.server.address,
        "another_workspace_keeps_the_page_and_its_filters_and_never_the_rows",
        async |page| {
            page.sign_in(&brands.user.key).await;
            page.text("workspace", SOON, |text| {
                text.contains("Acme") && text.contains("Beta")
            })
            .await;
            page.text("workspace-role", SOON, |text| text.ends_with("Owner"))
                .await;
            page.click("dataset-alerts").await;
            shows(page, "Acme", "Beta").await;
            page.choose("zone", "UTC").await;
            page.click("add-filter").await;
            page.click("add-filter-severity").await;
            page.click("value-critical").await;
            page.click("apply-filters").await;
            page.text("row-count", SOON, |text| text == "75 rows").await;
            page.click("export-start").await;
            assert!(downloaded(page).await == brands.file(ACME).await);
            page.see("kept-rows").await;
            page.click("next-page").await;
            has_address(page, |address| address.contains("after=")).await;

            choose_workspace(page, BETA).await;
            shows(page, "Beta", "Acme").await;
            has_address(page, |address| {
                address.contains(&format!("workspace={BETA}"))
                    && address.contains("severity=critical")
                    && !address.contains("after=")
            })
            .await;
            page.text("workspace-role", SOON, |text| text.ends_with("Member"))
                .await;
            assert!(!page.sees("kept-rows").await, "the kept rows are of Acme");
            page.click("add-filter").await;
            page.click("add-filter-brand").await;
            page.see(&format!("value-{BETA}")).await;
            assert!(!page.sees(&format!("value-{ACME}")).await);
            page.click("add-filter").await;
            page.click("export-start").await;
            let beta = downloaded(page).await;
            assert!(beta == brands.file(BETA).await);
            assert!(!String::from_utf8_lossy(&beta).contains("Acme"));

            page.run("history.back()", vec![]).await;
            shows(page, "Acme", "Beta").await;
            // The choice follows the address, also between workspaces that were both picked.
            choose_workspace(page, BETA).await;
            shows(page, "Beta", "Acme").await;
            choose_workspace(page, ACME).await;
            shows(page, "Acme", "Beta").await;
            page.run("history.back()", vec![]).await;
            shows(page, "Beta", "Acme").await;
            let chosen = "return document.querySelector('[data-testid=workspace]').value";
            assert_eq!(page.run(chosen, vec![]).await, BETA);
        },
    )
    .await;
}

#[tokio::test]
async fn a_report_is_shown_and_exported_in_the_chosen_language() {
    let brands = Brands::start(&[]).await;
    in_browser(
        &brands.app.server.address,
        "a_report_is_shown_and_exported_in_the_chosen_language",
        async |page| {
            page.sign_in(&brands.user.key).await;
            page.click("bundle-brand-report").await;
            page.text("of-workspace", SOON, |text| text == "Acme").await;
            has_address(page, |address| address.contains("start=20")).await;
            page.open(&format!(
                "report?workspace={ACME}&start=2026-01-01&end=2026-01-31&zone=UTC"
            ))
            .await;
            page.text("of-workspace", SOON, |text| text == "Acme").await;
            page.click("show-preview").await;
            page.see("report-preview").await;
            let source = "return document.querySelector('[data-testid=report-preview]').getAttribute('src')";
            let source = page.run(source, vec![]).await;
            let source = source.as_str().expect("the frame has an address");
            assert!(
                source.contains("inline=true")
                    && source.contains("start=2026-01-01")
                    && source.contains(ACME),
                "{source}"
            );
            page.choose("bundle-language", "Português (Brasil)").await;
            page.see_no_more("report-preview").await;
            page.click("bundle-export").await;
            let report = String::from_utf8(downloaded(page).await).expect("a report is text");
            assert!(report.contains("lang=\"pt-BR\"") && report.contains("<svg"));
            assert!(report.contains("Acme") && !report.contains("Beta"));
            choose_workspace(page, BETA).await;
            page.text("of-workspace", SOON, |text| text == "Beta").await;
            page.run("history.back()", vec![]).await;
            page.text("of-workspace", SOON, |text| text == "Acme").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_preview_that_the_server_refuses_shows_the_reason_and_can_be_asked_for_again() {
    let brands = Brands::start(&[]).await;
    in_browser(
        &brands.app.server.address,
        "a_preview_that_the_server_refuses_shows_the_reason_and_can_be_asked_for_again",
        async |page| {
            page.sign_in(&brands.user.key).await;
            page.open(&format!(
                "report?workspace={ACME}&start=2026-01-01&end=2026-01-31&zone=UTC"
            ))
            .await;
            let rename = "alter table brand_alerts rename to brand_alerts_away";
            brands.app.database.execute(rename).await;
            page.click("show-preview").await;
            page.text("notice", SOON, |text| {
                text.contains("brand") || text.contains("database")
            })
            .await;
            assert!(!page.sees("report-preview").await);
            let back = "alter table brand_alerts_away rename to brand_alerts";
            brands.app.database.execute(back).await;
            page.click("retry").await;
            page.see("report-preview").await;

            // A first day after today has no row, and the button is not there.
            page.open(&format!("report?workspace={ACME}&start=2999-01-01&zone=UTC"))
                .await;
            page.text("bundle-obstacle", SOON, |text| text.contains("after today"))
                .await;
            assert!(!page.sees("show-preview").await);
        },
    )
    .await;
}

#[tokio::test]
async fn a_workspace_is_remembered_and_the_first_one_is_the_default() {
    let brands = Brands::start(&[]).await;
    in_browser(
        &brands.app.server.address,
        "a_workspace_is_remembered_and_the_first_one_is_the_default",
        async |page| {
            page.sign_in(&brands.user.key).await;
            page.open("alerts").await;
            shows(page, "Acme", "Beta").await;
            choose_workspace(page, BETA).await;
            shows(page, "Beta", "Acme").await;
            page.open("infringements").await;
            shows(page, "Beta", "Acme").await;
            page.click("dataset-usage-logs").await;
            page.see_no_more("of-workspace").await;
            has_address(page, |address| !address.contains("workspace=")).await;
            choose_workspace(page, ACME).await;
            page.click("dataset-actions").await;
            page.text("of-workspace", SOON, |text| text == "Acme").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_visitor_who_has_left_a_workspace_sees_nothing_of_it() {
    let brands = Brands::start(&[]).await;
    in_browser(
        &brands.app.server.address,
        "a_visitor_who_has_left_a_workspace_sees_nothing_of_it",
        async |page| {
            page.sign_in(&brands.user.key).await;
            page.open(&format!("alerts?workspace={ACME}")).await;
            shows(page, "Acme", "Beta").await;
            page.click("export-start").await;
            downloaded(page).await;
            page.see("kept-rows").await;
            brands.leave(ACME).await;
            page.click("reload").await;
            page.see("workspace-refused").await;
            for gone in ["rows", "export-start", "kept-rows", "add-filter"] {
                assert!(!page.sees(gone).await, "{gone}");
            }
            page.text("workspace", SOON, |text| !text.contains("Acme")).await;
            page.click(&format!("open-workspace-{BETA}")).await;
            shows(page, "Beta", "Acme").await;

            // One that is not there looks the same.
            page.open(&format!("alerts?workspace={NONE}")).await;
            page.see("workspace-refused").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_visitor_without_a_workspace_sees_no_choice_of_one() {
    let brands = Brands::start(&[]).await;
    let other = brands.app.database.new_user("Bo").await;
    in_browser(
        &brands.app.server.address,
        "a_visitor_without_a_workspace_sees_no_choice_of_one",
        async |page| {
            page.sign_in(&other.key).await;
            page.see("dataset-usage-logs").await;
            assert!(!page.sees("workspaces").await);
            page.open("alerts").await;
            page.see("not-found").await;
            page.click("account").await;
            page.click("sign-out").await;

            // An administrator sees all workspaces, and the reason of a broken dataset.
            page.sign_in(ADMIN_TOKEN).await;
            page.text("workspace", SOON, |text| {
                text.contains("Acme") && text.contains("Beta")
            })
            .await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_role_below_that_of_the_export_sees_the_rows_and_reads_why_there_is_no_export() {
    let for_admins = "name = \"alerts\"\nextends = \"alerts\"\nexport = \"ADMIN\"";
    let brands = Brands::start(&[for_admins]).await;
    in_browser(
        &brands.app.server.address,
        "a_role_below_that_of_the_export_sees_the_rows_and_reads_why_there_is_no_export",
        async |page| {
            page.sign_in(&brands.user.key).await;
            page.open(&format!("alerts?workspace={BETA}")).await;
            shows(page, "Beta", "Acme").await;
            let reason = "return document.querySelector('[data-testid=export-start]').title";
            let is_refused = async || {
                let title = page.run(reason, vec![]).await;
                let title = title.as_str().unwrap_or_default().to_owned();
                (title.contains("Admin") && title.contains("Member")).then_some(())
            };
            wait_for("the reason", SOON, is_refused).await;
            page.click("export-start").await;
            choose_workspace(page, ACME).await;
            shows(page, "Acme", "Beta").await;
            page.click("export-start").await;
            let file = downloaded(page).await;
            assert!(String::from_utf8_lossy(&file).contains("Acme"));
        },
    )
    .await;
}
