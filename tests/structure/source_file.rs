//! One module's source, read with `syn`: the names it defines, and every path it names.

use std::collections::{HashMap, HashSet};

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A path of identifiers as it stands in the source, from its first segment on.
pub type Path = Vec<String>;

/// The contents of one module: a file, or a `mod name { … }` within one.
#[derive(Default)]
pub struct Module {
    /// The items that the module defines itself.
    pub defined: HashSet<String>,
    /// Bindings of `use`: the name in this module, and the path that it stands for.
    pub bindings: HashMap<String, Path>,
    /// The paths of `use path::*`.
    pub globs: Vec<Path>,
    pub mentions: Vec<Mention>,
    /// `mod name;`: the code is in a file of its own.
    pub child_files: Vec<ChildFile>,
    /// `mod name { … }`.
    pub inline: Vec<(String, Self)>,
    /// The lines of `match` arms that take every remaining case and do something.
    pub catch_all_arms: Vec<usize>,
    /// The lines of `impl FromRequest for …`.
    pub extractors: Vec<usize>,
    /// The calls that run SQL which is no constant: their lines, and the first lines of their statements.
    pub sql_calls: Vec<(usize, usize)>,
}

pub struct ChildFile {
    pub name: String,
    /// From `#[path = "…"]`, relative to the folder of this file.
    pub path: Option<String>,
    pub only_for_tests: bool,
}

/// A path that the module names, in a `use` or in its code.
pub struct Mention {
    pub path: Path,
    pub line: usize,
    /// In code that is compiled for unit tests only.
    pub only_for_tests: bool,
    pub kind: Kind,
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub enum Kind {
    Import,
    /// `pub use`: a name is passed on, which needs nothing of the module that has it.
    ReExport,
    Glob,
    Code,
}

pub fn read(file: &std::path::Path) -> Module {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut reader = Reader::default();
    reader.visit_file(&parsed);
    reader.module
}

#[derive(Default)]
struct Reader {
    module: Module,
    only_for_tests: bool,
    /// The first line of the innermost statement.
    statement: usize,
}

/// Functions and types of `sqlx` that take SQL in a text of any origin.
const SQL_CALLS: &[&str] = &["AssertSqlSafe", "raw_sql", "copy_in_raw", "copy_out_raw"];

impl Reader {
    fn mention(&mut self, path: Path, span: Span, kind: Kind) {
        self.module.mentions.push(Mention {
            path,
            line: span.start().line,
            only_for_tests: self.only_for_tests,
            kind,
        });
    }

    fn sql_call(&mut self, name: Option<&str>, span: Span) {
        if name.is_some_and(|name| SQL_CALLS.contains(&name)) && !self.only_for_tests {
            let line = span.start().line;
            let statement = if self.statement == 0 { line } else { self.statement };
            self.module.sql_calls.push((line, statement));
        }
    }

    fn use_tree(&mut self, tree: &syn::UseTree, prefix: &mut Path, kind: Kind) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.use_tree(&path.tree, prefix, kind);
                prefix.pop();
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, prefix, kind);
                }
            }
            syn::UseTree::Name(name) => self.bind(&name.ident, &name.ident, prefix, kind),
            syn::UseTree::Rename(rename) => self.bind(&rename.ident, &rename.rename, prefix, kind),
            syn::UseTree::Glob(_) => {
                self.module.globs.push(prefix.clone());
                self.mention(prefix.clone(), tree.span(), Kind::Glob);
            }
        }
    }

    fn bind(&mut self, name: &syn::Ident, bound: &syn::Ident, prefix: &Path, kind: Kind) {
        let mut path = prefix.clone();
        // `use a::b::{self}` binds `b`.
        let bound = if name == "self" && bound == "self" {
            prefix.last().cloned().unwrap_or_default()
        } else {
            bound.to_string()
        };
        if name != "self" {
            path.push(name.to_string());
        }
        self.module.bindings.insert(bound, path.clone());
        self.mention(path, name.span(), kind);
    }

    /// Finds the paths within a macro's or an attribute's tokens, which `syn` does not parse.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Option<(Path, Span)> = None;
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => match &mut path {
                    Some((path, _)) if colons == 2 => path.push(ident.to_string()),
                    _ => self.end_path(path.replace((vec![ident.to_string()], ident.span()))),
                },
                TokenTree::Punct(punct) if punct.as_char() == ':' && colons < 2 => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => {
                    self.end_path(path.take());
                    self.tokens(group.stream());
                }
                TokenTree::Literal(literal) => {
                    self.end_path(path.take());
                    self.path_in_a_string(&literal);
                }
                TokenTree::Punct(_) => self.end_path(path.take()),
            }
            colons = 0;
        }
        self.end_path(path);
    }

    fn end_path(&mut self, path: Option<(Path, Span)>) {
        if let Some((path, span)) = path {
            self.sql_call(path.last().map(String::as_str), span);
            self.mention(path, span, Kind::Code);
        }
    }

    /// `#[serde(with = "crate::time")]` names a path in a string.
    fn path_in_a_string(&mut self, literal: &proc_macro2::Literal) {
        let text = literal.to_string();
        let path: Path = text.trim_matches('"').split("::").map(str::to_owned).collect();
        let is_name = |name: &String| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|char| char.is_ascii_alphanumeric() || char == '_')
        };
        if path.len() > 1 && path.iter().all(is_name) {
            self.mention(path, literal.span(), Kind::Code);
        }
    }

    /// Visits code that may be compiled for unit tests only, by its attributes.
    fn within(&mut self, attributes: &[syn::Attribute], visit: impl FnOnce(&mut Self)) {
        let outer = self.only_for_tests;
        self.only_for_tests |= for_tests(attributes);
        visit(self);
        self.only_for_tests = outer;
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if let Some(name) = defined_name(item) {
            self.module.defined.insert(name);
        }
        self.within(attributes(item), |reader| visit::visit_item(reader, item));
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes = match item {
            syn::ImplItem::Fn(function) => function.attrs.as_slice(),
            _ => &[],
        };
        self.within(attributes, |reader| visit::visit_impl_item(reader, item));
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let name = item.ident.to_string();
        let Some((_, items)) = &item.content else {
            self.module.child_files.push(ChildFile {
                name,
                path: item.attrs.iter().find_map(path_attribute),
                only_for_tests: self.only_for_tests,
            });
            return;
        };
        let mut inner = Self {
            only_for_tests: self.only_for_tests,
            ..Self::default()
        };
        for item in items {
            inner.visit_item(item);
        }
        self.module.inline.push((name, inner.module));
    }

    fn visit_stmt(&mut self, statement: &'ast syn::Stmt) {
        let outer = std::mem::replace(&mut self.statement, statement.span().start().line);
        visit::visit_stmt(self, statement);
        self.statement = outer;
    }

    /// A function that is called, or passed on. The type in a signature runs nothing.
    fn visit_expr_path(&mut self, expression: &'ast syn::ExprPath) {
        let name = expression.path.segments.last().map(|one| one.ident.to_string());
        self.sql_call(name.as_deref(), expression.span());
        visit::visit_expr_path(self, expression);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.sql_call(Some(&call.method.to_string()), call.method.span());
        visit::visit_expr_method_call(self, call);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let kind = match item.vis {
            syn::Visibility::Inherited => Kind::Import,
            _ => Kind::ReExport,
        };
        if item.leading_colon.is_none() {
            self.use_tree(&item.tree, &mut Path::new(), kind);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let of_trait = item.trait_.as_ref().and_then(|(path, _)| path.segments.last());
        if of_trait.is_some_and(|name| name.ident == "FromRequest") {
            self.module.extractors.push(item.impl_token.span.start().line);
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let names = path.segments.iter().map(|one| one.ident.to_string());
            self.mention(names.collect(), path.span(), Kind::Code);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        self.visit_path(&invocation.path);
        self.tokens(invocation.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if matches!(arm.pat, syn::Pat::Wild(_)) && !does_nothing(&arm.body) && !self.only_for_tests {
            self.module.catch_all_arms.push(arm.pat.span().start().line);
        }
        visit::visit_arm(self, arm);
    }

    /// `pub(in crate::a)` is no import.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

fn path_attribute(attribute: &syn::Attribute) -> Option<String> {
    match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// `{}` or `None`: the arm decides nothing.
fn does_nothing(body: &syn::Expr) -> bool {
    match body {
        syn::Expr::Block(block) => block.block.stmts.is_empty(),
        syn::Expr::Path(path) => path.path.is_ident("None"),
        _ => false,
    }
}

fn for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string().replace(' ', "");
            condition == "test" || condition.starts_with("all(test,")
        }
        _ => false,
    })
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn defined_name(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
