//! The options of the visitor's exports.

use api::datasets::Dataset;
use leptos::prelude::*;
use wasm_export::Options;
use wasm_export::options::{Format, Layout, Metadata};

use crate::auth::Auth;
use crate::saved_options;

pub fn set_format(options: &mut Options, format: Format) {
    options.format = format;
    // Only Markdown has a second layout.
    options.layout = Layout::Table;
    if matches!(format, Format::Csv | Format::Text) {
        // These formats cannot hold export details.
        options.metadata = Metadata::Without;
    }
}

/// Loads the visitor's options and saves every change. A format or layout that this dataset cannot have is replaced
/// by the default, which is saved only when the visitor changes an option: other datasets keep the visitor's choice.
pub(super) fn load_options(dataset: &Dataset) -> RwSignal<Options> {
    let visitor = expect_context::<Auth>().visitor_name();
    let saved = saved_options::load(&visitor);
    let is_format_chosen = saved
        .as_ref()
        .is_some_and(|saved| dataset.formats.contains(&saved.format));
    let mut options = saved.unwrap_or_default();
    if !is_format_chosen {
        options.format = dataset.formats.first().copied().unwrap_or_default();
    }
    if !dataset.layouts.contains(&options.layout) {
        options.layout = Layout::default();
    }
    let options = RwSignal::new(options);
    Effect::new(move |loaded: Option<()>| {
        options.with(|options| {
            if loaded.is_some() {
                saved_options::save(&visitor, options);
            }
        });
    });
    options
}
