//! Stacked bars: one for each day, with a part for each series.

use super::axis::{self, BOTTOM, HEIGHT, MARGIN, Scale};
use super::{Caption, colour, escape, open};
use crate::tone::Tone;

/// The part of its place that a bar fills.
const FILLED: f64 = 0.7;

/// The widest bar, in percent of the chart.
const WIDTH_MAX: f64 = 6.0;

/// The height from which on a part is seen, in pixels.
const HEIGHT_MIN: f64 = 1.0;

/// The stripes of bad parts, which are known from the others without colours, too. A page without the pattern, for example because its
/// base has another address, has the colour.
const HATCH: &str = "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
    <rect width=\"6\" height=\"6\" fill=\"var(--s2)\" fill-opacity=\".3\"/><rect width=\"3\" height=\"6\" fill=\"var(--s2)\"/></pattern></defs>";

/// A part that each bar has, from the bottom to the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Series<'a> {
    /// Its name in the legend.
    pub label: &'a str,
    /// Its meaning, which colours it. A bad one has stripes.
    pub tone: Tone,
}

/// A bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The day.
    pub label: String,
    /// A number for each series, in their order.
    pub numbers: Vec<u64>,
}

impl Stack {
    fn total(&self) -> u64 {
        self.numbers
            .iter()
            .fold(0, |total: u64, number| total.saturating_add(*number))
    }
}

/// Returns stacked bars as an SVG element, with a legend above them. The highest has its number; the first, the middle and the last have
/// their labels.
#[must_use]
pub fn stacks(stacks: &[Stack], series: &[Series<'_>], caption: Caption<'_>) -> String {
    let total = stacks
        .iter()
        .fold(0, |total: u64, stack| total.saturating_add(stack.total()));
    // The latest of several, as in a line.
    let highest = stacks.iter().enumerate().max_by_key(|(_, stack)| stack.total());
    let scale = Scale::new(highest.map_or(0, |(_, stack)| stack.total()));
    let place = (100.0 - 2.0 * MARGIN) / stacks.len().max(1) as f64;
    let width = (place * FILLED).min(WIDTH_MAX);
    let x = |at: usize| MARGIN + place * (at as f64 + 0.5);
    let mut svg = open("stacks", HEIGHT);
    svg += &caption.title(
        total,
        highest.map(|(_, stack)| (stack.label.as_str(), stack.total())),
    );
    if series.iter().any(|one| one.tone == Tone::Bad) {
        svg += HATCH;
    }
    svg += &scale.grid(caption, highest.map_or(50.0, |(at, _)| x(at)));
    for (at, stack) in stacks.iter().enumerate().filter(|(_, stack)| stack.total() > 0) {
        svg += &bar(stack, series, scale, (x(at) - width / 2.0, width), caption);
    }
    if let Some((at, stack)) = highest.filter(|(_, stack)| stack.total() > 0) {
        svg += &axis::text(
            x(at),
            scale.y(stack.total()) - 5.0,
            &caption.number(stack.total()),
            " font-weight=\"600\"",
        );
    }
    let labels: Vec<_> = stacks.iter().map(|stack| stack.label.as_str()).collect();
    svg + &legend(stacks, series, caption) + &axis::labels(&labels, x) + "</svg>"
}

/// Returns a bar with a title that a pointer shows. `across` is its left side and its width in percent.
fn bar(
    stack: &Stack,
    series: &[Series<'_>],
    scale: Scale,
    across: (f64, f64),
    caption: Caption<'_>,
) -> String {
    let (left, width) = across;
    let mut title = escape(&stack.label);
    let mut parts = String::new();
    let (mut below, mut bottom) = (0_u64, BOTTOM);
    for (one, number) in series
        .iter()
        .zip(&stack.numbers)
        .filter(|(_, number)| **number > 0)
    {
        below = below.saturating_add(*number);
        let top = scale.y(below).min(bottom - HEIGHT_MIN);
        title += &format!(" · {} {}", escape(one.label), caption.number(*number));
        parts += &format!(
            "<rect x=\"{left:.2}%\" y=\"{top:.1}\" width=\"{width:.2}%\" height=\"{:.1}\" fill=\"{}\"/>",
            bottom - top,
            paint(one.tone),
        );
        bottom = top;
    }
    format!("<g><title>{title}</title>{parts}</g>")
}

/// Returns the signs of the series with their sums.
fn legend(stacks: &[Stack], series: &[Series<'_>], caption: Caption<'_>) -> String {
    let entry = |(at, one): (usize, &Series<'_>)| {
        let numbers = stacks.iter().filter_map(|stack| stack.numbers.get(at));
        let sum = numbers.fold(0, |sum: u64, number| sum.saturating_add(*number));
        let sign = if one.tone == Tone::Bad { "▨" } else { "■" };
        let (colour, label, sum) = (colour(Some(one.tone)), escape(one.label), caption.number(sum));
        format!("<tspan fill=\"{colour}\">{sign}</tspan> {label} {sum}")
    };
    // SVG joins other spaces into one.
    let entries: Vec<_> = series.iter().enumerate().map(entry).collect();
    format!(
        "<text y=\"11\" font-size=\"11\">{}</text>",
        entries.join("\u{a0} ")
    )
}

fn paint(tone: Tone) -> String {
    let colour = colour(Some(tone));
    match tone {
        Tone::Bad => format!("url(#hatch) {colour}"),
        Tone::Good | Tone::Warn | Tone::Neutral => colour.to_owned(),
    }
}
