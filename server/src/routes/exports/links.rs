//! Links to the file of an export: made, listed, withdrawn and used.

use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use api::export_files::{ExportLink, MadeLink, MadeLinks};
use jiff::Timestamp;
use uuid::Uuid;

use super::access::{Seen, find, find_to_change, see};
use super::delivery::Delivery;
use crate::app::App;
use crate::audit::Action;
use crate::auth::{Caller, RecordedCaller, Subject};
use crate::error::ApiError;
use crate::exports::file_options::StorageLinks;
use crate::exports::link_address::link_address;
use crate::exports::links::{Link, LinkMaker, LinkRefusal};
use crate::exports::record::ExportRecord;
use crate::parameter::{ParameterError, check_given_once};
use crate::permissions::DownloadRight;
use crate::routes::extract::{Pairs, flag, request_parts};

/// How long a link is good, in seconds, unless the request says otherwise.
const LIFETIME: u64 = 15 * 60;
const LIFETIME_MIN: u64 = 60;
const LIFETIME_MAX: u64 = 7 * 24 * 60 * 60;

const EXPIRES_IN: &str = "expiresIn";
const ONCE: &str = "once";

/// The link that a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    lifetime: Duration,
    once: bool,
}

/// Makes a link to the file of an export.
pub async fn make(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
    Pairs(pairs): Pairs,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let seen = find(&app, &caller, &id).await?;
    let right = seen.right_to_download(&app).await?;
    let record = seen.record;
    let wanted = Wanted::parse(&pairs)?;
    if request.method() == Method::HEAD {
        record.stored_file()?;
        return Ok(HttpResponse::Ok().content_type("application/json").finish());
    }
    Ok(HttpResponse::Ok().json(make_link(&app, &request, &caller, (&record, right), wanted).await?))
}

/// Makes a link to the file of an export that the caller may download.
///
/// # Errors
/// [`NoFile`](crate::exports::file_access::NoFile); those of the state database and the storage.
pub async fn make_link(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    (record, right): (&ExportRecord, DownloadRight),
    wanted: Wanted,
) -> Result<ExportLink, ApiError> {
    let Wanted { lifetime, once } = wanted;
    let delivery = Delivery::new(app, record, right)?;
    let links = &app.stored_exports.links;
    let link = links.make(record, caller, lifetime, once).await?;
    address_of(app, request, delivery, link).await
}

/// Returns a link of the caller that is good for half of the usual time at least, or makes one. So a list that is asked for again and
/// again makes no new ones.
///
/// # Errors
/// As of [`make_link`].
pub async fn current_link(
    app: &App,
    request: &HttpRequest,
    caller: &Caller,
    (record, right): (&ExportRecord, DownloadRight),
) -> Result<ExportLink, ApiError> {
    let at_least = Duration::from_secs(LIFETIME / 2);
    let links = &app.stored_exports.links;
    match links
        .reusable(record.id, &LinkMaker::new(caller), at_least)
        .await?
    {
        Some(link) => address_of(app, request, Delivery::new(app, record, right)?, link).await,
        None => make_link(app, request, caller, (record, right), Wanted::default()).await,
    }
}

async fn address_of(
    app: &App,
    request: &HttpRequest,
    delivery: Delivery,
    link: Link,
) -> Result<ExportLink, ApiError> {
    let exports = &app.stored_exports;
    let Delivery {
        stored,
        file_name,
        media_type,
        ..
    } = delivery;
    let is_direct = exports.storage_links == StorageLinks::Direct && !link.once && !stored.is_encrypted;
    let direct = match is_direct {
        true => {
            let lifetime = Duration::try_from(link.expires_at.duration_since(Timestamp::now()));
            exports
                .files
                .direct_link(&stored.key, &file_name, media_type, lifetime.unwrap_or_default())
                .await?
        }
        false => None,
    };
    let url = direct
        .unwrap_or_else(|| link_address(&exports.signer, &link, &file_name, &own_address(app, request)));
    Ok(ExportLink {
        url,
        expires_at: link.expires_at,
        once: link.once,
    })
}

/// Lists the links that were made to the file of an export.
pub async fn list(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let Seen { record, .. } = find(&app, &caller, &id).await?;
    let links = app.stored_exports.links.of_export(record.id).await?;
    Ok(HttpResponse::Ok().json(MadeLinks {
        links: links.into_iter().map(made).collect(),
    }))
}

/// Withdraws a link. A link to the bucket itself stays good until its end.
pub async fn revoke(
    app: web::Data<App>,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, link) = path.into_inner();
    let record = find_to_change(&app, &caller, &id).await?;
    let link: Uuid = link.parse().map_err(|_| LinkRefusal::Bad)?;
    if !app.stored_exports.links.revoke(record.id, link).await? {
        return Err(LinkRefusal::Bad.into());
    }
    tracing::info!(
        action = Action::ExportLinkRevoked.name(),
        caller = caller.name,
        subject = %caller.subject,
        export = %record.id,
        workspace = record.workspace_id,
        link = %link
    );
    Ok(HttpResponse::NoContent().finish())
}

/// Sends the file of a link. Its address is the credential, so no other one is looked at and no cookie is set.
pub async fn follow(
    app: web::Data<App>,
    path: web::Path<(String, String)>,
    Pairs(pairs): Pairs,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let (id, _) = path.into_inner();
    let link = find_link(&app, &id, &pairs).await?;
    link.check()?;
    let record = app.exports.find(&link.export.to_string()).await?;
    let maker = present_maker(&app, &link).await?;
    let looking = async {
        let seen = see(&app, &maker, record).await?;
        let right = seen.right_to_download(&app).await?;
        Ok((seen.record, right))
    };
    let allowed = looking.await.map_err(|error: ApiError| match error.is_refusal() {
        true => LinkRefusal::MakerRefused.into(),
        false => error,
    });
    let (record, right) = allowed?;
    let delivery = Delivery {
        is_of_link: true,
        has_parts: !link.once,
        ..Delivery::new(&app, &record, right)?
    };
    let exports = &app.stored_exports;
    let mut answer = delivery
        .answer(&app, &request, async |part| {
            let download = exports.download(&record, &maker, part);
            if !link.once {
                return Ok(download.by_link(link.id, None));
            }
            match exports.links.take(link.id).await? {
                true => Ok(download.by_link(link.id, Some(exports.links.clone()))),
                false => Err(LinkRefusal::Used.into()),
            }
        })
        .await?;
    // The address must not leave with a click on something in the file.
    let no_referrer = HeaderValue::from_static("no-referrer");
    answer.headers_mut().insert(header::REFERRER_POLICY, no_referrer);
    Ok(answer)
}

async fn find_link(app: &App, id: &str, pairs: &[(String, String)]) -> Result<Link, ApiError> {
    let id: Uuid = id.parse().map_err(|_| LinkRefusal::Bad)?;
    let [(name, signature)] = pairs else {
        return Err(LinkRefusal::Bad.into());
    };
    if name != "s" || !app.stored_exports.signer.verifies(id, signature) {
        return Err(LinkRefusal::Bad.into());
    }
    // A link goes with its export.
    let link = app.stored_exports.links.find(id).await?;
    Ok(link.ok_or(LinkRefusal::Expired)?)
}

/// Returns who made a link, with the rights of now.
async fn present_maker(app: &App, link: &Link) -> Result<Caller, ApiError> {
    let maker = &link.maker;
    let recorded = Subject::from_record(&maker.subject).and_then(|subject| {
        Some(RecordedCaller {
            subject,
            name: maker.name.clone(),
            role: maker.role,
            credential: maker.credential.parse().ok()?,
            at: link.created_at,
        })
    });
    let present = match &recorded {
        Some(recorded) => app.authenticator.present_caller(recorded).await?,
        None => None,
    };
    Ok(present.ok_or(LinkRefusal::MakerRefused)?)
}

/// Returns scheme, host and path of this server as the client sees them; nothing for a client that names no host.
fn own_address(app: &App, request: &HttpRequest) -> String {
    let parts = request_parts(request);
    let Some(host) = parts.own_host(app.settings.auth.trust_proxy) else {
        return String::new();
    };
    let scheme = if parts.is_over_tls() { "https" } else { "http" };
    let base_path = app.settings.base_path.as_ref().map(ToString::to_string);
    format!("{scheme}://{host}{}", base_path.unwrap_or_default())
}

fn made(link: Link) -> MadeLink {
    MadeLink {
        id: link.id.to_string(),
        made_by: link.maker.subject,
        created_at: link.created_at,
        expires_at: link.expires_at,
        once: link.once,
        used_at: link.used_at,
        revoked_at: link.revoked_at,
    }
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_secs(LIFETIME),
            once: false,
        }
    }
}

impl Wanted {
    fn parse(pairs: &[(String, String)]) -> Result<Self, ParameterError> {
        check_given_once(pairs)?;
        let (mut lifetime, mut once) = (LIFETIME, false);
        for (name, value) in pairs {
            match name.as_str() {
                EXPIRES_IN => {
                    let seconds = value.trim().parse().ok();
                    let allowed = seconds.filter(|seconds| (LIFETIME_MIN..=LIFETIME_MAX).contains(seconds));
                    lifetime = allowed.ok_or_else(|| {
                        let problem = format!("must be seconds from {LIFETIME_MIN} to {LIFETIME_MAX}");
                        ParameterError::invalid(EXPIRES_IN, problem)
                    })?;
                }
                ONCE => once = flag(ONCE, value.trim())?,
                _ => {
                    return Err(ParameterError::Unknown {
                        field: name.clone(),
                        known: format!("{EXPIRES_IN}, {ONCE}"),
                    });
                }
            }
        }
        Ok(Self {
            lifetime: Duration::from_secs(lifetime),
            once,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(pairs: &[(&str, &str)]) -> Result<Wanted, ParameterError> {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Wanted::parse(&pairs)
    }

    #[test]
    fn a_link_is_good_for_a_minute_to_a_week() {
        for (pairs, seconds, once) in [
            (&[][..], 900, false),
            (&[("expiresIn", "60"), ("once", "true")], 60, true),
            (&[("expiresIn", "604800")], 604_800, false),
        ] {
            let expected = Wanted {
                lifetime: Duration::from_secs(seconds),
                once,
            };
            assert_eq!(wanted(pairs), Ok(expected));
        }
        for pairs in [
            &[("expiresIn", "59")][..],
            &[("expiresIn", "604801")],
            &[("expiresIn", "soon")],
            &[("once", "1")],
            &[("once", "true"), ("once", "true")],
            &[("twice", "true")],
        ] {
            assert!(wanted(pairs).is_err(), "{pairs:?}");
        }
    }
}
