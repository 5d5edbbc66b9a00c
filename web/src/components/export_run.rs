//! An export in the activity tray, while it runs or after it has stopped.

use leptos::prelude::*;
use wasm_export::browser::protocol::Failed;

use super::run_bar::RunBar;
use crate::download::{ExportRun, Exporter};
use crate::wording;

#[component]
pub fn ExportItem(id: u32) -> impl IntoView {
    let exporter = expect_context::<Exporter>();
    // Only its start and its stop render the item again; progress arrives ten times a second.
    let is_running = Memo::new(move |_| exporter.runs().with(id, ExportRun::is_running));
    move || match is_running.get() {
        Some(true) => view! { <Running id/> }.into_any(),
        Some(false) => {
            let failed = untrack(|| exporter.runs().with(id, |run| run.failed().cloned()));
            failed
                .flatten()
                .map(|failed| view! { <Stopped id failed/> })
                .into_any()
        }
        None => ().into_any(),
    }
}

#[component]
fn Running(id: u32) -> impl IntoView {
    let exporter = expect_context::<Exporter>();
    let name = untrack(|| exporter.runs().with(id, |run| run.file_name().to_owned())).unwrap_or_default();
    let percent = Signal::derive(move || exporter.runs().with(id, ExportRun::percent).flatten());
    let part = move || exporter.runs().with(id, wording_of_part).flatten();
    let rows = move || exporter.runs().with(id, wording_of_rows);
    let rest = move || exporter.runs().with(id, wording_of_rest);
    view! {
        <section class="run" aria-label=format!("Export {name}") data-testid="export-running">
            <div class="run-head">
                <p class="run-title">"Exporting " {name.clone()}</p>
                <button
                    type="button"
                    aria-label=format!("Cancel {name}")
                    data-testid="export-cancel"
                    on:click=move |_| exporter.cancel(id)
                >
                    "Cancel"
                </button>
            </div>
            <RunBar label=format!("Progress of {name}") testid="export-progress" percent/>
            <p class="run-facts" data-testid="export-part">{part}</p>
            <p class="run-facts"><span data-testid="export-rows">{rows}</span> {rest}</p>
        </section>
    }
}

/// `Part 3 of 6: Usage logs`
fn wording_of_part(run: &ExportRun) -> Option<String> {
    let (part, parts, title) = run.part()?;
    Some(format!("Part {part} of {parts}: {title}"))
}

/// `1,234 of 98,731 rows`
fn wording_of_rows(run: &ExportRun) -> String {
    let arrived = run.progress().rows;
    match run.rows_expected().filter(|expected| *expected > arrived) {
        Some(expected) => format!("{} of {}", wording::count(arrived), wording::rows(expected)),
        None => wording::rows(arrived),
    }
}

/// ` · 1.2 MB · 0.4 MB/s · 12 s left`
fn wording_of_rest(run: &ExportRun) -> String {
    let mut text = format!(" · {}", wording::bytes(run.progress().file_bytes));
    if let Some(rate) = run.bytes_per_second() {
        text += &format!(" · {}/s", wording::bytes(rate as u64));
    }
    if let Some(seconds) = run.seconds_left() {
        text += &format!(" · {} left", wording::time_left(seconds));
    }
    text
}

#[component]
fn Stopped(id: u32, failed: Failed) -> impl IntoView {
    let exporter = expect_context::<Exporter>();
    let name = untrack(|| exporter.runs().with(id, |run| run.file_name().to_owned())).unwrap_or_default();
    let is_bundle = untrack(|| exporter.runs().with(id, ExportRun::is_bundle)) == Some(true);
    let Failed {
        problem,
        rows,
        resumable,
    } = failed;
    let safe = match (resumable, rows) {
        (true, _) if is_bundle => {
            "Nothing is kept: all parts are of one snapshot of the database, which has ended with the \
                                   connection. Start again for a new one."
                .to_owned()
        }
        (true, 0) => "No rows had arrived yet.".to_owned(),
        (true, rows) => format!("{} safe; Resume continues after them.", safe_rows(rows)),
        (false, _) => "Nothing was saved.".to_owned(),
    };
    // Without rows there is nothing to continue.
    let again = match (is_bundle, rows) {
        (true, _) => "Start again",
        (false, 0) => "Try again",
        (false, _) => "Resume",
    };
    let resume = resumable.then(|| {
        view! {
            <button
                type="button"
                class="primary"
                aria-label=format!("{again} {name}")
                data-testid="export-resume"
                on:click=move |_| exporter.resume(id)
            >
                {again}
            </button>
        }
    });
    let discard = if resumable { "Discard" } else { "Close" };
    view! {
        <section class="run run-failed" aria-label=format!("Export {name}") data-testid="export-failed">
            <p class="run-title">"Export stopped: " {problem.title}</p>
            <p class="faint">{name.clone()}</p>
            <p>{problem.detail} " " <span data-testid="export-safe">{safe}</span></p>
            <div class="run-actions">
                {resume}
                <button
                    type="button"
                    aria-label=format!("{discard} {name}")
                    data-testid="export-discard"
                    on:click=move |_| exporter.cancel(id)
                >
                    {discard}
                </button>
            </div>
        </section>
    }
}

fn safe_rows(rows: u64) -> String {
    format!("{} {}", wording::rows(rows), if rows == 1 { "is" } else { "are" })
}
