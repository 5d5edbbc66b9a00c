//! The privileges of a dump, and its default privileges.
//!
//! `pg_restore` sends all privileges of an object as one string, which PostgreSQL runs as one transaction. A grant to a role
//! that does not exist would undo the `REVOKE … FROM PUBLIC` beside it. Decant therefore runs each statement by itself.
//!
//! The statements are texts of the dump. The extended protocol takes one a call, and only those are run that begin as
//! `pg_dump` writes them, for objects of the current database.

use std::collections::BTreeSet;

use sqlx::{PgConnection, query, query_scalar};
use wasm_export::dump::Toc;

use super::entry_kind;
use super::error::RestoreError;
use super::load::Loader;
use super::roles::Roles;
use super::script::Script;
use super::sql_tokens::{Token, Tokens, split, tokens};
use super::statement::{attempt, run};

/// More warnings would not fit on the page.
const WARNINGS_MAX: usize = 50;

/// The kinds of objects that belong to one database. Databases, tablespaces and parameters are those of the whole server.
const OBJECTS: [&str; 11] = [
    "TABLE",
    "SEQUENCE",
    "FUNCTION",
    "PROCEDURE",
    "ROUTINE",
    "SCHEMA",
    "TYPE",
    "LARGE OBJECT",
    "LANGUAGE",
    "FOREIGN DATA WRAPPER",
    "FOREIGN SERVER",
];

/// The statements that set the privileges of a dump, in its order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Privileges(Vec<Statement>);

#[derive(Debug, PartialEq, Eq)]
struct Statement {
    sql: String,
    kind: Kind,
    /// The roles that it names.
    roles: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Grant,
    Revoke,
    /// `ALTER DEFAULT PRIVILEGES`.
    Default,
    /// The search path of the statements that follow, in dumps by `pg_dump` 10 and older.
    SearchPath,
    /// A text that is not run.
    Unknown,
}

impl Privileges {
    /// Reads the privileges of a dump.
    ///
    /// # Errors
    /// [`RestoreError::Damaged`], [`RestoreError::TooLarge`], [`RestoreError::Io`], [`RestoreError::Database`].
    pub async fn read(
        loader: &Loader<'_>,
        toc: &Toc,
        connection: &mut PgConnection,
    ) -> Result<Self, RestoreError> {
        let entries = toc.entries.iter().filter(|entry| entry_kind::is_privilege(entry));
        let entries: Vec<u32> = entries.map(|entry| entry.dump_id).collect();
        if entries.is_empty() {
            return Ok(Self::default());
        }
        let script = Script::read(loader, &entries, None).await?;
        let text = script.text(connection).await?;
        Ok(Self::parse(&text))
    }

    fn parse(script: &str) -> Self {
        Self(split(script).into_iter().filter_map(Statement::parse).collect())
    }

    /// Sets the privileges within an open transaction, after all objects are there and while `roles.holder` owns them. Returns
    /// warnings.
    ///
    /// Only the holder grants, so that a dump grants nothing on objects of others, such as functions of PostgreSQL that read
    /// files. Decant's own role revokes, because objects of extensions are not the holder's.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn set(&self, connection: &mut PgConnection, roles: Roles<'_>) -> sqlx::Result<Vec<String>> {
        let Self(statements) = self;
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        let named: Vec<&String> = statements.iter().flat_map(|one| &one.roles).collect();
        let missing: Vec<String> = query_scalar(
            "select distinct name from pg_catalog.unnest($1::pg_catalog.text[]) name \
             where not exists (select from pg_catalog.pg_roles where rolname operator(pg_catalog.=) name) order by name",
        )
        .bind(named)
        .fetch_all(&mut *connection)
        .await?;
        let own: String = query_scalar("select current_user::pg_catalog.text")
            .fetch_one(&mut *connection)
            .await?;
        let search_path: String = query_scalar("select pg_catalog.current_setting('search_path')")
            .fetch_one(&mut *connection)
            .await?;
        set_search_path(connection, "").await?;
        let (mut absent, mut refused) = (BTreeSet::new(), Vec::new());
        let mut acting = own.as_str();
        for statement in statements {
            let names = statement.roles.iter().filter(|role| missing.contains(role));
            let names: Vec<&String> = names.collect();
            if !names.is_empty() {
                absent.extend(names);
                continue;
            }
            let role = match statement.kind {
                Kind::Grant => roles.holder,
                Kind::SearchPath => {
                    set_search_path(connection, &statement.sql).await?;
                    continue;
                }
                Kind::Unknown => {
                    refused.push(format!("Decant does not know it. Command was: {}", statement.sql));
                    continue;
                }
                Kind::Revoke | Kind::Default => &own,
            };
            if role != acting {
                match role == own {
                    true => query("reset role").execute(&mut *connection).await.map(drop)?,
                    false => run(connection, "set local role %I", [role]).await?,
                }
                acting = role;
            }
            if let Err(why) = attempt(connection, statement.sql.clone()).await? {
                refused.push(format!("{why}. Command was: {}", statement.sql));
            }
        }
        if acting != own {
            query("reset role").execute(&mut *connection).await?;
        }
        set_search_path(connection, &search_path).await?;
        Ok(warnings(&absent, &refused))
    }
}

fn warnings(absent: &BTreeSet<&String>, refused: &[String]) -> Vec<String> {
    let mut warnings = Vec::new();
    let listed = refused.iter().take(WARNINGS_MAX);
    warnings.extend(listed.map(|refused| format!("A privilege was not restored: {refused}")));
    if refused.len() > WARNINGS_MAX {
        let more = refused.len() - WARNINGS_MAX;
        warnings.push(format!("{more} more privileges were not restored"));
    }
    if !absent.is_empty() {
        let roles: Vec<&str> = absent.iter().map(|role| role.as_str()).collect();
        warnings.push(format!(
            "Privileges of roles that do not exist here were not restored: {}",
            roles.join(", ")
        ));
    }
    warnings
}

async fn set_search_path(connection: &mut PgConnection, path: &str) -> sqlx::Result<()> {
    let set = query("select pg_catalog.set_config('search_path', $1, true)").bind(path);
    set.execute(connection).await.map(drop)
}

impl Statement {
    /// Parses a statement of the script. Returns `None` for one that sets no privilege: parameters of the session, and the
    /// role that granted, because the owner grants here.
    fn parse(sql: &str) -> Option<Self> {
        let tokens = tokens(sql);
        let mut rest = Tokens(&tokens);
        if let Some(path) = search_path(&mut rest.clone()) {
            return Some(Self {
                sql: path,
                kind: Kind::SearchPath,
                roles: Vec::new(),
            });
        }
        if !matches!(tokens.first(), Some(Token::Name(word)) if ["GRANT", "REVOKE", "ALTER"].contains(&word.as_str()))
        {
            return None;
        }
        let mut roles = Vec::new();
        let kind = match rest.words("ALTER DEFAULT PRIVILEGES FOR ROLE") {
            Some(()) => rest.name().map(|role| {
                roles.push(role);
                Kind::Default
            }),
            None => on_object(&mut rest),
        };
        let kind = kind.unwrap_or(Kind::Unknown);
        roles.extend(grantee(&tokens));
        Some(Self {
            sql: sql.to_owned(),
            kind,
            roles,
        })
    }
}

/// Parses the beginning of `GRANT SELECT(id),INSERT ON TABLE …` up to the kind of the object.
fn on_object(tokens: &mut Tokens<'_>) -> Option<Kind> {
    let kind = match tokens.words("GRANT") {
        Some(()) => Kind::Grant,
        None => {
            tokens.words("REVOKE")?;
            Kind::Revoke
        }
    };
    while tokens.words("ON").is_none() {
        // No sign of a comment or a text, in which the word could stand.
        let sign = [',', '(', ')'].into_iter().find_map(|sign| tokens.sign(sign));
        if sign.is_none() {
            tokens.name()?;
        }
    }
    let mut objects = OBJECTS.into_iter();
    objects
        .any(|object| tokens.words(object).is_some())
        .then_some(kind)
}

/// Returns the role that a statement grants to or revokes from; `None` for `PUBLIC`. These keywords are reserved, so a name
/// like them is in quotes.
fn grantee(tokens: &[Token]) -> Option<String> {
    let is_before = |token: &Token| matches!(token, Token::Name(word) if word == "TO" || word == "FROM");
    let at = tokens.iter().rposition(is_before)?;
    match tokens.get(at + 1)? {
        Token::Name(name) if name == "PUBLIC" => None,
        Token::Name(name) | Token::Quoted(name) => Some(name.clone()),
        Token::Sign(_) => None,
    }
}

/// Parses `SET search_path = public, pg_catalog;` and returns the value for `set_config`.
fn search_path(tokens: &mut Tokens<'_>) -> Option<String> {
    tokens.words("SET search_path")?;
    tokens.sign('=')?;
    let mut schemas = vec![tokens.name()?];
    while tokens.sign(',').is_some() {
        schemas.push(tokens.name()?);
    }
    let quoted = schemas
        .iter()
        .map(|name| format!("\"{}\"", name.replace('"', "\"\"")));
    Some(quoted.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(sql: &str) -> (Kind, Vec<String>) {
        let statement = Statement::parse(sql).expect("it sets a privilege");
        (statement.kind, statement.roles)
    }

    #[test]
    fn a_statement_has_its_kind_and_its_roles() {
        assert_eq!(
            parsed("GRANT SELECT(\"ON x\"),INSERT(b) ON TABLE public.\"TO\" TO \"a b\" WITH GRANT OPTION"),
            (Kind::Grant, vec!["a b".to_owned()])
        );
        assert_eq!(
            parsed("REVOKE ALL ON LARGE OBJECT 4711 FROM PUBLIC"),
            (Kind::Revoke, vec![])
        );
        assert_eq!(
            parsed(
                "ALTER DEFAULT PRIVILEGES FOR ROLE hub IN SCHEMA s GRANT ALL ON LARGE OBJECTS TO \"x\ny\""
            ),
            (Kind::Default, vec!["hub".to_owned(), "x\ny".to_owned()])
        );
        assert_eq!(Statement::parse("SET SESSION AUTHORIZATION postgres"), None);
        let path = Statement::parse("SET search_path = public, \"a\"\"b\"");
        assert_eq!(path.unwrap().sql, "\"public\", \"a\"\"b\"");
    }

    #[test]
    fn only_privileges_of_objects_of_the_database_are_known() {
        for hostile in [
            "GRANT postgres TO plain",
            "REVOKE ALL ON DATABASE hub FROM app",
            "REVOKE ALL /* ON TABLE t */ ON DATABASE hub FROM app",
            "REVOKE ALL -- ON TABLE t\n ON DATABASE hub FROM app",
            "GRANT SET ON PARAMETER log_destination TO plain",
            "ALTER ROLE plain SUPERUSER",
            "ALTER DEFAULT PRIVILEGES",
        ] {
            assert_eq!(parsed(hostile).0, Kind::Unknown, "{hostile}");
        }
    }
}
