//! The time zone of a file. Its rules come from the bundled IANA database alone, so that they are the same natively
//! and in the browser.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

/// A zone of the IANA database. The default is UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    time_zone: TimeZone,
    name: String,
}

/// The error for a name that the IANA database lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{name}` is not a time zone; write it as the IANA database does: `UTC`, `Europe/Berlin`, `Asia/Shanghai`"
)]
pub struct UnknownZone {
    name: String,
}

impl Zone {
    /// Returns the name as the IANA database spells it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the rules of the zone.
    pub fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    /// Returns whether the zone is UTC.
    pub fn is_utc(&self) -> bool {
        matches!(self.name.as_str(), "UTC" | "Etc/UTC")
    }

    /// Returns the period around a moment (seconds since 1970, UTC) in which the offset from UTC does not change.
    pub fn offset_around(&self, seconds: i64) -> Offset {
        let clamped = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        let at = Timestamp::from_second(clamped).unwrap_or(Timestamp::UNIX_EPOCH);
        // `preceding` excludes its argument, and a transition at `at` itself has happened.
        let before = at.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(at);
        Offset {
            from: self
                .time_zone
                .preceding(before)
                .next()
                .map_or(i64::MIN, |change| change.timestamp().as_second()),
            until: self
                .time_zone
                .following(at)
                .next()
                .map_or(i64::MAX, |change| change.timestamp().as_second()),
            seconds: self.time_zone.to_offset(at).seconds(),
        }
    }
}

/// An offset from UTC, and its period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// Begin of the period, in seconds since 1970, UTC.
    pub from: i64,
    /// End of the period (exclusive), in seconds since 1970, UTC.
    pub until: i64,
    /// Seconds that the zone is ahead of UTC.
    pub seconds: i32,
}

impl Default for Zone {
    fn default() -> Self {
        Self {
            time_zone: TimeZone::UTC,
            name: "UTC".to_owned(),
        }
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        let unknown = || UnknownZone {
            name: name.to_owned(),
        };
        let time_zone = TimeZoneDatabase::bundled().get(name).map_err(|_| unknown())?;
        // jiff reports `Etc/Unknown` for a machine without a zone; it is not a zone of people.
        let spelled = time_zone
            .iana_name()
            .filter(|_| !time_zone.is_unknown())
            .ok_or_else(unknown)?;
        Ok(Self {
            name: spelled.to_owned(),
            time_zone,
        })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    fn try_from(name: String) -> Result<Self, UnknownZone> {
        name.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_known_by_its_name_in_any_case() {
        let zone: Zone = "asia/shanghai".parse().unwrap();
        assert_eq!(zone.to_string(), "Asia/Shanghai");
        assert_eq!(serde_json::from_str::<Zone>(r#""Asia/Shanghai""#).unwrap(), zone);
        assert_eq!(serde_json::to_string(&zone).unwrap(), r#""Asia/Shanghai""#);
    }

    #[test]
    fn utc_is_the_default() {
        assert_eq!("UTC".parse::<Zone>().unwrap(), Zone::default());
    }

    #[test]
    fn what_is_no_zone_is_refused_by_name() {
        for name in [
            "",
            "Mars/Olympus_Mons",
            "+08:00",
            "Etc/Unknown",
            "../etc/passwd",
            "Asia/Shanghai\0",
        ] {
            let error = name.parse::<Zone>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn an_offset_is_told_with_the_time_in_which_it_holds() {
        let zone: Zone = "Europe/Berlin".parse().unwrap();
        // 2026-03-29T01:00:00Z and 2026-10-25T01:00:00Z.
        let summer = Offset {
            from: 1_774_746_000,
            until: 1_792_890_000,
            seconds: 7200,
        };
        for at in [summer.from, summer.from + 1, summer.until - 1] {
            assert_eq!(zone.offset_around(at), summer);
        }
        assert_eq!(zone.offset_around(summer.from - 1).seconds, 3600);
        assert_eq!(
            Zone::default().offset_around(0),
            Offset {
                from: i64::MIN,
                until: i64::MAX,
                seconds: 0
            }
        );
    }
}
