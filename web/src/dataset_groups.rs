//! The groups of the navigation.

use std::collections::BTreeMap;

use api::datasets::Dataset;

/// The heading of datasets without a group.
const DATA: &str = "Data";

#[derive(Clone, Debug, PartialEq)]
pub struct DatasetGroup {
    pub title: String,
    /// At least one.
    pub datasets: Vec<Dataset>,
}

/// Returns whether the navigation may list the dataset. The page cannot name a workspace, which each request of a dataset of
/// workspaces needs.
fn is_listed(dataset: &Dataset) -> bool {
    dataset.listed && !dataset.workspace
}

/// Returns the groups that a visitor sees: first the datasets without a group, then the groups by title. An
/// unavailable dataset is listed for administrators only, who can mend it.
pub fn dataset_groups(datasets: &[Dataset], is_administrator: bool) -> Vec<DatasetGroup> {
    let mut groups: BTreeMap<(bool, &str), Vec<Dataset>> = BTreeMap::new();
    for dataset in datasets {
        if is_listed(dataset) && (dataset.available || is_administrator) {
            let title = dataset.group.as_deref().unwrap_or(DATA);
            let group = groups.entry((title != DATA, title)).or_default();
            group.push(dataset.clone());
        }
    }
    let groups = groups.into_iter().map(|((_, title), datasets)| DatasetGroup {
        title: title.to_owned(),
        datasets,
    });
    groups.collect()
}

/// Returns the dataset of a page; without a name the first one that the navigation lists as available.
pub fn dataset_of_page<'a>(datasets: &'a [Dataset], name: Option<&str>) -> Option<&'a Dataset> {
    datasets.iter().find(|dataset| match name {
        Some(name) => dataset.name == name,
        None => dataset.available && is_listed(dataset),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(name: &str, group: Option<&str>, available: bool, listed: bool) -> Dataset {
        Dataset {
            name: name.to_owned(),
            title: name.to_owned(),
            group: group.map(str::to_owned),
            listed,
            available,
            workspace: false,
            export_role: None,
            reason: None,
            columns: Vec::new(),
            order: Vec::new(),
            descending: false,
            filters: Vec::new(),
            parameters: Vec::new(),
            table: Vec::new(),
            quick: Vec::new(),
            figures: Vec::new(),
            formats: Vec::new(),
            layouts: Vec::new(),
        }
    }

    fn names(groups: &[DatasetGroup]) -> Vec<(&str, Vec<&str>)> {
        groups
            .iter()
            .map(|group| {
                let names = group.datasets.iter().map(|dataset| dataset.name.as_str());
                (group.title.as_str(), names.collect())
            })
            .collect()
    }

    #[test]
    fn datasets_without_a_group_come_first_and_empty_groups_are_hidden() {
        let datasets = [
            dataset("orders", Some("Billing"), true, true),
            dataset("usage-logs", None, true, true),
            dataset("broken", Some("Accounts"), false, true),
            dataset("unlisted", None, true, false),
            dataset("probe-logs", Some("Data"), true, true),
        ];
        let data = ("Data", vec!["usage-logs", "probe-logs"]);
        assert_eq!(
            names(&dataset_groups(&datasets, false)),
            [data.clone(), ("Billing", vec!["orders"])]
        );
        assert_eq!(
            names(&dataset_groups(&datasets, true)),
            [data, ("Accounts", vec!["broken"]), ("Billing", vec!["orders"])]
        );
    }

    #[test]
    fn datasets_of_workspaces_are_not_in_the_navigation() {
        let alerts = Dataset {
            workspace: true,
            ..dataset("alerts", None, true, true)
        };
        assert!(dataset_groups(std::slice::from_ref(&alerts), true).is_empty());
        assert!(dataset_of_page(&[alerts], None).is_none());
    }

    #[test]
    fn the_first_page_is_a_listed_dataset() {
        let datasets = [
            dataset("broken", None, false, true),
            dataset("unlisted", None, true, false),
            dataset("usage-logs", None, true, true),
        ];
        let name = |name| dataset_of_page(&datasets, name).map(|dataset| dataset.name.as_str());
        assert_eq!(name(None), Some("usage-logs"));
        assert_eq!(name(Some("unlisted")), Some("unlisted"));
        assert_eq!(name(Some("broken")), Some("broken"));
        assert_eq!(name(Some("other")), None);
    }
}
