//! Headless Chromium. Tests find every element by its `data-testid`.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use futures_util::FutureExt as _;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::driver::Driver;
use crate::patience::{wait_for, wait_up_to};

/// Bound for everything on the page except an export.
const PATIENCE: Duration = Duration::from_secs(20);

pub const EXPORT_PATIENCE: Duration = Duration::from_secs(120);

/// Lets Chromium run as root, without a screen, and without connections of its own.
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
];

/// Keys that are no characters, as WebDriver encodes them (<https://www.w3.org/TR/webdriver2/#keyboard-actions>).
pub mod key {
    pub const TAB: char = '\u{e004}';
    pub const ENTER: char = '\u{e007}';
    pub const ESCAPE: char = '\u{e00c}';
    pub const END: char = '\u{e010}';
    pub const UP: char = '\u{e013}';
    pub const DOWN: char = '\u{e015}';
}

/// Scrolls an element into view and answers whether it keeps its place for two frames.
const STANDS_STILL: &str = "
    const [element, answer] = arguments;
    element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    const place = () => { const { x, y } = element.getBoundingClientRect(); return `${element.isConnected} ${x} ${y}`; };
    const before = place();
    requestAnimationFrame(() => requestAnimationFrame(() => answer(place() === before)));";

/// A browser with one tab.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    downloads: TempDir,
    // Fields drop in their order: the driver ends after its client.
    driver: Driver,
    _profile: TempDir,
}

/// Runs a story in a new browser at this address. If it fails, a screenshot is saved below `target`.
pub async fn in_browser(address: &str, name: &str, story: impl AsyncFnOnce(&Browser)) {
    in_browser_with(&[], address, name, story).await;
}

/// The same with additional Chromium flags.
pub async fn in_browser_with(flags: &[&str], address: &str, name: &str, story: impl AsyncFnOnce(&Browser)) {
    let browser = Browser::start(flags).await;
    let told = AssertUnwindSafe(async {
        browser
            .client
            .goto(&format!("http://{address}/"))
            .await
            .expect("the page is there");
        story(&browser).await;
    });
    let told = told.catch_unwind().await;
    if told.is_err() {
        browser.keep_picture(name).await;
    }
    // An error here does no harm: dropping the driver ends the browser as well.
    let _ = browser.client.clone().close().await;
    if let Err(failure) = told {
        std::panic::resume_unwind(failure);
    }
}

impl Browser {
    async fn start(more_flags: &[&str]) -> Self {
        let driver = Driver::start().await;
        let (downloads, profile) = (folder(), folder());
        let flags = FLAGS.iter().chain(more_flags).map(|flag| (*flag).to_owned());
        let flags: Vec<_> = flags
            .chain([format!("--user-data-dir={}", profile.path().display())])
            .collect();
        let preferences = json!({
            "download.default_directory": downloads.path(),
            "download.prompt_for_download": false,
            // Several downloads without a click between them: otherwise Chromium asks.
            "profile.default_content_setting_values.automatic_downloads": 1,
        });
        let capabilities = json!({
            "goog:chromeOptions": { "args": flags, "prefs": preferences },
            "goog:loggingPrefs": { "browser": "SEVERE" },
        });
        let capabilities: Map<String, Value> =
            serde_json::from_value(capabilities).expect("this is an object");
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.address)
            .await;
        Self {
            client: client.expect("Chromium starts"),
            downloads,
            driver,
            _profile: profile,
        }
    }

    /// Waits for the element with this `data-testid` and returns it.
    async fn element(&self, test_id: &str) -> Element {
        let selector = selector(test_id);
        let find = async || self.client.find(Locator::Css(&selector)).await.ok();
        wait_for(&format!("`{test_id}` on the page"), PATIENCE, find).await
    }

    pub async fn see(&self, test_id: &str) {
        self.element(test_id).await;
    }

    pub async fn sees(&self, test_id: &str) -> bool {
        self.client.find(Locator::Css(&selector(test_id))).await.is_ok()
    }

    pub async fn see_no_more(&self, test_id: &str) {
        let gone = async || (!self.sees(test_id).await).then_some(());
        wait_for(&format!("`{test_id}` to go"), PATIENCE, gone).await;
    }

    /// Clicks an element that stands still: where something above it is still loading, a click would hit its neighbour.
    pub async fn click(&self, test_id: &str) {
        // The page may redraw an element between finding and clicking it.
        let click = async || {
            let element = self.element(test_id).await;
            let argument = serde_json::to_value(&element).ok()?;
            let stands = self
                .client
                .execute_async(STANDS_STILL, vec![argument])
                .await
                .ok()?;
            if stands != json!(true) {
                return None;
            }
            element.click().await.ok()
        };
        wait_for(&format!("a click on `{test_id}`"), PATIENCE, click).await;
    }

    /// Replaces a field's text.
    pub async fn fill(&self, test_id: &str, text: &str) {
        let field = self.element(test_id).await;
        field.clear().await.expect("the field can be cleared");
        field.send_keys(text).await.expect("the field takes text");
    }

    /// Opens an address below the page's base.
    pub async fn open(&self, path: &str) {
        self.run(
            "location.assign(new URL(arguments[0], document.baseURI))",
            vec![json!(path)],
        )
        .await;
    }

    /// Returns the text that the page at this address has copied.
    pub async fn copied(&self, address: &str) -> String {
        let permissions = json!({
            "origin": format!("http://{address}"),
            "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"],
        });
        self.devtools("Browser.grantPermissions", permissions).await;
        let read = "navigator.clipboard.readText().then(arguments[0], (error) => arguments[0](`${error}`))";
        let text = self.client.execute_async(read, vec![]).await;
        let text = text.expect("a page may read what it has copied");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Chooses a file in a file field.
    pub async fn choose_file(&self, test_id: &str, path: &Path) {
        let path = path.to_str().expect("the file's name is plain");
        let field = self.element(test_id).await;
        field.send_keys(path).await.expect("the field takes files");
    }

    /// Chooses the option with this text in a `select`.
    pub async fn choose(&self, test_id: &str, text: &str) {
        // A field is outside of the window while its drawer slides in.
        let choose = async || self.element(test_id).await.select_by_label(text).await.ok();
        wait_for(&format!("the option `{text}` of `{test_id}`"), PATIENCE, choose).await;
    }

    /// Chooses a filter in the menu. A filter that is on or off has no value.
    pub async fn set_filter(&self, name: &str, value: Option<&str>) {
        self.click("add-filter").await;
        self.click(&format!("add-filter-{name}")).await;
        if let Some(value) = value {
            self.fill(&format!("filter-{name}"), value).await;
            self.click("apply-filters").await;
        }
        self.see_no_more("filter-popover").await;
    }

    /// Waits until `right` accepts the element's text, and returns the text.
    pub async fn text(&self, test_id: &str, patience: Duration, right: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        let look = async || {
            let element = self.client.find(Locator::Css(&selector(test_id))).await.ok()?;
            last = element.text().await.ok()?;
            right(&last).then(|| last.clone())
        };
        let found = wait_up_to(patience, look).await;
        found.unwrap_or_else(|| panic!("`{test_id}` says `{last}` after {patience:?}"))
    }

    /// Shows these columns and hides the others, in the open list of columns.
    pub async fn show_columns(&self, names: &[&str]) {
        self.see("all-columns").await;
        let script = "return [...document.querySelectorAll('[data-testid^=column-]')]\
                      .map(one => [one.dataset.testid.slice(7), one.checked])";
        let columns = self.run(script, vec![]).await;
        let columns: Vec<(String, bool)> = serde_json::from_value(columns).expect("names are texts");
        for (name, is_shown) in columns {
            if is_shown != names.contains(&name.as_str()) {
                self.click(&format!("column-{name}")).await;
            }
        }
    }

    /// Runs JavaScript in the page and returns its result.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client
            .execute(script, arguments)
            .await
            .unwrap_or_else(|error| panic!("{error} in: {script}"))
    }

    /// Presses a key, as a keyboard does: the focused element gets it. [`key`] has the keys that are no characters.
    ///
    /// # Panics
    /// If the browser is gone.
    pub async fn press_key(&self, key: char) {
        let press = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key });
        self.client
            .perform_actions(press)
            .await
            .expect("a key can be pressed");
    }

    /// Returns the `data-testid` of the element that has the focus, or its tag.
    pub async fn focused(&self) -> String {
        let script =
            "const focused = document.activeElement; return focused.dataset.testid ?? focused.tagName;";
        let focused = self.run(script, vec![]).await;
        focused.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the element with this `data-testid` has the focus.
    pub async fn has_focus(&self, test_id: &str) {
        let mut last = String::new();
        let look = async || {
            last = self.focused().await;
            (last == test_id).then_some(())
        };
        let found = wait_up_to(PATIENCE, look).await;
        found.unwrap_or_else(|| panic!("`{last}` has the focus, not `{test_id}`"));
    }

    pub async fn reload(&self) {
        self.client.refresh().await.expect("the page can be loaded anew");
    }

    /// Deletes the session cookie, as a browser does when it expires.
    pub async fn forget_session(&self) {
        self.client
            .delete_all_cookies()
            .await
            .expect("cookies can be deleted");
    }

    /// Limits the browser's storage for this address to `bytes`.
    pub async fn limit_disk(&self, address: &str, bytes: u64) {
        let parameters = json!({ "origin": format!("http://{address}"), "quotaSize": bytes });
        self.devtools("Storage.overrideQuotaForOrigin", parameters).await;
    }

    /// Prefers dark pages from now on.
    ///
    /// # Panics
    /// If the browser is gone.
    pub async fn prefer_dark(&self) {
        let dark = json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
        self.devtools("Emulation.setEmulatedMedia", dark).await;
    }

    /// Has a telephone's screen and is pointed at with a finger from now on. A window is at least 500 pixels wide.
    pub async fn become_a_telephone(&self) {
        let screen = json!({ "width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
        let enabled = json!({ "enabled": true });
        self.devtools("Emulation.setTouchEmulationEnabled", enabled).await;
    }

    /// Takes the errors out of the console that have been written to it since the last time: exceptions, requests that
    /// failed, violations of a content security policy.
    ///
    /// # Panics
    /// If the browser is gone.
    pub async fn console_errors(&self) -> Vec<String> {
        let entries = self.command("se/log", json!({ "type": "browser" })).await;
        let entries = entries["value"].as_array().into_iter().flatten();
        entries.map(|entry| entry["message"].to_string()).collect()
    }

    /// Runs a command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) {
        let command = json!({ "cmd": command, "params": parameters });
        self.command("goog/cdp/execute", command).await;
    }

    /// Sends the driver a command that the client does not know.
    async fn command(&self, path: &str, body: Value) -> Value {
        let session = self.client.session_id().await.ok().flatten();
        let session = session.expect("a browser has a session");
        let url = format!("{}/session/{session}/{path}", self.driver.address);
        let answer = crate::http::client()
            .build()
            .expect("a client needs nothing")
            .post(url)
            .json(&body)
            .send()
            .await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        let answer = answer.expect("Chromium takes the command").json().await;
        answer.expect("the driver answers JSON")
    }

    pub async fn sign_in(&self, token: &str) {
        self.fill("sign-in-token", token).await;
        self.click("sign-in-submit").await;
        self.see("export-start").await;
    }

    /// Returns the files in the downloads folder, sorted by name, with the empty ones by which Chromium reserves a
    /// name, without its `.crdownload` files.
    pub fn downloads(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.downloads.path()).expect("the folder is ours");
        let paths = entries.map(|entry| entry.expect("the folder is ours").path());
        let mut whole: Vec<_> = paths
            .filter(|path| path.extension().is_none_or(|extension| extension != "crdownload"))
            .filter(|path| {
                path.file_name()
                    .is_some_and(|name| !name.to_string_lossy().starts_with('.'))
            })
            .collect();
        whole.sort();
        whole
    }

    /// Waits for the only downloaded file and returns its path.
    pub async fn download(&self) -> PathBuf {
        self.finished_downloads(1).await.remove(0)
    }

    /// Waits until `number` files are whole, and returns their paths, sorted by name.
    ///
    /// # Panics
    ///
    /// There are more files than `number`.
    pub async fn finished_downloads(&self, number: usize) -> Vec<PathBuf> {
        let look = async || {
            let files = self.downloads();
            assert!(files.len() <= number, "{files:?}");
            // Chromium creates an empty file first, to reserve the name.
            let is_whole = |path: &PathBuf| path.metadata().is_ok_and(|file| file.len() > 0);
            (files.len() == number && files.iter().all(is_whole)).then_some(files)
        };
        wait_for("the downloaded files", EXPORT_PATIENCE, look).await
    }

    async fn keep_picture(&self, name: &str) {
        let folder = crate::program::path()
            .ancestors()
            .nth(2)
            .map(|target| target.join("screenshots"));
        let folder = folder.unwrap_or_else(std::env::temp_dir);
        let path = folder.join(format!("{name}.png"));
        let Ok(picture) = self.client.screenshot().await else {
            return;
        };
        if std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&path, picture))
            .is_ok()
        {
            eprintln!("a picture of the page as it was then: {}", path.display());
        }
    }
}

fn selector(test_id: &str) -> String {
    format!("[data-testid='{test_id}']")
}

fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("decant-browser-")
        .tempdir()
        .expect("the folder for temporary files can be written")
}
