//! What the events of the upload and of the server change.

use std::mem::discriminant;

use api::events;
use api::restore::RestoreEvent;
use leptos::prelude::*;
use wasm_export::rows::Problem;

use super::{LogLine, RestoreState, Restorer};
use crate::activity::Outcome;
use crate::browser::now_ms;
use crate::restore::total;
use crate::restore::upload::UploadEvent;
use crate::wording;

/// The log keeps the newest lines.
const LOG_LINES_MAX: usize = 500;

impl Restorer {
    pub(super) fn handle(self, event: UploadEvent) {
        match event {
            UploadEvent::Progress { bytes, total } if bytes < total && untrack(|| self.is_sending()) => {
                self.throughput
                    .update(|throughput| throughput.observe(now_ms(), 0, bytes));
                self.advance("Upload", RestoreState::Sending { bytes, total });
            }
            UploadEvent::Progress { .. } if untrack(|| self.is_sending()) => self.work(0),
            UploadEvent::Progress { .. } => {}
            UploadEvent::Text(text) => {
                let events = self.reader.try_update_value(|reader| reader.push(&text));
                for event in events.into_iter().flatten() {
                    // An unknown event of a newer server is ignored.
                    if let Ok(event) = events::from_parts(&event.name, &event.data) {
                        self.take(event);
                    }
                }
            }
            UploadEvent::Refused(problem) => self.fail(problem),
            // The stream ended without a final event: the server was stopped during the restore.
            UploadEvent::Ended if untrack(|| self.is_under_way()) => self.lose(),
            UploadEvent::Ended => {}
            UploadEvent::Lost if untrack(|| self.is_sending()) => self.fail(not_sent()),
            UploadEvent::Lost => self.lose(),
        }
    }

    fn take(self, event: RestoreEvent) {
        match event {
            RestoreEvent::Progress(step) => {
                self.note(step.message);
                self.work(step.percent);
            }
            RestoreEvent::Complete(restored) => {
                let seconds = (now_ms() - self.began_ms.get_value()) / 1_000.0;
                let rows = total(&restored.tables).inserted;
                let details = format!("{}, in {}", wording::rows(rows), wording::duration(seconds));
                self.tray.end(self.result(Outcome::Completed, details));
                self.end(RestoreState::Done {
                    restored,
                    options: self.options.get_value(),
                    seconds,
                });
            }
            RestoreEvent::Error(failure) => self.fail(Problem {
                title: "The restore failed".to_owned(),
                detail: failure.message,
                code: "restore_failed".to_owned(),
                ..Problem::default()
            }),
        }
    }

    fn note(self, text: String) {
        self.log.update(|log| {
            let number = log.last().map_or(0, |line| line.number + 1);
            if log.len() == LOG_LINES_MAX {
                log.remove(0);
            }
            log.push(LogLine { number, text });
        });
    }

    fn work(self, percent: u8) {
        self.advance("Restore", RestoreState::Working { percent });
    }

    /// The upload and the restore each count from 0.
    fn advance(self, phase: &str, state: RestoreState) {
        let before = untrack(|| self.percent());
        let is_same = self
            .state
            .with_untracked(|before| discriminant(before) == discriminant(&state));
        self.state.set(state);
        self.tray
            .advance(phase, before.filter(|_| is_same), untrack(|| self.percent()));
    }

    fn lose(self) {
        let (title, detail) = (
            "Connection lost during the restore",
            "The server continues the restore.",
        );
        self.tray.stop(title, detail);
        self.tray
            .list(self.result(Outcome::Failed, format!("{title}. {detail}")));
        self.end(RestoreState::Lost);
    }

    pub(super) fn fail(self, problem: Problem) {
        // On 401 the sign-in dialog opens instead.
        match problem.status {
            401 => self.tray.open(),
            _ => self.tray.stop(
                &format!("Nothing was restored: {}", problem.title),
                &problem.detail,
            ),
        }
        self.tray
            .list(self.result(Outcome::Failed, problem.title.clone()));
        self.auth.check_expiry(&problem);
        self.end(RestoreState::Failed(problem));
    }
}

fn not_sent() -> Problem {
    Problem {
        title: "The file was not uploaded".to_owned(),
        detail: "The server was stopped, the network connection broke, or the file was changed during the upload. The \
                 server starts only when it has received the whole file."
            .to_owned(),
        code: "connection_lost".to_owned(),
        ..Problem::default()
    }
}
