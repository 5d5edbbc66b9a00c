//! The page of probes: cards of endpoints, and a terminal that shows probes as they happen.

use std::time::Duration;

use decant_tests::app::App;
use decant_tests::browser::{Browser, in_browser};
use decant_tests::database::Database;
use decant_tests::patience::wait_for;
use decant_tests::proxy::{Behavior, Proxy};
use decant_tests::server::ADMIN_TOKEN;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);

/// Writes failures of an endpoint with these messages.
async fn probe(app: &App, endpoint: u32, messages: &[&str]) {
    for message in messages {
        app.database
            .execute(format!(
                "insert into provider_endpoint_probe_logs (endpoint_id, source, ok, status_code, latency_ms, error_type, \
                 error_message) values ({endpoint}, 'manual', false, 503, 321, 'http_5xx', '{message}')"
            ))
            .await;
    }
}

async fn open(page: &Browser) {
    page.sign_in(ADMIN_TOKEN).await;
    page.click("probes").await;
    page.see("probe-line").await;
    page.text("probe-connection", SOON, |text| text == "Live").await;
}

/// Returns the texts of all lines of the terminal.
async fn lines(page: &Browser) -> Vec<String> {
    const LINES: &str =
        "return [...document.querySelectorAll('[data-testid=probe-line]')].map(line => line.innerText);";
    let lines = page.run(LINES, vec![]).await;
    serde_json::from_value(lines).expect("lines are texts")
}

/// Waits for lines that fit, and returns them.
async fn lines_with(page: &Browser, what: &str, fits: impl Fn(&[String]) -> bool) -> Vec<String> {
    let look = async || {
        let lines = lines(page).await;
        fits(&lines).then_some(lines)
    };
    wait_for(what, SOON, look).await
}

async fn line_with(page: &Browser, text: &str) -> String {
    let lines = lines_with(page, text, |lines| lines.iter().any(|line| line.contains(text))).await;
    let line = lines.into_iter().find(|line| line.contains(text));
    line.expect("it was there")
}

#[tokio::test]
async fn a_new_probe_appears_and_a_link_leads_to_its_endpoint() {
    let app = App::start().await;
    let name = "a_new_probe_appears_and_a_link_leads_to_its_endpoint";
    in_browser(&app.server.address, name, async |page| {
        open(page).await;
        assert_eq!(lines(page).await.len(), 100);
        probe(&app, 1, &["connect ECONNREFUSED 10.0.0.1:443"]).await;
        let line = line_with(page, "10.0.0.1:443").await;
        for part in ["FAIL", "503", "321 ms", "slow", "manual", "main"] {
            assert!(line.contains(part), "{part}: {line}");
        }
        // Other endpoints' probes are not on the page of one.
        page.click("endpoint-1").await;
        page.text("chosen-endpoint", SOON, |text| text == "main").await;
        probe(&app, 2, &["of the second"]).await;
        probe(&app, 1, &["of the first"]).await;
        line_with(page, "of the first").await;
        assert!(
            !lines(page)
                .await
                .iter()
                .any(|line| line.contains("of the second"))
        );
        let address = page.run("return location.pathname;", vec![]).await;
        assert_eq!(address, json!("/probes/1"));
        page.reload().await;
        line_with(page, "of the first").await;
        page.click("all-endpoints").await;
        line_with(page, "of the second").await;
    })
    .await;
}

#[tokio::test]
async fn a_pause_counts_what_waits_and_the_end_of_it_shows_it() {
    let app = App::start().await;
    let name = "a_pause_counts_what_waits_and_the_end_of_it_shows_it";
    in_browser(&app.server.address, name, async |page| {
        open(page).await;
        page.click("probe-pause").await;
        let before = lines(page).await;
        probe(&app, 1, &["waits one", "waits two"]).await;
        page.text("probe-pause", SOON, |text| text == "Resume (2 waiting)")
            .await;
        assert_eq!(lines(page).await, before);
        page.click("probe-pause").await;
        let after = lines_with(page, "the end of the pause", |lines| lines != before).await;
        let end: Vec<_> = after[after.len() - 2..]
            .iter()
            .map(|line| line.contains("waits"))
            .collect();
        assert_eq!((after.len(), end), (100, vec![true, true]));
        page.text("probe-pause", SOON, |text| text == "Pause").await;
    })
    .await;
}

#[tokio::test]
async fn the_filter_and_the_number_of_lines_narrow_the_terminal() {
    let app = App::start().await;
    let name = "the_filter_and_the_number_of_lines_narrow_the_terminal";
    in_browser(&app.server.address, name, async |page| {
        open(page).await;
        page.fill("probe-filter", "TimeOUT\n").await;
        let is_timeout = |line: &String| line.contains("WARN") && line.contains("timed out");
        lines_with(page, "only timeouts", |lines| {
            !lines.is_empty() && lines.iter().all(is_timeout)
        })
        .await;
        probe(&app, 1, &["something else", "read timeout"]).await;
        line_with(page, "read timeout").await;
        assert!(
            !lines(page)
                .await
                .iter()
                .any(|line| line.contains("something else"))
        );
        // The address has the filter, so that a reload shows the same.
        page.reload().await;
        line_with(page, "read timeout").await;

        page.fill("probe-filter", "\n").await;
        lines_with(page, "100 lines", |lines| lines.len() == 100).await;
        page.fill("probe-lines-max", "5\n").await;
        lines_with(page, "the fewest lines", |lines| lines.len() == 10).await;
        page.fill("probe-lines-max", "250\n").await;
        lines_with(page, "more lines", |lines| lines.len() == 250).await;
        // The choice is remembered.
        page.reload().await;
        lines_with(page, "more lines", |lines| lines.len() == 250).await;
    })
    .await;
}

/// The part of a line that the file has, too: `04:34:56`.
fn time_of_line(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

#[tokio::test]
async fn a_download_has_exactly_the_lines_on_show() {
    let app = App::start().await;
    probe(&app, 3, &["first of the end", "last of the end"]).await;
    let name = "a_download_has_exactly_the_lines_on_show";
    in_browser(&app.server.address, name, async |page| {
        open(page).await;
        page.choose("zone", "Asia/Shanghai").await;
        page.fill("probe-lines-max", "10\n").await;
        lines_with(page, "ten lines", |lines| lines.len() == 10).await;
        page.click("probe-pause").await;
        probe(&app, 3, &["waits"]).await;
        page.text("probe-pause", SOON, |text| text == "Resume (1 waiting)")
            .await;
        let shown = lines(page).await;
        page.click("download-shown").await;
        let path = page.download().await;
        let file_name = path
            .file_name()
            .expect("a file has a name")
            .to_string_lossy()
            .into_owned();
        assert!(
            file_name.starts_with("probe-logs-") && file_name.ends_with(".txt"),
            "{file_name}"
        );
        let file = std::fs::read_to_string(path).expect("the file is there");

        // The same ten rows by the server, from which the page's formatter must not differ.
        let query = [("limit", "11"), ("format", "text"), ("zone", "Asia/Shanghai")];
        let answer = app
            .admin()
            .export("probe-logs")
            .queries(&query)
            .answer()
            .await
            .good()
            .text();
        let mut newest_by_time: Vec<_> = answer.lines().map(str::to_owned).collect();
        newest_by_time.retain(|line| !line.ends_with(" waits"));
        let mut of_file: Vec<_> = file.lines().map(str::to_owned).collect();
        let times: Vec<_> = file.lines().map(|line| line[1..9].to_owned()).collect();
        let on_show: Vec<_> = shown.iter().map(|line| time_of_line(line).to_owned()).collect();
        assert_eq!(times, on_show);
        assert!(file.ends_with("last of the end"), "{file}");
        of_file.sort();
        newest_by_time.sort();
        assert_eq!(of_file, newest_by_time);
    })
    .await;
}

#[tokio::test]
async fn all_filtered_probes_are_exported_the_oldest_first() {
    let app = App::start().await;
    let query = [("format", "text"), ("endpoint", "2"), ("search", "timed")];
    let request = app.admin().export("probe-logs").queries(&query);
    let name = "all_filtered_probes_are_exported_the_oldest_first";
    in_browser(&app.server.address, name, async |page| {
        page.sign_in(ADMIN_TOKEN).await;
        page.open("probes/2?search=timed&zone=UTC").await;
        page.see("probe-line").await;
        page.click("download-all").await;
        let file = std::fs::read_to_string(page.download().await).expect("the file is there");
        assert_eq!(file, request.answer().await.good().text());
        assert!(file.lines().count() > 3, "{file}");
    })
    .await;
}

#[tokio::test]
async fn the_terminal_follows_the_newest_line_unless_the_visitor_has_scrolled_up() {
    const SCROLL: &str = "const lines = document.querySelector('[data-testid=probe-lines]');
        if (arguments[0] !== null) lines.scrollTop = arguments[0];
        return lines.scrollHeight - lines.scrollTop - lines.clientHeight;";
    let app = App::start().await;
    let name = "the_terminal_follows_the_newest_line_unless_the_visitor_has_scrolled_up";
    in_browser(&app.server.address, name, async |page| {
        open(page).await;
        let is_at_end = async || {
            let below = page.run(SCROLL, vec![Value::Null]).await.as_f64()?;
            (below <= 1.0).then_some(())
        };
        wait_for("the newest line", SOON, is_at_end).await;
        probe(&app, 1, &["followed"]).await;
        line_with(page, "followed").await;
        wait_for("the newest line", SOON, is_at_end).await;
        page.run(SCROLL, vec![json!(100)]).await;
        page.see("to-newest").await;
        probe(&app, 1, &["below"]).await;
        line_with(page, "below").await;
        assert_eq!(is_at_end().await, None);
        page.click("to-newest").await;
        wait_for("the newest line", SOON, is_at_end).await;
        page.see_no_more("to-newest").await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_connection_is_said_and_the_terminal_goes_on_where_it_was() {
    let app = App::start().await;
    let proxy = Proxy::to(&app.server.address).await;
    let name = "a_lost_connection_is_said_and_the_terminal_goes_on_where_it_was";
    in_browser(&proxy.address, name, async |page| {
        open(page).await;
        probe(&app, 1, &["before the loss"]).await;
        line_with(page, "before the loss").await;
        proxy.set(Behavior::Refusing);
        page.text("probe-connection", SOON, |text| text.contains("Reconnecting"))
            .await;
        probe(&app, 1, &["during the loss"]).await;
        proxy.set(Behavior::Normal);
        line_with(page, "during the loss").await;
        page.text("probe-connection", SOON, |text| text == "Live").await;
        let of_before = lines(page).await;
        let twice = of_before.iter().filter(|line| line.contains("before the loss"));
        assert_eq!(twice.count(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_session_that_has_expired_asks_for_the_sign_in_and_goes_on() {
    let app = App::start().await;
    let proxy = Proxy::to(&app.server.address).await;
    let name = "a_session_that_has_expired_asks_for_the_sign_in_and_goes_on";
    in_browser(&proxy.address, name, async |page| {
        open(page).await;
        page.forget_session().await;
        proxy.set(Behavior::Refusing);
        page.text("probe-connection", SOON, |text| text != "Live").await;
        proxy.set(Behavior::Normal);
        page.fill("sign-in-token", ADMIN_TOKEN).await;
        page.click("sign-in-submit").await;
        page.text("probe-connection", SOON, |text| text == "Live").await;
        probe(&app, 1, &["after the sign-in"]).await;
        line_with(page, "after the sign-in").await;
    })
    .await;
}

#[tokio::test]
async fn a_hub_without_probe_logs_has_no_page_of_them() {
    let database = Database::new().await;
    database.execute("drop table provider_endpoint_probe_logs").await;
    let app = App::start_on(database, &[]).await;
    let name = "a_hub_without_probe_logs_has_no_page_of_them";
    in_browser(&app.server.address, name, async |page| {
        page.sign_in(ADMIN_TOKEN).await;
        page.see("dataset-probe-logs").await;
        assert!(!page.sees("probes").await);
        page.open("probes").await;
        page.text("notice", SOON, |text| text.contains("no probe logs"))
            .await;
    })
    .await;
}

/// A stream that ends at once, as behind a proxy that lets no events pass. Each notes when it was opened.
const NO_EVENTS: &str = "
    window.opened = [];
    window.EventSource = class extends EventTarget {
        readyState = 2;
        constructor() {
            super();
            window.opened.push(performance.now());
            setTimeout(() => this.onerror?.(new Event('error')));
        }
        close() {}
    };";

#[tokio::test]
async fn a_stream_that_always_ends_is_opened_again_after_a_pause() {
    let app = App::start().await;
    let name = "a_stream_that_always_ends_is_opened_again_after_a_pause";
    in_browser(&app.server.address, name, async |page| {
        page.sign_in(ADMIN_TOKEN).await;
        page.run(NO_EVENTS, vec![]).await;
        page.click("probes").await;
        let opened = async || {
            let opened = page.run("return window.opened", vec![]).await;
            let opened: Vec<f64> = serde_json::from_value(opened).ok()?;
            (opened.len() >= 2).then_some(opened)
        };
        let opened = wait_for("a second stream", SOON, opened).await;
        assert!(opened[1] - opened[0] > 4_000.0, "{opened:?}");
    })
    .await;
}
