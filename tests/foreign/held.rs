//! Rows that PostgreSQL holds, and the files that `decant` exports of them.

use std::path::{Path, PathBuf};

use decant_tests::cluster::folder;
use decant_tests::database::{Database, USAGE_COLUMNS, USAGE_ROWS};
use decant_tests::definitions::Definitions;
use decant_tests::golden::CORPUS;
use decant_tests::program;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

/// The rows of a dataset, with a copy in the table `held`: row number `n`, then the dataset's columns in their order.
pub struct Held {
    pub database: Database,
    pub columns: Vec<Column>,
    dataset: &'static str,
    definitions: Definitions,
    folder: TempDir,
}

pub struct Column {
    pub name: String,
    /// PostgreSQL's name of the type.
    pub pg_type: String,
    /// The part of a second to which the file has times, as `date_trunc` names it.
    pub fraction: &'static str,
}

/// SQL expressions for the comparable part of a value; `$` stands for the value.
pub struct View {
    /// Expression for PostgreSQL's value.
    pub held: String,
    /// Expression for the text in the file.
    pub read: String,
}

impl View {
    /// Compares PostgreSQL's text of the value.
    pub fn whole(column: &Column) -> Self {
        // Without a length these names stand for a length of one.
        let read = match column.pg_type.as_str() {
            "character" => "bpchar",
            "bit" => "\"bit\"",
            pg_type => pg_type,
        };
        let held = match column.pg_type.as_str() {
            "timestamp with time zone" | "timestamp without time zone" => {
                format!("date_trunc('{}', $)::text", column.fraction)
            }
            _ => "$::text".to_owned(),
        };
        Self {
            held,
            read: format!("$::{read}::text"),
        }
    }

    /// The same for readers that do not distinguish empty text and null.
    pub fn without_empty_text(column: &Column) -> Self {
        let Self { held, read } = Self::whole(column);
        Self {
            held: format!("nullif({held}, '')"),
            read: format!("nullif({read}, '')"),
        }
    }
}

const USAGE_NAMES: &str = "created_at, user_name, key_name, provider_name, model, original_model, endpoint, status_code, \
     input_tokens, output_tokens, cache_creation_5m_input_tokens, cache_creation_1h_input_tokens, \
     cache_read_input_tokens, total_tokens, cost_usd, duration_ms, session_id, retry_count, id";

const TYPES: &str = include_str!("types.sql");

const TYPES_DEFINITION: &str = r#"
name = "types"
title = "Types"
access = "admin"
order = ["n not null"]
from = "every_type e"
[[column]]
name = "n"
label = "N"
sql = "e.n"
hidden = true
"#;

impl Held {
    /// Loads values of every type of PostgreSQL.
    pub async fn types() -> Self {
        let database = Database::new().await;
        database.execute(TYPES).await;
        let columns = "select attname from pg_attribute where attrelid = 'every_type'::regclass and attnum > 1 \
                       order by attnum";
        let columns = database.texts(columns).await;
        let column =
            |name: String| format!("[[column]]\nname = '{name}'\nlabel = '{name}'\nsql = 'e.{name}'\n");
        let columns: String = columns.into_iter().flatten().map(column).collect();
        let definition = format!("{TYPES_DEFINITION}{columns}");
        let mut held = Self::load(database, "types", &definition, "select * from every_type").await;
        for column in &mut held.columns {
            column.fraction = "microseconds";
        }
        held
    }

    /// Loads the awkward rows of `tests/golden`.
    pub async fn corpus() -> Self {
        let from = CORPUS
            .split("'''")
            .nth(1)
            .expect("the corpus is made from a text in quotes");
        let table = format!("select row_number() over (order by id desc) as n, * from {from}");
        Self::new("corpus", &table).await
    }

    /// Loads the demo's usage logs.
    pub async fn usage_logs() -> Self {
        let rows = format!("select {USAGE_COLUMNS} from {USAGE_ROWS}");
        let table = format!(
            "select row_number() over (order by created_at desc nulls last, id desc) as n, * from ({rows}) as rows({USAGE_NAMES})"
        );
        let mut held = Self::new("usage-logs", &table).await;
        held.database.execute("alter table held drop column id").await;
        held.columns.pop();
        held
    }

    async fn new(dataset: &'static str, table: &str) -> Self {
        Self::load(Database::new().await, dataset, CORPUS, table).await
    }

    async fn load(database: Database, dataset: &'static str, definition: &str, table: &str) -> Self {
        database.execute(format!("create table held as {table}")).await;
        let columns = "from pg_attribute where attrelid = 'held'::regclass and attnum > 1 order by attnum";
        let names = database.texts(&format!("select attname {columns}")).await;
        let types = database
            .texts(&format!("select format_type(atttypid, null) {columns}"))
            .await;
        let column = |(name, pg_type): (Option<String>, Option<String>)| Column {
            name: name.expect("a column has a name"),
            pg_type: pg_type.expect("a column has a type"),
            fraction: "milliseconds",
        };
        Self {
            database,
            columns: names.into_iter().zip(types).map(column).collect(),
            dataset,
            definitions: Definitions::of(&[definition]),
            folder: folder(),
        }
    }

    pub fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.name.as_str()).collect()
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Exports the rows by the command line into a file with this name.
    pub async fn export(&self, file: &str, flags: &[&str]) -> PathBuf {
        let path = self.folder().join(file);
        let output = path.to_str().expect("the folder's name is plain");
        let arguments = [&["export", self.dataset, "--output", output], flags].concat();
        let settings = [("DSN", self.database.dsn.as_str()), self.definitions.setting()];
        program::run(&arguments, &settings).await.good();
        path
    }

    /// Compares the rows with those that a reader found.
    pub async fn assert_read(&self, rows: &[Vec<Option<String>>], view: impl Fn(&Column) -> View) {
        let read = |(index, column): (usize, &Column)| {
            view(column).read.replace('$', &format!("(cells ->> {index})"))
        };
        let read: Vec<_> = self.columns.iter().enumerate().map(read).collect();
        let read = format!(
            "select n, {} from json_array_elements($1::json) with ordinality as read(cells, n)",
            read.join(", ")
        );
        let rows = serde_json::to_string(rows).expect("cells are JSON");
        self.assert_same(&read, &rows, view).await;
    }

    /// Lets PostgreSQL read a CSV file, and compares the rows.
    pub async fn assert_copied(&self, file: &Path, delimiter: &str) {
        let names = self.names().join(", ");
        let table = "drop table if exists read; create table read (like held); \
             alter table read alter n set not null, alter n add generated always as identity";
        self.database.execute(table).await;
        let copy = format!(
            "copy read ({names}) from stdin (format csv, header, encoding 'utf8', delimiter '{delimiter}')"
        );
        let mut connection = self.connect().await;
        let mut input = connection
            .copy_in_raw(&copy)
            .await
            .expect("PostgreSQL takes the columns");
        input
            .send(std::fs::read(file).expect("the file is there"))
            .await
            .expect("PostgreSQL takes the bytes");
        input.finish().await.expect("PostgreSQL reads the file");
        let texts = self.names().join("::text, ");
        let read = format!("select n, {texts}::text from read where $1 = 'copied'");
        self.assert_same(&read, "copied", View::whole).await;
    }

    async fn assert_same(&self, read: &str, parameter: &str, view: impl Fn(&Column) -> View) {
        let held = |column: &Column| view(column).held.replace('$', &column.name);
        let held: Vec<_> = self.columns.iter().map(held).collect();
        let held = format!("select n, {} from held", held.join(", "));
        self.assert_equal(&held, read, parameter).await;
    }

    /// Compares the rows of two queries. The second may have a parameter `$1`.
    pub async fn assert_equal(&self, held: &str, read: &str, parameter: &str) {
        let sql = format!(
            "with held as materialized ({held}), read as materialized ({read}) \
             (select 'PostgreSQL has ' || to_json(row) from (table held except all table read) as row) union all \
             (select 'the file has ' || to_json(row) from (table read except all table held) as row) union all \
             (select 'there are no rows' where not exists (table held))"
        );
        let mut connection = self.connect().await;
        let differences: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql.clone()))
            .bind(parameter)
            .fetch_all(&mut connection)
            .await
            .unwrap_or_else(|error| panic!("{error} in: {sql}"));
        assert!(
            differences.is_empty(),
            "{} rows differ:\n{}",
            differences.len(),
            differences[..differences.len().min(6)].join("\n")
        );
    }

    async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.database.dsn)
            .await
            .expect("PostgreSQL accepts a connection")
    }
}
