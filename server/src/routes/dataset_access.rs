//! Opens a dataset or a bundle for a request: the caller's access is checked before any of its other parameters is read.

use std::sync::Arc;

use actix_web::web;
use api::datasets::RowsRequest;
use api::workspaces::{Workspace, WorkspaceRole};

use super::extract::read_json;
use crate::app::App;
use crate::audit::Action;
use crate::auth::{Caller, Membership};
use crate::datasets::bundle::{Bundle, BundleAccess};
use crate::datasets::definition::{Access, Usage};
use crate::datasets::query::AccessError;
use crate::datasets::words::{PairList, WORKSPACE, take_workspace};
use crate::datasets::workspaces::{MembershipKey, WorkspacesError};
use crate::datasets::{BundleParts, Catalog, Dataset};
use crate::error::ApiError;
use crate::json_input::VALUES_MAX;
use crate::parameter::ParameterError;
use crate::source::Source;

/// The greatest number of characters of a workspace's id in a record.
const RECORDED_MAX: usize = 100;

/// A dataset that the caller may use.
pub struct Opened {
    pub dataset: Arc<Dataset>,
    /// The number of the catalog that has it.
    pub revision: u64,
    /// Within the workspace of the request, if the rows belong to workspaces.
    pub caller: Caller,
    /// The parameters of the request without the workspace.
    pub pairs: PairList,
}

/// A bundle that the caller may use.
pub struct OpenedBundle {
    pub bundle: BundleParts,
    /// Within the workspace of the request, if the bundle is of workspaces.
    pub caller: Caller,
    /// The parameters of the request without the workspace.
    pub pairs: PairList,
}

/// Opens the dataset of a request whose parameters are all in the address.
///
/// # Errors
/// [`ApiError::UnknownDataset`], [`ApiError::Access`], [`ApiError::DatasetUnavailable`]; [`ApiError::Parameter`] without a
/// workspace where one is needed.
pub async fn open(
    app: &App,
    caller: Caller,
    name: &str,
    pairs: PairList,
    usage: Usage,
) -> Result<Opened, ApiError> {
    let catalog = app.catalog.get();
    let dataset = declared(&catalog, name)?;
    let (workspace, pairs) = match dataset.definition.access {
        Access::Workspace => take_workspace(pairs)?,
        Access::Admin | Access::Owner => (None, pairs),
    };
    let caller = authorize(app, &catalog, dataset, caller, workspace.as_deref(), usage).await?;
    Ok(Opened {
        dataset: Arc::clone(dataset),
        revision: catalog.revision(),
        caller,
        pairs,
    })
}

/// Opens the dataset of a request whose selection is its body, and reads the body.
///
/// The body is read when the caller may see the dataset, so that nobody else can send megabytes. The exception is a dataset of
/// workspaces where only the body names one.
///
/// # Errors
/// Those of [`open`], and [`ApiError::Share`], [`ApiError::Body`], [`ApiError::Json`], [`ApiError::RequestStalled`].
pub async fn open_with_body(
    app: &App,
    caller: Caller,
    name: &str,
    pairs: PairList,
    body: web::Payload,
    bytes_max: usize,
) -> Result<(Opened, RowsRequest), ApiError> {
    let catalog = app.catalog.get();
    let dataset = declared(&catalog, name)?;
    let subject = caller.subject.clone();
    let read = async {
        // A body takes memory until it is parsed.
        let _share = app.query_shares.take(&subject).await?;
        read_json::<RowsRequest>(body.into_inner(), bytes_max, VALUES_MAX).await
    };
    let of_address = match dataset.definition.access {
        Access::Workspace => take_workspace(pairs)?.0,
        Access::Admin | Access::Owner => None,
    };
    let is_of_body = dataset.definition.access == Access::Workspace && of_address.is_none();
    let authorized = |workspace| authorize(app, &catalog, dataset, caller, workspace, Usage::Export);
    let (caller, mut body) = if is_of_body {
        let body = read.await?;
        (authorized(body.workspace.as_deref()).await?, body)
    } else {
        (authorized(of_address.as_deref()).await?, read.await?)
    };
    if dataset.definition.access == Access::Workspace
        && let Some(of_body) = body.workspace.take().filter(|id| !id.trim().is_empty())
        && catalog.workspaces().normalized(&caller, &of_body).as_deref() != caller.workspace()
    {
        let name = &dataset.definition.name;
        return Err(deny(&caller, name, &of_body, AccessError::NotAMember));
    }
    let opened = Opened {
        dataset: Arc::clone(dataset),
        revision: catalog.revision(),
        caller,
        pairs: Vec::new(),
    };
    Ok((opened, body))
}

/// Returns the connections to the database that has the rows of a dataset.
///
/// # Errors
/// [`ApiError::Export`], if that is the state database and it does not answer.
pub async fn source_of<'a>(app: &'a App, dataset: &Dataset) -> Result<&'a Source, ApiError> {
    Ok(dataset.source(&app.source, &app.state).await?)
}

/// Returns the dataset with this name, if its application is in the database.
///
/// # Errors
/// [`ApiError::UnknownDataset`].
pub fn declared<'a>(catalog: &'a Catalog, name: &str) -> Result<&'a Arc<Dataset>, ApiError> {
    let dataset = catalog.get(name).filter(|dataset| dataset.is_here());
    dataset.ok_or_else(|| ApiError::UnknownDataset(name.to_owned()))
}

/// Opens a bundle. `workspace` is the one in the path of the address, which no parameter may then name.
///
/// # Errors
/// [`ApiError::UnknownBundle`], [`ApiError::Access`], [`ApiError::BundleUnavailable`]; [`ApiError::Parameter`] without a
/// workspace where one is needed.
pub async fn open_bundle(
    app: &App,
    caller: Caller,
    name: &str,
    pairs: PairList,
    workspace: Option<&str>,
) -> Result<OpenedBundle, ApiError> {
    let catalog = app.catalog.get();
    let unknown = || ApiError::UnknownBundle(name.to_owned());
    let bundle = catalog.bundle(name).ok_or_else(unknown)?;
    if bundle.definition.access != BundleAccess::Workspace {
        bundle.check_access(&caller)?;
        let bundle = usable_parts(&catalog, bundle, &caller)?;
        return match workspace {
            None => Ok(OpenedBundle {
                bundle,
                caller,
                pairs,
            }),
            Some(_) => Err(unknown()),
        };
    }
    // Where the tables are missing, the look-up would find no membership; administrators get the reason.
    if caller.is_administrator() {
        usable_parts(&catalog, bundle, &caller)?;
    }
    let of_path = workspace;
    let (of_query, pairs) = match of_path {
        None => take_workspace(pairs)?,
        Some(_) => (None, pairs),
    };
    let (caller, workspace) = enter(app, &catalog, name, caller, of_path.or(of_query.as_deref())).await?;
    bundle
        .check_access(&caller)
        .map_err(|error| deny(&caller, name, workspace, error))?;
    if of_path.is_some() && pairs.iter().any(|(name, _)| name == WORKSPACE) {
        return Err(ParameterError::given_twice(WORKSPACE).into());
    }
    let bundle = usable_parts(&catalog, bundle, &caller)?;
    Ok(OpenedBundle {
        bundle,
        caller,
        pairs,
    })
}

/// Returns the bundle with the parts that this database has.
fn usable_parts(catalog: &Catalog, bundle: &Arc<Bundle>, caller: &Caller) -> Result<BundleParts, ApiError> {
    BundleParts::find(catalog, bundle).map_err(|unavailable| {
        let error = ApiError::BundleUnavailable {
            name: bundle.definition.name.clone(),
            reason: unavailable.reason,
        };
        error.for_caller(caller)
    })
}

/// Returns the short name of the caller's workspace, if the names of the bundle's files have it.
///
/// # Errors
/// As of [`workspaces_of`].
pub async fn slug_for(app: &App, caller: &Caller, bundle: &BundleParts) -> Result<Option<String>, ApiError> {
    if !bundle.bundle.definition.has_workspace_in_names() {
        return Ok(None);
    }
    let catalog = app.catalog.get();
    let _share = app.lookup_shares.take(&caller.subject).await?;
    let mut connection = app.source.for_query().await?;
    let slug = catalog.workspaces().slug(&mut connection, caller).await;
    slug.map_err(|error| cannot_look_up(error).for_caller(caller))
}

/// Returns the caller's greatest role in any workspace. Administrators need none, and a failed look-up gives none.
pub async fn greatest_role(app: &App, caller: &Caller, catalog: &Catalog) -> Option<WorkspaceRole> {
    let is_of_workspaces = |dataset: &Dataset| dataset.definition.access == Access::Workspace;
    if caller.is_administrator() || !catalog.iter().any(is_of_workspaces) {
        return None;
    }
    match workspaces_of(app, caller).await {
        Ok(workspaces) => workspaces.into_iter().map(|workspace| workspace.role).max(),
        Err(error) => {
            tracing::warn!(%error, "the datasets of workspaces are not listed");
            None
        }
    }
}

/// Returns the workspaces of the caller; of an administrator, all of them.
///
/// # Errors
/// [`ApiError::Share`], [`ApiError::Source`]; [`ApiError::DatasetUnavailable`] if the owners of the tables have changed.
pub async fn workspaces_of(app: &App, caller: &Caller) -> Result<Vec<Workspace>, ApiError> {
    let catalog = app.catalog.get();
    if catalog.workspaces().unavailable.is_some() {
        return Ok(Vec::new());
    }
    let _share = app.lookup_shares.take(&caller.subject).await?;
    let mut connection = app.source.for_query().await?;
    let workspaces = catalog.workspaces().of_caller(&mut connection, caller).await;
    workspaces.map_err(|error| cannot_look_up(error).for_caller(caller))
}

/// Returns the caller within a workspace. `name` is the dataset or the bundle whose rows are meant, for records.
///
/// # Errors
/// [`ApiError::Access`] if they are no member; [`ApiError::Share`], [`ApiError::Source`], [`ApiError::DatasetUnavailable`].
pub async fn within(app: &App, caller: Caller, name: &str, workspace: &str) -> Result<Caller, ApiError> {
    let catalog = app.catalog.get();
    Ok(enter(app, &catalog, name, caller, Some(workspace)).await?.0)
}

/// As [`within`], and the database is asked, also where the membership was looked up a short time ago.
///
/// # Errors
/// As of [`within`].
pub async fn within_now(app: &App, caller: Caller, name: &str, workspace: &str) -> Result<Caller, ApiError> {
    let catalog = app.catalog.get();
    let membership = look_up(app, &catalog, name, &caller, workspace).await?;
    Ok(caller.within(membership))
}

/// Returns the caller, within the workspace of the request if the rows belong to workspaces.
///
/// # Errors
/// Those of [`open`].
async fn authorize(
    app: &App,
    catalog: &Catalog,
    dataset: &Dataset,
    caller: Caller,
    workspace: Option<&str>,
    usage: Usage,
) -> Result<Caller, ApiError> {
    if dataset.definition.access != Access::Workspace {
        dataset.check_access(&caller, usage)?;
        check_available(dataset, &caller)?;
        return Ok(caller);
    }
    // Where the tables are missing, the look-up would find no membership; administrators get the reason.
    if caller.is_administrator() {
        check_available(dataset, &caller)?;
    }
    if workspace.is_none_or(|workspace| workspace.trim().is_empty())
        && !dataset.definition.needs_workspace(&caller)
    {
        return Ok(caller);
    }
    let name = &dataset.definition.name;
    let (caller, workspace) = enter(app, catalog, name, caller, workspace).await?;
    dataset
        .check_access(&caller, usage)
        .map_err(|error| deny(&caller, name, workspace, error))?;
    check_available(dataset, &caller)?;
    Ok(caller)
}

/// Returns the caller within a workspace, and its id as they gave it. `name` is the dataset or the bundle, for records.
async fn enter<'a>(
    app: &App,
    catalog: &Catalog,
    name: &str,
    caller: Caller,
    workspace: Option<&'a str>,
) -> Result<(Caller, &'a str), ApiError> {
    let Some(workspace) = workspace.filter(|workspace| !workspace.trim().is_empty()) else {
        let problem = "is missing: the rows belong to workspaces, so name one; /api/workspaces lists yours";
        return Err(ParameterError::invalid(WORKSPACE, problem).into());
    };
    let membership = match app.memberships.get(&key(app, catalog, &caller, workspace)) {
        Some(membership) => membership,
        None => look_up(app, catalog, name, &caller, workspace).await?,
    };
    Ok((caller.within(membership), workspace))
}

/// Asks the database for a membership, and keeps the answer for some time.
async fn look_up(
    app: &App,
    catalog: &Catalog,
    name: &str,
    caller: &Caller,
    workspace: &str,
) -> Result<Membership, ApiError> {
    let _share = app.lookup_shares.take(&caller.subject).await?;
    let mut connection = app.source.for_query().await?;
    let asked = catalog
        .workspaces()
        .membership(&mut connection, caller, workspace)
        .await;
    let found = asked.map_err(|error| cannot_look_up(error).for_caller(caller))?;
    let membership = found.ok_or_else(|| deny(caller, name, workspace, AccessError::NotAMember))?;
    app.memberships
        .insert(key(app, catalog, caller, workspace), membership.clone());
    Ok(membership)
}

fn key(app: &App, catalog: &Catalog, caller: &Caller, workspace: &str) -> MembershipKey {
    MembershipKey {
        subject: caller.subject.clone(),
        role: caller.role,
        workspace: workspace.to_owned(),
        generation: app.database.restorer.generation(),
        revision: catalog.revision(),
    }
}

fn cannot_look_up(error: WorkspacesError) -> ApiError {
    match error {
        WorkspacesError::Database(error) => error.into(),
        WorkspacesError::Tables(error) => ApiError::DatasetUnavailable {
            name: "workspaces".to_owned(),
            reason: error.to_string(),
        },
    }
}

/// Records that a caller may not enter a workspace, and returns the error. The answer does not name the workspace.
fn deny(caller: &Caller, name: &str, workspace: &str, error: AccessError) -> ApiError {
    let workspace: String = workspace.chars().take(RECORDED_MAX).collect();
    tracing::warn!(
        action = Action::WorkspaceAccessDenied.name(),
        caller = caller.name,
        subject = %caller.subject,
        credential = caller.credential.name(),
        dataset = name,
        workspace,
        reason = %error
    );
    error.into()
}

fn check_available(dataset: &Dataset, caller: &Caller) -> Result<(), ApiError> {
    match &dataset.unavailable {
        None => Ok(()),
        Some(unavailable) => {
            let unavailable = ApiError::DatasetUnavailable {
                name: dataset.definition.name.clone(),
                reason: unavailable.reason.clone(),
            };
            Err(unavailable.for_caller(caller))
        }
    }
}
