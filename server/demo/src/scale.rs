//! Costs with a given sum.

use super::error::DemoError;
use super::usd::Usd;

/// A weight is a cost in billionths of a dollar. It has less than 48 bits, and a sum less than 80.
const UNITS_OF_WEIGHT: u128 = 1_000_000;

/// What a first pass over the rows finds out about their costs.
#[derive(Debug, Default)]
pub(crate) struct Weights {
    sum: u128,
    greatest: u128,
    /// The number of costs.
    count: u64,
}

impl Weights {
    pub(crate) fn add(&mut self, cost: Usd) {
        let weight = cost.0 / UNITS_OF_WEIGHT;
        self.sum += weight;
        self.greatest = self.greatest.max(weight);
        self.count += 1;
    }
}

/// Scales each cost so that all of them have the sum `target`. The last one takes what the others were rounded down by.
#[derive(Debug)]
pub(crate) struct Scale {
    target: Usd,
    sum: u128,
    /// Costs that are not scaled yet.
    left: u64,
    given: Usd,
}

impl Scale {
    /// # Errors
    /// [`DemoError::NoCosts`] if no row has a cost, [`DemoError::CostOfRow`] if one would be more than its column holds.
    pub(crate) fn new(target: Usd, weights: &Weights) -> Result<Self, DemoError> {
        if weights.sum == 0 {
            return Err(DemoError::NoCosts);
        }
        let greatest = target.0 * weights.greatest / weights.sum + u128::from(weights.count);
        if greatest >= Usd::TOO_MUCH_FOR_A_ROW.0 {
            return Err(DemoError::CostOfRow(target));
        }
        Ok(Self {
            target,
            sum: weights.sum,
            left: weights.count,
            given: Usd::default(),
        })
    }

    /// Returns the cost in the place of `cost`. Costs must come in the order and number of the first pass.
    pub(crate) fn scaled(&mut self, cost: Usd) -> Usd {
        self.left -= 1;
        let scaled = match self.left {
            0 => self.target.0 - self.given.0,
            _ => self.target.0 * (cost.0 / UNITS_OF_WEIGHT) / self.sum,
        };
        self.given.0 += scaled;
        Usd(scaled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Usd {
        text.parse().unwrap()
    }

    #[test]
    fn the_last_cost_takes_the_remainder() {
        let costs = [usd("1"), usd("1"), usd("1")];
        let mut weights = Weights::default();
        costs.iter().for_each(|cost| weights.add(*cost));
        let mut scale = Scale::new(usd("10"), &weights).unwrap();
        let scaled = costs.map(|cost| scale.scaled(cost).to_string());
        assert_eq!(
            scaled,
            ["3.333333333333333", "3.333333333333333", "3.333333333333334"]
        );
    }

    #[test]
    fn a_sum_that_the_rows_cannot_have_is_refused() {
        assert!(matches!(
            Scale::new(usd("1"), &Weights::default()),
            Err(DemoError::NoCosts)
        ));
        let mut weights = Weights::default();
        weights.add(usd("0.5"));
        assert!(matches!(
            Scale::new(usd("1000000"), &weights),
            Err(DemoError::CostOfRow(_))
        ));
        assert!(Scale::new(usd("999999"), &weights).is_ok());
    }
}
