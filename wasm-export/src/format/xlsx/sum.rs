//! The exact sum of a column's numbers.

use super::number::Number;
use super::pile::Pile;

/// A sum. Numbers of a usual length are added as integers of one scale; the others, digit by digit, aside.
#[derive(Clone, Default)]
pub(super) struct Sum {
    units: i128,
    /// How many digits of the units stand behind the point.
    scale: u32,
    aside: Option<Box<Aside>>,
    /// Of what is no number: `NaN`, `Infinity`.
    other: Option<Other>,
}

#[derive(Clone, Default)]
struct Aside {
    positive: Pile,
    negative: Pile,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Other {
    NotANumber,
    Infinity,
    MinusInfinity,
}

impl Sum {
    /// Adds a number.
    #[inline]
    pub(super) fn add(&mut self, number: &Number<'_>) {
        let is_added = number.units.is_some_and(|units| {
            let units = i128::from(units);
            self.add_units(
                if number.is_negative { -units } else { units },
                number.fraction.len() as u32,
            )
        });
        if !is_added {
            self.pile(number.is_negative).add(number.whole, number.fraction);
        }
    }

    /// Adds a cell that is no number in digits, as PostgreSQL's `sum` does.
    pub(super) fn add_other(&mut self, cell: &[u8]) {
        self.merge_other(match cell {
            b"Infinity" => Other::Infinity,
            b"-Infinity" => Other::MinusInfinity,
            _ => Other::NotANumber,
        });
    }

    /// Adds another sum.
    pub(super) fn merge(&mut self, sum: &Self) {
        if !self.add_units(sum.units, sum.scale) {
            let (whole, fraction) = sum.unit_digits();
            self.pile(sum.units < 0).add(&whole, &fraction);
        }
        if let Some(aside) = &sum.aside {
            self.pile(false).add_pile(&aside.positive);
            self.pile(true).add_pile(&aside.negative);
        }
        if let Some(other) = sum.other {
            self.merge_other(other);
        }
    }

    /// The sum in digits, without zeros at the end of the fraction.
    pub(super) fn text(&self) -> String {
        match self.other {
            Some(Other::NotANumber) => return "NaN".to_owned(),
            Some(Other::Infinity) => return "Infinity".to_owned(),
            Some(Other::MinusInfinity) => return "-Infinity".to_owned(),
            None => {}
        }
        let mut all = self.clone();
        let (whole, fraction) = self.unit_digits();
        all.pile(self.units < 0).add(&whole, &fraction);
        let aside = all.aside.unwrap_or_default();
        aside.positive.minus(&aside.negative)
    }

    /// `false`, and nothing is added, where there is no room for so many digits.
    #[inline]
    fn add_units(&mut self, units: i128, scale: u32) -> bool {
        if scale == self.scale {
            let sum = self.units.checked_add(units);
            self.units = sum.unwrap_or(self.units);
            return sum.is_some();
        }
        let shift = |units: i128, by: u32| units.checked_mul(10_i128.checked_pow(by)?);
        let wider = scale.max(self.scale);
        let sum = shift(self.units, wider - self.scale)
            .zip(shift(units, wider - scale))
            .and_then(|(left, right)| left.checked_add(right));
        if let Some(sum) = sum {
            (self.units, self.scale) = (sum, wider);
        }
        sum.is_some()
    }

    fn pile(&mut self, is_negative: bool) -> &mut Pile {
        let aside = self.aside.get_or_insert_default();
        if is_negative {
            &mut aside.negative
        } else {
            &mut aside.positive
        }
    }

    /// The digits of the units before the point and behind it.
    fn unit_digits(&self) -> (Vec<u8>, Vec<u8>) {
        let scale = self.scale as usize;
        let mut whole = format!("{:0width$}", self.units.unsigned_abs(), width = scale + 1).into_bytes();
        let fraction = whole.split_off(whole.len() - scale);
        (whole, fraction)
    }

    fn merge_other(&mut self, other: Other) {
        self.other = match self.other {
            None => Some(other),
            Some(known) if known == other => Some(known),
            Some(_) => Some(Other::NotANumber),
        };
    }
}
