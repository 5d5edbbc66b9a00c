//! Users of the hub sign in with their API key, as they do in the hub: tables `keys` and `users` of the exported database.

use api::login::Role;
use decant_demo::PUBLISHED_KEY_PREFIX;
use sqlx::postgres::PgRow;
use sqlx::{Row, query};

use super::caller::Caller;
use crate::audit::Action;
use crate::source::Source;

/// Selects keys that are enabled, not deleted and not expired, of users to whom the same applies. `$2` is
/// [`PUBLISHED_KEY_PREFIX`], with which no good key begins.
macro_rules! good_keys {
    ($condition:literal) => {
        concat!(
            "select k.id::bigint as key, u.id::bigint as user_id, u.name::pg_catalog.text as name, \
             u.role::pg_catalog.text as role, \
             coalesce(k.can_login_web_ui, false) as web \
             from keys k join users u on u.id operator(pg_catalog.=) k.user_id where ",
            $condition,
            " and not pg_catalog.starts_with(k.key::pg_catalog.text, $2) \
             and coalesce(k.is_enabled, true) and k.deleted_at is null \
             and (k.expires_at is null or k.expires_at operator(pg_catalog.>) pg_catalog.now()) \
             and coalesce(u.is_enabled, true) and u.deleted_at is null \
             and (u.expires_at is null or u.expires_at operator(pg_catalog.>) pg_catalog.now()) order by k.id"
        )
    };
}

/// Looks up the hub's users by their keys.
#[derive(Clone, Debug)]
pub struct HubUsers {
    source: Source,
}

/// A good key of the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubKey {
    /// `keys.id`: a session names it, so that the key can be looked up again.
    pub id: i64,
    /// Whether it may be used to sign in to a page (`can_login_web_ui`).
    pub web_access: bool,
    pub caller: Caller,
}

impl HubUsers {
    /// Looks them up in this database.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self { source }
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
        let keys = self
            .find(query(good_keys!("k.key operator(pg_catalog.=) $1")).bind(key))
            .await?;
        // A user may have several rows with one key. The row with the fewest rights counts, because the key may have been
        // handed out with those rights in mind.
        let Some(least) = keys.iter().min_by_key(|key| key.web_access) else {
            return Ok(None);
        };
        if keys.iter().any(|key| key.caller.user_id != least.caller.user_id) {
            tracing::warn!(
                action = Action::CredentialRefused.name(),
                "the same key belongs to several users"
            );
            return Ok(None);
        }
        Ok(Some(least.clone()))
    }

    /// Returns the key with this id if it is still good and still has web access: a session needs both.
    ///
    /// # Errors
    /// If the database cannot be queried.
    pub(super) async fn by_id(&self, id: i64) -> sqlx::Result<Option<HubKey>> {
        let question = query(good_keys!(
            "k.id operator(pg_catalog.=) $1 and k.can_login_web_ui"
        ))
        .bind(id);
        Ok(self.find(question).await?.into_iter().next())
    }

    async fn find(
        &self,
        question: sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments>,
    ) -> sqlx::Result<Vec<HubKey>> {
        let mut connection = self.source.for_query().await?;
        let question = question.bind(PUBLISHED_KEY_PREFIX);
        match question.fetch_all(&mut *connection).await {
            // `undefined_table` and `undefined_column`: this database is not a hub's.
            Err(sqlx::Error::Database(error))
                if matches!(error.code().as_deref(), Some("42P01" | "42703")) =>
            {
                Ok(Vec::new())
            }
            answer => answer?.iter().map(hub_key).collect(),
        }
    }
}

fn hub_key(row: &PgRow) -> sqlx::Result<HubKey> {
    let role: Option<String> = row.try_get("role")?;
    let web_access = row.try_get("web")?;
    Ok(HubKey {
        id: row.try_get("key")?,
        web_access,
        caller: Caller {
            name: row.try_get("name")?,
            // The hub gives a key without web access, its default, the owner's usage and no administration, also where the
            // owner is an administrator: such keys are handed to programs.
            role: match role.as_deref() == Some("admin") && web_access {
                true => Role::Admin,
                false => Role::User,
            },
            user_id: Some(row.try_get("user_id")?),
        },
    })
}
