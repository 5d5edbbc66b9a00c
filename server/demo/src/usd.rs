//! Amounts of money with fifteen decimals, as the hub's column has them.

use std::fmt;
use std::str::FromStr;

/// The number of decimals of `cost_usd`.
const DECIMALS: usize = 15;
/// A dollar in units of the last decimal.
const ONE: u128 = 1_000_000_000_000_000;
/// A billion dollars. The product of a smaller amount and a weight of [`crate::scale`] has less than 128 bits.
const TOO_MUCH: u128 = 1_000_000_000 * ONE;

/// An amount of money with fifteen decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(pub(super) u128);

impl Usd {
    /// The smallest amount that `cost_usd` cannot hold: `numeric(21, 15)` has six digits before the point.
    pub(crate) const TOO_MUCH_FOR_A_ROW: Self = Self(1_000_000 * ONE);
}

/// The text is no amount of money.
#[derive(Debug, thiserror::Error)]
#[error("an amount is a number below 1000000000 with at most {DECIMALS} decimals, such as 123.45")]
pub struct BadUsd;

impl FromStr for Usd {
    type Err = BadUsd;

    fn from_str(text: &str) -> Result<Self, BadUsd> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) || fraction.len() > DECIMALS {
            return Err(BadUsd);
        }
        let whole: u64 = whole.parse().map_err(|_| BadUsd)?;
        let fraction: u64 = format!("{fraction:0<DECIMALS$}").parse().map_err(|_| BadUsd)?;
        let amount = u128::from(whole) * ONE + u128::from(fraction);
        match amount < TOO_MUCH {
            true => Ok(Self(amount)),
            false => Err(BadUsd),
        }
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:015}", self.0 / ONE, self.0 % ONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_exact() {
        for (text, printed) in [
            ("123.45", "123.450000000000000"),
            ("0", "0.000000000000000"),
            ("999999999.999999999999999", "999999999.999999999999999"),
            ("7.", "7.000000000000000"),
        ] {
            assert_eq!(text.parse::<Usd>().unwrap().to_string(), printed);
        }
        for text in [
            "",
            ".5",
            "-1",
            "1e3",
            "1,5",
            "1000000000",
            "0.0000000000000001",
            "1.2.3",
        ] {
            assert!(text.parse::<Usd>().is_err(), "{text}");
        }
    }
}
