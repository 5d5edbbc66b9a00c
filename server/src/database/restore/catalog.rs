//! Finds out whether code of a dump has changed objects of others while the dump was loaded.
//!
//! One role owns all objects then, so a function in a constraint or an index could replace a function of a superuser. The
//! definitions are loaded first, and then the rows and the indexes of one owner after the other. Between these steps, the
//! catalogs are compared.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{PgConnection, Row, query, query_scalar};

use super::error::RestoreError;
use super::owners;
use super::row_counts::TableName;

const OBJECTS: &str = include_str!("catalog.sql");

const EARLY_CHANGES: &str = include_str!("early_changes.sql");

/// An object, and its state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Object {
    /// `RELATION`, `TYPE`, or empty for objects that no index or constraint changes.
    kind: String,
    schema: Option<String>,
    name: Option<String>,
    description: String,
    /// Differs after each change.
    version: String,
}

/// The changes that a step of a load makes by itself.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expected<'a> {
    Nothing,
    /// Tables and types of these owners. With `definitions`, there are new objects, too.
    Of {
        owners: &'a BTreeSet<&'a str>,
        definitions: bool,
    },
}

/// The objects of a staging database before a step of a load.
pub(super) struct Catalog<'a> {
    connection: &'a mut PgConnection,
    /// The owners of tables and types in the dump.
    owners: &'a BTreeMap<(&'a str, TableName), &'a str>,
    objects: BTreeSet<Object>,
}

impl<'a> Catalog<'a> {
    /// Reads the objects after the definitions before the rows were loaded, and checks that these definitions are their only
    /// origin.
    ///
    /// # Errors
    /// [`RestoreError::Changed`], [`RestoreError::Database`].
    pub async fn read(
        connection: &'a mut PgConnection,
        owners: &'a BTreeMap<(&'a str, TableName), &'a str>,
    ) -> Result<Self, RestoreError> {
        let changed: Vec<String> = query_scalar(EARLY_CHANGES).fetch_all(&mut *connection).await?;
        refuse(changed)?;
        let objects = objects(connection).await?;
        Ok(Self {
            connection,
            owners,
            objects,
        })
    }

    /// Checks that a step has changed nothing else, and notes its changes.
    ///
    /// # Errors
    /// [`RestoreError::Changed`], [`RestoreError::Database`].
    pub async fn check(&mut self, expected: Expected<'_>) -> Result<(), RestoreError> {
        let objects = objects(self.connection).await?;
        let before: BTreeSet<&str> = self.objects.iter().map(|one| one.description.as_str()).collect();
        let unexpected = |object: &&Object| match expected {
            Expected::Nothing => true,
            Expected::Of { owners, definitions } => {
                let is_new = definitions && !before.contains(object.description.as_str());
                let owner = self.owner(object);
                !is_new && !owner.is_some_and(|owner| owners.contains(owner))
            }
        };
        let changes = self.objects.symmetric_difference(&objects).filter(unexpected);
        refuse(changes.map(|object| object.description.clone()))?;
        self.objects = objects;
        Ok(())
    }

    /// Notes the changes of a step in which no code of the dump runs.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn read_again(&mut self) -> sqlx::Result<()> {
        self.objects = objects(self.connection).await?;
        Ok(())
    }

    /// Returns the id of a transaction that has begun now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn transaction_id(&mut self) -> sqlx::Result<i64> {
        query_scalar("select pg_catalog.txid_current()")
            .fetch_one(&mut *self.connection)
            .await
    }

    fn owner(&self, object: &Object) -> Option<&'a str> {
        let table = TableName {
            schema: object.schema.clone()?,
            name: object.name.clone()?,
        };
        self.owners.get(&(object.kind.as_str(), table)).copied()
    }
}

async fn objects(connection: &mut PgConnection) -> sqlx::Result<BTreeSet<Object>> {
    let rows = query(OBJECTS).fetch_all(connection).await?;
    let objects = rows.iter().map(|row| Object {
        kind: row.get("kind"),
        schema: row.get("schema"),
        name: row.get("name"),
        description: row.get("description"),
        version: row.get("version"),
    });
    Ok(objects.collect())
}

fn refuse(changed: impl IntoIterator<Item = String>) -> Result<(), RestoreError> {
    let changed: BTreeSet<String> = changed.into_iter().collect();
    match changed.is_empty() {
        true => Ok(()),
        false => Err(RestoreError::Changed(owners::list(&changed))),
    }
}
