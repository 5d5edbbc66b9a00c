//! The secret that signs the requests to a webhook.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The secret of a webhook. It is written into the state database only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SigningSecret(pub(in crate::exports) String);

impl fmt::Debug for SigningSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningSecret")
    }
}
