//! The rows of one run of an incremental schedule: those from one time, and before another one.

use api::datasets::{FilterValues, RowsRequest};
use jiff::Timestamp;

use super::definition::{Definition, Incremental};
use crate::parameter::ParameterError;

/// The member of a request that asks for such runs.
pub const INCREMENTAL: &str = "incremental";

/// The times of the rows of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Increment {
    /// `None`: the first run has all rows before its end.
    pub from: Option<Timestamp>,
    /// Equal to `from` where no row has come.
    pub before: Timestamp,
}

impl Increment {
    /// Returns the rows since the run before, up to the time before which no row comes any more.
    #[must_use]
    pub fn new(watermark: Option<Timestamp>, settled: Timestamp) -> Self {
        Self {
            from: watermark,
            // A clock that was set back, or a transaction that is older than the last run.
            before: watermark.map_or(settled, |watermark| watermark.max(settled)),
        }
    }

    /// Returns a request for these rows, as the metadata of a file shows it.
    #[must_use]
    pub fn add_to(&self, mut rows: RowsRequest, incremental: &Incremental) -> RowsRequest {
        for (name, time) in self.bounds(incremental) {
            rows.filters
                .insert(name.to_owned(), FilterValues(vec![time.to_string()]));
        }
        rows
    }

    /// Returns the names of the filters with their times.
    pub fn bounds<'a>(&self, incremental: &'a Incremental) -> impl Iterator<Item = (&'a str, Timestamp)> {
        let from = self.from.map(|from| (incremental.from.as_str(), from));
        from.into_iter()
            .chain([(incremental.before.as_str(), self.before)])
    }
}

/// Returns a request without the times of a run.
#[must_use]
pub fn without_bounds(mut rows: RowsRequest, incremental: &Incremental) -> RowsRequest {
    for name in [&incremental.from, &incremental.before] {
        rows.filters.remove(name);
    }
    rows
}

impl Definition {
    /// Returns how the rows come.
    ///
    /// # Errors
    /// [`ParameterError::Invalid`] of `incremental` where the definition does not declare it.
    pub fn declared_increments(&self) -> Result<&Incremental, ParameterError> {
        self.incremental.as_ref().ok_or_else(|| {
            let problem = format!(
                "is not possible for `{}`: its definition has no `[incremental]`, because rows may come with a time before that of \
                 the last run, and would be in no file",
                self.name
            );
            ParameterError::invalid(INCREMENTAL, problem)
        })
    }

    /// Checks that a request leaves the choice of times to the runs, and that no run leaves out new rows.
    ///
    /// # Errors
    /// [`ParameterError`] that names the member; as of [`Self::declared_increments`].
    pub fn check_increments(&self, rows: &RowsRequest) -> Result<(), ParameterError> {
        let incremental = self.declared_increments()?;
        let given = rows.filters.keys().find(|name| {
            let filter = self.filter(name).map(|position| &self.filters[position].name);
            filter == Some(&incremental.from) || filter == Some(&incremental.before)
        });
        let members = [
            given.map(String::as_str),
            rows.date_range.as_ref().map(|_| "dateRange"),
        ];
        if let Some(member) = members.into_iter().flatten().next() {
            let problem = "cannot be together with `incremental`, where each run has the rows since the one before; leave it out";
            return Err(ParameterError::contradictory(member, problem));
        }
        match rows.limit {
            Some(_) => Err(ParameterError::contradictory(
                "limit",
                "cannot be together with `incremental`, because rows beyond it would be in no file; leave it out",
            )),
            None => Ok(()),
        }
    }
}
