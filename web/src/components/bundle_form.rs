//! What a visitor chooses of a bundle, and the buttons that export it.

use api::export_templates::ExportTemplate;
use leptos::prelude::*;
use wasm_export::browser::protocol::Destination;
use wasm_export::options::{Compression, Format};

use super::export_templates::ExportTemplates;
use super::person_field::PersonField;
use super::zone_select::ZoneSelect;
use crate::bundle_pages::{Period, language_name};
use crate::bundle_view::BundleView;
use crate::confirmer::Confirmer;
use crate::download::can_pick;
use crate::wording::export::format_name;

#[component]
pub fn BundleForm(view: BundleView, confirmer: Confirmer) -> impl IntoView {
    let formats = view.bundle.with_value(|bundle| bundle.formats.clone());
    let has_languages = view.bundle.with_value(|bundle| !bundle.languages.is_empty());
    let has_compression = move || view.format.get() != Format::Csv;
    view! {
        <section class="card bundle-form" aria-label="Options">
            <ExportTemplates
                dataset=view.bundle.with_value(|bundle| bundle.name.clone())
                on_choose=Callback::new(move |template: ExportTemplate| view.apply_template(&template))
                export=Callback::new(move |()| view.background_request())
                confirmer
            />
            {view.names_person().then(|| view! { <PersonField view/> })}
            {view.has_period().then(|| view! { <PeriodField view/> })}
            <div class="options">
                <div class="field">
                    <label for="bundle-format">"Format"</label>
                    <select
                        id="bundle-format"
                        data-testid="bundle-format"
                        on:change=move |event| {
                            if let Ok(format) = event_target_value(&event).parse() {
                                view.format.set(format);
                            }
                        }
                    >
                        {formats.into_iter().map(|format| view! {
                            <option value=format.word() prop:selected=move || view.format.get() == format>{format.label()}</option>
                        }).collect_view()}
                    </select>
                </div>
                {has_languages.then(|| view! { <LanguageField view/> })}
                {move || has_compression().then(|| view! { <CompressionField view/> })}
                <div class="field">
                    <span class="label">"Time zone"</span>
                    <ZoneSelect zone=view.zone on_choose=move |zone| view.set_zone(zone)/>
                </div>
            </div>
            {move || (!has_compression()).then(|| view! {
                <p class="faint" data-testid="bundle-archive">"A zip archive with one CSV file for each part, and a list of them."</p>
            })}
        </section>
    }
}

/// The language of the texts in the file.
#[component]
fn LanguageField(view: BundleView) -> impl IntoView {
    let languages = view.bundle.with_value(|bundle| bundle.languages.clone());
    let options = languages.into_iter().map(|language| {
        let name = language_name(&language).to_owned();
        let value = language.clone();
        let is_chosen = move || view.language.with(|chosen| chosen.as_ref() == Some(&language));
        view! { <option value=value prop:selected=is_chosen>{name}</option> }
    });
    view! {
        <div class="field">
            <label for="bundle-language">"Language"</label>
            <select
                id="bundle-language"
                data-testid="bundle-language"
                on:change=move |event| view.language.set(Some(event_target_value(&event)))
            >
                {options.collect_view()}
            </select>
        </div>
    }
}

#[component]
fn CompressionField(view: BundleView) -> impl IntoView {
    let choices = [
        (Compression::None, "None"),
        (Compression::Gzip, "gzip"),
        (Compression::Zstd, "Zstandard"),
        (Compression::Zip, "Zip"),
    ];
    let options = choices.map(|(compression, name)| {
        view! {
            <option value=compression.word() prop:selected=move || view.compression.get() == compression>{name}</option>
        }
    });
    let choose = move |event| {
        let chosen = event_target_value(&event);
        let mut all = choices.into_iter().map(|(compression, _)| compression);
        if let Some(compression) = all.find(|compression| compression.word() == chosen) {
            view.compression.set(compression);
        }
    };
    view! {
        <div class="field">
            <label for="bundle-compression">"Compression"</label>
            <select id="bundle-compression" data-testid="bundle-compression" on:change=choose>{options.into_iter().collect_view()}</select>
        </div>
    }
}

/// The days of the parts that have times. The last day is included.
#[component]
fn PeriodField(view: BundleView) -> impl IntoView {
    let periods = view.bundle.with_value(Period::of_bundle);
    let quick = periods.iter().map(|period| {
        let is_active = move || {
            let start = period.start(&view.today());
            let is_active = view.start.with(|chosen| *chosen == start) && view.end.with(String::is_empty);
            is_active.to_string()
        };
        let choose = move |_| {
            view.start.set(period.start(&untrack(|| view.today())));
            view.end.set(String::new());
        };
        view! {
            <button
                type="button"
                aria-pressed=is_active
                data-testid=format!("period-{}", period.word())
                on:click=choose
            >
                {period.label()}
            </button>
        }
    });
    let day = |id: &'static str, label: &'static str, day: RwSignal<String>| {
        view! {
            <div class="field">
                <label for=id>{label}</label>
                <input
                    id=id
                    type="date"
                    data-testid=id
                    prop:value=move || day.get()
                    on:change=move |event| day.set(event_target_value(&event))
                />
            </div>
        }
    };
    view! {
        <fieldset class="period">
            <legend>"Period"</legend>
            <div class="quick" role="group" aria-label="Period">{quick.collect_view()}</div>
            <div class="options">
                {day("bundle-start", "From", view.start)}
                {day("bundle-end", "To, included", view.end)}
            </div>
        </fieldset>
    }
}

/// The button stays focusable while it cannot export, and names the reason.
#[component]
pub fn BundleActions(view: BundleView) -> impl IntoView {
    let obstacle = Memo::new(move |_| view.obstacle());
    let save_as = can_pick().then(|| {
        view! {
            <button
                type="button"
                aria-disabled=move || obstacle.get().map(|_| "true")
                data-testid="bundle-save-as"
                on:click=move |_| view.export(Destination::PickedFile)
            >
                "Save as…"
            </button>
        }
    });
    let no_background = Memo::new(move |_| view.background_obstacle());
    view! {
        {save_as}
        <button
            type="button"
            aria-disabled=move || no_background.get().map(|_| "true")
            title=move || no_background.get()
            data-testid="bundle-background"
            on:click=move |_| view.run_in_background()
        >
            "Run in background"
        </button>
        <button
            type="button"
            aria-disabled=move || obstacle.get().map(|_| "true")
            data-testid="bundle-schedule"
            on:click=move |_| view.schedule()
        >
            "Schedule…"
        </button>
        <button
            type="button"
            class="primary"
            data-testid="bundle-export"
            aria-disabled=move || obstacle.get().map(|_| "true")
            aria-describedby="bundle-obstacle"
            on:click=move |_| view.export(Destination::Downloads)
        >
            {move || format!("Export {}", format_name(view.format.get()))}
        </button>
        <span id="bundle-obstacle" class="faint" role="status" data-testid="bundle-obstacle">{move || obstacle.get()}</span>
    }
}
