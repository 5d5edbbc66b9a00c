//! Cells as XML. They have no references, so that each stands right of the previous one.

use super::super::block::append;
use super::serial;
use super::text::write_content;
use crate::timestamp::WallTime;

/// The style of a cell, an index of the list in `styles.xml`. There, 1 is a time and 2 a day.
#[derive(Clone, Copy)]
pub(super) enum Style {
    Plain = 0,
    Bold = 3,
}

/// Appends a number, the first `length` bytes of the text.
#[inline]
pub(super) fn append_number(text: &[u8], length: usize, xml: &mut Vec<u8>) -> bool {
    xml.extend_from_slice(b"<c><v>");
    append(text, length, xml);
    xml.extend_from_slice(b"</v></c>");
    true
}

/// Appends a number as the 15 digits that a spreadsheet keeps. Returns false, and appends nothing, when the text is no
/// number.
pub(super) fn write_rounded(text: &[u8], style: Style, xml: &mut Vec<u8>) -> bool {
    let number = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<f64>().ok());
    let Some(number) = number.filter(|number| number.is_finite()) else {
        return false;
    };
    let style = style as u8;
    let decimals = super::number::DIGITS_MAX - 1;
    xml.extend_from_slice(format!("<c s=\"{style}\"><v>{number:.decimals$e}</v></c>").as_bytes());
    true
}

/// Appends a boolean. Returns false, and appends nothing, when the cell is not one.
pub(super) fn write_boolean(cell: &[u8], xml: &mut Vec<u8>) -> bool {
    match cell {
        b"t" => xml.extend_from_slice(b"<c t=\"b\"><v>1</v></c>"),
        b"f" => xml.extend_from_slice(b"<c t=\"b\"><v>0</v></c>"),
        _ => return false,
    }
    true
}

/// Appends a time. Returns false, and appends nothing, when spreadsheets have no such time.
#[inline]
pub(super) fn write_time(time: WallTime, xml: &mut Vec<u8>) -> bool {
    let start = xml.len();
    xml.extend_from_slice(b"<c s=\"1\"><v>");
    if serial::write_time(time, xml) {
        xml.extend_from_slice(b"</v></c>");
        true
    } else {
        xml.truncate(start);
        false
    }
}

/// Appends a day, counted from 1970-01-01. Returns false, and appends nothing, when spreadsheets have no such day.
pub(super) fn write_day(day: i64, xml: &mut Vec<u8>) -> bool {
    let serial = serial::from_day(day);
    if let Some(serial) = serial {
        xml.extend_from_slice(format!("<c s=\"2\"><v>{serial}</v></c>").as_bytes());
    }
    serial.is_some()
}

/// Appends a counted number.
pub(super) fn write_count(number: u64, style: Style, xml: &mut Vec<u8>) {
    write_number(&number.to_string(), style, xml);
}

/// Appends a number as digits, or as text where a spreadsheet would round it.
pub(super) fn write_number(digits: &str, style: Style, xml: &mut Vec<u8>) {
    match super::Number::read(digits.as_bytes()) {
        Some(number) if number.is_kept() => {
            let style = style as u8;
            xml.extend_from_slice(format!("<c s=\"{style}\"><v>{digits}</v></c>").as_bytes());
        }
        _ => write_styled(digits, style, xml),
    }
}

/// Returns whether a spreadsheet rounds a number.
pub(super) fn is_rounded(digits: &str) -> bool {
    super::Number::read(digits.as_bytes()).is_some_and(|number| !number.is_kept())
}

/// Appends a text that fits into a cell.
pub(super) fn write_text(text: &str, xml: &mut Vec<u8>) {
    write_styled(text, Style::Plain, xml);
}

/// Appends a text that fits into a cell, in a style.
pub(super) fn write_styled(text: &str, style: Style, xml: &mut Vec<u8>) {
    let style = match style {
        Style::Plain => String::new(),
        other => format!("s=\"{}\" ", other as u8),
    };
    xml.extend_from_slice(format!("<c {style}t=\"inlineStr\"><is><t").as_bytes());
    write_content(text, xml);
    xml.extend_from_slice(b"</t></is></c>");
}
