//! A JSON document in lines, of which only those in view are in the page: to read, fold, search and copy.

use std::sync::Arc;

use leptos::ev::{self, KeyboardEvent};
use leptos::html::{Input, Span};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::clipboard;
use crate::json_lines::{FoldState, JsonLines, Mark, Piece, Row};
use crate::keys::{KeyAction, Keys};
use crate::line_view::{LineView, Size};
use crate::toasts::Toasts;
use crate::wording;

/// The characters by which the width of one is measured.
const RULER: usize = 100;

/// `label` names the document, such as "Body".
#[component]
pub fn JsonView(lines: Arc<JsonLines>, label: &'static str) -> impl IntoView {
    let view = LineView::new(lines);
    view! {
        <Tools view label/>
        <Lines view label/>
    }
}

#[component]
fn Tools(view: LineView, label: &'static str) -> impl IntoView {
    let has_no_match = Memo::new(move |_| view.with_matches(|matches| matches.position().is_none()));
    let step = move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            view.step(!event.shift_key());
        }
    };
    let search = NodeRef::<Input>::new();
    expect_context::<Keys>().on(KeyAction::Search, move || {
        if let Some(search) = search.get_untracked() {
            // Fails only if the field has been removed.
            let _ = search.focus();
        }
    });
    let lines = view.lines();
    let has_blocks = (1..lines.count()).any(|line| lines.opens_block(line));
    let fold_all = has_blocks.then(|| {
        view! {
            <button
                type="button"
                data-testid="part-fold"
                on:click=move |_| if untrack(|| view.has_folds()) { view.unfold_all() } else { view.fold_all() }
            >
                {move || if view.has_folds() { "Unfold all" } else { "Fold all" }}
            </button>
        }
    });
    view! {
        <div class="code-tools">
            <div class="code-search" role="search">
                <input
                    type="search"
                    aria-label=format!("Search in {label}")
                    placeholder="Search"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    data-testid="part-search"
                    node_ref=search
                    on:input=move |event| view.search(&event_target_value(&event))
                    on:keydown=step
                />
                <span class="faint" role="status" data-testid="part-matches"><MatchCount view/></span>
                <button
                    type="button"
                    class="icon"
                    aria-label="Previous match"
                    data-testid="part-previous"
                    disabled=has_no_match
                    on:click=move |_| view.step(false)
                >
                    "↑"
                </button>
                <button
                    type="button"
                    class="icon"
                    aria-label="Next match"
                    data-testid="part-next"
                    disabled=has_no_match
                    on:click=move |_| view.step(true)
                >
                    "↓"
                </button>
            </div>
            {fold_all}
            <CopyButton lines label/>
        </div>
    }
}

#[component]
fn MatchCount(view: LineView) -> impl IntoView {
    move || {
        view.with_matches(|matches| {
            let (number, count) = matches.position()?;
            let more = if matches.is_cut() { "+" } else { "" };
            let [number, count] = [number, count].map(|number| wording::count(number as u64));
            Some(format!("{number} of {count}{more}"))
        })
    }
}

#[component]
fn CopyButton(lines: Arc<JsonLines>, label: &'static str) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let copy_all = move |_| {
        let lines = lines.clone();
        spawn_local(async move {
            match clipboard::copy(lines.text()).await {
                true => toasts.success(format!("Copied: {label}")),
                false => toasts.error(
                    format!("{label} was not copied"),
                    "The browser allows copying only over https. Download the request instead.".to_owned(),
                ),
            }
        });
    };
    view! {
        <button type="button" data-testid="part-copy" on:click=copy_all>"Copy"</button>
    }
}

#[component]
fn Lines(view: LineView, label: &'static str) -> impl IntoView {
    let ruler = NodeRef::<Span>::new();
    let measure = move || {
        let (Some(frame), Some(ruler)) = (view.frame.get_untracked(), ruler.get_untracked()) else {
            return;
        };
        let (column, row_height) = (
            f64::from(ruler.offset_width()) / RULER as f64,
            ruler.offset_height(),
        );
        // An element that is not shown has no size.
        if column > 0.0 && row_height > 0 {
            let width = f64::from(frame.client_width() - ruler.offset_left());
            view.set_size(Size {
                // One column stays free at the edge.
                columns: (width / column - 1.0) as usize,
                row_height: f64::from(row_height),
                height: f64::from(frame.client_height()),
            });
        }
    };
    Effect::new(move || {
        view.frame.track();
        ruler.track();
        measure();
    });
    let resized = window_event_listener(ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
    let scrolled = move |_| {
        if let Some(frame) = view.frame.get_untracked() {
            view.set_scroll_top(f64::from(frame.scroll_top()));
        }
    };
    let rows = move || {
        let rows = view.visible().into_iter();
        rows.map(|row| view! { <LineRow view row/> }).collect_view()
    };
    view! {
        <div
            class="code"
            role="region"
            aria-label=label
            tabindex="0"
            data-testid="part-text"
            node_ref=view.frame
            on:scroll=scrolled
        >
            <div class="code-row code-ruler" aria-hidden="true">
                <span class="code-number"></span>
                <span class="code-fold"></span>
                <span class="code-text" node_ref=ruler>{"0".repeat(RULER)}</span>
            </div>
            <div class="code-height" style:height=move || format!("{}px", view.height())>
                <div class="code-rows" style:top=move || format!("{}px", view.offset())>{rows}</div>
            </div>
        </div>
    }
}

#[component]
fn LineRow(view: LineView, row: Row) -> impl IntoView {
    let line = row.line;
    let number = row.is_first.then(|| (line + 1).to_string());
    let fold = match row.fold {
        FoldState::NoBlock => view! { <span class="code-fold"></span> }.into_any(),
        FoldState::Open | FoldState::Folded { .. } => {
            let is_open = row.fold == FoldState::Open;
            view! {
                <button
                    type="button"
                    class="code-fold"
                    aria-expanded=is_open.to_string()
                    aria-label=format!("Block in line {}", line + 1)
                    data-testid=format!("fold-{}", line + 1)
                    on:click=move |_| view.toggle_fold(line)
                >
                    {if is_open { "▾" } else { "▸" }}
                </button>
            }
            .into_any()
        }
    };
    let hidden = match row.fold {
        FoldState::Folded { hidden_lines } => {
            let lines = wording::session_requests::lines(hidden_lines as u64);
            Some(view! { <span class="faint">{format!(" … {lines}")}</span> })
        }
        FoldState::NoBlock | FoldState::Open => None,
    };
    view! {
        <div class="code-row">
            <span class="code-number">{number}</span>
            {fold}
            <span class="code-text">{row.pieces.into_iter().map(piece_view).collect_view()}{hidden}</span>
        </div>
    }
}

fn piece_view(piece: Piece) -> AnyView {
    let Piece { text, mark } = piece;
    match mark {
        Mark::None => text.into_any(),
        Mark::Match => view! { <mark>{text}</mark> }.into_any(),
        Mark::Current => view! { <mark class="current">{text}</mark> }.into_any(),
    }
}
