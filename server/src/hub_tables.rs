//! The hub's tables: found in one schema, and used only if their owner is trusted.
//!
//! The search path does not decide which table is meant. A role that may create in a schema of the path could plant its own
//! `keys` and `users`, and with them an administrator. A planted view would even run that role's function with Decant's
//! rights. PostgreSQL's catalogue is therefore asked before each use, in the same session.
//!
//! These owners are trusted: superusers, the database's owner, the role of this connection, and the role that the setting
//! DECANT_HUB_OWNER names. A role of which this connection's role is a member is not trusted: up to PostgreSQL 14 each role
//! may grant itself to another one.
//!
//! The tables cannot change between the check and the use. Only the owner of a table or of its schema can drop, rename or
//! replace it, and both owners were checked. A role that may only create finds the name taken.
//!
//! The answer is not cached: a table that was given to another role, or that a restore has replaced, must not be read any
//! more. Nor can the check be a condition of the statement that reads the tables. While PostgreSQL plans that statement, it
//! already runs functions of a planted view or index.

use sqlx::{AssertSqlSafe, Executor, PgConnection, query_as, query_scalar};

/// The longest name in PostgreSQL, in bytes. It cuts a longer one.
const NAME_BYTES_MAX: usize = 63;

/// Begins a statement with the trusted roles (`trusted`), and with the tables `$2` of the schema `$1` and the tables that inherit
/// from them (`found`). `$3` is the setting DECANT_HUB_OWNER.
///
/// A partition may have another owner than its parent, and its triggers run when rows are deleted through the parent.
macro_rules! with_found_tables {
    ($($statement:literal)+) => {
        concat!(
            "with recursive trusted as materialized ( \
       select r.oid from pg_catalog.pg_roles r \
       where r.rolsuper or r.rolname operator(pg_catalog.=) current_user \
       or r.rolname operator(pg_catalog.=) 'pg_database_owner' \
       or r.rolname operator(pg_catalog.=) $3::pg_catalog.name \
       or r.oid operator(pg_catalog.=) (select d.datdba from pg_catalog.pg_database d \
                                        where d.datname operator(pg_catalog.=) pg_catalog.current_database())), \
     found as ( \
       select c.oid, c.relname, c.relkind, c.relowner, n.nspname, true as is_root \
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace \
       where n.nspname operator(pg_catalog.=) $1::pg_catalog.name \
       and c.relname operator(pg_catalog.=) any ($2::pg_catalog.name[]) \
       union all \
       select c.oid, c.relname, c.relkind, c.relowner, n.nspname, false \
       from found f join pg_catalog.pg_inherits i on i.inhparent operator(pg_catalog.=) f.oid \
       join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) i.inhrelid \
       join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace)",
            $($statement),+
        )
    };
}

/// Returns the first reason against the use of the tables, the text `$4` with the values `$5` quoted by `format()`, and the
/// time. So a dataset's statement costs no more round trips with a check than without one.
///
/// The owner of a column's type may have planted a cast. OIDs below 16384 (FirstNormalObjectId) are PostgreSQL's own types.
const CHECK: &str = with_found_tables!(
    ", reasons as ( \
       select 1 as place, 'missing' as reason, pg_catalog.format('%I.%I', $1, name) as object, null::pg_catalog.oid as owner \
       from pg_catalog.unnest($2::pg_catalog.name[]) as wanted (name) \
       where not exists (select from found f where f.is_root and f.relname operator(pg_catalog.=) wanted.name) \
       union all \
       select 2, 'schema', pg_catalog.format('%I', n.nspname), n.nspowner from pg_catalog.pg_namespace n \
       where n.nspname operator(pg_catalog.=) $1::pg_catalog.name \
       and not exists (select from trusted t where t.oid operator(pg_catalog.=) n.nspowner) \
       union all \
       select 3, 'kind', pg_catalog.format('%I.%I', f.nspname, f.relname), f.relowner from found f \
       where f.relkind operator(pg_catalog.<>) all ('{r,p}'::pg_catalog.\"char\"[]) \
       union all \
       select 4, 'owner', pg_catalog.format('%I.%I', f.nspname, f.relname), f.relowner from found f \
       where not exists (select from trusted t where t.oid operator(pg_catalog.=) f.relowner) \
       union all \
       select 5, 'policies', pg_catalog.format('%I.%I', f.nspname, f.relname), f.relowner from found f \
       where f.is_root and pg_catalog.row_security_active(f.oid) \
       union all \
       select 6, 'type', pg_catalog.format_type(y.oid, null), y.typowner from found f \
       join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) f.oid \
       join pg_catalog.pg_type y on y.oid operator(pg_catalog.=) a.atttypid \
       where f.is_root and a.attnum operator(pg_catalog.>) 0 \
       and a.atttypid operator(pg_catalog.>=) 16384::pg_catalog.oid \
       and not exists (select from trusted t where t.oid operator(pg_catalog.=) y.typowner)) \
     select pg_catalog.quote_ident($1), r.reason, r.object, pg_catalog.pg_get_userbyid(r.owner)::pg_catalog.text, \
            pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text), \
            pg_catalog.quote_ident(current_user), \
            pg_catalog.format($4, variadic $5::pg_catalog.text[]), \
            (extract(epoch from pg_catalog.now()) operator(pg_catalog.*) 1000000)::bigint \
     from pg_catalog.pg_database d left join reasons r on true \
     where d.datname operator(pg_catalog.=) pg_catalog.current_database() order by r.place, r.object limit 1"
);

/// Continues [`with_found_tables`] with the tables that a deletion reaches through foreign keys (`reached`). `through` is the
/// foreign key, or null for the tables themselves; `changes` is false if rows of the table are looked up only.
macro_rules! with_reached_tables {
    ($statement:literal) => {
        with_found_tables!(
            ", reached as ( \
               select f.oid, null::pg_catalog.oid as through, true as changes from found f \
               union \
               select k.conrelid, k.oid, k.confdeltype operator(pg_catalog.=) any ('{c,n,d}'::pg_catalog.\"char\"[]) \
                      or (r.through is not null \
                          and k.confupdtype operator(pg_catalog.=) any ('{c,n,d}'::pg_catalog.\"char\"[])) \
               from reached r join pg_catalog.pg_constraint k on k.confrelid operator(pg_catalog.=) r.oid \
               where r.changes and k.contype operator(pg_catalog.=) 'f')"
            $statement
        )
    };
}

/// Returns the first reason against a deletion.
///
/// The right TRIGGER, which `GRANT ALL` contains, lets a role attach its function to a table of another role. The right REFERENCES
/// lets it attach a table. PostgreSQL runs the triggers of that table with the rights of the session (those after the
/// statement, and deferred ones) or of its owner. It runs the conditions of its indexes with the rights of its owner. Either can leave a
/// deferred trigger behind, which the commit runs with the rights of the session.
const CHECK_DELETION: &str = with_reached_tables!(
    ", reasons as ( \
       select 'trigger' as reason, pg_catalog.quote_ident(t.tgname) as name, r.oid as table, p.oid as function, \
              p.proowner as owner, null::pg_catalog.oid as referenced \
       from reached r join pg_catalog.pg_trigger t on t.tgrelid operator(pg_catalog.=) r.oid \
       join pg_catalog.pg_proc p on p.oid operator(pg_catalog.=) t.tgfoid \
       where r.changes and not t.tgisinternal and t.tgenabled operator(pg_catalog.=) any ('{O,A}'::pg_catalog.\"char\"[]) \
       union all \
       select 'reference', pg_catalog.quote_ident(k.conname), c.oid, null, c.relowner, k.confrelid \
       from reached r join pg_catalog.pg_constraint k on k.oid operator(pg_catalog.=) r.through \
       join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) r.oid) \
     select x.reason, x.name, pg_catalog.format('%I.%I', n.nspname, c.relname), \
            (select pg_catalog.format('%I.%I', f_n.nspname, f.proname) from pg_catalog.pg_proc f \
             join pg_catalog.pg_namespace f_n on f_n.oid operator(pg_catalog.=) f.pronamespace \
             where f.oid operator(pg_catalog.=) x.function), \
            (select pg_catalog.format('%I.%I', t_n.nspname, t.relname) from pg_catalog.pg_class t \
             join pg_catalog.pg_namespace t_n on t_n.oid operator(pg_catalog.=) t.relnamespace \
             where t.oid operator(pg_catalog.=) x.referenced), \
            pg_catalog.pg_get_userbyid(x.owner)::pg_catalog.text \
     from reasons x join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) x.table \
     join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace \
     where not exists (select from trusted r where r.oid operator(pg_catalog.=) x.owner) \
     order by x.reason, x.table, x.name limit 1"
);

/// Returns the tables whose rows a deletion changes through foreign keys, quoted for SQL.
const CHANGED_BY_DELETION: &str = with_reached_tables!(
    " select distinct pg_catalog.format('%I.%I', n.nspname, c.relname) as name from reached r \
     join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) r.oid \
     join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace \
     where r.changes and r.through is not null order by name"
);

/// Where the hub's tables are, and whose they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubTables {
    /// The setting DECANT_HUB_SCHEMA.
    pub schema: Name,
    /// The setting DECANT_HUB_OWNER: an owner who is trusted besides the usual ones.
    pub owner: Option<Name>,
}

/// A name as PostgreSQL stores it, without quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(String);

impl Default for HubTables {
    fn default() -> Self {
        Self {
            schema: Name("public".to_owned()),
            owner: None,
        }
    }
}

impl Name {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.is_empty() || text.len() > NAME_BYTES_MAX || text.contains('\0') {
            true => Err(format!("a name in PostgreSQL has 1 to {NAME_BYTES_MAX} bytes")),
            false => Ok(Self(text.to_owned())),
        }
    }
}

/// The answer of a check that found no reason against the tables.
#[derive(Debug)]
pub struct Checked {
    /// The tables' schema, quoted for SQL.
    pub schema: String,
    /// The text with its values.
    pub formatted: String,
    /// The time of the database's clock, in microseconds since 1970.
    pub microseconds: i64,
}

/// Why a table of the hub is not used.
#[derive(Debug, thiserror::Error)]
pub enum HubTableError {
    #[error(
        "the table {0} does not exist: the hub is older, or the setting DECANT_HUB_SCHEMA does not name the schema of the hub's \
         tables"
    )]
    Missing(String),
    /// Another role could answer in the place of the hub.
    #[error("{0}")]
    Untrusted(String),
    /// Row-level security hides rows from this role.
    #[error("{0}")]
    Hidden(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl HubTables {
    /// Checks that all of these tables exist, and that no untrusted role can replace them or run functions in them. Returns
    /// their schema, quoted for SQL.
    ///
    /// # Errors
    /// [`HubTableError`]; the text names the table, its owner, and the setting or the statement that helps.
    pub async fn check(
        &self,
        connection: &mut PgConnection,
        tables: &[impl AsRef<str>],
    ) -> Result<String, HubTableError> {
        let checked = self.check_and_format(connection, tables, "", &[]).await?;
        Ok(checked.schema)
    }

    /// Checks as [`Self::check`], and lets PostgreSQL write the values into the text in the same statement.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub async fn check_and_format(
        &self,
        connection: &mut PgConnection,
        tables: &[impl AsRef<str>],
        text: &str,
        values: &[String],
    ) -> Result<Checked, HubTableError> {
        let tables: Vec<&str> = tables.iter().map(AsRef::as_ref).collect();
        type Row = (
            String,
            Option<String>,
            Option<String>,
            Option<String>,
            String,
            String,
            String,
            i64,
        );
        let row: Row = query_as(CHECK)
            .bind(self.schema.as_str())
            .bind(tables)
            .bind(self.owner.as_ref().map(Name::as_str))
            .bind(text)
            .bind(values)
            .fetch_one(connection)
            .await?;
        let (schema, reason, object, owner, database_owner, role, formatted, microseconds) = row;
        let (object, owner) = (object.unwrap_or_default(), owner.unwrap_or_default());
        let change = |kind: &str| {
            format!(
                "If {owner} is the hub's own role, set DECANT_HUB_OWNER={owner}, or run ALTER {kind} {object} OWNER TO \
                 {database_owner};"
            )
        };
        let problem = match reason.as_deref() {
            None => {
                return Ok(Checked {
                    schema,
                    formatted,
                    microseconds,
                });
            }
            Some("missing") => return Err(HubTableError::Missing(object)),
            Some("schema") => format!(
                "the schema {object} belongs to the role {owner}, which can replace the hub's tables. {}",
                change("SCHEMA")
            ),
            Some("kind") => format!(
                "{object}, which belongs to the role {owner}, is not a table: it could run functions of other roles. \
                 The hub's tables are tables; DECANT_HUB_SCHEMA names their schema"
            ),
            Some("policies") => {
                return Err(HubTableError::Hidden(format!(
                    "policies of {object} (row-level security) hide rows from the role {role} of DSN. Run ALTER ROLE {role} \
                     BYPASSRLS;"
                )));
            }
            Some("type") => format!(
                "the type {object} of a column belongs to the role {owner}, whose casts could run. {}",
                change("TYPE")
            ),
            Some(_) => format!(
                "the table {object} belongs to the role {owner}, which can put any row into it. {}",
                change("TABLE")
            ),
        };
        Err(HubTableError::Untrusted(problem))
    }

    /// Returns the other tables whose rows a deletion of rows of these tables deletes or changes through foreign keys, quoted
    /// for SQL.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn changed_by_deletion(
        &self,
        connection: &mut PgConnection,
        tables: &[&str],
    ) -> sqlx::Result<Vec<String>> {
        query_scalar(CHANGED_BY_DELETION)
            .bind(self.schema.as_str())
            .bind(tables)
            .bind(self.owner.as_ref().map(Name::as_str))
            .fetch_all(connection)
            .await
    }

    /// Checks that the deletion of rows of these tables runs no function of an untrusted role, within an open transaction that
    /// has locked the tables. Locks the tables that foreign keys would change, so that nothing is added to them either.
    ///
    /// # Errors
    /// [`HubTableError::Untrusted`]. [`HubTableError::Database`], also if the role may not lock such a table.
    pub async fn prepare_deletion(
        &self,
        transaction: &mut PgConnection,
        tables: &[&str],
    ) -> Result<(), HubTableError> {
        let mut locked = Vec::new();
        loop {
            self.check_deletion(transaction, tables).await?;
            let changed = self.changed_by_deletion(transaction, tables).await?;
            if changed == locked {
                return Ok(());
            }
            if !changed.is_empty() {
                let lock = format!("lock table {} in row exclusive mode", changed.join(", "));
                // SQL: PostgreSQL quotes the names of the tables.
                transaction.execute(AssertSqlSafe(lock)).await?;
            }
            locked = changed;
        }
    }

    async fn check_deletion(
        &self,
        connection: &mut PgConnection,
        tables: &[&str],
    ) -> Result<(), HubTableError> {
        type Row = (String, String, String, Option<String>, Option<String>, String);
        let found: Option<Row> = query_as(CHECK_DELETION)
            .bind(self.schema.as_str())
            .bind(tables)
            .bind(self.owner.as_ref().map(Name::as_str))
            .fetch_optional(connection)
            .await?;
        let problem = match found {
            None => return Ok(()),
            Some((_, trigger, table, Some(function), _, owner)) => format!(
                "the trigger {trigger} of {table} would run the function {function} of the role {owner} with the rights of \
                 Decant. If it is the hub's own, give the function to the table's owner (ALTER FUNCTION … OWNER TO); \
                 otherwise run DROP TRIGGER {trigger} ON {table};"
            ),
            Some((_, key, table, None, referenced, owner)) => format!(
                "the table {table} of the role {owner} refers to {} with the foreign key {key}, so functions of that role could \
                 run with the rights of Decant. If {owner} is the hub's own role, set DECANT_HUB_OWNER={owner}; otherwise run \
                 ALTER TABLE {table} DROP CONSTRAINT {key};",
                referenced.unwrap_or_default()
            ),
        };
        Err(HubTableError::Untrusted(problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_postgresql_would_cut_is_refused() {
        for text in ["public", "Hub 1", &"x".repeat(NAME_BYTES_MAX)] {
            assert_eq!(text.parse(), Ok(Name(text.to_owned())));
        }
        for text in ["", "a\0b", &"é".repeat(32)] {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
    }
}
