//! Checks the SQL of the workspaces in the database.

use sqlx::{AssertSqlSafe, Connection, PgConnection, query, query_scalar};

use super::super::column_type::ColumnType;
use super::super::owner::OwnerType;
use super::super::unavailable::{Cause, Unavailable};
use super::definition::{Definition, SUBJECT, WORKSPACE};
use super::{Types, Workspaces};
use crate::hub_tables::HubTableError;
use crate::source::is_of_connection;

impl Workspaces {
    /// Checks the SQL in the database, and looks up the types of the ids.
    ///
    /// # Errors
    /// The database's error, if the connection is lost.
    pub(in crate::datasets) async fn prepare(
        &mut self,
        connection: &mut PgConnection,
        is_hub: bool,
    ) -> sqlx::Result<()> {
        if self.unavailable.is_some() {
            return Ok(());
        }
        if !self.tables.is_empty() {
            match self.tables.find(connection).await {
                Ok(schema) => self.definition.set_schema(self.tables.placeholder(), &schema),
                Err(HubTableError::Database(error)) => return Err(error),
                Err(error) => {
                    let cause = self.tables.cause(&error, self.is_built_in);
                    let reason = self.tables.reason(&error);
                    match cause {
                        Some(cause @ Cause::NotHere) => {
                            self.unavailable = Some(Unavailable { reason, cause });
                        }
                        cause => self.mark_unavailable(&reason, cause.unwrap_or(Cause::NoTable)),
                    }
                    return Ok(());
                }
            }
        }
        match self.types(connection, is_hub).await {
            Ok(Ok(types)) => self.types = Some(types),
            Ok(Err(problem)) => self.mark_unavailable(&problem, Cause::Mistake),
            Err(error) if is_of_connection(&error) => return Err(error),
            Err(error) => {
                let code = error.as_database_error().and_then(|error| error.code());
                let cause = match code.as_deref() {
                    // `undefined_table`, `invalid_schema_name`
                    Some("42P01" | "3F000") => Cause::NoTable,
                    // `insufficient_privilege`
                    Some("42501") => Cause::NoRight,
                    _ => Cause::Mistake,
                };
                let message = error.as_database_error().map(|error| error.message().to_owned());
                self.mark_unavailable(&message.unwrap_or_else(|| error.to_string()), cause);
            }
        }
        Ok(())
    }

    fn mark_unavailable(&mut self, problem: &str, cause: Cause) {
        let reason = format!("{}: {problem}", self.file);
        self.unavailable = Some(Unavailable { reason, cause });
    }

    /// Returns the types of the ids, or which of them is no type of an id.
    async fn types(
        &self,
        connection: &mut PgConnection,
        is_hub: bool,
    ) -> sqlx::Result<Result<Types, String>> {
        let Definition {
            membership,
            list,
            all,
        } = &self.definition;
        for sql in [
            format!(
                "select l.id, l.name, l.role from ({}) l where false",
                without_values(list)
            ),
            format!("select w.id, w.name from ({all}) w where false"),
        ] {
            // SQL: the text of a definition, which the site writes.
            query(AssertSqlSafe(sql))
                .persistent(false)
                .execute(&mut *connection)
                .await?;
        }
        let of_all = format!(
            "select pg_catalog.pg_typeof((select w.id from ({all}) w where false))::pg_catalog.oid::bigint"
        );
        // SQL: the text of a definition, which the site writes.
        let id: i64 = query_scalar(AssertSqlSafe(of_all))
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?;
        // As the look-up writes it, so that a text that is no whole query is found here.
        let membership = format!("select r.role::pg_catalog.text from ({membership}) r (role)");
        let mut oids = of_parameters(
            &membership.replace(WORKSPACE, "$1").replace(SUBJECT, "$2"),
            connection,
        )
        .await?;
        oids.extend(of_parameters(&list.replace(SUBJECT, "$1"), connection).await?);
        oids.push(id);
        let types = ColumnType::look_up(connection, &oids).await?;
        let found: Vec<_> = types.iter().map(ColumnType::of_id).collect();
        let [Some(workspace), Some(subject), Some(of_list), Some(id)] = &found[..] else {
            let names: Vec<_> = types.iter().map(|one| one.name.as_str()).collect();
            return Ok(Err(format!(
                "ids of workspaces and users are whole numbers, uuid or text, and these are {}",
                names.join(", ")
            )));
        };
        Ok(Ok(Types {
            workspace: workspace.clone(),
            subject: OwnerType::new(subject.clone(), is_hub),
            subject_of_list: OwnerType::new(of_list.clone(), is_hub),
            id: id.clone(),
        }))
    }

    /// Returns the SQL with a null for each value, for the test of its functions and operators.
    #[cfg(test)]
    pub(in crate::datasets) fn statements(&self) -> Vec<String> {
        let Definition {
            membership,
            list,
            all,
        } = &self.definition;
        [membership, list, all].map(|sql| without_values(sql)).to_vec()
    }
}

fn without_values(sql: &str) -> String {
    sql.replace(WORKSPACE, "null").replace(SUBJECT, "null")
}

/// Returns the OIDs of the types that PostgreSQL infers for the parameters of a statement.
///
/// They come from the statement's own session, which a pooler keeps for the transaction.
async fn of_parameters(sql: &str, connection: &mut PgConnection) -> sqlx::Result<Vec<i64>> {
    let mut transaction = connection.begin().await?;
    // SQL: the text of a definition, which the site writes.
    query(AssertSqlSafe(format!("prepare decant_workspaces as {sql}")))
        .persistent(false)
        .execute(&mut *transaction)
        .await?;
    let oids = query_scalar(
        "select p.oid::bigint from pg_catalog.pg_prepared_statements s, \
         pg_catalog.unnest(s.parameter_types::pg_catalog.oid[]) with ordinality as p (oid, place) \
         where s.name operator(pg_catalog.=) 'decant_workspaces' order by p.place",
    )
    .fetch_all(&mut *transaction)
    .await?;
    query("deallocate decant_workspaces")
        .persistent(false)
        .execute(&mut *transaction)
        .await?;
    transaction.rollback().await?;
    Ok(oids)
}
