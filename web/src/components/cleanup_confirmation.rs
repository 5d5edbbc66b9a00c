//! The rows that a log clean-up would delete, and the button that deletes them.

use api::cleanup::CleanupRequest;
use leptos::prelude::*;

use super::switch::Switch;
use crate::browser;
use crate::confirmer::{Confirmer, Question};
use crate::log_cleanup::form::{CleanupForm, CountedRows};
use crate::log_cleanup::run::Cleaner;
use crate::wording;

#[component]
pub fn CleanupConfirmation(counted: CountedRows, form: CleanupForm, confirmer: Confirmer) -> impl IntoView {
    let cleaner = expect_context::<Cleaner>();
    let CountedRows { conditions, preview } = counted;
    let archive_first = RwSignal::new(true);
    let without_statistics = RwSignal::new(false);
    let sentence = wording::cleanup::preview(&preview, browser::moment);
    let loses_statistics = !preview.keeps_statistics && preview.rows > 0;
    let rows = wording::rows(preview.rows);
    let ask = {
        let rows = rows.clone();
        move |_| {
            let request = CleanupRequest {
                archive_first: Some(archive_first.get_untracked()),
                without_statistics: Some(without_statistics.get_untracked()),
                ..conditions.clone()
            };
            let text = match archive_first.get_untracked() {
                true => {
                    "The rows are written to an archive on the server first. The archive can be restored."
                }
                false => "No archive is written. This cannot be undone.",
            };
            confirmer.ask(Question {
                title: format!("Delete {rows}?"),
                text: text.to_owned(),
                word: Some(wording::count(preview.rows)),
                yes: format!("Delete {rows}"),
                then: Callback::new(move |()| {
                    form.counted.set(None);
                    cleaner.start(request.clone());
                }),
            });
        }
    };
    let statistics = loses_statistics.then(|| {
        view! {
            <p class="caution">
                "The hub's " <code>"usage_ledger"</code>
                " is missing or lacks some of these rows. The statistics of those rows are deleted with them."
            </p>
            <Switch id="cleanup-without-statistics" label="Delete anyway" is_on=without_statistics on_change=move |is_on| without_statistics.set(is_on)/>
        }
    });
    let is_blocked = move || cleaner.is_under_way() || (loses_statistics && !without_statistics.get());
    let deletion = (preview.rows > 0).then(|| {
        view! {
            <Switch id="cleanup-archive-first" label="Archive the rows first" is_on=archive_first on_change=move |is_on| archive_first.set(is_on)/>
            {statistics}
            <div class="dump-actions">
                <button type="button" class="primary" data-testid="cleanup-start" disabled=is_blocked on:click=ask>
                    {format!("Delete {rows}…")}
                </button>
            </div>
        }
    });
    view! {
        <section class="card stack" aria-label="Rows that match">
            <p data-testid="cleanup-preview" role="status">{sentence}</p>
            {deletion}
        </section>
    }
}
