//! Statements of a dump that need something which the other server may not have: extensions, policies with their
//! roles, tablespaces.
//!
//! They are read from the script of `pg_restore`, parsed, and written anew with names that PostgreSQL quotes.

use std::collections::BTreeSet;

use sqlx::{PgConnection, query_scalar};
use tokio::io::{AsyncBufReadExt, BufReader};
use wasm_export::dump::{Entry, LARGE_OBJECTS, TABLE_DATA, Toc};

use super::error::RestoreError;
use super::load::Loader;
use super::row_counts::TableName;
use super::statement::{attempt, render};
use crate::database::tools::{read_stderr, spawn_piped};

/// Kinds whose statements are parsed. They contain no text of functions, which could look like a statement.
const PARSED: [&str; 2] = ["EXTENSION", "POLICY"];

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
    /// Reads the definitions of a dump.
    ///
    /// # Errors
    /// [`RestoreError::Damaged`], [`RestoreError::Io`].
    pub async fn read(loader: &Loader<'_>, toc: &Toc) -> Result<Self, RestoreError> {
        let mut definitions = Self::default();
        let is_parsed = |entry: &&Entry| PARSED.contains(&entry.kind.as_str());
        let parsed: Vec<u32> = toc
            .entries
            .iter()
            .filter(is_parsed)
            .map(|entry| entry.dump_id)
            .collect();
        if !parsed.is_empty() {
            definitions
                .read_script(loader, &parsed, Self::take_statement)
                .await?;
        }
        let others: Vec<u32> = toc
            .entries
            .iter()
            .filter(|entry| !is_parsed(entry) && ![TABLE_DATA, LARGE_OBJECTS].contains(&entry.kind.as_str()))
            .map(|entry| entry.dump_id)
            .collect();
        definitions
            .read_script(loader, &others, Self::take_tablespace)
            .await?;
        Ok(definitions)
    }

    async fn read_script(
        &mut self,
        loader: &Loader<'_>,
        entries: &[u32],
        take: fn(&mut Self, &str),
    ) -> Result<(), RestoreError> {
        let list = loader.write_list(entries)?;
        let (mut child, stdout, stderr) = spawn_piped(loader.command(&list).arg("--file=-"))?;
        let reading = async {
            let mut lines = BufReader::new(stdout).split(b'\n');
            while let Some(line) = lines.next_segment().await? {
                take(self, &String::from_utf8_lossy(&line));
            }
            Ok::<(), std::io::Error>(())
        };
        let (read, errors) = tokio::join!(reading, read_stderr(stderr));
        read?;
        match child.wait().await?.success() {
            true => Ok(()),
            false => Err(RestoreError::Damaged(errors)),
        }
    }

    fn take_statement(&mut self, line: &str) {
        let tokens = tokens(line);
        let tokens = Tokens(&tokens);
        if let Some(extension) = Extension::parse(&mut tokens.clone()) {
            self.extensions.push(extension);
        } else if let Some(policy) = Policy::parse(&mut tokens.clone()) {
            self.policies.push(policy);
        }
    }

    fn take_tablespace(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("SET default_tablespace = ")
            && let [Token::Name(name) | Token::Quoted(name), Token::Sign(';')] = &tokens(name)[..]
        {
            self.tablespaces.insert(name.clone());
        }
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
    fn parse(tokens: &mut Tokens<'_>) -> Option<Self> {
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
    fn parse(tokens: &mut Tokens<'_>) -> Option<Self> {
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

/// A piece of a statement. Only the part of a statement before its expressions is parsed, so literals need no piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword or a name.
    Name(String),
    /// A name in double quotes, without them.
    Quoted(String),
    Sign(char),
}

pub(super) fn tokens(line: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut letters = line.chars().peekable();
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    while let Some(letter) = letters.next() {
        if letter == '"' {
            let mut name = String::new();
            while let Some(letter) = letters.next() {
                match letter {
                    '"' if letters.next_if_eq(&'"').is_some() => name.push('"'),
                    '"' => break,
                    letter => name.push(letter),
                }
            }
            tokens.push(Token::Quoted(name));
        } else if is_name(letter) {
            let mut name = String::from(letter);
            while let Some(letter) = letters.next_if(|letter| is_name(*letter)) {
                name.push(letter);
            }
            tokens.push(Token::Name(name));
        } else if !letter.is_whitespace() {
            tokens.push(Token::Sign(letter));
        }
    }
    tokens
}

#[derive(Clone)]
pub(super) struct Tokens<'a>(pub &'a [Token]);

impl Tokens<'_> {
    /// Takes these keywords, all or none.
    pub fn words(&mut self, words: &str) -> Option<()> {
        let count = words.split(' ').count();
        let found = self.0.get(..count)?;
        let is_same = found
            .iter()
            .zip(words.split(' '))
            .all(|(token, word)| matches!(token, Token::Name(name) if name == word));
        is_same.then(|| self.0 = &self.0[count..])
    }

    pub fn name(&mut self) -> Option<String> {
        let (Token::Name(name) | Token::Quoted(name), rest) = self.0.split_first()? else {
            return None;
        };
        self.0 = rest;
        Some(name.clone())
    }

    pub fn sign(&mut self, sign: char) -> Option<()> {
        let is_next = self.0.first() == Some(&Token::Sign(sign));
        is_next.then(|| self.0 = &self.0[1..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(statement: &str) -> Definitions {
        let mut definitions = Definitions::default();
        definitions.take_statement(statement);
        definitions
    }

    #[test]
    fn a_policy_has_its_roles() {
        let found = read(
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
        assert_eq!(
            read("CREATE POLICY a ON public.t USING (true);"),
            Definitions::default()
        );
        assert!(!read("CREATE POLICY a ON public.t TO b USING (true);").policies[0].is_restrictive);
    }

    #[test]
    fn an_extension_has_its_schema() {
        let found = read("CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public;");
        assert_eq!(
            found.extensions,
            [Extension {
                name: "uuid-ossp".to_owned(),
                schema: "public".to_owned()
            }]
        );
    }

    #[test]
    fn a_tablespace_is_named() {
        let mut definitions = Definitions::default();
        for line in [
            "SET default_tablespace = \"Fast one\";",
            "SET default_tablespace = fast;",
            "SET default_tablespace = '';",
        ] {
            definitions.take_tablespace(line);
        }
        let expected = ["Fast one", "fast"].map(str::to_owned);
        assert_eq!(definitions.tablespaces, expected.into());
    }
}
