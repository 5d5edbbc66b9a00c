//! What a file says of itself, in the formats that have a place for it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::options::Options;
use crate::rows::{Header, Kind};

/// What the rows of a file are. How many there are is known at its end only.
#[derive(Serialize)]
pub(super) struct Metadata<'a> {
    pub(super) dataset: &'a str,
    pub(super) title: &'a str,
    /// When the database began the export: RFC 3339, UTC.
    pub(super) exported_at: &'a str,
    /// The zone of the file's timestamps.
    pub(super) zone: String,
    /// The values that the rows were chosen by.
    pub(super) filters: &'a BTreeMap<String, String>,
    pub(super) columns: Vec<ColumnMetadata<'a>>,
}

#[derive(Serialize)]
pub(super) struct ColumnMetadata<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) kind: Kind,
}

impl<'a> Metadata<'a> {
    pub(super) fn new(header: &'a Header, positions: &[usize], options: &Options) -> Self {
        let column = |&position: &usize| {
            let column = &header.columns[position];
            ColumnMetadata {
                name: &column.name,
                label: column.label_in(options.language.as_deref()),
                kind: column.kind,
            }
        };
        Self {
            dataset: &header.dataset,
            title: &header.title,
            exported_at: &header.as_of,
            zone: options.zone.to_string(),
            filters: &header.filters,
            columns: positions.iter().map(column).collect(),
        }
    }
}
