//! `extends`: a definition takes from another one what it does not declare itself.

use std::collections::HashMap;

use toml::{Table, Value};

const EXTENDS: &str = "extends";

/// Keys that are taken from the other definition where the definition has none.
const TAKEN: &[&str] = &[
    "access", "as_of", "fraction", "from", "group", "order", "owner", "range", "where",
];

/// Lists of tables with names. Those of the other definition come first, and the keys of one with the same name are joined.
const JOINED: &[&str] = &["figure", "filter", "parameter", "quick"];

const COLUMN: &str = "column";

const FILTER: &str = "filter";

/// The key of a filter whose values the tick boxes of a row give.
const TICKS: &str = "ticks";

const ACCESS: &str = "access";

/// Keys that only a dataset with `access = "workspace"` has.
const OF_WORKSPACES: &[&str] = &["export", "read", "without_workspace", "workspace"];

/// The key of a built-in definition whose rows are not in the database that is exported.
const DATABASE: &str = "database";

/// The longest chain of definitions that extend each other.
const DEPTH_MAX: usize = 8;

/// The definitions that others may extend, by name.
#[derive(Debug, Default)]
pub struct Sources {
    /// Those that are compiled in.
    pub built_in: HashMap<String, Table>,
    /// Those of the site, which take the place of built-in ones with the same name.
    pub of_site: HashMap<String, Table>,
}

impl Sources {
    fn get(&self, name: &str) -> Option<&Table> {
        self.of_site.get(name).or_else(|| self.built_in.get(name))
    }
}

/// Returns whether a definition extends another one.
pub fn inherits(definition: &Table) -> bool {
    definition.contains_key(EXTENDS)
}

/// Returns the definition with all that it takes from the definition that it extends.
///
/// Columns are those of the definition, in its order. A key that a column lacks is taken from the column with the same name.
/// Columns of the order that the definition lacks are added as hidden ones. Without columns of its own it has those of the
/// other definition.
///
/// A definition that extends the built-in one of its own name changes it. Each key that it lacks is taken from there. Its columns
/// are added to the others.
///
/// # Errors
/// The name that is missing, or a chain that is too long.
pub fn inherit(definition: Table, sources: &Sources) -> Result<Table, String> {
    inherit_to(definition, sources, DEPTH_MAX)
}

fn inherit_to(mut definition: Table, sources: &Sources, depth: usize) -> Result<Table, String> {
    let Some(extends) = definition.remove(EXTENDS) else {
        return Ok(definition);
    };
    let Some(name) = extends.as_str() else {
        return Err(format!("`{EXTENDS}` is not the name of a dataset"));
    };
    if definition.get("name") == Some(&extends) {
        return match sources.built_in.get(name) {
            Some(built_in) => {
                check_extensible(built_in, name)?;
                Ok(changed(built_in, definition))
            }
            None => Err(format!(
                "`{EXTENDS} = \"{name}\"` names the definition itself. Only a definition with the name of a built-in dataset may \
                 do so; give this one another name"
            )),
        };
    }
    if depth == 0 {
        return Err(format!(
            "`{EXTENDS} = \"{name}\"` is part of a chain of more than {DEPTH_MAX} definitions, or of a circle"
        ));
    }
    let source = sources
        .get(name)
        .ok_or_else(|| format!("`{EXTENDS}` names the dataset `{name}`, which is not declared"))?;
    check_extensible(source, name)?;
    let source = inherit_to(source.clone(), sources, depth - 1)?;
    let is_of_workspaces = definition.get(ACCESS).or(source.get(ACCESS)) == Some(&Value::from("workspace"));
    let of_workspaces = OF_WORKSPACES.iter().filter(|_| is_of_workspaces);
    for key in TAKEN.iter().chain(of_workspaces) {
        if let (false, Some(value)) = (definition.contains_key(*key), source.get(*key)) {
            definition.insert((*key).to_owned(), value.clone());
        }
    }
    let own_filters = tables(&definition, FILTER).to_vec();
    for key in JOINED {
        join(&mut definition, &source, key);
    }
    if definition.get(COLUMN).is_none_or(Value::is_array) {
        let columns = columns(tables(&source, COLUMN), tables(&definition, COLUMN), &definition);
        definition.insert(COLUMN.to_owned(), Value::Array(columns));
    }
    drop_inherited_ticks(&mut definition, &own_filters);
    Ok(definition)
}

/// Refuses to extend a definition of another database. The SQL of a site would read all of Decant's own tables there.
fn check_extensible(source: &Table, name: &str) -> Result<(), String> {
    match source.contains_key(DATABASE) {
        true => Err(format!(
            "`{EXTENDS} = \"{name}\"` names a dataset of Decant's state database, which no definition of a site reads"
        )),
        false => Ok(()),
    }
}

/// Removes the tick boxes of filters that the definition inherits, if its rows do not show the column.
fn drop_inherited_ticks(definition: &mut Table, own_filters: &[Value]) {
    let is_shown = |column: &&Value| column.get("hidden") != Some(&Value::Boolean(true));
    let shown: Vec<_> = tables(definition, COLUMN).iter().filter(is_shown).collect();
    let shown: Vec<Option<String>> = shown
        .into_iter()
        .map(|column| name(column).map(str::to_owned))
        .collect();
    let filters = definition.get_mut(FILTER).and_then(Value::as_array_mut);
    for filter in filters.into_iter().flatten() {
        let is_own = find(own_filters, filter).is_some_and(|own| own.get(TICKS).is_some());
        let column = filter.get(TICKS).and_then(Value::as_str).map(str::to_owned);
        if let (false, Some(filter)) = (is_own || shown.contains(&column), filter.as_table_mut()) {
            filter.remove(TICKS);
        }
    }
}

/// Returns a definition with the changes that another one of the same name makes.
fn changed(source: &Table, mut changes: Table) -> Table {
    for key in JOINED.iter().chain([&COLUMN]) {
        join(&mut changes, source, key);
    }
    let is_of_workspaces = changes.get(ACCESS).or(source.get(ACCESS)) == Some(&Value::from("workspace"));
    let applies = |key: &str| is_of_workspaces || !OF_WORKSPACES.contains(&key);
    for (key, value) in source.iter().filter(|(key, _)| applies(key)) {
        changes.entry(key).or_insert_with(|| value.clone());
    }
    changes
}

/// Joins a list of the definition with that of its source. What is no list stays, and is refused where the definition is parsed.
fn join(definition: &mut Table, source: &Table, key: &str) {
    if definition.get(key).is_some_and(|own| !own.is_array()) {
        return;
    }
    let joined = joined(tables(source, key), tables(definition, key));
    if !joined.is_empty() {
        definition.insert(key.to_owned(), Value::Array(joined));
    }
}

fn tables<'a>(definition: &'a Table, key: &str) -> &'a [Value] {
    definition
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn name(table: &Value) -> Option<&str> {
    table.get("name")?.as_str()
}

fn find<'a>(tables: &'a [Value], wanted: &Value) -> Option<&'a Value> {
    tables
        .iter()
        .find(|table| name(table).is_some() && name(table) == name(wanted))
}

/// Returns a table whose missing keys are those of another one.
fn completed(table: &Value, from: Option<&Value>) -> Value {
    let mut completed = table.clone();
    if let (Some(completed), Some(from)) = (completed.as_table_mut(), from.and_then(Value::as_table)) {
        for (key, value) in from {
            completed.entry(key).or_insert_with(|| value.clone());
        }
    }
    completed
}

fn joined(of_source: &[Value], own: &[Value]) -> Vec<Value> {
    let inherited = of_source.iter().map(|table| match find(own, table) {
        Some(own) => completed(own, Some(table)),
        None => table.clone(),
    });
    // One that is there twice stays, and is refused where the definition is parsed.
    let is_first = |table: &&Value| find(own, table).is_some_and(|first| std::ptr::eq(first, *table));
    let added = own
        .iter()
        .filter(|table| find(of_source, table).is_none() || !is_first(table));
    inherited.chain(added.cloned()).collect()
}

fn columns(of_source: &[Value], own: &[Value], definition: &Table) -> Vec<Value> {
    if own.is_empty() {
        return of_source.to_vec();
    }
    let mut columns: Vec<_> = own
        .iter()
        .map(|column| completed(column, find(of_source, column)))
        .collect();
    let order = definition.get("order").and_then(Value::as_array);
    for column in order.into_iter().flatten().filter_map(Value::as_str) {
        let column = column.split(' ').next();
        let is_it = |table: &&Value| name(table) == column;
        if !columns.iter().any(|table| is_it(&table))
            && let Some(mut hidden) = of_source.iter().find(is_it).cloned()
        {
            if let Some(hidden) = hidden.as_table_mut() {
                hidden.insert("hidden".to_owned(), Value::Boolean(true));
                // A table shows no hidden column.
                hidden.remove("table");
            }
            columns.push(hidden);
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::super::Definition;
    use super::Sources;

    const TURNS: &str = r#"
        name = "turns"
        title = "Turns"
        access = "owner"
        owner = "t.user_id"
        order = ["id desc"]
        from = "turns t"
        [[column]]
        name = "id"
        label = "ID"
        sql = "t.id"
        [[column]]
        name = "content"
        label = "Content"
        sql = "t.content"
        [[filter]]
        name = "tier"
        label = "Tier"
        kind = "text"
        sql = "t.tier = {}"
        [[filter]]
        name = "status"
        label = "Status"
        kind = "text"
        sql = "t.status = {}"
    "#;

    const CIRCLE: &str = "name = \"circle\"\nextends = \"back\"";
    const BACK: &str = "name = \"back\"\nextends = \"circle\"";

    /// `turns` is built in, and the site changes it.
    fn parse_beside(of_site: &[(&str, &str)], text: &str) -> Result<Definition, String> {
        let table = |(name, text): &(&str, &str)| ((*name).to_owned(), text.parse().unwrap());
        let sources = Sources {
            built_in: [("turns", TURNS)].iter().map(table).collect(),
            of_site: of_site.iter().map(table).collect(),
        };
        Definition::parse_extending(text.parse().unwrap(), &sources)
    }

    fn parse(text: &str) -> Result<Definition, String> {
        parse_beside(&[("circle", CIRCLE), ("back", BACK)], text)
    }

    fn names_and_labels(definition: &Definition) -> Vec<(&str, &str)> {
        let columns = definition.columns.iter();
        columns.map(|column| (&*column.name, &*column.label)).collect()
    }

    #[test]
    fn a_definition_takes_what_it_lacks_and_keeps_its_own_columns() {
        let definition = parse(
            r#"
            name = "lines"
            title = "Lines"
            extends = "turns"
            [[column]]
            name = "content"
            label = "Text"
            [[filter]]
            name = "tier"
            many = true
            sql = "t.tier = any ({})"
            [[filter]]
            name = "search"
            label = "Search"
            kind = "text"
            sql = "t.content ~ {}"
            "#,
        )
        .unwrap();
        assert_eq!(definition.owner.as_deref(), Some("t.user_id"));
        let columns: Vec<_> = definition
            .columns
            .iter()
            .map(|column| (&*column.name, &*column.label, &*column.sql, column.hidden))
            .collect();
        assert_eq!(
            columns,
            [
                ("content", "Text", "t.content", false),
                ("id", "ID", "t.id", true)
            ]
        );
        let filters: Vec<_> = definition
            .filters
            .iter()
            .map(|filter| (&*filter.name, filter.many))
            .collect();
        assert_eq!(filters, [("tier", true), ("status", false), ("search", false)]);
    }

    const CHANGES: &str = r#"
        name = "turns"
        extends = "turns"
        [[column]]
        name = "content"
        label = "Text"
        [[column]]
        name = "tier"
        label = "Tier"
        sql = "t.tier"
        [[filter]]
        name = "search"
        label = "Search"
        kind = "text"
        sql = "t.content ~ {}"
    "#;

    #[test]
    fn a_definition_changes_the_built_in_one_of_its_name() {
        let definition = parse(CHANGES).unwrap();
        assert_eq!(definition.title, "Turns");
        assert_eq!(definition.order.len(), 1);
        let columns = [("id", "ID"), ("content", "Text"), ("tier", "Tier")];
        assert_eq!(names_and_labels(&definition), columns);
        let filters = definition.filters.iter().map(|filter| filter.name.as_str());
        assert!(filters.eq(["tier", "status", "search"]));
    }

    #[test]
    fn a_change_that_would_not_count_is_refused() {
        let hidden = "[[column]]\nname = \"id\"\nhidden = true\n";
        for change in [
            "column = \"id\"".to_owned(),
            "filter = 3".to_owned(),
            hidden.replace("[[column]]", "[column]"),
            format!("[[column]]\nname = \"id\"\n{hidden}"),
        ] {
            for name in ["turns", "lines"] {
                let text = format!("name = \"{name}\"\ntitle = \"A\"\nextends = \"turns\"\n{change}");
                assert!(parse(&text).is_err(), "{text}");
            }
        }
        assert!(parse(&format!("name = \"turns\"\nextends = \"turns\"\n{hidden}")).is_ok());
    }

    #[test]
    fn another_definition_extends_the_changed_one() {
        let lines = "name = \"lines\"\ntitle = \"Lines\"\nextends = \"turns\"";
        let lines = parse_beside(&[("turns", CHANGES)], lines).unwrap();
        let columns = [("id", "ID"), ("content", "Text"), ("tier", "Tier")];
        assert_eq!(names_and_labels(&lines), columns);
    }

    #[test]
    fn a_definition_that_is_missing_or_extends_itself_is_refused() {
        let extending =
            |name: &str| parse(&format!("name = \"a\"\ntitle = \"A\"\nextends = \"{name}\"")).unwrap_err();
        assert!(extending("nothing").contains("`nothing`, which is not declared"));
        assert!(extending("circle").contains("of a circle"));
        assert!(extending("a").contains("names the definition itself"));
    }
}
