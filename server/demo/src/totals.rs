//! The sums of the usage rows that are made.

use super::outcome::Outcome;
use super::usd::Usd;

/// The sums of usage rows, deleted ones included. Counts of tokens are those of the dataset `usage-logs`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub records: u64,
    pub cost: Usd,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cache_creation_tokens: u64,
    pub cache_read_tokens: u64,
}

impl Totals {
    pub(crate) fn add(&mut self, outcome: &Outcome, cost: Option<Usd>) {
        self.records += 1;
        self.cost.0 += cost.unwrap_or_default().0;
        if let Some(usage) = outcome.usage() {
            self.input_tokens += usage.input.unwrap_or(0);
            self.output_tokens += usage.output.unwrap_or(0);
            self.cache_creation_tokens += usage.cache_written().unwrap_or(0);
            self.cache_read_tokens += usage.cache_read.unwrap_or(0);
        }
    }

    /// Returns the number of all tokens.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.input_tokens + self.output_tokens + self.cache_creation_tokens + self.cache_read_tokens
    }
}
