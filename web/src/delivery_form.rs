//! The form of the recipients of a file, in a panel or in the form of a schedule.

use leptos::prelude::*;
use wasm_export::rows::Problem;

use crate::delivery_draft::{DeliveryDraft, DeliveryField, with_label};

/// A handle to the form.
#[derive(Clone, Copy)]
pub struct DeliveryForm {
    pub draft: RwSignal<DeliveryDraft>,
    /// The field that the server has refused, and its words.
    refused: RwSignal<Option<(DeliveryField, String)>>,
}

impl DeliveryForm {
    pub fn new() -> Self {
        Self {
            draft: RwSignal::default(),
            refused: RwSignal::new(None),
        }
    }

    /// Begins with these recipients.
    pub fn begin(self, draft: DeliveryDraft) {
        // `try_set`, because the visitor may have left the page and with it the form.
        self.draft.try_set(draft);
        self.refused.try_set(None);
    }

    /// Changes a field, whose problem then is outdated.
    pub fn change(self, change: impl FnOnce(&mut DeliveryDraft)) {
        self.draft.update(change);
        self.refused.set(None);
    }

    /// Shows a problem at its field. Returns whether it has one here.
    pub fn refuse(self, problem: &Problem) -> bool {
        let member = problem.field.as_deref().unwrap_or_default();
        let refused = DeliveryField::from_member(member)
            .map(|field| (field, with_label(&problem.detail, member, field)));
        let has_field = refused.is_some();
        // `try_set` returns the value if the visitor has left the page, and the form with it.
        self.refused.try_set(refused).is_none() && has_field
    }

    /// Returns the words of the server about a field.
    pub fn problem(self, of_field: DeliveryField) -> Option<String> {
        let refused = self.refused.get();
        refused.and_then(|(field, detail)| (field == of_field).then_some(detail))
    }

    pub fn has_problem(self) -> bool {
        self.refused.with(Option::is_some)
    }
}
