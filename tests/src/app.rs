//! A server on a database of its own, and its clients.

use crate::actors::Actor;
use crate::database::{Database, HubUser};
use crate::definitions::Definitions;
use crate::program::Settings;
use crate::server::{ADMIN_TOKEN, Server};

#[derive(Debug)]
pub struct App {
    // Before the database: fields are dropped in their order.
    pub server: Server,
    pub database: Database,
}

impl App {
    /// Starts a server on a new database with demo rows.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    pub async fn start_with(settings: Settings<'_>) -> Self {
        Self::start_on(Database::new().await, settings).await
    }

    /// Starts a server with additional datasets and settings.
    pub async fn start_with_datasets(definitions: &[&str], settings: Settings<'_>) -> Self {
        // The program reads the files at its start only, so the folder may go afterwards.
        let definitions = Definitions::of(definitions);
        Self::start_with(&[&[definitions.setting()], settings].concat()).await
    }

    pub async fn start_on(database: Database, settings: Settings<'_>) -> Self {
        let server = Server::start(&[&[("DSN", database.dsn.as_str())], settings].concat()).await;
        Self { server, database }
    }

    /// Starts a second server whose role owns this database but may not create others. Adds a schema `aside` with an
    /// object of every kind.
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
                 do $$ declare t regtype; begin \
                 for t in select oid from pg_type where typtype = 'e' and typnamespace = 'public'::regnamespace loop \
                 execute format('alter type %s owner to {role}', t); end loop; end $$; \
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

    pub fn anonymous(&self) -> Actor {
        Actor::new(&self.server.address)
    }

    pub fn admin(&self) -> Actor {
        self.anonymous().with_token(ADMIN_TOKEN)
    }

    /// Returns a client of a hub user who has usage rows, and that user.
    pub async fn user(&self) -> (Actor, HubUser) {
        let user = self.database.busy_user().await;
        (self.anonymous().with_token(&user.key), user)
    }

    /// Returns two clients of a new user of the hub who is an administrator. The key of the second one has no web access, so that it
    /// shows the user's own rows only.
    pub async fn boss_with_a_restricted_key(&self) -> (Actor, Actor) {
        let boss = self.database.new_user("Boss").await;
        let restricted = format!("{}-restricted", boss.key);
        self.database
            .execute(format!(
                "update users set role = 'admin' where id = {}; \
                 insert into keys (user_id, key, name, is_enabled, can_login_web_ui) \
                 values ({}, '{restricted}', 'api', true, false)",
                boss.id, boss.id
            ))
            .await;
        let client = |key: &str| self.anonymous().with_token(key);
        (client(&boss.key), client(&restricted))
    }
}
