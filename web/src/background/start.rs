//! The requests for new background exports.

use api::exports::{Export, ExportRequest};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use super::BackgroundExports;
use crate::client;
use crate::delivery_draft::DeliveryDraft;
use crate::delivery_form::DeliveryForm;

impl BackgroundExports {
    /// Asks for an export. The tray follows it.
    pub fn start(self, request: ExportRequest) {
        self.send(request, move |answer| match answer {
            Ok(export) => self.show(export),
            Err(problem) => self.refuse(&problem),
        });
    }

    /// Asks for an export whose file goes to the recipients of a form. Unless the server refuses a recipient, which the form then shows,
    /// the form is empty afterwards and `then` is called.
    pub fn deliver(self, request: ExportRequest, form: DeliveryForm, then: impl FnOnce() + 'static) {
        let request = form.draft.with_untracked(|draft| draft.add_to_export(request));
        self.send(request, move |answer| match answer {
            Ok(export) => {
                then();
                form.begin(DeliveryDraft::default());
                self.show(export);
            }
            Err(problem) if form.refuse(&problem) => {}
            Err(problem) => {
                then();
                self.refuse(&problem);
            }
        });
    }

    fn send(self, request: ExportRequest, settle: impl FnOnce(Result<Export, Problem>) + 'static) {
        if self.is_sending.get_value() {
            return;
        }
        self.is_sending.set_value(true);
        self.toasts.dismiss_all();
        spawn_local(async move {
            settle(client::create_export(&request).await);
            self.is_sending.set_value(false);
        });
    }

    fn show(self, export: Export) {
        self.tray.open();
        self.follow(export);
    }

    fn refuse(self, problem: &Problem) {
        self.auth.check_expiry(problem);
        if problem.status != 401 {
            let title = format!("The export was not created: {}", problem.title);
            self.toasts.error(title, problem.detail.clone());
        }
        self.note_change();
    }
}
