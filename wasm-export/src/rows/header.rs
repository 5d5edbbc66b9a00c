//! The first line of a raw-row stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::cursor::Cursor;
use super::error::ReadError;
use super::limits::VERSION;
use crate::language::label_in;
use crate::options::Fraction;

/// The media type of a raw-row stream.
pub const MEDIA_TYPE: &str = "application/vnd.decant.rows; version=1";

/// The media type of several raw-row streams, one behind the other: the parts of a bundle.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.decant.bundle; version=1";

/// The description of the rows, which comes before them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Header {
    /// The stream's version, [`VERSION`].
    pub decant: u32,
    /// The name of the part whose rows follow, in the stream of a bundle: `files`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// The name of the dataset in addresses: `usage-logs`.
    pub dataset: String,
    /// The name of the dataset for people: `Usage logs`.
    pub title: String,
    /// The columns of every row, in the order of its cells. Hidden columns are last.
    pub columns: Vec<Column>,
    /// Names of the columns that order the rows. Together their values are unique, and therefore they form the
    /// cursor.
    pub order: Vec<String>,
    /// Whether the rows come in the dataset's order the other way round.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reversed: bool,
    /// When the database began this export (RFC 3339, UTC). A resumed export has the same value.
    pub as_of: String,
    /// The time zone that the caller chose, an IANA name. The default is `UTC`.
    pub zone: String,
    /// The digits of the seconds' fraction that the dataset's timestamps have in files, if it names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, example = "milliseconds"))]
    pub fraction: Option<Fraction>,
    /// Rows that a report shows before the others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub highlights: Vec<Highlight>,
    /// The filters by which the rows were selected, as parameters of the address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub filters: BTreeMap<String, String>,
    /// The planner's estimate of the number of rows, for a progress bar. The real number may differ much.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub estimated_rows: Option<u64>,
}

impl Header {
    /// Reads the first line of a stream, without its newline.
    ///
    /// # Errors
    /// When it is not a header, has another version, or contradicts itself.
    pub fn read(line: &[u8]) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Version {
            decant: u64,
        }
        let not_a_stream = |error: serde_json::Error| ReadError::NotAStream {
            reason: error.to_string(),
        };
        let version: Version = serde_json::from_slice(line).map_err(not_a_stream)?;
        if version.decant != u64::from(VERSION) {
            return Err(ReadError::Version {
                found: version.decant,
            });
        }
        let header: Self = serde_json::from_slice(line).map_err(not_a_stream)?;
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), ReadError> {
        if self.columns.iter().all(|column| column.hidden) {
            return Err(ReadError::Header {
                reason: "it shows no column".to_owned(),
            });
        }
        match self.order.iter().find(|name| self.position(name).is_none()) {
            Some(name) => Err(ReadError::Header {
                reason: format!("it has no column `{name}` to order by"),
            }),
            None => Ok(()),
        }
    }

    /// Returns the index of a column's cells in a row.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|known| known.name == column)
    }

    /// Returns the cursor of a raw row, which has no newline. Returns `None` when the row lacks an order cell.
    pub fn cursor(&self, row: &[u8]) -> Option<String> {
        let cells: Vec<&[u8]> = row.split(|&byte| byte == b'\t').collect();
        let order = self
            .order
            .iter()
            .map(|name| cells.get(self.position(name)?).copied());
        Some(Cursor::encode(order.collect::<Option<Vec<_>>>()?, self.reversed))
    }
}

/// One column of a raw-row stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Column {
    /// The name for programs: `created_at`.
    pub name: String,
    /// The name for people: `Time`.
    pub label: String,
    /// Labels in other languages, by BCP 47 tag.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// How a reader parses the cells.
    pub kind: Kind,
    /// The type in PostgreSQL: `timestamptz`.
    pub pg_type: String,
    /// Whether the column serves only for the order and the cursor. It never reaches a file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

impl Column {
    /// Returns the label in a language (a BCP 47 tag). Without a label for `de-AT` it takes that for `de`, and at
    /// last `label`.
    pub fn label_in(&self, language: Option<&str>) -> &str {
        label_in(&self.labels, &self.label, language)
    }
}

/// Rows that need attention. A report shows the first of them, and the number of the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Highlight {
    /// The name for people: `Critical alerts`.
    pub heading: String,
    /// The values that these columns must have, by the column's name: in each column one of its values. A value is the cell's
    /// text, and `true` or `false` of a boolean.
    pub r#where: BTreeMap<String, Vec<String>>,
    /// The names of the columns that are shown, in this order.
    pub columns: Vec<String>,
}

/// How a reader parses a cell's text. Types without a kind of their own are [`Kind::Text`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ColumnKind))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Any text, and every type that no other kind fits.
    Text,
    /// `smallint`, `integer`, `bigint`, `oid`.
    Integer,
    /// `numeric`: any number of digits, or `NaN`, `Infinity`.
    Decimal,
    /// `real`, `double precision`.
    Float,
    /// `boolean`: `t` or `f`.
    Boolean,
    /// `timestamp with time zone`, always written in UTC.
    Timestamp,
    /// `timestamp without time zone`.
    LocalTimestamp,
    /// `date`.
    Date,
    /// `time`, `timetz`.
    Time,
    /// `interval`, ISO 8601.
    Interval,
    /// `uuid`.
    Uuid,
    /// `json`, `jsonb`.
    Json,
    /// `bytea`, as `\x…`.
    Bytes,
}

impl Kind {
    /// Returns the kind of a PostgreSQL type. The name may have any spelling of PostgreSQL, in upper or lower case.
    pub fn from_pg_type(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "int2" | "int4" | "int8" | "smallint" | "integer" | "bigint" | "oid" => Self::Integer,
            "numeric" | "decimal" => Self::Decimal,
            "float4" | "float8" | "real" | "double precision" => Self::Float,
            "bool" | "boolean" => Self::Boolean,
            "timestamptz" | "timestamp with time zone" => Self::Timestamp,
            "timestamp" | "timestamp without time zone" => Self::LocalTimestamp,
            "date" => Self::Date,
            "time" | "timetz" | "time without time zone" | "time with time zone" => Self::Time,
            "interval" => Self::Interval,
            "uuid" => Self::Uuid,
            "json" | "jsonb" => Self::Json,
            "bytea" => Self::Bytes,
            _ => Self::Text,
        }
    }

    /// Returns whether the cells are numbers, so that a spreadsheet can calculate with them.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal | Self::Float)
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use super::*;
    use crate::rows::{Cursor, header_line};
    use crate::sample::header;

    #[test]
    fn a_header_is_read_as_it_is_written() {
        let header = header(&[("id", Kind::Integer), ("name", Kind::Text)]);
        let line = header_line(&header);
        assert_eq!(Header::read(line.trim_ascii_end()), Ok(header));
    }

    #[test]
    fn members_of_a_later_day_are_passed_over() {
        let line = br#"{"decant":1,"dataset":"d","title":"D","columns":[{"name":"a","label":"A","kind":"text","pg_type":"text",
            "unit":"USD"}],"order":[],"as_of":"","zone":"UTC","estimated_rows":null,"sampled":true}"#;
        assert_eq!(Header::read(line).map(|header| header.columns.len()), Ok(1));
    }

    #[test]
    fn a_cursor_is_the_order_cells_of_a_row() {
        let mut header = header(&[
            ("name", Kind::Text),
            ("at", Kind::Timestamp),
            ("id", Kind::Integer),
        ]);
        header.order = vec!["at".to_owned(), "id".to_owned()];
        let cursor = header.cursor(b"x\t2026-01-28 12:34:56+00\t7").unwrap();
        let values = ["2026-01-28 12:34:56+00", "7"].map(|value| Some(value.to_owned()));
        assert_eq!(Cursor::decode(&cursor).unwrap().values(), values);
        assert_eq!(header.cursor(b"x\ty"), None);
    }

    #[test]
    fn postgresqls_types_have_kinds_in_every_spelling() {
        for (name, kind) in [
            ("timestamptz", Kind::Timestamp),
            ("TIMESTAMP WITH TIME ZONE", Kind::Timestamp),
            ("timestamp", Kind::LocalTimestamp),
            ("Int8", Kind::Integer),
            ("double precision", Kind::Float),
            ("numeric", Kind::Decimal),
            ("jsonb", Kind::Json),
            ("my_enum", Kind::Text),
        ] {
            assert_eq!(Kind::from_pg_type(name), kind, "{name}");
        }
    }
}
