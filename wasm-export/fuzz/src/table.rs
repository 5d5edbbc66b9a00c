//! Generates rows of any values, as a server sends them and as a file shows them.

use arbitrary::{Arbitrary, Result, Unstructured};
use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};
use wasm_export::Options;
use wasm_export::options::{Fraction, TimestampStyle};
use wasm_export::rows::{Column, Header, Kind, VERSION, escape_into};

use super::exporting::stream;

/// The names of the columns, from the first on. All eight together suit every layout and format.
const NAMES: [&str; 8] = [
    "created_at",
    "ok",
    "status_code",
    "latency_ms",
    "error_message",
    "role",
    "content",
    "a <b> & \"c\"",
];

/// Every kind for which values are generated. All formats treat the other kinds as text.
const KINDS: [Kind; 12] = [
    Kind::Text,
    Kind::Integer,
    Kind::Decimal,
    Kind::Float,
    Kind::Boolean,
    Kind::Timestamp,
    Kind::LocalTimestamp,
    Kind::Date,
    Kind::Time,
    Kind::Uuid,
    Kind::Json,
    Kind::Bytes,
];

/// Returns a header with columns of these kinds. The last is hidden if `last_is_hidden`, unless it is the only one.
pub fn header(kinds: &[Kind], last_is_hidden: bool) -> Header {
    let column = |(index, &kind): (usize, &Kind)| Column {
        name: NAMES[index].to_owned(),
        label: format!("={}", NAMES[index]),
        labels: Default::default(),
        kind,
        pg_type: "text".to_owned(),
        hidden: last_is_hidden && index > 0 && index + 1 == kinds.len(),
    };
    Header {
        decant: VERSION,
        part: None,
        dataset: "anything".to_owned(),
        title: "Anything <at> 'all'".to_owned(),
        columns: kinds.iter().enumerate().map(column).collect(),
        order: vec![NAMES[0].to_owned()],
        reversed: false,
        as_of: "2026-01-28T12:00:00Z".to_owned(),
        zone: "UTC".to_owned(),
        fraction: Some(Fraction::Milliseconds),
        highlights: Vec::new(),
        filters: Default::default(),
        estimated_rows: None,
    }
}

/// Generates the kinds of one to eight columns.
///
/// # Errors
/// When [`Unstructured`] fails.
pub fn kinds(u: &mut Unstructured<'_>) -> Result<Vec<Kind>> {
    let count = u.int_in_range(1..=NAMES.len())?;
    (0..count).map(|_| u.choose(&KINDS).copied()).collect()
}

/// A table that PostgreSQL could hold.
#[derive(Clone, Debug)]
pub struct Table {
    /// The header of its stream.
    pub header: Header,
    /// The rows, with a cell for each column. `None` is null.
    pub rows: Vec<Vec<Option<Value>>>,
}

impl Table {
    /// Returns the stream that a server would send.
    pub fn stream(&self) -> Vec<u8> {
        let mut raw = Vec::new();
        for row in &self.rows {
            for (index, cell) in row.iter().enumerate() {
                if index > 0 {
                    raw.push(b'\t');
                }
                match cell {
                    Some(value) => escape_into(value.as_postgresql_writes_it().as_bytes(), &mut raw),
                    None => raw.extend_from_slice(b"\\N"),
                }
            }
            raw.push(b'\n');
        }
        stream(&self.header, &raw)
    }

    /// Returns the columns that a file shows.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.header.columns.iter().filter(|column| !column.hidden)
    }

    /// Returns the rows without their hidden cells.
    pub fn shown(&self) -> impl Iterator<Item = &[Option<Value>]> {
        let count = self.columns().count();
        self.rows.iter().map(move |row| &row[..count])
    }

    /// Returns the rows as text. `None` is null.
    pub fn texts(&self, text: impl Fn(&Value) -> String) -> Vec<Vec<Option<String>>> {
        let row = |row: &[Option<Value>]| row.iter().map(|cell| cell.as_ref().map(&text)).collect();
        self.shown().map(row).collect()
    }
}

impl<'a> Arbitrary<'a> for Table {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let kinds = kinds(u)?;
        let header = header(&kinds, u.arbitrary()?);
        let mut rows = Vec::new();
        while rows.len() < 100 && !u.is_empty() && u.ratio(9, 10)? {
            let cell = |kind: &Kind| match u.ratio(1, 8)? {
                true => Ok(None),
                false => Value::arbitrary(*kind, u).map(Some),
            };
            rows.push(kinds.iter().map(cell).collect::<Result<_>>()?);
        }
        Ok(Self { header, rows })
    }
}

/// A value that is not null.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text, or a value that every format treats as text.
    Text(String),
    /// The digits of a number.
    Number(String),
    /// A number with a fraction, whose mark depends on the options.
    Fraction(String),
    /// PostgreSQL's `t` or `f`.
    Boolean(bool),
    /// A moment in years for which the offset of every zone has whole minutes.
    Timestamp(Timestamp),
    /// A time on a wall clock.
    LocalTimestamp(DateTime),
    /// JSON, as PostgreSQL writes `jsonb`.
    Json(String),
}

impl Value {
    fn arbitrary(kind: Kind, u: &mut Unstructured<'_>) -> Result<Self> {
        Ok(match kind {
            Kind::Integer => Self::Number(u.arbitrary::<i64>()?.to_string()),
            Kind::Decimal => {
                let (whole, fraction) = (u.arbitrary::<i64>()?, u.arbitrary::<u32>()?);
                Self::Fraction(format!("{whole}.{fraction:09}"))
            }
            Kind::Float => Self::Fraction(match u.arbitrary::<f64>()? {
                number if number.is_nan() => "NaN".to_owned(),
                number if number.is_infinite() && number > 0.0 => "Infinity".to_owned(),
                number if number.is_infinite() => "-Infinity".to_owned(),
                number => number.to_string(),
            }),
            Kind::Boolean => Self::Boolean(u.arbitrary()?),
            Kind::Timestamp => {
                let microseconds = u.int_in_range(315_532_800_000_000..=2_145_916_800_000_000)?;
                let moment = Timestamp::from_microsecond(microseconds);
                Self::Timestamp(moment.expect("the year is between 1980 and 2038"))
            }
            Kind::LocalTimestamp => {
                let seconds = SignedDuration::from_secs(u.int_in_range(0..=250_000_000_000)?);
                let moment = jiff::civil::date(1900, 3, 1).at(0, 0, 0, 0).checked_add(seconds);
                Self::LocalTimestamp(moment.expect("the year is below 10000"))
            }
            Kind::Date => {
                let day = Date::new(u.int_in_range(1900..=9999)?, 3, u.int_in_range(1..=31)?);
                Self::Text(day.expect("March has so many days").to_string())
            }
            Kind::Time => Self::Text(format!("{:02}:59:07.5", u.int_in_range(0..=24_u8)?)),
            Kind::Uuid => {
                let digits = format!("{:032x}", u.arbitrary::<u128>()?);
                Self::Text(format!("{}-0000-4000-8000-{}", &digits[..8], &digits[20..]))
            }
            Kind::Json => {
                let json = serde_json::json!([text(u)?, u.arbitrary::<i64>()?, { text(u)?: null }]);
                Self::Json(json.to_string())
            }
            Kind::Bytes => {
                let hex = u.arbitrary::<&[u8]>()?.iter().map(|byte| format!("{byte:02x}"));
                Self::Text(format!("\\x{}", hex.collect::<String>()))
            }
            Kind::Text | Kind::Interval => Self::Text(text(u)?),
        })
    }

    fn as_postgresql_writes_it(&self) -> String {
        match self {
            Self::Text(text) | Self::Number(text) | Self::Fraction(text) | Self::Json(text) => text.clone(),
            Self::Boolean(true) => "t".to_owned(),
            Self::Boolean(false) => "f".to_owned(),
            Self::Timestamp(moment) => moment.strftime("%Y-%m-%d %H:%M:%S%.f+00").to_string(),
            Self::LocalTimestamp(moment) => moment.strftime("%Y-%m-%d %H:%M:%S%.f").to_string(),
        }
    }

    /// Returns the text of the value in a file with a decimal point.
    pub fn text(&self, options: &Options) -> String {
        let is_local = options.timestamps == TimestampStyle::Local;
        match self {
            Self::Text(text) | Self::Number(text) | Self::Fraction(text) | Self::Json(text) => text.clone(),
            Self::Boolean(is_true) => is_true.to_string(),
            Self::LocalTimestamp(moment) if is_local => moment.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            Self::LocalTimestamp(moment) => moment.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string(),
            Self::Timestamp(moment) => {
                let moment = moment.to_zoned(options.zone.time_zone().clone());
                let format = match (is_local, options.zone.is_utc()) {
                    (true, _) => "%Y-%m-%d %H:%M:%S",
                    (false, true) => "%Y-%m-%dT%H:%M:%S%.3fZ",
                    (false, false) => "%Y-%m-%dT%H:%M:%S%.3f%:z",
                };
                moment.strftime(format).to_string()
            }
        }
    }

    /// Returns the time in the file's zone, with milliseconds. For a date it is the day alone.
    pub fn wall_time(&self, options: &Options) -> String {
        let time = match self {
            Self::Timestamp(moment) => moment.to_zoned(options.zone.time_zone().clone()).datetime(),
            Self::LocalTimestamp(moment) => *moment,
            other => return other.text(options),
        };
        time.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string()
    }
}

/// Generates text that PostgreSQL can hold, which has no NUL.
fn text(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(u.arbitrary::<&str>()?.replace('\0', ""))
}
