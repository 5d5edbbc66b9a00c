//! The workspaces of a site, and who is a member of which.
//!
//! - `definition` reads the SQL that the site declares.
//! - `prepare` checks it in the database.
//! - `lookup` runs it.
//! - `cache` keeps the memberships that were found.

mod cache;
mod definition;
mod lookup;
mod prepare;

pub use self::cache::{MembershipCache, MembershipKey, membership_cache};
use self::definition::Definition;
use super::definition::{HUB, SITE};
use super::definition_files::DefinitionFile;
use super::id_type::IdType;
use super::named_tables::NamedTables;
use super::owner::OwnerType;
use super::unavailable::{Cause, Unavailable};
use crate::auth::Caller;
use crate::hub_tables::{HubTableError, HubTables};

/// The name of the file, which declares no dataset.
pub(super) const FILE: &str = "workspaces.toml";

const BUILT_IN: &str = include_str!("../../../datasets/workspaces.toml");

/// The workspaces as their file declares them.
#[derive(Clone, Debug)]
pub struct Workspaces {
    definition: Definition,
    tables: NamedTables,
    /// `None` if the SQL cannot be used. Each look-up then finds no membership.
    types: Option<Types>,
    pub unavailable: Option<Unavailable>,
    is_built_in: bool,
    file: String,
}

/// The types of ids in the SQL.
#[derive(Clone, Debug)]
struct Types {
    /// The types of `{workspace}` and `{subject}` in `membership`.
    workspace: IdType,
    subject: OwnerType,
    /// The type of `{subject}` in `list`.
    subject_of_list: OwnerType,
    /// The column `id` of `all`.
    id: IdType,
}

/// The workspaces cannot be asked for.
#[derive(Debug, thiserror::Error)]
pub enum WorkspacesError {
    #[error("the workspaces cannot be used in this database: {0}")]
    Tables(HubTableError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<HubTableError> for WorkspacesError {
    fn from(error: HubTableError) -> Self {
        match error {
            HubTableError::Database(error) => error.into(),
            error => Self::Tables(error),
        }
    }
}

impl Workspaces {
    /// Reads the site's file, or else the built-in one.
    pub(super) fn read(of_site: Option<DefinitionFile>, hub: &HubTables) -> Self {
        let is_built_in = of_site.is_none();
        let (file, text) = of_site.unwrap_or_else(|| (FILE.to_owned(), Ok(BUILT_IN.to_owned())));
        let parsed = text.and_then(|text| Definition::parse(&text));
        let named = parsed.and_then(|definition| {
            let tables = NamedTables::new(definition.tables(HUB), definition.tables(SITE), hub)?;
            Ok((definition, tables))
        });
        let (definition, tables, unavailable) = match named {
            Ok((definition, tables)) => (definition, tables, None),
            Err(problem) => {
                let reason = format!("{file}: {}", problem.trim_end());
                let cause = Cause::Mistake;
                let unavailable = Some(Unavailable { reason, cause });
                (Definition::default(), NamedTables::none(hub), unavailable)
            }
        };
        Self {
            definition,
            tables,
            types: None,
            unavailable,
            is_built_in,
            file,
        }
    }
}

impl Types {
    /// Returns the type with which the id of a workspace from this caller is compared.
    fn of_workspace(&self, caller: &Caller) -> &IdType {
        match caller.is_administrator() {
            true => &self.id,
            false => &self.workspace,
        }
    }
}
