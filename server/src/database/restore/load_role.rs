//! The role that loads a dump into a staging database.
//!
//! A dump is code: functions in constraints, defaults and indexes run while it is loaded, and its table of contents may hold
//! any statement. So it is loaded over a connection of its own, logged in as a role that owns the staging database and
//! nothing else. `SET SESSION AUTHORIZATION` would be no containment, because a dump can reset it.

use rand::distr::{Alphanumeric, SampleString};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sqlx::{Connection, PgConnection, query_as, query_scalar};

use super::statement::run;
use crate::database::session;
use crate::dsn::Dsn;

/// The role of the private PostgreSQL, whose own role may not create roles. It needs no password there.
const OF_THE_PRIVATE_POSTGRESQL: &str = decant_embedded::LOAD_ROLE;

/// The beginning of the other load roles' names.
const NAME_PREFIX: &str = "decant_load_";

/// The random part of the name.
const NAME_CHARACTERS: usize = 16;

const PASSWORD_CHARACTERS: usize = 40;

/// A role that owns nothing but one staging database.
pub(super) struct LoadRole {
    pub name: String,
    /// `None` for the role of the private PostgreSQL, and for one that a crash has left.
    password: Option<SecretString>,
    /// Whether it was created for one restore.
    pub is_temporary: bool,
    /// Whether Decant's own role may load the dump if this one may not log in.
    pub is_optional: bool,
}

/// The comment of a load role. Decant finds one by it that a crash has left.
#[derive(Serialize, Deserialize)]
struct RoleComment {
    decant: Kind,
    /// The name of the live database.
    of: String,
}

#[derive(Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "load")]
    Load,
}

impl LoadRole {
    /// Creates a role with a random password. Returns `None` where Decant's role may not do that.
    pub async fn create(maintenance: &mut PgConnection, live: &str) -> sqlx::Result<Option<Self>> {
        let (is_superuser, may_create): (bool, bool) = query_as(
            "select rolsuper, rolcreaterole from pg_catalog.pg_roles where rolname operator(pg_catalog.=) current_user",
        )
        .fetch_one(&mut *maintenance)
        .await?;
        if !is_superuser && !may_create {
            return Self::of_the_private_postgresql(maintenance).await;
        }
        let random = |characters| Alphanumeric.sample_string(&mut rand::rng(), characters);
        let name = format!("{NAME_PREFIX}{}", random(NAME_CHARACTERS).to_lowercase());
        let password = random(PASSWORD_CHARACTERS);
        let comment = RoleComment {
            decant: Kind::Load,
            of: live.to_owned(),
        };
        let comment = serde_json::to_string(&comment).expect("a comment consists of texts");
        let mut transaction = maintenance.begin().await?;
        let create =
            "create role %I login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password %L";
        run(&mut transaction, create, [&name, &password]).await?;
        run(&mut transaction, "comment on role %I is %L", [&name, &comment]).await?;
        if !is_superuser {
            // Decant's role takes the objects from it, which only a member may do.
            run(&mut transaction, "grant %I to current_user", [&name]).await?;
        }
        transaction.commit().await?;
        Ok(Some(Self {
            name,
            password: Some(password.into()),
            is_temporary: true,
            is_optional: !is_superuser,
        }))
    }

    async fn of_the_private_postgresql(maintenance: &mut PgConnection) -> sqlx::Result<Option<Self>> {
        let is_usable = query_scalar(
            "select pg_catalog.pg_has_role(oid, 'member') and not rolsuper from pg_catalog.pg_roles \
             where rolname operator(pg_catalog.=) $1",
        )
        .bind(OF_THE_PRIVATE_POSTGRESQL)
        .fetch_optional(maintenance)
        .await?;
        Ok((is_usable == Some(true)).then(|| Self {
            name: OF_THE_PRIVATE_POSTGRESQL.to_owned(),
            password: None,
            is_temporary: false,
            is_optional: false,
        }))
    }

    /// Returns the address of a database for this role.
    #[must_use]
    pub fn dsn(&self, database: &Dsn) -> Dsn {
        database.with_role(&self.name, self.password.as_ref())
    }

    /// Removes settings that an earlier dump may have given the role, so that they do not apply to the login. Decant's session
    /// acts as the role for that, because a role may reset only its own settings.
    ///
    /// # Errors
    /// The server does not answer, or Decant's role is not a member of the role.
    pub async fn reset_settings(&self, maintenance: &mut PgConnection) -> sqlx::Result<()> {
        let databases: Vec<String> = query_scalar(
            "select d.datname::pg_catalog.text from pg_catalog.pg_db_role_setting s \
             join pg_catalog.pg_database d on d.oid operator(pg_catalog.=) s.setdatabase \
             where pg_catalog.pg_get_userbyid(s.setrole) operator(pg_catalog.=) $1",
        )
        .bind(&self.name)
        .fetch_all(&mut *maintenance)
        .await?;
        let mut transaction = maintenance.begin().await?;
        run(&mut transaction, "set local role %I", [&self.name]).await?;
        run(&mut transaction, "alter role %I reset all", [&self.name]).await?;
        for database in &databases {
            let reset = "alter role %I in database %I reset all";
            run(&mut transaction, reset, [&self.name, database]).await?;
        }
        transaction.commit().await
    }

    /// Logs in to the staging database.
    ///
    /// # Errors
    /// The role may not log in ([`is_refused`]): `pg_hba.conf` does not allow it, or a pooler does not know the role. Or the
    /// server does not answer.
    pub async fn check_login(&self, staging: &Dsn) -> sqlx::Result<()> {
        let connection = session::open(&self.dsn(staging), "decant restore").await?;
        connection.close().await
    }

    /// Drops the role, once it owns nothing any more. If that fails, the next restore tries it again.
    pub async fn drop(self, maintenance: &mut PgConnection) {
        if !self.is_temporary {
            return;
        }
        // The privileges that it had on tablespaces.
        let dropped = match run(maintenance, "drop owned by %I", [&self.name]).await {
            Ok(()) => run(maintenance, "drop role %I", [&self.name]).await,
            Err(error) => Err(error),
        };
        if let Err(error) = dropped {
            tracing::warn!(role = self.name, %error, "the role that has loaded a dump could not be dropped");
        }
    }
}

/// Returns whether a role may not log in at all. Any other error may be gone with the next try, or others may cause it on
/// purpose, such as too many connections.
pub(super) fn is_refused(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    match error.code().as_deref() {
        // PgBouncer has one code for all errors of a connection.
        Some("08P01") => ["no such user", "does not exist", "authentication failed"]
            .iter()
            .any(|text| error.message().contains(text)),
        // Class 28: invalid authorization.
        Some(code) => code.starts_with("28"),
        None => false,
    }
}

/// Returns the load roles that crashes may have left for this live database.
pub(super) async fn left(maintenance: &mut PgConnection, live: &str) -> sqlx::Result<Vec<LoadRole>> {
    let rows: Vec<(String, String)> = query_as(
        "select rolname::pg_catalog.text, comment \
         from pg_catalog.pg_roles, pg_catalog.shobj_description(oid, 'pg_authid') comment \
         where pg_catalog.starts_with(comment, '{\"decant\":') \
         and pg_catalog.starts_with(rolname::pg_catalog.text, $1)",
    )
    .bind(NAME_PREFIX)
    .fetch_all(&mut *maintenance)
    .await?;
    let of_live = |(name, comment): (String, String)| {
        let comment: RoleComment = serde_json::from_str(&comment).ok()?;
        (comment.of == live).then(|| LoadRole {
            name,
            password: None,
            is_temporary: true,
            is_optional: false,
        })
    };
    let mut left: Vec<LoadRole> = rows.into_iter().filter_map(of_live).collect();
    left.extend(LoadRole::of_the_private_postgresql(maintenance).await?);
    Ok(left)
}
