//! A selection as the body of a request that parses to it again.

use api::datasets::{FilterValues, RowsRequest};
use wasm_export::zone::Zone;

use super::{Selection, Sort};
use crate::datasets::definition::Definition;

impl Selection {
    /// Returns the body of a request with this selection, which has no `dateRange`. A cursor and the start of a resumed export are
    /// left out: the rows of the body are all.
    #[must_use]
    pub fn to_request(&self, definition: &Definition) -> RowsRequest {
        let filters = self.filters.iter().map(|(position, values)| {
            let name = definition.filters[*position].name.clone();
            (name, FilterValues(values.clone()))
        });
        let parameters = self.parameters.iter().map(|(position, value)| {
            let name = definition.parameters[*position].name.clone();
            (name, FilterValues(vec![value.clone()]))
        });
        let name = |position: &usize| definition.columns[*position].name.clone();
        let sort = |sort| match sort {
            Sort::Declared => "declared".to_owned(),
            Sort::Reversed => "reversed".to_owned(),
        };
        RowsRequest {
            filters: filters.chain(parameters).collect(),
            columns: self
                .columns
                .as_ref()
                .map(|columns| columns.iter().map(name).collect()),
            limit: self.limit,
            sort: self.sort.map(sort),
            zone: (self.zone != Zone::default()).then(|| self.zone.to_string()),
            include_system_fields: self.system_fields,
            ..RowsRequest::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_parses_to_the_same_selection() {
        // The body has the filters in the order of their names.
        let definition = Definition::parse(include_str!("../../../datasets/usage-logs.toml")).unwrap();
        for pairs in [
            &[][..],
            &[
                ("columns", "model,user_name"),
                ("limit", "7"),
                ("sort", "reversed"),
                ("zone", "Asia/Shanghai"),
                ("model", "a,b"),
                ("start", "2026-01-28 10:00"),
            ],
        ] {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let selection = Selection::parse(&definition, &pairs).unwrap();
            let again = Selection::parse_body(&definition, &selection.to_request(&definition)).unwrap();
            assert_eq!(format!("{again:?}"), format!("{selection:?}"));
        }
    }
}
