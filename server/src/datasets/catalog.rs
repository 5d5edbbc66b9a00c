//! Which datasets there are, and what the database says of them.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Column as _, Executor, PgConnection, SqlSafeStr, Statement, TypeInfo};

use super::definition::Definition;

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
    /// PostgreSQL's names of its columns' types; empty while it is unavailable.
    pub types: Vec<String>,
    /// Why it cannot be used in this database.
    pub unavailable: Option<Unavailable>,
    file: String,
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
            .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
        for (file, text) in built_in.chain(folder.map(read_folder).transpose()?.unwrap_or_default()) {
            let definition = Definition::parse(&text).map_err(|problem| CatalogError::Mistake {
                file: file.clone(),
                problem,
            })?;
            let dataset = Dataset {
                definition,
                types: Vec::new(),
                unavailable: None,
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
                    types.extend(
                        statement
                            .columns()
                            .iter()
                            .map(|column| column.type_info().name().to_lowercase()),
                    );
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
    fn probes(&self) -> Vec<(String, String)> {
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
                let what = format!("({})::text, ({})::text", choices.value, choices.label);
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
