//! The options of the export.

use leptos::prelude::*;
use wasm_export::Options;
use wasm_export::options::{
    Bom, Compression, DecimalMark, Delimiter, Format, Guard, HeaderStyle, Layout, LongDecimals, Metadata,
    Newline, TimestampStyle,
};

use super::export_preset::Preset;
use crate::export_setup::{ExportSetup, set_format};

/// Zone and columns are not options here: the table has them.
#[component]
pub fn ExportOptions(setup: ExportSetup) -> impl IntoView {
    let options = setup.options;
    let (formats, layouts) = setup
        .view
        .dataset
        .with_value(|dataset| (dataset.formats.clone(), dataset.layouts.clone()));
    let formats: Vec<_> = formats
        .into_iter()
        .map(|format| (format, format.label()))
        .collect();
    let format = Memo::new(move |_| options.with(|options| options.format));
    let has_options = Memo::new(move |_| format.get() != Format::Text);
    let choices_of_format = move || match format.get() {
        Format::Csv => view! { <CsvOptions options/> }.into_any(),
        format => view! { <OtherOptions options format layouts=layouts.clone()/> }.into_any(),
    };
    view! {
        <div class="options">
            {move || {
                let format = format.get();
                (format != Format::Text).then(|| view! { <Preset options format/> })
            }}
            <Choice label="Format" name="format" choices=formats
                options get=|options| options.format set=set_format/>
            <Choice label="Compression" name="compression" choices=vec![
                (Compression::None, "None"),
                (Compression::Gzip, "gzip"),
                (Compression::Zstd, "Zstandard"),
                (Compression::Zip, "Zip"),
            ] options get=|options| options.compression set=|options, value| options.compression = value/>
        </div>
        {move || has_options.get().then(|| view! {
            <details class="advanced">
                <summary data-testid="export-advanced">"Advanced"</summary>
                <div class="options">{choices_of_format.clone()}</div>
            </details>
        })}
    }
}

#[component]
fn CsvOptions(options: RwSignal<Options>) -> impl IntoView {
    view! {
        <Times options/>
        <Choice label="Delimiter" name="delimiter" choices=vec![
            (Delimiter::Comma, "Comma ,"),
            (Delimiter::Semicolon, "Semicolon ;"),
            (Delimiter::Tab, "Tab"),
            (Delimiter::Pipe, "Pipe |"),
        ] options get=|options| options.delimiter set=|options, value| options.delimiter = value/>
        <Choice label="Decimal separator" name="decimal" choices=vec![
            (DecimalMark::Dot, "Point 1.5"),
            (DecimalMark::Comma, "Comma 1,5"),
        ] options get=|options| options.decimal set=|options, value| options.decimal = value/>
        <Headings options/>
        <Choice label="Encoding" name="bom" choices=vec![
            (Bom::With, "UTF-8 with BOM, for Excel"),
            (Bom::Without, "UTF-8 without BOM"),
        ] options get=|options| options.bom set=|options, value| options.bom = value/>
        <Choice label="Line endings" name="newline" choices=vec![
            (Newline::Crlf, "CRLF (RFC 4180)"),
            (Newline::Lf, "LF"),
        ] options get=|options| options.newline set=|options, value| options.newline = value/>
        <Choice label="Formula guard" name="guard" choices=vec![
            (Guard::Strict, "Strict"),
            (Guard::Seeds, "Simple: = + - @ first"),
            (Guard::None, "None"),
        ] options get=|options| options.guard set=|options, value| options.guard = value/>
    }
}

#[component]
fn OtherOptions(options: RwSignal<Options>, format: Format, layouts: Vec<Layout>) -> impl IntoView {
    let times = (!matches!(format, Format::Xlsx | Format::Text)).then(|| view! { <Times options/> });
    let headings = matches!(format, Format::Xlsx | Format::Html | Format::Markdown)
        .then(|| view! { <Headings options/> });
    let long_decimals = (format == Format::Xlsx).then(|| {
        view! {
            <Choice label="Long decimals" name="long-decimals" choices=vec![
                (LongDecimals::Rounded, "Rounded to 15 digits"),
                (LongDecimals::Text, "All digits, as text"),
            ] options get=|options| options.long_decimals set=|options, value| options.long_decimals = value/>
        }
    });
    let metadata = (format != Format::Text).then(|| {
        view! {
            <Choice label="Export details" name="metadata" choices=vec![
                (Metadata::Without, "Not included"),
                (Metadata::With, "Included"),
            ] options get=|options| options.metadata set=|options, value| options.metadata = value/>
        }
    });
    let layout = (format == Format::Markdown && layouts.len() > 1).then(|| {
        let layouts: Vec<_> = layouts.into_iter().map(|layout| (layout, layout_label(layout))).collect();
        view! {
            <Choice label="Layout" name="layout" choices=layouts options get=|options| options.layout set=|options, value| options.layout = value/>
        }
    });
    view! { {times}{headings}{layout}{long_decimals}{metadata} }
}

fn layout_label(layout: Layout) -> &'static str {
    match layout {
        Layout::Table => "Table",
        Layout::Transcript => "Transcript of messages",
    }
}

#[component]
fn Times(options: RwSignal<Options>) -> impl IntoView {
    view! {
        <Choice label="Times" name="timestamps" choices=vec![
            (TimestampStyle::Iso, "2026-01-28T12:34:56.789Z"),
            (TimestampStyle::Local, "2026-01-28 12:34:56"),
        ] options get=|options| options.timestamps set=|options, value| options.timestamps = value/>
    }
}

#[component]
fn Headings(options: RwSignal<Options>) -> impl IntoView {
    view! {
        <Choice label="Header row" name="header" choices=vec![
            (HeaderStyle::Label, "Column labels"),
            (HeaderStyle::Name, "Column names"),
            (HeaderStyle::None, "None"),
        ] options get=|options| options.header set=|options, value| options.header = value/>
    }
}

#[component]
fn Choice<T: Copy + PartialEq + Send + Sync + 'static>(
    label: &'static str,
    name: &'static str,
    choices: Vec<(T, &'static str)>,
    options: RwSignal<Options>,
    get: fn(&Options) -> T,
    set: fn(&mut Options, T),
) -> impl IntoView {
    let id = format!("option-{name}");
    let items = choices.iter().enumerate().map(|(index, &(value, text))| {
        view! { <option value=index.to_string() prop:selected=move || options.with(get) == value>{text}</option> }
    });
    let items = items.collect_view();
    let choose = move |event| {
        let index = event_target_value(&event).parse::<usize>().unwrap_or_default();
        if let Some(&(value, _)) = choices.get(index) {
            options.update(|options| set(options, value));
        }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id.clone() data-testid=id on:change=choose>{items}</select>
        </div>
    }
}
