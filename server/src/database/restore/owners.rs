//! Gives the restored objects to the owners that the dump names.
//!
//! `pg_restore` runs with `--no-owner`, so one role holds all objects after the load. Their owners are in the dump's table of
//! contents. PostgreSQL's catalog gives the statements, so no text of the dump becomes SQL.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::{PgConnection, Row, query, query_as, query_scalar};
use wasm_export::dump::Toc;

use super::checked_dump::CheckedDump;
use super::entry_kind;
use super::load_role::create_keeper;
use super::roles::Roles;
use super::statement::{attempt, execute, render, run};

const OBJECTS: &str = include_str!("owners.sql");

/// More names are not listed in one warning.
const NAMES_MAX: usize = 50;

/// PostgreSQL 15 has views that run with the rights of the role that reads them.
const SECURITY_INVOKER_SINCE: i32 = 150_000;

/// An object of a table of contents: its kind, its schema and its name.
type Object = (&'static str, Option<String>, String);

/// Completes a load within an open transaction: sets the privileges, hides the rows of tables without their restrictive
/// policies, and gives the objects to their owners. Returns warnings.
///
/// # Errors
/// The database does not answer.
pub(super) async fn complete(
    connection: &mut PgConnection,
    dump: &CheckedDump<'_>,
    roles: Roles<'_>,
) -> sqlx::Result<Vec<String>> {
    // Before the owners change, because views that stay with another owner lose privileges again.
    let mut warnings = dump.privileges.set(connection, roles).await?;
    for policy in dump.left_out.iter().filter(|policy| policy.is_restrictive) {
        policy.guard_table(connection).await?;
    }
    warnings.extend(restore(connection, dump.toc(), roles).await?);
    Ok(warnings)
}

/// Completes a load into the live database, where Decant's own role has created all objects. As [`complete`].
///
/// # Errors
/// The database does not answer.
pub(super) async fn complete_in_place(
    connection: &mut PgConnection,
    dump: &CheckedDump<'_>,
) -> sqlx::Result<Vec<String>> {
    let own: String = query_scalar("select current_user::pg_catalog.text")
        .fetch_one(&mut *connection)
        .await?;
    let roles = Roles {
        holder: &own,
        fallback: &own,
        keeper_for: None,
    };
    complete(connection, dump, roles).await
}

/// Gives each object of `roles.holder` to the owner that the dump names, within an open transaction. An object whose owner
/// does not exist here, or may not get it, goes to a keeper, which has no rights, or to the fallback. If it would then run or
/// read with more rights than before, it is disarmed. Returns warnings.
///
/// # Errors
/// The database does not answer.
async fn restore(connection: &mut PgConnection, toc: &Toc, roles: Roles<'_>) -> sqlx::Result<Vec<String>> {
    let owners = owners_of(toc);
    let names: BTreeSet<&str> = owners.values().flatten().map(String::as_str).collect();
    let known = Known::read(connection, &names, roles).await?;
    // The names of types are qualified then, as they are in a table of contents.
    let search_path: String = query_scalar("select pg_catalog.current_setting('search_path')")
        .fetch_one(&mut *connection)
        .await?;
    set_search_path(connection, "").await?;
    let objects = query(OBJECTS)
        .bind(roles.holder)
        .fetch_all(&mut *connection)
        .await?;
    let mut reassigned = Reassigned::default();
    let mut of_fallback = Vec::new();
    for object in objects {
        let key = (
            entry_kind::owned(&object.get::<String, _>("kind")),
            object.get("schema"),
            object.get("name"),
        );
        let owner = owners.get(&key).and_then(Option::as_deref);
        let is_public = key.0 == "SCHEMA" && key.2 == "public";
        if owner == Some(roles.fallback) || is_public {
            of_fallback.push(object.get::<String, _>("alter_owner"));
            continue;
        }
        if let Some(owner) = owner.filter(|owner| known.is_available(owner)) {
            let owner = render(connection, "%I", [owner]).await?;
            let statement = format!("{} {owner}", object.get::<String, _>("alter_owner"));
            let Err(why) = attempt(connection, statement).await? else {
                continue;
            };
            reassigned.refused.insert(format!("{} ({why})", title(&key)));
        } else if let Some(owner) = owner {
            reassigned.owners.insert(owner.to_owned());
        } else {
            if owners.contains_key(&key) {
                reassigned.ambiguous.insert(title(&key));
            }
            reassigned.unnamed.insert(title(&key));
        }
        reassigned
            .schemas
            .extend(object.get::<Option<String>, _>("schema"));
        reassigned
            .objects
            .entry(object.get("catalog"))
            .or_default()
            .push(object.get("oid"));
    }
    // The only owner of the dump is the application's role, and the fallback takes its place.
    let has_one_owner = names.len() == 1;
    let keeper = match roles.keeper_for {
        Some(live) if !has_one_owner && !reassigned.objects.is_empty() => {
            Some(create_keeper(connection, live).await?)
        }
        _ => None,
    };
    let heir = keeper.as_deref().unwrap_or(roles.fallback);
    let mut warnings = reassigned.warnings(&known, heir, keeper.is_some());
    if !has_one_owner || known.is_fallback_superuser {
        warnings.extend(reassigned.disarm(connection, heir, keeper.is_some()).await?);
    }
    if roles.holder != roles.fallback {
        if keeper.is_some() {
            for statement in of_fallback {
                let fallback = render(connection, "%I", [roles.fallback]).await?;
                execute(connection, format!("{statement} {fallback}")).await?;
            }
        }
        reassigned.give(connection, roles.holder, heir).await?;
    }
    set_search_path(connection, &search_path).await?;
    Ok(warnings)
}

async fn set_search_path(connection: &mut PgConnection, path: &str) -> sqlx::Result<()> {
    let set = query("select pg_catalog.set_config('search_path', $1, true)").bind(path);
    set.execute(connection).await.map(drop)
}

/// Returns the owner of each object, or `None` if objects of the same name have several.
fn owners_of(toc: &Toc) -> HashMap<Object, Option<String>> {
    let mut owners = HashMap::new();
    for entry in &toc.entries {
        let kind = entry_kind::owned(&entry.kind);
        if kind.is_empty() || entry.owner.is_empty() {
            continue;
        }
        for name in names_of(&entry.kind, &entry.name) {
            // The owner of `public` depends on the version of PostgreSQL, not on the application.
            if kind == "SCHEMA" && name == "public" {
                continue;
            }
            owners
                .entry((kind, entry.schema.clone(), name))
                .and_modify(|owner: &mut Option<String>| {
                    if owner.as_deref() != Some(&entry.owner) {
                        *owner = None;
                    }
                })
                .or_insert_with(|| Some(entry.owner.clone()));
        }
    }
    owners
}

/// Returns the name of an entry. An entry of PostgreSQL 17 can stand for many large objects: `16400..16410`.
fn names_of(kind: &str, name: &str) -> Vec<String> {
    /// `pg_dump` writes at most 1,000 large objects into one entry.
    const LARGE_OBJECTS_MAX: u32 = 100_000;
    let range = name.split_once("..").filter(|_| kind == "BLOB METADATA");
    let range = range.and_then(|(first, last)| Some((first.parse::<u32>().ok()?, last.parse::<u32>().ok()?)));
    match range {
        Some((first, last)) if last.saturating_sub(first) < LARGE_OBJECTS_MAX => {
            (first..=last).map(|id| id.to_string()).collect()
        }
        _ => vec![name.to_owned()],
    }
}

fn title((kind, schema, name): &Object) -> String {
    let kind = kind.to_lowercase();
    match schema {
        Some(schema) => format!("{kind} {schema}.{name}"),
        None => format!("{kind} {name}"),
    }
}

/// The owners of the dump that exist on this server.
struct Known {
    /// Whether Decant's role is a member of it, and whether it is a superuser.
    roles: BTreeMap<String, (bool, bool)>,
    /// The name of Decant's role.
    own: String,
    is_own_superuser: bool,
    is_fallback_superuser: bool,
}

impl Known {
    async fn read(
        connection: &mut PgConnection,
        names: &BTreeSet<&str>,
        roles: Roles<'_>,
    ) -> sqlx::Result<Self> {
        let names: Vec<&str> = names.iter().copied().collect();
        let found: Vec<(String, bool, bool)> = query_as(
            "select rolname::pg_catalog.text, pg_catalog.pg_has_role(oid, 'member'), rolsuper from pg_catalog.pg_roles \
             where rolname operator(pg_catalog.=) any ($1::pg_catalog.text[])",
        )
        .bind(names)
        .fetch_all(&mut *connection)
        .await?;
        let own: String = query_scalar("select current_user::pg_catalog.text")
            .fetch_one(&mut *connection)
            .await?;
        let is_superuser = async |connection: &mut PgConnection, name: &str| {
            query_scalar(
                "select exists (select from pg_catalog.pg_roles \
                 where rolname operator(pg_catalog.=) $1 and rolsuper)",
            )
            .bind(name)
            .fetch_one(connection)
            .await
        };
        Ok(Self {
            roles: found
                .into_iter()
                .map(|(name, member, superuser)| (name, (member, superuser)))
                .collect(),
            is_own_superuser: is_superuser(connection, &own).await?,
            is_fallback_superuser: is_superuser(connection, roles.fallback).await?,
            own,
        })
    }

    fn is_available(&self, role: &str) -> bool {
        self.roles.get(role).is_some_and(|(is_member, _)| *is_member)
    }
}

/// The objects whose owner could not get them.
#[derive(Default)]
struct Reassigned {
    /// The owners that do not exist here, or of which Decant's role is no member.
    owners: BTreeSet<String>,
    /// Objects that PostgreSQL did not give away, each with the reason.
    refused: BTreeSet<String>,
    /// Objects for which the dump names no owner, or several.
    unnamed: BTreeSet<String>,
    /// Those of `unnamed` for which it names several.
    ambiguous: BTreeSet<String>,
    /// The schemas of the objects.
    schemas: BTreeSet<String>,
    /// The ids of the objects, by catalog.
    objects: BTreeMap<String, Vec<i64>>,
}

impl Reassigned {
    fn warnings(&self, known: &Known, heir: &str, is_keeper: bool) -> Vec<String> {
        let mut warnings = Vec::new();
        let (mut missing, mut others, mut superusers) = (Vec::new(), Vec::new(), Vec::new());
        for owner in &self.owners {
            match known.roles.get(owner) {
                None => missing.push(owner),
                Some((_, true)) => superusers.push(owner),
                Some((_, false)) => others.push(owner),
            }
        }
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let grant = |owner: &str| format!("GRANT {} TO {};", quoted(owner), quoted(&known.own));
        if !missing.is_empty() {
            let commands = missing.iter().map(|owner| {
                let create = format!("CREATE ROLE {};", quoted(owner));
                match known.is_own_superuser {
                    true => create,
                    false => format!("{create} {}", grant(owner)),
                }
            });
            warnings.push(format!(
                "The dump names owners that do not exist here: {}. Their objects belong to {heir} now. To keep these \
                 owners, run this and restore again: {}",
                list(&missing),
                commands.collect::<Vec<_>>().join(" ")
            ));
        }
        if !others.is_empty() {
            let grants = others.iter().map(|owner| grant(owner));
            warnings.push(format!(
                "Decant's role {} is not a member of these owners: {}. Their objects belong to {heir} now. To keep these \
                 owners, run this and restore again: {}",
                known.own,
                list(&others),
                grants.collect::<Vec<_>>().join(" ")
            ));
        }
        if !superusers.is_empty() {
            warnings.push(format!(
                "The dump names owners that are superusers here, and Decant's role {} is none: {}. Their objects belong to \
                 {heir} now",
                known.own,
                list(&superusers)
            ));
        }
        if !self.refused.is_empty() {
            warnings.push(format!(
                "These objects belong to {heir} now, because PostgreSQL did not give them to their owners: {}",
                list(&self.refused)
            ));
        }
        if is_keeper {
            if !self.unnamed.is_empty() {
                warnings.push(format!(
                    "These objects belong to {heir} now, because the dump does not name one owner of them: {}",
                    list(&self.unnamed)
                ));
            }
            warnings.push(format!(
                "The role {heir} was created for this. It has no rights and cannot log in, and Decant does not use its tables \
                 as the hub's. To give its objects to another role, run REASSIGN OWNED BY {heir} TO a_role; in the database",
            ));
        } else if !self.ambiguous.is_empty() {
            warnings.push(format!(
                "These objects belong to {heir} now, because the dump has others of the same name with another owner: {}",
                list(&self.ambiguous)
            ));
        }
        warnings
    }

    /// Gives everything that the holder still owns to the heir.
    async fn give(&self, connection: &mut PgConnection, holder: &str, heir: &str) -> sqlx::Result<()> {
        // PostgreSQL lets a role that is no superuser give objects only to owners that may create in their schema.
        let schemas: Vec<String> = query_scalar(
            "select nspname::pg_catalog.text from pg_catalog.pg_namespace \
             where nspname operator(pg_catalog.=) any ($1::pg_catalog.text[]) \
             and pg_catalog.pg_get_userbyid(nspowner) operator(pg_catalog.<>) all (array[$2, $3]::pg_catalog.name[]) \
             and not pg_catalog.has_schema_privilege($3, oid, 'create')",
        )
        .bind(Vec::from_iter(&self.schemas))
        .bind(holder)
        .bind(heir)
        .fetch_all(&mut *connection)
        .await?;
        for schema in &schemas {
            run(connection, "grant create on schema %I to %I", [schema, heir]).await?;
        }
        run(connection, "reassign owned by %I to %I", [holder, heir]).await?;
        for schema in &schemas {
            run(connection, "revoke create on schema %I from %I", [schema, heir]).await?;
        }
        Ok(())
    }

    /// Removes the rights that a function, a view, a rule or a trigger would have through its new owner. A keeper has no rights
    /// that a trigger could use. Returns warnings.
    async fn disarm(
        &self,
        connection: &mut PgConnection,
        heir: &str,
        is_keeper: bool,
    ) -> sqlx::Result<Vec<String>> {
        let none = Vec::new();
        let relations = self.objects.get("pg_class").unwrap_or(&none);
        let routines = self.objects.get("pg_proc").unwrap_or(&none);
        let version: i32 = query_scalar("select pg_catalog.current_setting('server_version_num')::int")
            .fetch_one(&mut *connection)
            .await?;
        let mut warnings = Vec::new();
        let changed = change(connection, SECURITY_DEFINER, routines).await?;
        if !changed.is_empty() {
            warnings.push(format!(
                "These functions were SECURITY DEFINER and are SECURITY INVOKER now, because they would run with the rights \
                 of {heir}: {}",
                list(&changed)
            ));
        }
        if version >= SECURITY_INVOKER_SINCE {
            let changed = change(connection, VIEWS, relations).await?;
            if !changed.is_empty() {
                warnings.push(format!(
                    "These views have security_invoker now, because they would read with the rights of {heir}: {}",
                    list(&changed)
                ));
            }
        }
        let privileges: &[&str] = match version >= SECURITY_INVOKER_SINCE {
            true => &["INSERT", "UPDATE", "DELETE"],
            false => &["SELECT", "INSERT", "UPDATE", "DELETE"],
        };
        let revoked = change_with(connection, GRANTS_OF_VIEWS, relations, privileges).await?;
        if !revoked.is_empty() {
            warnings.push(format!(
                "Privileges on these views were revoked, because they would act with the rights of {heir}: {}",
                list(&revoked)
            ));
        }
        let changed = change(connection, RULES, relations).await?;
        if !changed.is_empty() {
            warnings.push(format!(
                "These rules are disabled, because they would run with the rights of {heir}: {}",
                list(&changed)
            ));
        }
        if !is_keeper {
            let triggers = query_as(TRIGGERS).bind(relations).bind(routines);
            let triggers: Vec<(String, String)> = triggers.fetch_all(&mut *connection).await?;
            let changed = run_all(connection, triggers).await?;
            if !changed.is_empty() {
                warnings.push(format!(
                    "These triggers are disabled, because they would run with the rights of {heir}, or would be trusted like \
                     its own: {}",
                    list(&changed)
                ));
            }
        }
        Ok(warnings)
    }
}

/// PostgreSQL fires the triggers of a table with the rights of its owner where a foreign key changes its rows. The function of
/// another trigger runs with the rights of the role that changes rows, so it must not count as one of the table's owner.
const TRIGGERS: &str = "select pg_catalog.format('alter table %I.%I disable trigger %I', nspname, relname, tgname), \
     pg_catalog.format('%s on %s.%s', tgname, nspname, relname) \
     from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) t.tgrelid \
          join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) relnamespace, \
          (select $1::pg_catalog.int8[]::pg_catalog.oid[] as relations, $2::pg_catalog.int8[]::pg_catalog.oid[] as routines) kept \
     where not tgisinternal and relkind operator(pg_catalog.=) any ('{r,p,f}') \
     and case when c.oid operator(pg_catalog.=) any (kept.relations) \
              then exists (select from pg_catalog.pg_constraint k \
                           where k.conrelid operator(pg_catalog.=) c.oid and k.contype operator(pg_catalog.=) 'f' \
                           and (k.confdeltype operator(pg_catalog.=) any ('{c,n,d}') \
                                or k.confupdtype operator(pg_catalog.=) any ('{c,n,d}'))) \
              else t.tgfoid operator(pg_catalog.=) any (kept.routines) end";

const SECURITY_DEFINER: &str = "select pg_catalog.format('alter routine %I.%I(%s) security invoker', nspname, proname, args), \
     pg_catalog.format('%s.%s(%s)', nspname, proname, args) \
     from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) pronamespace, \
          pg_catalog.oidvectortypes(proargtypes) args \
     where prosecdef and p.oid operator(pg_catalog.=) any ($1::pg_catalog.int8[]::pg_catalog.oid[])";

const VIEWS: &str = "select pg_catalog.format('alter view %I.%I set (security_invoker = true)', nspname, relname), \
     pg_catalog.format('%s.%s', nspname, relname) \
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) relnamespace \
     where relkind operator(pg_catalog.=) 'v' and c.oid operator(pg_catalog.=) any ($1::pg_catalog.int8[]::pg_catalog.oid[])";

/// A view without rules of its own passes each change on as its owner only where it has no `security_invoker`.
const GRANTS_OF_VIEWS: &str = "select pg_catalog.format('revoke %s on %I.%I from %s cascade', a.privilege_type, nspname, relname, \
            case when a.grantee operator(pg_catalog.=) 0 then 'public' \
                 else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end), \
     pg_catalog.format('%s.%s', nspname, relname) \
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) relnamespace, \
          pg_catalog.aclexplode(relacl) a \
     where relkind operator(pg_catalog.=) 'v' and c.oid operator(pg_catalog.=) any ($1::pg_catalog.int8[]::pg_catalog.oid[]) \
     and a.grantee operator(pg_catalog.<>) relowner and a.privilege_type operator(pg_catalog.=) any ($2::pg_catalog.text[]) \
     and (a.privilege_type operator(pg_catalog.=) 'SELECT' \
          or exists (select from pg_catalog.pg_rewrite r where r.ev_class operator(pg_catalog.=) c.oid \
                     and r.rulename operator(pg_catalog.<>) '_RETURN'))";

const RULES: &str = "select pg_catalog.format('alter table %I.%I disable rule %I', nspname, relname, rulename), \
     pg_catalog.format('%s on %s.%s', rulename, nspname, relname) \
     from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) r.ev_class \
          join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) relnamespace \
     where relkind operator(pg_catalog.=) any ('{r,p}') and c.oid operator(pg_catalog.=) any ($1::pg_catalog.int8[]::pg_catalog.oid[])";

/// Runs the statements that a query returns for these objects, and returns the names of the objects.
async fn change(
    connection: &mut PgConnection,
    statements: &'static str,
    objects: &[i64],
) -> sqlx::Result<BTreeSet<String>> {
    let statements = query_as(statements).bind(objects);
    let statements: Vec<(String, String)> = statements.fetch_all(&mut *connection).await?;
    run_all(connection, statements).await
}

async fn change_with(
    connection: &mut PgConnection,
    statements: &'static str,
    objects: &[i64],
    privileges: &[&str],
) -> sqlx::Result<BTreeSet<String>> {
    let statements = query_as(statements).bind(objects).bind(privileges);
    let statements: Vec<(String, String)> = statements.fetch_all(&mut *connection).await?;
    run_all(connection, statements).await
}

async fn run_all(
    connection: &mut PgConnection,
    statements: Vec<(String, String)>,
) -> sqlx::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for (statement, name) in statements {
        execute(connection, statement).await?;
        names.insert(name);
    }
    Ok(names)
}

pub(super) fn list(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names
        .into_iter()
        .map(|name| name.as_ref().replace(char::is_control, " "))
        .collect();
    let rest = names.len().saturating_sub(NAMES_MAX);
    let listed = names[..names.len() - rest].join(", ");
    match rest {
        0 => listed,
        rest => format!("{listed} and {rest} more"),
    }
}
