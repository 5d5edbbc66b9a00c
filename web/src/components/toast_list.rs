//! The list of [`Toasts`].

use leptos::prelude::*;

use crate::toasts::{Toast, Toasts};

/// Both regions exist before their first message, because screen readers announce only changes of regions
/// that they know.
#[component]
pub fn ToastList() -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let list = move |of_errors: bool| {
        view! {
            <For
                each=move || toasts.all().into_iter().filter(move |toast| toast.is_error == of_errors)
                key=|toast| toast.id
                children=move |toast| view! { <ToastView toast/> }
            />
        }
    };
    view! {
        <div class="toasts">
            <div role="alert">{list(true)}</div>
            <div role="status">{list(false)}</div>
        </div>
    }
}

#[component]
fn ToastView(toast: Toast) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let Toast {
        id,
        is_error,
        title,
        detail,
    } = toast;
    let (class, testid) = if is_error {
        ("toast toast-error", "toast-error")
    } else {
        ("toast toast-success", "toast-success")
    };
    let detail = (!detail.is_empty()).then(|| view! { <p>{detail}</p> });
    view! {
        <div class=class data-testid=testid>
            <div class="toast-text">
                <p class="toast-title">{title}</p>
                {detail}
            </div>
            <button
                type="button"
                class="quiet icon"
                aria-label="Dismiss this message"
                data-testid="toast-dismiss"
                on:click=move |_| toasts.dismiss(id)
            >
                "×"
            </button>
        </div>
    }
}
