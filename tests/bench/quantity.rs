//! A number with its unit.

use std::fmt;

#[derive(Clone, Copy)]
pub struct Quantity {
    pub value: f64,
    unit: Unit,
}

#[derive(Clone, Copy)]
enum Unit {
    Seconds,
    Milliseconds,
    Percent,
    Megabytes,
    MegabytesPerSecond,
    RowsPerSecond { megabytes_per_second: f64 },
}

pub fn seconds(value: f64) -> Quantity {
    let unit = Unit::Seconds;
    Quantity { value, unit }
}

pub fn milliseconds(value: f64) -> Quantity {
    let unit = Unit::Milliseconds;
    Quantity { value, unit }
}

pub fn percent(value: f64) -> Quantity {
    let unit = Unit::Percent;
    Quantity { value, unit }
}

/// Bytes, printed in MB of 1 000 000 bytes.
pub fn megabytes(bytes: u64) -> Quantity {
    Quantity {
        value: bytes as f64 / 1e6,
        unit: Unit::Megabytes,
    }
}

/// Bytes in a time, printed in MB/s.
pub fn rate(bytes: u64, seconds: f64) -> Quantity {
    Quantity {
        value: bytes as f64 / 1e6 / seconds,
        unit: Unit::MegabytesPerSecond,
    }
}

/// Rows, their bytes in a file, and the time: printed in rows per second and MB/s.
pub fn throughput(rows: u64, bytes: u64, seconds: f64) -> Quantity {
    let megabytes_per_second = rate(bytes, seconds).value;
    Quantity {
        value: rows as f64 / seconds,
        unit: Unit::RowsPerSecond { megabytes_per_second },
    }
}

impl Quantity {
    /// Returns whether a larger number is better.
    pub fn is_speed(self) -> bool {
        matches!(self.unit, Unit::MegabytesPerSecond | Unit::RowsPerSecond { .. })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value;
        match self.unit {
            Unit::Seconds => write!(f, "{value:.2} s"),
            Unit::Milliseconds if value < 10.0 => write!(f, "{value:.1} ms"),
            Unit::Milliseconds => write!(f, "{value:.0} ms"),
            Unit::Percent => write!(f, "{value:.2} %"),
            Unit::Megabytes => write!(f, "{value:.1} MB"),
            Unit::MegabytesPerSecond => write!(f, "{value:.0} MB/s"),
            Unit::RowsPerSecond { megabytes_per_second } => {
                write!(f, "{:.0}k rows/s, {megabytes_per_second:.0} MB/s", value / 1e3)
            }
        }
    }
}
