//! The panel of the visitor's dump.

use std::mem::discriminant;

use leptos::prelude::*;
use wasm_export::browser::protocol::Dumped;
use wasm_export::rows::Problem;

use crate::download::{DumpState, Dumper};
use crate::wording;

#[component]
pub fn DumpRun() -> impl IntoView {
    let dumper = expect_context::<Dumper>();
    // Only a change of this memo renders the panel again; progress arrives ten times a second.
    let kind = Memo::new(move |_| discriminant(&dumper.state()));
    move || {
        let _ = kind.get();
        match untrack(|| dumper.state()) {
            DumpState::Idle => ().into_any(),
            DumpState::Running { .. } => view! { <Running/> }.into_any(),
            DumpState::Failed(problem) => view! { <Stopped problem/> }.into_any(),
            DumpState::Finished { file, seconds } => view! { <Done file seconds/> }.into_any(),
        }
    }
}

#[component]
fn Running() -> impl IntoView {
    let dumper = expect_context::<Dumper>();
    let bytes = move || match dumper.state() {
        DumpState::Running { bytes } => bytes,
        _ => 0,
    };
    let rate = move || {
        dumper.throughput().bytes_per_second().map_or_else(
            || "–".to_owned(),
            |rate| format!("{}/s", wording::bytes(rate as u64)),
        )
    };
    view! {
        <section class="card run" aria-label="Dump" data-testid="dump-running">
            <div class="run-head">
                <p class="run-title">"Dumping the database"</p>
                <button type="button" data-testid="dump-cancel" on:click=move |_| dumper.cancel()>"Cancel"</button>
            </div>
            // Without a value, because pg_dump does not know the final size.
            <div class="run-bar"><progress aria-label="Dump progress"></progress></div>
            <dl class="figures">
                <div><dt>"Received"</dt><dd data-testid="dump-bytes">{move || wording::bytes(bytes())}</dd></div>
                <div><dt>"Rate"</dt><dd>{rate}</dd></div>
            </dl>
        </section>
    }
}

#[component]
fn Stopped(problem: Problem) -> impl IntoView {
    let dumper = expect_context::<Dumper>();
    view! {
        <section class="card run run-failed" aria-label="Dump" data-testid="dump-failed">
            <p class="run-title">"The dump stopped: " {problem.title}</p>
            <p>{problem.detail} " Nothing was saved."</p>
            <div class="run-actions">
                <button type="button" on:click=move |_| dumper.cancel()>"Close"</button>
            </div>
        </section>
    }
}

#[component]
fn Done(file: Dumped, seconds: f64) -> impl IntoView {
    let dumper = expect_context::<Dumper>();
    let (bytes, time) = (wording::bytes(file.bytes), wording::duration(seconds));
    let tables = match file.tables {
        1 => "1 table".to_owned(),
        tables => format!("{} tables", wording::count(tables)),
    };
    view! {
        <section class="card run run-done" aria-label="Dump" data-testid="dump-done">
            <div class="run-head">
                <p>
                    <strong>{file.file_name}</strong>
                    {format!(": {bytes}, in {time}; checked: {tables}")}
                </p>
                <button type="button" class="quiet" data-testid="dump-close" on:click=move |_| dumper.cancel()>"Close"</button>
            </div>
        </section>
    }
}
