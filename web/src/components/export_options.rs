//! What the file is to be like.

use leptos::prelude::*;
use wasm_export::Options;
use wasm_export::options::{Bom, DecimalMark, Delimiter, Guard, HeaderStyle, Newline, TimestampStyle};

/// The choices for a CSV file; its zone and columns are those of the table.
#[component]
pub fn ExportOptions(options: RwSignal<Options>) -> impl IntoView {
    view! {
        <div class="options">
            <Choice label="Times" name="timestamps" choices=&[
                (TimestampStyle::Iso, "2026-01-28T12:34:56.789Z"),
                (TimestampStyle::Local, "2026-01-28 12:34:56"),
            ] options get=|options| options.timestamps set=|options, value| options.timestamps = value/>
            <Choice label="Delimiter" name="delimiter" choices=&[
                (Delimiter::Comma, "Comma ,"),
                (Delimiter::Semicolon, "Semicolon ;"),
                (Delimiter::Tab, "Tab"),
                (Delimiter::Pipe, "Pipe |"),
            ] options get=|options| options.delimiter set=|options, value| options.delimiter = value/>
            <Choice label="Decimal mark" name="decimal" choices=&[
                (DecimalMark::Dot, "Point 1.5"),
                (DecimalMark::Comma, "Comma 1,5"),
            ] options get=|options| options.decimal set=|options, value| options.decimal = value/>
            <Choice label="Header row" name="header" choices=&[
                (HeaderStyle::Label, "Names for people"),
                (HeaderStyle::Name, "Names for programs"),
                (HeaderStyle::None, "None"),
            ] options get=|options| options.header set=|options, value| options.header = value/>
            <Choice label="Encoding" name="bom" choices=&[
                (Bom::With, "UTF-8 with BOM, for Excel"),
                (Bom::Without, "UTF-8 without BOM"),
            ] options get=|options| options.bom set=|options, value| options.bom = value/>
            <Choice label="Line ends" name="newline" choices=&[
                (Newline::Crlf, "CR LF, as RFC 4180"),
                (Newline::Lf, "LF"),
            ] options get=|options| options.newline set=|options, value| options.newline = value/>
            <Choice label="Formula guard" name="guard" choices=&[
                (Guard::Strict, "Strict: no cell can run"),
                (Guard::Seeds, "Simple: as claude-code-hub"),
                (Guard::None, "None: for programs"),
            ] options get=|options| options.guard set=|options, value| options.guard = value/>
        </div>
        <p class="faint">"Filters, columns and time zone are those of the table."</p>
    }
}

#[component]
fn Choice<T: Copy + PartialEq + Send + Sync + 'static>(
    label: &'static str,
    name: &'static str,
    choices: &'static [(T, &'static str)],
    options: RwSignal<Options>,
    get: fn(&Options) -> T,
    set: fn(&mut Options, T),
) -> impl IntoView {
    let id = format!("option-{name}");
    let items = choices.iter().enumerate().map(|(index, (value, text))| {
        view! { <option value=index.to_string() selected=move || options.with(get) == *value>{*text}</option> }
    });
    let items = items.collect_view();
    let choose = move |event| {
        let index = event_target_value(&event).parse::<usize>().unwrap_or_default();
        if let Some((value, _)) = choices.get(index) {
            options.update(|options| set(options, *value));
        }
    };
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id.clone() data-testid=id on:change=choose>{items}</select>
        </div>
    }
}
