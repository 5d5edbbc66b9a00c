//! The page's own URLs. A reload or a shared link shows the same page again. They are relative to the `<base>` of the page,
//! because a proxy may publish Decant below a path.

mod bundle;
mod exports;
mod schedules;
mod statistics;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use wasm_export::session_request::Part;

pub use self::bundle::{BundleChoice, BundleRoute};
pub use self::exports::{ExportsChoice, PAGE_EXPORTS};
pub use self::schedules::{PAGE_SCHEDULES, SchedulesChoice};
pub use self::statistics::{DAYS, StatisticsChoice};
use crate::selection::{Selection, with_pairs};

/// A dataset is named by one path segment, so no dataset can hide a page below `/admin/`.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// `/usage-logs?user=3&zone=Asia/Shanghai`. Without a name the page shows the first available dataset.
    Dataset {
        name: Option<String>,
        selection: Selection,
    },
    /// `/admin/sessions/0199f3a2-77aa?request=3&part=headers`. Without a session the page asks for its id.
    SessionRequests {
        session: Option<String>,
        place: RequestPlace,
    },
    Probes(ProbesRoute),
    Bundle(BundleRoute),
    /// The list of background exports.
    Exports(ExportsChoice),
    /// `/exports/0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e`
    BackgroundExport {
        id: String,
    },
    /// The list of schedules of exports.
    Schedules(SchedulesChoice),
    /// The figures of exports.
    Statistics(StatisticsChoice),
    Database,
    LogCleanup,
    ExportPermissions,
}

/// What the page shows of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestPlace {
    /// The request's sequence. `None`: the newest.
    pub request: Option<u64>,
    /// `None`: the body.
    pub part: Option<Part>,
}

/// `/probes/3?search=timeout&zone=Asia/Shanghai`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProbesRoute {
    /// The id of an endpoint. `None`: all endpoints.
    pub endpoint: Option<i64>,
    pub search: String,
    /// IANA name.
    pub zone: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminPage {
    SessionRequests,
    Probes,
    Database,
    LogCleanup,
    ExportPermissions,
}

/// The dot is escaped too, because the server treats a path that ends in `name.extension` as a file.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

impl Route {
    /// Reads a path relative to the page's base, with or without `.` before it, and a query, with or without `?`. An unknown path becomes a dataset of that name.
    pub fn parse(path: &str, query: &str) -> Self {
        let path = path.trim_start_matches('.').trim_matches('/');
        if let Some(bundle) = BundleRoute::parse(path, query.trim_start_matches('?')) {
            return Self::Bundle(bundle);
        }
        match path.split('/').collect::<Vec<_>>()[..] {
            ["admin", "sessions"] => Self::session(None),
            ["admin", "sessions", session] => {
                let session = percent_decode_str(session).decode_utf8_lossy().into_owned();
                Self::SessionRequests {
                    session: Some(session),
                    place: RequestPlace::parse(query.trim_start_matches('?')),
                }
            }
            ["probes"] => Self::Probes(ProbesRoute::parse(None, query)),
            ["probes", endpoint] if endpoint.parse::<i64>().is_ok() => {
                Self::Probes(ProbesRoute::parse(endpoint.parse().ok(), query))
            }
            ["exports"] => Self::Exports(ExportsChoice::parse(query.trim_start_matches('?'))),
            ["exports", id] => Self::BackgroundExport {
                id: percent_decode_str(id).decode_utf8_lossy().into_owned(),
            },
            ["schedules"] => Self::Schedules(SchedulesChoice::parse(query.trim_start_matches('?'))),
            ["statistics"] => Self::Statistics(StatisticsChoice::parse(query.trim_start_matches('?'))),
            ["admin", "export-permissions"] => Self::ExportPermissions,
            ["admin", "database"] => Self::Database,
            ["admin", "log-cleanup"] => Self::LogCleanup,
            _ => Self::Dataset {
                name: (!path.is_empty()).then(|| path.to_owned()),
                selection: Selection::parse(query.trim_start_matches('?')),
            },
        }
    }

    /// Returns path and query, relative to the page's base.
    pub fn url(&self) -> String {
        match self {
            Self::Dataset { name, selection } => {
                let name = name.as_deref().unwrap_or_default();
                match selection.query() {
                    query if query.is_empty() => format!("./{name}"),
                    query => format!("./{name}?{query}"),
                }
            }
            Self::SessionRequests { session: None, .. } => "./admin/sessions".to_owned(),
            Self::SessionRequests {
                session: Some(session),
                place,
            } => {
                let path = format!("./admin/sessions/{}", path_part(session));
                match place.query() {
                    query if query.is_empty() => path,
                    query => format!("{path}?{query}"),
                }
            }
            Self::Probes(probes) => probes.url(),
            Self::Bundle(bundle) => bundle.url(),
            Self::Exports(choice) => choice.url(),
            Self::BackgroundExport { id } => format!("./exports/{}", path_part(id)),
            Self::Schedules(choice) => choice.url(),
            Self::Statistics(choice) => choice.url(),
            Self::Database => "./admin/database".to_owned(),
            Self::LogCleanup => "./admin/log-cleanup".to_owned(),
            Self::ExportPermissions => "./admin/export-permissions".to_owned(),
        }
    }

    /// Returns the route to the newest request of a session, or to the form that asks for its id.
    pub fn session(session: Option<String>) -> Self {
        Self::SessionRequests {
            session,
            place: RequestPlace::default(),
        }
    }

    /// Returns the id of the workspace in the address.
    pub fn workspace(&self) -> Option<&str> {
        match self {
            Self::Dataset { selection, .. } => selection.workspace.as_deref(),
            Self::Bundle(bundle) => bundle.choice.workspace.as_deref(),
            Self::Exports(choice) => choice.workspace.as_deref(),
            _ => None,
        }
    }

    /// Returns the same page of another workspace, from its first row.
    pub fn in_workspace(mut self, workspace: &str) -> Self {
        match &mut self {
            Self::Dataset { selection, .. } => {
                selection.workspace = Some(workspace.to_owned());
                selection.start = None;
            }
            Self::Bundle(bundle) => bundle.choice.workspace = Some(workspace.to_owned()),
            Self::Exports(choice) => {
                choice.workspace = Some(workspace.to_owned());
                choice.offset = 0;
            }
            _ => {}
        }
        self
    }

    pub fn admin_page(&self) -> Option<AdminPage> {
        match self {
            Self::Dataset { .. }
            | Self::Bundle(_)
            | Self::Exports(_)
            | Self::BackgroundExport { .. }
            | Self::Schedules(_)
            | Self::Statistics(_) => None,
            Self::SessionRequests { .. } => Some(AdminPage::SessionRequests),
            Self::Probes(_) => Some(AdminPage::Probes),
            Self::Database => Some(AdminPage::Database),
            Self::LogCleanup => Some(AdminPage::LogCleanup),
            Self::ExportPermissions => Some(AdminPage::ExportPermissions),
        }
    }
}

impl RequestPlace {
    /// Ignores what it does not know.
    fn parse(query: &str) -> Self {
        let mut place = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "request" => place.request = value.parse().ok(),
                "part" => place.part = value.parse().ok(),
                _ => {}
            }
        }
        place
    }

    fn query(self) -> String {
        let request = self.request.map(|request| request.to_string());
        let pairs = [
            ("request", request.as_deref()),
            ("part", self.part.map(Part::word)),
        ];
        let pairs = pairs.map(|(name, value)| value.map(|value| (name, value)));
        with_pairs("", &pairs.into_iter().flatten().collect::<Vec<_>>())
    }
}

impl ProbesRoute {
    fn parse(endpoint: Option<i64>, query: &str) -> Self {
        let mut route = Self {
            endpoint,
            ..Self::default()
        };
        for (name, value) in form_urlencoded::parse(query.trim_start_matches('?').as_bytes()) {
            let value = value.trim();
            match name.as_ref() {
                "search" => route.search = value.to_owned(),
                "zone" if !value.is_empty() => route.zone = Some(value.to_owned()),
                _ => {}
            }
        }
        route
    }

    fn url(&self) -> String {
        let mut query = String::new();
        if !self.search.is_empty() {
            query = with_pairs(&query, &[("search", &self.search)]);
        }
        if let Some(zone) = &self.zone {
            query = with_pairs(&query, &[("zone", zone)]);
        }
        let endpoint = self.endpoint.map(|id| format!("/{id}")).unwrap_or_default();
        let separator = if query.is_empty() { "" } else { "?" };
        format!("./probes{endpoint}{separator}{query}")
    }
}

impl AdminPage {
    /// In the order of the group *Administration*. The page of probes is in the group of the data.
    pub const ADMINISTRATION: &[Self] = &[
        Self::SessionRequests,
        Self::Database,
        Self::LogCleanup,
        Self::ExportPermissions,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::SessionRequests => "Session requests",
            Self::Probes => "Probes",
            Self::Database => "Database",
            Self::LogCleanup => "Log clean-up",
            Self::ExportPermissions => "Permissions",
        }
    }

    /// Returns whether only the database of a hub has what the page shows.
    pub fn needs_hub(self) -> bool {
        match self {
            Self::SessionRequests | Self::Probes | Self::LogCleanup => true,
            Self::Database | Self::ExportPermissions => false,
        }
    }

    /// Returns the route that the link in the menu leads to.
    pub fn route(self) -> Route {
        match self {
            Self::SessionRequests => Route::session(None),
            Self::Probes => Route::Probes(ProbesRoute::default()),
            Self::Database => Route::Database,
            Self::LogCleanup => Route::LogCleanup,
            Self::ExportPermissions => Route::ExportPermissions,
        }
    }
}

/// Percent-encodes a text as one path segment.
pub fn path_part(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_link_leads_to_the_same_place() {
        for (path, query) in [
            ("/usage-logs", ""),
            ("/usage-logs", "?user=3"),
            ("/a", "?exclude_200=true&columns=model,key_name"),
            ("/admin", ""),
            ("/admin/sessions", ""),
            ("/admin/sessions/0199f3a2-77aa", ""),
            ("/admin/sessions/0199f3a2-77aa", "?request=3&part=headers"),
            ("/admin/database", ""),
            ("/admin/log-cleanup", ""),
            ("/probes", ""),
            ("/probes/3", "?search=time+out&zone=Asia%2FShanghai"),
            ("/probes/main", ""),
            ("/alerts", "?workspace=7&severity=critical"),
            ("/my-data", "?start=2026-01-01"),
            ("/admin/bulk", ""),
            ("/exports", ""),
            ("/exports", "?status=failed&workspace=7"),
            ("/schedules", ""),
            ("/schedules", "?all=true&offset=25"),
            ("/statistics", ""),
            ("/statistics", "?all=true&days=7"),
            ("/admin/export-permissions", ""),
            ("/exports/0195b7e2-a5f0-7cc3-a1f0-4d7e1b2c3d4e", ""),
        ] {
            assert_eq!(Route::parse(path, query).url(), format!(".{path}{query}"));
        }
    }

    #[test]
    fn the_bare_address_names_no_dataset() {
        let first = Route::Dataset {
            name: None,
            selection: Selection::default(),
        };
        assert_eq!(Route::parse("/", ""), first);
        assert_eq!(first.url(), "./");
    }

    #[test]
    fn another_workspace_keeps_the_filters_and_begins_with_the_first_row() {
        let route = Route::parse("/alerts", "?workspace=7&severity=critical&after=abc.100");
        assert_eq!(route.workspace(), Some("7"));
        let other = route.in_workspace("8");
        assert_eq!(other.url(), "./alerts?workspace=8&severity=critical");
        assert_eq!(Route::Database.in_workspace("8"), Route::Database);
    }

    #[test]
    fn an_id_may_hold_what_means_something_in_an_address() {
        for session in ["a/b", "a.b", "a?b#c", "100%", "会话 😀", "a+b"] {
            let route = Route::session(Some(session.to_owned()));
            let address = route.url();
            let path = address.trim_start_matches('.');
            assert!(!path.contains(['.', '?', '#']), "{address}");
            assert_eq!(Route::parse(&address, ""), route);
        }
    }

    #[test]
    fn every_page_for_administrators_begins_in_itself() {
        for page in [AdminPage::ADMINISTRATION, &[AdminPage::Probes]].concat() {
            let route = page.route();
            assert_eq!(route.admin_page(), Some(page));
            assert_eq!(Route::parse(&route.url(), ""), route);
        }
    }
}
