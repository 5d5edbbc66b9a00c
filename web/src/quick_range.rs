//! The values that a quick choice sets, such as the times of the last seven days.

use std::collections::BTreeMap;

use api::datasets::{Dataset, Filter, FilterKind, Quick};
use wasm_export::day::Day;

/// Returns the filters with those of a quick choice. The filters that other quick choices set and all times are cleared.
/// `today` is a date such as `2026-01-28`.
pub fn applied(
    dataset: &Dataset,
    quick: &Quick,
    filters: &BTreeMap<String, String>,
    today: &str,
) -> BTreeMap<String, String> {
    let mut filters = filters.clone();
    filters.retain(|name, _| !is_of_quick(dataset, name));
    filters.extend(values(quick, today));
    filters
}

/// Returns the name of the quick choice whose values are in force; none if other times are.
pub fn active<'a>(dataset: &'a Dataset, filters: &BTreeMap<String, String>, today: &str) -> Option<&'a str> {
    let in_force: BTreeMap<_, _> = filters
        .iter()
        .filter(|(name, _)| is_of_quick(dataset, name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let quick = dataset
        .quick
        .iter()
        .find(|quick| values(quick, today) == in_force);
    quick.map(|quick| quick.name.as_str())
}

/// Returns the sentence that explains the days of a quick choice; none for a choice without days.
pub fn explanation(quick: &Quick, today: &str, zone: &str) -> Option<String> {
    let day = quick.filters.values().find_map(|value| day_of(value, today))?;
    Some(format!("Since {day}, by calendar days in {zone}"))
}

/// Returns whether a time is set.
pub fn has_time(dataset: &Dataset, filters: &BTreeMap<String, String>) -> bool {
    let mut times = dataset.filters.iter().filter(|filter| is_time(filter));
    times.any(|filter| filters.contains_key(&filter.name))
}

fn is_of_quick(dataset: &Dataset, name: &str) -> bool {
    let mut filters = dataset.filters.iter();
    let mut quick = dataset.quick.iter();
    filters.any(|filter| filter.name == name && is_time(filter))
        || quick.any(|quick| quick.filters.contains_key(name))
}

pub fn is_time(filter: &Filter) -> bool {
    matches!(filter.kind, FilterKind::Timestamp | FilterKind::Date)
}

fn values(quick: &Quick, today: &str) -> BTreeMap<String, String> {
    let values = quick.filters.iter();
    let values = values.map(|(name, value)| {
        (
            name.clone(),
            day_of(value, today).unwrap_or_else(|| value.clone()),
        )
    });
    values.collect()
}

/// Returns the date of `today`, `this month` or `7 days`; none for any other text.
fn day_of(text: &str, today: &str) -> Option<String> {
    let day = match text {
        "today" => today.to_owned(),
        "this month" => format!("{}-01", today.get(..7)?),
        text => {
            let days: i64 = text.strip_suffix(" days")?.parse().ok()?;
            day_after(today, 1 - days)?
        }
    };
    Some(day)
}

/// Returns the date a number of days after a date; none if the text is no date.
pub fn day_after(date: &str, days: i64) -> Option<String> {
    let day = Day::read(date.as_bytes())?;
    let day = Day::from_number(day.number + days)?;
    Some(String::from_utf8_lossy(&day.date).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::sample;

    const TODAY: &str = "2026-03-01";

    fn filters(query: &str) -> BTreeMap<String, String> {
        crate::selection::Selection::parse(query).filters
    }

    #[test]
    fn a_choice_replaces_the_times_and_keeps_the_other_filters() {
        let dataset = sample();
        let chosen = |name: &str, before: &str| {
            let quick = dataset.quick.iter().find(|quick| quick.name == name).unwrap();
            applied(&dataset, quick, &filters(before), TODAY)
        };
        assert_eq!(
            chosen("week", "model=a&end=2026-01-01"),
            filters("model=a&start=2026-02-23")
        );
        assert_eq!(chosen("today", ""), filters("start=2026-03-01"));
        assert_eq!(
            chosen("month", "start=2026-02-28T12:00"),
            filters("start=2026-03-01")
        );
        assert_eq!(chosen("all", "model=a&start=2026-02-28"), filters("model=a"));
    }

    #[test]
    fn the_choice_in_force_is_told_from_other_times() {
        let dataset = sample();
        let active = |query: &str| active(&dataset, &filters(query), TODAY).map(str::to_owned);
        assert_eq!(active("model=a").as_deref(), Some("all"));
        assert_eq!(active("model=a&start=2026-02-23").as_deref(), Some("week"));
        assert_eq!(active("start=2026-02-23&end=2026-02-25"), None);
        assert_eq!(active("start=2026-02-22"), None);
    }

    #[test]
    fn days_are_calendar_days_of_the_zone() {
        let dataset = sample();
        let text = |at: usize| explanation(&dataset.quick[at], TODAY, "Asia/Shanghai");
        assert_eq!(text(0), None);
        assert_eq!(
            text(2).as_deref(),
            Some("Since 2026-02-23, by calendar days in Asia/Shanghai")
        );
        assert!(has_time(&dataset, &filters("end=2026-02-25")));
        assert!(!has_time(&dataset, &filters("model=a")));
    }

    #[test]
    fn days_cross_months_and_leap_years() {
        assert_eq!(day_after("2026-03-01", -1).as_deref(), Some("2026-02-28"));
        assert_eq!(day_after("2024-02-28", 1).as_deref(), Some("2024-02-29"));
        assert_eq!(day_after("soon", 1), None);
    }
}
