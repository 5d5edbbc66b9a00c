//! The details of a row beside the table.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{in_browser, key};
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::json;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_details_have_the_values_of_the_file() {
    let app = App::start().await;
    let title = "the_details_have_the_values_of_the_file";
    in_browser(&app.server.address, title, async |page| {
        page.sign_in(ADMIN_TOKEN).await;
        page.open("usage-logs?zone=Asia/Shanghai").await;
        page.click("row-open").await;
        let time = "return document.querySelector('[data-testid=row-details] dd')?.textContent ?? ''";
        let shown = page.run(time, vec![]).await;
        page.press_key(key::ESCAPE).await;
        page.click("export-start").await;
        let file = std::fs::read_to_string(page.download().await).unwrap();
        let row = file.lines().nth(1).unwrap();
        let of_file = row.split(',').next().unwrap();
        assert_eq!(shown, json!(of_file));
        assert!(
            of_file.contains('.') && of_file.ends_with("+08:00"),
            "milliseconds and zone: {of_file}"
        );
    })
    .await;
}

#[tokio::test]
async fn the_details_have_all_fields_and_follow_the_arrows() {
    let app = App::start().await;
    let rows = app.admin().usage_rows(&[("limit", "2")]).await;
    let sessions = rows.column("session_id");
    in_browser(
        &app.server.address,
        "the_details_have_all_fields_and_follow_the_arrows",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.click("row-open").await;
            let fields = "return [...document.querySelectorAll('[data-testid=row-details] dd')].map(one => one.textContent)";
            let shows = async |row: usize| {
                let session = json!(sessions[row].clone().unwrap_or_else(|| "–".to_owned()));
                let shows = async || {
                    let fields = page.run(fields, vec![]).await;
                    let fields = fields.as_array()?;
                    (fields.len() == 18 && fields[16] == session).then_some(())
                };
                wait_for(&format!("the fields of row {row}"), SOON, shows).await;
            };
            shows(0).await;
            page.press_key(key::DOWN).await;
            shows(1).await;
            page.press_key(key::UP).await;
            shows(0).await;
            page.click("row-next").await;
            shows(1).await;
            page.press_key(key::ESCAPE).await;
            page.see_no_more("row-details").await;
            let row = "return document.activeElement.closest('tr')?.dataset.row";
            let returns = async || (page.run(row, vec![]).await == json!("1")).then_some(());
            wait_for("the focus to return to the row", SOON, returns).await;

            // After a reload, the same position may be another row.
            page.click("row-open").await;
            page.see("row-details").await;
            page.press_key('r').await;
            assert!(page.sees("row-details").await, "letters are no keys in the details");
            page.run("document.querySelector('[data-testid=reload]').click()", vec![])
                .await;
            page.see_no_more("row-details").await;
        },
    )
    .await;
}
