//! Calendar days as dates and as numbers.

/// A day of the years 0 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// Number of days since 1970-01-01, negative before it.
    pub number: i64,
    /// `2026-01-28`
    pub date: [u8; 10],
}

impl Day {
    /// The day with the number 0, 1970-01-01.
    pub(crate) const FIRST: Self = Self {
        number: 0,
        date: *b"1970-01-01",
    };

    /// The number of 0001-01-01, the first day with a year in PostgreSQL's text.
    pub(crate) const NUMBER_MIN: i64 = -719_162;

    /// The number of 9999-12-31, the last day with a year of four digits.
    pub(crate) const NUMBER_MAX: i64 = 2_932_896;

    /// Returns the day of a text like `2026-01-28`, or `None` when there is no such day.
    pub fn read(text: &[u8]) -> Option<Self> {
        let date: [u8; 10] = text.try_into().ok()?;
        let has_shape = date.iter().enumerate().all(|(place, byte)| match place {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        let day = has_shape.then(|| Self::from_date(date)).flatten()?;
        // A day that its month lacks has the number of a day in the next month, and therefore another date.
        Self::from_number(day.number).filter(|known| known.date == date)
    }

    /// Returns the day of a date of that shape, or `None` when its month or day is out of range.
    pub(crate) fn from_date(date: [u8; 10]) -> Option<Self> {
        let year = two_digits(&date, 0) * 100 + two_digits(&date, 2);
        let (month, day) = (two_digits(&date, 5), two_digits(&date, 8));
        let exists = (1..=12).contains(&month) && (1..=31).contains(&day);
        exists.then(|| Self {
            number: days_from_civil(year, month, day),
            date,
        })
    }

    /// Returns the day that is `number` days after 1970-01-01, or `None` when its year has not four digits.
    pub fn from_number(number: i64) -> Option<Self> {
        let (year, month, day) = civil_from_days(number);
        if !(1..=9999).contains(&year) {
            return None;
        }
        let mut date = *b"yyyy-MM-dd";
        for (place, part) in [(0, year / 100), (2, year % 100), (5, month), (8, day)] {
            write_two_digits(&mut date, place, part);
        }
        Some(Self { number, date })
    }
}

/// Returns the number that two digits at `place` stand for.
pub(crate) fn two_digits(text: &[u8], place: usize) -> i64 {
    i64::from(text[place] - b'0') * 10 + i64::from(text[place + 1] - b'0')
}

/// Writes a number below 100 as two digits.
pub(crate) fn write_two_digits(text: &mut [u8], place: usize, number: i64) {
    text[place] = b'0' + (number / 10) as u8;
    text[place + 1] = b'0' + (number % 10) as u8;
}

/// Returns days since 1970-01-01 in the proleptic Gregorian calendar. Years begin in March here, so that a leap day
/// is the last day of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Returns year, month and day of a number of days since 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_the_one_after_the_day_before() {
        let mut date = jiff::civil::date(1, 1, 1);
        let mut number = Day::from_date(*b"0001-01-01").unwrap().number;
        assert_eq!(number, -719_162);
        while number < 100_000 {
            let day = Day::from_number(number).unwrap();
            assert_eq!(std::str::from_utf8(&day.date).unwrap(), date.to_string());
            assert_eq!(Day::from_date(day.date), Some(day));
            (date, number) = (date.tomorrow().unwrap(), number + 1);
        }
        assert_eq!(Day::from_date(Day::FIRST.date), Some(Day::FIRST));
    }

    #[test]
    fn what_has_no_date_of_four_digits_is_no_day() {
        let last = Day::from_date(*b"9999-12-31").unwrap().number;
        assert_eq!(Day::from_number(last).map(|day| day.date), Some(*b"9999-12-31"));
        assert_eq!(Day::from_number(last + 1), None);
        assert_eq!(Day::from_number(-719_163), None);
        for date in [b"2026-13-01", b"2026-00-01", b"2026-01-00", b"2026-01-32"] {
            assert_eq!(Day::from_date(*date), None);
        }
        assert_eq!(
            Day::from_number(Day::NUMBER_MAX).map(|day| day.date),
            Some(*b"9999-12-31")
        );
        assert_eq!(
            Day::from_number(Day::NUMBER_MIN).map(|day| day.date),
            Some(*b"0001-01-01")
        );
    }

    #[test]
    fn a_day_is_read_only_if_its_month_has_it() {
        assert_eq!(Day::read(b"1970-01-01"), Some(Day::FIRST));
        assert!(Day::read(b"2024-02-29").is_some());
        for text in [
            "2026-02-29",
            "infinity",
            "10000-01-01",
            "2026-1-011",
            "0044-03-15 BC",
            "",
        ] {
            assert_eq!(Day::read(text.as_bytes()), None, "{text}");
        }
    }
}
