//! The parts of a demo beside the hub's tables.

/// A group of tables of an application beside the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Conversations,
    /// Workspaces with members, brands, monitors, alerts, infringements and actions.
    Brands,
    /// What is known of saved files. Their bytes are in no storage.
    Files,
}

impl Part {
    pub const ALL: [Self; 3] = [Self::Conversations, Self::Brands, Self::Files];

    /// Returns its tables, all in the schema of the demo.
    pub(crate) fn tables(self) -> &'static [&'static str] {
        match self {
            Self::Conversations => &["conversations", "conversation_turns"],
            Self::Brands => &[
                "workspaces",
                "workspace_members",
                "brands",
                "brand_monitors",
                "brand_infringements",
                "brand_alerts",
                "infringement_actions",
            ],
            Self::Files => &["saved_files"],
        }
    }
}
