//! The pages of bundles: their titles, their places in the navigation, their periods.

use api::bundles::Bundle;
use wasm_export::options::{Compression, Format, Options};

use crate::quick_range::day_after;
use crate::route::path_part;
use crate::selection::with_pairs;

/// The bundle of all that the database has about one person.
const USER_DATA: &str = "user-data";

/// The bundle of all users, for administrators.
const BULK_DATA: &str = "bulk-data";

/// The report of a workspace.
const BRAND_REPORT: &str = "brand-report";

/// The group of the navigation in which a bundle has its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BundleGroup {
    Exports,
    Workspaces,
    Administration,
}

/// Returns the title of the page.
pub fn title(bundle: &Bundle) -> &str {
    match bundle.name.as_str() {
        USER_DATA => "My data",
        BULK_DATA => "Bulk export",
        BRAND_REPORT => "Report",
        _ => &bundle.title,
    }
}

/// Returns the group; one that is not of a person is for administrators alone.
pub fn group(bundle: &Bundle) -> BundleGroup {
    match (bundle.of_workspace, bundle.of_person) {
        (true, _) => BundleGroup::Workspaces,
        (false, true) => BundleGroup::Exports,
        (false, false) => BundleGroup::Administration,
    }
}

/// Returns the sentence below the title.
pub fn explanation(bundle: &Bundle) -> &'static str {
    match bundle.name.as_str() {
        USER_DATA => "The data that this database has about one person, in one file.",
        BULK_DATA => {
            "The users and their files, in one file. It has the entries of files, not the files themselves."
        }
        BRAND_REPORT => {
            "The figures of a workspace in a period, and what needs attention among its alerts and infringements."
        }
        _ => "Several datasets in one file, from one snapshot of the database.",
    }
}

/// Returns the first day of the period of a bundle for which no days are chosen; empty if it then has all days.
pub fn usual_start(bundle: &Bundle, today: &str) -> String {
    let days = bundle.period_days.map(i64::from);
    days.and_then(|days| day_after(today, 1 - days))
        .unwrap_or_default()
}

/// Returns the language for a visitor of a browser with this language: one with the same first part, or the default one.
pub fn usual_language<'a>(languages: &'a [String], of_browser: &str) -> Option<&'a str> {
    let first = |tag: &str| tag.split('-').next().unwrap_or_default().to_lowercase();
    let same = languages
        .iter()
        .find(|language| first(language) == first(of_browser));
    same.or(languages.first()).map(String::as_str)
}

/// Returns the name of a language in itself; the tag if it is not known.
pub fn language_name(tag: &str) -> &str {
    match tag {
        "en" => "English",
        "zh-CN" => "简体中文",
        "pt-BR" => "Português (Brasil)",
        _ => tag,
    }
}

/// Returns the address of a bundle as an HTML file that the page shows.
pub fn preview_url(name: &str, query: &str, language: Option<&str>) -> String {
    let language = language.map(|language| ("language", language));
    let of_file = [("format", "html"), ("inline", "true")];
    let pairs: Vec<_> = language.into_iter().chain(of_file).collect();
    format!(
        "api/bundles/{}/export?{}",
        path_part(name),
        with_pairs(query, &pairs)
    )
}

/// Returns the options of a file. CSV files come in a zip archive.
pub fn options(format: Format, compression: Compression, zone: wasm_export::Zone) -> Options {
    wasm_export::bundle::options_of_file(Options {
        format,
        compression,
        zone,
        ..Options::default()
    })
}

/// A period that one click chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    All,
    Week,
    Month,
    ThisMonth,
}

impl Period {
    pub const ALL: &[Self] = &[Self::All, Self::Week, Self::Month, Self::ThisMonth];

    /// Returns the periods of a bundle. Without days it may have a period of its own, and then none has all days.
    pub fn of_bundle(bundle: &Bundle) -> &'static [Self] {
        match bundle.period_days {
            Some(_) => Self::ALL.get(1..).unwrap_or_default(),
            None => Self::ALL,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Week => "7-days",
            Self::Month => "30-days",
            Self::ThisMonth => "this-month",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::ThisMonth => "This month",
        }
    }

    /// Returns the first day, such as `2026-01-28`, up to today. Empty: without a first day.
    pub fn start(self, today: &str) -> String {
        match self {
            Self::All => None,
            Self::Week => day_after(today, -6),
            Self::Month => day_after(today, -29),
            Self::ThisMonth => today.get(..8).map(|month| format!("{month}01")),
        }
        .unwrap_or_default()
    }
}

/// Returns why a period cannot be exported; none if it can. Days without a value are empty.
pub fn period_obstacle(start: &str, end: &str, today: &str) -> Option<&'static str> {
    match (start.is_empty(), end.is_empty()) {
        (false, false) if start > end => Some("The first day is after the last day."),
        (false, true) if start > today => Some("The first day is after today."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(name: &str, of_person: bool) -> Bundle {
        let json = serde_json::json!({
            "name": name, "title": "Orders and invoices", "export_type": "orders", "of_person": of_person,
            "available": true, "formats": ["json"], "parts": [],
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn the_built_in_bundles_have_titles_of_their_own() {
        assert_eq!(title(&bundle("user-data", true)), "My data");
        assert_eq!(title(&bundle("orders", false)), "Orders and invoices");
        assert_eq!(group(&bundle("user-data", true)), BundleGroup::Exports);
        assert_eq!(group(&bundle("bulk-data", false)), BundleGroup::Administration);
    }

    #[test]
    fn a_period_has_calendar_days_and_ends_today() {
        let starts = Period::ALL.iter().map(|period| period.start("2026-03-01"));
        assert!(starts.eq(["", "2026-02-23", "2026-01-31", "2026-03-01"]));
        let obstacle = |start, end| period_obstacle(start, end, "2026-03-02");
        assert_eq!(obstacle("2026-03-01", "2026-03-01"), None);
        assert_eq!(obstacle("2026-03-02", ""), None);
        assert_eq!(obstacle("2027-03-01", "2027-03-02"), None);
        assert!(obstacle("2026-03-02", "2026-03-01").is_some());
        assert!(obstacle("2026-03-03", "").is_some());
    }

    #[test]
    fn a_report_has_a_period_and_the_language_of_the_visitor() {
        let mut report = bundle("brand-report", false);
        assert_eq!(usual_start(&report, "2026-03-01"), "");
        (report.of_workspace, report.period_days) = (true, Some(30));
        assert_eq!(usual_start(&report, "2026-03-01"), "2026-01-31");
        assert_eq!(group(&report), BundleGroup::Workspaces);
        assert!(!Period::of_bundle(&report).contains(&Period::All));
        let languages = ["en", "zh-CN", "pt-BR"].map(str::to_owned);
        let usual = |of_browser| usual_language(&languages, of_browser);
        assert_eq!(
            (usual("zh-TW"), usual("pt"), usual("de")),
            (Some("zh-CN"), Some("pt-BR"), Some("en"))
        );
        assert_eq!(usual_language(&[], "en"), None);
        assert_eq!(
            preview_url("a/b", "start=2026-01-31", Some("zh-CN")),
            "api/bundles/a%2Fb/export?start=2026-01-31&language=zh-CN&format=html&inline=true"
        );
    }

    #[test]
    fn csv_files_are_an_archive() {
        let compression =
            |format| options(format, Compression::None, wasm_export::Zone::default()).compression;
        assert_eq!(compression(Format::Csv), Compression::Zip);
        assert_eq!(compression(Format::Json), Compression::None);
    }
}
