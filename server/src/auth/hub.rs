//! Users of the hub sign in with their API key, as they do there (`keys` and `users` of the exported database).

use decant_demo::PUBLISHED_KEY_PREFIX;
use sqlx::postgres::PgRow;
use sqlx::{Row, query};

use super::caller::{Caller, Role};
use crate::app::App;
use crate::error::ApiError;

/// A key that is enabled, not deleted, not expired, and whose user is none of these either. `$2` is
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

/// The caller whom this key belongs to, with the key's id. A string that is a good key of two users is nobody's.
pub async fn by_key(app: &App, key: &str) -> Result<Option<(i64, Caller)>, ApiError> {
    if key.starts_with(PUBLISHED_KEY_PREFIX) {
        tracing::warn!(
            action = "credential_refused",
            "an older version published this key; `decant demo --rows 0` gives the demo's users new ones"
        );
        return Ok(None);
    }
    let rows = find(
        app,
        query(good_keys!("k.key operator(pg_catalog.=) $1")).bind(key),
    )
    .await?;
    let callers = rows.iter().map(caller).collect::<sqlx::Result<Vec<_>>>()?;
    // Of a user's several rows with this key, the one with the fewest rights counts: each of them was handed out.
    let least = callers
        .iter()
        .min_by_key(|(_, caller)| caller.role == Role::Admin);
    match least {
        Some(least) if callers.iter().all(|(_, other)| other.user_id == least.1.user_id) => {
            Ok(Some(least.clone()))
        }
        Some(_) => {
            tracing::warn!(
                action = "credential_refused",
                "the same key belongs to several users"
            );
            Ok(None)
        }
        None => Ok(None),
    }
}

/// Returns the caller of a session that the key of this id began. The key must still be good and must still have web
/// access, without which no session can be started.
pub async fn by_id(app: &App, id: i64) -> Result<Option<Caller>, ApiError> {
    let rows = find(
        app,
        query(good_keys!(
            "k.id operator(pg_catalog.=) $1 and k.can_login_web_ui"
        ))
        .bind(id),
    )
    .await?;
    Ok(rows.first().map(caller).transpose()?.map(|(_, caller)| caller))
}

/// Whether the key of this id may be used to sign in to a page.
pub async fn may_use_web(app: &App, id: i64) -> Result<bool, ApiError> {
    let rows = find(app, query(good_keys!("k.id operator(pg_catalog.=) $1")).bind(id)).await?;
    Ok(rows
        .first()
        .map(|row| row.try_get("web"))
        .transpose()?
        .unwrap_or(false))
}

type Asked<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

async fn find(app: &App, asked: Asked<'_>) -> Result<Vec<PgRow>, ApiError> {
    let mut connection = app.source.for_query().await?;
    let asked = asked.bind(PUBLISHED_KEY_PREFIX);
    match asked.fetch_all(&mut *connection).await {
        // This database is not a hub's: it has no such keys.
        Err(sqlx::Error::Database(error)) if matches!(error.code().as_deref(), Some("42P01" | "42703")) => {
            Ok(Vec::new())
        }
        answer => Ok(answer?),
    }
}

fn caller(row: &PgRow) -> sqlx::Result<(i64, Caller)> {
    let role: Option<String> = row.try_get("role")?;
    // The hub gives an administrator's key without web access, its default, the owner's usage and no administration:
    // such keys are handed to programs.
    let role = if role.as_deref() == Some("admin") && row.try_get("web")? {
        Role::Admin
    } else {
        Role::User
    };
    Ok((
        row.try_get("key")?,
        Caller {
            name: row.try_get("name")?,
            role,
            user_id: Some(row.try_get("user_id")?),
        },
    ))
}
