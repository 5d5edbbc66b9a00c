//! Why missing rows are not inserted.

/// Why missing rows are not inserted. The transaction must be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum MissingRowsError {
    #[error("The database has no table {0}")]
    NoTable(String),
    #[error("{name} is {kind} in the database, and missing rows are inserted into tables only")]
    NotTable { name: String, kind: &'static str },
    #[error("Another role has replaced {0} meanwhile")]
    Replaced(String),
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
        "Foreign keys of the tables {0} form a circle, so their rows must be inserted by one statement, and the tables belong \
         to different roles, whose functions must not get the rights of each other; give the tables to one role"
    )]
    Circle(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
