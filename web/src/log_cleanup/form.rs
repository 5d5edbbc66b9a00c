//! The state of the form: the conditions, and the rows that they match.

use api::cleanup::{CleanupPreview, CleanupRequest};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use super::{Age, ConditionFields, FieldError};
use crate::auth::Auth;
use crate::browser;
use crate::client;

/// The conditions of the form and the rows that they match.
#[derive(Clone, Copy)]
pub struct CleanupForm {
    pub age: RwSignal<Age>,
    pub own_day: RwSignal<String>,
    pub from_day: RwSignal<String>,
    pub typed: RwSignal<ConditionFields>,
    pub mistake: RwSignal<Option<FieldError>>,
    pub is_counting: RwSignal<bool>,
    pub problem: RwSignal<Option<Problem>>,
    pub counted: RwSignal<Option<CountedRows>>,
    auth: Auth,
}

#[derive(Clone)]
pub struct CountedRows {
    pub conditions: CleanupRequest,
    pub preview: CleanupPreview,
}

impl CleanupForm {
    /// Returns the form without choices, in the context of the page.
    pub fn empty() -> Self {
        let form = Self {
            age: RwSignal::new(Age::FIRST),
            own_day: RwSignal::default(),
            from_day: RwSignal::default(),
            typed: RwSignal::default(),
            mistake: RwSignal::new(None),
            is_counting: RwSignal::new(false),
            problem: RwSignal::new(None),
            counted: RwSignal::new(None),
            auth: expect_context::<Auth>(),
        };
        // A number counted for other conditions must not be confirmed.
        Effect::new(move |_| {
            form.age.track();
            form.own_day.track();
            form.from_day.track();
            form.typed.track();
            form.mistake.set(None);
            form.problem.set(None);
            form.counted.set(None);
        });
        form
    }

    fn conditions(self) -> Result<CleanupRequest, FieldError> {
        let day = |field, text: &str| {
            browser::start_of_day(text).ok_or(FieldError {
                field,
                problem: "Choose a day.",
            })
        };
        let before = match self.age.get_untracked() {
            Age::Days(days) => browser::days_ago(days),
            Age::OwnDay => day("own-day", &self.own_day.get_untracked())?,
        };
        let from = self.from_day.get_untracked();
        let from = (!from.is_empty()).then(|| day("from-day", &from)).transpose()?;
        self.typed
            .with_untracked(|typed| typed.conditions(&before, from.as_deref()))
    }

    pub fn count(self) {
        self.counted.set(None);
        self.problem.set(None);
        let conditions = match self.conditions() {
            Ok(conditions) => conditions,
            Err(mistake) => return self.mistake.set(Some(mistake)),
        };
        self.mistake.set(None);
        self.is_counting.set(true);
        spawn_local(async move {
            // `try_set`, because the visitor may have left the page and with it these signals.
            match client::preview_cleanup(&conditions).await {
                Ok(preview) => drop(self.counted.try_set(Some(CountedRows { conditions, preview }))),
                Err(problem) => {
                    self.auth.check_expiry(&problem);
                    self.problem.try_set(Some(problem));
                }
            }
            self.is_counting.try_set(false);
        });
    }

    pub fn mistake_in(self, field: &'static str) -> impl Fn() -> Option<&'static str> + Copy {
        move || {
            let mistake = self.mistake.get().filter(|mistake| mistake.field == field);
            mistake.map(|mistake| mistake.problem)
        }
    }
}
