//! Statements of a dump that need something which the other server may not have: extensions, policies with their
//! roles, tablespaces.
//!
//! The table of contents has the definition of each entry. Only the beginning is parsed, up to the first expression, and
//! written anew with names that PostgreSQL quotes.

use std::collections::BTreeSet;

use sqlx::{PgConnection, query_scalar};
use wasm_export::dump::{Entry, Toc};

use super::row_counts::TableName;
use super::sql_tokens::{Tokens, tokens};
use super::statement::{attempt, render};

/// The name of the policy that hides all rows of a table while a restrictive policy of it is missing.
pub(super) const GUARD: &str = "decant_policy_is_missing";

/// The condition of that policy.
const NO_ROW: &str = "(false)";

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Definitions {
    pub extensions: Vec<Extension>,
    pub policies: Vec<Policy>,
    pub tablespaces: BTreeSet<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Extension {
    pub name: String,
    pub schema: String,
}

/// A policy that names roles.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub table: TableName,
    pub name: String,
    pub roles: Vec<String>,
    pub is_restrictive: bool,
}

impl Definitions {
    /// Reads the definitions of a dump from its table of contents. An entry adds nothing but what its own kind and name say.
    #[must_use]
    pub fn read(toc: &Toc) -> Self {
        let mut definitions = Self::default();
        toc.entries.iter().for_each(|entry| definitions.take(entry));
        definitions
    }

    fn take(&mut self, entry: &Entry) {
        let tokens = tokens(&entry.definition);
        match entry.kind.as_str() {
            "EXTENSION" => {
                let extension = Extension::parse(Tokens(&tokens));
                self.extensions
                    .extend(extension.filter(|extension| extension.name == entry.name));
            }
            "POLICY" => {
                let policy = Policy::parse(Tokens(&tokens));
                self.policies.extend(policy.filter(|policy| policy.is_of(entry)));
            }
            _ => {}
        }
        self.tablespaces.extend(entry.tablespace.clone());
    }

    /// Returns the policies that name a role which does not exist here.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn policies_of_missing_roles(
        self,
        connection: &mut PgConnection,
    ) -> sqlx::Result<(Self, Vec<(Policy, Vec<String>)>)> {
        let mut left_out = Vec::new();
        let mut rest = Self {
            policies: Vec::new(),
            ..self
        };
        for policy in self.policies {
            let missing: Vec<String> = query_scalar(
                "select name from pg_catalog.unnest($1::pg_catalog.text[]) name \
                 where not exists (select from pg_catalog.pg_roles where rolname operator(pg_catalog.=) name)",
            )
            .bind(&policy.roles)
            .fetch_all(&mut *connection)
            .await?;
            match missing.is_empty() {
                true => rest.policies.push(policy),
                false => left_out.push((policy, missing)),
            }
        }
        Ok((rest, left_out))
    }

    /// Returns the tablespaces in which Decant's role may not create here, or which do not exist.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn unusable_tablespaces(&self, connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
        let names: Vec<&String> = self.tablespaces.iter().collect();
        query_scalar(
            "select name from pg_catalog.unnest($1::pg_catalog.text[]) name \
             where not exists (select from pg_catalog.pg_tablespace where spcname operator(pg_catalog.=) name \
                 and pg_catalog.has_tablespace_privilege(oid, 'create'))",
        )
        .bind(names)
        .fetch_all(connection)
        .await
    }
}

impl Extension {
    /// Parses `CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;`.
    fn parse(mut tokens: Tokens<'_>) -> Option<Self> {
        tokens.words("CREATE EXTENSION IF NOT EXISTS")?;
        let name = tokens.name()?;
        tokens.words("WITH SCHEMA")?;
        Some(Self {
            name,
            schema: tokens.name()?,
        })
    }
}

impl Policy {
    /// Parses `CREATE POLICY own ON public.notes AS RESTRICTIVE FOR SELECT TO a, b USING (…);`. Returns `None` for a policy
    /// without roles.
    fn parse(mut tokens: Tokens<'_>) -> Option<Self> {
        tokens.words("CREATE POLICY")?;
        let name = tokens.name()?;
        tokens.words("ON")?;
        let schema = tokens.name()?;
        tokens.sign('.')?;
        let table = TableName {
            schema,
            name: tokens.name()?,
        };
        let is_restrictive = tokens.words("AS RESTRICTIVE").is_some();
        if tokens.words("FOR").is_some() {
            tokens.name()?;
        }
        tokens.words("TO")?;
        let mut roles = vec![tokens.name()?];
        while tokens.sign(',').is_some() {
            roles.push(tokens.name()?);
        }
        Some(Self {
            table,
            name,
            roles,
            is_restrictive,
        })
    }

    /// Returns whether this is the policy of an entry, whose name is that of the table and that of the policy.
    pub fn is_of(&self, entry: &Entry) -> bool {
        entry.kind == "POLICY"
            && entry.schema.as_deref() == Some(&self.table.schema)
            && entry.name == format!("{} {}", self.table.name, self.name)
    }

    /// Hides all rows of the table from roles with policies, because the other policies alone would show more rows.
    ///
    /// # Errors
    /// The policy cannot be created.
    pub async fn guard_table(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let guard = format!("create policy %I on %I.%I as restrictive using {NO_ROW}");
        let guard = render(connection, &guard, [GUARD, &self.table.schema, &self.table.name]).await?;
        match attempt(connection, guard).await? {
            Ok(()) => Ok(()),
            Err(message) if message.contains(GUARD) => Ok(()),
            Err(message) => Err(sqlx::Error::Protocol(message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_export::dump::EntryData;

    use super::*;

    fn read(kind: &str, name: &str, definition: &str) -> Definitions {
        let mut definitions = Definitions::default();
        definitions.take(&Entry {
            dump_id: 1,
            kind: kind.to_owned(),
            schema: Some("public".to_owned()),
            name: name.to_owned(),
            definition: definition.to_owned(),
            is_post_data: false,
            tablespace: None,
            owner: "hub".to_owned(),
            data: EntryData::None,
        });
        definitions
    }

    #[test]
    fn a_policy_has_its_roles() {
        let found = read(
            "POLICY",
            "Notes own \"one\"",
            "CREATE POLICY \"own \"\"one\"\"\" ON public.\"Notes\" AS RESTRICTIVE FOR SELECT TO tenant, \"A b\" USING ((owner = 'x'::text));",
        );
        assert_eq!(
            found.policies,
            [Policy {
                table: TableName {
                    schema: "public".to_owned(),
                    name: "Notes".to_owned()
                },
                name: "own \"one\"".to_owned(),
                roles: vec!["tenant".to_owned(), "A b".to_owned()],
                is_restrictive: true,
            }]
        );
        let of_all = read("POLICY", "t a", "CREATE POLICY a ON public.t USING (true);");
        assert_eq!(of_all, Definitions::default());
        let permissive = read("POLICY", "t a", "CREATE POLICY a ON public.t TO b USING (true);");
        assert!(!permissive.policies[0].is_restrictive);
    }

    #[test]
    fn an_extension_has_its_schema() {
        let create = "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public;";
        assert_eq!(
            read("EXTENSION", "uuid-ossp", create).extensions,
            [Extension {
                name: "uuid-ossp".to_owned(),
                schema: "public".to_owned()
            }]
        );
    }

    #[test]
    fn an_entry_defines_nothing_but_itself() {
        let literal = "CREATE POLICY a ON public.t USING ((x = '\nCREATE EXTENSION IF NOT EXISTS dblink WITH SCHEMA public;\n'::text));";
        assert_eq!(read("POLICY", "t a", literal), Definitions::default());
        let other = "CREATE EXTENSION IF NOT EXISTS dblink WITH SCHEMA public;";
        for (kind, name) in [("EXTENSION", "hstore"), ("POLICY", "t a"), ("TABLE", "dblink")] {
            assert_eq!(read(kind, name, other), Definitions::default(), "{kind}");
        }
    }
}
