//! Single-letter keys. A visitor can switch them off, because speech input may press them by accident (WCAG 2.1.4).

#[cfg(target_arch = "wasm32")]
mod listener;

#[cfg(target_arch = "wasm32")]
pub use listener::Keys;

/// What a key does. The shell has the first two, a dataset's page the others, a stored request the search, and the list of exports
/// those of its rows and pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAction {
    Activity,
    Help,
    Search,
    Filter,
    ExportMenu,
    Columns,
    Refresh,
    NextRow,
    PreviousRow,
    PreviousPage,
    NextPage,
}

impl KeyAction {
    /// In the order of the list of keys.
    pub const ALL: &[Self] = &[
        Self::Activity,
        Self::Help,
        Self::Search,
        Self::Filter,
        Self::ExportMenu,
        Self::Columns,
        Self::Refresh,
        Self::NextRow,
        Self::PreviousRow,
        Self::PreviousPage,
        Self::NextPage,
    ];

    /// Returns the action of a key (`KeyboardEvent.key`).
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.key() == key)
    }

    pub fn key(self) -> &'static str {
        match self {
            Self::Activity => "a",
            Self::Help => "?",
            Self::Search => "/",
            Self::Filter => "f",
            Self::ExportMenu => "e",
            Self::Columns => "c",
            Self::Refresh => "r",
            Self::NextRow => "j",
            Self::PreviousRow => "k",
            Self::PreviousPage => "[",
            Self::NextPage => "]",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Activity => "Open or close the activity",
            Self::Help => "Show the keys",
            Self::Search => "Search",
            Self::Filter => "Add a filter",
            Self::ExportMenu => "Open the export menu",
            Self::Columns => "Choose columns",
            Self::Refresh => "Refresh the rows",
            Self::NextRow => "Next row",
            Self::PreviousRow => "Previous row",
            Self::PreviousPage => "Previous page",
            Self::NextPage => "Next page",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_key_of_its_own() {
        for action in KeyAction::ALL {
            assert_eq!(KeyAction::from_key(action.key()), Some(*action));
        }
        assert_eq!(KeyAction::from_key("A"), None);
    }
}
