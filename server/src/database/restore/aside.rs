//! Databases beside the live one: those that a restore fills, and those that it has replaced.
//!
//! Each says in its comment what it is, so that what a crash has left is found again, whatever it is called.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, query, query_scalar};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::RestoreError;
use crate::audit::Action;
use crate::database::Database;
use crate::dsn::Dsn;

/// The database from which others are made, renamed and removed.
const MAINTENANCE: &str = "postgres";

/// A name has 63 bytes; what we add to the live one's takes less than 24.
const NAME_BYTES_MAX: usize = 39;

/// PostgreSQL waits five seconds for others to leave a database that is to be renamed; they are sent away this often.
const SEND_AWAY_EVERY: Duration = Duration::from_millis(100);

/// What a database beside the live one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A restore fills it, or has been broken off while it did.
    Shadow,
    /// It was the live one before a restore.
    Before,
    /// A restore had made it the live one, and was taken back.
    Undone,
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Self::Shadow => "restore",
            Self::Before => "before",
            Self::Undone => "undone",
        }
    }
}

/// What its comment says.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    decant: Role,
    of: String,
    since: Timestamp,
}

/// A database that a restore has left beside the live one.
#[derive(Clone, Debug, Serialize)]
pub struct Copy {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A database that is being filled beside the live one.
pub struct Aside {
    maintenance: PgConnection,
    live: Dsn,
    name: String,
}

impl Aside {
    /// Makes an empty database with the encoding, the locale and the owner of the live one.
    ///
    /// # Errors
    /// [`RestoreError::NotAllowed`]; what the database says.
    pub async fn make(live: &Dsn) -> Result<Self, RestoreError> {
        let mut maintenance = maintenance(live).await?;
        let allowed: bool = query_scalar(
            "select (r.rolsuper or r.rolcreatedb) and pg_catalog.pg_has_role(d.datdba, 'usage') \
             from pg_catalog.pg_roles r, pg_catalog.pg_database d \
             where r.rolname operator(pg_catalog.=) current_user and d.datname operator(pg_catalog.=) $1",
        )
        .bind(live.database())
        .fetch_one(&mut maintenance)
        .await?;
        if !allowed {
            return Err(RestoreError::NotAllowed);
        }
        let since = Timestamp::now();
        let name = name_beside(live.database(), Role::Shadow, since);
        // `to_jsonb`: which of the columns of ICU there are depends on the version.
        let create: String = query_scalar(
            "select pg_catalog.format( \
                'create database %I template template0 encoding %L lc_collate %L lc_ctype %L owner %I%s', $2, \
                pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype, pg_catalog.pg_get_userbyid(datdba), \
                case when j operator(pg_catalog.->>) 'datlocprovider' operator(pg_catalog.=) 'i' \
                     then pg_catalog.format(' locale_provider icu icu_locale %L', coalesce( \
                          j operator(pg_catalog.->>) 'datlocale', j operator(pg_catalog.->>) 'daticulocale')) end) \
             from pg_catalog.pg_database d, pg_catalog.to_jsonb(d) j where datname operator(pg_catalog.=) $1",
        )
        .bind(live.database())
        .bind(&name)
        .fetch_one(&mut maintenance)
        .await?;
        execute(&mut maintenance, create).await?;
        let mut aside = Self {
            maintenance,
            live: live.clone(),
            name,
        };
        let name = aside.name.clone();
        mark(
            &mut aside.maintenance,
            &name,
            Role::Shadow,
            live.database(),
            since,
        )
        .await?;
        Ok(aside)
    }

    /// Its address.
    #[must_use]
    pub fn dsn(&self) -> Dsn {
        self.live.of_database(&self.name)
    }

    /// Removes it. What cannot be removed is still listed as a copy.
    pub async fn remove(mut self) {
        if let Err(error) = drop_database(&mut self.maintenance, &self.name).await {
            tracing::error!(database = self.name, %error, "the database of a restore could not be removed");
        }
    }

    /// Puts it in the place of the live one, and gives the name that the live one has now.
    ///
    /// # Errors
    /// What the database says; then both are as they were.
    pub async fn swap(&mut self) -> Result<String, RestoreError> {
        swap(&mut self.maintenance, &self.live, &self.name, Role::Before).await
    }
}

impl Database {
    /// The databases that restores have left beside the live one, the newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn copies(&self) -> sqlx::Result<Vec<Copy>> {
        let mut maintenance = maintenance(&self.dsn).await?;
        let copies = copies(&mut maintenance, self.dsn.database()).await;
        let _ = maintenance.close().await;
        copies
    }

    /// Puts a database that a restore has replaced back into its place; what is live now is kept. Gives its new name.
    ///
    /// # Errors
    /// [`RestoreError::NoSuchCopy`], [`RestoreError::Conflict`]; what the database says.
    pub async fn roll_back(&self, name: &str, caller: &str) -> Result<String, RestoreError> {
        let held = self
            .lock
            .acquire(crate::database::lock::Operation::Import, caller)
            .await?;
        let mut maintenance = maintenance(&self.dsn).await?;
        let swapped = async {
            let copies = copies(&mut maintenance, self.dsn.database()).await?;
            let known = copies
                .iter()
                .any(|copy| copy.name == name && copy.role != Role::Shadow);
            match known {
                true => swap(&mut maintenance, &self.dsn, name, Role::Undone).await,
                false => Err(RestoreError::NoSuchCopy(name.to_owned())),
            }
        };
        let swapped = swapped.await;
        self.has_changed();
        tracing::info!(
            action = Action::DatabaseImportRolledBack.name(),
            caller,
            name,
            ?swapped
        );
        held.release().await;
        swapped
    }

    /// Removes a database that a restore has left.
    ///
    /// # Errors
    /// As [`Self::roll_back`].
    pub async fn remove_copy(&self, name: &str, caller: &str) -> Result<(), RestoreError> {
        // The shadow of a restore that runs is not to be removed.
        let held = self
            .lock
            .acquire(crate::database::lock::Operation::Cleanup, caller)
            .await?;
        let mut maintenance = maintenance(&self.dsn).await?;
        let removed = async {
            let copies = copies(&mut maintenance, self.dsn.database()).await?;
            if !copies.iter().any(|copy| copy.name == name) {
                return Err(RestoreError::NoSuchCopy(name.to_owned()));
            }
            Ok(drop_database(&mut maintenance, name).await?)
        };
        let removed = removed.await;
        tracing::info!(
            action = Action::DatabaseCopyRemoved.name(),
            caller,
            name,
            ?removed
        );
        held.release().await;
        removed
    }
}

async fn maintenance(live: &Dsn) -> sqlx::Result<PgConnection> {
    let options = live.of_database(MAINTENANCE).options().clone();
    PgConnection::connect_with(&options.application_name("decant restore")).await
}

async fn copies(maintenance: &mut PgConnection, live: &str) -> sqlx::Result<Vec<Copy>> {
    let rows = query(
        "select datname::pg_catalog.text as name, mark, case when pg_catalog.has_database_privilege(oid, 'connect') \
         then pg_catalog.pg_database_size(oid) end as bytes \
         from pg_catalog.pg_database, pg_catalog.shobj_description(oid, 'pg_database') mark \
         where pg_catalog.starts_with(mark, '{\"decant\":') order by oid desc",
    )
    .fetch_all(maintenance)
    .await?;
    let copy = |row: sqlx::postgres::PgRow| {
        let mark: Mark = serde_json::from_str(&row.get::<String, _>("mark")).ok()?;
        (mark.of == live).then(|| Copy {
            name: row.get("name"),
            role: mark.decant,
            since: mark.since,
            bytes: row.get::<Option<i64>, _>("bytes").unwrap_or(0).unsigned_abs(),
        })
    };
    Ok(rows.into_iter().filter_map(copy).collect())
}

/// `replacement` takes the name of the live database, which is kept under another one. Both names change in one
/// transaction: whatever happens, there is a live database, and it is one of the two.
async fn swap(
    maintenance: &mut PgConnection,
    live: &Dsn,
    replacement: &str,
    kept_as: Role,
) -> Result<String, RestoreError> {
    let since = Timestamp::now();
    let kept = name_beside(live.database(), kept_as, since);
    copy_properties(maintenance, live.database(), replacement).await?;
    let mut sender_away = self::maintenance(live).await?;
    let is_done = CancellationToken::new();
    let renamed = async {
        let mut transaction = maintenance.begin().await?;
        for (from, to) in [(live.database(), kept.as_str()), (replacement, live.database())] {
            let rename = render(&mut transaction, "alter database %I rename to %I", [from, to]).await?;
            execute(&mut transaction, rename).await?;
        }
        mark(&mut transaction, &kept, kept_as, live.database(), since).await?;
        unmark(&mut transaction, live.database()).await?;
        transaction.commit().await
    };
    let renamed = async {
        let _done = is_done.clone().drop_guard();
        renamed.await
    };
    // New connections wait while the database is being renamed, then find the new one. Nobody is sent away any more when
    // this has ended: whoever connects after the last word is not to be taken for one of the old ones.
    let send_away = async {
        while !is_done.is_cancelled() {
            for database in [live.database(), replacement] {
                query(
                    "select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity \
                     where datname operator(pg_catalog.=) $1 \
                     and pid operator(pg_catalog.<>) pg_catalog.pg_backend_pid()",
                )
                .bind(database)
                .execute(&mut sender_away)
                .await?;
            }
            is_done.run_until_cancelled(sleep(SEND_AWAY_EVERY)).await;
        }
        Ok::<(), sqlx::Error>(())
    };
    let (renamed, sent_away) = tokio::join!(renamed, send_away);
    // Somebody who could not be sent away is in the way of the renaming, or is not.
    if let Err(error) = sent_away {
        tracing::warn!(%error, "sessions could not be sent away");
    }
    renamed?;
    let _ = sender_away.close().await;
    Ok(kept)
}

/// What belongs to a database and is in no dump of it: its privileges, its settings, its limit of connections.
async fn copy_properties(maintenance: &mut PgConnection, from: &str, to: &str) -> sqlx::Result<()> {
    // A role chooses the text of its own settings, so nothing of it may reach a statement unquoted. A list is stored as one
    // text, `"$user", public`, and each of its elements is taken out and quoted by itself: quoted as a whole it would be a
    // list of one. These four are the lists of that kind that a database or a role can have; extensions have none
    // (GUC_LIST_QUOTE in PostgreSQL's guc_tables.c). Names of schemas and tablespaces are read in lower case unless they
    // are quoted, names of libraries as they are.
    let statements: Vec<String> = query_scalar(
        "with d as (select * from pg_catalog.pg_database where datname operator(pg_catalog.=) $1), \
         s as (select setrole, pg_catalog.split_part(c, '=', 1) as name, \
                      pg_catalog.regexp_replace(c, '^[^=]*=', '') as value \
               from d join pg_catalog.pg_db_role_setting on setdatabase operator(pg_catalog.=) d.oid, \
                    pg_catalog.unnest(setconfig) c) \
         select pg_catalog.format('alter database %I connection limit %s', $2, datconnlimit) from d \
         union all \
         select pg_catalog.format('revoke all on database %I from public', $2) from d where datacl is not null \
         union all \
         select pg_catalog.format('grant %s on database %I to %s%s', a.privilege_type, $2, \
                case when a.grantee operator(pg_catalog.=) 0 then 'public' \
                     else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end, \
                case when a.is_grantable then ' with grant option' end) \
         from d, pg_catalog.aclexplode(d.datacl) a where a.grantee operator(pg_catalog.<>) d.datdba \
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
                     else pg_catalog.quote_literal(value) end) \
         from s",
    )
    .bind(from)
    .bind(to)
    .fetch_all(&mut *maintenance)
    .await?;
    for statement in statements {
        execute(maintenance, statement).await?;
    }
    Ok(())
}

async fn mark(
    connection: &mut PgConnection,
    name: &str,
    role: Role,
    of: &str,
    since: Timestamp,
) -> sqlx::Result<()> {
    let mark = Mark {
        decant: role,
        of: of.to_owned(),
        since,
    };
    let mark = serde_json::to_string(&mark).expect("a mark is made of texts");
    let comment = render(connection, "comment on database %I is %L", [name, &mark]).await?;
    execute(connection, comment).await
}

async fn unmark(connection: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    let comment = render(connection, "comment on database %I is null", [name, ""]).await?;
    execute(connection, comment).await
}

async fn drop_database(maintenance: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    // Not `with (force)`: older servers have none. Nobody uses it but what is left of our own programs.
    query(
        "select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity \
         where datname operator(pg_catalog.=) $1",
    )
    .bind(name)
    .execute(&mut *maintenance)
    .await?;
    let drop = render(maintenance, "drop database if exists %I", [name, ""]).await?;
    execute(maintenance, drop).await
}

/// Executes one statement. The extended protocol refuses a text that has several, so a mistake in quoting ends in an error
/// and not in a statement of somebody else's.
async fn execute(connection: &mut PgConnection, statement: String) -> sqlx::Result<()> {
    let statement = query(AssertSqlSafe(statement)).persistent(false);
    statement.execute(connection).await.map(drop)
}

/// SQL with names and values in it, written by PostgreSQL itself.
async fn render(connection: &mut PgConnection, template: &str, values: [&str; 2]) -> sqlx::Result<String> {
    query_scalar("select pg_catalog.format($1, variadic $2::pg_catalog.text[])")
        .bind(template)
        .bind(values.map(str::to_owned).to_vec())
        .fetch_one(connection)
        .await
}

fn name_beside(live: &str, role: Role, since: Timestamp) -> String {
    let mut end = live.len().min(NAME_BYTES_MAX);
    while !live.is_char_boundary(end) {
        end -= 1;
    }
    format!(
        "{}_{}_{}",
        &live[..end],
        role.word(),
        since.strftime("%y%m%d%H%M%S")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_beside_fits_into_63_bytes() {
        let since = "2026-01-28T12:00:05Z".parse().unwrap();
        assert_eq!(name_beside("hub", Role::Before, since), "hub_before_260128120005");
        for live in ["x".repeat(63), "é".repeat(31)] {
            assert!(name_beside(&live, Role::Before, since).len() <= 63);
        }
    }
}
