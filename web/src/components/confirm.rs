//! The question before an operation that cannot simply be undone.

use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;

use super::dialog::open_while;
use crate::wording;

#[derive(Clone)]
pub struct Question {
    pub title: String,
    pub text: String,
    /// A text that the visitor must type, so that reading is needed. See [`wording::is_typed`].
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

    fn close(self) {
        self.0.set(None);
    }
}

#[component]
pub fn ConfirmDialog(confirmer: Confirmer) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    open_while(dialog, move || confirmer.0.with(Option::is_some));
    view! {
        <dialog
            class="card"
            aria-labelledby="confirm-title"
            aria-describedby="confirm-text"
            data-testid="confirm"
            node_ref=dialog
            on:close=move |_| confirmer.close()
        >
            {move || confirmer.0.get().map(|question| view! { <QuestionForm question confirmer/> })}
        </dialog>
    }
}

#[component]
fn QuestionForm(question: Question, confirmer: Confirmer) -> impl IntoView {
    let Question {
        title,
        text,
        word,
        yes,
        then,
    } = question;
    let typed = RwSignal::new(String::new());
    let field = word.clone().map(|word| view! { <WordField word typed/> });
    let is_wrong = Memo::new(move |_| {
        word.as_ref()
            .is_some_and(|word| typed.with(|typed| !wording::is_typed(word, typed)))
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !is_wrong.get_untracked() {
            confirmer.close();
            then.run(());
        }
    };
    view! {
        <form class="confirm" on:submit=submit>
            <h2 id="confirm-title">{title}</h2>
            <p id="confirm-text">{text}</p>
            {field}
            <div class="confirm-actions">
                <button type="button" data-testid="confirm-no" on:click=move |_| confirmer.close()>"Cancel"</button>
                <button type="submit" class="primary" data-testid="confirm-yes" disabled=is_wrong>{yes}</button>
            </div>
        </form>
    }
}

#[component]
fn WordField(word: String, typed: RwSignal<String>) -> impl IntoView {
    view! {
        <div class="field">
            <label for="confirm-word">"Type " <strong>{word}</strong> " to confirm"</label>
            <input
                id="confirm-word"
                type="text"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                data-testid="confirm-word"
                prop:value=typed
                on:input=move |event| typed.set(event_target_value(&event))
            />
        </div>
    }
}
