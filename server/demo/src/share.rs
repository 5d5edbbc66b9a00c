//! A part of the rows.

use std::str::FromStr;

/// A part from 0 to 1, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(u32);

impl Share {
    pub(crate) const WHOLE: u32 = 1_000_000;

    pub(crate) const fn of_millionths(millionths: u32) -> Self {
        Self(millionths)
    }

    pub(crate) fn millionths(self) -> u64 {
        self.0.into()
    }
}

/// The text is no share.
#[derive(Debug, thiserror::Error)]
#[error("a share is a number from 0 to 1, such as 0.05")]
pub struct BadShare;

impl FromStr for Share {
    type Err = BadShare;

    fn from_str(text: &str) -> Result<Self, BadShare> {
        match text.parse::<f64>() {
            Ok(share) if (0.0..=1.0).contains(&share) => {
                Ok(Self((share * f64::from(Self::WHOLE)).round() as u32))
            }
            _ => Err(BadShare),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_from_0_to_1() {
        for (text, millionths) in [("0", 0), ("0.05", 50_000), ("1", Share::WHOLE)] {
            assert_eq!(text.parse::<Share>().unwrap(), Share(millionths));
        }
        for text in ["", "-0.1", "1.01", "5%", "NaN"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
