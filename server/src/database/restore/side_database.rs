//! Databases beside the live one: staging databases, which restores fill, and the databases that they have replaced.
//!
//! The comment of each such database contains its role in JSON. Decant finds them by it, also after a crash, whatever their
//! names are.

use std::time::Duration;

use api::restore::{SideDatabase, SideDatabaseRole};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, query, query_as, query_scalar};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::error::{NotAllowed, RestoreError};
use super::load_role::{self, LoadRole, is_refused};
use super::outcome::Outcome;
use super::public_schema;
use super::roles::Roles;
use super::statement::{execute, render, run};
use crate::database::lock::LockGuard;
use crate::database::maintenance::{self, is_closed};
use crate::database::session;
use crate::dsn::Dsn;

/// The name of sessions that create, rename and drop databases.
const SESSION: &str = "decant restore";

/// A name has at most 63 bytes, and the suffix needs 24 of them.
const NAME_BYTES_MAX: usize = 39;

/// How often other sessions are terminated during a rename, which PostgreSQL lets wait for them for five seconds.
const TERMINATE_INTERVAL: Duration = Duration::from_millis(100);

/// How often the rename is tried. A finished restore waits a minute for sessions that Decant's role may not terminate.
const RENAMES_MAX: u32 = 12;

/// How long PostgreSQL is asked for the outcome of a swap whose answer was lost. A server that has crashed often answers
/// again within it.
const OUTCOME_MAX: Duration = Duration::from_mins(1);

/// How long such sessions may take to end before the dump is loaded. A monitor's session is often short.
const FOREIGN_SESSIONS_MAX: Duration = Duration::from_secs(2);

/// SQL that is true for a session `a` of `pg_stat_activity` that the current role may terminate, as
/// `pg_signal_backend` in PostgreSQL's `signalfuncs.c` decides. Only background processes have no role; PostgreSQL itself
/// ends those that are in the way of a rename.
const MAY_TERMINATE: &str = "exists (select from pg_catalog.pg_roles me, pg_catalog.pg_roles other \
     where me.rolname operator(pg_catalog.=) current_user and other.oid operator(pg_catalog.=) a.usesysid \
     and (me.rolsuper or (not other.rolsuper and (pg_catalog.pg_has_role(other.oid, 'usage') \
                                                  or pg_catalog.pg_has_role('pg_signal_backend', 'usage')))))";

/// Returns the part of the database's name that shows its role.
fn word(role: SideDatabaseRole) -> &'static str {
    match role {
        SideDatabaseRole::Staging => "restore",
        SideDatabaseRole::Previous => "before",
        SideDatabaseRole::RolledBack => "undone",
    }
}

/// The comment of a database beside the live one.
#[derive(Debug, Serialize, Deserialize)]
struct DatabaseComment {
    decant: SideDatabaseRole,
    /// The name of the live database.
    of: String,
    since: Timestamp,
    /// The comment that the database has when it is the live one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

/// A database that a restore fills.
pub struct StagingDatabase {
    maintenance: PgConnection,
    live: Dsn,
    name: String,
    /// The owner of the live database.
    owner: String,
    /// The role of `maintenance`, which is Decant's.
    own_role: String,
    load_role: Option<LoadRole>,
    /// The comment that the database gets with the swap.
    comment: Option<String>,
    /// What an administrator must know of its creation, a sentence each.
    pub warnings: Vec<String>,
}

/// Returns the statement that creates a database `$2` of the owner `$3` with the encoding, the locale and the tablespace of
/// `$1`. `to_jsonb`, because the columns for the locale differ between versions of PostgreSQL.
const CREATE: &str = "\
select pg_catalog.format('create database %I template template0 encoding %L lc_collate %L lc_ctype %L owner %I%s%s', $2, \
    pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype, $3, \
    case when j operator(pg_catalog.->>) 'datlocprovider' operator(pg_catalog.=) 'c' then ' locale_provider libc' \
         when j operator(pg_catalog.->>) 'datlocprovider' operator(pg_catalog.=) 'b' \
         then pg_catalog.format(' locale_provider builtin builtin_locale %L', j operator(pg_catalog.->>) 'datlocale') \
         when j operator(pg_catalog.->>) 'datlocprovider' operator(pg_catalog.=) 'i' \
         then pg_catalog.format(' locale_provider icu icu_locale %L%s', coalesce( \
                  j operator(pg_catalog.->>) 'datlocale', j operator(pg_catalog.->>) 'daticulocale'), \
              case when j operator(pg_catalog.->>) 'daticurules' is not null \
                   then pg_catalog.format(' icu_rules %L', j operator(pg_catalog.->>) 'daticurules') end) end, \
    case when spcname operator(pg_catalog.<>) 'pg_default' then pg_catalog.format(' tablespace %I', spcname) end) \
from pg_catalog.pg_database d join pg_catalog.pg_tablespace t on t.oid operator(pg_catalog.=) d.dattablespace, \
    pg_catalog.to_jsonb(d) j \
where datname operator(pg_catalog.=) $1";

impl StagingDatabase {
    /// Creates a database that will take the place of the live one. The swap ends the sessions of the live one, so it must be
    /// allowed to.
    ///
    /// # Errors
    /// As [`Self::create`]. [`RestoreError::NotAllowed`]: a session belongs to a role whose sessions Decant's role may not
    /// terminate.
    pub async fn create_for_swap(live: &Dsn) -> Result<Self, RestoreError> {
        let mut maintenance = maintenance(live).await?;
        check_rights(&mut maintenance, live).await?;
        let began = Instant::now();
        let foreign = loop {
            let foreign = foreign_sessions(&mut maintenance, &[live.database()]).await?;
            if foreign.is_empty() || began.elapsed() > FOREIGN_SESSIONS_MAX {
                break foreign;
            }
            sleep(TERMINATE_INTERVAL).await;
        };
        if !foreign.is_empty() {
            let is_plain = foreign.iter().any(|session| !session.is_superuser);
            let names = names_of(&foreign);
            return Err(RestoreError::NotAllowed(
                match is_plain && LoadRole::is_available(&mut maintenance).await? {
                    true => NotAllowed::TerminatePlain(names),
                    false => NotAllowed::Terminate(names),
                },
            ));
        }
        let _ = maintenance.close().await;
        let staging = Self::create(live).await?;
        match public_schema::foreign_owner(&staging.dsn(), live).await {
            Ok(None) => Ok(staging),
            refused => {
                staging.drop().await;
                let owner = refused?.unwrap_or_default();
                Err(RestoreError::NotAllowed(NotAllowed::PublicSchema(owner)))
            }
        }
    }

    /// Creates an empty database with the encoding and the locale of the live one. It belongs to the role that loads the
    /// dump, or to the owner of the live database where such a role cannot be created.
    ///
    /// # Errors
    /// [`RestoreError::NotAllowed`]: the role may not create it. [`RestoreError::LoadRole`]: a role that must load the dump may
    /// not log in. [`RestoreError::Database`].
    pub async fn create(live: &Dsn) -> Result<Self, RestoreError> {
        let mut maintenance = maintenance(live).await?;
        check_rights(&mut maintenance, live).await?;
        remove_left_load_roles(&mut maintenance, live.database()).await?;
        let (owner, own_role): (String, String) = query_as(
            "select pg_catalog.pg_get_userbyid(datdba)::pg_catalog.text, current_user::pg_catalog.text \
             from pg_catalog.pg_database where datname operator(pg_catalog.=) $1",
        )
        .bind(live.database())
        .fetch_one(&mut maintenance)
        .await?;
        let load_role = LoadRole::create(&mut maintenance, live.database()).await?;
        let since = Timestamp::now();
        let name = name_beside(live.database(), SideDatabaseRole::Staging, since);
        let create: String = query_scalar(CREATE)
            .bind(live.database())
            .bind(&name)
            .bind(load_role.as_ref().map_or(&owner, |role| &role.name))
            .fetch_one(&mut maintenance)
            .await?;
        if let Err(error) = execute(&mut maintenance, create).await {
            if let Some(role) = load_role {
                role.drop(&mut maintenance).await;
            }
            return Err(match error {
                sqlx::Error::Database(refused) if refused.code().as_deref() == Some("42501") => {
                    RestoreError::NotAllowed(NotAllowed::CreateLike(refused.message().to_owned()))
                }
                error => error.into(),
            });
        }
        let mut staging = Self {
            maintenance,
            live: live.clone(),
            name,
            owner,
            own_role,
            load_role,
            comment: None,
            warnings: Vec::new(),
        };
        if let Err(error) = staging.prepare(since).await {
            staging.drop().await;
            return Err(error);
        }
        // A pooler may have a list of the databases that it serves, or pg_hba.conf one of those that are open.
        match session::open(&staging.dsn(), SESSION).await {
            Ok(connection) => {
                let _ = connection.close().await;
                Ok(staging)
            }
            Err(error) => {
                staging.drop().await;
                match is_closed(&error) {
                    true => Err(RestoreError::NotAllowed(NotAllowed::ConnectToStaging)),
                    false => Err(error.into()),
                }
            }
        }
    }

    /// Replaces the comment that the database gets with the swap, which is that of the live one.
    pub fn keep_comment(&mut self, comment: String) {
        self.comment = Some(comment);
    }

    async fn write_comment(&mut self, since: Timestamp) -> sqlx::Result<()> {
        let comment = DatabaseComment {
            decant: SideDatabaseRole::Staging,
            of: self.live.database().to_owned(),
            since,
            comment: self.comment.clone(),
        };
        comment.write(&mut self.maintenance, &self.name).await
    }

    async fn prepare(&mut self, since: Timestamp) -> Result<(), RestoreError> {
        // It holds all rows of the live database, which may be closed to others. The swap copies the live one's privileges.
        revoke_all(&mut self.maintenance, &self.name).await?;
        self.comment = comment_of(&mut self.maintenance, self.live.database()).await?;
        self.write_comment(since).await?;
        let Some(role) = &self.load_role else {
            return Ok(());
        };
        role.reset_settings(&mut self.maintenance).await?;
        match role.check_login(&self.dsn()).await {
            Ok(()) => Ok(()),
            Err(error) if is_refused(&error) && role.is_optional => {
                self.warnings.push(format!(
                    "Decant's own role has loaded the dump, and the code in the dump has run with its rights, because a role \
                     that Decant has created for that may not log in: {error}"
                ));
                Ok(self.remove_load_role().await?)
            }
            Err(error) if is_refused(&error) => Err(RestoreError::LoadRole(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the address for Decant's own role.
    #[must_use]
    pub fn dsn(&self) -> Dsn {
        self.live.with_database(&self.name)
    }

    /// Returns the name and the address of the role that loads the dump, or `None` if Decant's own role loads it.
    #[must_use]
    pub(super) fn load_role(&self) -> Option<(String, Dsn)> {
        let role = self.load_role.as_ref();
        role.map(|role| (role.name.clone(), role.dsn(&self.dsn())))
    }

    /// Removes settings that the dump may have given the database and the role that loads it, because they would apply to its
    /// next login.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn reset_load_role(&mut self) -> sqlx::Result<()> {
        let Some(role) = &self.load_role else {
            return Ok(());
        };
        role.reset_settings(&mut self.maintenance).await?;
        run(&mut self.maintenance, "alter database %I reset all", [&self.name]).await
    }

    /// Returns the roles that own the objects before and after they are given to their owners.
    #[must_use]
    pub(super) fn roles(&self) -> Roles<'_> {
        match &self.load_role {
            Some(role) => Roles {
                holder: &role.name,
                fallback: &self.owner,
                keeper_for: role.is_temporary.then(|| self.live.database()),
            },
            None => Roles {
                holder: &self.own_role,
                fallback: &self.own_role,
                keeper_for: None,
            },
        }
    }

    /// Gives the database to the owner of the live one, removes the properties that the dump may have given it, and drops the
    /// role that has loaded it. The role must own nothing in the database.
    ///
    /// # Errors
    /// The database does not answer, or Decant's role may not give it away.
    pub async fn remove_load_role(&mut self) -> sqlx::Result<()> {
        if self.load_role.is_none() {
            return Ok(());
        }
        let Self {
            maintenance,
            name,
            owner,
            ..
        } = self;
        // The owner comes first, because the privileges follow it.
        let given = "alter database %I owner to %I";
        run(maintenance, given, [name.as_str(), owner.as_str()]).await?;
        for reset in [
            "alter database %I is_template false",
            "alter database %I reset all",
        ] {
            run(maintenance, reset, [name.as_str()]).await?;
        }
        revoke_all(maintenance, name).await?;
        if let Some(role) = self.load_role.take() {
            role.drop(&mut self.maintenance).await;
        }
        Ok(())
    }

    /// Drops it. If that fails, the list of side databases still contains it.
    pub async fn drop(mut self) {
        // The swap may have lost its connection.
        if self.maintenance.ping().await.is_err()
            && let Ok(connection) = maintenance(&self.live).await
        {
            self.maintenance = connection;
        }
        if let Err(error) = drop_database(&mut self.maintenance, &self.name).await {
            tracing::error!(database = self.name, %error, "a staging database could not be dropped");
        }
        if let Some(role) = self.load_role {
            role.drop(&mut self.maintenance).await;
        }
    }

    /// Swaps it with the live database, and returns the new name of the latter, and warnings.
    ///
    /// # Errors
    /// [`RestoreError::InUse`], [`RestoreError::LockLost`], [`RestoreError::Database`]; then both have their old names.
    /// [`RestoreError::UnknownSwap`].
    pub async fn swap(&mut self, lock: &LockGuard) -> Result<Swapped, RestoreError> {
        // The code of the dump may have changed it.
        self.write_comment(Timestamp::now()).await?;
        swap(
            lock,
            &mut self.maintenance,
            &self.live,
            &self.name,
            SideDatabaseRole::Previous,
        )
        .await
    }
}

/// Checks that the role may create a database for the owner of the live one.
async fn check_rights(maintenance: &mut PgConnection, live: &Dsn) -> Result<(), RestoreError> {
    let is_allowed: bool = query_scalar(
        // `create database … owner` needs the right to act as the owner. From PostgreSQL 16 on, a member may lack it.
        "select (r.rolsuper or r.rolcreatedb) and pg_catalog.pg_has_role(d.datdba, 'usage') \
                and pg_catalog.pg_has_role(d.datdba, \
                    case when pg_catalog.current_setting('server_version_num')::int operator(pg_catalog.>=) 160000 \
                         then 'set' else 'member' end) \
         from pg_catalog.pg_roles r, pg_catalog.pg_database d \
         where r.rolname operator(pg_catalog.=) current_user and d.datname operator(pg_catalog.=) $1",
    )
    .bind(live.database())
    .fetch_one(maintenance)
    .await?;
    match is_allowed {
        true => Ok(()),
        false => Err(RestoreError::NotAllowed(NotAllowed::CreateDatabase)),
    }
}

/// Drops the staging databases that belong to a role that loads dumps, and that role, after a process crashed. Such a database
/// is incomplete. One that cannot be dropped stays, and the next restore tries it again.
///
/// # Errors
/// The server does not answer.
pub(super) async fn remove_left_load_roles(maintenance: &mut PgConnection, live: &str) -> sqlx::Result<()> {
    for role in load_role::left(maintenance, live).await? {
        // By their names, which the role cannot change. It could change their comments.
        let owned: Vec<String> = query_scalar(
            "select datname::pg_catalog.text from pg_catalog.pg_database \
             where pg_catalog.pg_get_userbyid(datdba) operator(pg_catalog.=) $1 \
             and pg_catalog.starts_with(datname::pg_catalog.text, $2) and datname operator(pg_catalog.<>) $3",
        )
        .bind(&role.name)
        .bind(prefix_beside(live, SideDatabaseRole::Staging))
        .bind(live)
        .fetch_all(&mut *maintenance)
        .await?;
        for name in owned {
            match drop_database(maintenance, &name).await {
                Err(sqlx::Error::Database(error)) => {
                    tracing::warn!(database = name, %error, "a staging database could not be dropped");
                }
                dropped => dropped?,
            }
        }
        role.drop(maintenance).await;
    }
    load_role::drop_unused_keepers(maintenance, live).await
}

/// The databases after a swap.
pub struct Swapped {
    /// The new name of the database that was the live one.
    pub kept: String,
    /// Properties that could not be copied.
    pub warnings: Vec<String>,
}

/// Connects to the database from which others are created, renamed and dropped.
///
/// # Errors
/// [`RestoreError::NotAllowed`]: the role may connect to no such database. [`RestoreError::Database`].
pub(super) async fn maintenance(live: &Dsn) -> Result<PgConnection, RestoreError> {
    let connection = maintenance::connect(live, SESSION).await?;
    connection.ok_or(RestoreError::NotAllowed(NotAllowed::Maintenance))
}

/// Returns the databases beside the live one, the newest first. The owner of a database writes its comment, so a complete one
/// counts only if the live one's owner, a superuser or the current role owns it. A staging database may still belong to the
/// role that loads the dump; it never becomes the live one.
pub(super) async fn list(connection: &mut PgConnection, live: &str) -> sqlx::Result<Vec<SideDatabase>> {
    let rows = query(
        "select d.datname::pg_catalog.text as name, comment, \
                case when pg_catalog.has_database_privilege(d.oid, 'connect') \
                     then pg_catalog.pg_database_size(d.oid) end as bytes, \
                owner.rolsuper or owner.rolname operator(pg_catalog.=) current_user \
                    or owner.oid operator(pg_catalog.=) (select datdba from pg_catalog.pg_database \
                                                         where datname operator(pg_catalog.=) $1) as is_trusted \
         from pg_catalog.pg_database d \
              join pg_catalog.pg_roles owner on owner.oid operator(pg_catalog.=) d.datdba, \
              pg_catalog.shobj_description(d.oid, 'pg_database') comment \
         where pg_catalog.starts_with(comment, '{\"decant\":') \
         and d.datname operator(pg_catalog.<>) $1 order by d.oid desc",
    )
    // A dump, too, can give the live database such a comment.
    .bind(live)
    .fetch_all(connection)
    .await?;
    let side_database = |row: sqlx::postgres::PgRow| {
        let comment: DatabaseComment = serde_json::from_str(&row.get::<String, _>("comment")).ok()?;
        let is_trusted = comment.decant == SideDatabaseRole::Staging || row.get("is_trusted");
        (comment.of == live && is_trusted).then(|| SideDatabase {
            name: row.get("name"),
            role: comment.decant,
            since: comment.since,
            bytes: row.get::<Option<i64>, _>("bytes").unwrap_or(0).unsigned_abs(),
        })
    };
    Ok(rows.into_iter().filter_map(side_database).collect())
}

/// Gives `replacement` the name of the live database, which is kept under a new name. Both names change in one transaction,
/// so after a crash one of the two is the live database.
pub(super) async fn swap(
    lock: &LockGuard,
    maintenance: &mut PgConnection,
    live: &Dsn,
    replacement: &str,
    kept_as: SideDatabaseRole,
) -> Result<Swapped, RestoreError> {
    let since = Timestamp::now();
    let kept = name_beside(live.database(), kept_as, since);
    let warnings = copy_properties(maintenance, live.database(), replacement).await?;
    // The connection that renames waits for the other sessions, so another one must terminate them.
    let mut terminator = self::maintenance(live).await?;
    let databases = [live.database(), replacement];
    for attempt in 1.. {
        // The tries take up to a minute, and another operation may have begun meanwhile.
        if !lock.is_held().await {
            return Err(RestoreError::LockLost);
        }
        let is_done = CancellationToken::new();
        let renaming = async {
            let _done = is_done.clone().drop_guard();
            rename(maintenance, live.database(), replacement, &kept, kept_as, since).await
        };
        let (renamed, terminated) =
            tokio::join!(renaming, terminate_others(&mut terminator, &databases, &is_done));
        // A session that could not be terminated may have ended by itself. If not, the rename has failed.
        if let Err(error) = terminated {
            tracing::warn!(%error, "sessions could not be terminated");
        }
        match renamed {
            Ok(Renamed::Done) => break,
            // PostgreSQL may have committed, although its answer did not arrive.
            Ok(Renamed::Unanswered { transaction, error }) => {
                let databases: Vec<Dsn> = maintenance::candidates(live).collect();
                match Outcome::of(&databases, transaction, OUTCOME_MAX).await {
                    Outcome::Committed => break,
                    Outcome::RolledBack => return Err(error.into()),
                    Outcome::Unknown => return Err(RestoreError::UnknownSwap { kept }),
                }
            }
            Err(error) if is_in_use(&error) => {
                let foreign = foreign_sessions(&mut terminator, &databases).await?;
                let foreign = names_of(&foreign);
                tracing::warn!(
                    sessions = foreign,
                    attempt,
                    "the swap waits for sessions that cannot be terminated"
                );
                if attempt == RENAMES_MAX {
                    return Err(RestoreError::InUse(foreign));
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    let _ = terminator.close().await;
    Ok(Swapped { kept, warnings })
}

enum Renamed {
    Done,
    /// The commit failed, or its answer was lost.
    Unanswered {
        transaction: i64,
        error: sqlx::Error,
    },
}

async fn rename(
    maintenance: &mut PgConnection,
    live: &str,
    replacement: &str,
    kept: &str,
    kept_as: SideDatabaseRole,
    since: Timestamp,
) -> sqlx::Result<Renamed> {
    let mut transaction = maintenance.begin().await?;
    let id = query_scalar("select pg_catalog.txid_current()")
        .fetch_one(&mut *transaction)
        .await?;
    let comment = comment_of(&mut transaction, live).await?;
    let replacing = comment_of(&mut transaction, replacement).await?;
    let replacing = replacing.and_then(|json| serde_json::from_str::<DatabaseComment>(&json).ok());
    for (from, to) in [(live, kept), (replacement, live)] {
        let rename = render(&mut transaction, "alter database %I rename to %I", [from, to]).await?;
        execute(&mut transaction, rename).await?;
    }
    let comment = DatabaseComment {
        decant: kept_as,
        of: live.to_owned(),
        since,
        comment,
    };
    comment.write(&mut transaction, kept).await?;
    let comment = replacing.and_then(|replacing| replacing.comment);
    set_comment(&mut transaction, live, comment.as_deref()).await?;
    Ok(match transaction.commit().await {
        Ok(()) => Renamed::Done,
        Err(error) => Renamed::Unanswered {
            transaction: id,
            error,
        },
    })
}

/// Terminates the sessions of these databases until `is_done`. New connections wait during the rename, and find the new
/// database after it. Terminating must end with the rename, because later sessions already use the new database.
async fn terminate_others(
    terminator: &mut PgConnection,
    databases: &[&str],
    is_done: &CancellationToken,
) -> sqlx::Result<()> {
    while !is_done.is_cancelled() {
        terminate(terminator, databases).await?;
        is_done.run_until_cancelled(sleep(TERMINATE_INTERVAL)).await;
    }
    Ok(())
}

/// Terminates the sessions of these databases that the role may terminate. Each has a statement of its own, because one that
/// is refused would end the statement for all.
async fn terminate(connection: &mut PgConnection, databases: &[&str]) -> sqlx::Result<()> {
    // SQL: constants only.
    let pids: Vec<i32> = query_scalar(AssertSqlSafe(format!(
        "select a.pid from pg_catalog.pg_stat_activity a where a.datname operator(pg_catalog.=) any ($1) \
         and a.pid operator(pg_catalog.<>) pg_catalog.pg_backend_pid() and {MAY_TERMINATE}"
    )))
    .bind(databases)
    .fetch_all(&mut *connection)
    .await?;
    for pid in pids {
        let terminated = query("select pg_catalog.pg_terminate_backend($1)")
            .bind(pid)
            .execute(&mut *connection)
            .await;
        match terminated {
            Ok(_) => {}
            Err(sqlx::Error::Database(error)) => {
                tracing::warn!(%error, pid, "a session could not be terminated");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A session that the role may not terminate.
struct ForeignSession {
    /// `process 4711 of the role monitor`.
    name: String,
    is_superuser: bool,
}

fn names_of(sessions: &[ForeignSession]) -> String {
    let names: Vec<_> = sessions.iter().map(|session| session.name.as_str()).collect();
    names.join(", ")
}

/// Returns the sessions of these databases that the role may not terminate.
async fn foreign_sessions(
    connection: &mut PgConnection,
    databases: &[&str],
) -> sqlx::Result<Vec<ForeignSession>> {
    // SQL: constants only.
    let sessions: Vec<(String, bool)> = query_as(AssertSqlSafe(format!(
        "select pg_catalog.format('process %s of the role %s', a.pid, a.usename) \
                operator(pg_catalog.||) case when a.application_name operator(pg_catalog.=) '' then '' \
                     else pg_catalog.format(' (%s)', a.application_name) end as name, \
                exists (select from pg_catalog.pg_roles r \
                        where r.oid operator(pg_catalog.=) a.usesysid and r.rolsuper) as is_superuser \
         from pg_catalog.pg_stat_activity a where a.datname operator(pg_catalog.=) any ($1) \
         and a.pid operator(pg_catalog.<>) pg_catalog.pg_backend_pid() \
         and a.usesysid is not null and not {MAY_TERMINATE} order by a.pid"
    )))
    .bind(databases)
    .fetch_all(connection)
    .await?;
    let session = |(name, is_superuser)| ForeignSession { name, is_superuser };
    Ok(sessions.into_iter().map(session).collect())
}

/// Returns whether a database could not be renamed because of its sessions (`object_in_use`).
fn is_in_use(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .and_then(|error| error.code())
        .as_deref()
        == Some("55006")
}

/// Copies the properties of a database that its dump does not contain: privileges, settings, the limit of connections, whether
/// it is a template. The privileges that the other one has are removed.
/// Returns a warning for each setting that this role may not copy, such as one of another role.
async fn copy_properties(maintenance: &mut PgConnection, from: &str, to: &str) -> sqlx::Result<Vec<String>> {
    // A role chooses the text of its own settings, so nothing of it may reach a statement unquoted. A list is stored as one
    // text, `"$user", public`. Each of its elements is quoted by itself, because the quoted text would be a list of one. These four are the lists of that kind that a database or a role can have; extensions have none
    // (GUC_LIST_QUOTE in PostgreSQL's guc_tables.c). Names of schemas and tablespaces are read in lower case unless they
    // are quoted, names of libraries as they are.
    let statements: Vec<(String, Option<String>)> = query_as(
        "with d as (select * from pg_catalog.pg_database where datname operator(pg_catalog.=) $1), \
         s as (select setrole, pg_catalog.split_part(c, '=', 1) as name, \
                      pg_catalog.regexp_replace(c, '^[^=]*=', '') as value \
               from d join pg_catalog.pg_db_role_setting on setdatabase operator(pg_catalog.=) d.oid, \
                    pg_catalog.unnest(setconfig) c) \
         select pg_catalog.format('alter database %I connection limit %s', $2, datconnlimit), null from d \
         union all \
         select pg_catalog.format('alter database %I is_template %s', $2, datistemplate::pg_catalog.text), null from d \
         union all \
         select pg_catalog.format('grant %s on database %I to %s%s', a.privilege_type, $2, \
                case when a.grantee operator(pg_catalog.=) 0 then 'public' \
                     else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end, \
                case when a.is_grantable then ' with grant option' end), null \
         from d, pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a \
         union all \
         select pg_catalog.format('alter %s set %I to %s', \
                case when setrole operator(pg_catalog.=) 0 then pg_catalog.format('database %I', $2) \
                     else pg_catalog.format('role %I in database %I', pg_catalog.pg_get_userbyid(setrole), $2) end, \
                name, \
                case when name operator(pg_catalog.=) any ( \
                          '{search_path,temp_tablespaces,session_preload_libraries,local_preload_libraries}') \
                     then coalesce( \
                          (select pg_catalog.string_agg(pg_catalog.quote_literal( \
                                  case when pg_catalog.starts_with(e, '\"') \
                                       then pg_catalog.replace(pg_catalog.substr( \
                                            e, 2, pg_catalog.length(e) operator(pg_catalog.-) 2), '\"\"', '\"') \
                                       when name operator(pg_catalog.=) any ('{search_path,temp_tablespaces}') \
                                       then pg_catalog.lower(pg_catalog.rtrim(e, E' \\t\\n\\r\\f\\v') \
                                                             collate pg_catalog.\"C\") \
                                       else pg_catalog.rtrim(e, E' \\t\\n\\r\\f\\v') end), ', ' order by place) \
                           from pg_catalog.regexp_matches( \
                                    value, '\"(?:[^\"]|\"\")*\"|[^,[:space:]\"][^,]*', 'g') \
                                with ordinality as list (element, place), pg_catalog.unnest(element) e), \
                          pg_catalog.quote_literal('')) \
                     else pg_catalog.quote_literal(value) end), \
                case when setrole operator(pg_catalog.=) 0 then name \
                     else pg_catalog.format('%s of the role %s', name, pg_catalog.pg_get_userbyid(setrole)) end \
         from s",
    )
    .bind(from)
    .bind(to)
    .fetch_all(&mut *maintenance)
    .await?;
    revoke_all(maintenance, to).await?;
    let mut warnings = Vec::new();
    for (statement, setting) in statements {
        match (execute(maintenance, statement).await, setting) {
            (Err(sqlx::Error::Database(error)), Some(setting)) => warnings.push(format!(
                "The setting {setting} in the database was not copied: {}. An administrator can set it again",
                error.message()
            )),
            (executed, _) => executed?,
        }
    }
    Ok(warnings)
}

impl DatabaseComment {
    async fn write(&self, connection: &mut PgConnection, database: &str) -> sqlx::Result<()> {
        let json = serde_json::to_string(self).expect("a comment consists of texts");
        set_comment(connection, database, Some(&json)).await
    }
}

/// Returns the comment of a database.
async fn comment_of(connection: &mut PgConnection, name: &str) -> sqlx::Result<Option<String>> {
    query_scalar(
        "select pg_catalog.shobj_description(oid, 'pg_database') from pg_catalog.pg_database \
         where datname operator(pg_catalog.=) $1",
    )
    .bind(name)
    .fetch_one(connection)
    .await
}

/// Sets the comment of a database, or removes it.
async fn set_comment(connection: &mut PgConnection, name: &str, comment: Option<&str>) -> sqlx::Result<()> {
    let statement = match comment {
        Some(comment) => render(connection, "comment on database %I is %L", [name, comment]).await?,
        None => render(connection, "comment on database %I is null", [name, ""]).await?,
    };
    execute(connection, statement).await
}

/// Revokes all privileges on a database from all roles but its owner.
async fn revoke_all(maintenance: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    let statements: Vec<String> = query_scalar(
        "select distinct pg_catalog.format('revoke all on database %I from %s cascade', datname, \
                case when a.grantee operator(pg_catalog.=) 0 then 'public' \
                     else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end) \
         from pg_catalog.pg_database, \
              pg_catalog.aclexplode(coalesce(datacl, pg_catalog.acldefault('d', datdba))) a \
         where datname operator(pg_catalog.=) $1 and a.grantee operator(pg_catalog.<>) datdba",
    )
    .bind(name)
    .fetch_all(&mut *maintenance)
    .await?;
    for statement in statements {
        execute(maintenance, statement).await?;
    }
    Ok(())
}

/// Drops a database. A template is one only because a dump has made it so.
pub(super) async fn drop_database(maintenance: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    // Only programs that Decant has started can still be connected. `with (force)` needs PostgreSQL 13.
    terminate(maintenance, &[name]).await?;
    let is_template: Option<bool> = query_scalar(
        "select datistemplate from pg_catalog.pg_database where datname operator(pg_catalog.=) $1",
    )
    .bind(name)
    .fetch_optional(&mut *maintenance)
    .await?;
    if is_template == Some(true) {
        run(maintenance, "alter database %I is_template false", [name]).await?;
    }
    run(maintenance, "drop database if exists %I", [name]).await
}

/// Returns the name of a database beside the live one: `hub_before_260128120005678`. It contains the milliseconds, because
/// two restores can end in one second.
fn name_beside(live: &str, role: SideDatabaseRole, since: Timestamp) -> String {
    format!(
        "{}{}",
        prefix_beside(live, role),
        since.strftime("%y%m%d%H%M%S%3f")
    )
}

/// Returns the part of the name before the time.
fn prefix_beside(live: &str, role: SideDatabaseRole) -> String {
    let mut end = live.len().min(NAME_BYTES_MAX);
    while !live.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{}_", &live[..end], word(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_beside_fits_into_63_bytes() {
        let since = "2026-01-28T12:00:05.678Z".parse().unwrap();
        assert_eq!(
            name_beside("hub", SideDatabaseRole::Previous, since),
            "hub_before_260128120005678"
        );
        for live in ["x".repeat(63), "é".repeat(31)] {
            assert!(name_beside(&live, SideDatabaseRole::Previous, since).len() <= 63);
        }
    }
}
