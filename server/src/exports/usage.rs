//! The space that the files of each owner take, in the table `storage_usage`.

use sqlx::{Connection, PgConnection, query, query_as, query_scalar};

/// Files whose removal was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Forgotten {
    pub files: u64,
    pub bytes: u64,
    /// Files of expired exports.
    pub expired: u64,
}

/// Notes that the files of these exports were removed, and gives their space back.
///
/// # Errors
/// The database's error.
pub(super) async fn forget_files(
    connection: &mut PgConnection,
    exports: &[String],
) -> sqlx::Result<Forgotten> {
    let (files, bytes, expired): (i64, i64, i64) = query_as(
        "with gone as (select id, status, coalesce('workspace:' || workspace_id, subject) as owner, coalesce(file_bytes, 0) as bytes \
         from decant.data_exports where id = any($1::uuid[]) and file_key is not null for update), \
         forgotten as (update decant.data_exports e set file_key = null from gone where e.id = gone.id), \
         freed as (update decant.storage_usage u set used_bytes = greatest(0, used_bytes - freed.bytes), updated_at = now() \
         from (select owner, sum(bytes)::bigint as bytes from gone group by owner) freed where u.owner = freed.owner) \
         select count(*), coalesce(sum(bytes), 0)::bigint, count(*) filter (where status = 'expired') from gone",
    )
    .bind(exports)
    .fetch_one(connection)
    .await?;
    Ok(Forgotten {
        files: files.unsigned_abs(),
        bytes: bytes.unsigned_abs(),
        expired: expired.unsigned_abs(),
    })
}

/// Computes the used space of each owner from the records: files, and what running exports have reserved.
///
/// # Errors
/// The database's error.
pub(super) async fn recount(connection: &mut PgConnection) -> sqlx::Result<()> {
    query(
        "insert into decant.storage_usage (owner) \
         select distinct coalesce('workspace:' || workspace_id, subject) from decant.data_exports \
         where file_key is not null on conflict do nothing",
    )
    .execute(&mut *connection)
    .await?;
    let owners: Vec<String> = query_scalar("select owner from decant.storage_usage order by owner")
        .fetch_all(&mut *connection)
        .await?;
    for owner in owners {
        let mut transaction = connection.begin().await?;
        // A reservation changes this row and its export in one transaction. The sum is another statement, whose snapshot begins
        // when the row is locked, so that it sees each reservation that is part of the row.
        query("select from decant.storage_usage where owner = $1 for update")
            .bind(&owner)
            .execute(&mut *transaction)
            .await?;
        query(
            "update decant.storage_usage set updated_at = now(), used_bytes = coalesce((select sum(case \
             when file_key is not null then coalesce(file_bytes, 0) else reserved_bytes end) from decant.data_exports \
             where (workspace_id = $2 or $2 is null and subject = $1 and workspace_id is null) \
             and (file_key is not null or status = 'processing')), 0) where owner = $1",
        )
        .bind(&owner)
        .bind(owner.strip_prefix("workspace:"))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
    }
    Ok(())
}
