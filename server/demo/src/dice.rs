//! Repeatable random numbers: the same on every machine and in every version of Decant.

/// SplitMix64. It has eight bytes of state and returns every 64-bit number once.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`, which must be at least 1.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        // The upper half of the wide product is as uniform as a remainder and needs no division.
        ((u128::from(self.number()) * u128::from(end)) >> 64) as u64
    }

    /// Returns a number from `low` to `high`. Every doubling is about as likely, so small numbers are far more frequent.
    pub(crate) fn skewed(&mut self, low: u64, high: u64) -> u64 {
        let doublings = u64::from((high / low.max(1)).ilog2()) + 1;
        let reach = (low.max(1) << self.below(doublings + 1)).min(high);
        low + self.below(reach.max(low) - low + 1)
    }

    /// Returns true once in `often` calls on average.
    pub(crate) fn once_in(&mut self, often: u64) -> bool {
        self.below(often) == 0
    }

    /// Returns an index into a list of this length.
    pub(crate) fn place(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.place(from.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_never_change() {
        let mut dice = Dice::new(1);
        assert_eq!(
            [dice.number(), dice.number()],
            [10_451_216_379_200_822_465, 13_757_245_211_066_428_519]
        );
    }

    #[test]
    fn numbers_keep_within_their_bounds() {
        let mut dice = Dice::new(7);
        for _ in 0..10_000 {
            assert!(dice.below(3) < 3);
            assert!((5..=1000).contains(&dice.skewed(5, 1000)));
            assert!((0..=9).contains(&dice.skewed(0, 9)));
        }
    }
}
