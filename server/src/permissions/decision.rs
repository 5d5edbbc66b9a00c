//! Which row decides: first those of the person, then those of the role in the workspace, then those of the role. Among the rows of
//! one of these, the most exact one that decides.

use std::cmp::Reverse;

use api::export_permissions::{ANY, PermissionRole};
use api::workspaces::WorkspaceRole;

use super::row::PermissionRow;

/// The export that a decision is about. Without a value only rows for any value count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Question<'a> {
    pub kind: Option<&'a str>,
    pub dataset: Option<&'a str>,
    pub format: Option<&'a str>,
    /// The rows that name the dataset, and no others.
    pub names_dataset: bool,
}

/// Returns the value of the row that decides, or `None`: no row does. The rows with a subject are those of the caller.
pub(super) fn decide<T>(
    rows: &[PermissionRow],
    role: PermissionRole,
    workspace_role: Option<WorkspaceRole>,
    question: Question<'_>,
    value: impl Fn(&PermissionRow) -> Option<T>,
) -> Option<T> {
    let of_person: Holder<'_> = &|row| row.subject.is_some();
    let of_workspace: Holder<'_> =
        &|row| workspace_role.is_some_and(|role| row.role == Some(PermissionRole::from(role)));
    let of_role: Holder<'_> = &|row| row.role == Some(role);
    [of_person, of_workspace, of_role]
        .into_iter()
        .find_map(|is_held| {
            let held = rows.iter().filter(|row| is_held(row) && question.matches(row));
            let deciding = held.filter_map(|row| Some((exactness(row), value(row)?)));
            deciding
                .min_by_key(|(exactness, _)| Reverse(*exactness))
                .map(|(_, value)| value)
        })
}

type Holder<'a> = &'a dyn Fn(&PermissionRow) -> bool;

impl Question<'_> {
    fn matches(&self, row: &PermissionRow) -> bool {
        let is_any = |pattern: &str| pattern == ANY;
        let is_one = |pattern: &str, value: Option<&str>| value == Some(pattern);
        let matches = |pattern: &str, value| is_any(pattern) || is_one(pattern, value);
        let is_of_dataset = match self.names_dataset {
            true => is_one(&row.dataset, self.dataset),
            false => matches(&row.dataset, self.dataset),
        };
        is_of_dataset && matches(&row.export_type, self.kind) && matches(&row.format, self.format)
    }
}

/// Returns how much a row names. No two rows that match and belong to the same person or role have the same.
fn exactness(row: &PermissionRow) -> (usize, bool, bool) {
    let [dataset, kind, format] = [&row.dataset, &row.export_type, &row.format].map(|pattern| pattern != ANY);
    let named = [dataset, kind, format].into_iter().filter(|named| *named).count();
    (named, dataset, kind)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn row(members: &Value) -> PermissionRow {
        let mut row = json!({
            "id": 1, "subject": null, "role": null, "export_type": "*", "dataset": "*", "format": "*", "can_create": null,
            "can_download": null, "can_view_logs": null, "can_manage": null, "can_schedule": null, "can_deliver": null,
            "rows_max": null, "granted_by": "A", "granted_at": "2026-11-30T09:00:00Z", "expires_at": null,
        });
        for (name, value) in members.as_object().unwrap() {
            row[name] = value.clone();
        }
        serde_json::from_value(row).unwrap()
    }

    /// Decides whether a user who is a MEMBER may create a CSV file of the dataset `logs`.
    fn decided(rows: &[Value]) -> Option<bool> {
        let rows: Vec<_> = rows.iter().map(row).collect();
        let question = Question {
            kind: Some("dataset"),
            dataset: Some("logs"),
            format: Some("csv"),
            names_dataset: false,
        };
        let member = Some(WorkspaceRole::Member);
        decide(&rows, PermissionRole::User, member, question, |row| {
            row.can_create
        })
    }

    #[test]
    fn without_a_row_that_decides_there_is_no_decision() {
        assert_eq!(decided(&[]), None);
        for other in [
            json!({ "role": "admin", "can_create": false }),
            json!({ "role": "OWNER", "can_create": false }),
            json!({ "role": "user", "can_download": false }),
            json!({ "role": "user", "dataset": "users", "can_create": false }),
            json!({ "role": "user", "format": "xlsx", "can_create": false }),
            json!({ "role": "user", "export_type": "report", "can_create": false }),
        ] {
            assert_eq!(decided(std::slice::from_ref(&other)), None, "{other}");
        }
    }

    #[test]
    fn the_person_is_before_the_role_in_a_workspace_and_that_before_the_role() {
        let (person, member, user) = (
            json!({ "subject": "hub:7", "can_create": true }),
            json!({ "role": "MEMBER", "dataset": "logs", "can_create": false }),
            json!({ "role": "user", "dataset": "logs", "format": "csv", "can_create": true }),
        );
        assert_eq!(decided(&[user.clone(), member.clone(), person]), Some(true));
        assert_eq!(decided(&[user.clone(), member]), Some(false));
        assert_eq!(decided(&[user]), Some(true));
        // A row that decides something else leaves it to the role.
        let silent = json!({ "subject": "hub:7", "dataset": "logs", "can_manage": true });
        assert_eq!(
            decided(&[silent, json!({ "role": "user", "can_create": false })]),
            Some(false)
        );
    }

    #[test]
    fn the_most_exact_row_decides() {
        let named = |members: [&str; 3]| {
            let [kind, dataset, format] = members;
            json!({ "role": "user", "export_type": kind, "dataset": dataset, "format": format, "can_create": false })
        };
        // Each is more exact than all before it.
        let order = [
            ["*", "*", "*"],
            ["*", "*", "csv"],
            ["dataset", "*", "*"],
            ["*", "logs", "*"],
            ["dataset", "*", "csv"],
            ["*", "logs", "csv"],
            ["dataset", "logs", "*"],
            ["dataset", "logs", "csv"],
        ];
        for (at, exact) in order.iter().enumerate() {
            let mut allowing = named(*exact);
            allowing["can_create"] = json!(true);
            let less: Vec<_> = order[..at].iter().copied().map(named).collect();
            let rows = [vec![allowing.clone()], less].concat();
            assert_eq!(decided(&rows), Some(true), "{exact:?}");
            if let Some(more) = order.get(at + 1) {
                assert_eq!(decided(&[allowing, named(*more)]), Some(false), "{more:?}");
            }
        }
    }
}
