//! No circle of imports. A circle has one of two forms, and each has a test.
//!
//! 1. Two sibling modules import each other. A module counts with all modules below it.
//! 2. A module imports names of its children, and a child imports names of the module.
//!
//! A declaration (`mod child;`) is no import. A `pub use` of names that the module itself does not use is none either:
//! its users import the name from the file that defines it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::module_tree::{Import, Tree};
use crate::violations::assert_none;
use crate::workspace;

/// Each node's imported nodes, with one import as an example.
type Graph = BTreeMap<String, BTreeMap<String, Import>>;

#[test]
fn sibling_modules_do_not_import_each_other() {
    let mut circles = BTreeMap::new();
    for (target, imports) in targets() {
        let mut graphs: BTreeMap<Vec<String>, Graph> = BTreeMap::new();
        for import in imports {
            let both = import.from_module.iter().zip(&import.to_module);
            let shared = both.take_while(|(from, to)| from == to).count();
            if let (Some(from), Some(to)) = (import.from_module.get(shared), import.to_module.get(shared)) {
                let parent = import.from_module[..shared].to_vec();
                add(
                    graphs.entry(parent).or_default(),
                    from.clone(),
                    to.clone(),
                    &import,
                );
            }
        }
        for (parent, graph) in graphs {
            let place = [std::slice::from_ref(&target), parent.as_slice()]
                .concat()
                .join("::");
            circles.extend(knots(&graph).map(|(members, text)| (format!("{place}: {members}"), text)));
        }
    }
    assert_none(&circles);
}

#[test]
fn no_module_imports_a_child_that_imports_it() {
    let mut circles = BTreeMap::new();
    for (_, imports) in targets() {
        let parents: BTreeSet<_> = imports.iter().map(|import| &import.from_module).collect();
        for parent in parents {
            let mut graph = Graph::new();
            for import in &imports {
                if import.from_module.starts_with(parent) && import.to_module.starts_with(parent) {
                    add(&mut graph, file(&import.from), file(&import.to), import);
                }
            }
            let of_parent = imports.iter().find(|import| import.from_module == *parent);
            let parent = of_parent.map(|import| file(&import.from)).unwrap_or_default();
            if reachable(&graph, &parent).contains(&parent) {
                circles.insert(parent.clone(), shortest_circle(&graph, &parent));
            }
        }
    }
    assert_none(&circles);
}

/// Returns the imports of each target of the workspace, without those of unit tests.
fn targets() -> impl Iterator<Item = (String, Vec<Import>)> {
    let packages = workspace::packages().into_iter();
    packages.flat_map(|package| {
        package.targets.into_iter().map(move |target| {
            let imports = Tree::read(&target.src_path).imports().into_iter();
            let imports = imports.filter(|import| !import.only_for_tests);
            (target.name, imports.collect())
        })
    })
}

fn file(path: &std::path::Path) -> String {
    workspace::relative(path)
}

fn add(graph: &mut Graph, from: String, to: String, import: &Import) {
    let imported = graph.entry(from).or_default();
    imported.entry(to).or_insert_with(|| import.clone());
}

/// Returns the sets of nodes that reach each other, each with the shortest circle in it.
fn knots(graph: &Graph) -> impl Iterator<Item = (String, String)> {
    let reached: BTreeMap<_, _> = graph.keys().map(|node| (node, reachable(graph, node))).collect();
    let mut knots: BTreeMap<String, String> = BTreeMap::new();
    for (node, there) in &reached {
        if !there.contains(*node) {
            continue;
        }
        let back = |other: &&String| reached.get(*other).is_some_and(|set| set.contains(*node));
        let members: Vec<_> = there.iter().filter(back).map(String::as_str).collect();
        let circle = shortest_circle(graph, node);
        let shortest = knots.entry(members.join(" ")).or_insert_with(|| circle.clone());
        if circle.lines().count() < shortest.lines().count() {
            *shortest = circle;
        }
    }
    knots.into_iter()
}

fn reachable(graph: &Graph, start: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![start];
    while let Some(node) = next.pop() {
        for to in graph.get(node).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(to.clone()) {
                next.push(to);
            }
        }
    }
    reached
}

/// Returns the imports that lead from a node back to it, one a line.
fn shortest_circle(graph: &Graph, start: &str) -> String {
    let mut ways = BTreeMap::from([(start, Vec::new())]);
    let mut next = VecDeque::from([start]);
    while let Some(node) = next.pop_front() {
        for (to, import) in graph.get(node).into_iter().flatten() {
            let way = [ways[node].as_slice(), &[import]].concat();
            if to == start {
                let lines = way.iter().map(|import| format!("  {}\n", import.line()));
                return lines.collect();
            }
            if !ways.contains_key(to.as_str()) {
                ways.insert(to, way);
                next.push_back(to);
            }
        }
    }
    String::new()
}
