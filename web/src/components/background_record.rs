//! The record of a background export, what was asked for, the last check of its file, and its log.

use std::collections::BTreeMap;

use api::export_files::Verification;
use api::exports::{Export, ExportLog, ExportScope, ExportStatusAnswer};
use leptos::prelude::*;

use crate::browser;
use crate::client;
use crate::load::Load;
use crate::navigation::RouteLink;
use crate::route::Route;
use crate::wording;

#[component]
pub fn Record(
    export: Memo<Option<Export>>,
    /// The titles of datasets and bundles, by name.
    titles: Memo<BTreeMap<String, String>>,
) -> impl IntoView {
    let fields = move || {
        let export = export.get()?;
        let title = titles.with(|titles| titles.get(&export.dataset).cloned());
        let fields = fields(&export, title).into_iter();
        let fields = fields.map(|(label, value)| view! { <dt>{label}</dt> <dd class="path">{value}</dd> });
        let parent = export.parent_id.map(|id| {
            view! {
                <dt>"Repeats"</dt>
                <dd class="path"><RouteLink to=Route::BackgroundExport { id: id.clone() }>{id.clone()}</RouteLink></dd>
            }
        });
        let receipt = (export.completed_at.is_some() && export.checksum.is_some()).then(|| {
            let url = client::export_receipt_url(&export.id);
            view! {
                <dt>"Receipt"</dt>
                <dd><a href=url download="" data-testid="receipt-link">"Signed receipt of the file"</a></dd>
            }
        });
        Some(view! { {fields.collect_view()} {parent} {receipt} })
    };
    view! {
        <section class="card stack" aria-labelledby="record-title">
            <h2 id="record-title">"Record"</h2>
            <dl class="contents" data-testid="export-record">{fields}</dl>
        </section>
    }
}

/// Returns what is known of an export, with labels.
fn fields(export: &Export, title: Option<String>) -> Vec<(&'static str, String)> {
    let rows = match export.scope {
        ExportScope::All => "of everybody",
        ExportScope::User => "of one person",
        ExportScope::Workspace => "of one workspace",
    };
    let downloads = match export.last_downloaded_at {
        Some(last) => format!(
            "{}, last {}",
            wording::count(export.download_count),
            browser::moment(last)
        ),
        None => wording::count(export.download_count),
    };
    let error = export.error_code.as_ref().map(|code| {
        let message = export.error_message.clone().unwrap_or_default();
        format!("{message} ({code})")
    });
    let (kept_until, removed_at) = wording::background::end_of_file(export);
    let ratio = export.compression_ratio.map(|ratio| format!("{ratio} : 1"));
    let fields = [
        ("Id", Some(export.id.clone())),
        ("Dataset", Some(title.unwrap_or_else(|| export.dataset.clone()))),
        ("Format", Some(export.format.clone())),
        ("Rows", Some(rows.to_owned())),
        ("Asked for by", Some(export.created_by.clone())),
        ("Created", Some(browser::moment(export.created_at))),
        ("Starts", export.scheduled_at.map(browser::moment)),
        ("Started", export.started_at.map(browser::moment)),
        ("Rows as of", export.snapshot_at.map(browser::moment)),
        ("Completed", export.completed_at.map(browser::moment)),
        ("Kept until", kept_until.map(browser::moment)),
        ("File removed", removed_at.map(browser::moment)),
        ("Number of rows", export.record_count.map(wording::count)),
        ("Size", export.file_size.map(wording::bytes)),
        ("Compression", ratio),
        ("SHA-256", export.checksum.clone()),
        ("Downloads", (export.file_size.is_some()).then_some(downloads)),
        (
            "Attempts",
            (export.attempts > 1).then(|| wording::count(export.attempts.into())),
        ),
        ("Error", error),
    ];
    let known = fields
        .into_iter()
        .filter_map(|(label, value)| Some((label, value?)));
    known.collect()
}

/// As they were sent.
#[component]
pub fn Parameters(export: Memo<Option<Export>>) -> impl IntoView {
    let parameters =
        Memo::new(move |_| export.with(|export| export.as_ref().map(|export| export.parameters.clone())));
    let fields = move || {
        let parameters = wording::background::parameters(&parameters.get()?).into_iter();
        let fields = parameters.map(|(name, value)| {
            view! { <dt><code>{name}</code></dt> <dd class="path">{value}</dd> }
        });
        Some(fields.collect_view())
    };
    view! {
        <section class="card stack" aria-labelledby="parameters-title">
            <h2 id="parameters-title">"Parameters"</h2>
            <dl class="contents" data-testid="export-parameters">{fields}</dl>
        </section>
    }
}

/// The report of the last check. Nothing without one.
#[component]
pub fn Verified(export: Memo<Option<Export>>) -> impl IntoView {
    let report = Memo::new(move |_| {
        let report = export.with(|export| export.as_ref()?.verification.clone())?;
        serde_json::from_value::<Verification>(report).ok()
    });
    move || {
        report.get().map(|report| {
            let checks = [
                ("File exists", Some(report.file_exists)),
                ("Size", Some(report.file_size_match)),
                ("SHA-256", Some(report.checksum_match)),
                ("Number of rows", report.record_count_match),
                ("Format", report.format_valid),
            ];
            let checks = checks.map(|(label, is_right)| {
                let text = match is_right {
                    Some(true) => "✓ right",
                    Some(false) => "✕ wrong",
                    None => "– not checked",
                };
                view! { <dt>{label}</dt> <dd>{text}</dd> }
            });
            let at = format!("{}, in {}", browser::moment(report.at), wording::duration(report.duration_ms as f64 / 1_000.0));
            view! {
                <section class="card stack" aria-labelledby="verification-title" data-testid="export-verification">
                    <h2 id="verification-title">"Verification"</h2>
                    <p class:caution=!report.success>{wording::background::verification(&report)}</p>
                    <dl class="contents">
                        {checks.collect_view()}
                        <dt>"Checked"</dt>
                        <dd>{at}</dd>
                    </dl>
                </section>
            }
        })
    }
}

#[component]
pub fn Log(load: Load<ExportStatusAnswer>) -> impl IntoView {
    let logs =
        Memo::new(move |_| load.with(|answer| answer.map(|answer| answer.logs.clone()).unwrap_or_default()));
    let items = move || {
        let items = logs.get().into_iter().map(|log| {
            let ExportLog {
                timestamp,
                event_type,
                message,
                level,
                ..
            } = log;
            let class = match level.as_str() {
                "error" => "text-bad",
                "warn" => "text-warn",
                _ => "",
            };
            view! {
                <li>
                    <span class="faint">{browser::moment(timestamp)}</span>
                    <code class=class>{event_type}</code>
                    <span class="path">{message}</span>
                </li>
            }
        });
        items.collect_view()
    };
    view! {
        <section class="card stack" aria-labelledby="log-title">
            <h2 id="log-title">"Log"</h2>
            <ul class="export-log" data-testid="export-log">{items}</ul>
        </section>
    }
}
