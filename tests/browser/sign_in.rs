//! Sign-in and sign-out on the page.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::in_browser;
use decant_tests::server::ADMIN_TOKEN;

use crate::number_in;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn everyone_sees_their_own_rows() {
    let app = App::start().await;
    let user = app.database.busy_user().await;
    let own = app.database.usage_rows(&format!("m.user_id = {}", user.id)).await;
    let all = app.database.usage_rows("true").await;
    in_browser(
        &app.server.address,
        "everyone_sees_their_own_rows",
        async |page| {
            page.sign_in(&user.key).await;
            page.text("row-count", SOON, |text| number_in(text) == Some(own))
                .await;
            page.click("add-filter").await;
            page.see("add-filter-model").await;
            assert!(
                !page.sees("add-filter-user").await,
                "the user filter is the administrator's"
            );

            page.click("account").await;
            page.click("sign-out").await;
            page.see("sign-in-token").await;
            assert!(!page.sees("export-start").await);

            page.sign_in(ADMIN_TOKEN).await;
            page.text("row-count", SOON, |text| number_in(text) == Some(all))
                .await;
            page.click("add-filter").await;
            page.see("add-filter-user").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_wrong_key_is_refused_with_a_message() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "a_wrong_key_is_told_and_lets_nobody_in",
        async |page| {
            page.fill("sign-in-token", "a wrong key").await;
            page.click("sign-in-submit").await;
            page.text("sign-in-problem", SOON, |text| text.contains("wrong"))
                .await;
            assert!(!page.sees("export-start").await);
            // The next attempt may be right.
            page.sign_in(ADMIN_TOKEN).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_session_survives_a_reload_and_is_hidden_from_scripts() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "a_session_survives_a_reload_and_is_hidden_from_scripts",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.reload().await;
            page.see("export-start").await;
            let reachable =
                "return document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)";
            let reachable = page.run(reachable, vec![]).await;
            let reachable = reachable.as_str().unwrap();
            assert!(
                !reachable.contains(ADMIN_TOKEN) && !reachable.contains("decant_session"),
                "{reachable}"
            );
        },
    )
    .await;
}
