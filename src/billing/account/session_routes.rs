//! `POST /billing/portal-session`

use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::store::{self, CustomerIdRow};
use crate::app::Op;
use crate::audit::Entry;
use crate::auth::permission::{Access, Administer};
use crate::billing::mirror::snapshot::text;
use crate::body;
use crate::clients::stripe::{Failure, FailureKind, Form, Stripe};
use crate::config::LogLevel;
use crate::error::{Error, Kind, Result};
use crate::http::body::{Read, Text};
use crate::http::extract::{Json, Query};
use crate::ids::{OrgId, new_id};
use crate::origin::Origin;

/// Longest address that Stripe may send a person back to, in characters.
const LONGEST_URL: usize = 2_000;

body! {
    /// Where a person comes back to from Stripe's billing portal.
    pub struct PortalSessionIn {
        /// A page of the portal.
        return_url as "returnUrl": Option<Text<0, { LONGEST_URL }>>,
        /// The org, where neither the query nor the address names it.
        org_id as "orgId": Option<Text<0, 100>>,
    }
}

/// Where to send the person.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(utoipa::ToSchema))]
pub struct PortalSessionOut {
    /// Stripe's page; it works once and for some minutes.
    url: String,
}

/// `POST /billing/portal-session`: opens Stripe's billing portal for the org, for admins and owners.
///
/// The org is that of `?orgId=`, else `orgId` of the body, else `orgId` of `returnUrl`, else the caller's own.
#[cfg_attr(not(target_arch = "wasm32"), utoipa::path(post, path = "/billing/portal-session", tag = "Billing",
    params(("orgId" = Option<String>, Query)), request_body = PortalSessionIn,
    responses((status = 201, body = PortalSessionOut), crate::openapi::WriteErrors), security(("clerk" = []))))]
pub async fn create_portal_session(
    access: Access<Administer>,
    query: Query,
    Read(body): Read<PortalSessionIn>,
) -> Result<(StatusCode, Json<PortalSessionOut>)> {
    let return_url = body.return_url.as_ref().map(Text::as_str).filter(|url| !url.is_empty());
    let access = match org_named(&query, body.org_id.as_ref().map(Text::as_str), return_url) {
        Some(org) => access.of_body_org(org),
        None => access,
    }
    .while_read_only();
    let statement = store::customer_id(access.scope());
    let (grant, [customer]) = access.grant([statement]).await?;
    let op = grant.op();
    let stripe = Stripe::of(op).ok_or_else(not_configured)?;
    let return_url = return_url.ok_or_else(|| {
        Error::bad_request("return_url_required", "returnUrl is required")
            .hint("Send {\"returnUrl\": \"https://…\"}, a page of the portal.")
    })?;
    judge_page(op, return_url)?;
    let customer: CustomerIdRow = customer.first()?.ok_or_else(no_customer)?;

    let now = op.now();
    let id = new_id(now)?;
    let form = Form::default()
        .with("customer", &customer.stripe_customer_id)
        .with("return_url", return_url);
    let session = stripe
        .post("/v1/billing_portal/sessions", &form, &format!("portal-session-{id}"))
        .await
        .map_err(|failure| refused_by_stripe(op, &failure))?;
    let (session_id, url) = (text(&session, "id"), text(&session, "url"));
    let (Some(session_id), Some(url)) = (session_id, url) else {
        return Err(odd_answer());
    };
    let caller = grant.actor.caller.user.id.clone();
    let entry = Entry {
        event: "billing.portal_opened",
        target_type: "billing_customer",
        target_id: &customer.id,
        metadata: json!({}),
    };
    grant
        .write(vec![
            store::portal_session_insert(
                &grant,
                [
                    id.as_str().into(),
                    customer.id.as_str().into(),
                    session_id.into(),
                    return_url.into(),
                    caller.into(),
                    now.into(),
                ],
            ),
            grant.audit(&entry)?,
        ])
        .await?;
    Ok((StatusCode::CREATED, Json(PortalSessionOut { url: url.to_owned() })))
}

/// The org that the body names, or the page that a person comes back to; nothing where the query does. Whether the
/// caller is of that org is judged like any.
fn org_named(query: &Query, body: Option<&str>, return_url: Option<&str>) -> Option<OrgId> {
    if query.text("orgId").is_some() {
        return None;
    }
    let of_url = || {
        let (_, rest) = return_url?.split_once('?')?;
        let parameters = rest.split('#').next().unwrap_or_default();
        let mut parameters = form_urlencoded::parse(parameters.as_bytes());
        parameters.find(|(name, _)| name == "orgId").map(|(_, value)| value.into_owned())
    };
    let org = body.map(str::to_owned).or_else(of_url);
    org.filter(|org| !org.is_empty()).map(OrgId::from)
}

/// Whether Stripe may send people back there: to pages of the portal alone, so that nobody is led elsewhere from a page
/// that they trust.
fn judge_page(op: &Op, url: &str) -> Result<()> {
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
        .about("returnUrl")
        .hint("Send an address of the portal; ALLOWED_ORIGINS of this Worker lists where it lies."))
}

#[track_caller]
fn not_configured() -> Error {
    Error::new(Kind::Unavailable, "stripe_not_configured", "Stripe not configured")
        .hint("Set the STRIPE_SECRET_KEY secret of this Worker.")
}

#[track_caller]
fn no_customer() -> Error {
    Error::not_found(
        "billing_customer_not_found",
        "No billing customer found. Please set up a subscription first.",
    )
}

#[track_caller]
fn odd_answer() -> Error {
    Error::new(Kind::BadGateway, "stripe_failed", "Stripe gave no usable answer")
        .hint("Try again; if it persists, report the requestId.")
        .context("no id or url in Stripe's session")
}

/// What a caller is told of Stripe's failure: never its words, which name keys and accounts.
#[track_caller]
fn refused_by_stripe(op: &Op, failure: &Failure) -> Error {
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
