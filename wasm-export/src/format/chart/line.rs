//! A line through the numbers of days or months.

use super::axis::{self, HEIGHT, MARGIN, Scale};
use super::{Caption, escape, open};

/// The most points that are drawn as dots.
const DOTS_MAX: usize = 93;

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
    let total = points
        .iter()
        .fold(0, |total: u64, point| total.saturating_add(point.number));
    // The latest of several: people know it best.
    let highest = points.iter().enumerate().max_by_key(|(_, point)| point.number);
    let scale = Scale::new(highest.map_or(0, |(_, point)| point.number));
    let x = |at: usize| match points.len() {
        0 | 1 => 50.0,
        count => MARGIN + at as f64 / (count - 1) as f64 * (100.0 - 2.0 * MARGIN),
    };
    let mut svg = open("line", HEIGHT);
    svg += &caption.title(
        total,
        highest.map(|(_, point)| (point.label.as_str(), point.number)),
    );
    svg += &scale.grid(caption, highest.map_or(50.0, |(at, _)| x(at)));
    svg += "<g stroke=\"var(--s1)\" stroke-width=\"2\" stroke-linecap=\"round\">";
    for (at, pair) in points.windows(2).enumerate() {
        svg += &format!(
            "<line x1=\"{:.2}%\" y1=\"{:.1}\" x2=\"{:.2}%\" y2=\"{:.1}\"/>",
            x(at),
            scale.y(pair[0].number),
            x(at + 1),
            scale.y(pair[1].number),
        );
    }
    svg += "</g>";
    if points.len() <= DOTS_MAX {
        svg += "<g fill=\"var(--s1)\">";
        for (at, point) in points.iter().enumerate() {
            svg += &format!(
                "<circle cx=\"{:.2}%\" cy=\"{:.1}\" r=\"2.5\"><title>{}: {}</title></circle>",
                x(at),
                scale.y(point.number),
                escape(&point.label),
                caption.number(point.number),
            );
        }
        svg += "</g>";
    }
    if let Some((at, point)) = highest.filter(|(_, point)| point.number > 0) {
        svg += &axis::text(
            x(at),
            scale.y(point.number) - 9.0,
            &caption.number(point.number),
            " font-weight=\"600\"",
        );
    }
    let labels: Vec<_> = points.iter().map(|point| point.label.as_str()).collect();
    svg + &axis::labels(&labels, x) + "</svg>"
}
