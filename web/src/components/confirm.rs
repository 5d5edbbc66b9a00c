//! The dialog that asks before an operation that cannot simply be undone.

use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;

use super::dialog::open_while;
use crate::confirmer::{Confirmer, Question};
use crate::wording;

#[component]
pub fn ConfirmDialog(confirmer: Confirmer) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    open_while(dialog, move || confirmer.is_asking());
    view! {
        <dialog
            class="card"
            aria-labelledby="confirm-title"
            aria-describedby="confirm-text"
            data-testid="confirm"
            node_ref=dialog
            on:close=move |_| confirmer.close()
        >
            {move || confirmer.question().map(|question| view! { <QuestionForm question confirmer/> })}
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
