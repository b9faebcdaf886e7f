//! What the routes that lead to Stripe's pages share: whose they are, where these may lead back to, and what is
//! told of failures.

use serde_json::json;

use crate::app::Op;
use crate::auth::permission::{Access, Administer};
use crate::clients::stripe::{Failure, FailureKind};
use crate::config::LogLevel;
use crate::error::{Error, Kind, Result};
use crate::http::body::Text;
use crate::http::extract::Query;
use crate::ids::OrgId;
use crate::origin::Origin;

/// The access to the org that the body names, or the page that a person comes back to; as it is where the query names
/// one. Whether the caller is of that org is judged like any.
pub(super) fn of_org_named(
    access: Access<Administer>,
    query: &Query,
    body: Option<&Text<0, 100>>,
    return_url: Option<&str>,
) -> Access<Administer> {
    if query.text("orgId").is_some() {
        return access;
    }
    let of_url = || {
        let (_, rest) = return_url?.split_once('?')?;
        let parameters = rest.split('#').next().unwrap_or_default();
        let mut parameters = form_urlencoded::parse(parameters.as_bytes());
        parameters.find(|(name, _)| name == "orgId").map(|(_, value)| value.into_owned())
    };
    let org = body.map(|org| org.as_str().to_owned()).or_else(of_url);
    match org.filter(|org| !org.is_empty()) {
        Some(org) => access.of_body_org(OrgId::from(org)),
        None => access,
    }
}

/// Whether Stripe may send people back there: to pages of the portal alone, so that nobody is led elsewhere from a page
/// that they trust.
pub(super) fn judge_page(op: &Op, member: &'static str, url: &str) -> Result<()> {
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let origin = Origin::of_url(url);
    let config = &op.app.config;
    let is_ours = |origin: &Origin| {
        let portal = config.portal_url.as_deref().and_then(Origin::parse);
        config.cors_allow_all
            || config.allowed_origins.allows(origin)
            || portal.as_ref() == Some(origin)
    };
    if is_plain && origin.as_ref().is_some_and(is_ours) {
        return Ok(());
    }
    Err(Error::bad_request("url_not_allowed", "URL not allowed")
        .about(member)
        .hint("Send an address of the portal; ALLOWED_ORIGINS of this Worker lists where it lies."))
}

#[track_caller]
pub(super) fn not_configured() -> Error {
    Error::new(Kind::Unavailable, "stripe_not_configured", "Stripe not configured")
        .hint("Set the STRIPE_SECRET_KEY secret of this Worker.")
}

#[track_caller]
pub(super) fn odd_answer() -> Error {
    Error::new(Kind::BadGateway, "stripe_failed", "Stripe gave no usable answer")
        .hint("Try again; if it persists, report the requestId.")
        .context("no id or url in Stripe's session")
}

/// What a caller is told of Stripe's failure: never its words, which name keys and accounts.
#[track_caller]
pub(super) fn refused_by_stripe(op: &Op, failure: &Failure) -> Error {
    let fields = [("reason", json!(failure.reason))];
    op.app.log.event(LogLevel::Error, "stripe_failed", op.now(), &op.request, &fields);
    let error = match failure.kind {
        FailureKind::Down => {
            Error::new(Kind::BadGateway, "stripe_unavailable", "Stripe is not reachable")
                .hint("Nothing was changed. Try again in a minute.")
                .retry_after_s(60)
        }
        FailureKind::Refused
        | FailureKind::NotFound
        | FailureKind::Unfit
        | FailureKind::Duplicate => {
            Error::new(Kind::BadGateway, "stripe_refused", "Stripe refused the request")
                .hint("Nothing was changed. Report the requestId; the log has Stripe's reason.")
        }
    };
    error.context(failure.reason.clone())
}
