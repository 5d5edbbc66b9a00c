//! The backups in the server's storage.

use std::time::Duration;

use api::backups::{Backup, BackupOverview, RunningTask};
use leptos::prelude::*;
use web_sys::HtmlDetailsElement;

use super::notice::Notice;
use super::restore_options::RestoreOptionsForm;
use crate::action::Action;
use crate::browser;
use crate::client;
use crate::confirmer::{Confirmer, Question};
use crate::load::Load;
use crate::restore::run::Restorer;
use crate::restore::source::RestoreSource;
use crate::wording;

/// Applies while a backup or a restore test runs.
const REFRESH_EVERY: Duration = Duration::from_secs(2);

#[derive(Clone, Copy)]
struct Backups {
    /// The name of the live database, `None` while it does not answer.
    database: Signal<Option<String>>,
    load: Load<BackupOverview>,
    action: Action,
    confirmer: Confirmer,
}

impl Backups {
    fn is_running(self) -> bool {
        self.load
            .with(|overview| overview.is_some_and(|overview| overview.running.is_some()))
    }

    fn is_busy(self) -> bool {
        self.action.is_running() || self.is_running()
    }

    fn make(self) {
        let making = async {
            client::make_backup().await?;
            Ok("Backup started".to_owned())
        };
        self.action
            .run("The backup was not started", making, move || self.load.retry());
    }

    fn test(self, name: String) {
        let testing = async move {
            client::test_backup(&name).await?;
            Ok(format!("Restore test of {name} started"))
        };
        self.action
            .run("The restore test was not started", testing, move || {
                self.load.retry()
            });
    }

    fn ask_to_remove(self, name: String) {
        self.confirmer.ask(Question {
            title: format!("Remove {name}?"),
            text: format!("{name} is deleted from the storage. This cannot be undone."),
            word: None,
            yes: "Remove".to_owned(),
            then: Callback::new(move |()| self.remove(name.clone())),
        });
    }

    fn remove(self, name: String) {
        let removing = async move {
            client::remove_backup(&name).await?;
            Ok(format!("{name} was removed"))
        };
        self.action
            .run("The backup was not removed", removing, move || self.load.retry());
    }
}

#[component]
pub fn BackupList(database: Signal<Option<String>>, confirmer: Confirmer) -> impl IntoView {
    let backups = Backups {
        database,
        load: Load::new(|| Some(client::backups())),
        action: Action::new(),
        confirmer,
    };
    Effect::new(move || {
        if backups.is_running()
            && let Ok(timer) = set_interval_with_handle(move || backups.load.retry(), REFRESH_EVERY)
        {
            on_cleanup(move || timer.clear());
        }
    });
    let shown = move || match (backups.load.problem(), backups.load.value()) {
        (Some(problem), _) => view! { <Notice problem on_retry=move || backups.load.retry()/> }.into_any(),
        (None, Some(overview)) => view! { <OverviewSection overview backups/> }.into_any(),
        (None, None) => view! { <p class="faint" role="status">"Loading…"</p> }.into_any(),
    };
    view! {
        <section class="card stack" aria-labelledby="backups-title" data-testid="backups">
            <h2 id="backups-title">"Backups"</h2>
            {shown}
            <div class="dump-actions">
                <button
                    type="button"
                    data-testid="backup-make"
                    disabled=move || backups.is_busy()
                    on:click=move |_| backups.make()
                >
                    "Back up now"
                </button>
            </div>
        </section>
    }
}

#[component]
fn OverviewSection(overview: BackupOverview, backups: Backups) -> impl IntoView {
    let plan = wording::backups::overview(&overview, browser::moment);
    let BackupOverview {
        can_prove,
        running,
        failure,
        backups: list,
        ..
    } = overview;
    let running = running.map(|RunningTask { bytes, message, .. }| {
        let bytes = (bytes > 0).then(|| format!(", {}", wording::bytes(bytes)));
        view! { <p role="status" data-testid="backup-running">{message} {bytes} "…"</p> }
    });
    let failure = failure.map(|failure| {
        let at = browser::moment(failure.at);
        view! { <p class="caution" role="alert" data-testid="backup-failure">{format!("{at}: {}.", failure.reason)}</p> }
    });
    let items = list
        .into_iter()
        .map(|backup| view! { <BackupItem backup can_prove backups/> });
    view! {
        <p class="faint" data-testid="backup-plan">{plan}</p>
        {running}
        {failure}
        <ul class="items">{items.collect_view()}</ul>
    }
}

#[component]
fn BackupItem(backup: Backup, can_prove: bool, backups: Backups) -> impl IntoView {
    let about = wording::backups::backup(&backup, browser::moment);
    let Backup { name, proof, .. } = backup;
    let proof = match proof {
        None => view! { <span class="faint" data-testid="backup-proof">"Restore not tested yet."</span> }
            .into_any(),
        Some(proof) if proof.failure.is_none() => {
            view! { <span data-testid="backup-proof">{wording::backups::restore_test(&proof, browser::moment)}</span> }.into_any()
        }
        Some(proof) => {
            view! { <span class="caution" role="alert" data-testid="backup-proof">{wording::backups::restore_test(&proof, browser::moment)}</span> }
                .into_any()
        }
    };
    let (tested, removed) = (name.clone(), name.clone());
    let restore = can_prove.then(|| view! { <BackupRestore name=name.clone() backups/> });
    let prove = can_prove.then(|| {
        view! {
            <button
                type="button"
                data-testid="backup-prove"
                aria-label=format!("Test the restore of {name}")
                title="Restores the backup into a staging database, compares the row counts and drops that database"
                disabled=move || backups.is_busy()
                on:click=move |_| backups.test(tested.clone())
            >
                "Test restore"
            </button>
        }
    });
    view! {
        <li data-testid="backup">
            <p><code class="path">{name.clone()}</code> <span class="faint">{about}</span> {proof}</p>
            <div class="dump-actions">
                <a class="button" href=client::backup_url(&name) download=name.clone() data-testid="backup-download">"Download"</a>
                {prove}
                <button
                    type="button"
                    data-testid="backup-remove"
                    aria-label=format!("Remove {name}")
                    disabled=move || backups.is_busy()
                    on:click=move |_| backups.ask_to_remove(removed.clone())
                >
                    "Remove"
                </button>
            </div>
            {restore}
        </li>
    }
}

/// Renders the options only while they are unfolded.
#[component]
fn BackupRestore(name: String, backups: Backups) -> impl IntoView {
    let restorer = expect_context::<Restorer>();
    let is_open = RwSignal::new(false);
    let choice = move || {
        let name = name.clone();
        is_open.get().then(|| {
            let stored = name.clone();
            let start = Callback::new(move |options| {
                is_open.set(false);
                restorer.start(
                    &RestoreSource::Backup {
                        name: stored.clone(),
                        unverified: false,
                    },
                    options,
                );
            });
            let Backups {
                database, confirmer, ..
            } = backups;
            view! { <div class="stack"><RestoreOptionsForm name database confirmer start/></div> }
        })
    };
    view! {
        <details
            open=is_open
            on:toggle=move |event| is_open.set(event_target::<HtmlDetailsElement>(&event).open())
        >
            <summary data-testid="backup-restore">"Restore"</summary>
            {choice}
        </details>
    }
}
