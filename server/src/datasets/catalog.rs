//! The datasets, and whether the database can answer them.

mod state;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use sqlx::{AssertSqlSafe, PgConnection, Row, query, query_as};
use toml::Table;

use super::bundle::{self, Bundle};
use super::column_type::ColumnType;
use super::definition::{
    Access, Choices, Definition, Filter, HUB, Piece, RowDatabase, SITE, Sources, inherits, pg_type, pieces,
};
use super::definition_files::{DefinitionFile, read_folder};
use super::id_type::IdType;
use super::named_tables::NamedTables;
use super::owner::{self, OwnerType};
use super::template::{Rendered, Template};
pub use super::unavailable::{Cause, Unavailable};
use super::workspaces::{self, Workspaces};
use crate::hub_tables::{HubTableError, HubTables};
use crate::source::{database_message, is_of_connection};
use crate::state::State;

/// The definitions that are compiled in: file name and text.
const BUILT_IN: &[(&str, &str)] = &[
    ("usage-logs.toml", include_str!("../../datasets/usage-logs.toml")),
    ("probe-logs.toml", include_str!("../../datasets/probe-logs.toml")),
    ("sessions.toml", include_str!("../../datasets/sessions.toml")),
    (
        "usage-by-user.toml",
        include_str!("../../datasets/usage-by-user.toml"),
    ),
    ("alerts.toml", include_str!("../../datasets/alerts.toml")),
    (
        "infringements.toml",
        include_str!("../../datasets/infringements.toml"),
    ),
    ("actions.toml", include_str!("../../datasets/actions.toml")),
    (
        "memberships.toml",
        include_str!("../../datasets/memberships.toml"),
    ),
    (
        "conversations.toml",
        include_str!("../../datasets/conversations.toml"),
    ),
    (
        "conversation-turns.toml",
        include_str!("../../datasets/conversation-turns.toml"),
    ),
    (
        "conversation-training.toml",
        include_str!("../../datasets/conversation-training.toml"),
    ),
    (
        "saved-files.toml",
        include_str!("../../datasets/saved-files.toml"),
    ),
    ("bulk-files.toml", include_str!("../../datasets/bulk-files.toml")),
    (
        "workspace-profile.toml",
        include_str!("../../datasets/workspace-profile.toml"),
    ),
    (
        "report-period.toml",
        include_str!("../../datasets/report-period.toml"),
    ),
    (
        "brand-summary.toml",
        include_str!("../../datasets/brand-summary.toml"),
    ),
    ("profile.toml", include_str!("../../datasets/profile.toml")),
    ("own-keys.toml", include_str!("../../datasets/own-keys.toml")),
    ("users.toml", include_str!("../../datasets/users.toml")),
    (
        "bulk-statistics.toml",
        include_str!("../../datasets/bulk-statistics.toml"),
    ),
    (
        "profile-with-files.toml",
        include_str!("../../datasets/profile-with-files.toml"),
    ),
    (
        "users-with-files.toml",
        include_str!("../../datasets/users-with-files.toml"),
    ),
    (
        "bulk-statistics-with-files.toml",
        include_str!("../../datasets/bulk-statistics-with-files.toml"),
    ),
    ("audit-log.toml", include_str!("../../datasets/audit-log.toml")),
];

/// The definitions that are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogOptions {
    /// The folder with the site's own definitions.
    pub folder: Option<PathBuf>,
    /// Whether the built-in datasets of the hub are offered. Those of a site's own tables always are, where the tables are.
    pub built_in: bool,
}

/// All datasets: the built-in ones first, then those of the site in the order of their files. Those of the state database are last.
#[derive(Clone, Debug)]
pub struct Catalog {
    datasets: Vec<Arc<Dataset>>,
    bundles: Vec<Arc<Bundle>>,
    workspaces: Workspaces,
    /// Whether the built-in datasets are named also where their tables are not.
    has_built_in: bool,
    /// The number of catalogs that were in use before this one.
    revision: u64,
}

/// The catalog in use. Another one takes its place when the definitions are read again.
#[derive(Debug)]
pub struct CurrentCatalog(RwLock<Arc<Catalog>>);

impl CurrentCatalog {
    pub fn new(catalog: Catalog) -> Self {
        Self(RwLock::new(Arc::new(catalog)))
    }

    pub fn get(&self) -> Arc<Catalog> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn replace(&self, mut catalog: Catalog) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        catalog.revision = current.revision + 1;
        *current = Arc::new(catalog);
    }
}

/// A dataset as its file declares it, with the types of its columns in the database.
#[derive(Clone, Debug)]
pub struct Dataset {
    pub definition: Definition,
    /// In the order of the definition's columns. Empty while the dataset is unavailable.
    pub types: Vec<ColumnType>,
    /// By the key of the definition that holds the SQL of the owner. Empty while the dataset is unavailable.
    owners: HashMap<String, OwnerType>,
    /// Of the SQL of the workspace. `None` while the dataset is unavailable, and for other datasets.
    workspace: Option<IdType>,
    /// `None`: the dataset can be used.
    pub unavailable: Option<Unavailable>,
    /// The tables that its SQL names as `{hub}.table` or `{site}.table`.
    tables: NamedTables,
    /// The definition is compiled in.
    pub(super) is_built_in: bool,
    file: String,
}

/// The folder of definitions or the database cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("the datasets in {path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("the database cannot be asked about the datasets: {}", database_message(.0))]
    Database(#[from] sqlx::Error),
}

impl Catalog {
    /// Reads the built-in definitions, then those of the site's folder in the order of their files. A definition of the site
    /// replaces the built-in one with the same name, and may extend a built-in one, also that one and one that is not offered.
    /// A file with a mistake makes only its own dataset [`Unavailable`].
    ///
    /// # Errors
    /// [`CatalogError::Unreadable`] if the folder cannot be read.
    pub fn load(options: &CatalogOptions, hub: &HubTables) -> Result<Self, CatalogError> {
        let read = |folder: &PathBuf| {
            read_folder(folder).map_err(|source| CatalogError::Unreadable {
                path: folder.clone(),
                source,
            })
        };
        let of_site = options.folder.as_ref().map(read).transpose()?;
        let is_of_workspaces =
            |file: &DefinitionFile| Path::new(&file.0).file_name() == Some(OsStr::new(workspaces::FILE));
        let mut of_site = of_site.unwrap_or_default();
        let of_workspaces = of_site
            .iter()
            .position(is_of_workspaces)
            .map(|at| of_site.remove(at));
        let bundles = options.folder.as_deref().map(|folder| folder.join("bundles"));
        let bundles = bundles.filter(|folder| folder.is_dir());
        let bundles = bundles.as_ref().map(read).transpose()?;
        let mut catalog = Self {
            workspaces: Workspaces::read(of_workspaces, hub),
            ..Self::of_files(of_site, options.built_in, hub)
        };
        catalog.add_bundles(bundles.unwrap_or_default(), options.built_in);
        Ok(catalog)
    }

    /// Returns the definitions that are compiled in.
    #[must_use]
    pub fn built_in(hub: &HubTables) -> Self {
        let mut catalog = Self::of_files(Vec::new(), true, hub);
        catalog.add_bundles(Vec::new(), true);
        catalog
    }

    fn of_files(of_site: Vec<DefinitionFile>, has_built_in: bool, hub: &HubTables) -> Self {
        let built_in = BUILT_IN
            .iter()
            .map(|(file, text)| ((*file).to_owned(), Ok((*text).to_owned())));
        let files: Vec<DefinitionFile> = built_in.chain(of_site).collect();
        let (built_in, of_site) = files.split_at(BUILT_IN.len());
        let sources = Sources {
            built_in: by_name(built_in),
            of_site: by_name(of_site),
        };
        let mut datasets: Vec<Arc<Dataset>> = Vec::new();
        for (at, (file, text)) in files.into_iter().enumerate() {
            let mut dataset = Dataset::read(file, text, hub, &sources, at < BUILT_IN.len());
            if !has_built_in && dataset.is_built_in && !dataset.definition.tables(HUB).is_empty() {
                continue;
            }
            let dataset = Arc::new(dataset);
            let same = |other: &&mut Arc<Dataset>| other.definition.name == dataset.definition.name;
            match datasets.iter_mut().find(same) {
                Some(other) if other.is_built_in => *other = dataset,
                Some(other) => Arc::make_mut(other).unavailable = Some(twice(other, &dataset)),
                None => datasets.push(dataset),
            }
        }
        // A page begins with the first dataset, which is one of the site's data.
        datasets.sort_by_key(|dataset| dataset.definition.database == RowDatabase::State);
        Self {
            datasets,
            bundles: Vec::new(),
            workspaces: Workspaces::read(None, hub),
            has_built_in,
            revision: 0,
        }
    }

    /// Adds the built-in bundles and those of the site, of which one may replace a built-in one.
    fn add_bundles(&mut self, of_site: Vec<DefinitionFile>, has_built_in: bool) {
        let built_in = bundle::BUILT_IN.iter().filter(|_| has_built_in);
        let built_in = built_in.map(|(file, text)| Bundle::read((*file).to_owned(), Ok(text), true));
        let of_site = of_site
            .into_iter()
            .map(|(file, text)| Bundle::read(file, text.as_deref().map_err(Clone::clone), false));
        for mut bundle in built_in.chain(of_site) {
            let is_dataset = self.get(&bundle.definition.name).is_some();
            let usable = |name: &str| self.get(name).filter(|dataset| dataset.unavailable.is_none());
            bundle.check_parts(is_dataset, |name| usable(name).map(|dataset| &dataset.definition));
            let same = |other: &&mut Arc<Bundle>| other.definition.name == bundle.definition.name;
            match self.bundles.iter_mut().find(same) {
                Some(other) if other.is_built_in => *other = Arc::new(bundle),
                Some(other) => Arc::make_mut(other).unavailable = Some(bundle::twice(other, &bundle)),
                None => self.bundles.push(Arc::new(bundle)),
            }
        }
    }

    /// Checks the SQL of each dataset in its database, and looks up the types of its columns.
    ///
    /// # Errors
    /// [`CatalogError::Database`] when the database that is exported does not answer. A mistake in a dataset makes only that
    /// dataset [`Unavailable`], and so does a state database that does not answer.
    pub async fn prepare(
        &mut self,
        connection: &mut PgConnection,
        state: &State,
    ) -> Result<(), CatalogError> {
        let is_hub = owner::is_hub(connection).await?;
        self.workspaces.prepare(connection, is_hub).await?;
        for dataset in &mut self.datasets {
            if dataset.definition.database == RowDatabase::State {
                continue;
            }
            let dataset = Arc::make_mut(dataset);
            dataset.prepare(connection, is_hub).await?;
            let definition = &dataset.definition;
            let is_of_workspace = definition.access == Access::Workspace && !definition.without_workspace;
            if is_of_workspace && dataset.unavailable.is_none() {
                dataset.unavailable.clone_from(&self.workspaces.unavailable);
            }
        }
        self.prepare_state(state).await;
        if !self.has_built_in {
            let is_here = |dataset: &Dataset| {
                dataset.is_here() && (state.is_on() || dataset.definition.database == RowDatabase::Source)
            };
            self.datasets.retain(|dataset| is_here(dataset));
        }
        Ok(())
    }

    /// Returns the number of catalogs that were in use before this one.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the workspaces of the site.
    pub fn workspaces(&self) -> &Workspaces {
        &self.workspaces
    }

    pub fn get(&self, name: &str) -> Option<&Arc<Dataset>> {
        self.datasets
            .iter()
            .find(|dataset| dataset.definition.name == name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Dataset> {
        self.datasets.iter().map(Arc::as_ref)
    }

    /// Returns the bundle with this name.
    pub fn bundle(&self, name: &str) -> Option<&Arc<Bundle>> {
        self.bundles.iter().find(|bundle| bundle.definition.name == name)
    }

    /// Returns all bundles, also those that cannot be used.
    pub fn bundles(&self) -> impl Iterator<Item = &Arc<Bundle>> {
        self.bundles.iter()
    }
}

impl Dataset {
    /// Returns the SQL of the owner of a row, and its type.
    pub(super) fn owner(&self) -> Option<(&str, &OwnerType)> {
        Some((self.definition.owner.as_deref()?, self.owners.get(OWNER)?))
    }

    /// Returns the SQL of the owner of a filter's values, and its type.
    pub(super) fn owner_of_options<'a>(&'a self, filter: &'a Filter) -> Option<(&'a str, &'a OwnerType)> {
        let owner = filter.options.as_ref()?.owner.as_deref()?;
        Some((owner, self.owners.get(&owner_of_options(&filter.name))?))
    }

    /// Returns the SQL of the workspace whose row it is, and its type.
    pub(super) fn workspace(&self) -> Option<(&str, &IdType)> {
        Some((self.definition.workspace.as_deref()?, self.workspace.as_ref()?))
    }

    /// Returns whether the application of this dataset is in the database. The other ones are as if they were not declared.
    pub fn is_here(&self) -> bool {
        let cause = self.unavailable.as_ref().map(|unavailable| unavailable.cause);
        cause != Some(Cause::NotHere)
    }

    fn read(
        file: String,
        text: Result<String, String>,
        hub: &HubTables,
        sources: &Sources,
        is_built_in: bool,
    ) -> Self {
        let parse = |text: &str| match text.parse::<Table>() {
            Ok(table) if inherits(&table) => Definition::parse_extending(table, sources),
            _ => Definition::parse(text),
        };
        let parsed = text.as_deref().map_err(Clone::clone).and_then(parse);
        let named = parsed.and_then(|mut definition| {
            check_database(&definition, is_built_in)?;
            let tables = NamedTables::new(definition.tables(HUB), definition.tables(SITE), hub)?;
            Ok((definition, tables))
        });
        let (definition, tables, unavailable) = match named {
            Ok((definition, tables)) => (definition, tables, None),
            Err(problem) => {
                let name = name_in(text.as_deref().unwrap_or_default()).unwrap_or_else(|| stem(&file));
                let reason = format!("{file}: {}", problem.trim_end());
                let cause = Cause::Mistake;
                let unavailable = Some(Unavailable { reason, cause });
                (Definition::unreadable(name), NamedTables::none(hub), unavailable)
            }
        };
        Self {
            tables,
            definition,
            types: Vec::new(),
            owners: HashMap::new(),
            workspace: None,
            unavailable,
            is_built_in,
            file,
        }
    }

    async fn prepare(&mut self, connection: &mut PgConnection, is_hub: bool) -> Result<(), CatalogError> {
        if self.unavailable.is_none() {
            let obstacle = match self.find_tables(connection).await? {
                None => self.probe(connection, is_hub).await?,
                obstacle => obstacle,
            };
            self.unavailable = obstacle;
        }
        Ok(())
    }

    /// Finds the tables that the SQL names after a placeholder, and puts their schema into it.
    async fn find_tables(&mut self, connection: &mut PgConnection) -> sqlx::Result<Option<Unavailable>> {
        if self.tables.is_empty() {
            return Ok(None);
        }
        let error = match self.tables.find(connection).await {
            Ok(schema) => {
                self.definition.set_schema(self.tables.placeholder(), &schema);
                return Ok(None);
            }
            Err(HubTableError::Database(error)) => return Err(error),
            Err(error) => error,
        };
        let cause = self.tables.cause(&error, self.is_built_in);
        Ok(cause.map(|cause| Unavailable {
            reason: match cause {
                Cause::NotHere => self.tables.reason(&error),
                _ => format!("{}: {}", self.file, self.tables.reason(&error)),
            },
            cause,
        }))
    }

    /// Prepares each key that holds SQL, and looks up the types of the columns and owners.
    async fn probe(
        &mut self,
        connection: &mut PgConnection,
        is_hub: bool,
    ) -> sqlx::Result<Option<Unavailable>> {
        let (mut keys, mut oids) = (Vec::new(), Vec::new());
        for (key, sql) in self.definition.probes() {
            // SQL: the text of a definition, which the site writes.
            let probe = query(AssertSqlSafe(sql)).persistent(false);
            let answer = match probe.fetch_optional(&mut *connection).await {
                Ok(Some(row)) => row.try_get(0).map(Some),
                answer => answer.map(|_| None),
            };
            let error = match answer {
                Ok(oid) => {
                    keys.extend(oid.map(|_: i64| key));
                    oids.extend(oid);
                    continue;
                }
                Err(error) => error,
            };
            if is_of_connection(&error) {
                return Err(error);
            }
            let code = error.as_database_error().and_then(|error| error.code());
            let text = error
                .as_database_error()
                .map_or_else(|| error.to_string(), |error| error.message().to_owned());
            let mut reason = format!("{}, {key}: {text}", self.file);
            let cause = match code.as_deref() {
                // `undefined_table`, `invalid_schema_name`: the definition may be correct all the same.
                Some("42P01" | "3F000") => Cause::NoTable,
                // `undefined_column`
                Some("42703") if self.is_built_in => {
                    reason.push_str(match self.tables.placeholder() {
                        SITE => ". Declare the dataset for these tables in DECANT_DATASETS_DIR",
                        _ => ". The hub is older than this dataset; update the hub",
                    });
                    Cause::NoColumn
                }
                // `insufficient_privilege`
                Some("42501") => {
                    reason = format!("{reason}. {}", self.missing_right(connection).await?);
                    Cause::NoRight
                }
                _ => Cause::Mistake,
            };
            return Ok(Some(Unavailable { reason, cause }));
        }
        let (mut types, mut owners, mut workspace) = (Vec::new(), HashMap::new(), None);
        for (key, column_type) in keys
            .into_iter()
            .zip(ColumnType::look_up(connection, &oids).await?)
        {
            if key.starts_with("column ") {
                types.push(column_type);
            } else if let Some(id) = column_type.of_id() {
                match key == WORKSPACE {
                    true => workspace = Some(id),
                    false => {
                        owners.insert(key, OwnerType::new(id, is_hub));
                    }
                }
            } else if self.definition.access == Access::Owner || key == WORKSPACE {
                let reason = format!(
                    "{}, {key}: the type {} is neither a whole number, uuid nor text",
                    self.file, column_type.name
                );
                let cause = Cause::Mistake;
                return Ok(Some(Unavailable { reason, cause }));
            }
        }
        (self.types, self.owners, self.workspace) = (types, owners, workspace);
        Ok(None)
    }

    /// Returns a sentence with the statement to run where the role of this connection may not read everything.
    async fn missing_right(&self, connection: &mut PgConnection) -> sqlx::Result<String> {
        let tables: Vec<_> = self.tables.names().collect();
        let (role, grants): (String, Option<String>) = query_as(
            "select pg_catalog.quote_ident(current_user), pg_catalog.string_agg(pg_catalog.format( \
                 'GRANT SELECT ON %I.%I TO %I;', n.nspname, c.relname, current_user), ' ' order by c.relname) \
             from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace \
             where n.nspname operator(pg_catalog.=) $1::pg_catalog.name \
             and c.relname operator(pg_catalog.=) any ($2::pg_catalog.name[]) \
             and not pg_catalog.has_table_privilege(c.oid, 'select')",
        )
        .bind(self.tables.schema())
        .bind(tables)
        .fetch_one(connection)
        .await?;
        Ok(match grants {
            Some(grants) => format!("The dataset needs all of its columns. Run {grants}"),
            None => format!(
                "The role {role} of DSN must be allowed to read all that the dataset names (GRANT SELECT), also rows that \
                 policies hide (BYPASSRLS)"
            ),
        })
    }

    /// Returns the SQL of a template. The tables are checked before each use, because a restore may have replaced the database.
    ///
    /// # Errors
    /// [`HubTableError`].
    pub(super) async fn render(
        &self,
        template: &Template,
        connection: &mut PgConnection,
    ) -> Result<Rendered, HubTableError> {
        self.tables.render(template, connection).await
    }
}

/// Refuses a definition of a site that names the state database, where it could read all of Decant's own tables.
fn check_database(definition: &Definition, is_built_in: bool) -> Result<(), String> {
    match is_built_in || definition.database == RowDatabase::Source {
        true => Ok(()),
        false => Err("`database = \"state\"` is for built-in datasets: the state database has Decant's own tables. Leave it out".into()),
    }
}

/// Returns why neither of two files of a site counts: they have one name, and the order of files means nothing.
fn twice(one: &Dataset, other: &Dataset) -> Unavailable {
    let (name, one, other) = (&one.definition.name, &one.file, &other.file);
    Unavailable {
        reason: format!("{one} and {other} both have the name `{name}`; give one of them another name"),
        cause: Cause::Mistake,
    }
}

/// Returns the definitions that others may extend, by name.
fn by_name(files: &[DefinitionFile]) -> HashMap<String, Table> {
    files
        .iter()
        .filter_map(|(_, text)| source(text.as_deref().ok()?))
        .collect()
}

/// Returns a definition with its name.
fn source(text: &str) -> Option<(String, Table)> {
    let table: Table = text.parse().ok()?;
    let name = table.get("name")?.as_str()?.to_owned();
    Some((name, table))
}

/// Returns the name of a dataset whose definition is wrong elsewhere.
fn name_in(text: &str) -> Option<String> {
    source(text).map(|(name, _)| name)
}

/// Returns a file's name without folder and extension.
fn stem(file: &str) -> String {
    let stem = Path::new(file).file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The key of the SQL of the workspace of a row.
const WORKSPACE: &str = "`workspace`";

/// The key of the SQL of the owner of a row.
const OWNER: &str = "`owner`";

/// Returns the key of the SQL of the owner of a filter's values.
fn owner_of_options(filter: &str) -> String {
    format!("owner of the options of the filter `{filter}`")
}

impl Definition {
    /// Returns a statement for each key of the definition that holds SQL, so that a mistake can be named by its key. The
    /// statement of a column, an owner or a workspace returns the OID of its type, any other returns no row. No statement reads a row.
    pub(super) fn probes(&self) -> Vec<(String, String)> {
        let condition = self.r#where.as_deref().unwrap_or("true");
        let rows = self.with_nulls(&self.from);
        let select = |what: &str, and: &str| {
            format!("select {what} from {rows} where false and ({condition}) and ({and})")
        };
        let mut probes = vec![
            ("`from`".to_owned(), format!("select from {rows} where false")),
            ("`where`".to_owned(), select("", "true")),
        ];
        let type_of = |value: &str| format!("select pg_catalog.pg_typeof(({value}))::pg_catalog.oid::bigint");
        for column in &self.columns {
            let type_of = type_of(&select(&self.with_nulls(&column.sql), "true"));
            probes.push((format!("column `{}`", column.name), type_of));
        }
        let order: Vec<_> = self
            .order
            .iter()
            .map(|order| self.with_nulls(&self.columns[self.position_of(order)].sql))
            .collect();
        let ordered = format!("{} order by {}", select("", "true"), order.join(", "));
        probes.push(("`order`".to_owned(), ordered));
        for figure in &self.figures {
            // An aggregate without rows has a row all the same.
            let sql = format!("({})::pg_catalog.text", self.with_nulls(&figure.sql));
            let sql = format!("{} having false", select(&sql, "true"));
            probes.push((format!("figure `{}`", figure.name), sql));
        }
        if let Some(owner) = &self.owner {
            probes.push((OWNER.to_owned(), type_of(&select(owner, "true"))));
        }
        if let Some(workspace) = &self.workspace {
            probes.push((WORKSPACE.to_owned(), type_of(&select(workspace, "true"))));
        }
        if let Some(as_of) = &self.as_of {
            probes.push(("`as_of`".to_owned(), select("", &format!("({as_of}) is null"))));
        }
        for filter in &self.filters {
            let array = if filter.many { "[]" } else { "" };
            let null = format!("null::{}{array}", pg_type(filter.kind));
            let sql = filter.sql.replace("{}", &null);
            probes.push((format!("filter `{}`", filter.name), select("", &sql)));
            if let Some(choices) = &filter.options {
                let what = format!(
                    "({})::pg_catalog.text, ({})::pg_catalog.text",
                    choices.value, choices.label
                );
                let key = format!("options of the filter `{}`", filter.name);
                if let Some(from) = &choices.from {
                    let sql = format!("select {what} from {from} where false");
                    probes.push((key.clone(), sql));
                }
                let is_of_rows = match choices {
                    Choices { from: None, .. } => true,
                    Choices { owner, .. } => {
                        owner.is_none() && self.access == Access::Owner && !filter.admin_only
                    }
                };
                if is_of_rows {
                    probes.push((key, select(&what, "true")));
                }
                if let (Some(from), Some(owner)) = (&choices.from, &choices.owner) {
                    let owner = type_of(&format!("select {owner} from {from} where false"));
                    probes.push((owner_of_options(&filter.name), owner));
                }
            }
        }
        probes
    }

    /// Returns the SQL of a column with a null for each parameter.
    fn with_nulls(&self, sql: &str) -> String {
        let piece = |piece| match piece {
            Piece::Sql(sql) => sql.to_owned(),
            Piece::Parameter(at) => format!("null::{}", pg_type(self.parameters[at].kind)),
        };
        pieces(&self.parameters, sql).into_iter().map(piece).collect()
    }
}
