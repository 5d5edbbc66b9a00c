//! The state of the page of statistics.

use api::data_exports::{ExportFigures, ExportStatistics, SystemFigures};
use leptos::prelude::*;

use crate::background::BackgroundExports;
use crate::client;
use crate::load::Load;
use crate::navigation::Navigation;
use crate::route::{Route, StatisticsChoice};

#[derive(Clone, Copy)]
pub struct StatisticsView {
    pub choice: RwSignal<StatisticsChoice>,
    pub load: Load<ExportStatistics>,
}

impl StatisticsView {
    pub fn new(choice: StatisticsChoice) -> Self {
        let choice = RwSignal::new(choice);
        let background = expect_context::<BackgroundExports>();
        let view = Self {
            choice,
            load: Load::new(move || {
                let _ = background.changes();
                Some(client::export_statistics(choice.get().figures_query()))
            }),
        };
        let choice_of = |route: Route| match route {
            Route::Statistics(choice) => Some(choice),
            _ => None,
        };
        expect_context::<Navigation>().follow_choice(choice, Route::Statistics, choice_of);
        view
    }

    pub fn is_all(self) -> bool {
        self.choice.get().is_all
    }

    /// Returns the chosen figures; `None` until they have come.
    pub fn figures(self) -> Option<ExportFigures> {
        let is_all = self.is_all();
        self.load.with(|answer| match is_all {
            true => Some(answer?.system_stats.as_ref()?.exports.clone()),
            false => Some(answer?.user_stats.clone()),
        })
    }

    /// Returns what only administrators see; `None` while they look at their own exports.
    pub fn system(self) -> Option<SystemFigures> {
        let is_all = self.is_all();
        self.load
            .with(|answer| answer?.system_stats.clone().filter(|_| is_all))
    }
}
