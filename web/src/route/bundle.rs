//! The address of a bundle's page: `/my-data?start=2026-01-01`.

use percent_encoding::percent_decode_str;

use crate::selection::{WORKSPACE, with_pairs};

/// The bundles whose pages have a path of their own. Those of a site are below `/bundles/`.
const PATHS: &[(&str, &str)] = &[
    ("my-data", "user-data"),
    ("report", "brand-report"),
    ("admin/bulk", "bulk-data"),
];

const LANGUAGE: &str = "language";

const PERSON: &str = "userId";

#[derive(Clone, Debug, PartialEq)]
pub struct BundleRoute {
    /// As in the address of its stream: `user-data`.
    pub name: String,
    pub choice: BundleChoice,
}

/// What a visitor chooses of a bundle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BundleChoice {
    /// The id of the workspace.
    pub workspace: Option<String>,
    /// The id of the person whose data it is.
    pub person: Option<String>,
    /// The first day, such as `2026-01-28`.
    pub start: Option<String>,
    /// The last day, which is included.
    pub end: Option<String>,
    /// The time zone, an IANA name.
    pub zone: Option<String>,
    /// The language of the texts in the file, a BCP 47 tag.
    pub language: Option<String>,
}

impl BundleRoute {
    /// Returns the page of a bundle, with nothing chosen.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            choice: BundleChoice::default(),
        }
    }

    /// Reads a path without slashes around it, and a query without `?`.
    pub fn parse(path: &str, query: &str) -> Option<Self> {
        let known = PATHS.iter().find(|(known, _)| *known == path);
        let name = match known {
            Some((_, name)) => (*name).to_owned(),
            None => {
                let name = path.strip_prefix("bundles/")?;
                percent_decode_str(name).decode_utf8_lossy().into_owned()
            }
        };
        let choice = BundleChoice::parse(query);
        Some(Self { name, choice })
    }

    /// Returns path and query, relative to the page's base.
    pub fn url(&self) -> String {
        let known = PATHS.iter().find(|(_, name)| *name == self.name);
        let path = match known {
            Some((path, _)) => format!("./{path}"),
            None => format!("./bundles/{}", self.name),
        };
        let language = self.choice.language.as_deref();
        let language: Vec<_> = language
            .map(|language| (LANGUAGE, language))
            .into_iter()
            .collect();
        match with_pairs(&self.choice.query(), &language) {
            query if query.is_empty() => path,
            query => format!("{path}?{query}"),
        }
    }
}

impl BundleChoice {
    /// Ignores what it does not know, and empty values.
    fn parse(query: &str) -> Self {
        let mut choice = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = Some(value.trim().to_owned()).filter(|value| !value.is_empty());
            match name.as_ref() {
                WORKSPACE => choice.workspace = value,
                PERSON => choice.person = value,
                "start" => choice.start = value,
                "end" => choice.end = value,
                "zone" => choice.zone = value,
                LANGUAGE => choice.language = value,
                _ => {}
            }
        }
        choice
    }

    /// Returns the query of the stream, which the language does not change.
    pub fn query(&self) -> String {
        let pairs = [
            (WORKSPACE, &self.workspace),
            (PERSON, &self.person),
            ("start", &self.start),
            ("end", &self.end),
            ("zone", &self.zone),
        ];
        let pairs = pairs.map(|(name, value)| value.as_deref().map(|value| (name, value)));
        with_pairs("", &pairs.into_iter().flatten().collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_link_leads_to_the_same_choice() {
        for (path, query) in [
            ("my-data", ""),
            (
                "my-data",
                "userId=7&start=2026-01-01&end=2026-01-31&zone=Asia%2FShanghai",
            ),
            ("admin/bulk", "zone=UTC"),
            ("report", "workspace=7&start=2026-01-01&language=zh-CN"),
            ("bundles/orders-of-a-customer", "workspace=a%26b"),
        ] {
            let route = BundleRoute::parse(path, query).unwrap();
            let separator = if query.is_empty() { "" } else { "?" };
            assert_eq!(route.url(), format!("./{path}{separator}{query}"));
        }
        assert_eq!(
            BundleRoute::parse("my-data", "").unwrap(),
            BundleRoute::new("user-data")
        );
        assert_eq!(BundleRoute::parse("usage-logs", ""), None);
    }
}
