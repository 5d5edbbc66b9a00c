//! The state of the list of schedules.

use std::time::Duration;

use api::schedules::{Schedule, ScheduleList};
use leptos::prelude::*;

use crate::background::BackgroundExports;
use crate::client;
use crate::load::Load;
use crate::navigation::Navigation;
use crate::route::{PAGE_SCHEDULES, Route, SchedulesChoice};

/// How often the list is asked for.
const REFRESH_EVERY: Duration = Duration::from_secs(10);

#[derive(Clone, Copy)]
pub struct SchedulesView {
    pub choice: RwSignal<SchedulesChoice>,
    pub list: Load<ScheduleList>,
}

impl SchedulesView {
    pub fn new(choice: SchedulesChoice) -> Self {
        let choice = RwSignal::new(choice);
        let background = expect_context::<BackgroundExports>();
        let view = Self {
            choice,
            list: Load::new(move || {
                let _ = background.changes();
                Some(client::schedules(choice.with(SchedulesChoice::list_query)))
            }),
        };
        // A list that cannot be had is asked for by the visitor.
        let is_listed = Memo::new(move |_| view.list.problem().is_none());
        view.list.refresh_while(is_listed, REFRESH_EVERY);
        let choice_of = |route: Route| match route {
            Route::Schedules(choice) => Some(choice),
            _ => None,
        };
        expect_context::<Navigation>().follow_choice(choice, Route::Schedules, choice_of);
        view
    }

    /// Shows the schedules of everybody, or the visitor's own ones.
    pub fn choose(self, is_all: bool) {
        self.choice.set(SchedulesChoice { is_all, offset: 0 });
    }

    /// Shows the next page, or the one before.
    pub fn turn(self, is_forward: bool) {
        self.choice.update(|choice| {
            choice.offset = match is_forward {
                true => choice.offset + PAGE_SCHEDULES,
                false => choice.offset.saturating_sub(PAGE_SCHEDULES),
            };
        });
    }

    /// Returns the ids on the page, the newest first.
    pub fn ids(self) -> Vec<u64> {
        self.list.with(|list| {
            let schedules = list.map_or(&[][..], |list| list.schedules.as_slice());
            schedules.iter().map(|schedule| schedule.id).collect()
        })
    }

    /// Returns a schedule of the page.
    pub fn schedule(self, id: u64) -> Option<Schedule> {
        self.list.with(|list| {
            let mut schedules = list?.schedules.iter();
            schedules.find(|schedule| schedule.id == id).cloned()
        })
    }
}
