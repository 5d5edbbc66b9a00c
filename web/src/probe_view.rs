//! The state of the page of probes: endpoint, filter, lines, the stream and its connection.

use std::time::Duration;

use api::probes::{ProbeEndpoints, ProbeEvent};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::Zone;
use wasm_export::rows::Problem;

use crate::auth::Auth;
use crate::client;
use crate::dataset_view::{usual_zone, zone_or_utc};
use crate::feed::{Feed, FeedEvent};
use crate::load::Load;
use crate::navigation::Navigation;
use crate::probes::terminal::{LINES, Terminal};
use crate::route::{ProbesRoute, Route};
use crate::saved_options;

/// The names of [`ProbeEvent`].
const EVENTS: [&str; 2] = ["probe", "gap"];

/// Pause before a refused stream is opened again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// How often the endpoints are asked for again.
const REFRESH_EVERY: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, PartialEq)]
pub enum Connection {
    Opening,
    Live,
    /// The browser connects again.
    Lost,
    /// The server refused the stream. The page asks again.
    Refused(Problem),
}

#[derive(Clone, Copy)]
pub struct ProbeView {
    /// The id of the chosen endpoint.
    pub endpoint: RwSignal<Option<i64>>,
    /// The text of the filter that is in force.
    pub search: RwSignal<String>,
    pub lines_max: RwSignal<usize>,
    /// IANA name.
    pub zone: RwSignal<String>,
    pub terminal: RwSignal<Terminal>,
    pub connection: RwSignal<Connection>,
    pub endpoints: Load<ProbeEndpoints>,
    /// Opens the stream again when it changes.
    attempts: RwSignal<u32>,
    /// The terminal has lines that the page does not show yet.
    has_hidden_lines: StoredValue<bool>,
    auth: Auth,
}

impl ProbeView {
    pub fn new(route: ProbesRoute) -> Self {
        let lines_max = saved_options::probe_lines().unwrap_or(LINES);
        let view = Self {
            endpoint: RwSignal::new(route.endpoint),
            search: RwSignal::new(route.search),
            lines_max: RwSignal::new(lines_max),
            zone: RwSignal::new(route.zone.unwrap_or_else(usual_zone)),
            terminal: RwSignal::new(Terminal::new(lines_max)),
            connection: RwSignal::new(Connection::Opening),
            endpoints: Load::new(|| Some(client::probe_endpoints())),
            attempts: RwSignal::new(0),
            has_hidden_lines: StoredValue::new(false),
            auth: expect_context(),
        };
        view.listen();
        view.refresh_regularly();
        view.follow_address();
        view
    }

    pub fn zone_in_force(self) -> Zone {
        zone_or_utc(&self.zone.get())
    }

    pub fn set_zone(self, zone: String) {
        saved_options::save_zone(&zone);
        self.zone.set(zone);
    }

    pub fn set_lines_max(self, lines: usize) {
        saved_options::save_probe_lines(lines);
        self.terminal.update(|terminal| terminal.set_lines_max(lines));
        self.lines_max.set(lines);
    }

    /// Shows the lines of another filter. The terminal begins anew.
    pub fn set_search(self, search: &str) {
        let search = search.trim();
        if self.search.with_untracked(|now| now != search) {
            self.clear_terminal();
            self.search.set(search.to_owned());
        }
    }

    pub fn retry(self) {
        self.attempts.update(|attempts| *attempts += 1);
    }

    pub fn route(self) -> ProbesRoute {
        ProbesRoute {
            endpoint: self.endpoint.get(),
            search: self.search.get(),
            zone: Some(self.zone.get()),
        }
    }

    fn clear_terminal(self) {
        self.terminal.set(Terminal::new(self.lines_max.get_untracked()));
    }

    /// Opens a stream, and another one for each other filter. A visitor who has signed in again gets a new one.
    fn listen(self) {
        Effect::new(move |before: Option<Option<Feed>>| {
            drop(before);
            self.attempts.track();
            let _ = self.auth.renewals();
            let url = self.url();
            self.connection.set(Connection::Opening);
            let handle = {
                let url = url.clone();
                move |event| self.handle(&url, event)
            };
            Feed::open(&url, &EVENTS, handle).ok()
        });
    }

    fn handle(self, url: &str, event: FeedEvent<ProbeEvent>) {
        match event {
            // `try_set`, because the visitor may have left the page and with it these signals.
            FeedEvent::Opened => _ = self.connection.try_set(Connection::Live),
            FeedEvent::Received(event) => self.add(event),
            FeedEvent::Lost => _ = self.connection.try_set(Connection::Lost),
            FeedEvent::Refused => {
                self.connection.try_set(Connection::Lost);
                let url = url.to_owned();
                spawn_local(async move { self.show_refusal(&url).await });
            }
        }
    }

    fn url(self) -> String {
        client::probe_stream_url(self.endpoint.get(), &self.search.get(), self.lines_max.get())
    }

    /// Returns whether the stream of this URL is the one on show, and has ended.
    fn waits_for(self, url: &str) -> bool {
        let has_ended = |now: &Connection| matches!(now, Connection::Lost | Connection::Refused(_));
        // The visitor may have left the page.
        self.connection.try_with_untracked(has_ended) == Some(true) && untrack(|| self.url()) == url
    }

    /// Shows the server's problem, which `EventSource` does not have, and opens the stream again after a pause.
    async fn show_refusal(self, url: &str) {
        let answer = client::check_probe_stream(url).await;
        if !self.waits_for(url) {
            return;
        }
        if let Err(problem) = answer {
            let is_expired = problem.status == 401;
            self.auth.check_expiry(&problem);
            self.connection.set(Connection::Refused(problem));
            if is_expired {
                // The dialog of the sign-in opens the stream again.
                return;
            }
        }
        let url = url.to_owned();
        let again = move || {
            if self.waits_for(&url) {
                self.retry();
            }
        };
        set_timeout(again, RETRY_AFTER);
    }

    /// A backlog is hundreds of events, so the page shows changes once in a while.
    fn add(self, event: ProbeEvent) {
        const SHOWN_WITHIN: Duration = Duration::from_millis(50);
        let added = self.terminal.try_update_untracked(|terminal| terminal.add(event));
        if added.is_none() || self.has_hidden_lines.try_get_value() != Some(false) {
            return;
        }
        self.has_hidden_lines.set_value(true);
        let show = move || {
            if self.has_hidden_lines.try_set_value(false).is_none() {
                self.terminal.notify();
            }
        };
        set_timeout(show, SHOWN_WITHIN);
    }

    fn refresh_regularly(self) {
        let refresh = move || {
            if !document().hidden() {
                self.endpoints.retry();
            }
        };
        if let Ok(timer) = set_interval_with_handle(refresh, REFRESH_EVERY) {
            on_cleanup(move || timer.clear());
        }
    }

    /// Keeps the URL up to date, and follows links and *Back*.
    fn follow_address(self) {
        let navigation = expect_context::<Navigation>();
        Effect::new(move || navigation.replace(Route::Probes(self.route())));
        Effect::new(move |is_known: Option<()>| {
            let Route::Probes(route) = navigation.route() else {
                return;
            };
            if is_known.is_none() || route == untrack(|| self.route()) {
                return;
            }
            self.clear_terminal();
            self.endpoint.set(route.endpoint);
            self.search.set(route.search);
            if let Some(zone) = route.zone {
                self.zone.set(zone);
            }
        });
    }
}
