//! Bundles on the page: several datasets in one file, made by the browser's worker.

use std::path::PathBuf;
use std::time::Duration;

use decant_tests::actors::{Actor, Query};
use decant_tests::app::App;
use decant_tests::browser::{Browser, EXPORT_PATIENCE, in_browser};
use decant_tests::patience::wait_for;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::server::ADMIN_TOKEN;
use decant_tests::zip::entries;
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);

const DATE: &str = "2026-01-01T00:00:00.000000Z";

/// Returns the file of the server itself.
async fn by_server(actor: &Actor, bundle: &str, query: Query<'_>) -> Vec<u8> {
    let export = actor.bundle_export(bundle).queries(query);
    export.answer().await.good().body
}

async fn downloaded(page: &Browser) -> (PathBuf, Vec<u8>) {
    let path = page.download().await;
    let file = std::fs::read(&path).expect("the file is there");
    std::fs::remove_file(&path).expect("the folder is ours");
    (path, file)
}

/// Replaces the time of the snapshot, the only difference of two files of the same rows.
fn without_time(file: &[u8]) -> String {
    let text = String::from_utf8(file.to_vec()).expect("the file is text");
    let mut parts = text.split("exportDate");
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let start = part.find("20").expect("a time follows");
        whole += "exportDate";
        whole += &part[..start];
        whole += DATE;
        whole += part[start..]
            .trim_start_matches(|letter: char| letter.is_ascii_digit() || "-:.TZ".contains(letter));
    }
    whole
}

async fn signed_in(page: &Browser, key: &str) {
    page.sign_in(key).await;
    page.choose("zone", "UTC").await;
}

#[tokio::test]
async fn a_member_exports_all_own_data_and_the_file_is_that_of_the_server() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    in_browser(
        &app.server.address,
        "a_member_exports_all_own_data_and_the_file_is_that_of_the_server",
        async |page| {
            signed_in(page, &who.key).await;
            assert!(!page.sees("bundle-bulk-data").await);
            page.click("bundle-user-data").await;
            page.see("part-usageLogs").await;
            assert!(!page.sees("bundle-person").await);

            page.text("bundle-export", SOON, |text| text == "Export JSON")
                .await;
            page.click("bundle-export").await;
            let (path, file) = downloaded(page).await;
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            assert!(name.starts_with(&format!("user_data_{}_20", who.id)), "{name}");
            let expected = by_server(&user, "user-data", &[]).await;
            assert!(without_time(&file) == without_time(&expected), "JSON differs");
            page.text("export-done", SOON, |text| text.contains("rows")).await;

            page.choose("bundle-format", "XML").await;
            page.click("bundle-export").await;
            let (_, file) = downloaded(page).await;
            let expected = by_server(&user, "user-data", &[("format", "xml")]).await;
            assert!(without_time(&file) == without_time(&expected), "XML differs");

            page.choose("bundle-format", "CSV").await;
            page.see("bundle-archive").await;
            page.click("bundle-export").await;
            let (path, file) = downloaded(page).await;
            assert_eq!(path.extension().and_then(|one| one.to_str()), Some("zip"));
            let expected = by_server(&user, "user-data", &[("format", "csv")]).await;
            let (files, expected) = (entries(&file), entries(&expected));
            assert_eq!(files.len(), expected.len());
            for ((name, file), (expected_name, expected)) in files.iter().zip(&expected) {
                assert_eq!(name, expected_name);
                assert!(without_time(file) == without_time(expected), "{name} differs");
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_period_is_in_the_address_and_narrows_the_file() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    in_browser(
        &app.server.address,
        "a_period_is_in_the_address_and_narrows_the_file",
        async |page| {
            signed_in(page, &who.key).await;
            page.open("my-data?start=2026-01-25&end=2026-01-20").await;
            page.text("bundle-obstacle", SOON, |text| {
                text.contains("after the last day")
            })
            .await;
            page.open("my-data?start=2026-01-20&end=2026-01-25").await;
            page.text("bundle-obstacle", SOON, str::is_empty).await;
            page.click("bundle-export").await;
            let (_, file) = downloaded(page).await;
            let period = [("start", "2026-01-20"), ("end", "2026-01-25")];
            let expected = by_server(&user, "user-data", &period).await;
            assert!(without_time(&file) == without_time(&expected));
            let all = by_server(&user, "user-data", &[]).await;
            assert!(file.len() < all.len());

            page.click("period-all").await;
            let is_all = async || {
                let address = page.run("return location.search", vec![]).await;
                (!address.as_str().unwrap_or_default().contains("start=")).then_some(())
            };
            wait_for("an address without days", SOON, is_all).await;
        },
    )
    .await;
}

#[tokio::test]
async fn an_administrator_names_the_person_and_has_the_data_of_all() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let name = format!("select name from users where id = {}", who.id);
    let name = app.database.text(&name).await.expect("a user has a name");
    in_browser(
        &app.server.address,
        "an_administrator_names_the_person_and_has_the_data_of_all",
        async |page| {
            signed_in(page, ADMIN_TOKEN).await;
            page.click("bundle-user-data").await;
            page.text("bundle-obstacle", SOON, |text| text.contains("Choose the person"))
                .await;
            page.fill("bundle-person", &name).await;
            page.text("bundle-person-id", SOON, |text| {
                text.ends_with(&who.id.to_string())
            })
            .await;
            page.click("bundle-export").await;
            let (_, file) = downloaded(page).await;
            let expected = by_server(&user, "user-data", &[]).await;
            assert!(without_time(&file) == without_time(&expected));

            page.click("bundle-bulk-data").await;
            page.see("part-users").await;
            page.click("bundle-export").await;
            let (path, file) = downloaded(page).await;
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            assert!(name.starts_with("bulk_data_20"), "{name}");
            let expected = by_server(&app.admin(), "bulk-data", &[]).await;
            let totals = |file: &[u8]| -> Value {
                let file: Value = serde_json::from_slice(file).expect("the file is JSON");
                file["totals"].clone()
            };
            assert_eq!(totals(&file), totals(&expected));
        },
    )
    .await;
}

#[tokio::test]
async fn a_broken_connection_leaves_no_file_and_the_export_starts_again() {
    let app = App::start().await;
    let (user, who) = app.user().await;
    let proxy = Proxy::to(&app.server.address).await;
    in_browser(
        &proxy.address,
        "a_broken_connection_leaves_no_file_and_the_export_starts_again",
        async |page| {
            signed_in(page, &who.key).await;
            page.click("bundle-user-data").await;
            page.see("bundle-export").await;
            // The worker's program is in the browser's cache after the first file.
            page.click("bundle-export").await;
            downloaded(page).await;
            page.see("export-done").await;
            proxy.set(Behavior::Throttled(20_000));
            page.click("bundle-export").await;
            page.text("export-part", EXPORT_PATIENCE, |text| text.starts_with("Part "))
                .await;
            proxy.set(Behavior::CutAfter(1_000));
            page.text("export-safe", EXPORT_PATIENCE, |text| {
                text.contains("Start again")
            })
            .await;
            assert!(page.downloads().is_empty());
            proxy.set(Behavior::Normal);
            page.click("export-resume").await;
            let (_, file) = downloaded(page).await;
            let expected = by_server(&user, "user-data", &[]).await;
            assert!(without_time(&file) == without_time(&expected));
        },
    )
    .await;
}
