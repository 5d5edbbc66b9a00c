//! An export in the list of background exports.

use std::collections::BTreeMap;

use api::exports::{Export, ExportStatus};
use leptos::prelude::*;

use super::background_actions::ExportActionButtons;
use super::run_bar::RunBar;
use super::status_badge::StatusBadge;
use crate::browser;
use crate::export_actions::ExportActions;
use crate::exports_view::ExportsView;
use crate::navigation::RouteLink;
use crate::route::Route;
use crate::wording::background::{facts, name};

#[component]
pub fn BackgroundRow(
    id: String,
    view: ExportsView,
    actions: ExportActions,
    /// The titles of datasets and bundles, by name.
    titles: Memo<BTreeMap<String, String>>,
) -> impl IntoView {
    let to = Route::BackgroundExport { id: id.clone() };
    let testid = format!("export-{id}");
    let export = Memo::new(move |_| view.export(&id));
    let of_export =
        move |text: fn(&Export) -> String| move || export.with(|export| export.as_ref().map(text));
    let about = move || {
        export.with(|export| {
            let export = export.as_ref()?;
            let title = titles.with(|titles| titles.get(&export.dataset).cloned());
            let title = title.unwrap_or_else(|| export.dataset.clone());
            let made = browser::moment(export.created_at);
            Some(format!("{title}, {} · {made}", by(export)))
        })
    };
    let status = Memo::new(move |_| export.with(|export| export.as_ref().map(|export| export.status)));
    let badge = move || status.get().map(|status| view! { <StatusBadge status/> });
    let percent = Signal::derive(move || export.with(|export| Some(u64::from(export.as_ref()?.progress))));
    let bar = move || {
        let name = untrack(of_export(name)).unwrap_or_default();
        let is_running = status.get() == Some(ExportStatus::Processing);
        is_running.then(|| view! { <RunBar label=format!("Progress of {name}") percent/> })
    };
    view! {
        <li class="stored-export" data-testid=testid>
            <p class="stored-name"><RouteLink to>{of_export(name)}</RouteLink></p>
            <p class="faint stored-about">{about}</p>
            <div class="stored-state" data-testid="export-state">
                <p>{badge} " " <span class="run-facts">{of_export(|export| facts(export, browser::now_seconds(), browser::moment))}</span></p>
                {bar}
            </div>
            <div class="stored-actions"><ExportActionButtons export actions/></div>
        </li>
    }
}

fn by(export: &Export) -> String {
    format!("by {}", export.created_by)
}
