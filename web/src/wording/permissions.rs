//! Permissions for exports as text.

use api::export_permissions::{ANY, ExportPermission, PermissionRole};
use api::exports::ExportType;

use super::export::format_of_word;
use crate::permission_draft::PermissionRight;

/// Returns the name of a role in the table and the form.
pub fn role(role: PermissionRole) -> &'static str {
    match role {
        PermissionRole::Administrator => "Administrators",
        PermissionRole::User => "Members",
        PermissionRole::WorkspaceOwner => "Owners of a workspace",
        PermissionRole::WorkspaceAdmin => "Administrators of a workspace",
        PermissionRole::WorkspaceMember => "Members of a workspace",
    }
}

/// Returns the name of the role, or the person.
pub fn holder(permission: &ExportPermission) -> String {
    let person = || permission.subject.clone().unwrap_or_default();
    permission
        .role
        .map_or_else(person, |of_role| role(of_role).to_owned())
}

pub fn export_type(of_exports: ExportType) -> &'static str {
    match of_exports {
        ExportType::Dataset => "Datasets and own bundles",
        ExportType::UserData => "Data of a person",
        ExportType::BulkData => "Data of everybody",
        ExportType::Conversations => "Conversations",
        ExportType::Report => "Reports",
    }
}

/// Returns the name of a type of export by its word; `Any` for any.
pub fn type_name(word: &str) -> String {
    let mut types = ExportType::ALL.into_iter();
    let found = types.find(|one| one.word() == word);
    found.map_or_else(|| any_or(word), |one| export_type(one).to_owned())
}

/// Returns the name of a format by its word; `Any` for any.
pub fn format(word: &str) -> String {
    match word {
        ANY => any_or(word),
        word => format_of_word(word),
    }
}

/// Returns `Any` for any, and each other word as it is.
pub fn any_or(word: &str) -> String {
    match word {
        ANY => "Any".to_owned(),
        word => word.to_owned(),
    }
}

/// Returns a short name, for the head of a column.
pub fn right(right: PermissionRight) -> &'static str {
    match right {
        PermissionRight::Create => "Export",
        PermissionRight::Download => "Download",
        PermissionRight::ViewLogs => "See logs",
        PermissionRight::Manage => "Manage",
        PermissionRight::Schedule => "Schedule",
        PermissionRight::Deliver => "Deliver",
    }
}

/// Returns whether a right is given.
pub fn decision(is_allowed: Option<bool>) -> &'static str {
    match is_allowed {
        Some(true) => "Allowed",
        Some(false) => "Refused",
        None => "Not said",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_server_have_names() {
        assert_eq!(type_name("user_data"), "Data of a person");
        assert_eq!(
            (type_name("*"), format("*"), any_or("*")),
            ("Any".into(), "Any".into(), "Any".into())
        );
        assert_eq!(format("xlsx"), "XLSX");
        assert_eq!(any_or("usage-logs"), "usage-logs");
    }
}
