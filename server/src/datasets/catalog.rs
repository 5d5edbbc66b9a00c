//! The datasets, and whether the database can answer them.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, PgConnection, Row, query, query_as};

use super::definition::{Definition, pg_type};
use super::search_path;

/// The definitions that are compiled in: file name and text.
const BUILT_IN: &[(&str, &str)] = &[
    ("usage-logs.toml", include_str!("../../datasets/usage-logs.toml")),
    ("probe-logs.toml", include_str!("../../datasets/probe-logs.toml")),
];

/// The greatest OID of an object that PostgreSQL itself has made (FirstNormalObjectId in its transam.h).
const BUILT_IN_OID_MAX: i64 = 16_383;

/// All datasets: the built-in ones first, then those of the site in the order of their files.
#[derive(Debug)]
pub struct Catalog {
    datasets: Vec<Dataset>,
}

/// A dataset as its file declares it, with the types of its columns in the database.
#[derive(Debug)]
pub struct Dataset {
    pub definition: Definition,
    /// In the order of the definition's columns. Empty while the dataset is unavailable.
    pub types: Vec<ColumnType>,
    /// `None`: the dataset can be used.
    pub unavailable: Option<Unavailable>,
    /// The definition is compiled in.
    is_built_in: bool,
    file: String,
}

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
    async fn look_up(connection: &mut PgConnection, oids: &[i64]) -> sqlx::Result<Vec<Self>> {
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

/// Why a dataset cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// Names the file and the key, with PostgreSQL's message.
    pub reason: String,
    /// The definition is wrong. Otherwise its tables are not in this database.
    pub mistake: bool,
}

/// A definition that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("the datasets in {path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{file}: {problem}")]
    Mistake { file: String, problem: String },
    #[error("the database cannot be asked about the datasets: {0}")]
    Database(#[from] sqlx::Error),
}

impl Catalog {
    /// Reads the built-in definitions, then those of the site's folder in the order of their files. A definition of the site
    /// replaces the built-in one with the same name.
    ///
    /// # Errors
    /// [`CatalogError::Unreadable`], [`CatalogError::Mistake`].
    pub fn load(folder: Option<&Path>) -> Result<Self, CatalogError> {
        let mut datasets = Vec::new();
        let built_in = BUILT_IN
            .iter()
            .map(|(file, text)| (true, (*file).to_owned(), (*text).to_owned()));
        let of_site = folder.map(read_folder).transpose()?.unwrap_or_default();
        let of_site = of_site.into_iter().map(|(file, text)| (false, file, text));
        for (is_built_in, file, text) in built_in.chain(of_site) {
            let definition = Definition::parse(&text).map_err(|problem| CatalogError::Mistake {
                file: file.clone(),
                problem,
            })?;
            let dataset = Dataset {
                definition,
                types: Vec::new(),
                unavailable: None,
                is_built_in,
                file,
            };
            let same = |other: &&mut Dataset| other.definition.name == dataset.definition.name;
            match datasets.iter_mut().find(same) {
                Some(other) => *other = dataset,
                None => datasets.push(dataset),
            }
        }
        Ok(Self { datasets })
    }

    /// Checks the SQL of each dataset in the database, and looks up the types of its columns.
    ///
    /// # Errors
    /// [`CatalogError::Database`] when the database does not answer. A mistake in a dataset makes only that dataset
    /// [`Unavailable`].
    pub async fn prepare(&mut self, connection: &mut PgConnection) -> Result<(), CatalogError> {
        for dataset in &mut self.datasets {
            dataset.prepare(connection).await?;
        }
        Ok(())
    }

    /// Returns a warning for each role that may create functions in a schema of the search path, with the `REVOKE` to run.
    /// A definition of the site might call such a function; built-in definitions do not, so they alone bring no warning.
    ///
    /// # Errors
    /// [`CatalogError::Database`].
    pub async fn warnings(&self, connection: &mut PgConnection) -> Result<Vec<String>, CatalogError> {
        let of_site = self.datasets.iter().filter(|dataset| !dataset.is_built_in);
        let names: Vec<_> = of_site.map(|dataset| dataset.definition.name.as_str()).collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let names = names.join(", ");
        let warning = |revoke| {
            format!(
                "another role may create functions and operators in a schema of the search path, and the SQL of {names} \
                 would run them with the rights of Decant. Run {revoke}"
            )
        };
        Ok(search_path::revokes(connection)
            .await?
            .into_iter()
            .map(warning)
            .collect())
    }

    pub fn get(&self, name: &str) -> Option<&Dataset> {
        self.datasets
            .iter()
            .find(|dataset| dataset.definition.name == name)
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Dataset> {
        self.datasets.iter()
    }
}

impl Dataset {
    async fn prepare(&mut self, connection: &mut PgConnection) -> Result<(), CatalogError> {
        let mut oids = Vec::new();
        for (key, sql) in self.definition.probes() {
            // SQL: the text of a definition, which the site writes.
            let probe = query(AssertSqlSafe(sql)).persistent(false);
            match probe.fetch_optional(&mut *connection).await {
                Ok(Some(row)) if key.starts_with("column ") => oids.push(row.try_get(0)?),
                Ok(_) => {}
                Err(sqlx::Error::Database(error)) => {
                    // An undefined table or schema, or a missing right: the definition may be correct all the same.
                    let mistake = !matches!(error.code().as_deref(), Some("42P01" | "3F000" | "42501"));
                    let reason = format!("{}, {key}: {}", self.file, error.message());
                    self.unavailable = Some(Unavailable { reason, mistake });
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.types = ColumnType::look_up(connection, &oids).await?;
        Ok(())
    }
}

impl Definition {
    /// Returns a statement for each key of the definition that holds SQL, so that a mistake can be named by its key. A
    /// column's statement returns the OID of its type. No statement reads a row.
    pub(super) fn probes(&self) -> Vec<(String, String)> {
        let condition = self.r#where.as_deref().unwrap_or("true");
        let select = |what: &str, and: &str| {
            format!(
                "select {what} from {} where false and ({condition}) and ({and})",
                self.from
            )
        };
        let mut probes = vec![
            (
                "`from`".to_owned(),
                format!("select from {} where false", self.from),
            ),
            ("`where`".to_owned(), select("", "true")),
        ];
        for column in &self.columns {
            let value = select(&column.sql, "true");
            let type_of = format!("select pg_catalog.pg_typeof(({value}))::pg_catalog.oid::bigint");
            probes.push((format!("column `{}`", column.name), type_of));
        }
        for (key, sql) in [("owner", self.owner.as_ref()), ("as_of", self.as_of.as_ref())] {
            probes.extend(sql.map(|sql| (format!("`{key}`"), select("", &format!("({sql}) is null")))));
        }
        for filter in &self.filters {
            let sql = filter
                .sql
                .replace("{}", &format!("null::{}", pg_type(filter.kind)));
            probes.push((format!("filter `{}`", filter.name), select("", &sql)));
            if let Some(choices) = &filter.options {
                let what = format!(
                    "({})::pg_catalog.text, ({})::pg_catalog.text",
                    choices.value, choices.label
                );
                let sql = match &choices.from {
                    None => select(&what, "true"),
                    Some(from) => {
                        let owner = choices.owner.as_deref().unwrap_or("null");
                        format!("select {what} from {from} where false and ({owner}) is null")
                    }
                };
                probes.push((format!("options of the filter `{}`", filter.name), sql));
            }
        }
        probes
    }
}

fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, CatalogError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| CatalogError::Unreadable { path, source }
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
            files.push((path.display().to_string(), text));
        }
    }
    files.sort();
    Ok(files)
}
