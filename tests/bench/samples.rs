//! Repeated measurements of the same work.

use std::time::Duration;

use crate::client::Answer;
use crate::outcome::Outcome;
use crate::process::Process;

/// Measurements of the same work, in one unit.
#[derive(Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Adds a measurement in seconds.
    pub fn add(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64());
    }

    /// Returns the median; of an even number, the greater of the two in the middle.
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

impl From<Vec<f64>> for Samples {
    fn from(samples: Vec<f64>) -> Self {
        Self(samples)
    }
}

/// Costs of answers of a process, in seconds.
#[derive(Default)]
pub struct Costs {
    /// From the request to the last byte.
    pub wall: Samples,
    /// Processor time of the process that answers.
    pub processor: Samples,
}

impl Costs {
    /// Sends a request and adds the cost of its answer.
    pub fn add(&mut self, process: Process, ask: impl FnOnce() -> Outcome<Answer>) -> Outcome<Answer> {
        let before = process.processor_time()?;
        let answer = ask()?;
        self.processor.add(process.processor_time()? - before);
        self.wall.add(answer.took);
        Ok(answer)
    }
}
