//! Lists and changes the templates of people.

use api::export_templates::{ExportTemplate, TemplateParameters};
use api::exports::ExportType;
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{query, query_scalar};

use super::records::{ExportStore, is_taken};
use crate::auth::Caller;
use crate::exports::error::ExportError;
use crate::exports::new_template::NewTemplate;
use crate::state::json::{self, write};

/// The most templates of a list.
const LIST_MAX: i64 = 1_000;

/// A row of `decant.export_templates`, as PostgreSQL's `row_to_json` writes it.
#[derive(Clone, Debug, Deserialize)]
struct TemplateRow {
    id: i64,
    name: String,
    description: Option<String>,
    export_type: ExportType,
    dataset: String,
    format: String,
    parameters: TemplateParameters,
    shared: bool,
    created_by: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// Reads a template that PostgreSQL has written as JSON.
fn read(row: &str) -> sqlx::Result<ExportTemplate> {
    let row: TemplateRow = json::read(row)?;
    Ok(ExportTemplate {
        id: row.id.to_string(),
        name: row.name,
        description: row.description,
        export_type: row.export_type,
        dataset: row.dataset,
        format: row.format,
        parameters: row.parameters,
        shared: row.shared,
        built_in: false,
        created_by: Some(row.created_by),
        created_at: Some(row.created_at),
        updated_at: Some(row.updated_at),
    })
}

fn read_all(rows: &[String]) -> Result<Vec<ExportTemplate>, ExportError> {
    Ok(rows.iter().map(|row| read(row)).collect::<sqlx::Result<_>>()?)
}

impl ExportStore {
    /// Returns the templates of a caller and those that are shared, by name.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn templates(&self, caller: &Caller) -> Result<Vec<ExportTemplate>, ExportError> {
        self.run(async |connection| {
            let rows: Vec<String> = query_scalar(
                "select row_to_json(t)::text from decant.export_templates t where created_by = $1 or shared \
                 order by name, id limit $2",
            )
            .bind(caller.subject.to_string())
            .bind(LIST_MAX)
            .fetch_all(&mut **connection)
            .await?;
            read_all(&rows)
        })
        .await
    }

    /// Returns the templates with this id or name among those of a caller and the shared ones: the caller's first.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn templates_called(
        &self,
        caller: &Caller,
        reference: &str,
    ) -> Result<Vec<ExportTemplate>, ExportError> {
        if reference.contains('\0') {
            return Ok(Vec::new());
        }
        self.run(async |connection| {
            let rows: Vec<String> = query_scalar(
                "select row_to_json(t)::text from decant.export_templates t \
                 where (created_by = $1 or shared) and (name = $2 or id = $3) order by created_by = $1 desc, id limit $4",
            )
            .bind(caller.subject.to_string())
            .bind(reference)
            .bind(reference.parse::<i64>().ok())
            .bind(LIST_MAX)
            .fetch_all(&mut **connection)
            .await?;
            read_all(&rows)
        })
        .await
    }

    /// Returns the template with this id, of anybody, or `None`: there is none.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn template(&self, id: i64) -> Result<Option<ExportTemplate>, ExportError> {
        self.run(async |connection| {
            let row: Option<String> =
                query_scalar("select row_to_json(t)::text from decant.export_templates t where id = $1")
                    .bind(id)
                    .fetch_optional(&mut **connection)
                    .await?;
            Ok(row.as_deref().map(read).transpose()?)
        })
        .await
    }

    /// Records a template of a caller.
    ///
    /// # Errors
    /// [`ExportError::TemplateExists`], [`ExportError::TooManyTemplates`]; [`ExportError::NoState`], [`ExportError::State`].
    pub async fn create_template(
        &self,
        caller: &Caller,
        new: &NewTemplate,
    ) -> Result<ExportTemplate, ExportError> {
        let max = self.options.templates_max;
        let values = write(new)?;
        self.run(async |connection| {
            let created: sqlx::Result<Option<String>> = query_scalar(
                "insert into decant.export_templates as t \
                     (name, description, export_type, dataset, format, parameters, shared, created_by) \
                 select n.name, n.description, n.export_type, n.dataset, n.format, n.parameters, n.shared, $2 \
                 from jsonb_to_record($1::jsonb) as n \
                     (name text, description text, export_type text, dataset text, format text, parameters jsonb, \
                      shared boolean) \
                 where (select count(*) from decant.export_templates where created_by = $2) < $3 \
                 returning row_to_json(t)::text",
            )
            .bind(&values)
            .bind(caller.subject.to_string())
            .bind(i64::from(max))
            .fetch_optional(&mut **connection)
            .await;
            match created {
                Ok(Some(row)) => Ok(read(&row)?),
                Ok(None) => Err(ExportError::TooManyTemplates(max)),
                Err(error) if is_taken(&error) => Err(ExportError::TemplateExists(new.name.clone())),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Replaces the values of a template, and returns it; `None`: it is gone.
    ///
    /// # Errors
    /// [`ExportError::TemplateExists`]; [`ExportError::NoState`], [`ExportError::State`].
    pub async fn change_template(
        &self,
        id: i64,
        new: &NewTemplate,
    ) -> Result<Option<ExportTemplate>, ExportError> {
        let values = write(new)?;
        self.run(async |connection| {
            let changed: sqlx::Result<Option<String>> = query_scalar(
                "update decant.export_templates t set name = n.name, description = n.description, \
                     export_type = n.export_type, dataset = n.dataset, format = n.format, parameters = n.parameters, \
                     shared = n.shared, updated_at = now() \
                 from jsonb_to_record($2::jsonb) as n \
                     (name text, description text, export_type text, dataset text, format text, parameters jsonb, \
                      shared boolean) \
                 where t.id = $1 returning row_to_json(t)::text",
            )
            .bind(id)
            .bind(&values)
            .fetch_optional(&mut **connection)
            .await;
            match changed {
                Ok(row) => Ok(row.as_deref().map(read).transpose()?),
                Err(error) if is_taken(&error) => Err(ExportError::TemplateExists(new.name.clone())),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Deletes a template. One that is gone is deleted, too.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn delete_template(&self, id: i64) -> Result<(), ExportError> {
        self.run(async |connection| {
            query("delete from decant.export_templates where id = $1")
                .bind(id)
                .execute(&mut **connection)
                .await?;
            Ok(())
        })
        .await
    }
}
