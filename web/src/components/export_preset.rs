//! The preset of the export: it sets several options at once, for programs, or for Excel in the visitor's language.

use leptos::prelude::*;
use wasm_export::Options;
use wasm_export::options::Format;

use crate::browser;

/// A preset keeps the format and the compression.
#[component]
pub fn Preset(options: RwSignal<Options>, format: Format) -> impl IntoView {
    let language = browser::language();
    let mine = StoredValue::new(Options::for_locale(&language));
    let is_default = move || options.with(|options| has_options_of(options, &Options::default()));
    let is_mine = move || mine.with_value(|mine| options.with(|options| has_options_of(options, mine)));
    let choose = move |event| {
        let chosen = match event_target_value(&event).as_str() {
            "default" => Options::default(),
            "mine" => mine.get_value(),
            _ => return,
        };
        options.update(|options| *options = with_preset(options, chosen));
    };
    let (default, for_excel) = match format {
        Format::Csv => (
            "Standard CSV (RFC 4180)",
            Some(format!("Excel in your language ({language})")),
        ),
        _ => ("Default", None),
    };
    let has_excel = for_excel.is_some();
    let is_custom = move || !(is_default() || has_excel && is_mine());
    let for_excel = for_excel.map(|text| {
        view! { <option value="mine" prop:selected=move || !is_default() && is_mine()>{text}</option> }
    });
    view! {
        <div class="field">
            <label for="option-profile">"Preset"</label>
            <select id="option-profile" data-testid="option-profile" on:change=choose>
                <option value="default" prop:selected=is_default>{default}</option>
                {for_excel}
                <option value="own" prop:selected=is_custom>"Custom"</option>
            </select>
        </div>
    }
}

/// Compares the options that the format has.
fn has_options_of(options: &Options, preset: &Options) -> bool {
    let of_every_format = |options: &Options| (options.timestamps, options.header, options.long_decimals);
    let of_csv = |options: &Options| {
        (
            options.delimiter,
            options.decimal,
            options.bom,
            options.newline,
            options.guard,
        )
    };
    of_every_format(options) == of_every_format(preset)
        && (options.format != Format::Csv || of_csv(options) == of_csv(preset))
}

/// Returns the options with those of a preset. Other formats keep what only CSV has.
fn with_preset(options: &Options, preset: Options) -> Options {
    if options.format == Format::Csv {
        return Options {
            compression: options.compression,
            ..preset
        };
    }
    Options {
        timestamps: preset.timestamps,
        header: preset.header,
        long_decimals: preset.long_decimals,
        language: preset.language,
        ..options.clone()
    }
}
