//! A role that may create in the schema `public`, and makes functions and operators for others to run (CVE-2018-1058).

use crate::database::Database;

impl Database {
    /// Lets a plain role make overloads of everything that PostgreSQL has. Returns a superuser that looks for functions in
    /// `public` first.
    pub async fn make_hostile(&self) -> String {
        let name = self.text("select current_database()").await;
        let name = name.expect("it has a name");
        let (plain, superuser) = (format!("hostile_of_{name}"), format!("superuser_of_{name}"));
        let overloads = include_str!("hostile.sql");
        self.execute(format!(
            "create role {plain}; grant create on schema public to {plain}; \
             create role {superuser} login superuser; alter role {superuser} set search_path = public, pg_catalog; \
             set role {plain}; {overloads}"
        ))
        .await;
        superuser
    }

    /// Whether one of those overloads has run since they were made.
    pub async fn has_run_hostile(&self) -> bool {
        self.text("select is_called from public.taken").await.as_deref() != Some("false")
    }
}
