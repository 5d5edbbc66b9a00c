//! One line of the report: a figure, the figure it is compared with, and its bound.

use crate::quantity::Quantity;

/// Headings of the columns.
pub const HEADER: [&str; 6] = ["What", "Decant", "Beside it", "Ratio", "Bound", "Result"];

pub struct Line {
    what: String,
    ours: Quantity,
    peer: Option<(String, Quantity)>,
    ratio: String,
    bound: String,
    met: Option<bool>,
}

impl Line {
    /// Makes a line without comparison and bound.
    pub fn new(what: impl Into<String>, ours: Quantity) -> Self {
        Self {
            what: what.into(),
            ours,
            peer: None,
            ratio: String::new(),
            bound: String::new(),
            met: None,
        }
    }

    /// Adds another program's figure.
    pub fn beside(mut self, name: impl Into<String>, figure: Quantity) -> Self {
        self.peer = Some((name.into(), figure));
        self
    }

    /// Shows our part of the other's figure, without a bound.
    pub fn ratio(mut self) -> Self {
        self.ratio = format!("{:.2} ×", self.part());
        self
    }

    /// Sets an upper bound for our part of the other's figure.
    pub fn ratio_at_most(mut self, bound: f64) -> Self {
        self.met = Some(self.part() <= bound);
        self.bound = format!("≤ {bound:.2} ×");
        self.ratio()
    }

    /// Shows how many times less Decant needs than the other, without a bound.
    pub fn times_less(mut self) -> Self {
        self.ratio = format!("{:.1} × less", 1.0 / self.part());
        self
    }

    /// Sets a lower bound for our speed in multiples of the other's.
    pub fn times_as_fast_at_least(mut self, bound: f64) -> Self {
        self.met = Some(self.times_as_fast() >= bound);
        self.bound = format!("≥ {bound} × as fast");
        self.with_times_as_fast()
    }

    /// Shows our speed in multiples of the other's, without a bound.
    pub fn with_times_as_fast(mut self) -> Self {
        self.ratio = format!("{:.2} × as fast", self.times_as_fast());
        self
    }

    /// Sets an upper bound.
    pub fn at_most(mut self, bound: Quantity) -> Self {
        self.met = Some(self.ours.value <= bound.value);
        self.bound = format!("≤ {bound}");
        self
    }

    /// Sets a lower bound.
    pub fn at_least(mut self, bound: Quantity) -> Self {
        self.met = Some(self.ours.value >= bound.value);
        self.bound = format!("≥ {bound}");
        self
    }

    fn times_as_fast(&self) -> f64 {
        match self.ours.is_speed() {
            true => self.part(),
            false => 1.0 / self.part(),
        }
    }

    /// Returns our figure divided by the other's.
    fn part(&self) -> f64 {
        self.peer
            .as_ref()
            .map_or(f64::NAN, |(_, peer)| self.ours.value / peer.value)
    }

    /// Returns whether the figure breaks its bound.
    pub fn is_missed(&self) -> bool {
        self.met == Some(false)
    }

    /// Returns the line's cells below [`HEADER`].
    pub fn cells(&self) -> [String; 6] {
        let peer = self
            .peer
            .as_ref()
            .map(|(name, figure)| format!("{name}: {figure}"));
        let result = match self.met {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "",
        };
        [
            self.what.clone(),
            self.ours.to_string(),
            peer.unwrap_or_default(),
            self.ratio.clone(),
            self.bound.clone(),
            result.to_owned(),
        ]
    }
}
