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

/// The beginning of the keepers' names.
const KEEPER_PREFIX: &str = "decant_keeper_";

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
    #[serde(rename = "keep")]
    Keep,
}

impl LoadRole {
    /// Creates a role with a random password. Returns `None` where Decant's role may not do that.
    pub async fn create(maintenance: &mut PgConnection, live: &str) -> sqlx::Result<Option<Self>> {
        let (is_superuser, may_create) = rights(maintenance).await?;
        if !is_superuser && !may_create {
            return Self::of_the_private_postgresql(maintenance).await;
        }
        let name = random_name(NAME_PREFIX);
        let password = Alphanumeric.sample_string(&mut rand::rng(), PASSWORD_CHARACTERS);
        let mut transaction = maintenance.begin().await?;
        let create =
            "create role %I login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password %L";
        run(&mut transaction, create, [&name, &password]).await?;
        complete(&mut transaction, &name, Kind::Load, live, is_superuser).await?;
        transaction.commit().await?;
        Ok(Some(Self {
            name,
            password: Some(password.into()),
            is_temporary: true,
            is_optional: !is_superuser,
        }))
    }

    /// Returns whether such a role can be created here.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn is_available(maintenance: &mut PgConnection) -> sqlx::Result<bool> {
        let (is_superuser, may_create) = rights(maintenance).await?;
        Ok(is_superuser || may_create || Self::of_the_private_postgresql(maintenance).await?.is_some())
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

/// Returns whether Decant's role is a superuser, and whether it may create roles.
async fn rights(connection: &mut PgConnection) -> sqlx::Result<(bool, bool)> {
    query_as("select rolsuper, rolcreaterole from pg_catalog.pg_roles where rolname operator(pg_catalog.=) current_user")
        .fetch_one(connection)
        .await
}

/// Returns whether Decant's role is a superuser.
///
/// # Errors
/// The database does not answer.
pub(super) async fn is_superuser(live: &Dsn) -> sqlx::Result<bool> {
    let mut connection = session::open(live, "decant restore").await?;
    let (is_superuser, _) = rights(&mut connection).await?;
    let _ = connection.close().await;
    Ok(is_superuser)
}

fn random_name(prefix: &str) -> String {
    let random = Alphanumeric.sample_string(&mut rand::rng(), NAME_CHARACTERS);
    format!("{prefix}{}", random.to_lowercase())
}

/// Completes a new role with its comment, and makes Decant's role a member of it: only a member may take objects from it.
async fn complete(
    transaction: &mut PgConnection,
    name: &str,
    decant: Kind,
    live: &str,
    is_superuser: bool,
) -> sqlx::Result<()> {
    let comment = RoleComment {
        decant,
        of: live.to_owned(),
    };
    let comment = serde_json::to_string(&comment).expect("a comment consists of texts");
    run(transaction, "comment on role %I is %L", [name, &comment]).await?;
    if !is_superuser {
        run(transaction, "grant %I to current_user", [name]).await?;
    }
    Ok(())
}

/// Creates a keeper in an open transaction: a role without rights that cannot log in. It owns objects whose own owner cannot
/// get them, so their code gains no rights, and no check of Decant's trusts them. Returns its name.
///
/// # Errors
/// The database does not answer, or Decant's role may not create roles.
pub(super) async fn create_keeper(transaction: &mut PgConnection, live: &str) -> sqlx::Result<String> {
    let name = random_name(KEEPER_PREFIX);
    let create = "create role %I nologin nosuperuser nocreatedb nocreaterole noreplication nobypassrls";
    run(transaction, create, [&name]).await?;
    let (is_superuser, _) = rights(transaction).await?;
    complete(transaction, &name, Kind::Keep, live, is_superuser).await?;
    Ok(name)
}

/// Drops the keepers of this live database that own nothing any more.
///
/// # Errors
/// The server does not answer.
pub(super) async fn drop_unused_keepers(maintenance: &mut PgConnection, live: &str) -> sqlx::Result<()> {
    for name in roles_of(maintenance, KEEPER_PREFIX, live).await? {
        match run(maintenance, "drop role %I", [&name]).await {
            // It owns objects of a database.
            Ok(()) | Err(sqlx::Error::Database(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
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
    let names = roles_of(maintenance, NAME_PREFIX, live).await?;
    let mut left: Vec<LoadRole> = names
        .into_iter()
        .map(|name| LoadRole {
            name,
            password: None,
            is_temporary: true,
            is_optional: false,
        })
        .collect();
    left.extend(LoadRole::of_the_private_postgresql(maintenance).await?);
    Ok(left)
}

/// Returns the roles whose name begins like this, and that were created for this live database.
async fn roles_of(maintenance: &mut PgConnection, prefix: &str, live: &str) -> sqlx::Result<Vec<String>> {
    let rows: Vec<(String, String)> = query_as(
        "select rolname::pg_catalog.text, comment \
         from pg_catalog.pg_roles, pg_catalog.shobj_description(oid, 'pg_authid') comment \
         where pg_catalog.starts_with(comment, '{\"decant\":') \
         and pg_catalog.starts_with(rolname::pg_catalog.text, $1)",
    )
    .bind(prefix)
    .fetch_all(maintenance)
    .await?;
    let is_of_live = |comment: &str| {
        let comment = serde_json::from_str::<RoleComment>(comment);
        comment.is_ok_and(|comment| comment.of == live)
    };
    let roles = rows.into_iter().filter(|(_, comment)| is_of_live(comment));
    Ok(roles.map(|(name, _)| name).collect())
}
