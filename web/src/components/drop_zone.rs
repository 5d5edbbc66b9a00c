//! A field for one file, to choose or to drop.

use leptos::ev::{self, DragEvent, Event};
use leptos::prelude::*;
use web_sys::{File, FileList, HtmlInputElement};

#[component]
pub fn DropZone(on_file: impl Fn(File) + Copy + 'static) -> impl IntoView {
    let is_over = RwSignal::new(false);
    let problem = RwSignal::new(None::<&'static str>);
    let take = move |files: Option<FileList>| {
        let files = files.as_ref();
        let only = files
            .filter(|files| files.length() == 1)
            .and_then(|files| files.get(0));
        problem.set(match files.map_or(0, FileList::length) {
            0 => Some("This is not a file."),
            1 => None,
            _ => Some("These are several files. Choose one."),
        });
        if let Some(file) = only {
            on_file(file);
        }
    };
    let choose = move |event: Event| {
        let input: HtmlInputElement = event_target(&event);
        // The list is empty if the visitor cancels.
        if input.files().is_some_and(|files| files.length() > 0) {
            take(input.files());
        }
        // Without a value, choosing the same file again is a change too.
        input.set_value("");
    };
    let drop = move |event: DragEvent| {
        event.prevent_default();
        is_over.set(false);
        take(event.data_transfer().and_then(|dropped| dropped.files()));
    };
    keep_page_when_missed();
    view! {
        <label
            class="drop-zone"
            class:over=is_over
            data-testid="drop-zone"
            on:dragover=move |_| is_over.set(true)
            on:dragleave=move |_| is_over.set(false)
            on:drop=drop
        >
            <input
                type="file"
                accept=".dump"
                aria-describedby="drop-problem"
                data-testid="restore-file"
                on:change=choose
            />
            <span><strong>"Choose a dump"</strong> " or drop it here"</span>
            <span class="faint">"A file in PostgreSQL's custom format with a name that ends in .dump. The browser checks it before the upload."</span>
            <span id="drop-problem" class="field-problem" role="alert">{problem}</span>
        </label>
    }
}

/// Without this, a file dropped beside the field replaces the page.
fn keep_page_when_missed() {
    let prevent = |event: DragEvent| event.prevent_default();
    let over = window_event_listener(ev::dragover, prevent);
    let dropped = window_event_listener(ev::drop, prevent);
    on_cleanup(move || {
        over.remove();
        dropped.remove();
    });
}
