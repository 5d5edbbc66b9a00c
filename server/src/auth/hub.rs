//! Users of the hub sign in with their API key, as they do in the hub: tables `keys` and `users` of the exported database.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::login::Role;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Encode, PgConnection, Postgres, Row, Type, query};

use super::caller::{Caller, CredentialKind, Subject};
use super::credential_id::CredentialId;
use super::key_digest::KeyDigest;
use crate::audit::Action;
use crate::hub_tables::{HubTableError, HubTables};
use crate::source::{Source, database_message, is_of_connection};

/// The tables that sign-in reads.
const TABLES: &[&str] = &["keys", "users"];

/// How often the log shows that sign-in with keys is off.
const WARNING_EVERY: Duration = Duration::from_secs(60);

/// The beginning of the keys that Decant published in its source until version 0.1. No such key may sign in.
pub const PUBLISHED_KEY_PREFIX: &str = "sk-demo-";

/// The condition of keys with the text `$1`.
const WITH_TEXT: &str = "k.key operator(pg_catalog.=) $1";

/// The condition of users who are enabled, not deleted and not expired.
const GOOD_USER: &str = "coalesce(u.is_enabled, true) and u.deleted_at is null \
     and (u.expires_at is null or u.expires_at operator(pg_catalog.>) pg_catalog.now())";

/// Looks up the hub's users by their keys.
#[derive(Clone, Debug)]
pub struct HubUsers {
    source: Source,
    tables: HubTables,
    warnings: Arc<Warnings>,
}

/// Limits a warning that every request would repeat.
#[derive(Debug, Default)]
struct Warnings(Mutex<Option<Instant>>);

impl Warnings {
    /// Returns whether the last warning was more than a minute ago.
    fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= WARNING_EVERY);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}

/// A good key of the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubKey {
    /// `keys.id`: a session names it, so that the key can be looked up again.
    pub id: i64,
    /// Whether it may be used to sign in to a page (`can_login_web_ui`).
    pub web_access: bool,
    /// Of the key's text.
    pub digest: KeyDigest,
    pub caller: Caller,
}

impl HubUsers {
    /// Looks them up in this database.
    #[must_use]
    pub fn new(source: Source, tables: HubTables) -> Self {
        Self {
            source,
            tables,
            warnings: Arc::default(),
        }
    }

    /// Returns why no key of the hub signs anybody in, if its tables are there and their owner is not trusted, or they lack a
    /// column.
    ///
    /// # Errors
    /// If the database cannot be queried.
    pub async fn warning(connection: &mut PgConnection, tables: &HubTables) -> sqlx::Result<Option<String>> {
        match tables.check(connection, TABLES).await {
            Ok(schema) => {
                // SQL: PostgreSQL quotes the schema.
                let select = AssertSqlSafe(select_keys(&schema, WITH_TEXT));
                let asked = query(select).bind("").bind(PUBLISHED_KEY_PREFIX);
                match asked.fetch_optional(connection).await {
                    Err(error) if is_undefined_column(&error) => Ok(Some(of_missing_column(&error))),
                    Err(error) if is_of_connection(&error) => Err(error),
                    Err(error) => Ok(Some(format!(
                        "sign-in with keys of the hub fails: {}",
                        database_message(&error)
                    ))),
                    Ok(_) => Ok(None),
                }
            }
            Err(HubTableError::Missing(_)) => Ok(None),
            Err(HubTableError::Database(error)) => Err(error),
            Err(untrusted) => Ok(Some(format!("sign-in with keys of the hub is off: {untrusted}"))),
        }
    }

    /// Returns the good key with this text, or `None` if there is none or several users have it.
    ///
    /// # Errors
    /// If the database cannot be queried. A database without the hub's tables has no keys.
    pub(super) async fn by_key(&self, key: &str) -> sqlx::Result<Option<HubKey>> {
        if key.starts_with(PUBLISHED_KEY_PREFIX) {
            tracing::warn!(
                action = Action::CredentialRefused.name(),
                "an older version published this key; `decant demo --rows 0` gives the demo's users new ones"
            );
            return Ok(None);
        }
        match self.find(|_| WITH_TEXT.to_owned(), key).await {
            // The database's encoding has not all characters of this text, so no key there has them.
            Err(error) if is_unconvertible(&error) => Ok(None),
            keys => Ok(one_of(&keys?)),
        }
    }

    /// Returns the key with this id if it is still good and still has web access: a session needs both. It has the rights
    /// that [`Self::by_key`] gives to its text.
    ///
    /// # Errors
    /// If the database cannot be queried.
    pub(super) async fn by_id(&self, id: i64) -> sqlx::Result<Option<HubKey>> {
        Ok(self.good_key(id).await?.filter(|key| key.web_access))
    }

    /// Returns the key with this id if it is still good, with or without web access. It has the rights that
    /// [`Self::by_key`] gives to its text.
    ///
    /// # Errors
    /// If the database cannot be queried.
    pub(super) async fn good_key(&self, id: i64) -> sqlx::Result<Option<HubKey>> {
        let with_text_of_id = |schema: &str| {
            format!(
                "k.key operator(pg_catalog.=) \
                 (select s.key from {schema}.keys s where s.id operator(pg_catalog.=) $1)"
            )
        };
        let keys = self.find(with_text_of_id, id).await?;
        let is_good = keys.iter().any(|key| key.id == id);
        Ok(one_of(&keys).filter(|_| is_good))
    }

    /// Returns the name of the user with this id, or `None` unless the user is enabled, not deleted and not expired.
    ///
    /// # Errors
    /// If the database cannot be queried. A database without the hub's tables has no users.
    pub(super) async fn user_name(&self, id: i64) -> sqlx::Result<Option<String>> {
        let select = |schema: &str| {
            format!(
                "select u.name::pg_catalog.text as name from {schema}.users u \
                 where u.id operator(pg_catalog.=) $1 and {GOOD_USER}"
            )
        };
        let users = self.rows(select, |query| query.bind(id)).await?;
        users.first().map(|user| user.try_get("name")).transpose()
    }

    /// Returns the keys that are enabled, not deleted and not expired, of users to whom the same applies. `condition` is
    /// made of the quoted schema, and `value` is its `$1`.
    async fn find<'v, V>(&self, condition: impl FnOnce(&str) -> String, value: V) -> sqlx::Result<Vec<HubKey>>
    where
        V: Encode<'v, Postgres> + Type<Postgres> + 'v,
    {
        let select = |schema: &str| select_keys(schema, &condition(schema));
        // No good key begins with the prefix.
        let keys = self
            .rows(select, |query| query.bind(value).bind(PUBLISHED_KEY_PREFIX))
            .await?;
        keys.iter().map(hub_key).collect()
    }

    /// Returns the rows of a statement on the hub's tables, which `select` makes of their quoted schema.
    async fn rows(
        &self,
        select: impl FnOnce(&str) -> String,
        bind: impl FnOnce(Query<'_, Postgres, PgArguments>) -> Query<'_, Postgres, PgArguments>,
    ) -> sqlx::Result<Vec<PgRow>> {
        let mut connection = self.source.for_sign_in().await?;
        let schema = match self.tables.check(&mut connection, TABLES).await {
            Ok(schema) => schema,
            // This database is not a hub's.
            Err(HubTableError::Missing(_)) => return Ok(Vec::new()),
            Err(HubTableError::Database(error)) => return Err(error),
            Err(untrusted) => {
                if self.warnings.is_due() {
                    tracing::warn!(%untrusted, "sign-in with keys of the hub is off");
                }
                return Ok(Vec::new());
            }
        };
        // SQL: conditions are constants, and PostgreSQL quotes the schema.
        let question = bind(query(AssertSqlSafe(select(&schema))));
        match question.fetch_all(&mut *connection).await {
            Err(error) if is_undefined_column(&error) => {
                if self.warnings.is_due() {
                    tracing::warn!("{}", of_missing_column(&error));
                }
                Ok(Vec::new())
            }
            answer => answer,
        }
    }
}

/// Returns the statement that finds good keys of good users. `$2` is a prefix that no good key has.
fn select_keys(schema: &str, condition: &str) -> String {
    format!(
        "select k.id::bigint as key, u.id::bigint as user_id, u.name::pg_catalog.text as name, \
         u.role::pg_catalog.text as role, coalesce(k.can_login_web_ui, false) as web, \
         k.key::pg_catalog.text as text \
         from {schema}.keys k join {schema}.users u on u.id operator(pg_catalog.=) k.user_id where {condition} \
         and not pg_catalog.starts_with(k.key::pg_catalog.text, $2) \
         and coalesce(k.is_enabled, true) and k.deleted_at is null \
         and (k.expires_at is null or k.expires_at operator(pg_catalog.>) pg_catalog.now()) \
         and {GOOD_USER} order by k.id"
    )
}

/// Returns whether the tables lack a column: they are those of an older hub, or of another program.
fn is_undefined_column(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.as_deref() == Some("42703")
}

fn of_missing_column(error: &sqlx::Error) -> String {
    format!(
        "sign-in with keys of the hub is off: {}. The tables keys and users are those of an older hub, or of another program",
        database_message(error)
    )
}

/// Returns whether a value has characters that the encoding of the database does not have (SQLSTATE 22P05), or that are no
/// characters of it (22021).
fn is_unconvertible(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("22P05" | "22021"))
}

/// Returns the key of these rows, which have the same text; `None` if there is none or several users have it.
///
/// A user may have several rows with one key. The row with the fewest rights counts, because the key may have been handed out
/// with those rights in mind.
fn one_of(keys: &[HubKey]) -> Option<HubKey> {
    let least = keys.iter().min_by_key(|key| key.web_access)?;
    if keys.iter().any(|key| key.caller.subject != least.caller.subject) {
        tracing::warn!(
            action = Action::CredentialRefused.name(),
            "the same key belongs to several users"
        );
        return None;
    }
    Some(least.clone())
}

fn hub_key(row: &PgRow) -> sqlx::Result<HubKey> {
    let role: Option<String> = row.try_get("role")?;
    let (id, web_access) = (row.try_get("key")?, row.try_get("web")?);
    Ok(HubKey {
        id,
        web_access,
        digest: KeyDigest::of(row.try_get("text")?),
        caller: Caller {
            subject: Subject::HubUser(row.try_get("user_id")?),
            name: row.try_get("name")?,
            // The hub gives a key without web access, its default, the owner's usage and no administration, also where the
            // owner is an administrator: such keys are handed to programs.
            role: match role.as_deref() == Some("admin") && web_access {
                true => Role::Admin,
                false => Role::User,
            },
            credential: CredentialKind::HubKey,
            credential_id: CredentialId::HubKey(id),
            membership: None,
        },
    })
}
