//! The recipients of a file, as a request names them.

use api::deliveries::DeliveryRequest;
use api::exports::ExportRequest;
use api::schedules::ScheduleRequest;
use api::workspace_exports::WorkspaceExportRequest;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::exports::deliveries::destinations::Destinations;
use crate::exports::new_export::NewExport;
use crate::exports::order::PermittedExport;
use crate::permissions::{Permissions, Right};

/// The members of a request that name recipients.
#[derive(Clone, Debug)]
pub struct Wanted {
    delivery: Option<DeliveryRequest>,
    notify: Option<bool>,
}

impl Wanted {
    #[must_use]
    pub fn new(request: &ExportRequest) -> Self {
        Self {
            delivery: request.delivery.clone(),
            notify: request.notify,
        }
    }

    #[must_use]
    pub fn of_schedule(request: &ScheduleRequest) -> Self {
        Self {
            delivery: request.delivery.clone(),
            notify: request.notify,
        }
    }

    #[must_use]
    pub fn of_workspace(request: &WorkspaceExportRequest) -> Self {
        Self {
            delivery: request.delivery.clone(),
            notify: None,
        }
    }

    /// Returns an export with its recipients, to whom the caller may have files sent.
    ///
    /// # Errors
    /// [`ApiError::Permission`] where permissions refuse deliveries; [`ApiError::Access`] for a role in a workspace that is too low;
    /// [`ApiError::Export`] for a recipient that is not allowed; [`ApiError::Parameter`].
    pub fn add_to(
        self,
        permitted: PermittedExport,
        app: &App,
        caller: &Caller,
        permissions: &Permissions,
    ) -> Result<PermittedExport, ApiError> {
        let Self { delivery, notify } = self;
        let (export, options) = (permitted.export, &app.settings.deliveries);
        let delivery = Destinations::check(delivery.as_ref(), notify, &export.scope, caller, options)?;
        if delivery.is_some() {
            permissions.check(Right::Deliver, &permitted.target)?;
        }
        Ok(PermittedExport {
            export: NewExport { delivery, ..export },
            ..permitted
        })
    }
}
