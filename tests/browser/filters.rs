//! Filters on the page: chips, their popover, quick ranges.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, in_browser, key};
use decant_tests::database::RETRIED;
use decant_tests::patience::wait_for;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::json;

use crate::number_in;

const SOON: Duration = Duration::from_secs(20);

async fn has_rows(page: &Browser, rows: u64) {
    page.text("row-count", SOON, |text| number_in(text) == Some(rows))
        .await;
}

#[tokio::test]
async fn filters_narrow_the_rows_and_survive_a_reload() {
    let app = App::start().await;
    let all = app.database.usage_rows("true").await;
    let failed = app
        .database
        .usage_rows("m.status_code is distinct from 200")
        .await;
    let narrow = format!("m.status_code is distinct from 200 and {RETRIED}");
    let narrow = app.database.usage_rows(&narrow).await;
    let model = app
        .database
        .text("select model from message_request where deleted_at is null limit 1")
        .await
        .unwrap();
    let of_model = app
        .database
        .usage_rows(&format!("m.model = '{}'", model.replace('\'', "''")))
        .await;
    in_browser(
        &app.server.address,
        "filters_narrow_the_rows_and_survive_a_reload",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            has_rows(page, all).await;
            page.set_filter("exclude_200", None).await;
            page.set_filter("min_retry_count", Some("1")).await;
            has_rows(page, narrow).await;
            page.text("chip-min_retry_count", SOON, |text| text == "Min. retries ≥ 1")
                .await;

            page.reload().await;
            has_rows(page, narrow).await;
            // Back takes the filters away, one by one.
            page.run("history.back()", vec![]).await;
            has_rows(page, failed).await;
            page.run("history.back()", vec![]).await;
            has_rows(page, all).await;
            page.run("history.forward()", vec![]).await;
            has_rows(page, failed).await;

            page.click("remove-exclude_200").await;
            has_rows(page, all).await;
            page.set_filter("model", Some(&model)).await;
            has_rows(page, of_model).await;
            page.text("chip-model", SOON, |text| text == format!("Model: {model}"))
                .await;
            page.click("clear-filters").await;
            has_rows(page, all).await;
        },
    )
    .await;
}

#[tokio::test]
async fn an_invalid_value_is_reported_at_its_chip() {
    let app = App::start().await;
    in_browser(
        &app.server.address,
        "an_invalid_value_is_reported_at_its_chip",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.set_filter("min_retry_count", Some("two")).await;
            let script =
                "return document.getElementById('filter-min_retry_count-problem')?.textContent ?? ''";
            let told = async || {
                let text = page.run(script, vec![]).await;
                text.as_str()
                    .is_some_and(|text| text.contains("whole number"))
                    .then_some(())
            };
            wait_for("the problem at its chip", SOON, told).await;
            assert!(!page.sees("notice").await, "it is reported once");
            page.click("remove-min_retry_count").await;
            page.see("row-open").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_value_is_chosen_by_its_name_and_escape_changes_nothing() {
    let app = App::start().await;
    let user = app.database.busy_user().await;
    let all = app.database.usage_rows("true").await;
    let own = app.database.usage_rows(&format!("m.user_id = {}", user.id)).await;
    let name = format!("select name from users where id = {}", user.id);
    let name = app.database.text(&name).await.unwrap();
    in_browser(
        &app.server.address,
        "a_value_is_chosen_by_its_name_and_escape_changes_nothing",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            has_rows(page, all).await;
            page.click("add-filter").await;
            page.click("add-filter-user").await;
            page.see(&format!("value-{}", user.id)).await;
            page.press_key(key::ESCAPE).await;
            page.see_no_more("filter-popover").await;
            let focused = "return document.activeElement.dataset.testid";
            let returns = async || (page.run(focused, vec![]).await == json!("add-filter")).then_some(());
            wait_for("the focus to return", SOON, returns).await;
            has_rows(page, all).await;

            page.click("add-filter").await;
            page.click("add-filter-user").await;
            page.click(&format!("value-{}", user.id)).await;
            has_rows(page, own).await;
            page.text("chip-user", SOON, |text| text == format!("User: {name}"))
                .await;
            // The address has the id only.
            page.reload().await;
            page.text("chip-user", SOON, |text| text == format!("User: {name}"))
                .await;
        },
    )
    .await;
}

#[tokio::test]
async fn filters_of_a_link_that_do_not_apply_are_named() {
    let app = App::start().await;
    let (_, who) = app.user().await;
    let own = app.database.usage_rows(&format!("m.user_id = {}", who.id)).await;
    let title = "filters_of_a_link_that_do_not_apply_are_named";
    in_browser(&app.server.address, title, async |page| {
        page.sign_in(&who.key).await;
        page.open("usage-logs?user=1&colour=red&exclude_200=false").await;
        page.text("unknown-filters", SOON, |text| {
            text.contains("colour=red") && text.contains("user=1") && !text.contains("exclude_200")
        })
        .await;
        has_rows(page, own).await;
        for chip in ["chip-user", "chip-colour", "chip-exclude_200", "clear-filters"] {
            assert!(!page.sees(chip).await, "{chip}");
        }
        page.click("remove-unknown-filters").await;
        page.see_no_more("unknown-filters").await;

        // An administrator has the filter.
        page.click("account").await;
        page.click("sign-out").await;
        page.sign_in(ADMIN_TOKEN).await;
        page.open(&format!("usage-logs?user={}", who.id)).await;
        page.see("chip-user").await;
        has_rows(page, own).await;
        assert!(!page.sees("unknown-filters").await);
    })
    .await;
}

#[tokio::test]
async fn keys_of_one_name_are_told_apart() {
    let app = App::start().await;
    let key = async |offset: u8| {
        let id = format!("select id::text from keys order by id limit 1 offset {offset}");
        app.database.text(&id).await.unwrap()
    };
    let (first, second, other) = (key(0).await, key(1).await, key(2).await);
    for (id, name) in [(&first, "main"), (&second, "main"), (&other, "the only one")] {
        let rename = format!("update keys set name = '{name}' where id = {id}");
        app.database.execute(&rename).await;
    }
    in_browser(
        &app.server.address,
        "keys_of_one_name_are_told_apart",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.click("add-filter").await;
            page.click("add-filter-key").await;
            let shown = async |id: &str, name: &str| {
                page.text(&format!("value-{id}"), SOON, |text| text == name).await;
            };
            shown(&first, &format!("main (ID {first})")).await;
            shown(&second, &format!("main (ID {second})")).await;
            shown(&other, "the only one").await;
            page.click(&format!("value-{second}")).await;
            let chip = format!("Key: main (ID {second})");
            page.text("chip-key", SOON, |text| text == chip).await;
            page.reload().await;
            page.text("chip-key", SOON, |text| text == chip).await;
        },
    )
    .await;
}

#[tokio::test]
async fn thirty_days_are_calendar_days_in_every_dataset() {
    let app = App::start().await;
    let title = "thirty_days_are_calendar_days_in_every_dataset";
    in_browser(&app.server.address, title, async |page| {
        page.sign_in(ADMIN_TOKEN).await;
        let mut days = Vec::new();
        for dataset in ["usage-logs", "probe-logs", "sessions"] {
            page.open(&format!("{dataset}?zone=Pacific/Kiritimati")).await;
            page.click("quick-last-30-days").await;
            let day = page
                .text("chip-start", SOON, |text| text.starts_with("From: 20"))
                .await;
            let explained = "return document.querySelector('[data-testid=quick-last-30-days]').title";
            let explained = page.run(explained, vec![]).await;
            let explained = explained.as_str().unwrap_or_default();
            assert!(
                explained.contains(day.trim_start_matches("From: "))
                    && explained.ends_with("by calendar days in Pacific/Kiritimati"),
                "{dataset}: {explained}"
            );
            days.push(day);
        }
        let first =
            "select to_char(now() at time zone 'Pacific/Kiritimati' - interval '29 days', 'YYYY-MM-DD')";
        let first = app.database.text(first).await.unwrap();
        days.dedup();
        assert_eq!(days, [format!("From: {first}")]);
    })
    .await;
}

#[tokio::test]
async fn a_quick_range_sets_days_and_the_last_day_is_included() {
    let app = App::start().await;
    let all = app.database.usage_rows("true").await;
    let day =
        "(select max(created_at at time zone 'UTC')::date - 1 from message_request where deleted_at is null)";
    let until = app
        .database
        .usage_rows(&format!("(m.created_at at time zone 'UTC')::date <= {day}"))
        .await;
    let before_noon = app
        .database
        .usage_rows(&format!("m.created_at at time zone 'UTC' < {day} + time '12:00'"))
        .await;
    let day = app.database.text(&format!("select {day}::text")).await.unwrap();
    in_browser(
        &app.server.address,
        "a_quick_range_sets_days_and_the_last_day_is_included",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            has_rows(page, all).await;
            let pressed = async |name: &str| {
                let script = "return document.querySelector(`[data-testid=quick-${arguments[0]}]`)?.ariaPressed";
                let is = async || (page.run(script, vec![json!(name)]).await == json!("true")).then_some(());
                wait_for(&format!("`{name}` to be in force"), SOON, is).await;
            };
            pressed("all").await;
            page.click("quick-last-7-days").await;
            page.text("chip-start", SOON, |text| text.starts_with("From: 20")).await;
            pressed("last-7-days").await;
            page.click("quick-all").await;
            page.see_no_more("chip-start").await;

            let set = "const field = document.querySelector(`[data-testid='${arguments[0]}']`); \
                       field.value = arguments[1]; field.dispatchEvent(new Event('input', { bubbles: true }));";
            page.click("quick-custom").await;
            page.see("filter-end").await;
            page.run(set, vec![json!("filter-end"), json!(day)]).await;
            page.click("apply-filters").await;
            has_rows(page, until).await;
            page.text("chip-end", SOON, |text| text == format!("To: {day}")).await;
            pressed("custom").await;

            page.click("chip-end").await;
            page.click("set-times").await;
            page.see("filter-end").await;
            page.run(set, vec![json!("filter-end"), json!(format!("{day}T12:00:00"))]).await;
            page.click("apply-filters").await;
            has_rows(page, before_noon).await;
        },
    )
    .await;
}

const WORDS: &str = r#"
name = "words"
title = "Words"
access = "admin"
order = ["n desc"]
from = "(select n, 'word ' || n as word from generate_series(1, {upto}) n) words"

[[parameter]]
name = "upto"
label = "Up to"
kind = "integer"
default = "2000"

[[column]]
name = "n"
label = "Number"
sql = "n"

[[column]]
name = "word"
label = "Word"
sql = "word"

[[filter]]
name = "word"
label = "Word"
kind = "text"
many = true
sql = "word = any ({})"
options = { value = "word", label = "word" }
"#;

#[tokio::test]
async fn several_values_can_be_ticked_and_the_server_searches_a_long_list() {
    let app = App::start_with_datasets(&[WORDS], &[]).await;
    in_browser(
        &app.server.address,
        "several_values_can_be_ticked_and_the_server_searches_a_long_list",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.open("words").await;
            has_rows(page, 2_000).await;
            page.text("chip-upto", SOON, |text| text == "Up to: 2000").await;
            page.click("add-filter").await;
            page.click("add-filter-word").await;
            for word in ["word 1999", "word 7"] {
                page.fill("filter-word", word).await;
                page.click(&format!("value-{word}")).await;
            }
            page.click("apply-filters").await;
            has_rows(page, 2).await;
            page.text("chip-word", SOON, |text| {
                text.contains("word 1999") && text.contains("word 7")
            })
            .await;

            page.click("chip-upto").await;
            page.fill("filter-upto", "10").await;
            page.click("apply-filters").await;
            has_rows(page, 1).await;
            page.click("remove-upto").await;
            has_rows(page, 2).await;
        },
    )
    .await;
}
