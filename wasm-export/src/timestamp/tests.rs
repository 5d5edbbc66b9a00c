use super::*;

/// Writes milliseconds in the style `iso`, and whole seconds in the style `local`.
fn write(zone: &str, style: TimestampStyle, cell: &str) -> Option<String> {
    let fraction = match style {
        TimestampStyle::Iso => Fraction::Milliseconds,
        TimestampStyle::Local => Fraction::Seconds,
    };
    let mut clock = Clock::new(zone.parse().unwrap(), style, fraction);
    let mut out = Vec::new();
    let written = clock.write_in_zone(&Moment::in_utc(cell.as_bytes())?, &mut out);
    written.then(|| String::from_utf8(out).unwrap())
}

#[test]
fn iso_has_milliseconds_and_the_offset() {
    for (zone, cell, expected) in [
        ("UTC", "2026-01-28 12:34:56.789123+00", "2026-01-28T12:34:56.789Z"),
        ("UTC", "2026-01-28 12:34:56+00", "2026-01-28T12:34:56.000Z"),
        ("UTC", "2026-01-28 12:34:56.7+00", "2026-01-28T12:34:56.700Z"),
        ("UTC", "2026-01-28 12:34:56.9999+00", "2026-01-28T12:34:56.999Z"),
        ("Etc/UTC", "2026-01-28 12:34:56+00", "2026-01-28T12:34:56.000Z"),
        (
            "Asia/Shanghai",
            "2026-01-28 16:34:56.789+00",
            "2026-01-29T00:34:56.789+08:00",
        ),
        (
            "Europe/London",
            "2026-01-28 12:00:00+00",
            "2026-01-28T12:00:00.000+00:00",
        ),
        (
            "Asia/Kathmandu",
            "2025-12-31 18:15:00+00",
            "2026-01-01T00:00:00.000+05:45",
        ),
        (
            "America/New_York",
            "2026-03-01 02:00:00+00",
            "2026-02-28T21:00:00.000-05:00",
        ),
        (
            "America/St_Johns",
            "2026-01-28 00:00:00+00",
            "2026-01-27T20:30:00.000-03:30",
        ),
        (
            "Asia/Shanghai",
            "1900-12-31 12:00:00+00",
            "1900-12-31T20:05:43.000+08:05:43",
        ),
        (
            "Asia/Shanghai",
            "9999-12-31 15:59:59+00",
            "9999-12-31T23:59:59.000+08:00",
        ),
        (
            "Asia/Shanghai",
            "0001-01-01 00:00:00+00",
            "0001-01-01T08:05:43.000+08:05:43",
        ),
    ] {
        assert_eq!(
            write(zone, TimestampStyle::Iso, cell).as_deref(),
            Some(expected),
            "{cell} in {zone}"
        );
    }
}

#[test]
fn local_is_the_wall_clock_of_the_zone() {
    for (zone, cell, expected) in [
        ("UTC", "2026-01-28 12:34:56.789123+00", "2026-01-28 12:34:56"),
        (
            "Asia/Shanghai",
            "2026-01-28 12:34:56.789123+00",
            "2026-01-28 20:34:56",
        ),
        (
            "Europe/Berlin",
            "2026-03-29 00:59:59.999+00",
            "2026-03-29 01:59:59",
        ),
        ("Europe/Berlin", "2026-03-29 01:00:00+00", "2026-03-29 03:00:00"),
    ] {
        assert_eq!(
            write(zone, TimestampStyle::Local, cell).as_deref(),
            Some(expected),
            "{cell} in {zone}"
        );
    }
}

#[test]
fn what_has_another_shape_is_no_moment() {
    for cell in [
        "infinity",
        "-infinity",
        "",
        "2026-01-28",
        "2026-01-28 12:34:56",
        "2026-01-28 12:34:56+08",
        "2026-01-28T12:34:56+00",
        "12026-01-28 12:34:56+00",
        "0044-03-15 12:00:00+00 BC",
        "2026-01-28 12:34:56.+00",
        "2026-01-28 12:34:56.1234567+00",
        "2026-01-28 12:34:5a+00",
    ] {
        assert_eq!(Moment::in_utc(cell.as_bytes()), None, "{cell}");
    }
    assert_eq!(Moment::without_zone(b"2026-01-28 12:34:56+00"), None);
}

#[test]
fn what_the_zone_cannot_write_is_left_to_the_caller() {
    for cell in [
        "9999-12-31 23:59:59+00",
        "2026-13-01 00:00:00+00",
        "2026-01-01 24:00:00+00",
    ] {
        assert_eq!(write("Asia/Shanghai", TimestampStyle::Iso, cell), None, "{cell}");
    }
    assert_eq!(
        write("America/New_York", TimestampStyle::Iso, "0001-01-01 00:00:00+00"),
        None
    );
}

#[test]
fn a_timestamp_without_zone_is_not_moved() {
    let write = |style, fraction| {
        let mut out = Vec::new();
        let moment = Moment::without_zone(b"2026-01-28 12:34:56.5").unwrap();
        Clock::new("Asia/Shanghai".parse().unwrap(), style, fraction).write_without_zone(&moment, &mut out);
        String::from_utf8(out).unwrap()
    };
    for (style, fraction, expected) in [
        (
            TimestampStyle::Iso,
            Fraction::Microseconds,
            "2026-01-28T12:34:56.500000",
        ),
        (
            TimestampStyle::Iso,
            Fraction::Milliseconds,
            "2026-01-28T12:34:56.500",
        ),
        (TimestampStyle::Iso, Fraction::Seconds, "2026-01-28T12:34:56"),
        (
            TimestampStyle::Local,
            Fraction::Microseconds,
            "2026-01-28 12:34:56.500000",
        ),
        (TimestampStyle::Local, Fraction::Seconds, "2026-01-28 12:34:56"),
    ] {
        assert_eq!(write(style, fraction), expected);
    }
}

/// Compares times around every change of an offset with jiff's own arithmetic, in both directions.
#[test]
fn the_clock_agrees_with_jiff_through_every_change_of_the_zone() {
    for name in [
        "Europe/Dublin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Asia/Pyongyang",
    ] {
        let zone: Zone = name.parse().unwrap();
        let begin = jiff::Timestamp::from_second(-2_000_000_000).unwrap();
        let changes = zone
            .time_zone()
            .following(begin)
            .take(300)
            .map(|change| change.timestamp().as_second());
        let mut seconds: Vec<i64> = changes
            .flat_map(|at| [at - 1, at, at + 1, at + 5_000_000])
            .collect();
        seconds.extend(seconds.clone().into_iter().rev());
        let mut clock = Clock::new(zone.clone(), TimestampStyle::Local, Fraction::Seconds);
        for second in seconds {
            let at = jiff::Timestamp::from_second(second).unwrap();
            let cell = at.strftime("%Y-%m-%d %H:%M:%S+00").to_string();
            let mut out = Vec::new();
            assert!(clock.write_in_zone(&Moment::in_utc(cell.as_bytes()).unwrap(), &mut out));
            let expected = at
                .to_zoned(zone.time_zone().clone())
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string();
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{cell} in {name}");
        }
    }
}
