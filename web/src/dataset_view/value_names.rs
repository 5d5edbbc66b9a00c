//! The names of chosen values that came with a link.

use api::datasets::Filter;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::DatasetView;
use crate::client;
use crate::filter_chip::values;

impl DatasetView {
    /// Requests the names of chosen values that came with a link, for the chips.
    pub fn name_values(self) {
        let filters = self.filters.get();
        let unnamed = self.dataset.with_value(|dataset| {
            let is_unnamed = |filter: &&Filter| {
                let chosen = filters.get(&filter.name).map(|value| values(filter, value));
                let is_named = |value: &String| {
                    let key = (filter.name.clone(), value.clone());
                    self.value_names.with_untracked(|names| names.contains_key(&key))
                };
                filter.options && chosen.is_some_and(|chosen| !chosen.iter().all(is_named))
            };
            let unnamed = dataset.filters.iter().filter(is_unnamed);
            unnamed
                .map(|filter| (dataset.name.clone(), filter.name.clone()))
                .collect::<Vec<_>>()
        });
        for (dataset, filter) in unnamed {
            let workspace = self.workspace.get_value();
            spawn_local(async move {
                // Without an answer the chip keeps the value itself.
                let options = client::options(dataset, workspace, filter.clone(), None);
                let Ok(found) = options.await else {
                    return;
                };
                // `try_update`, because the visitor may have left the page.
                self.value_names.try_update(|names| {
                    for option in found.options {
                        names
                            .entry((filter.clone(), option.value))
                            .or_insert(option.label);
                    }
                });
            });
        }
    }
}
