//! A number and its unit.

use std::fmt;

/// A measured quantity.
#[derive(Clone, Copy)]
pub struct Quantity {
    /// The number.
    pub value: f64,
    unit: Unit,
}

#[derive(Clone, Copy)]
enum Unit {
    Seconds,
    Milliseconds,
    Megabytes,
    MegabytesPerSecond,
}

/// Seconds.
pub fn seconds(value: f64) -> Quantity {
    let unit = Unit::Seconds;
    Quantity { value, unit }
}

/// Milliseconds.
pub fn milliseconds(value: f64) -> Quantity {
    let unit = Unit::Milliseconds;
    Quantity { value, unit }
}

/// Bytes, written in megabytes: 1 MB is 1 000 000 bytes.
pub fn megabytes(bytes: u64) -> Quantity {
    Quantity {
        value: bytes as f64 / 1e6,
        unit: Unit::Megabytes,
    }
}

/// Bytes in a time, written in MB/s.
pub fn rate(bytes: u64, seconds: f64) -> Quantity {
    Quantity {
        value: bytes as f64 / 1e6 / seconds,
        unit: Unit::MegabytesPerSecond,
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value;
        match self.unit {
            Unit::Seconds => write!(f, "{value:.2} s"),
            Unit::Milliseconds => write!(f, "{value:.0} ms"),
            Unit::Megabytes => write!(f, "{value:.1} MB"),
            Unit::MegabytesPerSecond => write!(f, "{value:.0} MB/s"),
        }
    }
}
