//! Horizontal bars: one for each value, as long as its number.

use super::{Caption, colour, cut, escape, open, percent};
use crate::tone::Tone;

/// The height of a bar with its label, in pixels.
const BAR_HEIGHT: usize = 38;

/// The most characters of a label.
const LABEL_LENGTH_MAX: usize = 28;

/// A bar of a chart, whose length is a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The value whose number it is.
    pub label: String,
    /// How often the value comes.
    pub number: u64,
    /// The meaning of the value, which colours the bar.
    pub tone: Option<Tone>,
}

/// Returns horizontal bars as an SVG element. Each has its label, its number and its share above it.
#[must_use]
pub fn bars(bars: &[Bar], caption: Caption<'_>) -> String {
    let language = caption.language;
    let total = bars
        .iter()
        .fold(0, |total: u64, bar| total.saturating_add(bar.number));
    let highest = bars.iter().max_by_key(|bar| bar.number);
    let most = highest.map_or(0, |bar| bar.number);
    let mut svg = open("bars", (bars.len() * BAR_HEIGHT).max(1));
    svg += &caption.title(total, highest.map(|bar| (bar.label.as_str(), bar.number)));
    for (at, bar) in bars.iter().enumerate() {
        let top = at * BAR_HEIGHT;
        let (text, bottom) = (top + 14, top + 21);
        svg += &format!(
            "<text y=\"{text}\">{}</text><text x=\"100%\" y=\"{text}\" text-anchor=\"end\">{} <tspan fill-opacity=\".7\">· {}</tspan></text>\
             <rect y=\"{bottom}\" width=\"100%\" height=\"8\" rx=\"2\" fill-opacity=\".1\"/>\
             <rect y=\"{bottom}\" width=\"{:.2}%\" height=\"8\" rx=\"2\" fill=\"{}\"/>",
            escape(&cut(&bar.label, LABEL_LENGTH_MAX)),
            caption.number(bar.number),
            escape(&language.share(bar.number, total)),
            percent(bar.number, most),
            colour(bar.tone),
        );
    }
    svg + "</svg>"
}
