//! A permission that is to be recorded.

use api::export_permissions::{ANY, ExportPermissionRequest, PermissionRole};
use api::exports::ExportType;
use jiff::Timestamp;
use serde::Serialize;
use wasm_export::options::Format;

use crate::auth::Subject;
use crate::datasets::Catalog;
use crate::parameter::ParameterError;

/// The greatest number of rows that a permission may name, as of PostgreSQL's `bigint`.
const ROWS_MAX: u64 = i64::MAX.unsigned_abs();

/// Values of a permission. The members are columns of `decant.export_permissions`.
#[derive(Clone, Debug, Serialize)]
pub struct NewPermission {
    subject: Option<String>,
    role: Option<PermissionRole>,
    export_type: String,
    dataset: String,
    format: String,
    can_create: Option<bool>,
    can_download: Option<bool>,
    can_view_logs: Option<bool>,
    can_manage: Option<bool>,
    can_schedule: Option<bool>,
    can_deliver: Option<bool>,
    rows_max: Option<u64>,
    expires_at: Option<Timestamp>,
}

impl NewPermission {
    /// Checks the values of a request.
    ///
    /// # Errors
    /// [`ParameterError`] that names the member.
    pub fn new(request: ExportPermissionRequest, catalog: &Catalog) -> Result<Self, ParameterError> {
        let wrong = |field: &str, problem: &str| Err(ParameterError::invalid(field, problem));
        match (&request.subject, request.role) {
            (None, None) => return wrong("subject", "is missing: name a person, or a `role`"),
            (Some(_), Some(_)) => {
                return wrong(
                    "role",
                    "contradicts `subject`: a permission is for a person or for a role",
                );
            }
            (Some(subject), None) => check_subject(subject)?,
            (None, Some(_)) => {}
        }
        let is_any = |word: &str| word == ANY;
        if !is_any(&request.export_type) && ExportType::from_word(&request.export_type).is_none() {
            let words = ExportType::ALL.map(ExportType::word).join(", ");
            return wrong("exportType", &format!("must be `*` or one of {words}"));
        }
        let dataset = request.dataset.as_str();
        if !is_any(dataset) && catalog.get(dataset).is_none() && catalog.bundle(dataset).is_none() {
            return wrong("dataset", "must be `*` or the name of a dataset or a bundle");
        }
        if !is_any(&request.format) && request.format.parse::<Format>().is_err() {
            let words = Format::WORDS.join(", ");
            return wrong("format", &format!("must be `*` or one of {words}"));
        }
        if request.rows_max.is_some_and(|rows| rows > ROWS_MAX) {
            return wrong("rowsMax", "is too great");
        }
        if request.expires_at.is_some_and(|time| time <= Timestamp::now()) {
            return wrong("expiresAt", "is over: give a time in the future, or null");
        }
        let new = Self {
            subject: request.subject,
            role: request.role,
            export_type: request.export_type,
            dataset: request.dataset,
            format: request.format,
            can_create: request.can_create,
            can_download: request.can_download,
            can_view_logs: request.can_view_logs,
            can_manage: request.can_manage,
            can_schedule: request.can_schedule,
            can_deliver: request.can_deliver,
            rows_max: request.rows_max,
            expires_at: request.expires_at,
        };
        match new.decides() {
            true => Ok(new),
            false => wrong(
                "canCreate",
                "and all other members are null, so the permission decides nothing",
            ),
        }
    }

    fn decides(&self) -> bool {
        let flags = [
            self.can_create,
            self.can_download,
            self.can_view_logs,
            self.can_manage,
            self.can_schedule,
            self.can_deliver,
        ];
        self.rows_max.is_some() || flags.iter().any(Option::is_some)
    }
}

/// Checks that a text names a person, as records write it.
fn check_subject(text: &str) -> Result<(), ParameterError> {
    let problem = match Subject::from_record(text) {
        Some(Subject::Operator) => "is the user of the command line, whom no permission limits",
        Some(subject) if subject.to_string() == text && !text.contains('\0') => return Ok(()),
        Some(_) | None => "must be `hub:` with the id of a user, `jwt:` with a subject, or `token:admin`",
    };
    Err(ParameterError::invalid("subject", problem))
}
