//! The order of tables by their foreign keys, and the circles that keys form.

use std::collections::{HashMap, HashSet};

use sqlx::postgres::types::Oid;
use sqlx::{PgConnection, query_as};

/// The foreign keys of the database: the referencing table and the referenced one. A partition counts as the partitioned
/// table at the root of its tree. A key that is `NOT VALID` is left out where it will be dropped and made again.
const FIND: &str = "\
select coalesce(pg_catalog.pg_partition_root(c.conrelid)::pg_catalog.oid, c.conrelid), \
    coalesce(pg_catalog.pg_partition_root(c.confrelid)::pg_catalog.oid, c.confrelid) \
from pg_catalog.pg_constraint c \
join pg_catalog.pg_class t on t.oid operator(pg_catalog.=) c.conrelid \
where c.contype operator(pg_catalog.=) 'f' and c.conparentid operator(pg_catalog.=) 0 \
    and (c.convalidated or not pg_catalog.pg_has_role(t.relowner, 'usage'))";

/// Tables that are filled together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub tables: Vec<Oid>,
    /// Whether their foreign keys hold only when the rows of all are there.
    pub is_circle: bool,
}

/// The foreign keys of the database.
pub(super) struct References(Vec<(Oid, Oid)>);

impl References {
    pub async fn find(connection: &mut PgConnection) -> sqlx::Result<Self> {
        query_as(FIND).fetch_all(connection).await.map(Self)
    }

    /// Returns the tables in groups, each after those that it refers to. Tables that refer to each other in a circle are one
    /// group.
    pub fn groups(&self, tables: &[Oid]) -> Vec<Group> {
        let reached: HashMap<Oid, HashSet<Oid>> = tables
            .iter()
            .map(|&one| (one, self.reached(one, tables)))
            .collect();
        let refers = |one: Oid, other: Oid| reached.get(&one).is_some_and(|tables| tables.contains(&other));
        let (mut waiting, mut groups) = (tables.to_vec(), Vec::new());
        while let Some(&first) = waiting.first() {
            let is_ready = |one: Oid| {
                waiting
                    .iter()
                    .all(|&other| !refers(one, other) || refers(other, one))
            };
            // One is always ready, because tables of a circle do not wait for each other.
            let next = waiting
                .iter()
                .copied()
                .find(|&one| is_ready(one))
                .unwrap_or(first);
            let is_with_next = |one: &Oid| *one == next || (refers(next, *one) && refers(*one, next));
            let (tables, others) = waiting.iter().partition(|one| is_with_next(one));
            let is_circle = refers(next, next);
            groups.push(Group { tables, is_circle });
            waiting = others;
        }
        groups
    }

    /// Returns those of the tables to which foreign keys lead from `start`, also over each other.
    fn reached(&self, start: Oid, tables: &[Oid]) -> HashSet<Oid> {
        let (mut reached, mut next) = (HashSet::new(), vec![start]);
        while let Some(table) = next.pop() {
            let referenced = self.0.iter().filter(|(from, _)| *from == table);
            for &(_, to) in referenced {
                if tables.contains(&to) && reached.insert(to) {
                    next.push(to);
                }
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(pairs: &[(u32, u32)], tables: &[u32]) -> Vec<(Vec<u32>, bool)> {
        let pairs = pairs.iter().map(|&(from, to)| (Oid(from), Oid(to)));
        let tables: Vec<_> = tables.iter().copied().map(Oid).collect();
        let groups = References(pairs.collect()).groups(&tables).into_iter();
        groups
            .map(|group| {
                (
                    group.tables.iter().map(|table| table.0).collect(),
                    group.is_circle,
                )
            })
            .collect()
    }

    #[test]
    fn a_table_comes_after_those_that_it_refers_to() {
        let order = [3, 2, 1, 4].map(|table| (vec![table], false));
        assert_eq!(groups(&[(1, 2), (2, 3), (1, 3), (4, 7)], &[1, 2, 3, 4]), order);
    }

    #[test]
    fn tables_of_a_circle_are_one_group() {
        // 1 refers to the circle of 2 and 3, and 3 to 4.
        assert_eq!(
            groups(&[(1, 2), (2, 3), (3, 2), (3, 4)], &[1, 2, 3, 4]),
            [(vec![4], false), (vec![2, 3], true), (vec![1], false)]
        );
        assert_eq!(groups(&[(1, 1)], &[1]), [(vec![1], true)]);
    }

    #[test]
    fn a_circle_that_leaves_the_tables_is_none() {
        let order = [2, 1].map(|table| (vec![table], false));
        assert_eq!(groups(&[(1, 2), (2, 3), (3, 1)], &[1, 2]), order);
    }
}
