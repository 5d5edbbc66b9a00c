//! A table or a view as PostgreSQL's catalogue has it. PostgreSQL quotes all names that become SQL.

use std::collections::HashMap;

use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row, query_as, query_scalar};

use super::check_constraint;

/// A table, a partitioned or foreign table, a view or a materialised view.
#[derive(Debug)]
pub struct Table {
    pub name: String,
    /// With its schema, for SQL.
    pub sql: String,
    pub comment: Option<String>,
    pub columns: Vec<Column>,
    /// The columns of each unique index, by their numbers in PostgreSQL; the primary key first.
    pub keys: Vec<Vec<i16>>,
}

#[derive(Debug)]
pub struct Column {
    pub number: i16,
    pub name: String,
    /// The name for SQL.
    pub sql: String,
    pub comment: Option<String>,
    pub not_null: bool,
    /// The name in `pg_type`, of a domain that of the type that it is based on. Empty for a type outside of `pg_catalog`.
    pub base_type: String,
    pub is_enum: bool,
    /// The type for a cast.
    pub type_sql: String,
    /// The only values that the column has: those of its enum, or of its check constraint.
    pub values: Vec<String>,
    /// The SQL of the check constraints of this column alone.
    checks: Vec<String>,
    /// An index begins with the column.
    pub is_indexed: bool,
    /// The role of this connection may read it.
    pub is_readable: bool,
    pub reference: Option<Reference>,
}

/// The table that a foreign key of one column names.
#[derive(Debug)]
pub struct Reference {
    /// The number of the referring column.
    number: i16,
    /// With its schema, for SQL.
    pub table: String,
    pub column: String,
    /// The column for people, such as `name`.
    pub label: Option<String>,
}

impl FromRow<'_, PgRow> for Column {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            number: row.try_get("number")?,
            name: row.try_get("name")?,
            sql: row.try_get("sql")?,
            comment: row.try_get("comment")?,
            not_null: row.try_get("not_null")?,
            base_type: row.try_get("base_type")?,
            is_enum: row.try_get("is_enum")?,
            type_sql: row.try_get("type_sql")?,
            values: row.try_get("values")?,
            checks: row.try_get("checks")?,
            is_indexed: row.try_get("is_indexed")?,
            is_readable: row.try_get("is_readable")?,
            reference: None,
        })
    }
}

impl FromRow<'_, PgRow> for Reference {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            number: row.try_get("number")?,
            table: row.try_get("table")?,
            column: row.try_get("column")?,
            label: row.try_get("label")?,
        })
    }
}

impl Table {
    /// Reads the table with this name, if there is one: as it is stored or as SQL writes it, with its schema or found along the search path.
    ///
    /// # Errors
    /// The database's error.
    pub async fn read(name: &str, connection: &mut PgConnection) -> sqlx::Result<Option<Self>> {
        type Row = (i64, String, String, Option<String>);
        let found: Option<Row> = query_as(
            "select c.oid::bigint, c.relname::pg_catalog.text, pg_catalog.format('%I.%I', n.nspname, c.relname), \
                    pg_catalog.obj_description(c.oid, 'pg_class') \
             from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace, \
                  rows from (pg_catalog.unnest(array[$1, pg_catalog.lower($1)])) with ordinality as given (name, place) \
             where c.relkind operator(pg_catalog.=) any ('{r,p,v,m,f}'::pg_catalog.\"char\"[]) \
             and (pg_catalog.pg_table_is_visible(c.oid) \
                  and given.name operator(pg_catalog.=) any (array[c.relname::pg_catalog.text, \
                      pg_catalog.format('%I', c.relname)]) \
                  or given.name operator(pg_catalog.=) any (array[pg_catalog.format('%s.%s', n.nspname, c.relname), \
                      pg_catalog.format('%I.%I', n.nspname, c.relname)])) \
             order by given.place, pg_catalog.pg_table_is_visible(c.oid) desc limit 1",
        )
        .bind(name)
        .fetch_optional(&mut *connection)
        .await?;
        let Some((oid, name, sql, comment)) = found else {
            return Ok(None);
        };
        Ok(Some(Self {
            name,
            sql,
            comment,
            columns: columns(oid, connection).await?,
            keys: keys(oid, connection).await?,
        }))
    }

    /// Returns the column with this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Returns the column with this number.
    pub fn numbered(&self, number: i16) -> Option<&Column> {
        self.columns.iter().find(|column| column.number == number)
    }
}

async fn columns(oid: i64, connection: &mut PgConnection) -> sqlx::Result<Vec<Column>> {
    let mut columns: Vec<Column> = query_as(
        "with recursive resolved (number, oid) as ( \
           select a.attnum, a.atttypid from pg_catalog.pg_attribute a \
           where a.attrelid operator(pg_catalog.=) $1::bigint::pg_catalog.oid \
           and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped \
           union all \
           select r.number, t.typbasetype from resolved r join pg_catalog.pg_type t \
           on t.oid operator(pg_catalog.=) r.oid where t.typtype operator(pg_catalog.=) 'd') \
         select a.attnum as number, a.attname::pg_catalog.text as name, pg_catalog.quote_ident(a.attname) as sql, \
                pg_catalog.col_description(a.attrelid, a.attnum) as comment, a.attnotnull as not_null, \
                case when n.nspname operator(pg_catalog.=) 'pg_catalog' then t.typname::pg_catalog.text else '' end \
                    as base_type, \
                t.typtype operator(pg_catalog.=) 'e' as is_enum, \
                pg_catalog.format('%I.%I', n.nspname, t.typname) as type_sql, \
                array(select e.enumlabel::pg_catalog.text from pg_catalog.pg_enum e \
                      where e.enumtypid operator(pg_catalog.=) t.oid order by e.enumsortorder) as values, \
                array(select pg_catalog.pg_get_expr(k.conbin, k.conrelid) from pg_catalog.pg_constraint k \
                      where k.conrelid operator(pg_catalog.=) a.attrelid and k.contype operator(pg_catalog.=) 'c' \
                      and k.conkey operator(pg_catalog.=) array[a.attnum]) as checks, \
                exists (select from pg_catalog.pg_index i where i.indrelid operator(pg_catalog.=) a.attrelid \
                        and i.indpred is null and i.indisvalid \
                        and i.indkey[0] operator(pg_catalog.=) a.attnum) as is_indexed, \
                pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'select') as is_readable \
         from resolved r join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) r.oid \
         join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) t.typnamespace \
         join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) $1::bigint::pg_catalog.oid \
              and a.attnum operator(pg_catalog.=) r.number \
         where t.typtype operator(pg_catalog.<>) 'd' order by a.attnum",
    )
    .bind(oid)
    .fetch_all(&mut *connection)
    .await?;
    let references: Vec<Reference> = query_as(
        "select k.conkey[1] as number, pg_catalog.format('%I.%I', n.nspname, c.relname) as table, \
                pg_catalog.quote_ident(a.attname) as column, \
                (select pg_catalog.quote_ident(l.attname) from pg_catalog.pg_attribute l \
                 join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) l.atttypid, \
                      rows from (pg_catalog.unnest('{name,title,label,code}'::pg_catalog.name[])) \
                          with ordinality as wanted (name, place) \
                 where l.attrelid operator(pg_catalog.=) c.oid and l.attname operator(pg_catalog.=) wanted.name \
                 and not l.attisdropped and t.typcategory operator(pg_catalog.=) 'S' \
                 order by wanted.place limit 1) as label \
         from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) k.confrelid \
         join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace \
         join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid \
              and a.attnum operator(pg_catalog.=) k.confkey[1] \
         where k.conrelid operator(pg_catalog.=) $1::bigint::pg_catalog.oid \
         and k.contype operator(pg_catalog.=) 'f' and pg_catalog.cardinality(k.conkey) operator(pg_catalog.=) 1 \
         and pg_catalog.has_table_privilege(c.oid, 'select') order by k.oid",
    )
    .bind(oid)
    .fetch_all(connection)
    .await?;
    let mut references: HashMap<i16, Reference> = references
        .into_iter()
        .map(|reference| (reference.number, reference))
        .collect();
    for column in &mut columns {
        column.reference = references.remove(&column.number);
        if !column.is_enum {
            let checked = column.checks.iter();
            let values = checked.filter_map(|check| check_constraint::values(check, &column.sql));
            column.values = values.reduce(|_, last| last).unwrap_or_default();
        }
    }
    Ok(columns)
}

/// Returns the columns of the unique indexes of all rows, the primary key first.
async fn keys(oid: i64, connection: &mut PgConnection) -> sqlx::Result<Vec<Vec<i16>>> {
    query_scalar(
        "select array(select k.number from rows from (pg_catalog.unnest(i.indkey::pg_catalog.int2[])) \
                          with ordinality as k (number, place) \
                      where k.place operator(pg_catalog.<=) i.indnkeyatts order by k.place) \
         from pg_catalog.pg_index i where i.indrelid operator(pg_catalog.=) $1::bigint::pg_catalog.oid \
         and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null \
         order by i.indisprimary desc, i.indnkeyatts, i.indexrelid",
    )
    .bind(oid)
    .fetch_all(connection)
    .await
}
