//! The question on the page, before an operation that cannot simply be undone.

use leptos::prelude::*;

#[derive(Clone)]
pub struct Question {
    pub title: String,
    pub text: String,
    /// A text that the visitor must type, so that reading is needed. See [`crate::wording::is_typed`].
    pub word: Option<String>,
    /// The label of the button that confirms.
    pub yes: String,
    /// Called when the visitor confirms.
    pub then: Callback<()>,
}

/// Asks one question at a time, for one page.
#[derive(Clone, Copy)]
pub struct Confirmer(RwSignal<Option<Question>>);

impl Confirmer {
    pub fn new() -> Self {
        Self(RwSignal::new(None))
    }

    pub fn ask(self, question: Question) {
        self.0.set(Some(question));
    }

    pub fn question(self) -> Option<Question> {
        self.0.get()
    }

    pub fn is_asking(self) -> bool {
        self.0.with(Option::is_some)
    }

    pub fn close(self) {
        self.0.set(None);
    }
}
