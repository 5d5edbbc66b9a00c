//! The modules of one target (a library, a program, a test), and which file imports which.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::source_file::{self, Kind, Mention, Module};
use crate::workspace;

/// A module's path within its crate: empty for the root.
type ModulePath = Vec<String>;

pub struct Tree {
    modules: HashMap<ModulePath, Module>,
    /// The file of each module; an inline module has its parent's.
    files: HashMap<ModulePath, PathBuf>,
    only_for_tests: HashSet<ModulePath>,
}

/// That one file names something of another file of the same crate.
#[derive(Clone)]
pub struct Import {
    pub from: PathBuf,
    pub from_module: ModulePath,
    pub to: PathBuf,
    pub to_module: ModulePath,
    pub line: usize,
    pub text: String,
    pub only_for_tests: bool,
}

impl Import {
    /// `server/src/app.rs:7 imports crate::auth::Authority (server/src/auth/mod.rs)`
    pub fn line(&self) -> String {
        let [from, to] = [&self.from, &self.to].map(|file| workspace::relative(file));
        format!("{from}:{} imports {} ({to})", self.line, self.text)
    }
}

impl Tree {
    /// Reads a target's root file and the files of all its modules.
    pub fn read(root: &Path) -> Self {
        let mut tree = Self {
            modules: HashMap::new(),
            files: HashMap::new(),
            only_for_tests: HashSet::new(),
        };
        let folder = root.parent().expect("a file lies in a folder");
        tree.add_file(root, folder, Vec::new(), false);
        tree
    }

    /// Returns the modules with a file of their own, and what those files contain.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &Module)> {
        let modules = self.modules.iter();
        modules.map(|(path, module)| (self.files[path].as_path(), module))
    }

    /// Returns the files of the program without those that are compiled for unit tests only.
    pub fn program_files(&self) -> impl Iterator<Item = (&Path, &Module)> {
        let modules = self
            .modules
            .iter()
            .filter(|(path, _)| !self.only_for_tests.contains(*path));
        modules.map(|(path, module)| (self.files[path].as_path(), module))
    }

    fn add_file(&mut self, file: &Path, folder: &Path, path: ModulePath, only_for_tests: bool) {
        let file = &file
            .canonicalize()
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.add(source_file::read(file), file, folder, path, only_for_tests);
    }

    /// `folder` is where the files of the module's children lie.
    fn add(
        &mut self,
        mut module: Module,
        file: &Path,
        folder: &Path,
        path: ModulePath,
        only_for_tests: bool,
    ) {
        for child in std::mem::take(&mut module.child_files) {
            let (child_file, child_folder) = match &child.path {
                Some(path) => {
                    let file = file.with_file_name(path);
                    // As for a `mod.rs`, the children lie beside the file.
                    let folder = file.with_file_name("");
                    (file, folder)
                }
                None => {
                    let beside = folder.join(format!("{}.rs", child.name));
                    let within = folder.join(&child.name);
                    let file = if beside.exists() {
                        beside
                    } else {
                        within.join("mod.rs")
                    };
                    (file, within)
                }
            };
            let child_path = [path.as_slice(), &[child.name]].concat();
            let only_for_tests = only_for_tests || child.only_for_tests;
            self.add_file(&child_file, &child_folder, child_path, only_for_tests);
        }
        for (name, inner) in std::mem::take(&mut module.inline) {
            let inner_path = [path.as_slice(), std::slice::from_ref(&name)].concat();
            self.add(inner, file, &folder.join(name), inner_path, only_for_tests);
        }
        if only_for_tests {
            self.only_for_tests.insert(path.clone());
        }
        self.files.insert(path.clone(), file.to_owned());
        self.modules.insert(path, module);
    }

    /// Returns which files import which: for each pair the first line that does. A re-exported name counts as imported
    /// from the file that defines it.
    pub fn imports(&self) -> Vec<Import> {
        let mut found = BTreeMap::new();
        for (path, module) in &self.modules {
            for mention in &module.mentions {
                if let Some(to_module) = self.target(path, module, mention) {
                    let import = self.import(path, mention, to_module);
                    if import.from != import.to {
                        let key = (import.from.clone(), import.to.clone(), import.only_for_tests);
                        let first = found.entry(key).or_insert_with(|| import.clone());
                        if import.line < first.line {
                            *first = import;
                        }
                    }
                }
            }
        }
        found.into_values().collect()
    }

    fn import(&self, path: &ModulePath, mention: &Mention, to_module: ModulePath) -> Import {
        Import {
            from: self.files[path].clone(),
            from_module: self.file_module(path),
            to: self.files[&to_module].clone(),
            to_module: self.file_module(&to_module),
            line: mention.line,
            text: mention.path.join("::"),
            only_for_tests: mention.only_for_tests || self.only_for_tests.contains(path),
        }
    }

    /// Returns the path of the module that is the file in which this module stands.
    fn file_module(&self, path: &ModulePath) -> ModulePath {
        let mut outer = path.clone();
        while let Some((_, parent)) = outer.split_last() {
            if self.files[parent] != self.files[&outer] {
                break;
            }
            outer.pop();
        }
        outer
    }

    fn target(&self, path: &ModulePath, module: &Module, mention: &Mention) -> Option<ModulePath> {
        match mention.kind {
            // The module only passes the name on. Its users import it from its own file.
            Kind::ReExport => None,
            // Binding a module is not using it: the paths through it are.
            Kind::Import if self.module_at(path, &mention.path).is_some() => None,
            Kind::Import | Kind::Glob => self.definer(path, &mention.path, &mut HashSet::new()),
            Kind::Code => {
                let first = &mention.path[0];
                let leads_on = mention.path.len() > 1 || module.bindings.contains_key(first);
                leads_on.then(|| self.definer(path, &mention.path, &mut HashSet::new()))?
            }
        }
    }

    /// Returns the module that this path names, if it names one.
    fn module_at(&self, from: &ModulePath, path: &[String]) -> Option<ModulePath> {
        let (module, rest) = self.walk(from, path, &mut HashSet::new())?;
        rest.is_empty().then_some(module)
    }

    /// Returns the module that defines what this path names; none if it is of another crate.
    fn definer(
        &self,
        from: &ModulePath,
        path: &[String],
        seen: &mut HashSet<(ModulePath, String)>,
    ) -> Option<ModulePath> {
        let (module, rest) = self.walk(from, path, seen)?;
        let Some(name) = rest.first() else {
            return Some(module);
        };
        let source = &self.modules[&module];
        if source.defined.contains(name) {
            return Some(module);
        }
        if let Some(binding) = source.bindings.get(name) {
            if !seen.insert((module.clone(), name.clone())) {
                return Some(module);
            }
            // A name of another crate counts as imported from the module that re-exports it.
            let further = [binding.as_slice(), &rest[1..]].concat();
            return Some(self.definer(&module, &further, seen).unwrap_or(module));
        }
        for glob in &source.globs {
            let defines = |at: &ModulePath| {
                self.modules[at].defined.contains(name) || self.modules[at].bindings.contains_key(name)
            };
            if let Some(at) = self.module_at(&module, glob).filter(defines) {
                return self.definer(&at, &[vec!["self".to_owned()], rest.to_vec()].concat(), seen);
            }
        }
        Some(module)
    }

    /// Follows a path through the modules that it names, and returns the last of them and the names that are left.
    fn walk(
        &self,
        from: &ModulePath,
        path: &[String],
        seen: &mut HashSet<(ModulePath, String)>,
    ) -> Option<(ModulePath, Vec<String>)> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Vec::new(),
            "self" => from.clone(),
            "super" => from.split_last()?.1.to_vec(),
            name => {
                let child = [from.as_slice(), &[name.to_owned()]].concat();
                if self.modules.contains_key(&child) {
                    child
                } else {
                    let source = &self.modules[from];
                    let binding = source.bindings.get(name)?;
                    // `use time::time;` binds a name to a path that begins with it.
                    if !seen.insert((from.clone(), name.to_owned())) {
                        return None;
                    }
                    let (at, left) = self.walk(from, binding, seen)?;
                    seen.remove(&(from.clone(), name.to_owned()));
                    if !left.is_empty() {
                        return Some((at, [left, rest.to_vec()].concat()));
                    }
                    at
                }
            }
        };
        while let Some((name, further)) = rest.split_first() {
            let next = match name.as_str() {
                "super" => at.split_last()?.1.to_vec(),
                _ => [at.as_slice(), std::slice::from_ref(name)].concat(),
            };
            if !self.modules.contains_key(&next) {
                break;
            }
            (at, rest) = (next, further);
        }
        Some((at, rest.to_vec()))
    }
}
