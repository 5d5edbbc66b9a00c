//! Reads whether something is wrong.

use std::time::Duration;

use api::alerts::AlertKind;
use serde::Serialize;
use sqlx::{PgConnection, query_as};

use crate::exports::options::Options;

/// So many failures, and so many percents of the exports that ended, are an alert.
const FAILURES: i64 = 3;
const FAILURES_PERCENT: i64 = 20;

/// An export that has waited so long for a worker is an alert.
const WAITING: Duration = Duration::from_secs(5 * 60);

/// So many percents of the storage are an alert.
const FULL_PERCENT: u64 = 90;

/// Exports that ended in the last `$1` seconds, those of them that failed, and the seconds for which the oldest queued one has waited.
const EXPORTS: &str = "select \
     count(*), count(*) filter (where status = 'failed'), \
     (select extract(epoch from greatest(now() - min(oldest.not_before), '0'::interval))::bigint \
      from generate_series(-10, 10) p (priority) cross join lateral ( \
          select e.not_before from decant.data_exports e \
          where e.status = 'queued' and e.priority = p.priority order by e.not_before limit 1) oldest) \
     from decant.data_exports \
     where status in ('completed', 'failed') and completed_at > now() - make_interval(secs => $1)";

/// Owners that use more than `$3` percents of their quota, and the name of one that uses most. `$1` is the quota of persons and `$2`
/// that of workspaces, where they have none of their own.
const OWNERS: &str = "select count(*), (array_agg(owner order by used_bytes::numeric / quota desc, owner))[1] \
     from (select owner, used_bytes, coalesce(quota_bytes, case when starts_with(owner, 'workspace:') then $2 else $1 end) as quota \
           from decant.storage_usage) owners \
     where quota > 0 and used_bytes::numeric * 100 > quota::numeric * $3";

/// A trouble, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub kind: AlertKind,
    pub message: String,
}

/// Returns everything that is wrong now. `disk` is the part of the storage's disk that is used, in percents; `None`: it has no disk.
pub(super) async fn measure(
    connection: &mut PgConnection,
    options: &Options,
    window: Duration,
    disk: Option<u64>,
) -> sqlx::Result<Vec<Finding>> {
    let (ended, failed, waited): (i64, i64, Option<i64>) = query_as(EXPORTS)
        .bind(window.as_secs_f64())
        .fetch_one(&mut *connection)
        .await?;
    let quota = |quota: Option<u64>| quota.map(u64::cast_signed);
    let (owners, fullest): (i64, Option<String>) = query_as(OWNERS)
        .bind(quota(options.user_quota))
        .bind(quota(options.workspace_quota))
        .bind(FULL_PERCENT.cast_signed())
        .fetch_one(&mut *connection)
        .await?;
    let found = [
        (AlertKind::Failures, failures(failed, ended, window)),
        (
            AlertKind::Waiting,
            waiting(waited.unwrap_or_default().unsigned_abs()),
        ),
        (AlertKind::Storage, storage(owners, fullest.as_deref(), disk)),
    ];
    let findings = found.into_iter().filter_map(|(kind, message)| {
        Some(Finding {
            kind,
            message: message?,
        })
    });
    Ok(findings.collect())
}

fn failures(failed: i64, ended: i64, window: Duration) -> Option<String> {
    let are_many = failed >= FAILURES && failed * 100 > ended * FAILURES_PERCENT;
    let minutes = window.as_secs() / 60;
    are_many.then(|| format!("{failed} of {ended} exports failed within {minutes} minutes"))
}

fn waiting(seconds: u64) -> Option<String> {
    (seconds > WAITING.as_secs()).then(|| {
        format!(
            "An export has waited {} minutes for a worker; are the workers running, and are there enough of them?",
            seconds / 60
        )
    })
}

fn storage(owners: i64, fullest: Option<&str>, disk: Option<u64>) -> Option<String> {
    let disk = disk
        .filter(|percent| *percent > FULL_PERCENT)
        .map(|percent| format!("The disk of the storage is {percent} % full"));
    let quotas = fullest.map(|fullest| match owners {
        1 => format!("{fullest} uses more than {FULL_PERCENT} % of its quota"),
        _ => format!("{owners} owners use more than {FULL_PERCENT} % of their quotas, most of all {fullest}"),
    });
    let messages: Vec<_> = disk.into_iter().chain(quotas).collect();
    (!messages.is_empty()).then(|| messages.join(". "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_failures_and_a_small_part_of_all_are_no_alert() {
        let window = Duration::from_secs(15 * 60);
        for (failed, ended, is_alert) in [(2, 2, false), (3, 15, false), (3, 14, true), (0, 0, false)] {
            assert_eq!(
                failures(failed, ended, window).is_some(),
                is_alert,
                "{failed} of {ended}"
            );
        }
        assert_eq!(
            failures(3, 4, window).as_deref(),
            Some("3 of 4 exports failed within 15 minutes")
        );
    }

    #[test]
    fn an_export_waits_long_after_five_minutes() {
        assert_eq!(waiting(300), None);
        assert!(waiting(301).unwrap().contains("5 minutes"));
    }

    #[test]
    fn a_full_disk_and_full_quotas_are_one_alert() {
        assert_eq!(storage(0, None, Some(90)), None);
        assert_eq!(storage(0, None, None), None);
        assert_eq!(
            storage(2, Some("workspace:1"), Some(91)).as_deref(),
            Some(
                "The disk of the storage is 91 % full. 2 owners use more than 90 % of their quotas, most of all workspace:1"
            )
        );
        assert_eq!(
            storage(1, Some("user:7"), None).as_deref(),
            Some("user:7 uses more than 90 % of its quota")
        );
    }
}
