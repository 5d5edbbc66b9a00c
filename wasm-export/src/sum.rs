//! Exact sums of decimal text, equal to PostgreSQL's `sum(numeric)` to the last digit.
//!
//! This is Decant's own code because the sums of short numbers must cost hardly more than copying them. The decimal
//! crates limit the digits (`rust_decimal`) or allocate for each number (`bigdecimal`).

use std::collections::BTreeMap;
use std::fmt;

/// The most digits of a number that is added to `quick`, and therefore its most digits after the point.
const QUICK_DIGITS: usize = 18;

/// Decimal digits of a limb.
const LIMB_DIGITS: i32 = 9;
/// One more than the greatest limb.
const LIMB: i128 = 1_000_000_000;

/// The most digits before or after the point. PostgreSQL's limits are 131,072 before it and 16,383 after it.
/// Therefore memory is bounded.
const REACH: i32 = 140_000;

/// A sum of decimal numbers.
#[derive(Clone, Debug, Default)]
pub struct ExactSum {
    /// Sums of short numbers, indexed by the digits after the point. Each has room for 10^20 numbers.
    quick: [i128; QUICK_DIGITS + 1],
    /// The sum of all other numbers: for each power of 10^9 a total of either sign.
    limbs: BTreeMap<i32, i128>,
    /// The most digits after the point of any number so far.
    scale: usize,
    unbounded: Unbounded,
}

/// The special values in the sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Unbounded {
    #[default]
    Nothing,
    Infinity,
    MinusInfinity,
    NotANumber,
}

impl Unbounded {
    /// Returns the special value of a sum of both.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, one) | (one, Self::Nothing) => one,
            (one, other) if one == other => one,
            _ => Self::NotANumber,
        }
    }
}

impl ExactSum {
    /// Returns the sum of no number: 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a number as PostgreSQL writes it: `-12.50`, `1.5e-07`, `NaN`, `Infinity`. Returns false, and adds
    /// nothing, when the text is not a number.
    pub fn add(&mut self, text: &[u8]) -> bool {
        let (is_negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        match read_quick(digits) {
            Some((number, scale)) => {
                self.scale = self.scale.max(scale);
                self.quick[scale] += if is_negative { -number } else { number };
                true
            }
            None => self.add_any(is_negative, digits),
        }
    }

    /// Adds all numbers of another sum.
    pub fn merge(&mut self, other: &Self) {
        for (sum, other) in self.quick.iter_mut().zip(&other.quick) {
            *sum += other;
        }
        for (&place, limb) in &other.limbs {
            *self.limbs.entry(place).or_default() += limb;
        }
        self.scale = self.scale.max(other.scale);
        self.unbounded = self.unbounded.and(other.unbounded);
    }

    fn add_any(&mut self, is_negative: bool, text: &[u8]) -> bool {
        if text.eq_ignore_ascii_case(b"nan") {
            self.unbounded = Unbounded::NotANumber;
            return true;
        }
        if text.eq_ignore_ascii_case(b"infinity") {
            let this = if is_negative {
                Unbounded::MinusInfinity
            } else {
                Unbounded::Infinity
            };
            self.unbounded = self.unbounded.and(this);
            return true;
        }
        let Some((digits, exponent)) = read_any(text) else {
            return false;
        };
        self.scale = self.scale.max(usize::try_from(-exponent).unwrap_or(0));
        add_digits(&mut self.limbs, is_negative, &digits, exponent);
        true
    }
}

/// Reads a short number without an exponent. Returns its digits as one integer, and how many of them are after the
/// point.
#[inline]
fn read_quick(text: &[u8]) -> Option<(i128, usize)> {
    // The point may take one more byte.
    if text.is_empty() || text.len() > QUICK_DIGITS + 1 {
        return None;
    }
    let (mut number, mut point) = (0_u64, None);
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => number = number * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    let scale = point.map_or(0, |point| text.len() - point - 1);
    let digits = text.len() - usize::from(point.is_some());
    ((1..=QUICK_DIGITS).contains(&digits)).then_some((i128::from(number), scale))
}

/// Reads any number without its sign. Returns its digits, and the power of ten of the last digit.
fn read_any(text: &[u8]) -> Option<(Vec<u8>, i32)> {
    // Most texts that are not numbers are nulls, for which nothing should be allocated.
    if !matches!(text, [b'0'..=b'9' | b'.', ..]) {
        return None;
    }
    let (mantissa, power) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&text[..at], read_power(&text[at + 1..])?),
        None => (text, 0),
    };
    let mut digits = mantissa.to_vec();
    let mut scale = 0;
    if let Some(point) = mantissa.iter().position(|&byte| byte == b'.') {
        digits.remove(point);
        scale = i32::try_from(digits.len() - point).ok()?;
    }
    let exponent = power - scale;
    let is_near = i32::try_from(digits.len()).is_ok_and(|length| length.saturating_add(exponent) <= REACH);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    (is_number && is_near && exponent >= -REACH).then_some((digits, exponent))
}

fn read_power(text: &[u8]) -> Option<i32> {
    let power: i32 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (power.abs() <= REACH).then_some(power)
}

/// Adds digits, the last of which has this power of ten.
fn add_digits(limbs: &mut BTreeMap<i32, i128>, is_negative: bool, digits: &[u8], exponent: i32) {
    let mut place = exponent;
    let mut rest = digits;
    while !rest.is_empty() {
        // Zeros that bring the last digit to a power of 10^9.
        let shift = place.rem_euclid(LIMB_DIGITS);
        let count = rest.len().min((LIMB_DIGITS - shift) as usize);
        let (before, these) = rest.split_at(rest.len() - count);
        let number = these
            .iter()
            .fold(0, |number, digit| number * 10 + i128::from(digit - b'0'));
        let number = number * 10_i128.pow(shift as u32);
        if number != 0 {
            *limbs.entry(place.div_euclid(LIMB_DIGITS)).or_default() +=
                if is_negative { -number } else { number };
        }
        place += count as i32;
        rest = before;
    }
}

impl fmt::Display for ExactSum {
    /// Writes as many digits after the point as the number with the most of them had, like PostgreSQL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unbounded {
            Unbounded::Nothing => {}
            Unbounded::Infinity => return f.pad("Infinity"),
            Unbounded::MinusInfinity => return f.pad("-Infinity"),
            Unbounded::NotANumber => return f.pad("NaN"),
        }
        let mut limbs = self.limbs.clone();
        for (scale, &sum) in self.quick.iter().enumerate() {
            let digits = sum.unsigned_abs().to_string();
            add_digits(&mut limbs, sum < 0, digits.as_bytes(), -(scale as i32));
        }
        let scale = self.scale as i32;
        let lowest = (-scale).div_euclid(LIMB_DIGITS);
        let highest = limbs.keys().next_back().copied().unwrap_or(0).max(0);
        // Five more limbs hold every carry.
        let places = lowest..=highest + 5;
        let mut dense: Vec<i128> = places
            .map(|place| limbs.get(&place).copied().unwrap_or(0))
            .collect();
        let mut magnitude = dense.clone();
        let is_negative = carry(&mut magnitude) < 0;
        if is_negative {
            dense.iter_mut().for_each(|limb| *limb = -*limb);
            carry(&mut dense);
            magnitude = dense;
        }
        let mut digits: String = magnitude.iter().rev().map(|limb| format!("{limb:09}")).collect();
        // No number has a digit below the scale.
        digits.truncate(digits.len() - (-scale - lowest * LIMB_DIGITS) as usize);
        let (whole, fraction) = digits.split_at(digits.len() - self.scale);
        let whole = whole.trim_start_matches('0');
        let sign = if is_negative { "-" } else { "" };
        let whole = if whole.is_empty() { "0" } else { whole };
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

/// Normalises every limb to the range from 0 to 10^9, lowest limb first. Returns the last carry, -1 for a negative
/// total.
fn carry(limbs: &mut [i128]) -> i128 {
    limbs.iter_mut().fold(0, |carried, limb| {
        let sum = *limb + carried;
        *limb = sum.rem_euclid(LIMB);
        sum.div_euclid(LIMB)
    })
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(numbers: &[&str]) -> String {
        let mut sum = ExactSum::new();
        for number in numbers {
            assert!(sum.add(number.as_bytes()), "{number}");
        }
        sum.to_string()
    }

    #[test]
    fn sums_are_what_postgresql_says() {
        for (numbers, expected) in [
            (&[][..], "0"),
            (&["0"], "0"),
            (&["1", "2", "-5"], "-2"),
            (&["0.50", "1.5"], "2.00"),
            (&["0.1", "0.2"], "0.3"),
            (&["-0.1", "0.1"], "0.0"),
            (&["-0.05"], "-0.05"),
            (&["1e3", "1E-3", "2.5e+1"], "1025.001"),
            (&["1.5e-07"], "0.00000015"),
            (
                &["123456789012345678901234567890", "1"],
                "123456789012345678901234567891",
            ),
            (
                &["-123456789012345678901234567890", "1"],
                "-123456789012345678901234567889",
            ),
            (
                &[
                    "99999999999999999999.999999999999999999999",
                    "0.000000000000000000001",
                ],
                "100000000000000000000.000000000000000000000",
            ),
            (
                &[
                    "1000000000000000000000000000000000000",
                    "-0.000000000000000000000000000001",
                ],
                "999999999999999999999999999999999999.999999999999999999999999999999",
            ),
            (
                &[
                    "-1000000000000000000000000000000000000",
                    "0.000000000000000000000000000001",
                ],
                "-999999999999999999999999999999999999.999999999999999999999999999999",
            ),
            (&[".5", "5."], "5.5"),
            (&["NaN", "1"], "NaN"),
            (&["Infinity", "1"], "Infinity"),
            (&["-Infinity", "-Infinity"], "-Infinity"),
            (&["Infinity", "-Infinity"], "NaN"),
        ] {
            assert_eq!(sum(numbers), expected, "{numbers:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_not_added() {
        let mut sum = ExactSum::new();
        for text in [
            "",
            "-",
            ".",
            "1.2.3",
            "--1",
            "1e",
            "1e1e1",
            "e5",
            "0x1",
            "1 ",
            "1,5",
            "1e999999999",
            "1e-999999999",
            "1e140000",
            "nul",
            "１",
        ] {
            assert!(!sum.add(text.as_bytes()), "{text}");
        }
        assert_eq!(sum.to_string(), "0");
    }

    #[test]
    fn a_million_costs_add_up_to_the_last_digit() {
        let mut sum = ExactSum::new();
        for _ in 0..1_000_000 {
            sum.add(b"123.000000000000001");
        }
        assert_eq!(sum.to_string(), "123000000.000000001000000");
    }

    proptest! {
        #[test]
        fn both_ways_agree_with_whole_numbers(numbers in proptest::collection::vec((any::<i64>(), 0usize..25), 0..40)) {
            // Each is number × 10^-scale; all of them in units of 10^-25.
            let mut sum = ExactSum::new();
            let (mut expected, mut most) = (0_i128, 0);
            for (number, scale) in numbers {
                let number = number % 1_000_000;
                let digits = format!("{:0width$}", number.unsigned_abs(), width = scale + 1);
                let (whole, fraction) = digits.split_at(digits.len() - scale);
                let sign = if number < 0 { "-" } else { "" };
                let text = if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") };
                prop_assert!(sum.add(text.as_bytes()));
                expected += i128::from(number) * 10_i128.pow(25 - scale as u32);
                most = most.max(scale);
            }
            let text = sum.to_string();
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            prop_assert_eq!(fraction.len(), most);
            let units: i128 = format!("{whole}{fraction:0<25}").parse().unwrap();
            prop_assert_eq!(units, expected);
        }

        #[test]
        fn parts_add_up_to_the_whole(numbers in proptest::collection::vec("-?[0-9]{1,30}(\\.[0-9]{1,25})?|NaN|-?Infinity", 0..20), at in 0..20_usize) {
            let (left, right) = numbers.split_at(at.min(numbers.len()));
            let of = |numbers: &[String]| {
                let mut sum = ExactSum::new();
                for number in numbers {
                    sum.add(number.as_bytes());
                }
                sum
            };
            let mut sum = of(left);
            sum.merge(&of(right));
            prop_assert_eq!(sum.to_string(), of(&numbers).to_string());
        }

        #[test]
        fn any_bytes_are_a_number_or_not(text in proptest::collection::vec(proptest::sample::select(&b"0123456789.eE+-N\xff"[..]), 0..40)) {
            let mut sum = ExactSum::new();
            sum.add(&text);
            let _ = sum.to_string();
        }
    }
}
