//! The outcome of a request: its status, its tokens and their cost.

use super::dice::Dice;
use super::providers::{Family, Model, Provider};
use super::share::Share;
use super::texts::{BLOCKS, ERRORS};
use super::usd::Usd;

/// The errors of a demo without a share of its own.
const ERRORS_OF_DEMO: Share = Share::of_millionths(100_000);

/// The outcome of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Blocked before it reached a provider: the blocking filter, the status, the reason.
    Blocked(&'static (&'static str, i64, &'static str)),
    /// The status, if there was an answer, and the error message.
    Failed(Option<i64>, &'static str),
    Answered(Usage),
}

/// The tokens of an answer. A count that the provider did not report is `None`.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
    pub(crate) cache_write_5m: Option<u64>,
    pub(crate) cache_write_1h: Option<u64>,
    pub(crate) cache_read: Option<u64>,
}

impl Outcome {
    /// Returns an outcome. Of the errors twelve in a hundred are blocked, and ten get no answer.
    pub(crate) fn of(model: &Model, errors: Option<Share>, dice: &mut Dice) -> Self {
        let errors = errors.unwrap_or(ERRORS_OF_DEMO).millionths();
        match dice.below(Share::WHOLE.into()) {
            drawn if drawn < errors * 12 / 100 => Self::Blocked(&BLOCKS[dice.place(BLOCKS.len())]),
            drawn if drawn < errors * 90 / 100 => {
                let status = dice.pick(&[
                    400, 401, 403, 404, 408, 413, 429, 429, 429, 499, 500, 502, 502, 503, 504, 524, 529,
                ]);
                Self::Failed(Some(status), dice.pick(&ERRORS))
            }
            drawn if drawn < errors => Self::Failed(None, dice.pick(&ERRORS)),
            _ => Self::Answered(Usage::of(model, dice)),
        }
    }

    /// Returns the tokens of an answer.
    pub(crate) fn usage(&self) -> Option<&Usage> {
        match self {
            Self::Answered(usage) => Some(usage),
            Self::Blocked(_) | Self::Failed(..) => None,
        }
    }

    pub(crate) fn status(&self) -> Option<i64> {
        match self {
            Self::Blocked((_, status, _)) => Some(*status),
            Self::Failed(status, _) => *status,
            Self::Answered(_) => Some(200),
        }
    }
}

impl Usage {
    fn of(model: &Model, dice: &mut Dice) -> Self {
        if dice.once_in(150) {
            // The stream ended before the provider reported its counts.
            return Self::default();
        }
        let mut usage = Self {
            input: Some(dice.skewed(3, 60_000)),
            output: Some(dice.skewed(1, 9_000)),
            ..Self::default()
        };
        match model.family {
            Family::Claude => {
                usage.cache_read = Some(dice.skewed(0, 180_000));
                usage.cache_write_5m = Some(if dice.once_in(3) {
                    dice.skewed(100, 40_000)
                } else {
                    0
                });
                usage.cache_write_1h = (!dice.once_in(3)).then(|| dice.skewed(0, 20_000));
            }
            Family::Gpt | Family::Gemini => {
                usage.cache_read = (!dice.once_in(3)).then(|| dice.skewed(0, 100_000))
            }
        }
        if dice.once_in(20_000) {
            // More than an `integer` can hold.
            usage.cache_read = Some(3_000_000_000 + dice.below(1_000_000));
        }
        usage
    }

    /// Returns the tokens written to the cache.
    pub(crate) fn cache_written(&self) -> Option<u64> {
        match (self.cache_write_5m, self.cache_write_1h) {
            (None, None) => None,
            (short, long) => Some(short.unwrap_or(0) + long.unwrap_or(0)),
        }
    }

    /// Returns whether the provider reports them with a split into 5 minutes and 1 hour. Some providers do not.
    pub(crate) fn has_split(&self) -> bool {
        self.input.is_none_or(|tokens| tokens % 16 != 0)
    }

    /// Returns the cost at this provider. `group_multiplier` is the factor of the user's group, in ten-thousandths.
    pub(crate) fn cost(&self, model: &Model, provider: &Provider, group_multiplier: u64) -> Usd {
        // A hundredth of a dollar for a million tokens is 10⁻⁸ dollars a token, or 10⁷ of the fifteenth decimal.
        let price = |tokens: Option<u64>, cents: u64, percent: u64| {
            u128::from(tokens.unwrap_or(0)) * u128::from(cents) * u128::from(percent) * 100_000
        };
        let full = price(self.input, model.input_cents, 100)
            + price(self.output, model.output_cents, 100)
            + price(self.cache_write_5m, model.input_cents, 125)
            + price(self.cache_write_1h, model.input_cents, 200)
            + price(self.cache_read, model.input_cents, 10);
        Usd(full * u128::from(provider.multiplier) * u128::from(group_multiplier) / 100_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::{MODELS, PROVIDERS};

    #[test]
    fn a_million_tokens_cost_the_price_of_a_million() {
        let usage = Usage {
            input: Some(1_000_000),
            ..Usage::default()
        };
        assert_eq!(
            usage.cost(&MODELS[0], &PROVIDERS[0], 10_000).to_string(),
            "3.000000000000000"
        );
        // 3 × 0.8333 × 0.9137 is exactly this.
        assert_eq!(
            usage.cost(&MODELS[0], &PROVIDERS[2], 9_137).to_string(),
            "2.284158630000000"
        );
    }
}
