//! The note that an export will use cached rows.

use leptos::prelude::*;

use crate::export_setup::ExportSetup;
use crate::wording;

/// Announces before the click that the export will use cached rows, and their time: the database may have newer
/// ones.
#[component]
pub fn CachedRowsNote(setup: ExportSetup) -> impl IntoView {
    let note = Memo::new(move |_| {
        if setup.obstacle().is_some() {
            return None;
        }
        let cached = setup.cached_rows()?;
        let moment = wording::moment(&cached.as_of, setup.view.zone_in_force());
        Some((wording::export::cached_rows(cached.count, &moment), moment))
    });
    move || {
        note.get().map(|(note, moment)| {
            view! {
                <p class="cached-rows" data-testid="kept-rows">
                    <span title=moment>{note}</span>
                    <span aria-hidden="true">"·"</span>
                    <button type="button" class="link" data-testid="fetch-anew" on:click=move |_| setup.refresh()>
                        "Refresh data"
                    </button>
                </p>
            }
        })
    }
}
