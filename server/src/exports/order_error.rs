//! Why an order or its recipients are refused.

use super::error::ExportError;
use crate::datasets::bundle_request::RequestError;
use crate::datasets::query::AccessError;
use crate::parameter::ParameterError;
use crate::permissions::NotPermitted;

/// Why an order cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Permission(#[from] NotPermitted),
}

impl From<RequestError> for OrderError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Access(error) => error.into(),
            RequestError::Parameter(error) => error.into(),
        }
    }
}
