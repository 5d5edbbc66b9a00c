//! Which datasets there are, and what the database says of them.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, PgConnection, Row, query, query_as};

use super::definition::Definition;
use super::search_path;

/// The definitions that are compiled in: file name and text.
const BUILT_IN: &[(&str, &str)] = &[
    ("usage-logs.toml", include_str!("../../datasets/usage-logs.toml")),
    ("probe-logs.toml", include_str!("../../datasets/probe-logs.toml")),
];

/// The greatest OID of an object that PostgreSQL itself has made (FirstNormalObjectId in its transam.h).
const BUILT_IN_OID_MAX: i64 = 16_383;

/// All datasets, in the order of their names.
#[derive(Debug)]
pub struct Catalog {
    datasets: Vec<Dataset>,
}

/// A dataset as declared, and what the database says of it.
#[derive(Debug)]
pub struct Dataset {
    /// What its file declares.
    pub definition: Definition,
    /// The types of its columns; empty while it is unavailable.
    pub types: Vec<ColumnType>,
    /// Why it cannot be used in this database.
    pub unavailable: Option<Unavailable>,
    /// Whether the definition is one of Decant's own.
    is_built_in: bool,
    file: String,
}

/// PostgreSQL's type of a column.
#[derive(Clone, Debug)]
pub struct ColumnType {
    /// Its name in `pg_type`: `int4`, `timestamptz`, `int4[]`. Another schema than that of PostgreSQL's types stands before
    /// it where the search path does not lead to it.
    pub name: String,
    /// Whether it is in `pg_catalog`, and with it the operators that compare it.
    pub is_built_in: bool,
}

impl ColumnType {
    /// Returns the types with these OIDs, in their order; of a domain, the type below it.
    ///
    /// The driver has a look-up of its own, which [`Executor::prepare`](sqlx::Executor::prepare) begins. It is not used: its
    /// SQL calls functions and operators without their schema.
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

/// Returns the name that `pg_type` has for a type, where SQL has a name of its own for it. The header of a raw-row stream
/// has `char` for `character`.
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
    /// File, key and PostgreSQL's own message.
    pub reason: String,
    /// Whether the definition is wrong; otherwise its tables are not in this database.
    pub mistake: bool,
}

/// A definition that cannot be read.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum CatalogError {
    /// The folder or a file in it cannot be read.
    #[error("the datasets in {path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    /// A file is not a definition.
    #[error("{file}: {problem}")]
    Mistake { file: String, problem: String },
    /// The database could not be asked.
    #[error("the database cannot be asked about the datasets: {0}")]
    Database(#[from] sqlx::Error),
}

impl Catalog {
    /// The built-in definitions and, after them, those of the site's folder in the order of their files; a site's file
    /// takes the place of a built-in one of its name.
    ///
    /// # Errors
    /// [`CatalogError`] naming the file.
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

    /// Asks the database about every dataset: the types of its columns, and whether its SQL holds.
    ///
    /// # Errors
    /// Only if the database cannot be asked at all; what is wrong with a dataset is kept with it.
    pub async fn prepare(&mut self, connection: &mut PgConnection) -> Result<(), CatalogError> {
        for dataset in &mut self.datasets {
            dataset.prepare(connection).await?;
        }
        Ok(())
    }

    /// Warns of schemas of the search path in which another role may put functions that a definition of the site's own
    /// would call, with the statement that ends it. Built-in definitions call none of them.
    ///
    /// # Errors
    /// If the database cannot be asked.
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

    /// The dataset of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Dataset> {
        self.datasets
            .iter()
            .find(|dataset| dataset.definition.name == name)
    }

    /// All datasets.
    pub fn iter(&self) -> std::slice::Iter<'_, Dataset> {
        self.datasets.iter()
    }
}

impl Dataset {
    async fn prepare(&mut self, connection: &mut PgConnection) -> Result<(), CatalogError> {
        let mut oids = Vec::new();
        for (key, sql) in self.definition.probes() {
            let probe = query(AssertSqlSafe(sql)).persistent(false);
            match probe.fetch_optional(&mut *connection).await {
                Ok(Some(row)) if key.starts_with("column ") => oids.push(row.try_get(0)?),
                Ok(_) => {}
                Err(sqlx::Error::Database(error)) => {
                    // Undefined table or schema: this database is another's, the definition may be right.
                    let mistake = !matches!(error.code().as_deref(), Some("42P01" | "3F000"));
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
    /// Returns a statement for each key of the definition that holds SQL, so that a mistake can be named by its key. That of
    /// a column returns the OID of its type. No statement reads a row.
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
                .replace("{}", &format!("null::{}", filter.kind.pg_type()));
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
