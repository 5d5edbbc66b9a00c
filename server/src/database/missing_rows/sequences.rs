//! Sequences that fill columns of a table. They move past the inserted values, and never back.

use sqlx::postgres::types::Oid;
use sqlx::{AssertSqlSafe, PgConnection, query, query_as, query_scalar};

use super::error::MissingRowsError;
use super::target::{Columns, Target};

/// The sequences that columns of the table `$1` own or have in their defaults, also as columns of the partitioned tables
/// above it. `$2` is the temporary table with the inserted rows.
///
/// A sequence is behind if it would return a value that is not beyond the inserted ones. Its last value is compared in the
/// statement that moves it.
const FIND: &str = "\
with tables as ( \
    select $1::pg_catalog.oid as oid \
    union select relid::pg_catalog.oid from pg_catalog.pg_partition_ancestors($1::pg_catalog.oid)), \
fed as ( \
    select d.objid as sequence, t.oid as relation, d.refobjsubid as number from tables t \
    join pg_catalog.pg_depend d on d.refobjid operator(pg_catalog.=) t.oid \
    where d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass \
        and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass \
        and d.deptype operator(pg_catalog.=) any ('{a,i}') \
    union \
    select d.refobjid, t.oid, a.adnum from tables t \
    join pg_catalog.pg_attrdef a on a.adrelid operator(pg_catalog.=) t.oid \
    join pg_catalog.pg_depend d on d.objid operator(pg_catalog.=) a.oid \
    where d.classid operator(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass \
        and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass) \
select distinct pg_catalog.quote_ident(a.attname) as column, s.oid, pg_catalog.format('%I.%I', n.nspname, s.relname), \
    pg_catalog.format( \
    'select pg_catalog.setval(%1$L::pg_catalog.regclass, m.value) \
     from (select pg_catalog.%2$s(%3$I)::bigint as value from %4$s) m, %1$s s \
     where (m.value operator(pg_catalog.%5$s) s.last_value \
            or (m.value operator(pg_catalog.=) s.last_value and not s.is_called)) \
     and m.value operator(pg_catalog.>=) %6$L::bigint and m.value operator(pg_catalog.<=) %7$L::bigint', \
    pg_catalog.format('%I.%I', n.nspname, s.relname), \
    case when q.seqincrement operator(pg_catalog.>) 0 then 'max' else 'min' end, a.attname, $2::pg_catalog.text, \
    case when q.seqincrement operator(pg_catalog.>) 0 then '>' else '<' end, q.seqmin, q.seqmax) as advance \
from fed f \
join pg_catalog.pg_sequence q on q.seqrelid operator(pg_catalog.=) f.sequence \
join pg_catalog.pg_class s on s.oid operator(pg_catalog.=) f.sequence \
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) s.relnamespace \
join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) f.relation \
    and a.attnum operator(pg_catalog.=) f.number \
where a.atttypid operator(pg_catalog.=) any ('{int2,int4,int8}'::pg_catalog.regtype[])";

/// Moves the sequences of the table past the rows that were inserted from `temporary`.
///
/// # Errors
/// [`MissingRowsError::Replaced`], [`MissingRowsError::Database`].
pub(super) async fn advance(
    transaction: &mut PgConnection,
    table: &Target,
    columns: &Columns,
    temporary: &str,
) -> Result<(), MissingRowsError> {
    let found: Vec<(String, Oid, String, String)> = query_as(FIND)
        .bind(table.oid)
        .bind(temporary)
        .fetch_all(&mut *transaction)
        .await?;
    for (column, sequence, name, advance) in found {
        if !columns.contains(&column) {
            continue;
        }
        // Locks the sequence, whose owner could put a view with functions of its own in its place.
        query("select pg_catalog.pg_sequence_last_value($1)")
            .bind(sequence)
            .execute(&mut *transaction)
            .await?;
        let named: Option<Oid> = query_scalar("select pg_catalog.to_regclass($1)::pg_catalog.oid")
            .bind(&name)
            .fetch_one(&mut *transaction)
            .await?;
        if named != Some(sequence) {
            return Err(MissingRowsError::Replaced(name));
        }
        // SQL: names and numbers quoted by PostgreSQL.
        let advance = query(AssertSqlSafe(advance)).persistent(false);
        advance.execute(&mut *transaction).await?;
    }
    Ok(())
}
