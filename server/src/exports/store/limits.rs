//! The limits of a person or a workspace, and how much of them is used.

use api::deliveries::DeliveryLimits;
use api::exports::{ConcurrentLimit, ExportLimits, ExportType, QuotaUsage, RateLimit, RetentionHours};
use sqlx::query_scalar;
use wasm_export::options::Format;

use super::records::ExportStore;
use crate::auth::Caller;
use crate::exports::error::ExportError;
use crate::exports::file_key::FileOwner;
use crate::exports::limits::{rate, storage_usage};

impl ExportStore {
    /// Returns the limits of a caller. Within a workspace, those of its files and its running exports, which all members share, are in
    /// the place of the caller's own.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn limits(&self, caller: &Caller) -> Result<ExportLimits, ExportError> {
        let options = &self.options;
        let (subject, workspace) = (caller.subject.to_string(), caller.workspace());
        let rate_limit = options.rate_limit.filter(|_| !caller.is_administrator());
        let owner = FileOwner::new(&subject, workspace, ExportType::Dataset).to_string();
        self.run(async |connection| {
            let rate = match rate_limit {
                None => None,
                Some(limit) => Some(rate(connection, &subject, limit).await?),
            };
            let running: i64 = query_scalar(
                "select count(*) from decant.data_exports where status = 'processing' \
                 and (workspace_id = $2 or $2 is null and subject = $1)",
            )
            .bind(&subject)
            .bind(workspace)
            .fetch_one(&mut **connection)
            .await?;
            let (used, own) = storage_usage(connection, &owner).await?;
            let is_of_workspace = workspace.is_some();
            Ok(ExportLimits {
                rate: RateLimit {
                    limit: rate.map(|rate| rate.limit),
                    remaining: rate.map(|rate| rate.remaining),
                    reset_at: rate.and_then(|rate| rate.reset_at()),
                },
                max_bytes: options.bytes_max,
                max_rows: None,
                retention_hours: RetentionHours {
                    default: options.default_retention(ExportType::Dataset, is_of_workspace),
                    max: options.retention_hours_max,
                },
                quota: QuotaUsage {
                    used,
                    limit: own.or(self.quota(is_of_workspace)),
                },
                formats: Format::WORDS.iter().map(|word| (*word).to_owned()).collect(),
                concurrent: ConcurrentLimit {
                    limit: match is_of_workspace {
                        true => options.per_workspace,
                        false => options.per_user,
                    },
                    running: u32::try_from(running).unwrap_or(u32::MAX),
                },
                background_rows: options.background_rows,
                delivery: DeliveryLimits::default(),
            })
        })
        .await
    }
}
