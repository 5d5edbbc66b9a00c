//! The contents of a dump file.

use leptos::prelude::*;
use wasm_export::browser::contents::{DumpContents, TableContents};

use crate::wording;

#[component]
pub fn DumpContentsView(contents: DumpContents) -> impl IntoView {
    let DumpContents {
        bytes,
        database,
        created,
        server_version,
        compression,
        table_count,
        empty_count,
        tables,
        large_objects,
    } = contents;
    // The version is the first word, as in "15.18 (Debian 15.18-1)".
    let version = server_version.split_whitespace().next().unwrap_or("?").to_owned();
    let summary = format!("Tables: {}", wording::count(table_count));
    let unseen = table_count - tables.len() as u64;
    let unseen = (unseen > 0).then(|| {
        let text = format!("and {} smaller tables", wording::count(unseen));
        view! { <tr><td colspan="2" class="faint">{text}</td></tr> }
    });
    let objects = (large_objects > 0).then(|| {
        view! { <div><dt>"Large objects"</dt><dd>{wording::count(large_objects)}</dd></div> }
    });
    let empty = (empty_count > 0).then(|| {
        let text = match empty_count {
            1 => "1 table is included without its rows.".to_owned(),
            count => format!(
                "{} tables are included without their rows.",
                wording::count(count)
            ),
        };
        view! { <p class="caution">{text} " In replace mode, they are empty afterwards."</p> }
    });
    view! {
        <dl class="figures" data-testid="archive-figures">
            <div><dt>"Database"</dt><dd>{database}</dd></div>
            <div>
                <dt>"Created"</dt>
                <dd title="By the clock of the machine that made the dump">{created.unwrap_or_else(|| "–".to_owned())}</dd>
            </div>
            <div><dt>"PostgreSQL"</dt><dd title=server_version>{version}</dd></div>
            <div><dt>"Size"</dt><dd>{wording::bytes(bytes)}</dd></div>
            <div><dt>"Compression"</dt><dd>{compression}</dd></div>
            {objects}
        </dl>
        {empty}
        <details class="archive-tables">
            <summary data-testid="archive-tables">{summary}</summary>
            <div class="rows" tabindex="0" role="region" aria-label="Tables of the dump">
                <table>
                    <thead>
                        <tr><th scope="col">"Table"</th><th scope="col" class="number">"Size in the dump"</th></tr>
                    </thead>
                    <tbody data-testid="archive-table-rows">
                        {tables.into_iter().map(table).collect_view()}
                        {unseen}
                    </tbody>
                </table>
            </div>
        </details>
    }
}

fn table(table: TableContents) -> impl IntoView {
    let size = table
        .data_bytes
        .map_or_else(|| "no rows".to_owned(), wording::bytes);
    view! { <tr><td>{table.name}</td><td class="number">{size}</td></tr> }
}
