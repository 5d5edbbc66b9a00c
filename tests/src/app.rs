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

    /// A server whose role may do with this database whatever it likes, but may make no other. There is a schema `aside`
    /// now, with something of every kind.
    ///
    /// # Panics
    /// If the role cannot be made.
    pub async fn server_of_owner(&self, settings: Settings<'_>) -> Server {
        let name = self.database.text("select current_database()").await;
        let name = name.expect("it has a name");
        let role = format!("owner_of_{name}");
        self.database
            .execute(format!(
                "create role {role} login; alter database {name} owner to {role}; \
                 do $$ declare t regclass; begin \
                 for t in select oid from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace loop \
                 execute format('alter table %s owner to {role}', t); end loop; end $$; \
                 set role {role}; create schema aside; create type aside.mood as enum ('good', 'bad'); \
                 create table aside.moods (id serial primary key, mood aside.mood default 'good'); \
                 insert into aside.moods default values; create view aside.all_moods as select * from aside.moods; \
                 create function aside.one() returns int language sql as 'select 1'"
            ))
            .await;
        let dsn = self
            .database
            .dsn
            .replacen("user=postgres", &format!("user={role}"), 1);
        Server::start(&[&[("DSN", dsn.as_str())], settings].concat()).await
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
