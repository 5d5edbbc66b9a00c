//! The address of the statistics of exports: `/statistics?all=true&days=7`.

use crate::selection::with_pairs;

/// The days that can be chosen.
pub const DAYS: [u16; 3] = [7, 30, 90];

const DAYS_USUAL: u16 = 30;

/// Whose exports the page counts, and for how many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatisticsChoice {
    /// Those of everybody, for administrators.
    pub is_all: bool,
    /// One of [`DAYS`].
    pub days: u16,
}

impl Default for StatisticsChoice {
    fn default() -> Self {
        Self {
            is_all: false,
            days: DAYS_USUAL,
        }
    }
}

impl StatisticsChoice {
    /// Reads a query without `?`. Ignores what it does not know.
    pub fn parse(query: &str) -> Self {
        let mut choice = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "all" => choice.is_all = value == "true",
                "days" => {
                    let known = DAYS.into_iter().find(|days| days.to_string() == value);
                    choice.days = known.unwrap_or(DAYS_USUAL);
                }
                _ => {}
            }
        }
        choice
    }

    /// Returns path and query, relative to the page's base.
    pub fn url(self) -> String {
        let days = (self.days != DAYS_USUAL).then(|| self.days.to_string());
        match self.query("all", days.as_deref()) {
            query if query.is_empty() => "./statistics".to_owned(),
            query => format!("./statistics?{query}"),
        }
    }

    /// Returns the query of the server's figures.
    pub fn figures_query(self) -> String {
        self.query("include_system", Some(&self.days.to_string()))
    }

    /// `all` is the name of the parameter for those of everybody.
    fn query(self, all: &str, days: Option<&str>) -> String {
        let pairs = [(all, self.is_all.then_some("true")), ("days", days)];
        let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
        with_pairs("", &pairs.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_link_leads_to_the_same_figures() {
        for query in ["all=true", "days=7", "all=true&days=90"] {
            assert_eq!(
                StatisticsChoice::parse(query).url(),
                format!("./statistics?{query}")
            );
        }
        for other in ["", "days=30", "days=8&all=no&x=1", "days=-1"] {
            assert_eq!(StatisticsChoice::parse(other).url(), "./statistics", "{other}");
        }
    }

    #[test]
    fn the_server_is_asked_for_the_days() {
        let own = StatisticsChoice::default();
        assert_eq!(own.figures_query(), "days=30");
        let all = StatisticsChoice::parse("all=true&days=90");
        assert_eq!(all.figures_query(), "include_system=true&days=90");
    }
}
