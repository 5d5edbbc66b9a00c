//! Reads the old settings and writes targets and bindings, in one transaction.

use api::webhooks::{OldWebhooks, WebhookMigrationRequest, WebhookMigrationResult};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, query, query_as, query_scalar};

use super::WebhookError;
use super::plan::{Existing, Plan, SettingsRow, Step, Target, old_webhooks};
use crate::audit::Action;
use crate::hub_tables::HubTables;

const TABLES: [&str; 3] = [
    "notification_settings",
    "webhook_targets",
    "notification_target_bindings",
];

/// The hub's tables for notifications, in an open transaction.
struct Tables<'a> {
    connection: &'a mut PgConnection,
    /// The name of the schema of the three tables, as PostgreSQL quotes it.
    schema: String,
}

/// Returns the webhooks in the old settings.
///
/// # Errors
/// [`WebhookError`].
pub async fn read(
    connection: &mut PgConnection,
    hub_tables: &HubTables,
) -> Result<OldWebhooks, WebhookError> {
    let schema = hub_tables.check(connection, &TABLES).await?;
    let settings = Tables { connection, schema }.settings().await?;
    Ok(OldWebhooks {
        webhooks: old_webhooks(&settings)
            .into_iter()
            .map(|(_, webhook)| webhook)
            .collect(),
        already_migrated: !uses_old_settings(&settings),
    })
}

/// Makes the missing targets and bindings, and lets the hub use them. A hub that uses its targets already is left as it is.
///
/// # Errors
/// [`WebhookError`]: nothing was changed.
pub async fn migrate(
    connection: &mut PgConnection,
    hub_tables: &HubTables,
    request: &WebhookMigrationRequest,
    caller: &str,
) -> Result<WebhookMigrationResult, WebhookError> {
    let dry_run = request.dry_run;
    tracing::info!(action = Action::WebhookMigrationStart.name(), caller, dry_run);
    let migrated = in_transaction(connection, hub_tables, request).await;
    match &migrated {
        Ok(result) => tracing::info!(
            action = Action::WebhookMigrationComplete.name(),
            caller,
            dry_run,
            targets = result.created_targets,
            bindings = result.created_bindings,
            skipped = result.skipped.len()
        ),
        Err(error) => tracing::error!(action = Action::WebhookMigrationError.name(), caller, %error),
    }
    migrated
}

async fn in_transaction(
    connection: &mut PgConnection,
    hub_tables: &HubTables,
    request: &WebhookMigrationRequest,
) -> Result<WebhookMigrationResult, WebhookError> {
    let mut transaction = connection.begin().await?;
    let schema = hub_tables.check(&mut transaction, &TABLES).await?;
    let mut tables = Tables {
        connection: &mut transaction,
        schema,
    };
    if !request.dry_run {
        tables.lock().await?;
        // The functions of triggers run with the rights of this session.
        hub_tables.prepare_deletion(tables.connection, &TABLES).await?;
    }
    let settings = tables.settings().await?;
    let plan = match uses_old_settings(&settings) {
        true => Plan::new(&settings, &tables.existing().await?, request)?,
        false => Plan::default(),
    };
    if !request.dry_run {
        tables.write(&plan).await?;
        if !plan.is_incomplete {
            tables.use_targets().await?;
        }
    }
    transaction.commit().await?;
    Ok(WebhookMigrationResult {
        success: !plan.is_incomplete,
        created_targets: plan.created_targets(),
        created_bindings: plan.created_bindings(),
        skipped: plan.skipped,
    })
}

/// A hub without this column has no targets to use.
fn uses_old_settings(settings: &SettingsRow) -> bool {
    settings.get("use_legacy_mode") == Some(&Value::Bool(true))
}

impl Tables<'_> {
    /// Keeps the hub and another migration from writing until the transaction ends.
    async fn lock(&mut self) -> sqlx::Result<()> {
        let schema = &self.schema;
        let sql = format!(
            "lock table {schema}.notification_settings, {schema}.webhook_targets, {schema}.notification_target_bindings \
             in share row exclusive mode"
        );
        // SQL: PostgreSQL has quoted the schema (`HubTables::check`).
        query(AssertSqlSafe(sql)).execute(&mut *self.connection).await?;
        Ok(())
    }

    /// Returns the row of the settings; without columns if there is none.
    async fn settings(&mut self) -> sqlx::Result<SettingsRow> {
        let sql = format!(
            "select pg_catalog.to_jsonb(s)::pg_catalog.text from {}.notification_settings s order by s.id limit 1",
            self.schema
        );
        // SQL: PostgreSQL has quoted the schema (`HubTables::check`).
        let row: Option<String> = query_scalar(AssertSqlSafe(sql))
            .fetch_optional(&mut *self.connection)
            .await?;
        let row = row.and_then(|row| serde_json::from_str(&row).ok());
        Ok(row.unwrap_or_default())
    }

    async fn existing(&mut self) -> sqlx::Result<Existing> {
        let schema = &self.schema;
        let targets = format!(
            "select t.id, pg_catalog.to_jsonb(t)::pg_catalog.text from {schema}.webhook_targets t order by t.id"
        );
        // SQL: PostgreSQL has quoted the schema (`HubTables::check`).
        let targets: Vec<(i32, String)> = query_as(AssertSqlSafe(targets))
            .fetch_all(&mut *self.connection)
            .await?;
        let bindings = format!(
            "select b.notification_type::pg_catalog.text, b.target_id from {schema}.notification_target_bindings b"
        );
        // SQL: PostgreSQL has quoted the schema (`HubTables::check`).
        let bindings: Vec<(String, i32)> = query_as(AssertSqlSafe(bindings))
            .fetch_all(&mut *self.connection)
            .await?;
        // A target of a service that a newer hub knows is no target of an old webhook.
        let known = |(id, row): (i32, String)| Some((id, serde_json::from_str::<Target>(&row).ok()?));
        Ok(Existing {
            targets: targets.into_iter().filter_map(known).collect(),
            bindings: bindings.into_iter().collect(),
        })
    }

    async fn write(&mut self, plan: &Plan) -> Result<(), WebhookError> {
        for step in &plan.steps {
            let (target, notification_types) = match step {
                Step::Create {
                    target,
                    notification_types,
                } => (self.create(target).await?, notification_types),
                Step::Bind {
                    target,
                    notification_types,
                } => (*target, notification_types),
            };
            for kind in notification_types {
                self.bind(kind, target).await?;
            }
        }
        Ok(())
    }

    /// Inserts a target, and returns its id.
    async fn create(&mut self, target: &Target) -> Result<i32, WebhookError> {
        let table = format!("{}.webhook_targets", self.schema);
        let sql = format!(
            "insert into {table} \
             (name, provider_type, webhook_url, telegram_bot_token, telegram_chat_id, is_enabled) \
             select r.name, r.provider_type, r.webhook_url, r.telegram_bot_token, r.telegram_chat_id, true \
             from pg_catalog.jsonb_populate_record(null::{table}, $1::pg_catalog.jsonb) r returning id"
        );
        // SQL: PostgreSQL has quoted the schema (`HubTables::check`).
        let id = query_scalar(AssertSqlSafe(sql))
            .bind(row(target)?)
            .fetch_one(&mut *self.connection)
            .await?;
        Ok(id)
    }

    async fn bind(&mut self, notification_type: &str, target: i32) -> Result<(), WebhookError> {
        let table = format!("{}.notification_target_bindings", self.schema);
        let sql = format!(
            "insert into {table} (notification_type, target_id, is_enabled) \
             select r.notification_type, r.target_id, true \
             from pg_catalog.jsonb_populate_record(null::{table}, $1::pg_catalog.jsonb) r"
        );
        let binding = json!({ "notification_type": notification_type, "target_id": target });
        // SQL: PostgreSQL has quoted the schema (`HubTables::check`).
        query(AssertSqlSafe(sql))
            .bind(row(&binding)?)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    /// Lets the hub send to its targets in place of the old addresses, which stay in the settings.
    async fn use_targets(&mut self) -> sqlx::Result<()> {
        let sql = format!(
            "update {}.notification_settings set use_legacy_mode = false, updated_at = pg_catalog.now()",
            self.schema
        );
        // SQL: PostgreSQL has quoted the schema (`HubTables::check`).
        query(AssertSqlSafe(sql)).execute(&mut *self.connection).await?;
        Ok(())
    }
}

/// Returns the columns of a row as JSON. PostgreSQL gives them the types of the table, whose names depend on the hub.
fn row(columns: &impl Serialize) -> Result<String, WebhookError> {
    serde_json::to_string(columns).map_err(|error| WebhookError::Database(sqlx::Error::Encode(error.into())))
}
