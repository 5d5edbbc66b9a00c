//! A table that takes missing rows, and the SQL for it. PostgreSQL quotes the names.

use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;
use sqlx::{AssertSqlSafe, Executor, FromRow, PgConnection, Row, query_as, query_scalar};

use super::error::MissingRowsError;
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
    /// The role that inserts, quoted: the owner, where that is another role than Decant's and Decant's role is a member.
    owner: Option<String>,
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
pub(in crate::database) struct Columns(Vec<String>);

/// The temporary table for rows that may be missing.
const INCOMING: &str = "pg_temp.decant_incoming";

const FIND: &str = "\
select c.oid, c.relkind::pg_catalog.text as kind, \
    pg_catalog.format('%s.%s', n.nspname, c.relname) as name, \
    pg_catalog.format('%I.%I', n.nspname, c.relname) as sql, \
    coalesce(pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid, c.oid) as root, \
    case when pg_catalog.pg_get_userbyid(c.relowner) operator(pg_catalog.<>) current_user \
        and pg_catalog.pg_has_role(c.relowner, \
            case when pg_catalog.current_setting('server_version_num')::int operator(pg_catalog.>=) 160000 \
                 then 'set' else 'member' end) \
        then pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) end as owner, \
    c.relrowsecurity and c.relforcerowsecurity as forces_policies, \
    exists (select from pg_catalog.pg_rewrite r \
            where r.ev_class operator(pg_catalog.=) c.oid and r.ev_type operator(pg_catalog.=) '2') \
    or exists (select from pg_catalog.pg_index i \
            where i.indrelid operator(pg_catalog.=) c.oid and (i.indisunique or i.indisexclusion) \
            and not i.indimmediate) as refuses_on_conflict \
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace \
where c.oid operator(pg_catalog.=) pg_catalog.to_regclass($1)";

/// For each unique index and exclusion constraint of the table, the condition that no row of it is in the way of a row
/// `m`. `$2` is the table in a `FROM` clause. `to_jsonb` because the column `indnullsnotdistinct` is new in PostgreSQL 15.
const NOTHING_IN_THE_WAY: &str = "\
select pg_catalog.format('not exists (select from (select %1$s from %2$s where %3$s) t, \
        (select %1$s from (select m.*) m where %3$s) n where %4$s)', \
    pg_catalog.string_agg(pg_catalog.format('%s as k%s', \
        pg_catalog.pg_get_indexdef(i.indexrelid, k.place::int, false), k.place), ', ' order by k.place), \
    $2::pg_catalog.text, coalesce(pg_catalog.pg_get_expr(i.indpred, i.indrelid), 'true'), \
    pg_catalog.string_agg(pg_catalog.format( \
        case when (pg_catalog.to_jsonb(i) operator(pg_catalog.->>) 'indnullsnotdistinct')::boolean \
             then '(t.k%1$s operator(%2$I.%3$s) n.k%1$s or (t.k%1$s is null and n.k%1$s is null))' \
             else 't.k%1$s operator(%2$I.%3$s) n.k%1$s' end, k.place, o_n.nspname, o.oprname), ' and ')) \
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

    /// Returns the columns of these names, which are not quoted.
    ///
    /// # Errors
    /// [`MissingRowsError::NoColumn`]: the table lacks one of them, or computes it. [`MissingRowsError::Database`].
    pub async fn columns(
        &self,
        transaction: &mut PgConnection,
        names: &[String],
    ) -> Result<Columns, MissingRowsError> {
        let found: Vec<(String, String, bool)> = query_as(
            "select name, pg_catalog.quote_ident(name), exists (select from pg_catalog.pg_attribute a \
              where a.attrelid operator(pg_catalog.=) $1 and a.attname operator(pg_catalog.=) name \
              and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped \
              and a.attgenerated operator(pg_catalog.=) '') \
             from pg_catalog.unnest($2::pg_catalog.text[]) with ordinality as u (name, place) order by place",
        )
        .bind(self.oid)
        .bind(names)
        .fetch_all(transaction)
        .await?;
        let quoted = found.into_iter().map(|(column, quoted, exists)| match exists {
            true => Ok(quoted),
            false => Err(MissingRowsError::NoColumn {
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
        let create = format!(
            "create temp table decant_incoming on commit drop as select {} from {} where false",
            columns.list(""),
            self.from()
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
        let [new, old] = ["n.", "t."].map(|prefix| format!("row({})::pg_catalog.text", columns.list(prefix)));
        let (counts, missing) = match self.same_key(transaction, columns).await? {
            // Rows are compared as text, because some types (json, point) have no operator for equality.
            Some(same_key) => (
                format!(
                    "select pg_catalog.count(*) filter (where t.tableoid is null), \
                     pg_catalog.count(*) filter (where t.tableoid is not null and {new} operator(pg_catalog.=) {old}) \
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
                    format!("select pg_catalog.count(*), null::bigint from {missing}"),
                    missing,
                )
            }
        };
        // SQL: names and operators quoted by PostgreSQL.
        let counting = query_as(AssertSqlSafe(counts)).persistent(false);
        let (rows, same): (i64, Option<i64>) = counting.fetch_one(transaction).await?;
        let rows = rows.unsigned_abs();
        Ok(Compared {
            missing: rows,
            same: same.map_or(copied.saturating_sub(rows), i64::unsigned_abs),
            select: format!("select {} from {missing}", columns.list("n.")),
        })
    }

    /// Returns the condition that the row `n` has the primary key of the row `t`; `None` if there is no key, or if the
    /// rows lack a column of it.
    async fn same_key(
        &self,
        transaction: &mut PgConnection,
        Columns(columns): &Columns,
    ) -> sqlx::Result<Option<String>> {
        let key = table::primary_key(transaction, &self.sql).await?;
        if key.is_empty() || !key.iter().all(|part| columns.contains(&part.name)) {
            return Ok(None);
        }
        let equal = key
            .iter()
            .map(|KeyColumn { name, equals }| format!("t.{name} {equals} n.{name}"));
        Ok(Some(equal.collect::<Vec<_>>().join(" and ")))
    }

    /// Removes the rows from a temporary table that a unique constraint would refuse. The table is locked, and the search
    /// path is empty, so that PostgreSQL's text of an index means the same here.
    pub(super) async fn remove_refused(
        &self,
        transaction: &mut PgConnection,
        rows: &str,
    ) -> sqlx::Result<()> {
        let conditions: Vec<String> = query_scalar(NOTHING_IN_THE_WAY)
            .bind(self.oid)
            .bind(self.from())
            .fetch_all(&mut *transaction)
            .await?;
        let conditions = conditions.iter().map(|condition| format!(" and {condition}"));
        let conditions: String = conditions.collect();
        // SQL: names and operators quoted by PostgreSQL, expressions as it writes them.
        let delete = AssertSqlSafe(format!("delete from {rows} m where not (true{conditions})"));
        transaction.execute(delete).await.map(drop)
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

    /// Makes the role that inserts the current one. The functions of the table, in constraints, defaults and generated
    /// columns, run with that role's rights then. A function that runs `RESET ROLE` gets Decant's back.
    pub async fn act_as_owner(&self, transaction: &mut PgConnection) -> sqlx::Result<()> {
        let Some(owner) = &self.owner else {
            return Ok(());
        };
        // SQL: the name is quoted by PostgreSQL.
        let set = AssertSqlSafe(format!("set local role {owner}"));
        transaction.execute(set).await.map(drop)
    }

    /// Makes Decant's role the current one again.
    pub async fn act_as_self(&self, transaction: &mut PgConnection) -> sqlx::Result<()> {
        match &self.owner {
            Some(_) => transaction.execute("reset role").await.map(drop),
            None => Ok(()),
        }
    }

    /// Allows the role that inserts to use a temporary table.
    pub(super) async fn grant(&self, transaction: &mut PgConnection, temporary: &str) -> sqlx::Result<()> {
        let Some(owner) = &self.owner else {
            return Ok(());
        };
        // SQL: the role is quoted by PostgreSQL, and the table is Decant's own.
        let grant = AssertSqlSafe(format!("grant select, insert, delete on {temporary} to {owner}"));
        transaction.execute(grant).await.map(drop)
    }

    /// Whether another role than Decant's inserts.
    pub(super) fn has_other_owner(&self) -> bool {
        self.owner.is_some()
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
    /// The query for the missing rows.
    pub select: String,
}

impl Columns {
    /// Returns the columns as a list, each with the prefix.
    pub fn list(&self, prefix: &str) -> String {
        let columns = self.0.iter().map(|column| format!("{prefix}{column}"));
        columns.collect::<Vec<_>>().join(", ")
    }

    /// Returns the list in parentheses; nothing for a table without columns, because SQL has no empty list.
    pub fn in_parentheses(&self) -> String {
        match self.0.is_empty() {
            true => String::new(),
            false => format!("({})", self.list("")),
        }
    }

    pub(super) fn contains(&self, column: &String) -> bool {
        self.0.contains(column)
    }
}
