//! Changes of a background export: cancelled, made again, checked, linked, deleted.

use api::exports::Export;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use crate::action::Action;
use crate::auth::Auth;
use crate::background::BackgroundExports;
use crate::browser;
use crate::client;
use crate::clipboard;
use crate::confirmer::{Confirmer, Question};
use crate::download::download_receipt;
use crate::toasts::Toasts;
use crate::wording::background as wording;

/// How long a copied link is good.
pub const LINK_HOURS: u32 = 24;

/// The actions of one page. They run one after the other.
#[derive(Clone, Copy)]
pub struct ExportActions {
    action: Action,
    confirmer: Confirmer,
    background: BackgroundExports,
    auth: Auth,
    toasts: Toasts,
    /// The id and the name of the export that a question is about.
    asked: StoredValue<Option<(String, String)>>,
    /// Belongs to the page, because a callback of the menu would be gone with the menu before the answer.
    on_confirm: Callback<()>,
    /// Called after a request to delete an export.
    on_delete: Callback<()>,
}

impl ExportActions {
    pub fn new(confirmer: Confirmer, on_delete: Callback<()>) -> Self {
        let actions = Self {
            action: Action::new(),
            confirmer,
            background: expect_context(),
            auth: expect_context(),
            toasts: expect_context(),
            asked: StoredValue::new(None),
            on_confirm: Callback::new(|()| {}),
            on_delete,
        };
        let on_confirm = Callback::new(move |()| actions.delete());
        Self {
            on_confirm,
            ..actions
        }
    }

    pub fn cancel(self, export: &Export) {
        let (id, name) = (export.id.clone(), wording::name(export));
        let cancelling = async move {
            let export = client::cancel_export(&id).await?;
            Ok(match export.status.is_open() {
                // Its worker stops within two seconds.
                true => format!("{name} is being cancelled"),
                false => format!("{name} was cancelled"),
            })
        };
        self.run("The export was not cancelled", cancelling);
    }

    pub fn repeat(self, export: &Export) {
        let id = export.id.clone();
        let repeating = async move {
            let export = client::retry_export(&id).await?;
            let name = wording::name(&export);
            self.background.follow(export);
            Ok(format!("{name} waits in the queue"))
        };
        self.run("The export was not created", repeating);
    }

    pub fn verify(self, export: &Export) {
        let id = export.id.clone();
        let verifying = async move {
            let checked = client::verify_export(&id).await?;
            let sentence = wording::verification(&checked);
            match checked.success {
                true => Ok(sentence),
                false => Err(Problem {
                    title: "the stored file is damaged".to_owned(),
                    detail: checked.error_details.join(" "),
                    ..Problem::default()
                }),
            }
        };
        self.run("Verification failed", verifying);
    }

    pub fn ask_to_delete(self, export: &Export) {
        let name = wording::name(export);
        self.asked.set_value(Some((export.id.clone(), name.clone())));
        self.confirmer.ask(Question {
            title: format!("Delete {name}?"),
            text: "The stored file and the record of the export are removed, and links to the file end. This cannot be undone."
                .to_owned(),
            word: None,
            yes: "Delete export".to_owned(),
            then: self.on_confirm,
        });
    }

    fn delete(self) {
        let Some((id, name)) = self.asked.get_value() else {
            return;
        };
        let deleting = async move {
            client::delete_export(&id).await?;
            Ok(format!("{name} was deleted"))
        };
        self.action.run("The export was not deleted", deleting, move || {
            self.background.note_change();
            self.on_delete.run(());
        });
    }

    /// Saves the signed receipt of a file.
    pub fn save_receipt(self, export: &Export) {
        let id = export.id.clone();
        let name = format!("{}.receipt.json", wording::name(export));
        let saving = async move {
            download_receipt(&id, &name).await?;
            Ok(format!("{name} was saved"))
        };
        self.run("The receipt was not saved", saving);
    }

    /// Returns whether an action is on its way.
    pub fn is_running(self) -> bool {
        self.action.is_running()
    }

    fn run(self, otherwise: &'static str, doing: impl Future<Output = Result<String, Problem>> + 'static) {
        // A refusal shows that the page is outdated, too.
        self.action
            .run(otherwise, doing, move || self.background.note_change());
    }

    pub fn copy_link(self, export: &Export, is_once: bool) {
        let id = export.id.clone();
        spawn_local(async move {
            let link = match client::export_link(&id, LINK_HOURS * 3_600, is_once).await {
                Ok(link) => link,
                Err(problem) => {
                    self.auth.check_expiry(&problem);
                    let title = format!("The link was not made: {}", problem.title);
                    return self.toasts.error(title, problem.detail);
                }
            };
            let end = browser::moment(link.expires_at);
            let good_for = if is_once {
                "for one download, until"
            } else {
                "until"
            };
            match clipboard::copy(&link.url).await {
                true => self.toasts.success(format!(
                    "Link copied. Whoever has it can download the file {good_for} {end}"
                )),
                false => {
                    let title = "The browser does not let this page copy. Copy the link here:";
                    self.toasts.error(title.to_owned(), link.url);
                }
            }
        });
    }
}
