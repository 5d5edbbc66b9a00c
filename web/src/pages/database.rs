//! The database, for administrators: status, dump, restore, backups.

use std::time::Duration;

use api::database::{DatabaseStatus, DumpMode, LockHolder};
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::browser;
use crate::client;
use crate::components::backup_list::BackupList;
use crate::components::confirm::ConfirmDialog;
use crate::components::notice::Notice;
use crate::components::restore_form::RestoreForm;
use crate::components::restore_run::RestoreRun;
use crate::components::side_databases::{SideDatabaseList, SideDatabases};
use crate::components::webhook_migration::WebhookMigration;
use crate::confirmer::Confirmer;
use crate::download::{Dumper, can_pick, picked_file};
use crate::hub::Hub;
use crate::load::Load;
use crate::restore::run::Restorer;
use crate::route::AdminPage;
use crate::toasts::Toasts;
use crate::wording;

/// Applies while an operation holds the database lock.
const REFRESH_EVERY: Duration = Duration::from_secs(3);

/// Suggested by "Save as…".
const FILE_NAME: &str = "backup.dump";

#[component]
pub fn DatabasePage() -> impl IntoView {
    let title = AdminPage::Database.title();
    let status = Load::new(|| Some(client::database_status()));
    let dumper = expect_context::<Dumper>();
    let restorer = expect_context::<Restorer>();
    let activity = follow(move || dumper.is_under_way() || restorer.is_under_way(), status);
    let confirmer = Confirmer::new();
    let side_databases = SideDatabases::new(
        move || _ = activity.get(),
        confirmer,
        Callback::new(move |()| status.retry()),
    );
    let name =
        Signal::derive(move || status.with(|status| status.map(|status| status.database_name.clone())));
    let shown = move || match (status.problem(), status.value()) {
        (Some(problem), _) => view! { <Notice problem on_retry=move || status.retry()/> }.into_any(),
        (None, Some(status)) => view! { <StatusSection status/> }.into_any(),
        (None, None) => view! { <p class="faint" role="status">"Loading…"</p> }.into_any(),
    };
    view! {
        <div class="heading">
            <h1>{title}</h1>
        </div>
        {shown}
        <DumpForm/>
        <RestoreRun side_databases/>
        <RestoreForm database=name confirmer/>
        <SideDatabaseList side_databases/>
        <BackupList database=name confirmer/>
        <WebhookMigration confirmer/>
        <ConfirmDialog confirmer/>
    }
}

/// The operations on the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Activity {
    /// An operation of this page runs.
    is_ours: bool,
    /// An operation of any client runs. The server needs a moment to notice that a client has left.
    is_locked: bool,
}

/// Requests the status again whenever an operation starts or ends, and regularly in between.
pub(super) fn follow(
    is_ours: impl Fn() -> bool + Send + Sync + 'static,
    status: Load<DatabaseStatus>,
) -> Memo<Activity> {
    let activity = Memo::new(move |_| Activity {
        is_ours: is_ours(),
        is_locked: status.with(|status| status.is_some_and(|status| status.lock.is_some())),
    });
    Effect::new(move |before: Option<Activity>| {
        let now = activity.get();
        if before.is_some_and(|before| before != now) {
            status.retry();
        }
        if (now.is_ours || now.is_locked)
            && let Ok(timer) = set_interval_with_handle(move || status.retry(), REFRESH_EVERY)
        {
            on_cleanup(move || timer.clear());
        }
        now
    });
    activity
}

#[component]
fn StatusSection(status: DatabaseStatus) -> impl IntoView {
    let DatabaseStatus {
        is_available,
        container_name,
        database_name,
        database_size,
        table_count,
        postgres_version,
        error,
        lock,
        last_dump,
        last_restore,
        ..
    } = status;
    // The name and the version, as in "PostgreSQL 15.18 on x86_64-pc-linux-gnu".
    let words = postgres_version.split_whitespace().take(2);
    let version = words.collect::<Vec<_>>().join(" ");
    let figures = is_available.then(|| {
        view! {
            <div><dt>"Size"</dt><dd data-testid="database-size">{database_size}</dd></div>
            <div><dt>"Tables"</dt><dd>{table_count.to_string()}</dd></div>
            <div><dt>"Version"</dt><dd title=postgres_version>{version}</dd></div>
        }
    });
    let last_dump = last_dump.map(|dump| {
        let began = browser::moment(dump.began);
        let text = format!(
            "Last dump: {began}, by {}: {}.",
            dump.caller,
            wording::database::dump_outcome(&dump)
        );
        view! { <p class="faint" data-testid="last-dump">{text}</p> }
    });
    let last_restore = last_restore.map(|restore| {
        let began = browser::moment(restore.began);
        let text = format!(
            "Last restore: {began}, by {}: {}.",
            restore.caller,
            wording::database::restore_outcome(&restore)
        );
        view! { <p class="faint" data-testid="last-restore">{text}</p> }
    });
    view! {
        <section class="card stack" aria-label="Status" data-testid="database-status">
            <dl class="figures">
                <div><dt>"Database"</dt><dd>{database_name}</dd></div>
                <div><dt>"Server"</dt><dd>{container_name}</dd></div>
                {figures}
            </dl>
            {error.map(|error| view! { <p class="caution" role="alert">"The database does not answer: " {error}</p> })}
            {lock.map(|lock| view! { <LockSentence lock/> })}
            {last_dump}
            {last_restore}
        </section>
    }
}

#[component]
fn LockSentence(lock: LockHolder) -> impl IntoView {
    let since = lock.since.map(browser::moment);
    view! { <p data-testid="database-lock">{wording::database::lock_holder(&lock, since.as_deref())}</p> }
}

#[component]
fn DumpForm() -> impl IntoView {
    let dumper = expect_context::<Dumper>();
    let toasts = expect_context::<Toasts>();
    let mode = RwSignal::new(DumpMode::default());
    let is_busy = move || dumper.is_under_way();
    let save_as = move |_| {
        spawn_local(async move {
            let picked = picked_file(FILE_NAME, "application/octet-stream", toasts).await;
            if picked.is_some() {
                dumper.start(mode.get_untracked(), picked);
            }
        });
    };
    let save_as = can_pick().then(|| {
        view! {
            <button type="button" data-testid="dump-save-as" disabled=is_busy on:click=save_as>"Save as…"</button>
        }
    });
    let hub = expect_context::<Hub>();
    // The other modes leave out tables of a hub.
    let modes = move || {
        hub.exists().then(|| {
            view! {
                <fieldset class="modes" disabled=is_busy>
                    <legend class="faint">"Contents"</legend>
                    {DumpMode::ALL.iter().map(|&choice| view! { <ModeChoice choice mode/> }).collect_view()}
                </fieldset>
            }
        })
    };
    let secrets = move || match hub.exists() {
        true => view! {
            "A dump contains all secrets in plain text, including access keys (" <code>"keys.key"</code>
            ") and provider keys (" <code>"providers.key"</code> "). Store it as securely as the keys."
        }
        .into_any(),
        false => "A dump contains all rows in plain text. Store it as securely as the database.".into_any(),
    };
    view! {
        <section class="card stack" aria-labelledby="dump-title">
            <h2 id="dump-title">"Dump"</h2>
            <p class="faint">
                "A file in PostgreSQL's custom format, for pg_restore. It is saved only once complete."
            </p>
            {modes}
            <p class="caution">{secrets}</p>
            <div class="dump-actions">
                {save_as}
                <button
                    type="button"
                    class="primary"
                    data-testid="dump-start"
                    disabled=is_busy
                    on:click=move |_| dumper.start(mode.get_untracked(), None)
                >
                    "Download dump"
                </button>
            </div>
        </section>
    }
}

#[component]
fn ModeChoice(choice: DumpMode, mode: RwSignal<DumpMode>) -> impl IntoView {
    view! {
        <label>
            <input
                type="radio"
                name="mode"
                data-testid=format!("dump-mode-{}", choice.word())
                prop:checked=move || mode.get() == choice
                on:change=move |_| mode.set(choice)
            />
            {wording::database::dump_mode_title(choice)}
            <span class="faint">{wording::database::dump_mode_description(choice)}</span>
        </label>
    }
}
