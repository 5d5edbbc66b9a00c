//! Bars and lines as SVG text, for reports without scripts and for pages.
//!
//! Places along the width are percentages and all else is in pixels, so a chart fills any width and its text keeps its size.
//! Colours are the custom properties `--s1` to `--s5` of the page around the chart. All text is escaped.

mod axis;
mod bars;
mod figure;
mod line;
mod stacks;
mod texts;
mod unit;

use self::texts::Texts;
use super::html::escape;
pub use bars::{Bar, bars};
pub use figure::{Table, figure};
pub use line::{Point, line};
pub use stacks::{Series, Stack, stacks};
pub use unit::Unit;

use crate::language::Language;
use crate::tone::Tone;

/// The name of a chart, with the period and the language of its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caption<'a> {
    /// `Alerts by severity`
    pub heading: &'a str,
    /// The period of the numbers, as people write it. An empty text is none.
    pub period: &'a str,
    /// The language of numbers and texts.
    pub language: Language,
    /// What the numbers count.
    pub unit: Unit,
}

impl Caption<'_> {
    fn texts(self) -> Texts {
        Texts::new(self.language)
    }

    fn number(self, number: u64) -> String {
        self.unit.text(number, self.language)
    }

    /// Returns the element `title` of a chart, which a screen reader reads: heading, total, maximum, period.
    fn title(self, total: u64, maximum: Option<(&str, u64)>) -> String {
        let texts = self.texts();
        let mut title = format!("{}. {}: {}", self.heading, texts.total, self.number(total));
        if let Some((label, value)) = maximum {
            title += &format!(". {}: {} ({label})", texts.maximum, self.number(value));
        }
        if !self.period.is_empty() {
            title += &format!(". {}: {}", texts.period, self.period);
        }
        format!("<title>{}</title>", escape(&title))
    }
}

/// Returns the colour of a value as CSS.
fn colour(tone: Option<Tone>) -> &'static str {
    match tone {
        None | Some(Tone::Good) => "var(--s1)",
        Some(Tone::Bad) => "var(--s2)",
        Some(Tone::Warn) => "var(--s4)",
        Some(Tone::Neutral) => "var(--s5)",
    }
}

/// Returns the beginning of an SVG element of this class and height in pixels. Its title comes next.
fn open(class: &str, height: usize) -> String {
    format!(
        "<svg class=\"{class}\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"100%\" height=\"{height}\" \
         font-size=\"13\" fill=\"currentColor\">"
    )
}

/// Returns the text, cut to so many characters.
fn cut(text: &str, length_max: usize) -> String {
    match text.char_indices().nth(length_max) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
    }
}

/// Returns `part` of `whole` in percent.
fn percent(part: u64, whole: u64) -> f64 {
    match whole {
        0 => 0.0,
        whole => part as f64 / whole as f64 * 100.0,
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
