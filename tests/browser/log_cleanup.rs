//! The page Log clean-up.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, EXPORT_PATIENCE, in_browser};
use decant_tests::logs::archives;
use decant_tests::program::Settings;
use decant_tests::server::ADMIN_TOKEN;

const SOON: Duration = Duration::from_secs(20);

/// A log with half of its rows 40 days old, the other half of today.
async fn app(settings: Settings<'_>) -> App {
    let app = App::start_with(settings).await;
    app.database
        .execute("update message_request set created_at = now() - case when id % 2 = 0 then interval '40 days' else '1 hour' end")
        .await;
    app
}

async fn open(page: &Browser) {
    page.sign_in(ADMIN_TOKEN).await;
    page.click("admin-log-cleanup").await;
    page.see("cleanup-count").await;
}

async fn confirm(page: &Browser, word: &str) {
    page.click("cleanup-start").await;
    page.fill("confirm-word", word).await;
    page.click("confirm-yes").await;
}

#[tokio::test]
async fn old_rows_are_deleted_after_a_count_and_a_confirmation() {
    let app = app(&[]).await;
    app.database.make_ledger().await;
    in_browser(
        &app.server.address,
        "old_rows_are_deleted_after_a_count_and_a_confirmation",
        async |page| {
            open(page).await;
            page.click("cleanup-days-90").await;
            page.click("cleanup-count").await;
            page.text("cleanup-preview", SOON, |text| text.contains("nothing to delete"))
                .await;
            assert!(!page.sees("cleanup-start").await);

            page.click("cleanup-days-30").await;
            page.see_no_more("cleanup-preview").await;
            page.click("cleanup-count").await;
            page.text("cleanup-preview", SOON, |text| text.starts_with("1,000 rows"))
                .await;
            page.click("cleanup-start").await;
            page.see("confirm-word").await;
            page.click("confirm-no").await;
            assert_eq!(app.database.log_ids().await.len(), 2_000);
            // As the page shows the number.
            confirm(page, "1,000").await;
            page.text("cleanup-done", EXPORT_PATIENCE, |text| {
                text.contains("1,000 rows deleted")
            })
            .await;
            let archives = archives(&app.server.data_dir().join("storage/logs"));
            page.text("cleanup-archive", SOON, |text| {
                text.contains(archives[0].manifest["file"].as_str().unwrap())
            })
            .await;
            assert_eq!(archives[0].ids.len(), 1_000);
            assert!(app.database.log_ids().await.iter().all(|id| id % 2 == 1));
            page.text("last-cleanup", SOON, |text| {
                text.contains("complete, 1,000 rows deleted")
            })
            .await;
        },
    )
    .await;
}

#[tokio::test]
async fn conditions_narrow_the_clean_up_and_errors_stand_at_their_field() {
    let app = app(&[]).await;
    app.database.make_ledger().await;
    let count = "select count(*) from message_request where id % 2 = 0 and user_id in (1, 2) and status_code between 400 and 599";
    let matching = app.database.number(count).await;
    in_browser(
        &app.server.address,
        "conditions_narrow_the_clean_up_and_errors_stand_at_their_field",
        async |page| {
            open(page).await;
            page.click("cleanup-more").await;
            page.fill("cleanup-users", "one").await;
            page.click("cleanup-count").await;
            page.text("cleanup-users-problem", SOON, |text| text.contains("numbers"))
                .await;
            page.fill("cleanup-users", "1, 2").await;
            page.fill("cleanup-status-codes", "400-599").await;
            page.click("cleanup-count").await;
            page.text("cleanup-preview", SOON, |text| {
                text.starts_with(&format!("{matching} row"))
            })
            .await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_cancelled_clean_up_keeps_the_rest_and_shows_the_number_of_deleted_rows() {
    let app = app(&[
        ("DECANT_CLEANUP_BATCH_ROWS", "10"),
        ("DECANT_CLEANUP_PAUSE_MS", "300"),
    ])
    .await;
    in_browser(
        &app.server.address,
        "a_cancelled_clean_up_keeps_the_rest_and_shows_the_number_of_deleted_rows",
        async |page| {
            open(page).await;
            page.click("cleanup-count").await;
            page.see("cleanup-archive-first").await;
            page.click("cleanup-archive-first").await;
            // Without `usage_ledger` the page asks for consent first.
            page.click("cleanup-without-statistics").await;
            confirm(page, "1000").await;
            page.text("cleanup-deleted", SOON, |text| text != "0 rows").await;
            page.click("cleanup-cancel").await;
            page.see("cleanup-stopped").await;
            let told = page
                .text("last-cleanup", SOON, |text| text.contains("stopped, "))
                .await;
            let left = app.database.log_ids().await.len();
            assert!(left > 1_000, "{left}");
            assert!(
                told.contains(&format!("stopped, {} rows deleted", 2_000 - left)),
                "{told}"
            );
        },
    )
    .await;
}
