//! The result of a restore.

use api::restore::{RestoreMode, RestoreRequest, Restored, TableResult};
use leptos::prelude::*;

use super::side_databases::SideDatabases;
use crate::restore;
use crate::restore::run::Restorer;
use crate::wording;

#[component]
pub fn RestoreResult(
    restored: Restored,
    options: RestoreRequest,
    seconds: f64,
    side_databases: SideDatabases,
) -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let total = restore::total(&restored.tables);
    let mode = restore::mode(options);
    let Restored {
        tables,
        previous,
        safety_dump,
        warnings,
    } = restored;
    let time = wording::duration(seconds);
    let summary = match mode {
        RestoreMode::Clean => format!(
            " is the live database now: {}, in {time}",
            wording::rows(total.inserted)
        ),
        RestoreMode::Merge => format!(
            " was merged: {} inserted, {} existing, {} in conflict, in {time}",
            wording::rows(total.inserted),
            wording::count(total.skipped),
            wording::count(total.conflicting)
        ),
    };
    let warnings = (!warnings.is_empty()).then(|| {
        let lines = warnings.into_iter().map(|warning| view! { <li>{warning}</li> });
        view! {
            <div class="caution" data-testid="restore-warnings">
                <p>"Restored with exceptions:"</p>
                <ul class="warnings">{lines.collect_view()}</ul>
            </div>
        }
    });
    view! {
        <section class="card run run-done" aria-label="Restore" data-testid="restore-done">
            <div class="run-head">
                <p><strong>{restorer.file_name()}</strong> {summary}</p>
                <button type="button" class="quiet" on:click=move |_| restorer.forget()>"Close"</button>
            </div>
            {warnings}
            <p>"Safety dump on the server: " <code class="path">{safety_dump}</code></p>
            {previous.map(|name| view! { <Previous name side_databases/> })}
            <details class="archive-tables" open=mode == RestoreMode::Merge>
                <summary>{format!("Tables: {}", wording::count(tables.len() as u64))}</summary>
                <div class="rows" tabindex="0" role="region" aria-label="Tables of the restore">
                    <table data-testid="restore-tables">
                        {head(mode)}
                        <tbody>
                            {tables.into_iter().map(|(name, counts)| row(name, counts, mode)).collect_view()}
                        </tbody>
                    </table>
                </div>
            </details>
        </section>
    }
}

/// The previous database and its roll-back, as long as it exists.
#[component]
fn Previous(name: String, side_databases: SideDatabases) -> impl IntoView {
    let kept = name.clone();
    let is_kept = Memo::new(move |_| side_databases.has(&kept));
    move || {
        let name = name.clone();
        is_kept.get().then(|| {
            let shown = name.clone();
            view! {
                <div class="run-head">
                    <p>"The previous database is kept as " <code class="path">{shown}</code></p>
                    <button
                        type="button"
                        data-testid="restore-roll-back"
                        disabled=move || side_databases.is_busy()
                        on:click=move |_| side_databases.ask_to_roll_back(name.clone())
                    >
                        "Roll back"
                    </button>
                </div>
            }
        })
    }
}

fn head(mode: RestoreMode) -> impl IntoView {
    let column = |title: &'static str| view! { <th scope="col" class="number">{title}</th> };
    let columns = match mode {
        RestoreMode::Clean => ["Rows"].map(column).collect_view(),
        RestoreMode::Merge => ["Inserted", "Existing", "In conflict"].map(column).collect_view(),
    };
    view! { <thead><tr><th scope="col">"Table"</th>{columns}</tr></thead> }
}

fn row(name: String, counts: TableResult, mode: RestoreMode) -> impl IntoView {
    let cell = |count: u64| view! { <td class="number">{wording::count(count)}</td> };
    let cells = match mode {
        RestoreMode::Clean => [counts.inserted].map(cell).collect_view(),
        RestoreMode::Merge => [counts.inserted, counts.skipped, counts.conflicting]
            .map(cell)
            .collect_view(),
    };
    view! { <tr><td>{name}</td>{cells}</tr> }
}
