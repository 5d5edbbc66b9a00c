//! A line through the numbers of days or months.

use super::{Caption, cut, escape, open, percent};

/// The height of the chart, and of the places where its line begins and ends, in pixels.
const HEIGHT: usize = 190;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 158.0;

/// The part of the width that the line leaves free on each side, in percent.
const MARGIN: f64 = 1.5;

/// The most points that are drawn as dots.
const DOTS_MAX: usize = 93;

/// The most characters of a label.
const LABEL_LENGTH_MAX: usize = 16;

/// A point of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The day or month.
    pub label: String,
    /// The number of rows in that time.
    pub number: u64,
}

/// Returns a line as an SVG element. Its highest point has its number; the first, the middle and the last have their labels.
#[must_use]
pub fn line(points: &[Point], caption: Caption<'_>) -> String {
    let language = caption.language;
    let total = points
        .iter()
        .fold(0, |total: u64, point| total.saturating_add(point.number));
    // The latest of several: people know it best.
    let highest = points.iter().enumerate().max_by_key(|(_, point)| point.number);
    let most = highest.map_or(0, |(_, point)| point.number);
    let scale = scale(most);
    let y = |number: u64| BOTTOM - percent(number, scale) / 100.0 * (BOTTOM - TOP);
    let x = |at: usize| match points.len() {
        0 | 1 => 50.0,
        count => MARGIN + at as f64 / (count - 1) as f64 * (100.0 - 2.0 * MARGIN),
    };
    let mut svg = open("line", HEIGHT);
    svg += &caption.title(
        total,
        highest.map(|(_, point)| (point.label.as_str(), point.number)),
    );
    for number in grid(scale) {
        let y = y(number);
        svg += &format!(
            "<line x1=\"0\" x2=\"100%\" y1=\"{y:.1}\" y2=\"{y:.1}\" stroke=\"currentColor\" stroke-opacity=\".18\"/>"
        );
        // The line of zero has no number: the first point may lie on it.
        if number > 0 {
            svg += &format!(
                "<text y=\"{:.1}\" font-size=\"11\" fill-opacity=\".7\">{}</text>",
                y - 4.0,
                language.integer(number),
            );
        }
    }
    svg += "<g stroke=\"var(--s1)\" stroke-width=\"2\" stroke-linecap=\"round\">";
    for (at, pair) in points.windows(2).enumerate() {
        svg += &format!(
            "<line x1=\"{:.2}%\" y1=\"{:.1}\" x2=\"{:.2}%\" y2=\"{:.1}\"/>",
            x(at),
            y(pair[0].number),
            x(at + 1),
            y(pair[1].number),
        );
    }
    svg += "</g>";
    if points.len() <= DOTS_MAX {
        svg += "<g fill=\"var(--s1)\">";
        for (at, point) in points.iter().enumerate() {
            svg += &format!(
                "<circle cx=\"{:.2}%\" cy=\"{:.1}\" r=\"2.5\"><title>{}: {}</title></circle>",
                x(at),
                y(point.number),
                escape(&point.label),
                language.integer(point.number),
            );
        }
        svg += "</g>";
    }
    if let Some((at, point)) = highest.filter(|(_, point)| point.number > 0) {
        svg += &text(
            x(at),
            y(point.number) - 9.0,
            &language.integer(point.number),
            " font-weight=\"600\"",
        );
    }
    for at in labelled(points.len()) {
        let label = escape(&cut(&points[at].label, LABEL_LENGTH_MAX));
        svg += &text(
            x(at),
            BOTTOM + 20.0,
            &label,
            " font-size=\"12\" fill-opacity=\".8\"",
        );
    }
    svg + "</svg>"
}

/// Returns text at a place, within the chart also at its sides.
fn text(x: f64, y: f64, text: &str, attributes: &str) -> String {
    let (x, anchor) = match x {
        ..12.0 => (x.min(MARGIN), "start"),
        88.0.. => (x.max(100.0 - MARGIN), "end"),
        x => (x, "middle"),
    };
    format!("<text x=\"{x:.2}%\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{attributes}>{text}</text>")
}

/// Returns the least of 1, 2, 4, 5, 10, 20, … that is not below the number, so that the grid has whole numbers.
fn scale(most: u64) -> u64 {
    let mut unit: u64 = 1;
    loop {
        for step in [1, 2, 4, 5, 10] {
            match unit.checked_mul(step) {
                None => return most,
                Some(scale) if scale >= most => return scale,
                Some(_) => {}
            }
        }
        unit = match unit.checked_mul(10) {
            None => return most,
            Some(unit) => unit,
        };
    }
}

/// Returns the numbers of the grid's lines.
fn grid(scale: u64) -> Vec<u64> {
    match scale.is_multiple_of(2) {
        true => vec![0, scale / 2, scale],
        false => vec![0, scale],
    }
}

/// Returns the points that have labels.
fn labelled(count: usize) -> Vec<usize> {
    match count {
        0 => Vec::new(),
        1 => vec![0],
        2..5 => vec![0, count - 1],
        _ => vec![0, (count - 1) / 2, count - 1],
    }
}
