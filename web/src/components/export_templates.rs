//! The templates of a panel: one is chosen, saved or deleted.

use api::export_templates::ExportTemplate;
use api::exports::ExportRequest;
use leptos::prelude::*;

use super::switch::Switch;
use crate::action::Action;
use crate::auth::{Auth, AuthState};
use crate::client;
use crate::confirmer::{Confirmer, Question};
use crate::load::Load;
use crate::template_choice;
use crate::toasts::Toasts;

/// Shows nothing while the server has no templates to offer, because it has no state database.
#[component]
pub fn ExportTemplates(
    /// The name of the dataset or the bundle.
    dataset: String,
    /// Gets the template that the visitor has chosen.
    on_choose: Callback<ExportTemplate>,
    /// Returns the choices of the panel.
    export: Callback<(), ExportRequest>,
    confirmer: Confirmer,
) -> impl IntoView {
    let all = Load::new(|| Some(client::templates()));
    let listed = Memo::new(move |_| {
        all.with(|all| {
            let all = all.map_or(&[][..], Vec::as_slice);
            let listed = all.iter().filter(|template| template.dataset == dataset);
            listed.cloned().collect::<Vec<_>>()
        })
    });
    let is_here = Memo::new(move |_| all.problem().is_none() && all.with(|all| all.is_some()));
    let chosen = RwSignal::new(None::<ExportTemplate>);
    let choose = move |event| {
        let id = event_target_value(&event);
        let template = listed.with(|listed| listed.iter().find(|template| template.id == id).cloned());
        chosen.set(template.clone());
        if let Some(template) = template {
            on_choose.run(template);
        }
    };
    let options = move || {
        let options = listed.get().into_iter().map(|template| {
            let id = template.id.clone();
            let is_chosen =
                move || chosen.with(|chosen| chosen.as_ref().is_some_and(|chosen| chosen.id == id));
            let name = match template.shared {
                true => format!("{} (shared)", template.name),
                false => template.name,
            };
            view! { <option value=template.id prop:selected=is_chosen>{name}</option> }
        });
        options.collect_view()
    };
    let note = move || {
        let has_more = chosen.with(|chosen| chosen.as_ref().is_some_and(template_choice::has_more));
        has_more.then(|| view! { <p class="faint">"Its days and its greatest number of rows are not taken over here."</p> })
    };
    let delete = move || view! { <DeleteTemplate chosen all confirmer/> };
    move || {
        is_here.get().then(|| {
            view! {
                <div class="field">
                    <label for="export-template">"Template"</label>
                    <div class="template-choice">
                        <select id="export-template" data-testid="export-template" on:change=choose>
                            <option value="" prop:selected=move || chosen.with(Option::is_none)>"None"</option>
                            {options}
                        </select>
                        {delete}
                    </div>
                    {note}
                    <SaveTemplate export all/>
                </div>
            }
        })
    }
}

/// Deletes the chosen template, if the visitor may.
#[component]
fn DeleteTemplate(
    chosen: RwSignal<Option<ExportTemplate>>,
    all: Load<Vec<ExportTemplate>>,
    confirmer: Confirmer,
) -> impl IntoView {
    let auth = expect_context::<Auth>();
    let action = Action::new();
    let own = match untrack(|| auth.state()) {
        AuthState::SignedIn(me) => me.user_id.map(|id| format!("hub:{id}")),
        _ => None,
    };
    let is_own = Memo::new(move |_| {
        chosen.with(|chosen| {
            chosen.as_ref().is_some_and(|template| {
                // Only its owner and administrators see a template that is not shared.
                let is_own = !template.shared || own.is_some() && template.created_by == own;
                !template.built_in && (is_own || auth.is_administrator())
            })
        })
    });
    let delete = Callback::new(move |()| {
        let Some(template) = chosen.get_untracked() else {
            return;
        };
        let deleting = async move {
            client::delete_template(&template.id).await?;
            Ok(format!("The template {} was deleted", template.name))
        };
        action.run("The template was not deleted", deleting, move || {
            chosen.set(None);
            all.retry();
        });
    });
    let ask = move |_| {
        let Some(template) = chosen.get_untracked() else {
            return;
        };
        confirmer.ask(Question {
            title: format!("Delete the template {}?", template.name),
            text: "Exports and schedules that were made with it stay. This cannot be undone.".to_owned(),
            word: None,
            yes: "Delete template".to_owned(),
            then: delete,
        });
    };
    move || {
        is_own.get().then(|| {
            view! {
                <button
                    type="button"
                    class="danger"
                    aria-disabled=move || action.is_running().then_some("true")
                    data-testid="template-delete"
                    on:click=ask
                >
                    "Delete"
                </button>
            }
        })
    }
}

/// Saves the choices of the panel.
#[component]
fn SaveTemplate(export: Callback<(), ExportRequest>, all: Load<Vec<ExportTemplate>>) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let action = Action::new();
    let name = RwSignal::new(String::new());
    let is_shared = RwSignal::new(false);
    let is_nameless = Memo::new(move |_| name.with(|name| name.trim().is_empty()));
    let save = move |_| {
        if is_nameless.get_untracked() || untrack(|| action.is_running()) {
            return;
        }
        toasts.dismiss_all();
        let request = name.with_untracked(|name| {
            template_choice::of_export(name, is_shared.get_untracked(), export.run(()))
        });
        let saving = async move {
            let template = client::save_template(&request).await?;
            Ok(format!("The template {} was saved", template.name))
        };
        action.run("The template was not saved", saving, move || {
            name.set(String::new());
            all.retry();
        });
    };
    view! {
        <details class="advanced">
            <summary data-testid="template-new">"Save as template"</summary>
            <div class="template-new">
                <input
                    type="text"
                    aria-label="Name of the template"
                    placeholder="Name"
                    autocomplete="off"
                    data-testid="template-name"
                    prop:value=name
                    on:input=move |event| name.set(event_target_value(&event))
                />
                <Switch id="template-shared" label="For everybody who may use the dataset" is_on=is_shared on_change=move |is_on| is_shared.set(is_on)/>
                <button
                    type="button"
                    aria-disabled=move || (is_nameless.get() || action.is_running()).then_some("true")
                    data-testid="template-save"
                    on:click=save
                >
                    "Save template"
                </button>
            </div>
        </details>
    }
}
