//! The visitor's dump in the activity tray, while it runs or after it has failed.

use std::mem::discriminant;

use leptos::prelude::*;
use wasm_export::rows::Problem;

use super::run_bar::RunBar;
use crate::download::{DumpState, Dumper};
use crate::wording;

#[component]
pub fn DumpItem() -> impl IntoView {
    let dumper = expect_context::<Dumper>();
    // Only a change of this memo renders the item again; progress arrives ten times a second.
    let kind = Memo::new(move |_| discriminant(&dumper.state()));
    move || {
        let _ = kind.get();
        match untrack(|| dumper.state()) {
            DumpState::Idle => ().into_any(),
            DumpState::Running { .. } => view! { <li><Running/></li> }.into_any(),
            DumpState::Failed(problem) => view! { <li><Stopped problem/></li> }.into_any(),
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
        let rate = dumper.throughput().bytes_per_second();
        rate.map(|rate| format!(" · {}/s", wording::bytes(rate as u64)))
    };
    view! {
        <section class="run" aria-label="Dump" data-testid="dump-running">
            <div class="run-head">
                <p class="run-title">"Dumping the database"</p>
                <button
                    type="button"
                    aria-label="Cancel the dump"
                    data-testid="dump-cancel"
                    on:click=move |_| dumper.cancel()
                >
                    "Cancel"
                </button>
            </div>
            // Without a percentage, because pg_dump does not know the final size.
            <RunBar label="Progress of the dump" percent=Signal::stored(None)/>
            <p class="run-facts"><span data-testid="dump-bytes">{move || wording::bytes(bytes())}</span> {rate}</p>
        </section>
    }
}

#[component]
fn Stopped(problem: Problem) -> impl IntoView {
    let dumper = expect_context::<Dumper>();
    let shown = problem.clone();
    view! {
        <section class="run run-failed" aria-label="Dump" data-testid="dump-failed">
            <p class="run-title">"The dump stopped: " {shown.title}</p>
            <p>{shown.detail} " Nothing was saved."</p>
            <div class="run-actions">
                <button
                    type="button"
                    aria-label="Close the dump"
                    on:click=move |_| dumper.forget(problem.clone())
                >
                    "Close"
                </button>
            </div>
        </section>
    }
}
