//! The values of quick choices: checked as those of a request are, and which caller may use them.

use api::datasets::FilterKind;
use wasm_export::zone::Zone;

use super::quick::Quick;
use super::{Definition, Filter};
use crate::datasets::value;

/// The greatest number of days in `7 days`.
const DAYS_MAX: u32 = 3_660;

impl Definition {
    /// Checks the names and values of a quick choice.
    pub(super) fn check_quick(&self, quick: &Quick) -> Result<(), String> {
        quick.filters.iter().try_for_each(|(name, value)| {
            self.check_value(name, value)
                .map_err(|problem| format!("the quick choice `{}` {problem}", quick.name))
        })
    }

    fn check_value(&self, name: &str, text: &str) -> Result<(), String> {
        let unusable = |error| format!("has a value that cannot be used: {error}");
        if let Some(position) = self.parameter(name) {
            let kind = self.parameters[position].kind;
            return value::parse(name, kind, text, &Zone::default())
                .map(drop)
                .map_err(unusable);
        }
        let Some(position) = self.filter(name) else {
            return Err(format!("names the filter `{name}`, which is not declared"));
        };
        let Filter { kind, values, .. } = &self.filters[position];
        if matches!(kind, FilterKind::Timestamp | FilterKind::Date) && is_relative(text) {
            return Ok(());
        }
        let value = value::parse(name, *kind, text, &Zone::default()).map_err(unusable)?;
        match values.is_empty() || values.contains(&value) {
            true => Ok(()),
            false => Err(format!(
                "has the value `{text}`, which the filter `{name}` does not take"
            )),
        }
    }

    /// Returns the quick choices whose filters a caller may use.
    pub fn quick_for(&self, is_admin: bool) -> impl Iterator<Item = &Quick> {
        let may_use = move |name: &String| {
            is_admin
                || self
                    .filter(name)
                    .is_none_or(|position| !self.filters[position].admin_only)
        };
        self.quick
            .iter()
            .filter(move |quick| quick.filters.keys().all(may_use))
    }
}

fn is_relative(text: &str) -> bool {
    let days = text.strip_suffix(" days").and_then(|days| days.parse().ok());
    matches!(text, "today" | "this month") || days.is_some_and(|days| (1..=DAYS_MAX).contains(&days))
}
