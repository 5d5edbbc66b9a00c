//! Why missing rows are not inserted.

/// Why missing rows are not inserted. The transaction must be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum MissingRowsError {
    #[error("The database has no table {0}")]
    NoTable(String),
    #[error("{name} is {kind} in the database, and missing rows are inserted into tables only")]
    NotTable { name: String, kind: &'static str },
    #[error(
        "The table {table} of the database has no column {column} that takes values, and the rows to insert have it"
    )]
    NoColumn { table: String, column: String },
    #[error(
        "{name} of the table {table} would fire for rows that come back, and only the owner of the table may disable it; \
         make Decant's user a member of the role that owns the table"
    )]
    Trigger { table: String, name: String },
    #[error(
        "The foreign key {name} of the table {table} is part of a circle, so it must be checked after all rows are there, \
         and only the owner of the table may defer it; make Decant's user a member of the role that owns the table"
    )]
    Circle { table: String, name: String },
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
