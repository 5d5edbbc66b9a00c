//! The panel of the visitor's restore.

use std::mem::discriminant;

use leptos::html::Section;
use leptos::prelude::*;
use wasm_export::rows::Problem;

use super::focus::{Scroll, take_focus_if_lost};
use super::restore_result::RestoreResult;
use super::run_bar::RunBar;
use super::side_databases::SideDatabases;
use crate::restore::run::{RestoreState, Restorer};
use crate::throughput::percent;
use crate::wording;

#[component]
pub fn RestoreRun(side_databases: SideDatabases) -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    // Only a change of this memo renders the panel again; progress arrives many times a second.
    let kind = Memo::new(move |_| discriminant(&restorer.state()));
    move || {
        let _ = kind.get();
        match untrack(|| restorer.state()) {
            RestoreState::Idle => ().into_any(),
            RestoreState::Sending { .. } => view! { <Sending/> }.into_any(),
            RestoreState::Cancelled => view! { <Cancelled/> }.into_any(),
            RestoreState::Working { .. } => view! { <Working/> }.into_any(),
            RestoreState::Lost => view! { <Lost/> }.into_any(),
            RestoreState::Failed(problem) => view! { <Failed problem/> }.into_any(),
            RestoreState::Done {
                restored,
                options,
                seconds,
            } => view! { <RestoreResult restored options seconds side_databases/> }.into_any(),
        }
    }
}

#[component]
fn Sending() -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let sent = move || match restorer.state() {
        RestoreState::Sending { bytes, total } => (bytes, total),
        _ => (0, 0),
    };
    let done = Memo::new(move |_| percent(sent().0, Some(sent().1)).unwrap_or(0));
    let amount = move || {
        let (bytes, total) = sent();
        format!("{} of {}", wording::bytes(bytes), wording::bytes(total))
    };
    let rate = move || {
        restorer.throughput().bytes_per_second().map_or_else(
            || "–".to_owned(),
            |rate| format!("{}/s", wording::bytes(rate as u64)),
        )
    };
    // The dialog that had the focus is closed.
    let panel = NodeRef::<Section>::new();
    Effect::new(move || {
        if let Some(panel) = panel.get() {
            let _ = panel.focus();
        }
    });
    view! {
        <section
            class="card run"
            aria-label="Restore"
            tabindex="-1"
            data-testid="restore-sending"
            node_ref=panel
        >
            <div class="run-head">
                <p class="run-title">"Uploading " {restorer.file_name()}</p>
                <button type="button" data-testid="restore-cancel" on:click=move |_| restorer.cancel()>"Cancel"</button>
            </div>
            <RunBar label="Uploading" percent=Signal::derive(move || Some(done.get()))/>
            <dl class="figures">
                <div><dt>"Uploaded"</dt><dd data-testid="restore-sent">{amount}</dd></div>
                <div><dt>"Rate"</dt><dd>{rate}</dd></div>
            </dl>
            <p class="faint">"The server starts when it has received the whole file. Keep this page open until then."</p>
        </section>
    }
}

#[component]
fn Working() -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let percent = move || match restorer.state() {
        RestoreState::Working { percent } => percent,
        _ => 0,
    };
    // The focused element may have been replaced by this panel.
    let panel = NodeRef::<Section>::new();
    Effect::new(move || {
        if panel.get().is_some() {
            take_focus_if_lost(panel, Scroll::Allowed);
        }
    });
    view! {
        <section class="card run" aria-label="Restore" tabindex="-1" data-testid="restore-working" node_ref=panel>
            <p class="run-title">"Restoring " {restorer.file_name()}</p>
            <RunBar label="Restoring" percent=Signal::derive(move || Some(u64::from(percent())))/>
            <p class="faint">"The server continues even if you leave or close this page."</p>
            <Log/>
        </section>
    }
}

/// The newest line is the first element and stands at the bottom (`column-reverse`), where browsers keep the
/// list scrolled to.
#[component]
fn Log() -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    view! {
        <ol class="log" role="log" aria-label="Server log" tabindex="0" data-testid="restore-log">
            <For
                each=move || restorer.log().into_iter().rev()
                key=|line| line.number
                children=|line| view! { <li>{line.text}</li> }
            />
        </ol>
    }
}

#[component]
fn Cancelled() -> impl IntoView {
    view! {
        <Ended title="Cancelled" testid="restore-cancelled">
            <p>"The server had not received the whole file and deletes the received part. The database is unchanged."</p>
        </Ended>
    }
}

#[component]
fn Lost() -> impl IntoView {
    view! {
        <Ended title="Connection lost during the restore" testid="restore-lost">
            <p>
                "The server continues the restore; until it ends, the status above shows the operation. Afterwards, a \
                 replaced database is listed below as a previous database. If the server itself was stopped, the \
                 database is complete: either the old one or the new one."
            </p>
        </Ended>
    }
}

#[component]
fn Failed(problem: Problem) -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let title = format!("Nothing was restored: {}", problem.title);
    let unverified = (problem.code == "backup_unverified").then(|| {
        view! {
            <button type="button" data-testid="restore-unverified" on:click=move |_| restorer.restore_unverified()>
                "This backup is mine: restore it"
            </button>
        }
    });
    let request = problem
        .request_id
        .map(|id| view! { <p class="faint">"Request " <code>{id}</code></p> });
    view! {
        <Ended title testid="restore-failed">
            <p>{problem.detail}</p>
            {request}
            {unverified}
        </Ended>
    }
}

#[component]
fn Ended(#[prop(into)] title: String, testid: &'static str, children: Children) -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    view! {
        <section class="card run run-failed" aria-label="Restore" data-testid=testid>
            <p class="run-title">{title}</p>
            {children()}
            <div class="run-actions">
                <button type="button" on:click=move |_| restorer.forget()>"Close"</button>
            </div>
        </section>
    }
}
