//! A table that takes missing rows, and the SQL for it. PostgreSQL quotes the names.

use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;
use sqlx::{AssertSqlSafe, Executor, FromRow, PgConnection, Row, query_as, query_scalar};

use super::error::MissingRowsError;
use super::sandbox;
use crate::database::table::{self, KeyColumn};

/// A table that takes missing rows.
#[derive(Clone)]
pub(in crate::database) struct Target {
    pub(super) oid: Oid,
    kind: String,
    /// With its schema, for messages.
    pub(super) name: String,
    /// With its schema, as SQL writes it.
    pub(super) sql: String,
    /// The partitioned table that it is a part of, or itself.
    pub(super) root: Oid,
    /// The owner, quoted, where statements on the table are contained ([`sandbox`]): neither Decant's role nor a superuser, and
    /// Decant's role is a member of it.
    pub(super) owner: Option<String>,
    /// Whether policies apply to the owner as well.
    pub(super) forces_policies: bool,
    /// Whether PostgreSQL refuses `ON CONFLICT` here: a rule for `UPDATE`, or a deferrable unique constraint.
    pub(super) refuses_on_conflict: bool,
}

impl FromRow<'_, PgRow> for Target {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            oid: row.try_get("oid")?,
            kind: row.try_get("kind")?,
            name: row.try_get("name")?,
            sql: row.try_get("sql")?,
            root: row.try_get("root")?,
            owner: row.try_get("owner")?,
            forces_policies: row.try_get("forces_policies")?,
            refuses_on_conflict: row.try_get("refuses_on_conflict")?,
        })
    }
}

/// Columns of a table, quoted for SQL.
#[derive(Clone)]
pub(in crate::database) struct Columns(Vec<Column>);

#[derive(Clone)]
struct Column {
    name: String,
    /// Type and collation in the temporary tables.
    definition: String,
    /// The type in the table, where the temporary tables have another one that is not cast by itself.
    cast: Option<String>,
}

/// The temporary table for rows that may be missing.
const INCOMING: &str = "pg_temp.decant_incoming";

/// The columns `$2` of the table `$1`, with type and collation for a temporary table that Decant fills itself. No input of a
/// value may run a function of another role, as the constraints of a domain do. A domain is therefore replaced by the type
/// below it, and a type that may contain one (an array, a range, a row) by `text`.
const COLUMNS: &str = "\
select wanted.name, pg_catalog.quote_ident(wanted.name), \
    case when a.attnum is null then null when b.is_plain then pg_catalog.concat(pg_catalog.format_type(b.type, b.modifier), \
        case when a.attcollation operator(pg_catalog.<>) b.collation then \
            (select pg_catalog.format(' collate %I.%I', n.nspname, l.collname) from pg_catalog.pg_collation l \
             join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) l.collnamespace \
             where l.oid operator(pg_catalog.=) a.attcollation) end) \
    else 'pg_catalog.text' end, \
    case when not b.is_plain then (select pg_catalog.format('%I.%I', n.nspname, y.typname) from pg_catalog.pg_type y \
        join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) y.typnamespace \
        where y.oid operator(pg_catalog.=) a.atttypid) end \
from pg_catalog.unnest($2::pg_catalog.text[]) with ordinality as wanted (name, place) \
left join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) $1 \
    and a.attname operator(pg_catalog.=) wanted.name and a.attnum operator(pg_catalog.>) 0 \
    and not a.attisdropped and a.attgenerated operator(pg_catalog.=) '' \
left join lateral ( \
    with recursive base as ( \
        select a.atttypid as type, a.atttypmod as modifier \
        union all select y.typbasetype, y.typtypmod from base join pg_catalog.pg_type y \
            on y.oid operator(pg_catalog.=) base.type and y.typtype operator(pg_catalog.=) 'd') \
    select base.type, base.modifier, y.typcollation as collation, \
        y.typnamespace operator(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace \
        or y.typtype operator(pg_catalog.=) 'e' \
        or (y.typtype operator(pg_catalog.=) 'b' and y.typelem operator(pg_catalog.=) 0) as is_plain \
    from base join pg_catalog.pg_type y on y.oid operator(pg_catalog.=) base.type \
    where y.typtype operator(pg_catalog.<>) 'd') b on true \
order by wanted.place";

const FIND: &str = "\
select c.oid, c.relkind::pg_catalog.text as kind, \
    pg_catalog.format('%s.%s', n.nspname, c.relname) as name, \
    pg_catalog.format('%I.%I', n.nspname, c.relname) as sql, \
    coalesce(pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid, c.oid) as root, \
    (select pg_catalog.quote_ident(r.rolname) from pg_catalog.pg_roles r \
     where r.oid operator(pg_catalog.=) c.relowner and not r.rolsuper \
        and r.rolname operator(pg_catalog.<>) current_user and pg_catalog.pg_has_role(r.oid, 'usage') \
        and pg_catalog.pg_has_role(r.oid, \
            case when pg_catalog.current_setting('server_version_num')::int operator(pg_catalog.>=) 160000 \
                 then 'set' else 'member' end)) as owner, \
    c.relrowsecurity and c.relforcerowsecurity as forces_policies, \
    exists (select from pg_catalog.pg_rewrite r \
            where r.ev_class operator(pg_catalog.=) c.oid and r.ev_type operator(pg_catalog.=) '2') \
    or exists (select from pg_catalog.pg_index i \
            where i.indrelid operator(pg_catalog.=) c.oid and (i.indisunique or i.indisexclusion) \
            and not i.indimmediate) as refuses_on_conflict \
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace \
where c.oid operator(pg_catalog.=) pg_catalog.to_regclass($1)";

/// For each unique index and exclusion constraint of the table, the condition that no row of it is in the way of a row
/// `m`. `$2` is the table in a `FROM` clause, and `$3` selects the values of `m` in the types of the table. `to_jsonb` because the column `indnullsnotdistinct` is new in PostgreSQL 15.
const NOTHING_IN_THE_WAY: &str = "\
select pg_catalog.format('not exists (select from (select %1$s from %2$s where %3$s) t, \
        (select %1$s from (select %5$s) m where %3$s) n where %4$s)', \
    pg_catalog.string_agg(pg_catalog.format('%s as k%s', \
        pg_catalog.pg_get_indexdef(i.indexrelid, k.place::int, false), k.place), ', ' order by k.place), \
    $2::pg_catalog.text, coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), 'true'), \
    pg_catalog.string_agg(pg_catalog.format( \
        case when (pg_catalog.to_jsonb(i) operator(pg_catalog.->>) 'indnullsnotdistinct')::boolean \
             then '(t.k%1$s operator(%2$I.%3$s) n.k%1$s or (t.k%1$s is null and n.k%1$s is null))' \
             else 't.k%1$s operator(%2$I.%3$s) n.k%1$s' end, k.place, o_n.nspname, o.oprname), ' and '), \
    $3::pg_catalog.text) \
from pg_catalog.pg_index i \
cross join rows from (pg_catalog.unnest(i.indclass::pg_catalog.oid[])) with ordinality as k (class, place) \
join pg_catalog.pg_opclass c on c.oid operator(pg_catalog.=) k.class \
left join pg_catalog.pg_constraint x on x.conindid operator(pg_catalog.=) i.indexrelid \
    and x.contype operator(pg_catalog.=) 'x' \
left join pg_catalog.pg_amop e on x.oid is null and e.amopfamily operator(pg_catalog.=) c.opcfamily \
    and e.amoplefttype operator(pg_catalog.=) c.opcintype and e.amoprighttype operator(pg_catalog.=) c.opcintype \
    and e.amopstrategy operator(pg_catalog.=) 3 \
join pg_catalog.pg_operator o on o.oid operator(pg_catalog.=) coalesce(x.conexclop[k.place], e.amopopr) \
join pg_catalog.pg_namespace o_n on o_n.oid operator(pg_catalog.=) o.oprnamespace \
where i.indrelid operator(pg_catalog.=) $1 and (i.indisunique or i.indisexclusion) \
group by i.indexrelid, i.indpred, i.indrelid";

impl Target {
    /// Returns the table that `table` names as SQL writes it, and protects it from being replaced until the transaction
    /// ends.
    ///
    /// # Errors
    /// [`MissingRowsError::NoTable`], [`MissingRowsError::NotTable`], [`MissingRowsError::Database`].
    pub async fn open(transaction: &mut PgConnection, table: &str) -> Result<Self, MissingRowsError> {
        let found = Self::find(transaction, table).await?;
        // SQL: the name is quoted by PostgreSQL.
        let lock = AssertSqlSafe(format!("lock table only {} in access share mode", found.sql));
        transaction.execute(lock).await?;
        // Another object may have got the name before the lock.
        Self::find(transaction, table).await
    }

    async fn find(transaction: &mut PgConnection, table: &str) -> Result<Self, MissingRowsError> {
        let found: Option<Self> = query_as(FIND).bind(table).fetch_optional(transaction).await?;
        let Some(found) = found else {
            return Err(MissingRowsError::NoTable(table.to_owned()));
        };
        let kind = match found.kind.as_str() {
            "r" | "p" => return Ok(found),
            "v" => "a view",
            "m" => "a materialized view",
            "f" => "a foreign table",
            _ => "no table",
        };
        Err(MissingRowsError::NotTable {
            name: found.name,
            kind,
        })
    }

    /// Checks that the name still means this table.
    ///
    /// # Errors
    /// [`MissingRowsError::Replaced`], [`MissingRowsError::Database`].
    pub(super) async fn check_is_there(
        &self,
        transaction: &mut PgConnection,
    ) -> Result<(), MissingRowsError> {
        let found: Option<Oid> = query_scalar("select pg_catalog.to_regclass($1)::pg_catalog.oid")
            .bind(&self.sql)
            .fetch_one(transaction)
            .await?;
        match found == Some(self.oid) {
            true => Ok(()),
            false => Err(MissingRowsError::Replaced(self.name.clone())),
        }
    }

    /// Returns the columns of these names, which are not quoted.
    ///
    /// # Errors
    /// [`MissingRowsError::NoColumn`]: the table lacks one of them, or computes it. [`MissingRowsError::Database`].
    pub async fn columns(
        &self,
        transaction: &mut PgConnection,
        names: &[String],
    ) -> Result<Columns, MissingRowsError> {
        type Found = (String, String, Option<String>, Option<String>);
        let found: Vec<Found> = query_as(COLUMNS)
            .bind(self.oid)
            .bind(names)
            .fetch_all(transaction)
            .await?;
        let quoted = found
            .into_iter()
            .map(|(column, name, definition, cast)| match definition {
                Some(definition) => Ok(Column {
                    name,
                    definition,
                    cast,
                }),
                None => Err(MissingRowsError::NoColumn {
                    table: self.name.clone(),
                    column,
                }),
            });
        quoted.collect::<Result<_, _>>().map(Columns)
    }

    /// Creates the temporary table `pg_temp.decant_incoming` with these columns.
    ///
    /// # Errors
    /// What the database answers.
    pub async fn create_incoming(
        &self,
        transaction: &mut PgConnection,
        columns: &Columns,
    ) -> sqlx::Result<()> {
        let definitions = columns.0.iter();
        let definitions = definitions.map(|column| format!("{} {}", column.name, column.definition));
        let create = format!(
            "create temp table decant_incoming ({}) on commit drop",
            definitions.collect::<Vec<_>>().join(", ")
        );
        // SQL: names quoted by PostgreSQL.
        transaction.execute(AssertSqlSafe(create)).await?;
        self.grant(transaction, INCOMING).await
    }

    /// Drops that temporary table. It is truncated first, because the space of a dropped table is free after the commit only.
    pub(super) async fn drop_incoming(&self, transaction: &mut PgConnection) -> sqlx::Result<()> {
        transaction.execute("truncate pg_temp.decant_incoming").await?;
        transaction.execute("drop table pg_temp.decant_incoming").await?;
        Ok(())
    }

    /// Counts the incoming rows that the table lacks, and those that it has with the same content. `copied` is the number
    /// of all incoming rows.
    pub(super) async fn compare(
        &self,
        transaction: &mut PgConnection,
        columns: &Columns,
        copied: u64,
    ) -> sqlx::Result<Compared> {
        let from = self.from();
        let new = format!("row({})::pg_catalog.text", columns.values("n."));
        let old = format!("row({})::pg_catalog.text", columns.list("t."));
        let (counts, missing) = match self.same_key(transaction, columns).await? {
            // Rows are compared as text, because some types (json, point) have no operator for equality.
            Some(same_key) => (
                format!(
                    "select array[pg_catalog.count(*) filter (where t.tableoid is null), \
                     pg_catalog.count(*) filter (where t.tableoid is not null and {new} operator(pg_catalog.=) {old})] \
                     from {INCOMING} n left join {from} t on {same_key}"
                ),
                format!("{INCOMING} n where not exists (select from {from} t where {same_key})"),
            ),
            // Equal rows are counted on both sides: of three in the dump one is missing if the table has two.
            None => {
                let missing = format!(
                    "(select n.*, {new} as decant_row, pg_catalog.row_number() over equal as decant_place \
                      from {INCOMING} n window equal as (partition by {new})) n \
                     left join (select {old} as decant_row, pg_catalog.count(*) as decant_count from {from} t group by 1) t \
                     on t.decant_row operator(pg_catalog.=) n.decant_row \
                     where n.decant_place operator(pg_catalog.>) coalesce(t.decant_count, 0)"
                );
                (
                    format!("select array[pg_catalog.count(*)] from {missing}"),
                    missing,
                )
            }
        };
        let counts = self.counts(transaction, &counts).await?;
        let rows = counts.first().copied().unwrap_or(0);
        let same = counts.get(1).copied();
        Ok(Compared {
            missing: rows,
            same: same.unwrap_or(copied.saturating_sub(rows)).min(copied),
            from: missing,
        })
    }

    /// Returns the condition that the row `n` has the primary key of the row `t`; `None` if there is no key, or if the
    /// rows lack a column of it.
    async fn same_key(
        &self,
        transaction: &mut PgConnection,
        columns: &Columns,
    ) -> sqlx::Result<Option<String>> {
        let key = table::primary_key(transaction, &self.sql).await?;
        let equal: Option<Vec<_>> = key
            .iter()
            .map(|KeyColumn { name, equals }| {
                let column = columns.0.iter().find(|column| column.name == *name)?;
                Some(format!("t.{name} {equals} {}", column.value("n.")))
            })
            .collect();
        Ok(equal
            .filter(|equal| !equal.is_empty())
            .map(|equal| equal.join(" and ")))
    }

    /// Removes the rows from a temporary table that a unique constraint would refuse. The table is locked, and the search
    /// path is empty, so that PostgreSQL's text of an index means the same here.
    pub(super) async fn remove_refused(
        &self,
        transaction: &mut PgConnection,
        columns: &Columns,
        rows: &str,
    ) -> sqlx::Result<()> {
        let conditions: Vec<String> = query_scalar(NOTHING_IN_THE_WAY)
            .bind(self.oid)
            .bind(self.from())
            .bind(columns.values("m."))
            .fetch_all(&mut *transaction)
            .await?;
        let conditions = conditions.iter().map(|condition| format!(" and {condition}"));
        let conditions: String = conditions.collect();
        let delete = format!("delete from {rows} m where not (true{conditions})");
        self.execute(transaction, &delete).await.map(drop)
    }

    /// Keeps other writers out, where the rows that are in the way cannot be left out by `ON CONFLICT`.
    pub(super) async fn lock(&self, transaction: &mut PgConnection) -> sqlx::Result<()> {
        if !self.refuses_on_conflict {
            return Ok(());
        }
        // SQL: the name is quoted by PostgreSQL.
        let lock = AssertSqlSafe(format!(
            "lock table only {} in share row exclusive mode",
            self.sql
        ));
        transaction.execute(lock).await.map(drop)
    }

    /// Runs a statement that Decant has written for this table, contained where the table belongs to another role. Returns the
    /// number of changed rows.
    ///
    /// # Errors
    /// What the database answers.
    pub(super) async fn execute(&self, transaction: &mut PgConnection, statement: &str) -> sqlx::Result<u64> {
        match &self.owner {
            Some(owner) => {
                let counts = sandbox::run(transaction, owner, statement, false).await?;
                Ok(counts.first().copied().unwrap_or(0))
            }
            None => {
                // SQL: names and operators quoted by PostgreSQL, expressions as it writes them.
                let statement = transaction.execute(AssertSqlSafe(statement.to_owned()));
                Ok(statement.await?.rows_affected())
            }
        }
    }

    /// Runs a query in the same way. It returns an array of numbers.
    pub(super) async fn counts(
        &self,
        transaction: &mut PgConnection,
        counting: &str,
    ) -> sqlx::Result<Vec<u64>> {
        match &self.owner {
            Some(owner) => sandbox::run(transaction, owner, counting, true).await,
            None => {
                // SQL: names and operators quoted by PostgreSQL.
                let counting = query_scalar(AssertSqlSafe(counting.to_owned())).persistent(false);
                let counts: Vec<i64> = counting.fetch_one(transaction).await?;
                Ok(counts.into_iter().map(i64::unsigned_abs).collect())
            }
        }
    }

    /// Allows the contained statements to use a temporary table.
    pub(super) async fn grant(&self, transaction: &mut PgConnection, temporary: &str) -> sqlx::Result<()> {
        let Some(owner) = &self.owner else {
            return Ok(());
        };
        // SQL: the role is quoted by PostgreSQL, and the table is Decant's own.
        let grant = AssertSqlSafe(format!("grant select, insert, delete on {temporary} to {owner}"));
        transaction.execute(grant).await.map(drop)
    }

    /// The table in a `FROM` clause: its own rows, without those of tables that inherit from it.
    fn from(&self) -> String {
        match self.kind.as_str() {
            "p" => self.sql.clone(),
            _ => format!("only {}", self.sql),
        }
    }
}

/// The comparison of incoming rows with those of the table.
pub(super) struct Compared {
    pub missing: u64,
    /// Rows that the table has with the same content.
    pub same: u64,
    /// The missing rows `n`, as a `FROM` clause.
    pub from: String,
}

impl Columns {
    /// Returns the columns as a list, each with the prefix.
    pub fn list(&self, prefix: &str) -> String {
        let columns = self.0.iter().map(|column| format!("{prefix}{}", column.name));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// Returns the columns of a temporary table as a list, in the types of the table.
    pub(super) fn values(&self, prefix: &str) -> String {
        let columns = self.0.iter().map(|column| column.value(prefix));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// Returns the list in parentheses; nothing for a table without columns, because SQL has no empty list.
    pub fn in_parentheses(&self) -> String {
        match self.0.is_empty() {
            true => String::new(),
            false => format!("({})", self.list("")),
        }
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|column| column.name == name)
    }
}

impl Column {
    fn value(&self, prefix: &str) -> String {
        match &self.cast {
            Some(cast) => format!("({prefix}{})::{cast}", self.name),
            None => format!("{prefix}{}", self.name),
        }
    }
}
