//! The databases that restores have left: staging, previous and rolled-back ones.

use std::future::Future;

use api::restore::{SideDatabase, SideDatabaseRole};
use leptos::prelude::*;
use wasm_export::rows::Problem;

use super::notice::Notice;
use crate::action::Action;
use crate::browser;
use crate::client;
use crate::confirmer::{Confirmer, Question};
use crate::load::Load;
use crate::restore::run::Restorer;
use crate::wording;

#[derive(Clone, Copy)]
pub struct SideDatabases {
    load: Load<Vec<SideDatabase>>,
    action: Action,
    /// Called after the live database has changed.
    on_change: Callback<()>,
    confirmer: Confirmer,
    restorer: Restorer,
}

impl SideDatabases {
    /// Requests the list now and whenever a signal read by `track` changes.
    pub fn new(track: impl Fn() + 'static, confirmer: Confirmer, on_change: Callback<()>) -> Self {
        Self {
            load: Load::new(move || {
                track();
                Some(client::side_databases())
            }),
            action: Action::new(),
            on_change,
            confirmer,
            restorer: expect_context(),
        }
    }

    /// Returns whether the database exists and can become the live one.
    pub fn has(self, name: &str) -> bool {
        let is_it = |database: &SideDatabase| database.name == name && can_become_live(database.role);
        self.load
            .with(|databases| databases.is_some_and(|databases| databases.iter().any(is_it)))
    }

    /// Returns whether a request or a restore runs.
    pub fn is_busy(self) -> bool {
        self.action.is_running() || self.restorer.is_under_way()
    }

    pub fn ask_to_roll_back(self, name: String) {
        self.confirmer.ask(Question {
            title: format!("Roll back to {name}?"),
            text: format!(
                "{name} becomes the live database. The current live database is kept, with everything written since."
            ),
            word: None,
            yes: "Roll back".to_owned(),
            then: Callback::new(move |()| self.roll_back(name.clone())),
        });
    }

    fn ask_to_remove(self, name: String) {
        self.confirmer.ask(Question {
            title: format!("Remove {name}?"),
            text: format!("{name} and all its data are deleted. This cannot be undone."),
            word: None,
            yes: "Remove".to_owned(),
            then: Callback::new(move |()| self.remove(name.clone())),
        });
    }

    fn roll_back(self, name: String) {
        self.act("The roll-back failed", async move {
            let previous = client::roll_back(&name).await?;
            // The result panel is outdated: the restored database is no longer live.
            self.restorer.forget();
            Ok(format!(
                "{name} is live again. The replaced database is kept as {previous}."
            ))
        });
    }

    fn remove(self, name: String) {
        self.act("The database was not removed", async move {
            client::remove_side_database(&name).await?;
            Ok(format!("{name} was removed"))
        });
    }

    fn act(self, otherwise: &'static str, doing: impl Future<Output = Result<String, Problem>> + 'static) {
        self.action.run(otherwise, doing, move || {
            self.load.retry();
            self.on_change.run(());
        });
    }
}

/// Shows nothing if there are none.
#[component]
pub fn SideDatabaseList(side_databases: SideDatabases) -> impl IntoView {
    move || {
        if let Some(problem) = side_databases.load.problem() {
            return Some(view! { <Notice problem on_retry=move || side_databases.load.retry()/> }.into_any());
        }
        let databases = side_databases
            .load
            .value()
            .filter(|databases| !databases.is_empty())?;
        let items = databases
            .into_iter()
            .map(|database| view! { <SideDatabaseItem database side_databases/> });
        let list = view! {
            <section class="card stack" aria-labelledby="copies-title" data-testid="copies">
                <h2 id="copies-title">"Previous databases"</h2>
                <p class="faint">"Databases that restores have kept beside the live one. They use disk space until you remove them."</p>
                <ul class="items">{items.collect_view()}</ul>
            </section>
        };
        Some(list.into_any())
    }
}

/// A staging database is incomplete.
fn can_become_live(role: SideDatabaseRole) -> bool {
    role != SideDatabaseRole::Staging
}

#[component]
fn SideDatabaseItem(database: SideDatabase, side_databases: SideDatabases) -> impl IntoView {
    let SideDatabase {
        name,
        role,
        since,
        bytes,
    } = database;
    let about = format!(
        "{}, since {}, {}",
        wording::restore::side_database(role),
        browser::moment(since),
        wording::bytes(bytes)
    );
    let (rolled_back, removed) = (name.clone(), name.clone());
    let roll_back = (can_become_live(role)).then(|| {
        view! {
            <button
                type="button"
                data-testid="copy-put-back"
                aria-label=format!("Roll back to {name}")
                disabled=move || side_databases.is_busy()
                on:click=move |_| side_databases.ask_to_roll_back(rolled_back.clone())
            >
                "Roll back"
            </button>
        }
    });
    view! {
        <li data-testid="copy">
            <p><code class="path">{name.clone()}</code> <span class="faint">{about}</span></p>
            <div class="dump-actions">
                {roll_back}
                <button
                    type="button"
                    data-testid="copy-remove"
                    aria-label=format!("Remove {name}")
                    disabled=move || side_databases.is_busy()
                    on:click=move |_| side_databases.ask_to_remove(removed.clone())
                >
                    "Remove"
                </button>
            </div>
        </li>
    }
}
