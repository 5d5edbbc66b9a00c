//! XLSX, read by openpyxl.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::held::{Column, Held, View};
use crate::programs::read_by;

/// A zone with daylight saving time.
const ZONE: &str = "Europe/Berlin";

#[derive(Debug, Deserialize)]
pub struct Sheet {
    name: String,
    /// The first cell that is not frozen.
    frozen_at: Option<String>,
    rows: Vec<Vec<Option<Cell>>>,
}

/// openpyxl's type (n, s, d or b) and the text.
#[derive(Debug, Deserialize)]
struct Cell(String, String);

impl Sheet {
    fn texts(&self, row: usize) -> Vec<Option<String>> {
        let text = |cell: &Option<Cell>| cell.as_ref().map(|Cell(_, text)| text.clone());
        self.rows[row].iter().map(text).collect()
    }
}

/// A value as a spreadsheet shows it: local times, and no trailing zeros in numbers.
pub fn in_spreadsheet(column: &Column) -> View {
    let View { held, read } = View::whole(column);
    match column.pg_type.as_str() {
        "timestamp with time zone" => View {
            held: format!("date_trunc('{}', $ at time zone '{ZONE}')::text", column.fraction),
            // The file has years that a spreadsheet does not know in UTC, with their offset.
            read: format!(
                "(case when $ ~ '[+]00' then $::timestamptz at time zone '{ZONE}' else $::timestamp end)::text"
            ),
        },
        "numeric" => View {
            held: "trim_scale($)::text".to_owned(),
            read: "trim_scale($::numeric)::text".to_owned(),
        },
        _ => View { held, read },
    }
}

/// SQL: whether a spreadsheet holds this column's value exactly, so that it need not be text.
fn is_kept(column: &Column, text: &str) -> bool {
    let year = text.split('-').next().unwrap_or_default();
    match column.pg_type.as_str() {
        "boolean" => true,
        "date" | "timestamp with time zone" | "timestamp without time zone" => {
            // Spreadsheets have a wrong leap day in 1900; later dates are right.
            !text.ends_with("BC")
                && year.len() == 4
                && year.starts_with(|digit: char| digit.is_ascii_digit())
                && text >= "1900-03-01"
        }
        "numeric" | "cents" | "bigint" | "integer" | "smallint" | "oid" | "double precision" | "real" => {
            let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
            let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
            !digits.is_empty() && digits.trim_matches('0').len() <= 15
        }
        _ => false,
    }
}

/// openpyxl's type for a column's values.
fn typed(column: &Column) -> &'static str {
    match column.pg_type.as_str() {
        "boolean" => "b",
        "date" | "timestamp with time zone" | "timestamp without time zone" => "d",
        _ => "n",
    }
}

pub async fn export(held: &Held) -> PathBuf {
    // All digits, because they are compared with those of PostgreSQL.
    let flags = [
        "--format",
        "xlsx",
        "--header",
        "name",
        "--zone",
        ZONE,
        "--long-decimals",
        "text",
    ];
    held.export("rows.xlsx", &flags).await
}

pub fn sheets(workbook: &Path) -> Vec<Sheet> {
    read_by("xlsx_sheets.py", workbook, &[])
}

/// Compares the first sheet with PostgreSQL's rows. Numbers and times keep their types, and values that a spreadsheet
/// would change are text.
pub async fn assert_rows(held: &Held, sheet: &Sheet, view: impl Fn(&Column) -> View) {
    let headings: Vec<_> = sheet
        .texts(0)
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
    assert_eq!(headings, held.names());
    let rows: Vec<_> = (1..sheet.rows.len()).map(|row| sheet.texts(row)).collect();
    held.assert_read(&rows, view).await;
    for row in &sheet.rows[1..] {
        for (column, cell) in held.columns.iter().zip(row) {
            if let Some(Cell(found, text)) = cell {
                let expected = if is_kept(column, text) { typed(column) } else { "s" };
                assert_eq!(found, expected, "{}: {text}", column.name);
            }
        }
    }
}

async fn check(held: &Held, name: &str) {
    let sheets = sheets(&export(held).await);
    let names: Vec<_> = sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    assert_eq!(names, [name, "Daily totals"]);
    for sheet in &sheets {
        assert_eq!(
            sheet.frozen_at.as_deref(),
            Some("A2"),
            "{}: the header stays in sight",
            sheet.name
        );
    }
    assert_rows(held, &sheets[0], in_spreadsheet).await;
}

#[tokio::test]
async fn awkward_rows_in_a_workbook_are_typed_and_equal_postgresqls() {
    check(&Held::corpus().await, "Corpus <of> \"awkward\" & plain r").await;
}

#[tokio::test]
async fn values_of_every_type_in_a_workbook_are_typed_and_equal_postgresqls() {
    let held = Held::types().await;
    let sheets = sheets(&export(&held).await);
    assert_rows(&held, &sheets[0], in_spreadsheet).await;
}

#[tokio::test]
async fn usage_logs_in_a_workbook_are_typed_and_equal_postgresqls() {
    check(&Held::usage_logs().await, "Usage logs").await;
}

#[tokio::test]
async fn the_totals_of_a_workbook_equal_postgresqls() {
    let held = Held::usage_logs().await;
    let sheets = sheets(&export(&held).await);
    let totals = &sheets[1];
    let headings: Vec<_> = totals.texts(0).into_iter().flatten().collect();
    assert_eq!(headings[..2], [format!("Day ({ZONE})"), "Rows".to_owned()]);
    let added = &headings[2..];
    assert!(
        added.contains(&"cost_usd".to_owned()) && added.contains(&"input_tokens".to_owned()),
        "{added:?}"
    );

    let sums = |rows: &str, key: &str| {
        let sums = added
            .iter()
            .map(|name| format!(", coalesce(trim_scale(sum({name})), 0)::text"));
        format!(
            "select {key}, count(*)::text{} from {rows}",
            sums.collect::<String>()
        )
    };
    let days = format!(
        "held, lateral (select (created_at at time zone '{ZONE}')::date as day) as days group by day"
    );
    let held_totals = format!(
        "{} union all {}",
        sums(&days, "coalesce(day::timestamp::text, '(no time)')"),
        sums("held", "'Total'")
    );
    let read = (1..headings.len()).map(|index| format!(", trim_scale((row ->> {index})::numeric)::text"));
    let read = format!(
        "select row ->> 0{} from json_array_elements($1::json) as row",
        read.collect::<String>()
    );
    let rows: Vec<_> = (1..totals.rows.len()).map(|row| totals.texts(row)).collect();
    held.assert_equal(&held_totals, &read, &serde_json::to_string(&rows).unwrap())
        .await;
}
