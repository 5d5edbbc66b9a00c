//! What `pg_dump --verbose` writes to its error output while it runs.

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::ChildStderr;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The most bytes of errors that are kept: the last ones.
const ERROR_BYTES_MAX: usize = 4096;

/// The messages of a running `pg_dump`.
pub(super) struct DumpMessages {
    errors: JoinHandle<String>,
    table: watch::Receiver<Option<String>>,
}

impl DumpMessages {
    /// Reads the messages from now on. Each is in the log at the level debug, with the target `pg_dump`.
    pub(super) fn read(stderr: ChildStderr) -> Self {
        let (begun, table) = watch::channel(None);
        Self {
            errors: tokio::spawn(read(stderr, begun)),
            table,
        }
    }

    /// Returns the table whose rows are read, as `public.users`; `None` before the first one.
    pub(super) fn table(&self) -> Option<String> {
        self.table.borrow().clone()
    }

    /// Waits until `pg_dump` has ended, and returns its errors and warnings.
    pub(super) async fn errors(&mut self) -> String {
        (&mut self.errors).await.unwrap_or_default()
    }
}

async fn read(stderr: ChildStderr, begun: watch::Sender<Option<String>>) -> String {
    let mut errors = String::new();
    // A message may have several lines.
    let mut is_error = true;
    let mut lines = BufReader::new(stderr).split(b'\n');
    while let Ok(Some(line)) = lines.next_segment().await {
        let line = String::from_utf8_lossy(&line);
        tracing::debug!(target: "pg_dump", "{line}");
        if let Some(table) = begun_table(&line) {
            begun.send_replace(Some(table.to_owned()));
        }
        if let Some(message) = line.strip_prefix("pg_dump: ") {
            let kinds = ["error: ", "warning: ", "detail: ", "hint: "];
            is_error = kinds.iter().any(|kind| message.starts_with(kind));
        }
        if is_error {
            errors.push_str(&line);
            errors.push('\n');
            let excess = errors.len().saturating_sub(ERROR_BYTES_MAX);
            errors.drain(..errors.ceil_char_boundary(excess));
        }
    }
    errors.trim().to_owned()
}

/// Returns the table whose rows come next. The messages are English, because the command has `LC_ALL=C`.
fn begun_table(line: &str) -> Option<&str> {
    line.strip_prefix("pg_dump: dumping contents of table \"")?
        .strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_table_that_begins() {
        let line = "pg_dump: dumping contents of table \"public.it's\"";
        assert_eq!(begun_table(line), Some("public.it's"));
        assert_eq!(begun_table("pg_dump: reading table \"public.users\""), None);
    }
}
