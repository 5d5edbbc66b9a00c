//! Why a dataset or a bundle cannot be used.

/// Why a dataset or a bundle cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// Names the file and the key, with PostgreSQL's message.
    pub reason: String,
    pub cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The definition is wrong.
    Mistake,
    /// A table is not in this database.
    NoTable,
    /// The tables of a built-in dataset are not in this database, because it is no such application's. Nobody is told.
    NotHere,
    /// A column of a built-in dataset is not in this database, because its hub is older than the dataset, or its tables are other
    /// ones.
    NoColumn,
    /// The role of this connection may not read all of it.
    NoRight,
    /// The rows are in the state database, and there is none, or it does not answer.
    NoState,
    /// Another role may have made a table of the hub.
    Untrusted,
}
