//! Which datasets there are, and what the database says of them.

use std::path::{Path, PathBuf};

use sqlx::postgres::PgColumn;
use sqlx::{AssertSqlSafe, Column as _, Executor, PgConnection, SqlSafeStr, Statement, TypeInfo};

use super::definition::Definition;
use super::search_path;

/// The definitions that are compiled in: file name and text.
const BUILT_IN: &[(&str, &str)] = &[
    ("usage-logs.toml", include_str!("../../datasets/usage-logs.toml")),
    ("probe-logs.toml", include_str!("../../datasets/probe-logs.toml")),
];

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
    /// The driver's name of it, in lower case: `int4`, `timestamptz`, `int4[]`.
    pub name: String,
    /// Whether it is in `pg_catalog`, and with it the operators that compare it.
    pub is_built_in: bool,
}

impl ColumnType {
    fn of(column: &PgColumn) -> Self {
        /// Above are objects that users and extensions have made (FirstNormalObjectId of PostgreSQL's transam.h).
        const OID_MAX: u32 = 16_383;
        let column_type = column.type_info();
        Self {
            name: column_type.name().to_lowercase(),
            is_built_in: column_type.oid().is_some_and(|oid| oid.0 <= OID_MAX),
        }
    }

    /// The type for a cast.
    pub(super) fn in_sql(&self) -> String {
        match (self.is_built_in, self.name.as_str()) {
            // `char` would be a single byte there.
            (true, "char") => "pg_catalog.bpchar".to_owned(),
            (true, name) => format!("pg_catalog.{name}"),
            (false, name) => name.to_owned(),
        }
    }
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
        let mut types = Vec::new();
        for (key, sql) in self.definition.probes() {
            match (&mut *connection)
                .prepare(AssertSqlSafe(sql).into_sql_str())
                .await
            {
                Ok(statement) if key.starts_with("column ") => {
                    types.extend(statement.columns().iter().map(ColumnType::of));
                }
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
        self.types = types;
        Ok(())
    }
}

impl Definition {
    /// One statement for each key of the definition that holds SQL, so that a mistake can be named by its key.
    pub(super) fn probes(&self) -> Vec<(String, String)> {
        let condition = self.r#where.as_deref().unwrap_or("true");
        let select = |what: &str, and: &str| {
            format!("select {what} from {} where ({condition}) and ({and})", self.from)
        };
        let mut probes = vec![
            ("`from`".to_owned(), format!("select from {}", self.from)),
            ("`where`".to_owned(), select("", "true")),
        ];
        for column in &self.columns {
            probes.push((format!("column `{}`", column.name), select(&column.sql, "true")));
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
                        format!("select {what} from {from} where ({owner}) is null")
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
