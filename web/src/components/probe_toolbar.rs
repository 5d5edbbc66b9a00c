//! The tools of the terminal: filter, number of lines, pause, downloads, zone, and whether the stream is live.

use std::time::Duration;

use api::datasets::Dataset;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::browser::protocol::{Destination, Start};
use wasm_export::{Zone, file_name};

use super::request_list::report_download;
use super::zone_select::ZoneSelect;
use crate::auth::Auth;
use crate::browser;
use crate::client;
use crate::dataset::rows_key;
use crate::download::{ExportRequest, Exporter, download_probes};
use crate::probe_view::{Connection, ProbeView};
use crate::probes::terminal::{LINES_MAX, LINES_MIN};
use crate::probes::text_file::{DATASET, file_options};
use crate::selection::Selection;
use crate::toasts::Toasts;
use crate::wording;

/// A filter is applied when the visitor has typed nothing for this time.
const TYPED_AFTER: Duration = Duration::from_millis(400);

/// `dataset` is that of an export of all probes, if it is available.
#[component]
pub fn ProbeToolbar(view: ProbeView, dataset: Signal<Option<Dataset>>) -> impl IntoView {
    view! {
        <div class="terminal-tools">
            <FilterBox view/>
            <LinesField view/>
            <PauseButton view/>
            <ZoneSelect zone=view.zone on_choose=move |zone| view.set_zone(zone)/>
            <ConnectionState view/>
            <div class="actions">
                <DownloadShown view/>
                {move || dataset.get().map(|dataset| view! { <DownloadAll view dataset/> })}
            </div>
        </div>
        <Refusal view/>
    }
}

#[component]
fn FilterBox(view: ProbeView) -> impl IntoView {
    let typed = RwSignal::new(view.search.get_untracked());
    // A link or *Back* changes the filter, too. A blank that is being typed stays.
    Effect::new(move || {
        let search = view.search.get();
        if typed.with_untracked(|typed| typed.trim() != search) {
            typed.set(search);
        }
    });
    let apply = move || view.set_search(&typed.get_untracked());
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let on_input = move |event| {
        typed.set(event_target_value(&event));
        if let Some(timer) = timer.get_value() {
            timer.clear();
        }
        let still_here = move || {
            if !typed.is_disposed() {
                apply();
            }
        };
        timer.set_value(set_timeout_with_handle(still_here, TYPED_AFTER).ok());
    };
    let on_change = move |event| {
        typed.set(event_target_value(&event));
        apply();
    };
    view! {
        <div class="field">
            <label for="probe-filter">"Filter"</label>
            <input
                id="probe-filter"
                type="search"
                placeholder="Message, type or status"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                maxlength="200"
                data-testid="probe-filter"
                prop:value=move || typed.get()
                on:input=on_input
                on:change=on_change
            />
        </div>
    }
}

#[component]
fn LinesField(view: ProbeView) -> impl IntoView {
    let choose = move |event| {
        // An empty field changes nothing.
        if let Ok(lines) = event_target_value(&event).parse::<usize>() {
            view.set_lines_max(lines.clamp(LINES_MIN, LINES_MAX));
        }
    };
    view! {
        <div class="field">
            <label for="probe-lines-max">"Lines"</label>
            <input
                id="probe-lines-max"
                type="number"
                min=LINES_MIN
                max=LINES_MAX
                step="10"
                data-testid="probe-lines-max"
                prop:value=move || view.lines_max.get().to_string()
                on:change=choose
            />
        </div>
    }
}

#[component]
fn PauseButton(view: ProbeView) -> impl IntoView {
    let is_paused = move || view.terminal.with(|terminal| terminal.is_paused());
    let toggle = move |_| {
        view.terminal.update(|terminal| match terminal.is_paused() {
            true => terminal.resume(),
            false => terminal.pause(),
        });
    };
    let label = move || match is_paused() {
        false => "Pause".to_owned(),
        true => {
            let waiting = view.terminal.with(|terminal| terminal.waiting());
            format!("Resume ({} waiting)", wording::count(waiting))
        }
    };
    view! {
        <button type="button" data-testid="probe-pause" on:click=toggle>{label}</button>
    }
}

#[component]
fn ConnectionState(view: ProbeView) -> impl IntoView {
    let state = Memo::new(move |_| match view.connection.get() {
        Connection::Opening => ("connection", "Connecting…"),
        Connection::Live if view.terminal.with(|terminal| terminal.is_paused()) => ("connection", "Paused"),
        Connection::Live => ("connection connection-live", "Live"),
        Connection::Lost => ("connection connection-lost", "Connection lost. Reconnecting…"),
        Connection::Refused(_) => ("connection connection-lost", "Not connected"),
    });
    view! {
        <span class=move || state.get().0 role="status" data-testid="probe-connection">{move || state.get().1}</span>
    }
}

/// Why the server refuses the stream. A session that has expired has the dialog of the sign-in instead.
#[component]
fn Refusal(view: ProbeView) -> impl IntoView {
    move || match view.connection.get() {
        Connection::Refused(problem) if problem.status != 401 => {
            Some(view! { <super::notice::Notice problem on_retry=move || view.retry()/> })
        }
        _ => None,
    }
}

/// Saves the lines on show, also while the terminal is paused.
#[component]
fn DownloadShown(view: ProbeView) -> impl IntoView {
    let auth = expect_context::<Auth>();
    let toasts = expect_context::<Toasts>();
    let is_empty = move || view.terminal.with(|terminal| terminal.probes().next().is_none());
    let download = move |_| {
        let probes: Vec<_> = view
            .terminal
            .with_untracked(|terminal| terminal.probes().cloned().collect());
        if probes.is_empty() {
            return;
        }
        let zone = untrack(|| view.zone_in_force());
        spawn_local(async move {
            let file = download_probes(probes, zone).await;
            report_download(auth, toasts, "The log", file);
        });
    };
    view! {
        <button
            type="button"
            data-testid="download-shown"
            aria-disabled=move || is_empty().then_some("true")
            title=move || is_empty().then_some("There are no lines.")
            on:click=download
        >
            "Download shown"
        </button>
    }
}

/// Exports all probes of the endpoint and the filter, not only those on show.
#[component]
fn DownloadAll(view: ProbeView, dataset: Dataset) -> impl IntoView {
    let exporter = expect_context::<Exporter>();
    let download = move |_| {
        let selection = untrack(|| selection(view));
        let zone = untrack(|| view.zone_in_force());
        exporter.start(request(&dataset, &selection, zone));
    };
    view! {
        <button type="button" data-testid="download-all" on:click=download>"Download all filtered"</button>
    }
}

/// Returns the rows of the stream, the oldest first.
fn selection(view: ProbeView) -> Selection {
    let mut selection = Selection {
        zone: Some(view.zone.get()),
        reversed: true,
        ..Selection::default()
    };
    let endpoint = view.endpoint.get().map(|id| id.to_string());
    for (name, value) in [("endpoint", endpoint), ("search", Some(view.search.get()))] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            selection.filters.insert(name.to_owned(), value);
        }
    }
    selection
}

fn request(dataset: &Dataset, selection: &Selection, zone: Zone) -> ExportRequest {
    let options = file_options(zone);
    ExportRequest {
        rows_expected: None,
        rows_key: rows_key(dataset, selection),
        start: Start {
            url: client::rows_url(DATASET, &selection.export_query()),
            body: None,
            kept: None,
            file_name: file_name(DATASET, &options, browser::now_seconds()),
            options,
            destination: Destination::Downloads,
        },
        bundle: None,
    }
}
