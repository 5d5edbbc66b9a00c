//! The description that a file contains of itself, in the formats that have a place for it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::options::{Fraction, Options};
use crate::rows::{Header, Kind};

/// The description of the rows. Their number is known at the end of the file only.
#[derive(Serialize)]
pub(super) struct Metadata<'a> {
    pub(super) dataset: &'a str,
    pub(super) title: &'a str,
    /// When the database began the export, RFC 3339 in UTC.
    pub(super) exported_at: &'a str,
    /// The time zone of the file's timestamps.
    pub(super) zone: String,
    /// The digits of the seconds' fraction in the file's timestamps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fraction: Option<Fraction>,
    /// The filters by which the rows were selected.
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
            fraction: options.fraction,
            filters: &header.filters,
            columns: positions.iter().map(column).collect(),
        }
    }
}
