//! Made-up UUIDs: the same on every machine.

use std::fmt;

use super::dice::Dice;

/// A UUID of version 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Uuid(u64, u64);

impl Uuid {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let (high, low) = (dice.number(), dice.number());
        Self(high & !0xF000 | 0x4000, low & !(0b11 << 62) | (0b10 << 62))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(high, low) = self;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            high >> 16 & 0xFFFF,
            high & 0xFFFF,
            low >> 48,
            low & 0xFFFF_FFFF_FFFF
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_version_and_variant() {
        let mut dice = Dice::new(1);
        let text = Uuid::new(&mut dice).to_string();
        assert_eq!(text.len(), 36);
        assert_eq!(&text[14..15], "4", "{text}");
        assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"), "{text}");
        assert_ne!(Uuid::new(&mut dice).to_string(), text);
    }
}
