//! One line of the report: a figure, what it is beside, and the bound that it should keep.

use crate::quantity::Quantity;

/// What the cells of a line are.
pub const HEADER: [&str; 6] = ["What", "Decant", "Beside it", "Ratio", "Bound", "Result"];

/// One thing that was measured.
pub struct Line {
    what: String,
    ours: Quantity,
    peer: Option<(String, Quantity)>,
    ratio: String,
    bound: String,
    met: Option<bool>,
}

impl Line {
    /// A figure, so far without a bound.
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

    /// Beside somebody else's figure.
    pub fn beside(mut self, name: impl Into<String>, figure: Quantity) -> Self {
        self.peer = Some((name.into(), figure));
        self
    }

    /// How much of the other's we need.
    pub fn ratio(mut self) -> Self {
        self.ratio = format!("{:.2} ×", self.part());
        self
    }

    /// We may need so much of the other's.
    pub fn ratio_at_most(mut self, bound: f64) -> Self {
        self.met = Some(self.part() <= bound);
        self.bound = format!("≤ {bound:.2} ×");
        self.ratio()
    }

    /// How many times less we need than the other.
    pub fn times_less(mut self) -> Self {
        self.ratio = format!("{:.1} × less", 1.0 / self.part());
        self
    }

    /// We should be so many times as fast as the other.
    pub fn times_as_fast_at_least(mut self, bound: f64) -> Self {
        self.met = Some(self.times_as_fast() >= bound);
        self.bound = format!("≥ {bound} × as fast");
        self.with_times_as_fast()
    }

    /// How many times as fast as the other we are.
    pub fn with_times_as_fast(mut self) -> Self {
        self.ratio = format!("{:.2} × as fast", self.times_as_fast());
        self
    }

    /// We may need this much.
    pub fn at_most(mut self, bound: Quantity) -> Self {
        self.met = Some(self.ours.value <= bound.value);
        self.bound = format!("≤ {bound}");
        self
    }

    /// We should give this much.
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

    /// Our part of the other's figure.
    fn part(&self) -> f64 {
        self.peer
            .as_ref()
            .map_or(f64::NAN, |(_, peer)| self.ours.value / peer.value)
    }

    /// Whether there is a bound and we do not keep it.
    pub fn is_missed(&self) -> bool {
        self.met == Some(false)
    }

    /// The line's cells below [`HEADER`].
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
