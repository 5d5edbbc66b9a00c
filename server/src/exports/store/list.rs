//! Lists exports.

use sqlx::{Postgres, QueryBuilder};

use super::records::ExportStore;
use crate::exports::error::ExportError;
use crate::exports::record::ExportRecord;
use crate::state::json::read;

/// The most exports that are counted exactly.
const COUNTED_MAX: i64 = 10_000;

/// Which exports are listed, the newest first.
#[derive(Clone, Debug, Default)]
pub struct ListRequest {
    /// Only those of this subject, or of everybody.
    pub subject: Option<String>,
    /// Not those that an administrator has asked for.
    pub without_admins: bool,
    /// Only those of no workspace, and of these.
    pub workspaces: Option<Vec<String>>,
    /// Only those of this workspace.
    pub workspace: Option<String>,
    pub statuses: Vec<String>,
    pub format: Option<String>,
    pub export_type: Option<String>,
    pub dataset: Option<String>,
    /// Only those with this text in the name of the file or of the dataset.
    pub text: Option<String>,
    pub limit: u32,
    pub offset: u64,
}

/// A page of exports.
pub struct Listing {
    pub records: Vec<ExportRecord>,
    pub total: u64,
    /// Whether there are more than `total`.
    pub is_at_least: bool,
}

impl ExportStore {
    /// Returns a page of exports and the number of all.
    ///
    /// # Errors
    /// [`ExportError::NoState`], [`ExportError::State`].
    pub async fn list(&self, request: &ListRequest) -> Result<Listing, ExportError> {
        self.run(async |connection| {
            // Records before the page are skipped before they become JSON: `offset` computes what is selected for these, too.
            let mut page = QueryBuilder::new(
                "select row_to_json(e)::text from (select e.* from decant.data_exports e where true",
            );
            push_conditions(&mut page, request);
            page.push(" order by created_at desc, id desc limit ")
                .push_bind(i64::from(request.limit))
                .push(" offset ")
                .push_bind(i64::try_from(request.offset).unwrap_or(i64::MAX))
                .push(") e order by created_at desc, id desc");
            let records: Vec<String> = page.build_query_scalar().fetch_all(&mut **connection).await?;
            let records = records
                .iter()
                .map(|record| read(record))
                .collect::<sqlx::Result<_>>()?;
            let mut count =
                QueryBuilder::new("select count(*) from (select 1 from decant.data_exports e where true");
            push_conditions(&mut count, request);
            count.push(" limit ").push_bind(COUNTED_MAX + 1).push(") counted");
            let total: i64 = count.build_query_scalar().fetch_one(&mut **connection).await?;
            Ok(Listing {
                records,
                total: total.min(COUNTED_MAX).unsigned_abs(),
                is_at_least: total > COUNTED_MAX,
            })
        })
        .await
    }
}

fn push_conditions(sql: &mut QueryBuilder<Postgres>, request: &ListRequest) {
    let texts = [
        (" and subject = ", &request.subject),
        (" and workspace_id = ", &request.workspace),
        (" and format = ", &request.format),
        (" and export_type = ", &request.export_type),
        (" and dataset = ", &request.dataset),
    ];
    for (condition, value) in texts {
        if let Some(value) = value {
            sql.push(condition).push_bind(value.clone());
        }
    }
    if request.without_admins {
        sql.push(" and role = 'user'");
    }
    if let Some(workspaces) = &request.workspaces {
        sql.push(" and (workspace_id is null or workspace_id = any (")
            .push_bind(workspaces.clone())
            .push("))");
    }
    if let [status] = request.statuses.as_slice() {
        sql.push(" and status = ").push_bind(status.clone());
    } else if !request.statuses.is_empty() {
        sql.push(" and status = any (")
            .push_bind(request.statuses.clone())
            .push(")");
    }
    if let Some(text) = &request.text {
        sql.push(" and strpos(lower(dataset || ' ' || coalesce(file_name, '')), lower(")
            .push_bind(text.clone())
            .push(")) > 0");
    }
}
