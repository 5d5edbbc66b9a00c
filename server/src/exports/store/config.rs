//! The settings in force, for people who look at the table `export_config`. Decant does not read it.

use serde_json::json;
use sqlx::query;

use super::records::ExportStore;
use crate::exports::error::ExportError;

impl ExportStore {
    /// Writes the settings of background exports into the state database.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn publish_settings(&self) -> Result<(), ExportError> {
        let options = &self.options;
        let number = |name: &str, value: u64, description: &str| json!({ "config_key": name, "config_value": value.to_string(), "config_type": "NUMBER", "description": description });
        let rate = u64::from(options.rate_limit.unwrap_or(0));
        let compression = json!({
            "config_key": "EXPORT_COMPRESSION_ENABLED", "config_value": options.compression.to_string(),
            "config_type": "BOOLEAN", "description": "Files are compressed with gzip where the request chooses nothing",
        });
        let rows = json!([
            number(
                "EXPORT_RATE_LIMIT",
                rate,
                "Exports that a person may create in an hour; 0 is no limit"
            ),
            number(
                "EXPORT_MAX_SIZE",
                options.bytes_max,
                "Largest stored file in bytes"
            ),
            compression,
            number(
                "EXPORT_RETENTION_DAYS",
                u64::from(options.retention_hours) / 24,
                "Days for which a file is kept"
            ),
            number(
                "DECANT_EXPORTS_PER_USER",
                options.per_user.into(),
                "Exports of one person that run at the same time"
            ),
            number(
                "DECANT_EXPORTS_PER_WORKSPACE",
                options.per_workspace.into(),
                "Exports of one workspace that run at the same time"
            ),
        ]);
        self.run(async |connection| {
            query(
                "insert into decant.export_config as c (config_key, config_value, config_type, description) \
                 select * from jsonb_to_recordset($1::jsonb) as n \
                     (config_key text, config_value text, config_type text, description text) \
                 on conflict (config_key) do update set config_value = excluded.config_value, \
                     description = excluded.description, updated_at = now() \
                 where c.config_value <> excluded.config_value",
            )
            .bind(rows.to_string())
            .execute(&mut **connection)
            .await?;
            Ok(())
        })
        .await
    }
}
