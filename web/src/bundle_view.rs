//! The state of a bundle's page: whose data, which days, which file.

use api::bundles::Bundle;
use api::export_templates::ExportTemplate;
use api::exports::ExportRequest as BackgroundRequest;
use api::login::{Caller, Role};
use leptos::prelude::*;
use wasm_export::browser::protocol::{Destination, Start};
use wasm_export::file_name;
use wasm_export::options::{Compression, Format, Options};
use wasm_export::rows::Problem;

use crate::auth::{Auth, AuthState};
use crate::background::BackgroundExports;
use crate::background_request;
use crate::browser;
use crate::bundle_pages::{self, period_obstacle};
use crate::client;
use crate::dataset_view::{today_in, usual_zone, zone_or_utc};
use crate::delivery_form::DeliveryForm;
use crate::download::{BundleParts, ExportRequest, Exporter};
use crate::route::{BundleChoice, BundleRoute, Route};
use crate::saved_options;
use crate::schedule_form::ScheduleForm;
use crate::template_choice;
use crate::workspace_names::export_obstacle;
use crate::workspaces::Workspaces;

#[derive(Clone, Copy)]
pub struct BundleView {
    pub bundle: StoredValue<Bundle>,
    /// The id of the workspace. Another workspace has another view.
    pub workspace: StoredValue<Option<String>>,
    /// The id of the person. Empty: the visitor.
    pub person: RwSignal<String>,
    /// The visitor has typed a text that is neither a name nor an id.
    pub is_person_unknown: RwSignal<bool>,
    /// The first day; empty without one.
    pub start: RwSignal<String>,
    /// The last day; empty without one.
    pub end: RwSignal<String>,
    /// The time zone, an IANA name.
    pub zone: RwSignal<String>,
    /// The language of the texts in the file, a BCP 47 tag. `None`: the file has none.
    pub language: RwSignal<Option<String>>,
    pub format: RwSignal<Format>,
    pub compression: RwSignal<Compression>,
    /// The recipients of a background export.
    pub delivery: DeliveryForm,
    visitor: StoredValue<Option<Caller>>,
    workspaces: Workspaces,
    exporter: Exporter,
    background: BackgroundExports,
    schedule_form: ScheduleForm,
}

impl BundleView {
    pub fn new(bundle: Bundle, choice: BundleChoice) -> Self {
        let visitor = match expect_context::<Auth>().state() {
            AuthState::SignedIn(me) => Some(me),
            _ => None,
        };
        let format = bundle.formats.first().copied().unwrap_or(Format::Json);
        let zone = choice.zone.clone().unwrap_or_else(usual_zone);
        let start = start_of(&bundle, &choice, &zone);
        let language = language_of(&bundle, choice.language);
        Self {
            workspace: StoredValue::new(choice.workspace),
            language: RwSignal::new(language),
            workspaces: expect_context(),
            bundle: StoredValue::new(bundle),
            person: RwSignal::new(choice.person.unwrap_or_default()),
            is_person_unknown: RwSignal::new(false),
            start: RwSignal::new(start),
            end: RwSignal::new(choice.end.unwrap_or_default()),
            zone: RwSignal::new(zone),
            format: RwSignal::new(format),
            compression: RwSignal::new(Compression::None),
            delivery: DeliveryForm::new(),
            visitor: StoredValue::new(visitor),
            exporter: expect_context(),
            background: expect_context(),
            schedule_form: expect_context(),
        }
    }

    /// Shows the choice of an address, and the usual one of what it leaves open.
    pub fn show(self, choice: BundleChoice) {
        if let Some(zone) = &choice.zone {
            self.zone.set(zone.clone());
        }
        let zone = self.zone.get_untracked();
        let start = self.bundle.with_value(|bundle| start_of(bundle, &choice, &zone));
        self.start.set(start);
        self.end.set(choice.end.unwrap_or_default());
        self.person.set(choice.person.unwrap_or_default());
        self.language.set(
            self.bundle
                .with_value(|bundle| language_of(bundle, choice.language)),
        );
    }

    pub fn choice(self) -> BundleChoice {
        let given = |text: String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        BundleChoice {
            workspace: self.workspace.get_value(),
            person: given(self.person.get()),
            start: given(self.start.get()),
            end: given(self.end.get()),
            zone: Some(self.zone.get()),
            language: self.language.get(),
        }
    }

    /// Returns the name of the workspace, and whether the visitor may enter it, as an administrator always may. `None` until the list
    /// has come, and without a workspace.
    pub fn membership(self) -> Option<Result<String, Problem>> {
        let workspace = self.workspace.get_value()?;
        let is_known = self.workspaces.list.with(|list| list.is_some());
        let found = self.workspaces.find(&workspace).map(|(name, _)| name);
        // The list of an administrator may be cut.
        let found = found.or_else(|| self.is_administrator().then_some(workspace));
        is_known.then(|| {
            found.ok_or_else(|| Problem {
                code: "not_a_member".to_owned(),
                ..Problem::default()
            })
        })
    }

    /// Returns the address of the file as a preview, if the file is a report that a browser shows.
    pub fn preview_url(self) -> Option<String> {
        let choice = self.choice();
        self.bundle.with_value(|bundle| {
            let contents = bundle.contents.as_ref();
            let has_report = contents.is_some_and(|contents| contents.report.is_some());
            let is_possible =
                has_report && bundle.formats.contains(&Format::Html) && self.obstacle().is_none();
            is_possible
                .then(|| bundle_pages::preview_url(&bundle.name, &choice.query(), choice.language.as_deref()))
        })
    }

    pub fn route(self) -> Route {
        Route::Bundle(BundleRoute {
            name: self.bundle.with_value(|bundle| bundle.name.clone()),
            choice: self.choice(),
        })
    }

    /// Returns whether the days narrow any part.
    pub fn has_period(self) -> bool {
        self.bundle
            .with_value(|bundle| bundle.parts.iter().any(|part| part.range))
    }

    fn is_administrator(self) -> bool {
        self.visitor.with_value(|visitor| {
            visitor
                .as_ref()
                .is_some_and(|visitor| visitor.role == Role::Admin)
        })
    }

    /// Returns whether the visitor may name the person whose data it is.
    pub fn names_person(self) -> bool {
        self.is_administrator() && self.bundle.with_value(|bundle| bundle.of_person)
    }

    /// Returns whether the visitor is no user, and so has no data of their own.
    pub fn needs_person(self) -> bool {
        let is_user = self
            .visitor
            .with_value(|visitor| visitor.as_ref().is_some_and(|visitor| visitor.user_id.is_some()));
        self.names_person() && !is_user
    }

    /// Returns why no export can start now.
    pub fn obstacle(self) -> Option<String> {
        let role = self
            .workspace
            .get_value()
            .and_then(|id| self.workspaces.find(&id));
        let role = role.map(|(_, role)| role);
        let least = self.bundle.with_value(|bundle| bundle.export_role);
        export_obstacle(role, least).or_else(|| self.obstacle_of_choice().map(str::to_owned))
    }

    fn obstacle_of_choice(self) -> Option<&'static str> {
        if self.is_person_unknown.get() {
            return Some("No person has exactly this name. Choose one from the list, or type the id.");
        }
        let has_person = self.person.with(|person| !person.trim().is_empty());
        if self.needs_person() && !has_person {
            return Some("Choose the person whose data it is.");
        }
        let today = self.today();
        self.start
            .with(|start| self.end.with(|end| period_obstacle(start, end, &today)))
    }

    pub fn set_zone(self, zone: String) {
        saved_options::save_zone(&zone);
        self.zone.set(zone);
    }

    /// Returns the date in the zone of the file.
    pub fn today(self) -> String {
        today_in(zone_or_utc(&self.zone.get()))
    }

    pub fn export(self, destination: Destination) {
        if untrack(|| self.obstacle()).is_some() {
            return;
        }
        self.exporter.start(untrack(|| self.request(destination)));
    }

    pub fn is_of_workspace(self) -> bool {
        self.workspace.with_value(Option::is_some)
    }

    /// Returns why the background takes no export now.
    pub fn background_obstacle(self) -> Option<String> {
        self.obstacle()
            .or_else(|| self.background.obstacle(self.is_of_workspace()))
    }

    /// Has the server make the file and store it.
    pub fn run_in_background(self) {
        if untrack(|| self.background_obstacle()).is_some() {
            return;
        }
        self.background
            .deliver(self.background_request(), self.delivery, || {});
    }

    /// Asks when the server is to make this export.
    pub fn schedule(self) {
        if untrack(|| self.obstacle()).is_some() {
            return;
        }
        let zone = self.zone.get_untracked();
        let delivery = self.delivery.draft.get_untracked();
        self.schedule_form
            .ask_for(self.background_request(), zone, delivery);
    }

    /// Returns whether the visitor's role allows that the file leaves the workspace of its rows.
    pub fn may_deliver(self) -> bool {
        let workspace = self.workspace.get_value();
        self.workspaces.may_deliver(workspace.as_deref())
    }

    /// Takes over what the page has of a template: format, compression, days, person and zone.
    pub fn apply_template(self, template: &ExportTemplate) {
        if let Some(options) = template_choice::options(template) {
            self.format.set(options.format);
            self.compression.set(options.compression);
        }
        let filters = template_choice::filters(template);
        let of_filter = |name: &str| filters.get(name).cloned();
        self.show(BundleChoice {
            person: of_filter("userId"),
            start: of_filter("start"),
            end: of_filter("end"),
            zone: template.parameters.zone.clone(),
            ..untrack(|| self.choice())
        });
    }

    /// Returns the request for the file that the page describes.
    pub fn background_request(self) -> BackgroundRequest {
        let (choice, options) = untrack(|| (self.choice(), self.options()));
        self.bundle
            .with_value(|bundle| background_request::of_bundle(&bundle.name, &choice, &options))
    }

    fn options(self) -> Options {
        let zone = zone_or_utc(&self.zone.get());
        Options {
            language: self.language.get(),
            ..bundle_pages::options(self.format.get(), self.compression.get(), zone)
        }
    }

    fn request(self, destination: Destination) -> ExportRequest {
        let options = self.options();
        let query = self.choice().query();
        self.bundle.with_value(|bundle| {
            let titles = bundle.parts.iter().map(|part| part.title.clone()).collect();
            let contents = bundle.contents.clone();
            ExportRequest {
                rows_expected: None,
                start: Start {
                    url: client::bundle_rows_url(&bundle.name, &query),
                    body: None,
                    kept: None,
                    file_name: self.file_name(bundle, &options),
                    options,
                    destination,
                },
                rows_key: format!("bundle:{}?{query}", bundle.name),
                bundle: contents.map(|contents| BundleParts { contents, titles }),
            }
        })
    }

    fn file_name(self, bundle: &Bundle, options: &Options) -> String {
        let now = browser::now_seconds();
        let Some(pattern) = &bundle.file_name else {
            return file_name::file_name(&bundle.name, options, now);
        };
        let own = self.visitor.with_value(|visitor| {
            let id = visitor.as_ref().and_then(|visitor| visitor.user_id);
            id.map(|id| id.to_string()).unwrap_or_default()
        });
        let person = self.choice().person.unwrap_or(own);
        let workspace = self.workspace.get_value().unwrap_or_default();
        let slug = self.workspaces.slug(&workspace);
        let filled = file_name::fill(pattern, |name| match name {
            "subject" => Some(person.clone()),
            "scope" => Some(workspace.clone()),
            "workspace" => Some(slug.clone().unwrap_or_else(|| workspace.clone())),
            _ => None,
        });
        file_name::from_pattern(&filled, options, now)
    }
}

/// Returns the first day: the chosen one, or that of the bundle's own period if no day is chosen.
fn start_of(bundle: &Bundle, choice: &BundleChoice, zone: &str) -> String {
    match (&choice.start, &choice.end) {
        (None, None) => bundle_pages::usual_start(bundle, &today_in(zone_or_utc(zone))),
        (start, _) => start.clone().unwrap_or_default(),
    }
}

/// Returns the chosen language, or the visitor's if the bundle does not have it.
fn language_of(bundle: &Bundle, chosen: Option<String>) -> Option<String> {
    let chosen = chosen.filter(|language| bundle.languages.contains(language));
    chosen
        .or_else(|| bundle_pages::usual_language(&bundle.languages, &browser::language()).map(str::to_owned))
}
