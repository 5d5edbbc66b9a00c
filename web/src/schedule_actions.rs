//! Changes of a schedule: paused, resumed, started, deleted.

use api::schedules::{Schedule, ScheduleChange, ScheduleStatus};
use leptos::prelude::*;
use wasm_export::rows::Problem;

use crate::action::Action;
use crate::background::BackgroundExports;
use crate::client;
use crate::confirmer::{Confirmer, Question};
use crate::wording;

/// The actions of the list. They run one after the other.
#[derive(Clone, Copy)]
pub struct ScheduleActions {
    action: Action,
    confirmer: Confirmer,
    background: BackgroundExports,
    /// The id and the name of the schedule that a question is about.
    asked: StoredValue<Option<(u64, String)>>,
    /// Belongs to the page, because a callback of the menu would be gone with the menu before the answer.
    on_confirm: Callback<()>,
}

impl ScheduleActions {
    pub fn new(confirmer: Confirmer) -> Self {
        let actions = Self {
            action: Action::new(),
            confirmer,
            background: expect_context(),
            asked: StoredValue::new(None),
            on_confirm: Callback::new(|()| {}),
        };
        let on_confirm = Callback::new(move |()| actions.delete());
        Self {
            on_confirm,
            ..actions
        }
    }

    pub fn pause(self, schedule: &Schedule) {
        let name = schedule.name.clone();
        let pausing = set_status(schedule.id, ScheduleStatus::Paused);
        self.run("The schedule was not paused", async move {
            pausing.await?;
            Ok(format!("{name} is paused"))
        });
    }

    pub fn resume(self, schedule: &Schedule) {
        let resuming = set_status(schedule.id, ScheduleStatus::Active);
        self.run("The schedule was not resumed", async move {
            let schedule = resuming.await?;
            let next = wording::schedules::next_run(&schedule);
            Ok(format!("{} is active, {next}", schedule.name))
        });
    }

    /// Creates an export now. The tray follows it.
    pub fn start(self, schedule: &Schedule) {
        let id = schedule.id;
        self.run("The export was not created", async move {
            let export = client::run_schedule(id).await?;
            let name = wording::background::name(&export);
            self.background.follow(export);
            Ok(format!("{name} waits in the queue"))
        });
    }

    pub fn ask_to_delete(self, schedule: &Schedule) {
        let name = schedule.name.clone();
        self.asked.set_value(Some((schedule.id, name.clone())));
        self.confirmer.ask(Question {
            title: format!("Delete {name}?"),
            text: "No further exports are made. Those that were made stay. This cannot be undone.".to_owned(),
            word: None,
            yes: "Delete schedule".to_owned(),
            then: self.on_confirm,
        });
    }

    fn delete(self) {
        let Some((id, name)) = self.asked.get_value() else {
            return;
        };
        self.run("The schedule was not deleted", async move {
            client::delete_schedule(id).await?;
            Ok(format!("{name} was deleted"))
        });
    }

    /// Returns whether an action is on its way.
    pub fn is_running(self) -> bool {
        self.action.is_running()
    }

    fn run(self, otherwise: &'static str, doing: impl Future<Output = Result<String, Problem>> + 'static) {
        // A refusal shows that the list is outdated, too.
        self.action
            .run(otherwise, doing, move || self.background.note_change());
    }
}

async fn set_status(id: u64, status: ScheduleStatus) -> Result<Schedule, Problem> {
    let change = ScheduleChange {
        status: Some(status),
        ..ScheduleChange::default()
    };
    client::change_schedule(id, &change).await
}
