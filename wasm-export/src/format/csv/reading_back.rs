//! Tests of what other programs read in Decant's CSV.

use proptest::prelude::*;

use crate::format::guard;
use crate::options::{Bom, DecimalMark, Delimiter, Guard, HeaderStyle, Newline, Options};
use crate::rows::Kind;
use crate::sample::{any_options, awkward_text, export, header, row, stream};
use crate::value::CellText;

/// Returns the fields for a program with this delimiter, which recognises quotes only at the beginning of a field and
/// ends records at both line ends.
fn naive_fields(file: &str, delimiter: char) -> Vec<String> {
    let mut fields = Vec::new();
    let mut rest = file.chars().peekable();
    while rest.peek().is_some() {
        let mut field = String::new();
        if rest.next_if_eq(&'"').is_some() {
            while let Some(character) = rest.next() {
                if character != '"' {
                    field.push(character);
                } else if rest.next_if_eq(&'"').is_some() {
                    field.push('"');
                } else {
                    break;
                }
            }
        }
        for character in rest.by_ref() {
            if character == delimiter || character == '\n' || character == '\r' {
                break;
            }
            field.push(character);
        }
        fields.push(field);
    }
    fields
}

fn looks_like_a_formula(field: &str) -> bool {
    let is_skipped = |character: char| {
        character.is_whitespace()
            || character.is_control()
            || "\"\u{feff}\u{200b}\u{200e}\u{2060}\u{ad}".contains(character)
    };
    field.trim_start_matches(is_skipped).starts_with([
        '=', '+', '-', '@', '＝', '＋', '－', '＠', '﹢', '﹣', '﹦', '﹫', '−',
    ])
}

fn texts() -> impl Strategy<Value = Vec<Vec<Option<String>>>> {
    let cell = proptest::option::weighted(0.8, awkward_text());
    proptest::collection::vec(proptest::collection::vec(cell, 3), 0..6)
}

fn text_rows(rows: &[Vec<Option<String>>]) -> Vec<u8> {
    rows.iter()
        .flat_map(|cells| row(cells.iter().map(|cell| cell.as_deref().map(str::as_bytes))))
        .collect()
}

proptest! {
    #[test]
    fn what_came_before_a_row_does_not_matter(
        cells in proptest::collection::vec(prop_oneof![awkward_text(), "[a;]{0,2}", "[b=]{55,70}"], 1..20),
        places in proptest::collection::vec(any::<prop::sample::Index>(), 0..80),
        guard in proptest::sample::select(Guard::ALL),
    ) {
        let header = header(&[("a", Kind::Text), ("b", Kind::Text)]);
        let options = Options { guard, header: HeaderStyle::None, bom: Bom::Without, ..Options::default() };
        let rows: Vec<Vec<u8>> = places
            .chunks_exact(2)
            .map(|pair| row(pair.iter().map(|place| Some(place.get(&cells).as_bytes()))))
            .collect();
        let together = export(&stream(&header, &rows.concat()), &options).0;
        let one_by_one = rows.iter().map(|row| export(&stream(&header, row), &options).0);
        prop_assert_eq!(together, one_by_one.collect::<Vec<_>>().concat());
    }

    #[test]
    fn every_cell_reads_back(rows in texts(), options in any_options()) {
        let options = Options { header: HeaderStyle::Name, ..options };
        let header = header(&[("a", Kind::Text), ("b", Kind::Json), ("c", Kind::Text)]);
        let (file, result) = export(&stream(&header, &text_rows(&rows)), &options);
        prop_assert_eq!(result, Ok(()));
        let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&file);
        let delimiter = options.delimiter.byte();
        // claude-code-hub leaves a lone carriage return unquoted, which only a reader that knows the line end
        // accepts.
        let mut reader = csv::ReaderBuilder::new();
        if options.newline == Newline::Lf {
            reader.terminator(csv::Terminator::Any(b'\n'));
        } else if options.guard == Guard::Seeds && file.windows(2).any(|pair| pair[0] == b'\r' && pair[1] != b'\n') {
            return Ok(());
        }
        let read: Vec<csv::ByteRecord> =
            reader.delimiter(delimiter).from_reader(file).byte_records().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(read.len(), rows.len());
        for (record, cells) in read.iter().zip(&rows) {
            for (found, cell) in record.iter().zip(cells) {
                let cell = cell.as_deref().unwrap_or_default();
                match options.guard {
                    Guard::Strict => prop_assert_eq!(&*guard::decode(found, delimiter), cell.as_bytes()),
                    Guard::None => prop_assert_eq!(found, cell.as_bytes()),
                    Guard::Seeds => {
                        let bare = found.strip_prefix(b"'").unwrap_or(found);
                        prop_assert!(found == cell.as_bytes() || bare == cell.as_bytes());
                    }
                }
            }
        }
    }

    #[test]
    fn under_no_delimiter_does_a_field_begin_a_formula(rows in texts(), delimiter in proptest::sample::select(Delimiter::ALL)) {
        let options = Options { delimiter, ..Options::default() };
        let is_number = |text: &str| text.trim_start_matches('-').parse::<f64>().is_ok();
        let rows: Vec<_> = rows.into_iter().map(|cells| {
            // A number is not a formula anywhere, although it begins like one.
            cells.into_iter().map(|cell| cell.filter(|text| !is_number(text))).collect::<Vec<_>>()
        }).collect();
        let header = header(&[("a", Kind::Text), ("b", Kind::Text), ("c", Kind::Text)]);
        let (file, _) = export(&stream(&header, &text_rows(&rows)), &options);
        let file = String::from_utf8(file).unwrap();
        let file = file.trim_start_matches('\u{feff}');
        for other in [',', ';', '\t', '|'] {
            for field in naive_fields(file, other) {
                prop_assert!(!looks_like_a_formula(&field), "{field:?} under {other:?} in {file:?}");
            }
        }
    }

    #[test]
    fn a_typed_cell_is_what_the_page_shows(
        numbers in proptest::collection::vec(proptest::option::of(any::<i64>()), 4),
        options in any_options(),
    ) {
        let options = Options { header: HeaderStyle::None, bom: Bom::Without, guard: Guard::None, ..options };
        let kinds = [Kind::Integer, Kind::Decimal, Kind::Boolean, Kind::Timestamp];
        let cells: Vec<Option<String>> = numbers.iter().zip(kinds).map(|(number, kind)| number.map(|number| match kind {
            Kind::Decimal => format!("{}.{:09}", number / 1_000_000, number.unsigned_abs() % 1_000_000_000),
            Kind::Boolean => if number > 0 { "t" } else { "f" }.to_owned(),
            Kind::Timestamp => {
                let at = jiff::Timestamp::from_millisecond(number / 100_000_000).unwrap();
                at.strftime("%Y-%m-%d %H:%M:%S%.f+00").to_string()
            }
            _ => number.to_string(),
        })).collect();
        let header = header(&[("a", kinds[0]), ("b", kinds[1]), ("c", kinds[2]), ("d", kinds[3])]);
        let (file, _) = export(&stream(&header, &text_rows(std::slice::from_ref(&cells))), &options);
        let mut text = CellText::new(&options);
        let shown = cells.iter().zip(kinds).map(|(cell, kind)| match cell {
            Some(cell) => text.text(cell.as_bytes(), kind).unwrap(),
            None => String::new(),
        });
        let quoted = |cell: String| if options.delimiter == Delimiter::Comma && options.decimal == DecimalMark::Comma && cell.contains(',') {
            format!("\"{cell}\"")
        } else {
            cell
        };
        let expected = shown.map(quoted).collect::<Vec<_>>().join(&char::from(options.delimiter.byte()).to_string());
        let file = String::from_utf8(file).unwrap();
        prop_assert_eq!(file.trim_end(), expected.trim_end());
    }
}
