//! The SQL of a site's workspaces, as `workspaces.toml` declares it.

use serde::Deserialize;

use super::super::definition::tables_in;

/// Stands in SQL for the id of a workspace.
pub(super) const WORKSPACE: &str = "{workspace}";

/// Stands in SQL for the id of a user.
pub(super) const SUBJECT: &str = "{subject}";

/// The SQL is the site's and is trusted. A value from a caller never becomes a part of it as text.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    /// Selects the role of a user in a workspace.
    pub membership: String,
    /// Selects the workspaces of a user: `id`, `name`, `role`, and perhaps `slug`.
    pub list: String,
    /// Selects all workspaces: `id`, `name`, and perhaps `slug`.
    pub all: String,
}

impl Definition {
    /// # Errors
    /// The mistake.
    pub fn parse(text: &str) -> Result<Self, String> {
        let definition: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let Self {
            membership,
            list,
            all,
        } = &definition;
        for (key, sql, placeholder, is_needed) in [
            ("membership", membership, WORKSPACE, true),
            ("membership", membership, SUBJECT, true),
            ("list", list, SUBJECT, true),
            ("list", list, WORKSPACE, false),
            ("all", all, SUBJECT, false),
            ("all", all, WORKSPACE, false),
        ] {
            if sql.contains(placeholder) != is_needed {
                let must = if is_needed { "must" } else { "must not" };
                return Err(format!("`{key}` {must} contain `{placeholder}`"));
            }
        }
        Ok(definition)
    }

    /// Returns the tables that the SQL names after a placeholder for their schema. Those of `membership` come first, and a table
    /// may come several times.
    pub fn tables(&self, placeholder: &str) -> Vec<String> {
        [&self.membership, &self.list, &self.all]
            .into_iter()
            .flat_map(|sql| tables_in(sql, placeholder))
            .collect()
    }

    /// Puts the schema of tables, quoted for SQL, into all SQL.
    pub fn set_schema(&mut self, placeholder: &str, schema: &str) {
        for sql in [&mut self.membership, &mut self.list, &mut self.all] {
            *sql = sql.replace(placeholder, schema);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT_IN: &str = include_str!("../../../datasets/workspaces.toml");

    #[test]
    fn the_built_in_definition_names_tables_of_the_site() {
        let definition = Definition::parse(BUILT_IN).unwrap();
        let mut tables = definition.tables("{site}");
        assert_eq!(tables[0], "workspace_members");
        tables.sort();
        tables.dedup();
        assert_eq!(tables, ["workspace_members", "workspaces"]);
    }

    #[test]
    fn a_mistake_is_refused_and_named() {
        let refusal = |text: &str, with: &str| {
            assert!(BUILT_IN.contains(text), "{text}");
            Definition::parse(&BUILT_IN.replace(text, with)).unwrap_err()
        };
        assert!(
            refusal("m.workspace_id operator(pg_catalog.=) {workspace}", "true")
                .contains("`membership` must contain `{workspace}`")
        );
        assert!(
            refusal("m.user_id operator(pg_catalog.=) {subject}", "true")
                .contains("must contain `{subject}`")
        );
        assert!(refusal("all = ", "every = ").contains("every"));
        assert!(refusal("order by w.name, w.id", "{workspace}").contains("must not contain `{workspace}`"));
    }
}
