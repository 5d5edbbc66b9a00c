//! The page's address: where the visitor is. A reload or a shared link shows the same again.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::selection::Selection;

/// A route in the page. A dataset's name holds no `/`, so no dataset can stand in the way of another route.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// `/usage-logs?user=3&zone=Asia/Shanghai`: a dataset.
    Dataset {
        /// Its name; `None`: the first there is.
        name: Option<String>,
        /// What of it.
        selection: Selection,
    },
    /// `/admin/sessions/0199f3a2-77aa`: the stored requests of a session.
    SessionRequests {
        /// The session's id; `None`: it is yet to be asked for.
        session: Option<String>,
    },
    /// `/admin/database`: the database as a whole.
    Database,
    /// `/admin/log-cleanup`: old rows of the log deleted.
    LogCleanup,
}

/// A page for administrators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminPage {
    /// The stored requests of sessions.
    SessionRequests,
    /// The database as a whole.
    Database,
    /// Old rows of the log deleted.
    LogCleanup,
}

/// What is escaped in a part of a path. The dot is, too: the server takes a path that ends in `name.ending` for a file.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

impl Route {
    /// Reads an address: its path, and its query with or without the `?`.
    #[must_use]
    pub fn parse(path: &str, query: &str) -> Self {
        let path = path.trim_matches('/');
        match path.split('/').collect::<Vec<_>>()[..] {
            ["admin", "sessions"] => Self::SessionRequests { session: None },
            ["admin", "sessions", session] => {
                let session = percent_decode_str(session).decode_utf8_lossy().into_owned();
                Self::SessionRequests {
                    session: Some(session),
                }
            }
            ["admin", "database"] => Self::Database,
            ["admin", "log-cleanup"] => Self::LogCleanup,
            _ => Self::Dataset {
                name: (!path.is_empty()).then(|| path.to_owned()),
                selection: Selection::parse(query.trim_start_matches('?')),
            },
        }
    }

    /// The address, without the server's name.
    #[must_use]
    pub fn url(&self) -> String {
        match self {
            Self::Dataset { name, selection } => {
                let name = name.as_deref().unwrap_or_default();
                match selection.query() {
                    query if query.is_empty() => format!("/{name}"),
                    query => format!("/{name}?{query}"),
                }
            }
            Self::SessionRequests { session: None } => "/admin/sessions".to_owned(),
            Self::SessionRequests {
                session: Some(session),
            } => format!("/admin/sessions/{}", path_part(session)),
            Self::Database => "/admin/database".to_owned(),
            Self::LogCleanup => "/admin/log-cleanup".to_owned(),
        }
    }

    /// The page for administrators that the route is in, if it is in one.
    #[must_use]
    pub fn admin_page(&self) -> Option<AdminPage> {
        match self {
            Self::Dataset { .. } => None,
            Self::SessionRequests { .. } => Some(AdminPage::SessionRequests),
            Self::Database => Some(AdminPage::Database),
            Self::LogCleanup => Some(AdminPage::LogCleanup),
        }
    }
}

impl AdminPage {
    /// All of them, in the order of the menu.
    pub const ALL: &[Self] = &[Self::SessionRequests, Self::Database, Self::LogCleanup];

    /// What it is called.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::SessionRequests => "Session requests",
            Self::Database => "Database",
            Self::LogCleanup => "Log clean-up",
        }
    }

    /// Where it begins.
    #[must_use]
    pub fn route(self) -> Route {
        match self {
            Self::SessionRequests => Route::SessionRequests { session: None },
            Self::Database => Route::Database,
            Self::LogCleanup => Route::LogCleanup,
        }
    }
}

/// A text as one part of a path.
#[must_use]
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
            ("/admin/database", ""),
            ("/admin/log-cleanup", ""),
        ] {
            assert_eq!(Route::parse(path, query).url(), format!("{path}{query}"));
        }
    }

    #[test]
    fn the_bare_address_names_no_dataset() {
        let first = Route::Dataset {
            name: None,
            selection: Selection::default(),
        };
        assert_eq!(Route::parse("/", ""), first);
        assert_eq!(first.url(), "/");
    }

    #[test]
    fn an_id_may_hold_what_means_something_in_an_address() {
        for session in ["a/b", "a.b", "a?b#c", "100%", "会话 😀", "a+b"] {
            let route = Route::SessionRequests {
                session: Some(session.to_owned()),
            };
            let address = route.url();
            assert!(!address.contains(['.', '?', '#']), "{address}");
            assert_eq!(Route::parse(&address, ""), route);
        }
    }

    #[test]
    fn every_page_for_administrators_begins_in_itself() {
        for page in AdminPage::ALL {
            let route = page.route();
            assert_eq!(route.admin_page(), Some(*page));
            assert_eq!(Route::parse(&route.url(), ""), route);
        }
    }
}
