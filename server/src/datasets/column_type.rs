//! PostgreSQL's types of columns.

use sqlx::{PgConnection, query_as};

use super::id_type::IdType;

/// The greatest OID of an object that PostgreSQL itself has made (FirstNormalObjectId in its transam.h).
const BUILT_IN_OID_MAX: i64 = 16_383;

/// PostgreSQL's type of a column.
#[derive(Clone, Debug)]
pub struct ColumnType {
    /// The name in `pg_type`: `int4`, `timestamptz`, `int4[]`. A type outside of the search path has its schema before it.
    pub name: String,
    /// The type is in `pg_catalog`, and so are the operators that compare its values.
    pub is_built_in: bool,
}

impl ColumnType {
    /// Returns the types with these OIDs, in the same order. A domain becomes the type that it is based on.
    ///
    /// [`Executor::prepare`](sqlx::Executor::prepare) would return the types as well. It is not used, because the driver
    /// then runs SQL of its own that calls functions and operators without their schema.
    pub(super) async fn look_up(connection: &mut PgConnection, oids: &[i64]) -> sqlx::Result<Vec<Self>> {
        let types: Vec<(String, bool)> = query_as(
            "with recursive resolved (place, oid) as ( \
               select place, oid::pg_catalog.oid \
               from pg_catalog.unnest($1::bigint[]) with ordinality as given (oid, place) \
               union all \
               select r.place, t.typbasetype from resolved r join pg_catalog.pg_type t \
               on t.oid operator(pg_catalog.=) r.oid where t.typtype operator(pg_catalog.=) 'd') \
             select pg_catalog.format_type(t.oid, null), t.oid operator(pg_catalog.<=) $2::bigint::pg_catalog.oid \
             from resolved r join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) r.oid \
             where t.typtype operator(pg_catalog.<>) 'd' order by r.place",
        )
        .bind(oids)
        .bind(BUILT_IN_OID_MAX)
        .fetch_all(connection)
        .await?;
        let of_row = |(name, is_built_in): (String, bool)| Self {
            name: short_name(&name),
            is_built_in,
        };
        Ok(types.into_iter().map(of_row).collect())
    }

    /// Returns the type as one of an id, if it can be one.
    pub(super) fn of_id(&self) -> Option<IdType> {
        match self.is_built_in {
            true => IdType::new(&self.name, self.in_sql()),
            false => None,
        }
    }

    /// Returns the type for a cast.
    pub(super) fn in_sql(&self) -> String {
        match (self.is_built_in, self.name.as_str()) {
            // `pg_catalog.char` is a single byte.
            (true, "char") => "pg_catalog.bpchar".to_owned(),
            (true, name) => format!("pg_catalog.{name}"),
            (false, name) => name.to_owned(),
        }
    }
}

/// Returns the name in `pg_type` of a type that SQL calls by another name. Only `character` becomes `char`, as in every
/// header of a raw-row stream until now.
fn short_name(name: &str) -> String {
    let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
    let (element, array) = match name.strip_suffix("[]") {
        Some(element) => (element, "[]"),
        None => (name, ""),
    };
    let element = match element {
        "bigint" => "int8",
        "bit varying" => "varbit",
        "boolean" => "bool",
        "character" => "char",
        "character varying" => "varchar",
        "double precision" => "float8",
        "integer" => "int4",
        "real" => "float4",
        "smallint" => "int2",
        "time with time zone" => "timetz",
        "time without time zone" => "time",
        "timestamp with time zone" => "timestamptz",
        "timestamp without time zone" => "timestamp",
        other => other,
    };
    format!("{element}{array}")
}
