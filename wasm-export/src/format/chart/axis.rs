//! The scale, the grid and the labels of charts along the days or months of a period.

use super::{Caption, cut, escape, percent};

/// The place of zero, in pixels from the top.
pub(super) const BOTTOM: f64 = 158.0;

/// The place of the greatest number of the scale.
pub(super) const TOP: f64 = 34.0;

/// The height of a chart with its labels.
pub(super) const HEIGHT: usize = 190;

/// The part of the width that a chart leaves free on each side, in percent.
pub(super) const MARGIN: f64 = 1.5;

/// The most characters of a label.
const LABEL_LENGTH_MAX: usize = 16;

/// The numbers from zero to a round one that is not below the greatest of a chart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale(u64);

impl Scale {
    /// Returns the scale up to the least of 1, 2, 4, 5, 10, 20, … that is not below the number, so that the grid has whole numbers.
    pub(super) fn new(most: u64) -> Self {
        let mut unit: u64 = 1;
        loop {
            for step in [1, 2, 4, 5, 10] {
                match unit.checked_mul(step) {
                    None => return Self(most),
                    Some(scale) if scale >= most => return Self(scale),
                    Some(_) => {}
                }
            }
            unit = match unit.checked_mul(10) {
                None => return Self(most),
                Some(unit) => unit,
            };
        }
    }

    /// Returns the place of a number, in pixels from the top.
    pub(super) fn y(self, number: u64) -> f64 {
        BOTTOM - percent(number, self.0) / 100.0 * (BOTTOM - TOP)
    }

    /// Returns the lines of the grid with their numbers. The line of zero has none, because the first number may lie on it. Numbers are on
    /// the side where the highest point is not: `highest` is its place in percent.
    pub(super) fn grid(self, caption: Caption<'_>, highest: f64) -> String {
        let side = match highest < 50.0 {
            true => " x=\"100%\" text-anchor=\"end\"",
            false => "",
        };
        let numbers = match self.0.is_multiple_of(2) {
            true => vec![0, self.0 / 2, self.0],
            false => vec![0, self.0],
        };
        let mut svg = String::new();
        for number in numbers {
            let y = self.y(number);
            svg += &format!(
                "<line x1=\"0\" x2=\"100%\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"currentColor\" stroke-opacity=\".18\"/>"
            );
            if number > 0 {
                svg += &format!(
                    "<text{side} y=\"{:.1}\" font-size=\"11\" fill-opacity=\".7\">{}</text>",
                    y - 4.0,
                    caption.number(number),
                );
            }
        }
        svg
    }
}

/// Returns text at a place, within the chart also at its sides.
pub(super) fn text(x: f64, y: f64, text: &str, attributes: &str) -> String {
    let (x, anchor) = match x {
        ..12.0 => (x.min(MARGIN), "start"),
        88.0.. => (x.max(100.0 - MARGIN), "end"),
        x => (x, "middle"),
    };
    format!("<text x=\"{x:.2}%\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{attributes}>{text}</text>")
}

/// Returns the labels below a chart: of the first place, the one in the middle, and the last. `x` returns a place in percent.
pub(super) fn labels(labels: &[&str], x: impl Fn(usize) -> f64) -> String {
    let places = match labels.len() {
        0 => Vec::new(),
        1 => vec![0],
        count @ 2..5 => vec![0, count - 1],
        count => vec![0, (count - 1) / 2, count - 1],
    };
    let label = |at: usize| {
        let label = escape(&cut(labels[at], LABEL_LENGTH_MAX));
        text(
            x(at),
            BOTTOM + 20.0,
            &label,
            " font-size=\"12\" fill-opacity=\".8\"",
        )
    };
    places.into_iter().map(label).collect()
}
