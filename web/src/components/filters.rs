//! The filters of a dataset, as the server lists them.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::filter_field::FilterField;
use crate::browser;
use crate::dataset_view::DatasetView;
use crate::download::Exporter;

#[component]
pub fn Filters(view: DatasetView) -> impl IntoView {
    let draft = RwSignal::new(view.filters.get_untracked());
    let exporter = expect_context::<Exporter>();
    let show = move |filters| {
        // Even with the same filters: applying again is how visitors refresh.
        exporter.want_newer_rows();
        view.apply(filters);
    };
    let active = move || view.filters.with(BTreeMap::len);
    let apply = move |event: SubmitEvent| {
        event.prevent_default();
        show(draft.get_untracked());
    };
    let clear = move |_| {
        draft.set(BTreeMap::new());
        show(BTreeMap::new());
    };
    let fields = view.dataset.with_value(|dataset| dataset.filters.clone());
    let fields = fields
        .into_iter()
        .map(|filter| view! { <FilterField view filter draft/> })
        .collect_view();
    view! {
        <details class="card filters" open=browser::has_wide_screen()>
            <summary>
                "Filters"
                {move || (active() > 0).then(|| view! { <span class="badge">{active()}</span> })}
            </summary>
            <form method="get" on:submit=apply>
                {fields}
                <div class="field-actions">
                    <button type="submit" class="primary" data-testid="apply-filters">"Apply"</button>
                    <button
                        type="button"
                        data-testid="clear-filters"
                        disabled=move || active() == 0 && draft.with(BTreeMap::is_empty)
                        on:click=clear
                    >
                        "Clear"
                    </button>
                </div>
            </form>
        </details>
    }
}
