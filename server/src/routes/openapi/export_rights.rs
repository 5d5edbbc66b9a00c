//! The operations on templates and permissions of exports.

use api::export_permissions::{
    ExportPermissionAnswer, ExportPermissionList, ExportPermissionRequest, PermissionRole,
};
use api::export_templates::{
    ExportTemplateAnswer, ExportTemplateChange, ExportTemplateList, ExportTemplateRequest,
};

use super::entry::{EntryBuilder, delete, get, patch, post, put};
use super::exports::{EXPORTS, number, one_of};
use super::parameters as p;

const TEMPLATES: &str = "/api/exports/templates";
const TEMPLATE: &str = "/api/exports/templates/{id}";
const PERMISSIONS: &str = "/api/admin/export-permissions";
const PERMISSION: &str = "/api/admin/export-permissions/{id}";

pub fn operations() -> Vec<EntryBuilder> {
    [templates(), permissions()].into_iter().flatten().collect()
}

fn templates() -> Vec<EntryBuilder> {
    let id = || p::path("id", "The template's id.", "12");
    vec![
        get(TEMPLATES, "listExportTemplates", "List the templates of exports")
            .tag(EXPORTS)
            .description(
                "The built-in ones, those of the caller, and those that others share. A template is listed for those who may export its \
                 rows in its format.",
            )
            .answer::<ExportTemplateList>("The templates."),
        post(TEMPLATES, "createExportTemplate", "Create a template")
            .tag(EXPORTS)
            .request::<ExportTemplateRequest>()
            .created::<ExportTemplateAnswer>("The template.")
            .header("location", "The address of the template.", "/api/exports/templates/12")
            .problems(&[400, 404, 409]),
        get(TEMPLATE, "getExportTemplate", "Show a template")
            .tag(EXPORTS)
            .parameters([id()])
            .answer::<ExportTemplateAnswer>("The template.")
            .problems(&[404]),
        patch(TEMPLATE, "changeExportTemplate", "Change a template")
            .tag(EXPORTS)
            .description("Its owner and administrators may. A built-in template is never changed.")
            .parameters([id()])
            .request::<ExportTemplateChange>()
            .answer::<ExportTemplateAnswer>("The template with the new values.")
            .problems(&[400, 404, 409]),
        delete(TEMPLATE, "deleteExportTemplate", "Delete a template")
            .tag(EXPORTS)
            .description("Its owner and administrators may. A built-in template is never deleted.")
            .parameters([id()])
            .empty(204, "The template is deleted.")
            .problems(&[404]),
    ]
}

fn permissions() -> Vec<EntryBuilder> {
    let id = || p::path("id", "The permission's id.", "3");
    let of_list = [
        p::text("subject", "Only those of this person.", "hub:7"),
        one_of(
            "role",
            "Only those of this role.",
            PermissionRole::ALL.map(PermissionRole::word).to_vec(),
        ),
        number("limit", "At most this many permissions.", 100, 1, Some(1000)),
        number(
            "offset",
            "Leave out this many of the first permissions.",
            0,
            0,
            None,
        ),
    ];
    vec![
        get(PERMISSIONS, "listExportPermissions", "List what people and roles may do with exports")
            .tag(EXPORTS)
            .description("Also permissions whose time is over. Administrators only.")
            .parameters(of_list)
            .answer::<ExportPermissionList>("The permissions.")
            .problems(&[400]),
        put(PERMISSIONS, "grantExportPermission", "Give or change a permission")
            .tag(EXPORTS)
            .description(
                "It takes the place of the one for the same person or role, type, dataset and format. The permissions of a person decide \
                 first, then those of their role in the workspace, then those of their role; among these the one that names most of \
                 dataset, type and format. A null decides nothing, and `false` refuses. Where none decides, everybody may export what \
                 they may read. Administrators only.",
            )
            .request::<ExportPermissionRequest>()
            .answer::<ExportPermissionAnswer>("The permission.")
            .problems(&[400]),
        get(PERMISSION, "getExportPermission", "Show a permission")
            .tag(EXPORTS)
            .description("Administrators only.")
            .parameters([id()])
            .answer::<ExportPermissionAnswer>("The permission.")
            .problems(&[404]),
        put(PERMISSION, "replaceExportPermission", "Replace a permission")
            .tag(EXPORTS)
            .description("All of its values are those of the request. Administrators only.")
            .parameters([id()])
            .request::<ExportPermissionRequest>()
            .answer::<ExportPermissionAnswer>("The permission.")
            .problems(&[400, 404, 409]),
        delete(PERMISSION, "revokeExportPermission", "Withdraw a permission")
            .tag(EXPORTS)
            .description(
                "It counts no more for new exports, for exports that wait, and for downloads and links of finished ones. Administrators \
                 only.",
            )
            .parameters([id()])
            .empty(204, "The permission is withdrawn.")
            .problems(&[404]),
    ]
}
