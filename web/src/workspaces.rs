//! The workspaces of the visitor, and the one that they chose last.

use api::workspaces::{Workspace, WorkspaceRole, Workspaces as List};
use leptos::prelude::*;

use crate::auth::Auth;
use crate::client;
use crate::load::Load;
use crate::navigation::Navigation;
use crate::saved_options;
use crate::workspace_names::usual_workspace;

/// A handle to the visitor's workspaces, one for the whole page.
#[derive(Clone, Copy)]
pub struct Workspaces {
    pub list: Load<List>,
    remembered: RwSignal<Option<String>>,
    auth: Auth,
    visitor: StoredValue<String>,
}

impl Workspaces {
    pub fn new() -> Self {
        let auth = expect_context::<Auth>();
        let visitor = auth.visitor_name();
        Self {
            list: Load::new(|| Some(client::workspaces())),
            remembered: RwSignal::new(saved_options::workspace(&visitor)),
            auth,
            visitor: StoredValue::new(visitor),
        }
    }

    /// Returns an empty list until the server has answered.
    pub fn all(self) -> Vec<Workspace> {
        self.list
            .with(|list| list.map(|list| list.workspaces.clone()))
            .unwrap_or_default()
    }

    /// Returns the id of the workspace for a page whose address names none.
    pub fn usual(self) -> Option<String> {
        let remembered = self.remembered.get();
        self.list.with(|list| {
            let usual = usual_workspace(&list?.workspaces, remembered.as_deref());
            usual.map(str::to_owned)
        })
    }

    /// Returns the id of the workspace in the address of the page, or the usual one.
    pub fn of_page(self, navigation: Navigation) -> Option<String> {
        let of_address = navigation.with(|route| route.workspace().map(str::to_owned));
        of_address.or_else(|| self.usual())
    }

    /// Returns the name and the role; none if the visitor is not in this workspace.
    pub fn find(self, id: &str) -> Option<(String, WorkspaceRole)> {
        self.list.with(|list| {
            let found = list?.workspaces.iter().find(|workspace| workspace.id == id)?;
            Some((found.name.clone(), found.role))
        })
    }

    /// Returns whether the visitor may have files delivered with rows of this workspace: its administrators may. Without a workspace,
    /// everybody may.
    pub fn may_deliver(self, workspace: Option<&str>) -> bool {
        let Some(id) = workspace else { return true };
        let role = self.find(id).map(|(_, role)| role);
        self.auth.is_administrator() || role.is_some_and(|role| role >= WorkspaceRole::Admin)
    }

    /// Returns the short name of a workspace that has one.
    pub fn slug(self, id: &str) -> Option<String> {
        self.list.with(|list| {
            let found = list?.workspaces.iter().find(|workspace| workspace.id == id)?;
            found.slug.clone()
        })
    }

    /// Remembers the workspace in this browser, for the visitor's next page.
    pub fn remember(self, id: &str) {
        if self
            .remembered
            .with_untracked(|before| before.as_deref() == Some(id))
        {
            return;
        }
        self.visitor
            .with_value(|visitor| saved_options::save_workspace(visitor, id));
        self.remembered.set(Some(id.to_owned()));
    }
}
