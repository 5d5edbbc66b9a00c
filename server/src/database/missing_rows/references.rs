//! The order of tables by their foreign keys, and the keys that form circles.

use std::collections::HashSet;

use sqlx::postgres::PgRow;
use sqlx::postgres::types::Oid;
use sqlx::{FromRow, PgConnection, Row, query_as};

use super::error::MissingRowsError;

/// A foreign key. A partition counts as the partitioned table at the root of its tree.
pub(super) struct Reference {
    referencing: Oid,
    referenced: Oid,
    table: String,
    name: String,
    /// Whether Decant's role may have it checked at the end of the transaction.
    may_defer: bool,
    /// The statement that does; none if that is so already.
    pub defer: Option<String>,
    /// The statement that gives it its former state.
    pub restore: Option<String>,
}

impl FromRow<'_, PgRow> for Reference {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            referencing: row.try_get("referencing")?,
            referenced: row.try_get("referenced")?,
            table: row.try_get("table")?,
            name: row.try_get("name")?,
            may_defer: row.try_get("may_defer")?,
            defer: row.try_get("defer")?,
            restore: row.try_get("restore")?,
        })
    }
}

/// `ALTER CONSTRAINT` keeps name, comment and everything else, and only new rows are checked. A constraint that is
/// `NOT VALID` is left out where it will be dropped and made again.
const FIND: &str = "\
select coalesce(pg_catalog.pg_partition_root(c.conrelid)::pg_catalog.oid, c.conrelid) as referencing, \
    coalesce(pg_catalog.pg_partition_root(c.confrelid)::pg_catalog.oid, c.confrelid) as referenced, \
    pg_catalog.format('%s.%s', n.nspname, t.relname) as table, c.conname::pg_catalog.text as name, \
    c.condeferrable or pg_catalog.pg_has_role(t.relowner, 'usage') as may_defer, \
    case when not c.condeferrable then pg_catalog.format( \
            'alter table %I.%I alter constraint %I deferrable initially deferred', n.nspname, t.relname, c.conname) \
         when not c.condeferred then pg_catalog.format('set constraints %I.%I deferred', n.nspname, c.conname) \
         end as defer, \
    case when not c.condeferrable then pg_catalog.format( \
            'alter table %I.%I alter constraint %I not deferrable', n.nspname, t.relname, c.conname) end as restore \
from pg_catalog.pg_constraint c \
join pg_catalog.pg_class t on t.oid operator(pg_catalog.=) c.conrelid \
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) t.relnamespace \
where c.contype operator(pg_catalog.=) 'f' and c.conparentid operator(pg_catalog.=) 0 \
    and (c.convalidated or not pg_catalog.pg_has_role(t.relowner, 'usage')) \
    and (c.conrelid operator(pg_catalog.<>) c.confrelid or t.relkind operator(pg_catalog.=) 'p')";

/// The foreign keys of the database.
pub(super) struct References(Vec<Reference>);

impl References {
    pub async fn find(connection: &mut PgConnection) -> sqlx::Result<Self> {
        // A key of a table to itself is checked when the whole statement is done, unless partitions are filled one by one.
        query_as(FIND).fetch_all(connection).await.map(Self)
    }

    /// Returns the foreign keys that form circles among these tables.
    ///
    /// # Errors
    /// [`MissingRowsError::Circle`]: Decant's role may not defer one of them.
    pub fn circular(&self, tables: &[Oid]) -> Result<Vec<&Reference>, MissingRowsError> {
        let among = self.among(tables);
        let circular = among.iter().copied().filter(|one| is_circular(one, &among));
        let checked = circular.map(|one| match one.may_defer {
            true => Ok(one),
            false => Err(MissingRowsError::Circle {
                table: one.table.clone(),
                name: one.name.clone(),
            }),
        });
        checked.collect()
    }

    /// Returns the tables so that each comes after those that it refers to, except by circles.
    pub fn sort(&self, tables: &[Oid]) -> Vec<Oid> {
        let among = self.among(tables);
        let needed: Vec<_> = among.iter().filter(|one| !is_circular(one, &among)).collect();
        let (mut waiting, mut sorted) = (tables.to_vec(), Vec::new());
        while !waiting.is_empty() {
            let is_ready = |table: &Oid| {
                !needed
                    .iter()
                    .any(|one| one.referencing == *table && waiting.contains(&one.referenced))
            };
            // Without circles one table is always ready.
            let next = waiting.iter().position(is_ready).unwrap_or(0);
            sorted.push(waiting.remove(next));
        }
        sorted
    }

    fn among(&self, tables: &[Oid]) -> Vec<&Reference> {
        let is_among =
            |one: &&Reference| tables.contains(&one.referencing) && tables.contains(&one.referenced);
        self.0.iter().filter(is_among).collect()
    }
}

/// Returns whether a way along the foreign keys leads from the referenced table back to the referencing one.
fn is_circular(reference: &Reference, all: &[&Reference]) -> bool {
    let (mut reached, mut next) = (HashSet::new(), vec![reference.referenced]);
    while let Some(table) = next.pop() {
        if table == reference.referencing {
            return true;
        }
        if reached.insert(table) {
            let further = all.iter().filter(|one| one.referencing == table);
            next.extend(further.map(|one| one.referenced));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(pairs: &[(u32, u32)]) -> References {
        let reference = |&(referencing, referenced): &(u32, u32)| Reference {
            referencing: Oid(referencing),
            referenced: Oid(referenced),
            table: referencing.to_string(),
            name: referenced.to_string(),
            may_defer: referencing != 9,
            defer: None,
            restore: None,
        };
        References(pairs.iter().map(reference).collect())
    }

    fn sorted(pairs: &[(u32, u32)], tables: &[u32]) -> (Vec<u32>, Vec<(u32, u32)>) {
        let references = references(pairs);
        let tables: Vec<_> = tables.iter().copied().map(Oid).collect();
        let circular = references.circular(&tables).unwrap();
        let circular = circular.iter().map(|one| (one.referencing.0, one.referenced.0));
        let order = references.sort(&tables).iter().map(|table| table.0).collect();
        (order, circular.collect())
    }

    #[test]
    fn a_table_comes_after_those_that_it_refers_to() {
        assert_eq!(
            sorted(&[(1, 2), (2, 3), (1, 3), (4, 7)], &[1, 2, 3, 4]),
            (vec![3, 2, 1, 4], vec![])
        );
    }

    #[test]
    fn only_the_keys_of_a_circle_are_deferred() {
        // 1 refers to the circle of 2 and 3, and 3 to 4.
        let (order, circular) = sorted(&[(1, 2), (2, 3), (3, 2), (3, 4)], &[1, 2, 3, 4]);
        assert_eq!(circular, [(2, 3), (3, 2)]);
        let at = |table| order.iter().position(|one| *one == table);
        assert!(at(4) < at(3) && at(2) < at(1), "{order:?}");
    }

    #[test]
    fn a_circle_that_leaves_the_tables_is_none() {
        assert_eq!(sorted(&[(1, 2), (2, 3), (3, 1)], &[1, 2]), (vec![2, 1], vec![]));
        assert_eq!(sorted(&[(1, 1)], &[1]), (vec![1], vec![(1, 1)]));
    }

    #[test]
    fn a_circle_that_may_not_be_deferred_is_named() {
        let error = references(&[(9, 2), (2, 9)]).circular(&[Oid(9), Oid(2)]).err();
        assert!(
            matches!(error, Some(MissingRowsError::Circle { table, name }) if table == "9" && name == "2")
        );
    }
}
