//! Whether another role may create functions and operators where the SQL of a site's own definitions looks for them.
//!
//! PostgreSQL takes the function whose argument types fit best from all schemas of the search path. A role that may create
//! in one of them can put its own function in the place of PostgreSQL's, and Decant runs it with its own rights
//! (CVE-2018-1058). The SQL of Decant and of the built-in definitions names the schema of each function and operator. It does
//! not set a search path instead: a pooler may give the next statement to another session. And the site's triggers, views
//! and policies need the site's path. The state database has neither: poolers that share sessions are refused, and all that is
//! there is Decant's own. Its sessions search `pg_catalog` alone (`state::State`), so the SQL of background exports names no schemas.

use sqlx::{PgConnection, query_scalar};

/// Returns a `REVOKE` statement for each role that may create in a schema of the search path, besides the schema's owner,
/// superusers, and the role of this connection.
///
/// # Errors
/// What the database answers.
pub(super) async fn revokes(connection: &mut PgConnection) -> sqlx::Result<Vec<String>> {
    query_scalar(
        "select pg_catalog.format('REVOKE CREATE ON SCHEMA %I FROM %s;', n.nspname, \
                case when a.grantee operator(pg_catalog.=) 0 then 'PUBLIC' \
                     else pg_catalog.quote_ident(r.rolname) end) \
         from pg_catalog.unnest(pg_catalog.current_schemas(false)) with ordinality as path (name, place) \
         join pg_catalog.pg_namespace n on n.nspname operator(pg_catalog.=) path.name \
         cross join pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a \
         left join pg_catalog.pg_roles r on r.oid operator(pg_catalog.=) a.grantee \
         where a.privilege_type operator(pg_catalog.=) 'CREATE' \
         and a.grantee operator(pg_catalog.<>) n.nspowner \
         and (r.rolname is null or (r.rolname operator(pg_catalog.<>) current_user and not r.rolsuper)) \
         order by path.place, a.grantee",
    )
    .fetch_all(connection)
    .await
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::catalog::Catalog;
    use crate::hub_tables::HubTables;

    /// A piece of a statement. The text within quotes is left out.
    #[derive(Clone, Debug, PartialEq, Eq)]
    enum Token {
        Word(String),
        /// `=`, `->>`.
        Operator(String),
        /// `(` right behind a word.
        Call,
        /// Another `(`, a `.`, a literal.
        Other(char),
    }

    /// The schemas in which no other role can create: PostgreSQL's own, and the session's temporary one.
    const OWN_SCHEMAS: &[&str] = &["pg_catalog", "pg_temp"];

    /// The files whose SQL runs only in sessions of the state database, which search `pg_catalog` alone.
    const OF_STATE: &[&str] = &["/src/exports/", "/migrations/"];

    /// Syntax that looks like a call of a function. `unnest` of several arrays is the only function here that has to stand
    /// without its schema, so `rows from` takes its place.
    const NO_FUNCTIONS: &[&str] = &[
        "all", "and", "any", "array", "as", "by", "case", "coalesce", "copy", "distinct", "else", "exists",
        "explain", "extract", "filter", "from", "greatest", "join", "lateral", "least", "not", "numeric",
        "on", "or", "row", "select", "then", "values", "varchar", "when", "where", "with",
    ];

    /// Syntax that calls operators by their names.
    const HIDDEN_OPERATORS: &[&str] = &["between", "ilike", "in", "like", "natural", "nullif", "similar"];

    /// Types that are keywords, and so PostgreSQL's own.
    const TYPES: &[&str] = &["bigint", "boolean", "int", "integer", "numeric", "smallint"];

    fn tokens(sql: &str) -> Vec<Token> {
        const OPERATORS: &str = "+-*/<>=~!@#%^&|?";
        let mut tokens = Vec::new();
        let letters: Vec<char> = sql.chars().collect();
        let mut at = 0;
        let run = |from: usize, of: &dyn Fn(char) -> bool| {
            letters[from..]
                .iter()
                .copied()
                .take_while(|letter| of(*letter))
                .collect::<String>()
        };
        while let Some(&letter) = letters.get(at) {
            let rest: String = letters[at..].iter().take(2).collect();
            if rest == "--" {
                at += run(at, &|letter| letter != '\n').chars().count();
            } else if letter == '\'' || letter == '"' {
                at += 2 + run(at + 1, &|other| other != letter).chars().count();
                tokens.push(Token::Other(letter));
            } else if letter == '{' {
                // A part that `format!` or a filter's value fills in.
                at += 1 + run(at, &|letter| letter != '}').chars().count();
                tokens.push(Token::Other('{'));
            } else if letter.is_alphanumeric() || letter == '_' || letter == '$' {
                let word = run(at, &|letter| {
                    letter.is_alphanumeric() || letter == '_' || letter == '$'
                });
                at += word.chars().count();
                tokens.push(Token::Word(word));
            } else if letter == '%' && letters.get(at + 1).is_some_and(|next| next.is_alphanumeric()) {
                // A place of `format()`.
                let place = run(at + 1, &|letter| letter.is_alphanumeric() || letter == '$');
                at += 1 + place.chars().count();
                tokens.push(Token::Other('%'));
            } else if OPERATORS.contains(letter) {
                let operator = run(at, &|letter| OPERATORS.contains(letter));
                at += operator.chars().count();
                tokens.push(Token::Operator(operator));
            } else {
                let follows_word = at > 0 && (letters[at - 1].is_alphanumeric() || letters[at - 1] == '_');
                at += 1;
                match letter {
                    '(' if follows_word => tokens.push(Token::Call),
                    _ if letter.is_whitespace() => {}
                    _ => tokens.push(Token::Other(letter)),
                }
            }
        }
        tokens
    }

    /// The names in a statement that PostgreSQL would look for along the search path, other than tables of the site.
    fn unqualified(sql: &str) -> Vec<String> {
        let tokens = tokens(sql);
        let word = |at: usize| match tokens.get(at) {
            Some(Token::Word(word)) => word.as_str(),
            _ => "",
        };
        let is = |at: usize, letter: char| tokens.get(at) == Some(&Token::Other(letter));
        let calls = |at: usize| tokens.get(at + 1) == Some(&Token::Call);
        // `create table name (column …)`, `copy name (column …)`.
        let is_definition = ["alter", "comment", "copy", "create", "do"].contains(&word(0));
        let is_assignment = |at: usize| {
            let begins = (0..at)
                .rev()
                .find(|&at| ["set", "diagnostics", "where"].contains(&word(at)));
            begins.is_some_and(|at| word(at) != "where")
        };
        let mut found = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let before = at.checked_sub(1);
            let is_qualified =
                before.is_some_and(|dot| is(dot, '.') && dot > 0 && OWN_SCHEMAS.contains(&word(dot - 1)));
            match token {
                Token::Word(name) if name == "operator" => {
                    if !(calls(at) && word(at + 2) == "pg_catalog") {
                        found.push(name.clone());
                    }
                }
                Token::Word(name) => {
                    let is_type = at > 1 && is(at - 1, ':') && is(at - 2, ':');
                    let is_relation =
                        name.starts_with("pg_") && !["pg_catalog", "pg_temp"].contains(&name.as_str());
                    // `into table (column)`, `from function(…) alias (column)`.
                    let is_alias = before.is_some_and(|at| word(at) == "as");
                    let is_list = is_definition
                        || before.is_some_and(|at| {
                            ["into", "ordinality", "recursive"].contains(&word(at)) || is(at, ')')
                        });
                    let is_call = !is_alias
                        && (calls(at) || (is(at + 1, '(') && !is_list))
                        && !NO_FUNCTIONS.contains(&name.as_str());
                    let is_unknown_type = is_type && name != "pg_catalog" && !TYPES.contains(&name.as_str());
                    let is_foreign = is_relation || is_call || is_unknown_type;
                    let is_distinct_from =
                        name == "distinct" && before.is_some_and(|at| ["is", "not"].contains(&word(at)));
                    let is_using = name == "using" && is(at + 1, '(');
                    let is_loop = name == "in" && !is(at + 1, '(');
                    if (HIDDEN_OPERATORS.contains(&name.as_str()) && !is_loop)
                        || is_distinct_from
                        || is_using
                        || (is_foreign && !is_qualified)
                    {
                        found.push(name.clone());
                    }
                }
                Token::Operator(operator) => {
                    let is_all =
                        operator == "*" && (is(at + 1, ')') || is(at + 1, ',') || word(at + 1) == "from");
                    let is_syntax = is_all || (operator == "=" && is_assignment(at));
                    if !is_qualified && !is_syntax {
                        found.push(operator.clone());
                    }
                }
                Token::Call | Token::Other(_) => {}
            }
        }
        found
    }

    /// The literals of a file's program that look like SQL, whole statements or parts.
    fn statements(program: &str) -> Vec<String> {
        const BEGINNINGS: &[&str] = &[
            "select",
            "insert into",
            "update ",
            "delete from",
            "with ",
            "copy (",
            "copy ",
            "create ",
            "drop ",
            "alter ",
            "explain",
            "and ",
            "or ",
            "where ",
            "from ",
            "join ",
            "order by",
            ") ",
            "(",
            "row(",
            "exists (",
            "do $",
        ];
        let program = program.split("#[cfg(test)]").next().unwrap_or_default();
        let mut literals = Vec::new();
        let mut rest = program;
        while let Some(at) = rest.find(['"', '\'', '/']) {
            let (found, after) = (&rest[at..], &rest[at + 1..]);
            if found.starts_with("//") {
                rest = found.split_once('\n').map_or("", |(_, rest)| rest);
            } else if let Some(after) = ["'\"'", "'\\'", "'\\\""]
                .iter()
                .find_map(|quote| found.strip_prefix(quote))
            {
                // A quote, or the beginning of an escaped character, as a character.
                rest = after;
            } else if rest[..at].ends_with("r#")
                && let Some((literal, rest_after)) = after.split_once("\"#")
            {
                literals.push(literal.to_owned());
                rest = rest_after;
            } else if found.starts_with('"') {
                let mut literal = String::new();
                let mut letters = after.chars();
                loop {
                    match letters.next() {
                        Some('\\') => match letters.next() {
                            Some('\n') => {
                                let next = letters.as_str().trim_start();
                                letters = next.chars();
                            }
                            Some('n') => literal.push('\n'),
                            Some(letter) => literal.push(letter),
                            None => break,
                        },
                        Some('"') | None => break,
                        Some(letter) => literal.push(letter),
                    }
                }
                rest = letters.as_str();
                literals.push(literal);
            } else {
                rest = after;
            }
        }
        literals.retain(|literal| {
            let text = literal.trim_start();
            let is_english = text.contains("://") || (text.starts_with("with ") && !text.contains(" as "));
            let begins = !is_english && BEGINNINGS.iter().any(|beginning| text.starts_with(beginning));
            begins
                || [" is not null", "$L", "::", "operator("]
                    .iter()
                    .any(|part| text.contains(part) && text.contains(' '))
        });
        literals
    }

    fn files(folder: &Path, ending: &str, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "tests"].contains(&name.as_str()) {
                    files(&path, ending, found);
                }
            } else if name.ends_with(ending) && name != "tests.rs" {
                found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }

    #[test]
    fn our_sql_names_the_schema_of_each_function_and_operator() {
        let server = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (mut programs, mut scripts) = (Vec::new(), Vec::new());
        files(server, ".rs", &mut programs);
        files(server, ".sql", &mut scripts);
        let of_programs = programs
            .iter()
            .flat_map(|(file, text)| statements(text).into_iter().map(|sql| (file.clone(), sql)));
        let all = of_programs.chain(scripts.iter().cloned());
        let is_of_state = |file: &str| OF_STATE.iter().any(|folder| file.contains(folder));
        let all: Vec<_> = all.filter(|(file, _)| !is_of_state(file)).collect();
        assert!(all.len() > 60, "only {} statements were found", all.len());
        let wrong: Vec<_> = all
            .iter()
            .map(|(file, sql)| (file, unqualified(sql), sql))
            .filter(|(_, found, _)| !found.is_empty())
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn built_in_definitions_name_the_schema_of_each_function_and_operator() {
        let catalog = Catalog::built_in(&HubTables::default());
        for dataset in catalog.iter() {
            for (key, sql) in dataset.definition.probes() {
                assert_eq!(unqualified(&sql), [""; 0], "{key}: {sql}");
            }
        }
        for sql in catalog.workspaces().statements() {
            assert_eq!(unqualified(&sql), [""; 0], "{sql}");
        }
    }

    #[test]
    fn what_the_search_path_would_decide_is_found() {
        for (sql, found) in [
            ("select format($1)", vec!["format"]),
            ("select pg_catalog.format($1) from pg_class", vec!["pg_class"]),
            (
                "select from t where a = $1 and b operator(pg_catalog.=) c",
                vec!["="],
            ),
            ("select a::text, b::bigint, c::pg_catalog.text", vec!["text"]),
            (
                "select from t where a in (1) or b like 'x' or c between 1 and 2",
                vec!["in", "like", "between"],
            ),
            ("select nullif(a, '')", vec!["nullif"]),
            ("select from a join b using (id)", vec!["using"]),
            ("select from a where b is not distinct from c", vec!["distinct"]),
            ("select a operator(public.=) b", vec!["operator", "="]),
            ("select 'format(a) = b', \"a=b\" -- a = b", vec![]),
            ("select a || b, -c, d->>'e'", vec!["||", "-", "->>"]),
        ] {
            assert_eq!(unqualified(sql), found, "{sql}");
        }
        assert_eq!(statements("r#\"{\"a\": \"\\\"\"}\"#; \"select 1\""), ["select 1"]);
        let program = "let a = \"select \\\"x\\\" \\\n  from t\"; // \"select f()\"\nlet b = 'c'; push(\" and (\"); \"An error\"";
        assert_eq!(statements(program), ["select \"x\" from t", " and ("]);
    }
}
