//! Lists and changes permissions of people and roles for exports.

use api::export_permissions::PermissionRole;
use sqlx::{query_as, query_scalar};

use super::records::{ExportStore, is_taken};
use crate::exports::error::ExportError;
use crate::exports::new_permission::NewPermission;
use crate::permissions::PermissionRow;
use crate::state::json::{read, write};

/// Which permissions a list has.
#[derive(Clone, Debug, Default)]
pub struct PermissionListRequest {
    pub subject: Option<String>,
    pub role: Option<PermissionRole>,
    pub limit: u32,
    pub offset: u64,
}

impl ExportStore {
    /// Returns permissions, and how many there are without the limit. Those whose time is over are among them.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn permissions(
        &self,
        request: &PermissionListRequest,
    ) -> Result<(Vec<PermissionRow>, u64), ExportError> {
        self.run(async |connection| {
            let rows: Vec<(String, i64)> = query_as(
                "with found as (select * from decant.export_permissions \
                     where ($1::text is null or subject = $1) and ($2::text is null or role = $2)) \
                 select row_to_json(p)::text, (select count(*) from found) \
                 from found p order by role nulls last, subject, export_type, dataset, format limit $3 offset $4",
            )
            .bind(&request.subject)
            .bind(request.role.map(PermissionRole::word))
            .bind(i64::from(request.limit))
            .bind(request.offset.cast_signed())
            .fetch_all(&mut **connection)
            .await?;
            let total = rows.first().map_or(0, |(_, total)| total.unsigned_abs());
            let permissions = rows.iter().map(|(row, _)| read(row));
            Ok((permissions.collect::<sqlx::Result<_>>()?, total))
        })
        .await
    }

    /// Returns the permission with this id.
    ///
    /// # Errors
    /// [`ExportError::UnknownPermission`]; [`ExportError::NoState`], [`ExportError::State`].
    pub async fn permission(&self, id: u64) -> Result<PermissionRow, ExportError> {
        self.run(async |connection| {
            let row: Option<String> =
                query_scalar("select row_to_json(p)::text from decant.export_permissions p where id = $1")
                    .bind(id.cast_signed())
                    .fetch_optional(&mut **connection)
                    .await?;
            Ok(read(&row.ok_or_else(|| {
                ExportError::UnknownPermission(id.to_string())
            })?)?)
        })
        .await
    }

    /// Records a permission, in the place of the one for the same person or role, type, dataset and format.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn grant(&self, new: &NewPermission, by: &str) -> Result<PermissionRow, ExportError> {
        let values = write(new)?;
        self.run(async |connection| {
            let row: String = query_scalar(
                "insert into decant.export_permissions as p \
                     (subject, role, export_type, dataset, format, can_create, can_download, can_view_logs, can_manage, \
                      can_schedule, can_deliver, rows_max, expires_at, granted_by) \
                 select n.subject, n.role, n.export_type, n.dataset, n.format, n.can_create, n.can_download, n.can_view_logs, \
                     n.can_manage, n.can_schedule, n.can_deliver, n.rows_max, n.expires_at, $2 \
                 from jsonb_to_record($1::jsonb) as n \
                     (subject text, role text, export_type text, dataset text, format text, can_create boolean, \
                      can_download boolean, can_view_logs boolean, can_manage boolean, can_schedule boolean, \
                      can_deliver boolean, rows_max bigint, expires_at timestamptz) \
                 on conflict ((coalesce(subject, '')), (coalesce(role, '')), export_type, dataset, format) do update set \
                     can_create = excluded.can_create, can_download = excluded.can_download, \
                     can_view_logs = excluded.can_view_logs, can_manage = excluded.can_manage, \
                     can_schedule = excluded.can_schedule, can_deliver = excluded.can_deliver, \
                     rows_max = excluded.rows_max, expires_at = excluded.expires_at, \
                     granted_by = excluded.granted_by, granted_at = now() \
                 returning row_to_json(p)::text",
            )
            .bind(&values)
            .bind(by)
            .fetch_one(&mut **connection)
            .await?;
            Ok(read(&row)?)
        })
        .await
    }

    /// Replaces all values of a permission.
    ///
    /// # Errors
    /// [`ExportError::UnknownPermission`]; [`ExportError::PermissionExists`] if another one is for the same;
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn replace_permission(
        &self,
        id: u64,
        new: &NewPermission,
        by: &str,
    ) -> Result<PermissionRow, ExportError> {
        let values = write(new)?;
        self.run(async |connection| {
            let replaced: sqlx::Result<Option<String>> = query_scalar(
                "update decant.export_permissions p set subject = n.subject, role = n.role, export_type = n.export_type, \
                     dataset = n.dataset, format = n.format, can_create = n.can_create, can_download = n.can_download, \
                     can_view_logs = n.can_view_logs, can_manage = n.can_manage, can_schedule = n.can_schedule, \
                     can_deliver = n.can_deliver, rows_max = n.rows_max, expires_at = n.expires_at, granted_by = $3, \
                     granted_at = now() \
                 from jsonb_to_record($2::jsonb) as n \
                     (subject text, role text, export_type text, dataset text, format text, can_create boolean, \
                      can_download boolean, can_view_logs boolean, can_manage boolean, can_schedule boolean, \
                      can_deliver boolean, rows_max bigint, expires_at timestamptz) \
                 where p.id = $1 returning row_to_json(p)::text",
            )
            .bind(id.cast_signed())
            .bind(&values)
            .bind(by)
            .fetch_optional(&mut **connection)
            .await;
            match replaced {
                Ok(row) => Ok(read(&row.ok_or_else(|| ExportError::UnknownPermission(id.to_string()))?)?),
                Err(error) if is_taken(&error) => Err(ExportError::PermissionExists),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Removes a permission, and returns it.
    ///
    /// # Errors
    /// As of [`Self::permission`].
    pub async fn revoke(&self, id: u64) -> Result<PermissionRow, ExportError> {
        self.run(async |connection| {
            let row: Option<String> = query_scalar(
                "delete from decant.export_permissions p where id = $1 returning row_to_json(p)::text",
            )
            .bind(id.cast_signed())
            .fetch_optional(&mut **connection)
            .await?;
            Ok(read(&row.ok_or_else(|| {
                ExportError::UnknownPermission(id.to_string())
            })?)?)
        })
        .await
    }
}
