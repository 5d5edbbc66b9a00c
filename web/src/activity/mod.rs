//! The operations of this browser tab: exports, dumps, restores and clean-ups, running ones and the results of the
//! last ones.

#[cfg(target_arch = "wasm32")]
pub mod tray;

/// The tray lists this many results.
pub const RESULTS_MAX: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    Export,
    /// An export that the server makes and stores.
    Background,
    Dump,
    Restore,
    Cleanup,
}

impl OperationKind {
    /// The beginning of its `data-testid`s.
    pub fn word(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Background => "background",
            Self::Dump => "dump",
            Self::Restore => "restored",
            Self::Cleanup => "cleanup",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Export => "Export",
            Self::Background => "Background export",
            Self::Dump => "Dump",
            Self::Restore => "Restore",
            Self::Cleanup => "Log clean-up",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Completed,
    Cancelled,
    Failed,
}

impl Outcome {
    pub fn title(self) -> &'static str {
        match self {
            Self::Completed => "Completed",
            Self::Cancelled => "Cancelled",
            Self::Failed => "Failed",
        }
    }
}

/// An operation that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationResult {
    pub kind: OperationKind,
    /// The name of the file; the name of the operation if there is no file.
    pub name: String,
    pub outcome: Outcome,
    /// Rows, size and duration, or the reason of the failure.
    pub details: String,
    /// Where the archive of a clean-up is.
    pub archive: Option<String>,
    /// The id of a background export.
    pub export: Option<String>,
}

impl OperationResult {
    pub fn new(kind: OperationKind, name: String, outcome: Outcome, details: String) -> Self {
        Self {
            kind,
            name,
            outcome,
            details,
            archive: None,
            export: None,
        }
    }

    /// `usage-logs.csv: completed, 1,234 rows, 18.2 MB, in 1.2 s`
    pub fn sentence(&self) -> String {
        let outcome = self.outcome.title().to_lowercase();
        match self.details.as_str() {
            "" => format!("{}: {outcome}", self.name),
            details => format!("{}: {outcome}, {details}", self.name),
        }
    }
}

/// Returns the progress that the window's title shows for several operations: that of the last one to end. `None` if no
/// operation knows its progress.
pub fn percent_of_all(percents: impl IntoIterator<Item = Option<u64>>) -> Option<u64> {
    percents.into_iter().flatten().min()
}

/// Returns the title of the window.
pub fn window_title(page: &str, running: usize, percent: Option<u64>) -> String {
    match (running, percent) {
        (0, _) => format!("{page} · Decant"),
        (_, Some(percent)) => format!("{percent} % · Decant"),
        (_, None) => format!("Running · {page} · Decant"),
    }
}

/// Returns the tenth (10, 20 … 90) that an operation has reached since it was at `before` per cent.
pub fn tenth_reached(before: Option<u64>, now: Option<u64>) -> Option<u64> {
    let tenth = |percent: Option<u64>| percent.unwrap_or(0) / 10 * 10;
    (tenth(now) > tenth(before)).then(|| tenth(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_shows_the_operation_that_ends_last() {
        assert_eq!(percent_of_all([Some(80), None, Some(42)]), Some(42));
        assert_eq!(percent_of_all([None]), None);
        assert_eq!(window_title("Database", 0, None), "Database · Decant");
        assert_eq!(window_title("Database", 2, Some(42)), "42 % · Decant");
        assert_eq!(window_title("Database", 1, None), "Running · Database · Decant");
    }

    #[test]
    fn each_tenth_is_reached_once() {
        assert_eq!(tenth_reached(None, Some(0)), None);
        assert_eq!(tenth_reached(Some(9), Some(10)), Some(10));
        assert_eq!(tenth_reached(Some(10), Some(19)), None);
        assert_eq!(tenth_reached(None, Some(57)), Some(50));
        // A resumed export may start behind the last report.
        assert_eq!(tenth_reached(Some(50), Some(20)), None);
    }

    #[test]
    fn a_result_is_read_as_one_sentence() {
        let result = |details: &str| {
            OperationResult::new(
                OperationKind::Export,
                "a.csv".to_owned(),
                Outcome::Completed,
                details.to_owned(),
            )
        };
        assert_eq!(result("1 row").sentence(), "a.csv: completed, 1 row");
        assert_eq!(result("").sentence(), "a.csv: completed");
    }
}
