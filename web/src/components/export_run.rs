//! The panel of the visitor's export.

use leptos::prelude::*;
use wasm_export::browser::protocol::{Failed, Finished, Progress};

use crate::download::{ExportState, Exporter};
use crate::throughput::percent;
use crate::wording;

/// Only a change of the phase renders the panel again; progress arrives ten times a second.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Running,
    Failed,
    Finished,
}

#[component]
pub fn ExportRun() -> impl IntoView {
    let exporter = expect_context::<Exporter>();
    let phase = Memo::new(move |_| match exporter.state() {
        ExportState::Idle => Phase::Idle,
        ExportState::Running(_) => Phase::Running,
        ExportState::Failed(_) => Phase::Failed,
        ExportState::Finished { .. } => Phase::Finished,
    });
    move || match (phase.get(), untrack(|| exporter.state())) {
        (Phase::Running, _) => view! { <Running/> }.into_any(),
        (_, ExportState::Failed(failed)) => view! { <Stopped failed/> }.into_any(),
        (
            _,
            ExportState::Finished {
                file,
                seconds,
                from_cache,
            },
        ) => view! { <Done file seconds from_cache/> }.into_any(),
        _ => ().into_any(),
    }
}

#[component]
fn Running() -> impl IntoView {
    let exporter = expect_context::<Exporter>();
    let progress = move || match exporter.state() {
        ExportState::Running(progress) => progress,
        _ => Progress::default(),
    };
    let done = move || percent(progress().rows, exporter.rows_expected());
    let rows = move || {
        let rows = wording::count(progress().rows);
        match exporter.rows_expected() {
            Some(expected) if expected > progress().rows => format!("{rows} of {}", wording::count(expected)),
            _ => rows,
        }
    };
    let rate = move || {
        exporter.throughput().bytes_per_second().map_or_else(
            || "–".to_owned(),
            |rate| format!("{}/s", wording::bytes(rate as u64)),
        )
    };
    let left = move || {
        let seconds = exporter
            .rows_expected()
            .and_then(|expected| exporter.throughput().seconds_left(expected));
        seconds.map_or_else(|| "–".to_owned(), wording::time_left)
    };
    let cancel = move |_| exporter.cancel();
    view! {
        <section class="card run" aria-label="Export" data-testid="export-running">
            <div class="run-head">
                <p class="run-title">"Exporting " {exporter.file_name()}</p>
                <button type="button" data-testid="export-cancel" on:click=cancel>"Cancel"</button>
            </div>
            <div class="run-bar">
                <progress
                    aria-label="Export progress"
                    data-testid="export-progress"
                    max="100"
                    value=move || done().map(|percent| percent.to_string())
                ></progress>
                <span class="run-percent">{move || done().map(|percent| format!("{percent} %"))}</span>
            </div>
            <dl class="figures">
                <div><dt>"Rows"</dt><dd data-testid="export-rows">{rows}</dd></div>
                <div><dt>"Read"</dt><dd>{move || wording::bytes(progress().raw_bytes)}</dd></div>
                <div><dt>"Written"</dt><dd>{move || wording::bytes(progress().file_bytes)}</dd></div>
                <div><dt>"Rate"</dt><dd>{rate}</dd></div>
                <div><dt>"Time left"</dt><dd>{left}</dd></div>
            </dl>
        </section>
    }
}

#[component]
fn Stopped(failed: Failed) -> impl IntoView {
    let exporter = expect_context::<Exporter>();
    let Failed {
        problem,
        rows,
        resumable,
    } = failed;
    let safe = match (resumable, rows) {
        (true, 0) => "No rows had arrived yet.".to_owned(),
        (true, rows) => format!("{} safe; Resume continues after them.", safe_rows(rows)),
        (false, _) => "Nothing was saved.".to_owned(),
    };
    // Without rows there is nothing to continue.
    let again = if rows == 0 { "Try again" } else { "Resume" };
    let on_resume = move |_| exporter.resume();
    let on_discard = move |_| exporter.cancel();
    let resume = resumable.then(|| {
        view! {
            <button type="button" class="primary" data-testid="export-resume" on:click=on_resume>{again}</button>
        }
    });
    let discard = if resumable { "Discard" } else { "Close" };
    view! {
        <section class="card run run-failed" aria-label="Export" data-testid="export-failed">
            <p class="run-title">"Export stopped: " {problem.title}</p>
            <p>{problem.detail} " " <span data-testid="export-safe">{safe}</span></p>
            <div class="run-actions">
                {resume}
                <button type="button" data-testid="export-discard" on:click=on_discard>{discard}</button>
            </div>
        </section>
    }
}

fn safe_rows(rows: u64) -> String {
    format!("{} {}", wording::rows(rows), if rows == 1 { "is" } else { "are" })
}

#[component]
fn Done(file: Finished, seconds: f64, from_cache: bool) -> impl IntoView {
    let exporter = expect_context::<Exporter>();
    let (rows, bytes) = (wording::rows(file.rows), wording::bytes(file.file_bytes));
    let time = wording::duration(seconds);
    let as_of = wording::moment(&file.as_of, untrack(|| exporter.zone()));
    let from_cache = from_cache.then_some(". Made from cached rows, without a new query.");
    view! {
        <section class="card run run-done" aria-label="Export" data-testid="export-done">
            <div class="run-head">
                <p>
                    <strong>{file.file_name}</strong>
                    {format!(": {rows} as of {as_of}, {bytes}, in {time}")}
                    {from_cache}
                </p>
                <button type="button" class="quiet" on:click=move |_| exporter.cancel()>"Close"</button>
            </div>
        </section>
    }
}
