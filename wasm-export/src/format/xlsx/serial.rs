//! Serial numbers for times: days since 1899-12-30 and a fraction of the day.

use crate::timestamp::WallTime;

/// The serial number of 1970-01-01.
const FIRST_DAY: i64 = 25_569;

/// 1900-03-01. Before it, spreadsheets count a day that did not exist.
const SERIAL_MIN: i64 = 61;

/// The serial number of 9999-12-31.
const SERIAL_MAX: i64 = 2_958_465;

/// Returns the serial number of a day counted from 1970-01-01, or `None` when it has none.
pub(super) fn from_day(day: i64) -> Option<i64> {
    let serial = day.checked_add(FIRST_DAY)?;
    (SERIAL_MIN..=SERIAL_MAX).contains(&serial).then_some(serial)
}

/// Appends the serial number of a time. Returns false, and appends nothing, when it has none.
#[inline]
pub(super) fn write_time(time: WallTime, out: &mut Vec<u8>) -> bool {
    let Some(serial) = from_day(time.day) else {
        return false;
    };
    let mut text = *b"0000000.000000000000";
    let first = write_digits(serial as u32, &mut text[..7]);
    // So many digits are read as the double that a spreadsheet itself uses for the time, or as a neighbour of it.
    // With fewer digits, some programs show the second before.
    let fraction = (u64::from(time.millisecond) * 10_000_000 + 432) / 864;
    let end = if fraction == 0 {
        7
    } else {
        write_digits((fraction / 1_000_000) as u32, &mut text[8..14]);
        write_digits((fraction % 1_000_000) as u32, &mut text[14..]);
        text.len()
    };
    out.extend_from_slice(&text[first..end]);
    true
}

/// Writes a number right-aligned, and returns the index of its first digit.
fn write_digits(mut number: u32, place: &mut [u8]) -> usize {
    let mut first = place.len();
    while number > 0 && first > 0 {
        first -= 1;
        place[first] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    first
}
