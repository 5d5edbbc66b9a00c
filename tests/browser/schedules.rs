//! Schedules on the page: made in a panel, listed with their next runs, paused, resumed, started, changed, deleted.

use std::time::Duration;

use decant_tests::actors::Actor;
use decant_tests::app::App;
use decant_tests::browser::{Browser, EXPORT_PATIENCE, in_browser, key};
use decant_tests::exports::Exports;
use decant_tests::server::ADMIN_TOKEN;
use serde_json::{Value, json};

use crate::{IS_TOO_WIDE, open_export_drawer};

const SOON: Duration = Duration::from_secs(20);

/// No time of a schedule comes by itself.
const NO_TICK: (&str, &str) = ("DECANT_SCHEDULE_TICK_SECONDS", "3600");

/// Returns the schedules of the actor, the newest first.
async fn schedules(actor: &Actor) -> Vec<Value> {
    let list: Value = actor.schedules().answer().await.good().json();
    list["schedules"].as_array().cloned().unwrap_or_default()
}

/// Creates a schedule in a year to come, and returns its id.
async fn schedule(actor: &Actor, recurrence: &str, name: &str) -> u64 {
    let body = json!({ "exportType": "dataset", "dataset": "usage-logs", "format": "csv", "name": name,
        "scheduledAt": "2090-01-31T02:00", "zone": "Europe/Berlin", "recurrence": recurrence });
    let answer: Value = actor.schedule_export(&body).answer().await.good().json();
    answer["request"]["id"].as_u64().expect("an id is a number")
}

/// Sets a field of a time, which takes keys in the order of the visitor's language.
async fn set_time(page: &Browser, test_id: &str, time: &str) {
    let set = "const field = document.querySelector(`[data-testid='${arguments[0]}']`);\
               field.value = arguments[1]; field.dispatchEvent(new Event('input', { bubbles: true }))";
    page.see(test_id).await;
    page.run(set, vec![json!(test_id), json!(time)]).await;
}

/// Waits until the list shows a schedule with a text.
async fn shows(page: &Browser, id: u64, text: &str) {
    page.text(&format!("schedule-{id}"), SOON, |shown| shown.contains(text))
        .await;
}

#[tokio::test]
async fn a_panel_makes_a_schedule_and_the_list_has_its_next_five_runs() {
    let exports = Exports::start(&[NO_TICK]).await;
    let (user, who) = exports.app.user().await;
    in_browser(
        &exports.app.server.address,
        "a_panel_makes_a_schedule_and_the_list_has_its_next_five_runs",
        async |page| {
            page.sign_in(&who.key).await;
            // Before it, the page has asked who the visitor is.
            page.console_errors().await;
            page.choose("zone", "UTC").await;
            open_export_drawer(page).await;
            page.choose("option-format", "JSON").await;
            page.click("export-drawer-schedule").await;
            page.fill("schedule-name", "Each week").await;
            page.choose("schedule-repeats", "Weekly").await;
            page.choose("schedule-rows", "New since the run before").await;
            page.choose("schedule-zone", "Europe/Berlin").await;
            set_time(page, "schedule-first", "2090-03-20T02:00").await;
            page.click("schedule-save").await;
            // Summer begins on 26 March, and the clock of the zone counts.
            let runs = ["03-20", "03-27", "04-03", "04-10", "04-17"];
            let runs = runs.map(|day| format!("2090-{day} 02:00:00 Europe/Berlin"));
            page.text("next-runs", SOON, |text| text == runs.join("\n")).await;

            page.click("schedule-to-list").await;
            let made = schedules(&user).await.remove(0);
            assert_eq!(
                (&made["format"], &made["recurrence"], &made["incremental"]),
                (&json!("json"), &json!("weekly"), &json!(true))
            );
            let id = made["id"].as_u64().expect("an id is a number");
            shows(page, id, "Each week").await;
            shows(page, id, &format!("next run {}", runs[0])).await;
            page.click(&format!("details-{id}")).await;
            page.text("next-runs", SOON, |text| text == runs.join("\n")).await;
            page.text("schedules-total", SOON, |text| text == "1 schedule")
                .await;
            assert_eq!(page.console_errors().await, [""; 0]);
        },
    )
    .await;
}

#[tokio::test]
async fn a_schedule_is_paused_resumed_and_started_now() {
    let exports = Exports::start(&[NO_TICK]).await;
    let (user, who) = exports.app.user().await;
    let id = schedule(&user, "daily", "Each night").await;
    in_browser(
        &exports.app.server.address,
        "a_schedule_is_paused_resumed_and_started_now",
        async |page| {
            page.sign_in(&who.key).await;
            page.click("schedules").await;
            page.click(&format!("pause-{id}")).await;
            shows(page, id, "Paused").await;
            assert_eq!(schedules(&user).await[0]["status"], "paused");
            page.click(&format!("resume-{id}")).await;
            shows(page, id, "Active").await;
            shows(page, id, "No run yet").await;
            page.click(&format!("more-{id}")).await;
            page.click("run-now").await;
            shows(page, id, "Last run").await;
            page.click("last-export").await;
            page.text("export-state", EXPORT_PATIENCE, |text| text.contains("Completed"))
                .await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_schedule_is_changed_and_deleted_and_a_refusal_has_the_words_of_the_server() {
    let exports = Exports::start(&[NO_TICK]).await;
    let (user, who) = exports.app.user().await;
    let id = schedule(&user, "daily", "Each night").await;
    in_browser(
        &exports.app.server.address,
        "a_schedule_is_changed_and_deleted_and_a_refusal_has_the_words_of_the_server",
        async |page| {
            page.sign_in(&who.key).await;
            page.open("schedules").await;
            page.click(&format!("more-{id}")).await;
            page.click("edit").await;
            page.choose("schedule-repeats", "Time of day or cron").await;
            page.fill("schedule-pattern", "* * * * *").await;
            page.click("schedule-save").await;
            page.text("schedule-problem", SOON, |text| text.contains("900 seconds"))
                .await;
            page.fill("schedule-pattern", "0 4 * * MON").await;
            page.fill("schedule-name", "Each Monday").await;
            page.click("schedule-save").await;
            shows(page, id, "Each Monday").await;
            shows(page, id, "04:00:00 Europe/Berlin").await;
            let changed = schedules(&user).await.remove(0);
            assert_eq!(changed["recurrence"], "0 4 * * MON");

            page.click(&format!("more-{id}")).await;
            page.click("delete").await;
            page.click("confirm-no").await;
            page.click(&format!("more-{id}")).await;
            page.click("delete").await;
            page.click("confirm-yes").await;
            page.see("schedules-empty").await;
            assert!(schedules(&user).await.is_empty());
        },
    )
    .await;
}

#[tokio::test]
async fn administrators_see_the_schedules_of_everybody() {
    let exports = Exports::start(&[NO_TICK]).await;
    let (user, _) = exports.app.user().await;
    let of_user = schedule(&user, "daily", "Of a member").await;
    let own = schedule(&exports.app.admin(), "monthly", "Of the administrator").await;
    in_browser(
        &exports.app.server.address,
        "administrators_see_the_schedules_of_everybody",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.open("schedules").await;
            shows(page, own, "monthly").await;
            assert!(!page.sees(&format!("schedule-{of_user}")).await);
            page.click("schedules-everyone").await;
            shows(page, of_user, "Of a member").await;
            let address = page.run("return location.search", vec![]).await;
            assert_eq!(address, json!("?all=true"));
        },
    )
    .await;
}

#[tokio::test]
async fn without_a_state_database_the_page_of_schedules_says_so() {
    let app = App::start_with(&[("STATE_DSN", "none")]).await;
    in_browser(
        &app.server.address,
        "without_a_state_database_the_page_of_schedules_says_so",
        async |page| {
            page.sign_in(ADMIN_TOKEN).await;
            page.click("schedules").await;
            page.text("schedules-off", SOON, |text| text.contains("state database"))
                .await;
        },
    )
    .await;
}

#[tokio::test]
async fn the_list_and_the_form_fit_on_a_telephone_and_obey_the_keyboard() {
    let exports = Exports::start(&[NO_TICK]).await;
    let (user, who) = exports.app.user().await;
    let id = schedule(
        &user,
        "daily",
        "A schedule with a long name that needs several lines here",
    )
    .await;
    in_browser(
        &exports.app.server.address,
        "the_list_and_the_form_fit_on_a_telephone_and_obey_the_keyboard",
        async |page| {
            page.become_a_telephone().await;
            page.sign_in(&who.key).await;
            page.open("schedules").await;
            page.click(&format!("details-{id}")).await;
            page.see("next-runs").await;
            assert_eq!(page.run(IS_TOO_WIDE, vec![]).await, false, "the list is too wide");
            let more = format!("more-{id}");
            let focus = "document.querySelector(`[data-testid='${arguments[0]}']`).focus()";
            page.run(focus, vec![json!(more)]).await;
            page.press_key(key::ENTER).await;
            page.has_focus("run-now").await;
            page.press_key(key::DOWN).await;
            page.has_focus("edit").await;
            page.press_key(key::ENTER).await;
            page.see("schedule-save").await;
            assert_eq!(page.run(IS_TOO_WIDE, vec![]).await, false, "the form is too wide");
            page.press_key(key::ESCAPE).await;
            page.see_no_more("schedule-save").await;
            page.has_focus(&more).await;
        },
    )
    .await;
}
