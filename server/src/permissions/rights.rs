//! The rights of one caller.

use api::export_permissions::PermissionRole;
use api::workspaces::WorkspaceRole;

use super::decision::{Question, decide};
use super::error::NotPermitted;
use super::right::Right;
use super::row::PermissionRow;
use super::target::ExportTarget;
use crate::audit::Action;
use crate::auth::Caller;

/// The right to export. Only [`Permissions`] gives one, and a query of an export needs one.
#[derive(Clone, Copy, Debug)]
pub struct ExportRight {
    rows_max: Option<u64>,
}

impl ExportRight {
    /// Returns the greatest number of rows of the export; `None`: any number.
    #[must_use]
    pub fn rows_max(&self) -> Option<u64> {
        self.rows_max
    }
}

/// The right to the stored file of an export. Only [`Permissions`] gives one, and the answer with a file needs one.
#[derive(Clone, Copy, Debug)]
pub struct DownloadRight(());

/// The rows of permissions that count for one caller.
#[derive(Clone, Debug)]
pub struct Permissions {
    /// As records write it.
    subject: String,
    name: String,
    role: PermissionRole,
    /// Those of the caller, and those of all roles.
    rows: Vec<PermissionRow>,
}

impl Permissions {
    pub(super) fn new(caller: &Caller, rows: Vec<PermissionRow>) -> Self {
        Self {
            subject: caller.subject.to_string(),
            name: caller.name.clone(),
            role: caller.role.into(),
            rows,
        }
    }

    /// Returns those of the user of the command line, whom no row limits: they know the address of the database.
    #[must_use]
    pub fn of_operator() -> Self {
        Self::new(&Caller::operator(), Vec::new())
    }

    /// Returns the right to make such an export.
    ///
    /// # Errors
    /// [`NotPermitted`]
    pub fn right_to_export(&self, target: &ExportTarget) -> Result<ExportRight, NotPermitted> {
        self.check(Right::Create, target)?;
        let maxima = self.decisions(target, |row| row.rows_max);
        Ok(ExportRight {
            rows_max: maxima.map(|(_, max)| max).min(),
        })
    }

    /// Returns the right to the file of such an export.
    ///
    /// # Errors
    /// [`NotPermitted`]
    pub fn right_to_download(&self, target: &ExportTarget) -> Result<DownloadRight, NotPermitted> {
        self.check(Right::Download, target)?;
        Ok(DownloadRight(()))
    }

    /// Returns the right to the file of such an export, or `None`: it is refused. No record is made of that.
    #[must_use]
    pub fn download_right(&self, target: &ExportTarget) -> Option<DownloadRight> {
        self.allows(Right::Download, target).then_some(DownloadRight(()))
    }

    /// Checks a right, and records a refusal.
    ///
    /// # Errors
    /// [`NotPermitted`]
    pub fn check(&self, right: Right, target: &ExportTarget) -> Result<(), NotPermitted> {
        let Some(refusal) = self.refusal(right, target) else {
            return Ok(());
        };
        tracing::warn!(
            action = Action::ExportRefused.name(),
            caller = self.name,
            subject = self.subject,
            dataset = target.name,
            kind = target.kind.word(),
            format = refusal.format,
            right = ?right,
        );
        Err(refusal)
    }

    /// Returns whether the caller has a right.
    #[must_use]
    pub fn allows(&self, right: Right, target: &ExportTarget) -> bool {
        self.refusal(right, target).is_none()
    }

    /// Returns the greatest number of rows that an export of any dataset may have; `None`: any number.
    #[must_use]
    pub fn rows_max(&self, workspace_role: Option<WorkspaceRole>) -> Option<u64> {
        self.decide(workspace_role, Question::default(), |row| row.rows_max)
    }

    fn refusal(&self, right: Right, target: &ExportTarget) -> Option<NotPermitted> {
        let mut decisions = self.decisions(target, |row| right.of(row));
        let (format, _) = decisions.find(|(_, allowed)| !allowed)?;
        Some(NotPermitted {
            right,
            kind: target.kind,
            name: target.name.clone(),
            format: format.to_owned(),
            of_raw_rows: target.formats.len() > 1,
        })
    }

    /// Returns the decisions for each format, with its word: that for the name of the export, and those that name a part of it.
    fn decisions<'a, T>(
        &'a self,
        target: &'a ExportTarget,
        value: impl Fn(&PermissionRow) -> Option<T> + Copy + 'a,
    ) -> impl Iterator<Item = (&'a str, T)> {
        target.formats.iter().flat_map(move |format| {
            let names = target.parts.iter().map(|part| (part, true));
            let names = std::iter::once((&target.name, false)).chain(names);
            names.filter_map(move |(name, names_dataset)| {
                let question = Question {
                    kind: Some(target.kind.word()),
                    dataset: Some(name),
                    format: Some(format),
                    names_dataset,
                };
                let decided = self.decide(target.workspace_role, question, value)?;
                Some((format.as_str(), decided))
            })
        })
    }

    fn decide<T>(
        &self,
        workspace_role: Option<WorkspaceRole>,
        question: Question<'_>,
        value: impl Fn(&PermissionRow) -> Option<T>,
    ) -> Option<T> {
        // An administrator has no role of their own in a workspace.
        let workspace_role = workspace_role.filter(|_| self.role == PermissionRole::User);
        decide(&self.rows, self.role, workspace_role, question, value)
    }
}
