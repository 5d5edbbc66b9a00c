//! The lines of the terminal. It follows the newest line unless the visitor has scrolled up.

use std::sync::Arc;

use api::datasets::Tone;
use api::probes::Probe;
use leptos::html::Div;
use leptos::prelude::*;

use super::tone_icon::ToneIcon;
use crate::probe_view::ProbeView;
use crate::probes::line;
use crate::probes::terminal::Line;
use crate::wording;

/// A visitor who is further up than this number of pixels has scrolled up.
const FOLLOWED_PX: i32 = 50;

#[component]
pub fn ProbeTerminal(view: ProbeView) -> impl IntoView {
    let frame = NodeRef::<Div>::new();
    let follows = RwSignal::new(true);
    let to_end = move || {
        if let Some(frame) = frame.try_get_untracked().flatten() {
            frame.set_scroll_top(frame.scroll_height());
        }
    };
    let on_scroll = move |_| {
        if let Some(frame) = frame.get_untracked() {
            let below = frame.scroll_height() - frame.scroll_top() - frame.client_height();
            let now = below <= FOLLOWED_PX;
            if follows.get_untracked() != now {
                follows.set(now);
            }
        }
    };
    Effect::new(move || {
        view.terminal.track();
        if follows.get_untracked() {
            // The lines are in the page in the next frame.
            request_animation_frame(to_end);
        }
    });
    let lines = move || {
        view.terminal
            .with(|terminal| terminal.lines().cloned().collect::<Vec<_>>())
    };
    let is_empty = Memo::new(move |_| view.terminal.with(|terminal| terminal.lines().next().is_none()));
    let go_to_end = move |_| {
        // The focus moves before the button goes.
        if let Some(frame) = frame.get_untracked() {
            let _ = frame.focus();
        }
        follows.set(true);
        to_end();
    };
    view! {
        <div class="terminal">
            <div
                class="terminal-lines"
                role="log"
                aria-live="off"
                aria-label="Probes"
                tabindex="0"
                data-testid="probe-lines"
                node_ref=frame
                on:scroll=on_scroll
            >
                <For each=lines key=Line::id let:line>
                    <LineView line view/>
                </For>
                <p class="faint terminal-empty" hidden=move || !is_empty.get()>"No probes match yet."</p>
            </div>
            {move || {
                (!follows.get())
                    .then(|| {
                        view! {
                            <button type="button" class="to-newest" data-testid="to-newest" on:click=go_to_end>
                                "↓ Newest"
                            </button>
                        }
                    })
            }}
        </div>
    }
}

#[component]
fn LineView(line: Line, view: ProbeView) -> impl IntoView {
    match line {
        Line::Probe(probe) => view! { <ProbeLine probe view/> }.into_any(),
        Line::Gap(gap) => {
            let (from, to) = (gap.from.unsigned_abs(), gap.to.unsigned_abs());
            let text = format!(
                "Probes {} to {} are not here.",
                wording::count(from),
                wording::count(to)
            );
            view! { <p class="terminal-line terminal-gap" data-testid="probe-gap">{text}</p> }.into_any()
        }
    }
}

#[component]
fn ProbeLine(probe: Arc<Probe>, view: ProbeView) -> impl IntoView {
    let (word, tone) = line::result(&probe);
    let latency = line::latency(probe.latency_ms);
    let speed = line::speed(probe.latency_ms);
    let latency_class = speed.map_or("", |(_, tone)| text_class(tone));
    let speed = speed.map(|(word, _)| word);
    let source = probe.source.clone().unwrap_or_default();
    let (message, status) = (line::message(&probe).to_owned(), line::status(&probe));
    let endpoint = probe.endpoint.clone();
    let times = Memo::new(move |_| line::times(&probe, &view.zone_in_force()));
    let shows_endpoint = move || view.endpoint.get().is_none();
    view! {
        <p class="terminal-line" data-testid="probe-line">
            <time title=move || times.with(|times| times.1.clone())>{move || times.with(|times| times.0.clone())}</time>
            <span class=format!("result {}", text_class(tone))><ToneIcon tone/> {word}</span>
            <span class="status">{status}</span>
            <span class=format!("latency {latency_class}") title=speed>{latency} <span class="unseen">{speed.map(|word| format!(" ({word})"))}</span></span>
            <span class="source">{source}</span>
            {move || shows_endpoint().then(|| view! { <span class="probe-endpoint">{endpoint.clone()}</span> })}
            <span class="message">{message}</span>
        </p>
    }
}

fn text_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "text-good",
        Tone::Warn => "text-warn",
        Tone::Bad => "text-bad",
        Tone::Neutral => "",
    }
}
