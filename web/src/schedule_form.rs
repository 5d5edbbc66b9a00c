//! The form of a schedule: of an export that a panel describes, or of a schedule that is changed.

use api::datasets::Datasets;
use api::exports::ExportRequest;
use api::schedules::{Schedule, ScheduledRequest};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_export::rows::Problem;

use crate::auth::Auth;
use crate::background::BackgroundExports;
use crate::browser;
use crate::client;
use crate::delivery_draft::DeliveryDraft;
use crate::delivery_form::DeliveryForm;
use crate::load::Load;
use crate::schedule_draft::ScheduleDraft;
use crate::toasts::Toasts;
use crate::wall_time;
use crate::workspaces::Workspaces;

/// The subject of the form: a new schedule, or one that is changed.
#[derive(Clone)]
enum Subject {
    New(Box<ExportRequest>),
    /// The id of a schedule, and the form as it began.
    Change(u64, Box<(ScheduleDraft, DeliveryDraft)>),
}

/// A handle to the form, one for the whole page.
#[derive(Clone, Copy)]
pub struct ScheduleForm {
    /// `None`: the form is closed.
    subject: RwSignal<Option<Subject>>,
    pub draft: RwSignal<ScheduleDraft>,
    /// The recipients of the files.
    pub delivery: DeliveryForm,
    /// The schedule that was created. The form then shows its times.
    pub created: RwSignal<Option<ScheduledRequest>>,
    pub problem: RwSignal<Option<Problem>>,
    is_sending: RwSignal<bool>,
    datasets: Load<Datasets>,
    workspaces: Workspaces,
    background: BackgroundExports,
    auth: Auth,
    toasts: Toasts,
}

impl ScheduleForm {
    pub fn new(datasets: Load<Datasets>) -> Self {
        Self {
            subject: RwSignal::new(None),
            draft: RwSignal::default(),
            delivery: DeliveryForm::new(),
            created: RwSignal::new(None),
            problem: RwSignal::new(None),
            is_sending: RwSignal::new(false),
            datasets,
            workspaces: expect_context(),
            background: expect_context(),
            auth: expect_context(),
            toasts: expect_context(),
        }
    }

    /// Asks when an export is made, beginning with the zone of its file and with the recipients of a panel.
    pub fn ask_for(self, export: ExportRequest, zone: String, delivery: DeliveryDraft) {
        let draft = ScheduleDraft {
            first: browser::next_night(&zone),
            zone,
            ..ScheduleDraft::default()
        };
        self.delivery.begin(delivery);
        self.open(Subject::New(Box::new(export)), draft);
    }

    pub fn change(self, schedule: &Schedule) {
        let draft = ScheduleDraft::of_schedule(schedule, wall_time::in_zone);
        let delivery = DeliveryDraft::of_schedule(schedule);
        self.delivery.begin(delivery.clone());
        let before = Box::new((draft.clone(), delivery));
        self.open(Subject::Change(schedule.id, before), draft);
    }

    fn open(self, subject: Subject, draft: ScheduleDraft) {
        self.draft.set(draft);
        self.created.set(None);
        self.problem.set(None);
        self.subject.set(Some(subject));
    }

    pub fn is_open(self) -> bool {
        self.subject.with(Option::is_some)
    }

    /// Returns whether the form creates a schedule.
    pub fn is_new(self) -> bool {
        self.subject
            .with(|subject| matches!(subject, Some(Subject::New(_))))
    }

    /// Returns whether the visitor may have the files delivered.
    pub fn may_deliver(self) -> bool {
        self.subject.with(|subject| match subject {
            Some(Subject::New(export)) => self.workspaces.may_deliver(export.workspace.as_deref()),
            Some(Subject::Change(_, before)) => self.workspaces.may_deliver(before.0.workspace.as_deref()),
            None => false,
        })
    }

    /// Returns whether the runs of a new schedule may have the new rows only.
    pub fn may_be_incremental(self) -> bool {
        self.subject.with(|subject| match subject {
            Some(Subject::New(export)) => self.datasets.with(|answer| {
                let mut datasets = answer.iter().flat_map(|answer| &answer.datasets);
                datasets.any(|dataset| dataset.name == export.dataset && dataset.incremental)
            }),
            Some(Subject::Change(..)) | None => false,
        })
    }

    pub fn is_sending(self) -> bool {
        self.is_sending.get()
    }

    pub fn close(self) {
        self.subject.set(None);
    }

    pub fn submit(self) {
        let draft = self.draft.get_untracked();
        let Some(subject) = self.subject.get_untracked() else {
            return;
        };
        if self.is_sending.get_untracked() || draft.obstacle().is_some() {
            return;
        }
        self.is_sending.set(true);
        self.problem.set(None);
        self.toasts.dismiss_all();
        spawn_local(async move {
            let sent = match subject {
                Subject::New(export) => self.create(&draft, *export).await,
                Subject::Change(id, before) => self.save(id, &draft, &before).await,
            };
            if let Err(problem) = sent {
                self.auth.check_expiry(&problem);
                if !self.delivery.refuse(&problem) {
                    self.problem.set(Some(problem));
                }
            }
            self.is_sending.set(false);
            // A list of schedules is outdated.
            self.background.note_change();
        });
    }

    async fn create(self, draft: &ScheduleDraft, export: ExportRequest) -> Result<(), Problem> {
        let request = self
            .delivery
            .draft
            .with_untracked(|delivery| delivery.add_to_schedule(draft.request(export)));
        let created = client::create_schedule(&request).await?;
        self.created.set(Some(created));
        Ok(())
    }

    async fn save(
        self,
        id: u64,
        draft: &ScheduleDraft,
        before: &(ScheduleDraft, DeliveryDraft),
    ) -> Result<(), Problem> {
        let (schedule, delivery) = before;
        let change = self
            .delivery
            .draft
            .with_untracked(|now| now.add_to_change(draft.change_from(schedule), delivery));
        let changed = client::change_schedule(id, &change).await?;
        self.toasts.success(format!("{} was changed", changed.name));
        self.close();
        Ok(())
    }
}
