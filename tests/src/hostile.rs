//! A role that may create in the schema `public`, and makes functions and operators for others to run (CVE-2018-1058).

use crate::database::Database;

impl Database {
    /// Makes a role that may log in, and create in the schema `public`, as every role may up to PostgreSQL 14.
    pub async fn make_plain_role(&self) -> String {
        let name = self.text("select current_database()").await;
        let role = format!("plain_of_{}", name.expect("it has a name"));
        self.execute(format!(
            "create role {role} login; grant create on schema public to public"
        ))
        .await;
        role
    }

    /// Lets this role make a function that leaves a trace when Decant runs it: `traced()`, which returns 1.
    pub async fn make_traced(&self, role: &str) {
        self.execute(format!(
            "set role {role}; create sequence public.trace; grant all on public.trace to public; \
             create function public.trace_it() returns int language plpgsql as $$ begin \
             perform nextval('public.trace'); return 1; end $$; \
             create function public.traced() returns int language plpgsql immutable as $$ begin \
             return public.trace_it(); end $$"
        ))
        .await;
    }

    /// Whether that function has run.
    pub async fn has_run_traced(&self) -> bool {
        self.text("select is_called from public.trace").await.as_deref() != Some("false")
    }

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
