//! The permissions for exports, and the form that gives and changes one.

use api::export_permissions::{ExportPermission, ExportPermissionList};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use crate::action::Action;
use crate::auth::Auth;
use crate::browser;
use crate::client;
use crate::confirmer::{Confirmer, Question};
use crate::load::Load;
use crate::permission_draft::PermissionDraft;
use crate::toasts::Toasts;
use crate::wall_time;
use crate::wording::permissions as wording;

#[derive(Clone, Copy)]
pub struct PermissionForm {
    pub list: Load<ExportPermissionList>,
    /// `None`: the form is closed. Otherwise the id of the permission that is changed, if it is no new one.
    subject: RwSignal<Option<Option<u64>>>,
    pub draft: RwSignal<PermissionDraft>,
    pub problem: RwSignal<Option<Problem>>,
    is_sending: RwSignal<bool>,
    action: Action,
    confirmer: Confirmer,
    /// The id of the permission that a question is about.
    asked: StoredValue<Option<u64>>,
    /// Belongs to the page, because a callback of a row would be gone with the row before the answer.
    on_confirm: Callback<()>,
    auth: Auth,
    toasts: Toasts,
}

impl PermissionForm {
    pub fn new(confirmer: Confirmer) -> Self {
        let form = Self {
            list: Load::new(|| Some(client::export_permissions())),
            subject: RwSignal::new(None),
            draft: RwSignal::default(),
            problem: RwSignal::new(None),
            is_sending: RwSignal::new(false),
            action: Action::new(),
            confirmer,
            asked: StoredValue::new(None),
            on_confirm: Callback::new(|()| {}),
            auth: expect_context(),
            toasts: expect_context(),
        };
        let on_confirm = Callback::new(move |()| form.withdraw());
        Self { on_confirm, ..form }
    }

    pub fn add(self) {
        self.open(None, PermissionDraft::default());
    }

    pub fn edit(self, permission: &ExportPermission) {
        let zone = browser::zone().unwrap_or_else(|| "UTC".to_owned());
        let wall = |time| wall_time::in_zone(time, &zone);
        self.open(
            Some(permission.id),
            PermissionDraft::of_permission(permission, wall),
        );
    }

    fn open(self, id: Option<u64>, draft: PermissionDraft) {
        self.draft.set(draft);
        self.problem.set(None);
        self.subject.set(Some(id));
    }

    pub fn close(self) {
        self.subject.set(None);
    }

    pub fn is_open(self) -> bool {
        self.subject.with(Option::is_some)
    }

    /// Returns whether the form gives a new permission.
    pub fn is_new(self) -> bool {
        self.subject.with(|subject| *subject == Some(None))
    }

    pub fn is_sending(self) -> bool {
        self.is_sending.get()
    }

    pub fn submit(self) {
        let draft = self.draft.get_untracked();
        let Some(id) = self.subject.get_untracked() else {
            return;
        };
        if self.is_sending.get_untracked() || draft.obstacle().is_some() {
            return;
        }
        let request = draft.request(browser::time_of(&draft.until));
        self.is_sending.set(true);
        self.problem.set(None);
        self.toasts.dismiss_all();
        spawn_local(async move {
            let sent = match id {
                None => client::give_permission(&request).await,
                Some(id) => client::replace_permission(id, &request).await,
            };
            // The visitor may have left the page and with it these signals.
            if self.is_sending.try_set(false).is_some() {
                return;
            }
            match sent {
                Ok(permission) => {
                    let holder = wording::holder(&permission);
                    self.toasts
                        .success(format!("The permission of {holder} counts from now on"));
                    self.close();
                    self.list.retry();
                }
                Err(problem) => {
                    self.auth.check_expiry(&problem);
                    self.problem.set(Some(problem));
                }
            }
        });
    }

    pub fn ask_to_withdraw(self, permission: &ExportPermission) {
        self.asked.set_value(Some(permission.id));
        self.confirmer.ask(Question {
            title: format!("Delete this permission of {}?", wording::holder(permission)),
            text: "Other permissions decide then. Where none does, everybody may export what they may read."
                .to_owned(),
            word: None,
            yes: "Delete permission".to_owned(),
            then: self.on_confirm,
        });
    }

    fn withdraw(self) {
        let Some(id) = self.asked.get_value() else {
            return;
        };
        let withdrawing = async move {
            client::withdraw_permission(id).await?;
            Ok("The permission was deleted".to_owned())
        };
        self.action
            .run("The permission was not deleted", withdrawing, move || {
                self.list.retry();
            });
    }

    /// Returns whether a permission is being deleted.
    pub fn is_running(self) -> bool {
        self.action.is_running()
    }
}
