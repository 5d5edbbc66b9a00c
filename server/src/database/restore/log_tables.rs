//! Finds the hub's log and its partitions in a dump.

use std::collections::BTreeSet;

use wasm_export::dump::{Entry, Toc};

use super::row_counts::TableName;
use super::sql_tokens::{Tokens, statements, tokens};
use crate::database::dump::LOGS;
use crate::hub_tables::Name;

/// Returns the table `message_request` of the hub's schema with its partitions and the tables that inherit from it.
#[must_use]
pub(super) fn find(toc: &Toc, hub_schema: &Name) -> BTreeSet<TableName> {
    let names = toc.entries.iter().map(TableName::from_entry);
    let is_log = |table: &TableName| table.name == LOGS && table.schema == hub_schema.as_str();
    let mut tables: BTreeSet<TableName> = names.filter(is_log).collect();
    let pairs: Vec<(TableName, TableName)> = toc.entries.iter().flat_map(parents).collect();
    loop {
        let before = tables.len();
        for (child, parent) in &pairs {
            if tables.contains(parent) {
                tables.insert(child.clone());
            }
        }
        if tables.len() == before {
            return tables;
        }
    }
}

/// Returns the table of an entry with each table that it is a partition or an heir of.
fn parents(entry: &Entry) -> Vec<(TableName, TableName)> {
    let child = TableName::from_entry(entry);
    let tokens = tokens(&entry.definition);
    let statements = statements(&tokens);
    let parents = statements.flat_map(|statement| match entry.kind.as_str() {
        // Of PostgreSQL 13 and older, the entry of a table attaches it, too.
        "TABLE" | "TABLE ATTACH" => match attached_to(statement.clone(), &child) {
            Some(parent) => vec![parent],
            None => inherited(statement, &child).unwrap_or_default(),
        },
        _ => Vec::new(),
    });
    parents.map(|parent| (child.clone(), parent)).collect()
}

/// Parses `ALTER TABLE ONLY public.parent ATTACH PARTITION public.child …` of this child.
fn attached_to(mut statement: Tokens<'_>, child: &TableName) -> Option<TableName> {
    statement.words("ALTER TABLE ONLY")?;
    let parent = table(&mut statement, child)?;
    statement.words("ATTACH PARTITION")?;
    (table(&mut statement, child)? == *child).then_some(parent)
}

/// Parses `CREATE TABLE public.child (…) INHERITS (public.a, public.b)`.
fn inherited(mut statement: Tokens<'_>, child: &TableName) -> Option<Vec<TableName>> {
    statement.words("CREATE")?;
    statement.skip_to("INHERITS")?;
    statement.sign('(')?;
    let mut parents = vec![table(&mut statement, child)?];
    while statement.sign(',').is_some() {
        parents.push(table(&mut statement, child)?);
    }
    Some(parents)
}

/// Parses a name. `pg_dump` 10.2 and older names a table in the schema of the entry without it.
fn table(statement: &mut Tokens<'_>, entry: &TableName) -> Option<TableName> {
    let first = statement.name()?;
    match statement.sign('.') {
        Some(()) => Some(TableName {
            schema: first,
            name: statement.name()?,
        }),
        None => Some(TableName {
            schema: entry.schema.clone(),
            name: first,
        }),
    }
}

#[cfg(test)]
mod tests {
    use wasm_export::dump::EntryData;

    use super::*;

    fn parents_in(kind: &str, (schema, name): (&str, &str), definition: &str) -> Vec<String> {
        let entry = Entry {
            dump_id: 1,
            kind: kind.to_owned(),
            schema: Some(schema.to_owned()),
            name: name.to_owned(),
            definition: definition.to_owned(),
            is_post_data: false,
            tablespace: None,
            owner: String::new(),
            data: EntryData::None,
        };
        parents(&entry)
            .into_iter()
            .map(|(_, parent)| parent.to_string())
            .collect()
    }

    #[test]
    fn partitions_and_heirs_name_their_parents() {
        let heir = "CREATE TABLE public.old (\n    a text DEFAULT 'INHERITS (public.x)'::text\n)\nINHERITS (public.other, \"Old \"\"logs\"\"\".a);\n";
        assert_eq!(
            parents_in("TABLE", ("public", "old"), heir),
            ["public.other", "Old \"logs\".a"]
        );
        let attach =
            "ALTER TABLE ONLY \"Old \"\"logs\"\"\".a ATTACH PARTITION public.b FOR VALUES FROM (1) TO (2);\n";
        assert_eq!(
            parents_in("TABLE ATTACH", ("public", "b"), attach),
            ["Old \"logs\".a"]
        );
        let old = "CREATE TABLE b (\n    id integer\n);\nALTER TABLE ONLY a ATTACH PARTITION b DEFAULT;\n";
        assert_eq!(parents_in("TABLE", ("public", "b"), old), ["public.a"]);
    }

    #[test]
    fn an_entry_names_no_parent_of_another_table() {
        let literal = "CREATE TABLE public.t (\n    x text DEFAULT '\nALTER TABLE ONLY public.message_request ATTACH PARTITION public.keys DEFAULT;\n'::text\n);\n";
        assert!(parents_in("TABLE", ("public", "t"), literal).is_empty());
        let other = "ALTER TABLE ONLY public.message_request ATTACH PARTITION public.keys DEFAULT;\n";
        assert!(parents_in("TABLE ATTACH", ("public", "t"), other).is_empty());
    }
}
