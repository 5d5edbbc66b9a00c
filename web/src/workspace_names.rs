//! The workspaces of a visitor: which one is shown, and their names in the list.

use std::collections::HashMap;

use api::workspaces::{Workspace, WorkspaceRole};

/// Returns the id of the workspace that a page without one in its address shows: the remembered one if it is still the
/// visitor's, else the first one.
pub fn usual_workspace<'a>(workspaces: &'a [Workspace], remembered: Option<&str>) -> Option<&'a str> {
    let id = |workspace: &'a Workspace| workspace.id.as_str();
    let remembered = workspaces.iter().map(id).find(|id| Some(*id) == remembered);
    remembered.or_else(|| workspaces.first().map(id))
}

/// Returns the names in the order of the list. Those of equal names have their short names or ids behind them.
pub fn distinct_names(workspaces: &[Workspace]) -> Vec<String> {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for workspace in workspaces {
        *uses.entry(&workspace.name).or_default() += 1;
    }
    let names = workspaces.iter().map(|workspace| {
        let Workspace { id, name, slug, .. } = workspace;
        match uses[name.as_str()] {
            1 => name.clone(),
            _ => format!("{name} ({})", slug.as_ref().unwrap_or(id)),
        }
    });
    names.collect()
}

/// Returns a role as people write it.
pub fn role_name(role: WorkspaceRole) -> &'static str {
    match role {
        WorkspaceRole::Member => "Member",
        WorkspaceRole::Admin => "Admin",
        WorkspaceRole::Owner => "Owner",
    }
}

/// Returns why a visitor with this role may not export; none if they may.
pub fn export_obstacle(role: Option<WorkspaceRole>, least: Option<WorkspaceRole>) -> Option<String> {
    let (role, least) = (role?, least?);
    (role < least).then(|| {
        format!(
            "Exporting needs the role {} in this workspace; yours is {}.",
            role_name(least),
            role_name(role)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(id: &str, name: &str, slug: Option<&str>) -> Workspace {
        Workspace {
            id: id.to_owned(),
            name: name.to_owned(),
            slug: slug.map(str::to_owned),
            role: WorkspaceRole::Member,
        }
    }

    #[test]
    fn a_remembered_workspace_counts_only_while_it_is_the_visitors() {
        let list = [workspace("1", "Acme", None), workspace("2", "Beta", None)];
        assert_eq!(usual_workspace(&list, Some("2")), Some("2"));
        assert_eq!(usual_workspace(&list, Some("9")), Some("1"));
        assert_eq!(usual_workspace(&list, None), Some("1"));
        assert_eq!(usual_workspace(&[], Some("2")), None);
    }

    #[test]
    fn equal_names_are_told_apart() {
        let list = [
            workspace("1", "Acme", Some("acme-eu")),
            workspace("2", "Acme", None),
            workspace("3", "Beta", Some("beta")),
        ];
        assert_eq!(distinct_names(&list), ["Acme (acme-eu)", "Acme (2)", "Beta"]);
    }

    #[test]
    fn a_lesser_role_cannot_export() {
        use WorkspaceRole::{Admin, Member, Owner};
        assert_eq!(export_obstacle(Some(Owner), Some(Admin)), None);
        assert_eq!(export_obstacle(None, Some(Admin)), None);
        assert_eq!(
            export_obstacle(Some(Member), Some(Admin)).as_deref(),
            Some("Exporting needs the role Admin in this workspace; yours is Member.")
        );
    }
}
