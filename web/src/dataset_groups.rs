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

/// Returns whether a visitor sees a link to the dataset. An unavailable one is listed for administrators only, who can mend it.
fn is_listed(dataset: &Dataset, is_administrator: bool) -> bool {
    dataset.listed && (dataset.available || is_administrator)
}

/// Returns the datasets of workspaces, which are below the choice of the workspace and not in a group of their own.
pub fn workspace_datasets(datasets: &[Dataset], is_administrator: bool) -> Vec<Dataset> {
    let of_workspaces = datasets.iter().filter(|dataset| dataset.workspace);
    of_workspaces
        .filter(|dataset| is_listed(dataset, is_administrator))
        .cloned()
        .collect()
}

/// Returns the groups of the other datasets: first those without a group, then the groups by title.
pub fn dataset_groups(datasets: &[Dataset], is_administrator: bool) -> Vec<DatasetGroup> {
    let mut groups: BTreeMap<(bool, &str), Vec<Dataset>> = BTreeMap::new();
    for dataset in datasets {
        if !dataset.workspace && is_listed(dataset, is_administrator) {
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

/// Returns the dataset of a page; without a name the first one that the navigation lists as available. One of workspaces is
/// the first only if there is no other.
pub fn dataset_of_page<'a>(datasets: &'a [Dataset], name: Option<&str>) -> Option<&'a Dataset> {
    let Some(name) = name else {
        let mut usable = datasets.iter().filter(|dataset| is_listed(dataset, false));
        let of_workspaces = usable.clone().next();
        return usable.find(|dataset| !dataset.workspace).or(of_workspaces);
    };
    datasets.iter().find(|dataset| dataset.name == name)
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
            incremental: false,
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
            file_name: None,
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
    fn datasets_of_workspaces_are_in_no_group_of_their_own() {
        let of_workspaces = |name, available, listed| Dataset {
            workspace: true,
            ..dataset(name, Some("Brands"), available, listed)
        };
        let datasets = [
            of_workspaces("alerts", true, true),
            of_workspaces("broken", false, true),
            of_workspaces("unlisted", true, false),
            dataset("usage-logs", None, true, true),
        ];
        assert_eq!(
            names(&dataset_groups(&datasets, true)),
            [("Data", vec!["usage-logs"])]
        );
        let listed = |is_administrator| -> Vec<String> {
            let listed = workspace_datasets(&datasets, is_administrator).into_iter();
            listed.map(|dataset| dataset.name).collect()
        };
        assert_eq!(listed(false), ["alerts"]);
        assert_eq!(listed(true), ["alerts", "broken"]);
        let first = |datasets| dataset_of_page(datasets, None).map(|dataset| dataset.name.clone());
        assert_eq!(first(&datasets[..]).as_deref(), Some("usage-logs"));
        assert_eq!(first(&datasets[..3]).as_deref(), Some("alerts"));
        assert_eq!(first(&datasets[1..3]), None);
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
