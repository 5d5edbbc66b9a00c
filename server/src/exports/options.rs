//! The settings of background exports.

use std::time::Duration;

use api::exports::ExportType;

/// The settings of background exports.
#[derive(Clone, Debug)]
pub struct Options {
    /// Exports that a person may create in an hour; `None`: any number. Administrators have no limit.
    pub rate_limit: Option<u32>,
    /// Exports of one person that run at the same time.
    pub per_user: u32,
    /// Exports of one workspace that run at the same time.
    pub per_workspace: u32,
    /// Workers of `decant serve`.
    pub workers: u32,
    /// Exports that one worker makes at the same time.
    pub at_once: u32,
    /// The greatest size of a stored file in bytes.
    pub bytes_max: u64,
    /// Whether files are compressed with gzip where the request chooses no compression.
    pub compression: bool,
    /// From so many conversations on, the answer comes before the file is made.
    pub conversation_threshold: u64,
    /// Templates that a person may have.
    pub templates_max: u32,
    /// From so many rows on, a page suggests a background export.
    pub background_rows: u64,
    /// Hours that files are kept.
    pub retention_hours: u32,
    pub conversation_retention_hours: u32,
    pub workspace_retention_hours: u32,
    /// The most hours that a request may ask for.
    pub retention_hours_max: u32,
    /// Bytes that one person's files may have together; `None`: any number.
    pub user_quota: Option<u64>,
    /// Bytes that the files of a workspace may have together; `None`: any number.
    pub workspace_quota: Option<u64>,
    /// How long a worker keeps an export without a sign of life.
    pub lease: Duration,
    /// How often workers look for exports without a notification.
    pub poll: Duration,
    /// The pause before the second attempt. Each further one is four times as long.
    pub retry_after: Duration,
    /// How often a server looks for schedules whose time has come.
    pub schedule_tick: Duration,
    /// The least time between two runs of one schedule of a person who is no administrator.
    pub schedule_interval: Duration,
    /// How late a run may be that is not made up for.
    pub schedule_grace: Duration,
    /// Schedules of one person that have further runs. Administrators have no limit.
    pub schedules_per_user: u32,
    /// The longest wait for the state database in a request.
    pub wait_max: Duration,
}

impl Options {
    /// Returns the hours that the file of an export of this kind is kept without a wish of its caller.
    #[must_use]
    pub fn default_retention(&self, kind: ExportType, is_of_workspace: bool) -> u32 {
        match kind {
            ExportType::Conversations => self.conversation_retention_hours,
            _ if is_of_workspace => self.workspace_retention_hours,
            _ => self.retention_hours,
        }
    }
}
