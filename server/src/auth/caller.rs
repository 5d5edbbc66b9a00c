//! Who calls, and what follows from it.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::Serialize;

use super::authenticate;
use crate::app::App;
use crate::error::ApiError;

/// Somebody who has proved who they are. A handler that takes a `Caller` cannot be reached without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Caller {
    /// The name for people.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Their number in the hub's `users` table, if they have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<i64>,
}

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Admin,
    /// What concerns their own rows.
    User,
}

/// The rows that a caller may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All rows.
    All,
    /// The rows of this user.
    Owner(i64),
}

impl Caller {
    /// An administrator who is no user of the hub.
    #[must_use]
    pub fn administrator(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            role: Role::Admin,
            user_id: None,
        }
    }

    /// Whoever runs the command line: they have the database's address, so they may see all of it.
    #[must_use]
    pub fn operator() -> Self {
        Self::administrator("Operator")
    }

    /// The rows that this caller may see.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match (self.role, self.user_id) {
            (Role::Admin, _) => Scope::All,
            (Role::User, Some(user)) => Scope::Owner(user),
            // A user without a number owns nothing: no user of the hub has a negative one.
            (Role::User, None) => Scope::Owner(-1),
        }
    }
}

/// A caller who is an administrator. A handler that takes one cannot be reached by anybody else.
#[derive(Clone, Debug)]
pub struct Administrator(pub Caller);

impl FromRequest for Administrator {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload);
        let app = request.app_data::<web::Data<App>>();
        let action = unauthorized(request.path());
        let is_401 = app.is_some_and(|app| app.settings.not_admin_is_401);
        Box::pin(async move {
            let caller = caller.await.inspect_err(|error| tracing::warn!(action, %error))?;
            match caller.role {
                Role::Admin => return Ok(Self(caller)),
                Role::User => tracing::warn!(action, caller = caller.name),
            }
            Err(match is_401 {
                true => ApiError::Unauthenticated,
                false => ApiError::AdministratorsOnly,
            })
        })
    }
}

/// What records call it when somebody is sent away from this path.
fn unauthorized(path: &str) -> &'static str {
    match path.strip_prefix("/api/admin/").unwrap_or_default() {
        "database/export" => "database_export_unauthorized",
        "database/import" => "database_import_unauthorized",
        path if path.starts_with("database/backups") => "database_backup_unauthorized",
        path if path.starts_with("log-cleanup") => "log_cleanup_unauthorized",
        _ => "administrator_unauthorized",
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().ok_or(ApiError::Internal)?;
            authenticate(app, &request).await
        })
    }
}
