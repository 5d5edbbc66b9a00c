//! A server on a database of its own, and who may talk to it.

use crate::actors::Actor;
use crate::database::{Database, HubUser};
use crate::definitions::Definitions;
use crate::program::Settings;
use crate::server::{ADMIN_TOKEN, Server};

/// A server on a database of its own.
#[derive(Debug)]
pub struct App {
    // Before the database: fields are dropped in their order.
    /// The running program.
    pub server: Server,
    /// What it exports from.
    pub database: Database,
}

impl App {
    /// A server on a fresh database with demo rows.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with more settings.
    pub async fn start_with(settings: Settings<'_>) -> Self {
        Self::start_on(Database::new().await, settings).await
    }

    /// The same with more datasets and settings.
    pub async fn start_with_datasets(definitions: &[&str], settings: Settings<'_>) -> Self {
        // The program reads them when it starts, and then no more.
        let definitions = Definitions::of(definitions);
        Self::start_with(&[&[definitions.setting()], settings].concat()).await
    }

    /// A server on this database.
    pub async fn start_on(database: Database, settings: Settings<'_>) -> Self {
        let server = Server::start(&[&[("DSN", database.dsn.as_str())], settings].concat()).await;
        Self { server, database }
    }

    /// Somebody who is not signed in.
    #[must_use]
    pub fn anonymous(&self) -> Actor {
        Actor::new(&self.server.address)
    }

    /// The administrator.
    #[must_use]
    pub fn admin(&self) -> Actor {
        self.anonymous().with_token(ADMIN_TOKEN)
    }

    /// A user of the hub who has rows, and who that is.
    pub async fn user(&self) -> (Actor, HubUser) {
        let user = self.database.busy_user().await;
        (self.anonymous().with_token(&user.key), user)
    }
}
